"""What the analysis sections of the LIF Playground share: their bench, charts, refusals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import streamlit as st
from numpy.typing import ArrayLike

from pages.components import sections
from pages.components.chart import vega_chart
from pages.components.lif_run import cached_run
from pages.components.sections import Row as Row
from pages.components.sections import Section as Section
from pages.components.sections import computed as computed
from pages.components.sections import controls as controls
from pages.components.sections import csv_bytes as csv_bytes
from pages.components.sections import error_words as error_words
from pages.components.sections import hint as hint
from pages.components.sections import number as number
from pages.components.sections import table as table
from snncore.playground import Setup
from snncore.plots.vega import Chart
from snncore.stimuli import Recording


class Bench(NamedTuple):
    """What a section works on: the page's present setting."""

    setup: Setup
    recording: Recording | None
    dark: bool


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
    st.button(
        label,
        key=f"lif_fix_{key}",
        on_click=sections.set_state,
        args=(dict(values),),
        width="content",
    )


def chart(spec: Chart, key: str, alt: str) -> None:
    """Draw a chart; `alt` says in words what it shows."""
    vega_chart(spec=spec, key=f"lif_chart_{key}", alt=alt, width="stretch")


def download(name: str, columns: Callable[[], Mapping[str, ArrayLike]]) -> None:
    """The section's numbers as a file, made when it is asked for."""
    sections.download(name, columns, f"lif_csv_{name}")
