"""What the analysis sections of the LIF Playground share: a section, numbers, files, refusals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike

from pages.components.controls import control
from pages.components.inline import inline
from pages.components.lif_run import DASH, cached_run
from snncore.params import Params, Value
from snncore.playground import Setup
from snncore.plots.vega import Chart
from snncore.stimuli import Recording

T = TypeVar("T")
P = TypeVar("P", bound=Params)


class Bench(NamedTuple):
    """What a section works on: the page's present setting."""

    setup: Setup
    recording: Recording | None
    dark: bool


class Section(NamedTuple):
    """One entry of the list: it is computed only while it is open."""

    name: str  # of its key and its place in the address
    title: str
    icon: str
    question: str  # one sentence: what it answers
    draw: Callable[[Bench], None]
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


def too_few(bench: Bench, what: str = "Not enough spikes") -> None:
    """Say that spikes are missing, and what to change; with the current that is needed."""
    run = computed(lambda: cached_run(bench.setup, bench.recording))
    if run is None:
        return
    onset = run.summary.rheobase_na
    name = "the rheobase" if run.summary.onset == "rheobase" else "the onset of firing"
    if math.isfinite(onset) and float(run.wave.max()) > onset:
        cure = (
            f"the current reaches {name} ({onset:.4g} nA) already. Lengthen the run, add noise, or "
            "change the current: some neurons fall silent again where it is very strong"
        )
    else:
        above = f" above {name} ({onset:.4g} nA)" if math.isfinite(onset) else ""
        cure = f"raise the current{above}, add noise, or lengthen the run"
    hint(f"{what}: {cure}.")


def fix(label: str, key: str, values: Mapping[str, Any]) -> None:
    """A button that sets these widgets of the page; their keys are `lif_<field>`."""
    st.button(label, key=f"lif_fix_{key}", on_click=_set, args=(dict(values),), width="content")


def _set(values: Mapping[str, Any]) -> None:
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
    lines = [head, ["---"] + ["---:"] * (len(head) - 1)]
    for r in rows:
        shown = number(r.simulated)
        if math.isfinite(r.chance) and math.isfinite(r.simulated):
            shown += f" ± {number(r.chance, 2)}"
        cells = [r.name, shown]
        if with_theory:
            cells += [number(r.theory), error_words(r)]
        lines.append(cells)
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))


def chart(spec: Chart, key: str, alt: str) -> None:
    """Draw a chart; `alt` says in words what it shows."""
    st.vega_lite_chart(spec=spec, key=f"lif_chart_{key}", alt=alt, width="stretch")


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


def download(name: str, columns: Callable[[], Mapping[str, ArrayLike]]) -> None:
    """The section's numbers as a file, made when it is asked for."""
    st.download_button(
        "Data (CSV)",
        lambda: csv_bytes(columns()),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        key=f"lif_csv_{name}",
        on_click="ignore",
        type="tertiary",
    )
