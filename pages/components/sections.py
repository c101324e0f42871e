"""Analysis sections below a page's main view: a list of expanders that compute only while open.

A page defines its own sections and the bench that they work on; here is what they share: the list,
which is drawn when it comes in sight, its place in the address, refusals in words, numbers for
reading, tables, files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike

from pages.components import sight
from pages.components.controls import control
from pages.components.inline import inline
from snncore.params import Params, Value

T = TypeVar("T")
P = TypeVar("P", bound=Params)

DASH = "–"  # where there is no number


class Section(NamedTuple):
    """One entry of the list: it is computed only while it is open."""

    name: str  # of its key and its place in the address
    title: str
    icon: str
    question: str  # one sentence: what it answers
    draw: Callable[[Any], None]  # takes the page's bench
    params: tuple[tuple[str, Params], ...] = ()  # prefix and first values of its own controls

    def controls(self) -> dict[str, Value]:
        """Keys of the section's own controls and their defaults."""
        return {
            f"{prefix}_{name}": value
            for prefix, first in self.params
            for name, value in first.to_dict().items()
        }


class Row(NamedTuple):
    """One line of a table of numbers; NaN where there is none."""

    name: str  # with its unit
    simulated: float
    theory: float = math.nan
    chance: float = math.nan  # standard error of `simulated`
    absolute: bool = False  # the error as a difference: a percentage would mean nothing


def show(sections: Sequence[Section], bench: Any, open_key: Callable[[str], str]) -> None:
    """Draw the list; a closed section costs nothing.

    Args:
        open_key: key of the expander of the section with this name, also its name in the address.
    """
    st.subheader("Look closer", anchor=False)
    if not is_wanted(open_key):
        return
    for section in sections:
        box = st.expander(
            section.title,
            icon=section.icon,
            key=open_key(section.name),
            on_change="rerun",
            bind="query-params",
        )
        if box.open:
            with box:
                st.markdown(section.question)
                section.draw(bench)


def is_wanted(open_key: Callable[[str], str]) -> bool:
    """Whether the list has been in sight in this session, or the address opens a part of it; else
    its place is drawn."""
    asked = any(name.startswith(open_key("")) for name in st.query_params)
    return sight.is_seen(open_key("list"), "the closer looks", asked=asked)


def open_values(sections: Sequence[Section], open_key: Callable[[str], str]) -> dict[str, Value]:
    """Names and values of the address that restore the open sections and what is set in them."""
    found: dict[str, Value] = {}
    for section in sections:
        if not st.session_state.get(open_key(section.name), False):
            continue
        found[open_key(section.name)] = True
        for key, default in section.controls().items():
            value = st.session_state.get(key, default)
            if value != default:
                found[key] = value
    return found


def computed(work: Callable[[], T]) -> T | None:
    """The result of `work`; where the engine refuses, its words are shown and None comes back.

    Unlike `inline` alone, a refusal ends this section only and not the whole page.
    """

    def guarded() -> T | ValueError:
        try:
            return work()
        except ValueError as reason:
            return reason

    with st.spinner("Computing", show_time=False):
        result = inline(guarded)
    if isinstance(result, ValueError):
        hint(f"{str(result)[:1].upper()}{str(result)[1:]}.")
        return None
    return result


def controls(cls: type[P], key: str, *, columns: int = 1) -> P | None:
    """A control for each field of `cls`; None, and why, where they contradict each other.

    Unlike `controls.controls`, which ends the page there, it ends this section only.
    """
    defaults, slots = cls().to_dict(), st.columns(columns)
    values: dict[str, Value] = {}
    for index, (name, spec) in enumerate(cls.specs().items()):
        with slots[index % columns]:
            values[name] = control(name, spec, defaults[name], key)
    try:
        return cls(**values)
    except ValueError as reason:
        hint(f"These values do not fit together: {reason}.")
        return None


def hint(text: str) -> None:
    """Why there is nothing to show, and what to change."""
    st.info(text, icon=":material/info:")


def set_state(values: Mapping[str, Any]) -> None:
    """Callback of a button: these widgets of the page take these values."""
    for key, value in values.items():
        st.session_state[key] = value


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = 4) -> str:
    """`value` for reading, "–" where there is none."""
    if not math.isfinite(value):
        return DASH
    if abs(value) < 1e-12:  # rounding
        return "0"
    if not 1e-3 <= abs(value) < 1e5:
        mantissa, power = f"{value:.2e}".split("e")
        return f"{mantissa}·10{str(int(power)).translate(_RAISED)}".replace("-", "−")
    return f"{value:.{digits}g}".replace("-", "−")


def error_words(row: Row) -> str:
    """Simulation against theory: in percent, or the difference where that says more."""
    if not (math.isfinite(row.simulated) and math.isfinite(row.theory)):
        return DASH
    difference, unit = row.simulated - row.theory, ""
    if not (row.absolute or abs(row.theory) < 1e-12):
        difference, unit = 100 * difference / row.theory, "\u00a0%"
    if abs(difference) < 1e-9:
        return f"0{unit}"
    return f"{'+' if difference > 0 else ''}{number(difference, 2)}{unit}"


def table(rows: Sequence[Row]) -> None:
    """Simulation, theory and error side by side; without any theory only what was measured."""
    with_theory = any(math.isfinite(r.theory) for r in rows)
    head = ["", "Simulation", "Theory", "Error"] if with_theory else ["", "Simulation"]
    lines = [head]
    for r in rows:
        shown = number(r.simulated)
        if math.isfinite(r.chance) and math.isfinite(r.simulated):
            shown += f" ± {number(r.chance, 2)}"
        cells = [r.name, shown]
        if with_theory:
            cells += [number(r.theory), error_words(r)]
        lines.append(cells)
    grid(lines)


def grid(lines: Sequence[Sequence[str]]) -> None:
    """A table of words and numbers; the first line is its head, the first column its names."""
    rule = ["---"] + ["---:"] * (len(lines[0]) - 1)
    text = [lines[0], rule, *lines[1:]]
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in text))


def csv_bytes(columns: Mapping[str, ArrayLike]) -> bytes:
    """Columns of numbers as CSV; shorter ones end in empty cells, and so do missing values."""
    arrays = [np.asarray(values).ravel() for values in columns.values()]
    length = max((a.size for a in arrays), default=0)
    lines = [",".join(columns)]
    for k in range(length):
        lines.append(",".join(_cell(a[k]) if k < a.size else "" for a in arrays))
    return ("\n".join(lines) + "\n").encode()


def _cell(value: Any) -> str:
    if isinstance(value, (np.floating, float)):
        return f"{float(value):.10g}" if math.isfinite(value) else ""
    return str(value)


def download(name: str, columns: Callable[[], Mapping[str, ArrayLike]], key: str = "") -> None:
    """The section's numbers as a file, made when it is asked for."""
    st.download_button(
        "Data (CSV)",
        lambda: csv_bytes(columns()),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        key=key or f"csv_{name}",
        on_click="ignore",
        type="tertiary",
    )
