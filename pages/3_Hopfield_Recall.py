"""Hopfield Recall: stored pictures → damage → memory → answers beside the best possible ones."""

from __future__ import annotations

import streamlit as st

from pages.components import frame

frame.open_page("hopfield")  # before what follows, which needs the engine

from pages.components.hopfield import COMPACT, inside, recalled
from pages.components.hopfield_controls import begin, choices, say_lost
from pages.components.hopfield_files import share
from pages.components.hopfield_presets import preset_bar
from pages.components.hopfield_sections import sections
from pages.components.lesson import settings
from pages.components.turn import in_turn

st.html(COMPACT)


@st.fragment  # a change of a control leaves the frame as it is
@in_turn
def memory() -> None:
    """All that depends on the controls, and the controls."""
    begin()
    bar = st.container(key="hop_bar")
    shelf = st.container(gap="xsmall")
    # The pictures first: on a phone the columns stand below each other.
    main, side = st.columns([2.5, 1], gap="medium")
    with side, settings("hop_side"):
        chosen = choices()
    with shelf:
        preset_bar(chosen)
        say_lost()
    with main:
        bench = recalled(chosen, frame.is_dark())
    if bench is not None:
        inside(bench)
        sections(bench)
    with bar:
        share(chosen, bench)


memory()
