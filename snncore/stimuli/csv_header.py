"""The first line of a table of time and current: which columns are meant, and in which units."""

from __future__ import annotations

import re
from typing import NamedTuple

from snncore.datasets.csv_text import TIME_NAME, separator, shown, split_cells

TIME_UNITS = {"s": 1000.0, "ms": 1.0, "µs": 1e-3}  # in ms
CURRENT_UNITS = {"A": 1e9, "mA": 1e6, "µA": 1e3, "nA": 1.0, "pA": 1e-3}  # in nA
_SPELT = {
    "sec": "s", "second": "s", "seconds": "s", "msec": "ms", "millisecond": "ms",
    "milliseconds": "ms", "us": "µs", "usec": "µs", "microseconds": "µs", "ua": "µA",
}  # fmt: skip
_SPELT |= {unit.lower(): unit for unit in (*TIME_UNITS, *CURRENT_UNITS)}
_BRACKET = re.compile(r"[\[(]\s*([^\])]*?)\s*[\])]\s*$")
_CURRENT_NAME = re.compile(r"^(i|current|strom|stimulus|inj\w*)(?![a-z])", re.IGNORECASE)


class Header(NamedTuple):
    """What the first line says."""

    columns: tuple[int, int]  # of time and current
    units: tuple[str, str]  # "" where the header names none
    width: int  # how many cells a row has


def _unit(cell: str) -> str:
    """The unit in a heading like `t [ms]`, `time_s`, `I (pA)` or `nA`; "" without one.

    What stands in brackets is a unit, also one that is not ours.
    """
    cell = cell.strip().replace("μ", "µ")  # Greek mu, and the micro sign
    bracket = _BRACKET.search(cell)
    if bracket:
        return _SPELT.get(bracket[1].lower(), bracket[1])
    words = re.split(r"[\s_/,]+", cell)
    # A single letter alone is a name (`s`, `a`): only `time_s` or `I_A` says a unit by it.
    if len(words) == 1 and len(cell) == 1:
        return ""
    return _SPELT.get(words[-1].lower(), "")


def read_header(line: str, mark: str, row: list[str]) -> Header:
    """Which columns are meant, and their units."""
    names = split_cells(line, mark if mark in line else separator(line)) if line else []
    if len(row) < 2:
        raise ValueError(
            f"the file has one column ({shown(row[0])}); it must have time and current, "
            "separated by comma, semicolon or tab"
        )
    if names and len(names) != len(row):
        raise ValueError(
            f"the header has {len(names)} columns and the row below it {len(row)}; where commas "
            "are decimal marks, separate the columns by semicolons"
        )
    if not names:
        if len(row) > 2:
            raise ValueError(
                f"the file must have two columns, got {len(row)}; name them in a first line "
                "(time_ms,current_nA), or, where commas are decimal marks, separate the columns "
                "by semicolons"
            )
        return Header((0, 1), ("", ""), 2)
    units = [_unit(name) for name in names]
    times = [k for k, name in enumerate(names) if units[k] in TIME_UNITS or TIME_NAME.match(name)]
    currents = [
        k for k, name in enumerate(names)
        if k not in times and (units[k] in CURRENT_UNITS or _CURRENT_NAME.match(name))
    ]  # fmt: skip
    if len(names) == 2:  # one known name, or none, is enough
        times = times or [1 - currents[0] if currents else 0]
        currents = currents or [1 - times[0]]
    if not times or not currents:
        raise ValueError(
            f"the header must name a time and a current, got {shown(line)}; call the columns "
            "time_ms and current_nA"
        )
    time, current = times[0], currents[0]
    for column, known in ((time, TIME_UNITS), (current, CURRENT_UNITS)):
        if units[column] and units[column] not in known:
            raise ValueError(
                f"the unit of the column {shown(names[column])} must be one of "
                f"{', '.join(known)}; change it in the file"
            )
    return Header((time, current), (units[time], units[current]), len(names))
