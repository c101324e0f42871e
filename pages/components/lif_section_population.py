"""Section: many neurons under the drive of the page, equal or different, each with its noise."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import streamlit as st

from pages.components import lif_section_base as base
from pages.components.lif_run import HASH
from pages.components.lif_section_base import Bench, Row
from snncore.playground import Population, PopulationParams, Setup, population
from snncore.plots.analysis import Series
from snncore.plots.base import pool_time
from snncore.plots.raster import COLUMNS, raster_over_rate
from snncore.plots.vega import Chart
from snncore.stimuli import Recording


class Crowd(NamedTuple):
    """The population without its spikes, and its chart."""

    numbers: Population
    spec: Chart


@st.cache_data(max_entries=32, ttl=3600, max_size="32MB", show_spinner=False, hash_funcs=HASH)
def cached_crowd(
    setup: Setup, params: PopulationParams, recording: Recording | None, dark: bool
) -> Crowd:
    """The population and its raster; the spikes themselves are not kept."""
    crowd = population(setup, params, recording)
    rates = [
        Series("Population rate", crowd.bins, crowd.rate_hz, "voltage", "step"),
        Series("Theory", crowd.bins, crowd.theory_hz, "theory", "dash"),
    ]
    spec = raster_over_rate(
        pool_time(crowd.spikes, COLUMNS).T, crowd.duration, "Neuron", rates, dark=dark, height=460
    )
    return Crowd(crowd._replace(spikes=crowd.spikes[:0]), spec)


def crowd(bench: Bench) -> None:
    """Raster and rate of the population, with theory where there is one."""
    with st.container(width=640):
        params = base.controls(PopulationParams, "lif", columns=2)
    if params is None:
        return
    found = base.computed(lambda: cached_crowd(bench.setup, params, bench.recording, bench.dark))
    if found is None:
        return
    n, stimulus = found.numbers, bench.setup.stimulus
    kind = f"different by {params.spread:g} %" if params.spread else "equal"
    noise = "with independent noise"
    if not stimulus.is_noisy and params.spread == 0:
        noise = (
            "with a little independent noise of their own, because the drive above has none and "
            "equal neurons would all do the same"
        )
        if n.sigma_v > 0:
            noise = noise.replace("a little", f"{n.sigma_v:g} mV of")
    elif not stimulus.is_noisy:
        noise = "without noise"
    cut = ""
    if n.duration < bench.setup.run.duration - bench.setup.run.dt:
        cut = f" Only the first {n.duration:g} ms."
    base.chart(
        found.spec,
        "population",
        "Spike raster of the population, one row a neuron, over its firing rate.",
    )
    st.caption(f"{params.size} neurons, {kind}, {noise}; one row each, a mark per spike.{cut}")
    measured = n.rate_hz if n.rate_hz.size else np.zeros(1)
    expected = n.theory_hz[np.isfinite(n.theory_hz)]
    base.table(
        [
            Row(
                "Mean rate [Hz]",
                n.mean_rate_hz,
                float(expected.mean()) if expected.size else math.nan,
            ),
            Row("CV of the intervals", n.cv),
            Row("Fano factor of the counts", n.fano),
        ]
    )
    if not measured.any():
        base.too_few(bench, "No spike in the population")
    if expected.size:
        st.caption(
            "The theory is the rate for the drive of each moment: it holds once the start is "
            "forgotten, and for drives slower than the neuron."
        )
    base.download(
        "lif_population",
        lambda: {"bin_ms": n.bins, "rate_hz": n.rate_hz, "theory_hz": n.theory_hz},
    )
