"""Read a current over time from a text file, and say exactly what is wrong where it is not one.

A file has one row per time: time and current, separated by comma, semicolon or tab. It may begin
with a header such as `time_s,current_pA` or `t [ms]; I [pA]`, whose units go before the caller's;
with a header it may have further columns. Lines that begin with # or % are comments (a header may
be one, as numpy's savetxt writes it). Decimal commas are understood where semicolons or tabs
separate. Nothing is repaired: a hole, a repeated time or a doubtful unit is an error with its line.
"""

from __future__ import annotations

import io
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore.datasets.csv_text import (
    COMMENT,
    LARGEST,
    NO_ROW,
    TIME_NAME,
    is_number,
    is_plain_number,
    is_row,
    line_of,
    plain,
    separator,
    shown,
    split_cells,
    to_text,
)
from snncore.stimuli.csv_header import CURRENT_UNITS, TIME_UNITS, Header, read_header

Array = NDArray[np.float64]

MAX_NA = 1000.0  # more than any neuron gets: a unit was taken for another
_LEAST_NA = 1e-4  # less than any neuron notices
_LEAST_MS = 1e-3  # distance of rows: no amplifier samples faster than once per microsecond


class Table(NamedTuple):
    """The numbers in our units, and the units that the file was in."""

    t: Array  # [K] ms, rising
    current: Array  # [K] nA
    time_unit: str
    current_unit: str


def read_csv(data: bytes, time_unit: str = "ms", current_unit: str = "nA") -> Table:
    """Time and current from the bytes of a text file.

    Args:
        data: the file.
        time_unit, current_unit: keys of `TIME_UNITS` and `CURRENT_UNITS`, for a file whose header
            names none.

    Raises:
        ValueError: too large, no text, no two columns of numbers; a hole, a word, an infinite
            number, a time that does not rise (each with its line); or numbers that only make
            sense in another unit.
    """
    _check_unit("time_unit", time_unit, TIME_UNITS)
    _check_unit("current_unit", current_unit, CURRENT_UNITS)
    lines = to_text(data, "time and current").split("\n")
    first, header_line = _begin(lines)
    mark = separator(lines[first])
    header = read_header(header_line, mark, split_cells(lines[first], mark))
    numbers = _numbers(lines, first, mark, header)
    _check_numbers(numbers, lines, first)
    units = (header.units[0] or time_unit, header.units[1] or current_unit)
    t = numbers[:, 0] * TIME_UNITS[units[0]]
    current = numbers[:, 1] * CURRENT_UNITS[units[1]]
    _check_scale(t, current, units, header.units)
    return Table(t, current, *units)


def _check_unit(name: str, unit: str, known: dict[str, float]) -> None:
    if unit not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, got {unit!r}")


def _begin(lines: list[str]) -> tuple[int, str]:
    """Index of the first row of numbers, and the header before it ("" if none)."""
    rows = [k for k in islice((k for k, line in enumerate(lines) if is_row(line)), 2)]
    if not rows:
        raise ValueError("the file has comments only; it must have rows of time and current")
    row = split_cells(lines[rows[0]], separator(lines[rows[0]]))
    if any(is_number(cell) for cell in row):
        above = [line for line in lines[: rows[0]] if line.strip()]
        comment = above[-1].strip("".join(COMMENT) + " ") if above else ""
        names = split_cells(comment, separator(comment))
        # numpy's savetxt writes the header as a comment.
        heads = len(names) == len(row) and any(TIME_NAME.match(name) for name in names)
        return rows[0], comment if heads else ""
    if len(rows) == 1:
        raise ValueError(
            f"line {rows[0] + 1} is {shown(lines[rows[0]])} and no row of numbers follows; "
            "the file must have rows of time and current"
        )
    return rows[1], lines[rows[0]]


