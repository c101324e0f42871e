"""Section on the frequency response: gain and phase of the voltage under a weak sine current."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import streamlit as st

from pages.components import lif_section_base as base
from pages.components.lif_run import HASH
from pages.components.lif_section_base import Bench, Row
from snncore.playground import Setup
from snncore.playground.response import Response, ResponseParams, response
from snncore.plots.analysis import Mark, Series, curves
from snncore.stimuli import StimulusParams

_THEORY = {
    "RC": "an RC filter, R/√(1 + (ωτ)²) and −arctan ωτ",
    "RC and synapse": "an RC filter behind the filter of the synapse",
    "linearised": "the impedance of the equations linearised at rest",
}


@st.cache_data(max_entries=32, ttl=3600, max_size="8MB", show_spinner=False, hash_funcs=HASH)
def cached_response(setup: Setup, params: ResponseParams) -> Response:
    """Simulated and theoretical answer to a weak sine."""
    return response(setup, params)


def frequency_response(bench: Bench) -> None:
    """Gain and phase over theory, one dot per simulated frequency."""
    params = base.controls(ResponseParams, "lif_response", columns=4)
    if params is None:
        return
    # The stimulus does not count: without it, a new drive finds the answer in the cache.
    alone = dataclasses.replace(bench.setup, stimulus=StimulusParams())
    found = base.computed(lambda: cached_response(alone, params))
    if found is None:
        return
    unit = bench.setup.kind.variables[0].unit
    per = f"{unit}/nA" if unit else "1/nA"
    spans = (float(found.line_hz[0]), float(found.line_hz[-1]))
    marks = [
        Mark("−3 dB", found.cutoff_hz, "x", "reference"),
        Mark("Resonance", found.resonance_hz or math.nan, "x", "spike"),
    ]
    left, right = st.columns(2, gap="medium")
    with left:
        spec = curves(
            [
                Series("Theory", found.line_hz, found.line_gain, "theory"),
                Series("Simulation", found.frequency_hz, found.gain, "voltage", "dots"),
            ],
            "Frequency [Hz]",
            f"Gain [{per}]",
            marks=marks,
            x_span=spans,
            log_x=True,
            log_y=True,
            columns=4,
            height=320,
        )
        base.chart(spec, "gain", "Gain of the voltage against frequency, simulation over theory.")
    with right:
        spec = curves(
            [
                Series("Theory", found.line_hz, found.line_phase_deg, "theory"),
                Series("Simulation", found.frequency_hz, found.phase_deg, "voltage", "dots"),
            ],
            "Frequency [Hz]",
            "Phase [°]",
            marks=marks,
            x_span=spans,
            log_x=True,
            columns=4,
            height=320,
        )
        base.chart(spec, "phase", "Phase of the voltage against frequency, simulation over theory.")
    st.caption(
        f"Each dot is a run with a sine of {base.number(found.amplitude, 3)} nA around "
        f"{params.holding:g} nA, where the neuron rests at {found.rest:.4g} {unit}: too weak to "
        f"make it fire. Theory: {_THEORY[found.theory]}. A negative phase means that the voltage "
        "comes later than the current. The drive above plays no part."
    )
    base.table(_rows(found, per))
    base.download(
        "lif_response",
        lambda: {
            "frequency_hz": found.frequency_hz,
            "gain": found.gain,
            "phase_deg": found.phase_deg,
            "theory_gain": found.theory_gain,
            "theory_phase_deg": found.theory_phase_deg,
        },
    )


def _rows(found: Response, per: str) -> list[Row]:
    """The lowest frequency, the strongest answer, the highest frequency."""
    seen = np.flatnonzero(np.isfinite(found.gain))
    if seen.size == 0:
        return []
    picks = dict.fromkeys((seen[0], seen[int(found.gain[seen].argmax())], seen[-1]))
    rows = []
    for k in picks:
        hz = f"{found.frequency_hz[k]:.3g} Hz"
        rows.append(Row(f"Gain at {hz} [{per}]", found.gain[k], found.theory_gain[k]))
        rows.append(
            Row(f"Phase at {hz} [°]", found.phase_deg[k], found.theory_phase_deg[k], absolute=True)
        )
    return rows
