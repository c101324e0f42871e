"""The words of the Hopfield page at first-year level, with this run's own numbers, and its sets."""

from __future__ import annotations

import streamlit as st

from pages.components import sections as shared
from pages.components.glossary import TERMS
from pages.components.hopfield_bench import RecallBench
from snncore import datasets
from snncore.hopfield.noise import IDEAS, TITLES
from snncore.recall_lab import RANDOM

# Group → its words; what they mean stands in the glossary of all pages.
_GROUPS: dict[str, tuple[str, ...]] = {
    "Pictures": (
        "Associative memory", "Pattern ξ", "Probe", "Grey threshold", "Activity",
        "Hamming distance", "Overlap m", "Known and unknown",
    ),
    "Memories": (
        "Hebb's rule", "Crosstalk", "Low rank", "Pseudo-inverse", "Self-coupling D",
        "Dense associative memory", "Softmax and β", "LIF neuron", "ON and OFF units",
        "Race of the memory units", "Decision step",
    ),
    "Settling": (
        "Field h", "Update", "Energy E", "Attractor", "Fixed point and 2-cycle",
        "Basin of attraction", "Spurious state", "Temperature T",
    ),
    "How good it is": (
        "Pixels right", "Exact", "Best possible (Bayes bound)", "Posterior", "PSNR", "SSIM",
        "Load P/N", "Capacity",
    ),
}  # fmt: skip
WORDS = {group: {word: TERMS[word].meaning for word in words} for group, words in _GROUPS.items()}

# What each set is like as something to remember; numbers of the page's own first choice.
SETS = {
    "digits": "Few pixels, so that each counts: even the best possible answer is sometimes wrong.",
    "skimage": "Four pictures that have little in common (mean overlap 0.09): easy for every rule.",
    "icons": "Bold shapes with much black in common (mean overlap 0.42): too alike for Hebb.",
    "signs": "Some differ by a single figure (the two nearest by 49 of 4,096 pixels).",
    "letters": "Strokes in common everywhere: mean overlap 0.54, E and F differ by one bar.",
    "mnist": "Mostly black, mean overlap 0.61: Hebb answers with a blend of all.",
    "fashion": "Articles of clothing; shirts, coats and pullovers are nearly the same picture.",
    "gtsrb": "Photographs of 43 signs, one of each kind, the most contrasted; some are dark.",
    RANDOM: "What the theory is about: pixels without any rule, overlap 0 on average.",
}


def words(bench: RecallBench) -> None:
    """This run in numbers, then all words in their groups, the kinds of damage, the sets."""
    st.markdown(here(bench))
    groups = list(WORDS.items())
    for place, half in zip(st.columns(2, gap="medium"), (groups[::2], groups[1::2]), strict=True):
        for title, entries in half:
            place.markdown(f"**{title}**\n" + _listed(entries))
    kinds = {TITLES[kind]: idea for kind, idea in IDEAS.items()}
    st.markdown("**Damage**\n" + _listed(kinds))
    titles = {info.name: info.title for info in datasets.catalogue()} | {RANDOM: "Random pixels"}
    st.markdown("**Sets of pictures**\n" + _listed({titles[k]: v for k, v in SETS.items()}))


def here(bench: RecallBench) -> str:
    """The run on the page in the words of the list."""
    patterns, flight, result = bench.answer.patterns, bench.answer.flight, bench.answer.result
    count, n = patterns.states.shape
    text = (
        f"On the page now: **{count:,}** pattern{'s' * (count > 1)} of **{n:,}** numbers, a load "
        f"of {shared.number(flight.load, 3)}"
    )
    if bench.mode == "binary" and count > 1:
        text += f"; the two most alike have a Hamming distance of {flight.min_hamming:,}"
    return text + (
        f". Pixels right {result.pixel_accuracy:.1%}, exact {result.exact_fraction:.1%}; best "
        f"possible {result.bound_pixel_accuracy:.1%} and {result.bound_exact_fraction:.1%}."
    )


def _listed(entries: dict[str, str]) -> str:
    return "\n".join(f"- **{word}**: {text}" for word, text in entries.items())
