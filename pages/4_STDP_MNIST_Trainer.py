"""STDP MNIST Trainer: a network and its data → a run, watched live → what it is worth."""

from __future__ import annotations

import streamlit as st

from pages.components import frame
from pages.components.trainer import controls, equations, presets, run, share, watch
from pages.components.trainer.job import payload_of

frame.open_page("stdp")
st.html(run.COMPACT)
controls.begin()
bar = st.container(key="stdp_bar")
shelf = st.container(gap="xsmall")
# The pictures first: on a phone the columns stand below each other.
main, side = st.columns([2.6, 1], gap="medium")
with side:
    chosen = controls.choices()
with shelf:
    presets.preset_bar(*chosen.preset[1:4])
    controls.say_lost()
with main, st.container(key="stdp_main"):
    shown = run.middle(chosen)
payload = payload_of(shown.view)
if payload is not None and payload.result is not None:
    with st.expander(
        "How it learnt", icon=":material/history:", key="stdp_how", on_change="rerun"
    ) as how:
        if how.open:
            watch.how_it_learnt(payload)
equations.equations(chosen.params)
with bar:
    share.share(chosen, shown.view, (), share.looks(), shown.resumes)
