"""Section: the memories in a sentence each with their sources, and the words of this page."""

from __future__ import annotations

import streamlit as st

from pages.components.hopfield_section_base import RecallBench
from snncore.recall_lab import RULES

_FAMILIES = {
    "rate": "Without spikes: states of ±1 or grey values, one update after the other",
    "spiking": "With spikes: leaky integrate-and-fire cells",
    "seed": "Example programs that others wrote, done again as they do it, for comparison",
}
_WORDS = {
    "Pattern ξ, probe": "A stored picture as numbers; the damaged picture that the memory is asked "
    "with.",
    "Overlap m": "Likeness of a state and a stored picture: 1 equal, 0 unrelated, −1 the negative. "
    "A share of (1+m)/2 of the pixels is right.",
    "Load P/N": "Stored pictures for each pixel: how full the memory is.",
    "Best possible": "The Bayes-optimal answer of someone who knows the stored pictures and the "
    "statistics of the damage. Per pixel it takes the likelier value, per picture the likeliest "
    "picture.",
    "Energy": "A number that falls with every asynchronous step of a symmetric network without "
    "self-coupling, so that it must come to rest.",
    "Fixed point, 2-cycle": "A state that does not change any more; two states that follow each "
    "other for ever, which happens only if all pixels change at once.",
    "Basin of attraction": "All states from which the network falls to the same one.",
    "Spurious state": "A place of rest that nobody stored: negatives, mixtures, spin glass.",
    "Temperature T": "Chance in the updates; 0 is none.",
    "Known and unknown": "An unknown pixel says nothing to the memory. A painted one is a lie: the "
    "memory takes it for true.",
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
    st.markdown("**Words**")
    st.markdown("\n".join(f"- **{word}**: {text}" for word, text in _WORDS.items()))
