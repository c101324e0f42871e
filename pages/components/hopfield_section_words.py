"""Section: the memories in a sentence each with their sources, and the words of this page."""

from __future__ import annotations

import streamlit as st

from pages.components.hopfield_glossary import words
from pages.components.hopfield_section_base import RecallBench
from snncore.recall_lab import RULES

_FAMILIES = {
    "rate": "Without spikes: states of ±1 or grey values, one update after the other",
    "spiking": "With spikes: leaky integrate-and-fire cells",
    "seed": "Example programs that others wrote, done again as they do it, for comparison",
}


def glossary(bench: RecallBench) -> None:
    """All memories, the page's own marked, then the words."""
    for family, title in _FAMILIES.items():
        st.markdown(f"**{title}**")
        for rule in RULES.values():
            if rule.family != family:
                continue
            here = " :material/arrow_left_alt: *on the page now*" if rule.name == bench.rule else ""
            modes = "" if bench.mode in rule.modes else " Black and white pictures only."
            st.markdown(f"- **{rule.title}**{here}: {rule.idea}{modes} *{rule.reference}.*")
    words(bench)