def _numbers(lines: list[str], first: int, mark: str, header: Header) -> Array:
    """float64 [K, 2] of time and current; a row that has no two numbers is an error."""
    body = "\n".join(lines[first:])
    if body.count(mark) != lines[first].count(mark) * (len(lines) - first):
        _check_widths(lines, first, mark, header.width)
    body = NO_ROW.sub("", body.replace('"', ""))
    if mark != ",":
        body = body.replace(",", ".")
    try:
        return np.loadtxt(
            io.StringIO(body), delimiter=mark, comments="#", usecols=header.columns, ndmin=2
        )
    except ValueError as error:
        for index in range(first, len(lines)):
            if is_row(lines[index]):
                _check_row(split_cells(lines[index], mark), index + 1, mark, header)
        raise ValueError(f"the file cannot be read as numbers: {error}") from error


def _check_widths(lines: list[str], first: int, mark: str, width: int) -> None:
    """ValueError if a row is wider than the first: a comma more may be a decimal mark."""
    for index in range(first, len(lines)):
        if is_row(lines[index]) and len(split_cells(lines[index], mark)) > width:
            wider = len(split_cells(lines[index], mark))
            raise ValueError(
                f"line {index + 1}: the row must have {width} cells as the first one, got "
                f"{wider}; where commas are decimal marks, separate the "
                "columns by semicolons"
            )


def _check_row(cells: list[str], line: int, mark: str, header: Header) -> None:
    for name, column in zip(("time", "current"), header.columns, strict=True):
        cell = cells[column] if column < len(cells) else ""
        if not cell:
            raise ValueError(
                f"line {line}: the {name} is missing; fill it in, or delete the row (the value "
                "before it then holds on)"
            )
        if not is_plain_number(plain(cell, mark)):
            raise ValueError(f"line {line}: the {name} must be a number, got {shown(cell)}")


def _check_numbers(numbers: Array, lines: list[str], first: int) -> None:
    """Finite, at least two rows, and a time that rises."""

    def at(row: int) -> str:
        return f"line {line_of(lines, first, row)}"

    for column, name in enumerate(("time", "current")):
        bad = np.flatnonzero(~np.isfinite(numbers[:, column]))
        if bad.size:
            value = numbers[bad[0], column]
            cure = "fill it in, or delete the row" if np.isnan(value) else "correct it"
            got = "an empty value (NaN)" if np.isnan(value) else f"{value}"
            raise ValueError(f"{at(int(bad[0]))}: the {name} must be finite, got {got}; {cure}")
        large = np.flatnonzero(np.abs(numbers[:, column]) > LARGEST)
        if large.size:
            raise ValueError(
                f"{at(int(large[0]))}: the {name} must be within ±{LARGEST:g}, got "
                f"{numbers[large[0], column]:g}; correct it"
            )
    if len(numbers) < 2:
        raise ValueError("the file has one row of numbers; it must have at least two")
    steps = np.diff(numbers[:, 0])
    late = np.flatnonzero(~(steps > 0))
    if late.size:
        row = int(late[0]) + 1
        now, before = numbers[row, 0], numbers[row - 1, 0]
        if now == before:
            raise ValueError(f"{at(row)}: the time {now:g} occurs twice; keep one of the rows")
        raise ValueError(
            f"{at(row)}: the time must rise, got {now:g} after {before:g}; sort the rows by time"
        )


def _check_scale(t: Array, current: Array, units: tuple[str, str], named: tuple[str, str]) -> None:
    """Numbers that only make sense in another unit; small ones are believed if the file says so."""
    peak = float(np.abs(current).max())
    if not peak <= MAX_NA:
        raise ValueError(
            f"the current reaches {peak:.6g} nA when read in {units[1]}, more than any neuron "
            f"gets ({MAX_NA:g} nA); choose another unit, for example pA, or name it in the header "
            "(current_pA)"
        )
    if 0 < peak < _LEAST_NA and not named[1]:
        raise ValueError(
            f"the current never exceeds {peak:.3g} nA when read in {units[1]}, less than a neuron "
            "notices; choose another unit, for example A, or name it in the header (current_A)"
        )
    gap = float(np.median(np.diff(t)))
    if gap < _LEAST_MS and not named[0]:
        raise ValueError(
            f"the rows are {gap:.3g} ms apart when the time is read in {units[0]}; choose another "
            "unit, for example s, or name it in the header (time_s)"
        )
