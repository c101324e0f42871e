"""The analyses below the main view: labelled sections that compute only while they are open."""

from __future__ import annotations

import streamlit as st

from pages.components import lif_section_trains as trains
from pages.components.lif_section_base import Bench, Section
from snncore.playground import Setup
from snncore.stimuli import Recording

SECTIONS: tuple[Section, ...] = (
    Section(
        "regularity",
        "Regularity of the spikes",
        ":material/bar_chart:",
        "Does the neuron fire like a clock, like pure chance, or in bursts?",
        trains.regularity,
    ),
    Section(
        "trials",
        "Repeated trials",
        ":material/repeat:",
        "If the same drive comes again, do the spikes come at the same times?",
        trains.repeated,
    ),
    Section(
        "cause",
        "What makes it fire",
        ":material/bolt:",
        "What does the current do just before a spike?",
        trains.cause,
    ),
)


def open_key(name: str) -> str:
    """The key of a section's expander, which is also its name in the address."""
    return f"lif_open_{name}"


def open_sections() -> dict[str, bool]:
    """Names and values of the address that open the sections which are open now."""
    return {
        open_key(s.name): True for s in SECTIONS if st.session_state.get(open_key(s.name), False)
    }


def sections(setup: Setup, recording: Recording | None, dark: bool) -> None:
    """Draw the list; a closed section costs nothing."""
    bench = Bench(setup, recording, dark)
    for section in SECTIONS:
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
