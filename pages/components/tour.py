"""The first visit of a page: three sentences, one after another, beside what they speak of.

It is drawn, played and remembered by the visitor's browser (`tour.js`): the server sends the
sentences with the page, and never hears of it again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

_HERE = Path(__file__).parent


class Step(NamedTuple):
    """One sentence, and the thing beside which it stands."""

    at: str  # CSS selector; the first thing in sight counts, a step without any is left out
    words: str


# Things that fit on a phone together with the sentence: it must not cover them.
TOURS: dict[str, tuple[Step, ...]] = {
    "lif": (
        Step(
            ".st-key-lif__presets",
            "Start here: each preset shows one thing that a neuron is known for.",
        ),
        Step(
            ".st-key-lif_numbers",
            "Every run is measured at once, and what theory expects stands beside it.",
        ),
        Step(
            ".st-key-lif_current, .st-key-lif_duration",
            "Now move a slider: the neuron runs again, and Undo takes it back.",
        ),
    ),
    "encoding": (
        Step(
            ".st-key-enc_tab [role=tablist]",
            "Three kinds of things become spikes here: pictures, signals, points in the plane.",
        ),
        Step(
            ".st-key-enc__presets, .st-key-enc_s__presets, .st-key-enc_k__presets",
            "Each preset is a small experiment and says what to notice in it.",
        ),
        Step(
            ".st-key-enc_code_a, .st-key-enc_s_code_a",
            "Choose three codes, A, B and C: what comes back shows what each of them keeps.",
        ),
    ),
    "hopfield": (
        Step(
            ".st-key-hop__presets",
            "Start here: each preset is an experiment and says what to notice in it.",
        ),
        Step(
            ".st-key-hop_gallery",
            "Each picture three times: as it was stored, as it was damaged, as the memory recalls "
            "it.",
        ),
        Step(
            ".st-key-hop_share, .st-key-hop_sigma",
            "Now damage more and see where recall breaks down.",
        ),
    ),
    "stdp": (
        Step(
            ".st-key-stdp__presets",
            "Start here: each preset is a network that learns in its own way.",
        ),
        Step(
            ".st-key-stdp_run_start",
            "Press this and watch noise turn into digits, though nobody tells the layer what they "
            "are.",
        ),
        Step(
            ".st-key-stdp_draw_head",
            "Draw a digit yourself: which neurons answer, and how sure is the network?",
        ),
    ),
}


def _component(name: str) -> Any:
    html, css, js = (
        (_HERE / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
    )
    return st.components.v2.component(name, html=html, css=css, js=js)


_tour, _again = _component("tour"), _component("tour_again")


def tour(page: str) -> None:
    """Mount the tour of this page, once; anywhere, as it takes no room."""
    steps = [step._asdict() for step in TOURS.get(page, ())]
    if steps:
        _tour(key="tour_view", data={"page": page, "steps": steps})


def again_button(page: str) -> None:
    """A button that starts it once more."""
    if page in TOURS:
        _again(key="tour_again_view")
