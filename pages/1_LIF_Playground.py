"""LIF Playground: one neuron, its drive, its spikes, and what theory says about them."""

from __future__ import annotations

import streamlit as st

from pages.components import lif
from pages.components.controls import controls, link_params, presets
from pages.components.frame import is_dark, open_page
from pages.components.inline import inline
from pages.components.share import share_bar
from snncore.playground import PRESETS, Bench, PopulationParams
from snncore.plots import neuron as plots

KEY = "lif"

open_page("lif")
presets(KEY, Bench, PRESETS)
bar = st.container()
top = st.container()

# The picture first: on a phone the columns stand below each other.
main, side = st.columns([1.7, 1], gap="medium")
with side, st.container(border=True):
    bench = lif.all_controls(KEY)

neuron, stimulus, run = lif.parts(bench)
result = inline(lambda: lif.cached_run(neuron, stimulus, run))
summary = result.summary

with top:
    lif.number_row(summary)

with main:
    st.vega_lite_chart(
        spec=plots.trace_chart(result, neuron, height=400),
        key="lif_trace_chart",
        alt="Membrane voltage over time with threshold and spikes, above the current.",
    )
    st.caption(
        "Membrane voltage over the current that drives it. Strokes are spikes, grey bands "
        "refractory periods. Drag to move in time, Shift + wheel to zoom, double-click to go back."
    )
    lif.equation(bench, summary.theory_rate_hz)
    st.subheader("Firing rate over current", anchor=False)
    lif.curve_panel(bench, getattr(summary, summary.compared))

st.subheader("A population of such neurons", anchor=False)
with st.container(width=360):
    size = controls(PopulationParams, KEY).size
bench = Bench.from_dict({**bench.to_dict(), "size": size})
lif.crowd_panel(bench, is_dark())

with bar:
    share_bar(
        command=lif.command(bench),
        params=link_params(KEY, bench),
        downloads=lif.exports(bench),
    )
