"""STDP MNIST Trainer: a network and its data → a run, watched live → what it is worth."""

from __future__ import annotations

import streamlit as st

from pages.components import frame, warm

frame.open_page("stdp")  # before what follows, which needs the engine

from pages.components.lesson import settings
from pages.components.trainer import (
    compare_panel,
    controls,
    draw_panel,
    equations,
    gallery_panel,
    presets,
    results_files,
    run,
    share,
)
from pages.components.turn import in_turn

st.html(run.COMPACT)
top, below, foot = st.container(), st.container(), st.container()


@st.fragment  # a change of a control leaves the frame and the panels below as they are
@in_turn
def training() -> run.Shown:
    """Controls, the run that they ask for, its results; at the foot, what it computes."""
    controls.begin()
    bar = st.container(key="stdp_bar")
    shelf = st.container(gap="xsmall")
    # The pictures first: on a phone the columns stand below each other.
    main, side = st.columns([2.6, 1], gap="medium")
    with side, settings("stdp_side"):
        chosen = controls.choices()
    with shelf:
        presets.preset_bar(*chosen.preset[1:4])
        controls.say_lost()
    with main, st.container(key="stdp_main"):
        shown = run.middle(chosen)
    with bar:
        share.share(chosen, shown.view, results_files.downloads(shown.view), shown.resumes)
    with foot:
        equations.equations(chosen.params)
    return shown


with top:
    shown = training()
with below:
    draw_panel.draw_panel(shown.view)
    st.subheader("Look closer", anchor=False)
    run.how_it_learnt(shown.view)
    gallery_panel.gallery_panel(shown.view)
    compare_panel.compare_panel(shown.view)
warm.also("compiling the kernels of a training", warm.training)
