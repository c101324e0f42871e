"""Read a signal from a text file: one value per row, or a time and a value.

Cells are separated by comma, semicolon, tab or space; a first line may name the columns, and then
there may be more than two: the first that is not the time is read, or the one that is asked for.
Decimal commas are understood where something else separates; two columns without headings are a
time and a value, and the note says so, for they may be decimal commas. A signal has a sample per
step, so a time must rise; where its steps differ by more than 1 %, the signal is read at as many
even times, in straight lines between the rows, and the note says so. Nothing is repaired: a hole
or a word is an error with its line.
"""

from __future__ import annotations

import io
import re
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore.datasets.csv_text import (
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
from snncore.datasets.uploads import check_upload

_SECONDS = {"s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6}
_COMMAS = "if its commas are decimal marks, write points instead"
_NOTHING = re.compile(r'^\s*""\s*$', re.MULTILINE)  # a hole, where the row has no other cell
_BLOCK = 10_000  # rows that are looked at together in search of a bad one
_NUMERIC = re.compile(r"[0-9eE+\-.,;\s]+")  # no word, no comment, no quotation mark
_UNEVEN = 0.01  # share by which steps of time may differ: rounding in the file


class Series(NamedTuple):
    """A signal from a file, in its own units."""

    values: NDArray[np.float32]  # [T]
    name: str  # heading of the column; "" without one
    columns: tuple[str, ...]  # all headings, () without
    rate_hz: float | None  # samples per second, where a time column names its unit
    note: str  # what was done on the way, in words; "" if nothing

    @property
    def minimum(self) -> float:
        """The value that becomes 0."""
        return float(self.values.min())

    @property
    def maximum(self) -> float:
        """The value that becomes 1."""
        return float(self.values.max())

    def unit_values(self, start: int = 0, n_samples: int | None = None) -> NDArray[np.float32]:
        """(v − minimum)/(maximum − minimum) of all samples or a piece: float32 in 0..1.

        The scale is that of the whole series; a constant one has none and becomes 0.5.

        Raises:
            ValueError: the piece is empty or goes beyond the end.
        """
        there = len(self.values)
        count = there - start if n_samples is None else n_samples
        if not (0 <= start < there and 1 <= count <= there - start):
            raise ValueError(
                f"the piece must lie within the {there:,} samples, got {count:,} from {start:,}"
            )
        piece = self.values[start : start + count].astype(np.float64)
        width = self.maximum - self.minimum
        if width == 0.0:
            return np.full(count, 0.5, np.float32)
        return np.clip((piece - self.minimum) / width, 0.0, 1.0).astype(np.float32)  # rounding

    def from_unit(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The inverse of `unit_values`: what was read back, in the units of the file."""
        width = self.maximum - self.minimum
        offset = self.minimum if width else self.minimum - 0.5
        return (offset + values.astype(np.float64) * (width or 1.0)).astype(np.float32)


def read_series(data: bytes, name: str = "", *, column: str = "", limit: bool = True) -> Series:
    """A signal from the bytes of a text file.

    Args:
        data: the file.
        name: what to call it if the file has no headings.
        column: heading of the column to read; by default the first that is not the time.
        limit: refuse what is too large for an upload (`uploads.check_upload`).

    Raises:
        ValueError: too large, no text, fewer than two rows of numbers, no such column; a hole, a
            word, an infinite number, or a time that does not rise, each with its line.
    """
    if limit:
        check_upload("csv", len(data))
    lines = to_text(data, "numbers").split("\n")
    first, heading = _begin(lines)
    mark = _separator(lines[first])
    width = len(_cells(lines[first], mark))
    names = _headings(heading, width)
    time, value = _columns(names, width, column)
    used = [value] if time is None else [time, value]
    labels = ["value"] if time is None else ["time", "value"]
    numbers = _numbers(lines, first, mark, used, labels, width)
    _check_numbers(numbers, lines, first, labels)
    values, rate = numbers[:, -1], None
    others = [shown(name) for k, name in enumerate(names) if k not in (time, value)]
    notes = [f"column {shown(names[value])} is read, not {', '.join(others)}"] if others else []
    if time is not None and not names:
        notes.append("two columns without headings: the first is read as time")
        notes += [_COMMAS] if mark == "," else []
    if time is not None:
        values, step, uneven = _even(numbers, lines, first)
        notes += [uneven] if uneven else []
        unit = re.split(r"[\s_/,\[(]+", names[time].strip(" ])"))[-1].lower() if names else ""
        rate = 1.0 / (step * _SECONDS[unit]) if unit in _SECONDS else None
    return Series(
        values.astype(np.float32),
        names[value] if names else name,
        tuple(names),
        rate,
        "; ".join(notes),
    )


def _separator(line: str) -> str:
    """As for every table; else spaces, if there are any between cells."""
    if any(mark in line for mark in ";\t,"):
        return separator(line)
    return " " if len(line.split()) > 1 else ","


def _cells(line: str, mark: str) -> list[str]:
    return line.split() if mark == " " else split_cells(line, mark)


def _begin(lines: list[str]) -> tuple[int, str]:
    """Index of the first row of numbers, and the line of headings before it ("" if none)."""
    rows = list(islice((k for k, line in enumerate(lines) if is_row(line)), 2))
    if not rows:
        raise ValueError("the file has comments only; it must have rows of numbers")
    if any(is_number(cell) for cell in _cells(lines[rows[0]], _separator(lines[rows[0]]))):
        return rows[0], ""
    if len(rows) == 1:
        raise ValueError(
            f"line {rows[0] + 1} is {shown(lines[rows[0]])} and no row of numbers follows; the "
            "file must have rows of numbers"
        )
    return rows[1], lines[rows[0]]


def _headings(heading: str, width: int) -> list[str]:
    if not heading:
        return []
    names = _cells(heading, _separator(heading))
    if len(names) != width and width == 1:  # spaces within the name of the only column
        return [heading.strip().strip('"')]
    if len(names) != width:
        raise ValueError(
            f"the header has {len(names)} columns and the row below it {width}; where commas are "
            "decimal marks, separate the columns by semicolons"
        )
    return names


def _columns(names: list[str], width: int, wanted: str) -> tuple[int | None, int]:
    """Places of the time, if there is one, and of the value."""
    if wanted and wanted not in names:
        known = ", ".join(map(shown, names)) or "none, the file has no headings"
        raise ValueError(f"column must be one of {known}; got {shown(wanted)}")
    time = next((k for k, name in enumerate(names) if TIME_NAME.match(name)), None)
    if not names:
        if width > 2:
            raise ValueError(
                f"a file without headings must have one column or two (time and value), got "
                f"{width}; name them in a first line, or, where commas are decimal marks, "
                "separate the columns by semicolons"
            )
        time = 0 if width == 2 else None
    value = names.index(wanted) if wanted else next((k for k in range(width) if k != time), 0)
    return (None, value) if value == time else (time, value)


def _numbers(
    lines: list[str], first: int, mark: str, used: list[int], labels: list[str], width: int
) -> NDArray[np.float64]:
    """float64 [K, 1 or 2] of the columns `used`; a row that has no number there is an error."""
    body = "\n".join(lines[first:])
    even = body.count(mark) == lines[first].count(mark) * (len(lines) - first)
    if mark == " " or not even:
        _check_widths(lines, first, mark, width)
    body = NO_ROW.sub("", _NOTHING.sub("nan", body).replace('"', ""))
    if mark != ",":
        body = body.replace(",", ".")
    try:
        return _load(body, mark, used)
    except ValueError as error:
        for begin in range(first, len(lines), _BLOCK):
            block = range(begin, min(begin + _BLOCK, len(lines)))
            if _is_good([lines[k] for k in block], mark, used):
                continue
            for index in block:
                if is_row(lines[index]):
                    _check_row(_cells(lines[index], mark), index + 1, mark, used, labels)
        raise ValueError(f"the file cannot be read as numbers: {error}") from error


def _load(body: str, mark: str, used: list[int]) -> NDArray[np.float64]:
    return np.loadtxt(
        io.StringIO(body), delimiter=None if mark == " " else mark, comments="#",
        usecols=used, ndmin=2,
    )  # fmt: skip


def _is_good(lines: list[str], mark: str, used: list[int]) -> bool:
    """Whether these rows need no look at each, which takes ten times as long as reading them."""
    body = "\n".join(lines)
    if mark != ",":
        body = body.replace(",", ".")
    if not body.strip() or not _NUMERIC.fullmatch(body):
        return False
    try:
        return len(_load(body, mark, used)) == len(lines)
    except ValueError:
        return False


def _check_widths(lines: list[str], first: int, mark: str, width: int) -> None:
    """ValueError if a row is wider than the first: a comma more may be a decimal mark."""
    for index in range(first, len(lines)):
        cells = len(_cells(lines[index], mark)) if is_row(lines[index]) else width
        if cells > width:
            raise ValueError(
                f"line {index + 1}: the row must have {width} cells as the first one, got {cells}; "
                "where commas are decimal marks, separate the columns by semicolons"
            )


def _check_row(cells: list[str], line: int, mark: str, used: list[int], labels: list[str]) -> None:
    for column, label in zip(used, labels, strict=True):
        cell = cells[column] if column < len(cells) else ""
        if not cell:
            raise ValueError(f"line {line}: the {label} is missing; fill it in, or delete the row")
        if not is_plain_number(plain(cell, mark)):
            raise ValueError(f"line {line}: the {label} must be a number, got {shown(cell)}")


def _check_numbers(
    numbers: NDArray[np.float64], lines: list[str], first: int, labels: list[str]
) -> None:
    for column, label in enumerate(labels):
        good = np.abs(numbers[:, column]) <= LARGEST  # not NaN either
        if not good.all():
            row = int(np.argmin(good))
            got = "an empty value (NaN)" if np.isnan(numbers[row, column]) else numbers[row, column]
            raise ValueError(
                f"line {line_of(lines, first, row)}: the {label} must be within ±{LARGEST:g}, got "
                f"{got}; correct it, or delete the row"
            )
    if len(numbers) < 2:
        raise ValueError("the file has one row of numbers; a signal must have at least two")


def _even(
    numbers: NDArray[np.float64], lines: list[str], first: int
) -> tuple[NDArray[np.float64], float, str]:
    """Values at even times, the step between them, and a remark."""
    time, values = numbers.T
    gaps = np.diff(time)
    if not (gaps > 0).all():
        row = int(np.argmax(~(gaps > 0))) + 1
        raise ValueError(
            f"line {line_of(lines, first, row)}: the time must rise, got {time[row]:g} after "
            f"{time[row - 1]:g}; sort the rows by time, or, where the first column is no time, "
            "keep only one; where commas are decimal marks, use points"
        )
    step = float((time[-1] - time[0]) / len(gaps))
    if float(np.abs(gaps - step).max()) <= _UNEVEN * step:
        return values, step, ""
    even = np.linspace(time[0], time[-1], len(time))
    note = "uneven times, read in straight lines at as many even ones"
    return np.interp(even, time, values), step, note
