"""The words of the Hopfield page at first-year level, with this run's own numbers, and its sets."""

from __future__ import annotations

import streamlit as st

from pages.components import sections as shared
from pages.components.hopfield_bench import RecallBench
from snncore import datasets
from snncore.hopfield.noise import IDEAS, TITLES
from snncore.recall_lab import RANDOM

# Group → word → what it means. No word needs another that is not in the list.
WORDS: dict[str, dict[str, str]] = {
    "Pictures": {
        "Associative memory": "A memory that is asked with a part or a damaged copy of what it "
        "stores, instead of with an address.",
        "Pattern ξ": "A stored picture as a row of N numbers: −1 black and +1 white, or grey "
        "values from 0 to 1 (in colour three for each pixel).",
        "Probe": "The damaged picture that the memory is asked with.",
        "Threshold": "The grey level that parts black from white. *Mean*: of the picture. *Otsu*: "
        "the split that leaves the least variance on both sides. *Local*: the mean around each "
        "pixel, for pictures with light and shade.",
        "Activity": "Share of white pixels. Pictures that are mostly black are alike for that "
        "reason alone, which the simpler rules take for the pictures themselves.",
        "Hamming distance": "In how many pixels two black-and-white pictures differ.",
        "Overlap m": "Likeness of two pictures: 1 equal, 0 unrelated, −1 one the negative of the "
        "other. A share (1 + m)/2 of the pixels is equal.",
        "Known and unknown": "An unknown pixel says nothing, and the memory knows that. A painted "
        "pixel is a lie: the memory takes it for the truth.",
    },
    "Memories": {
        "Hebb's rule": "Two pixels that have the same colour in a stored picture strengthen their "
        "coupling, else they weaken it: W = Σ ξξᵀ/N.",
        "Crosstalk": "What the other stored pictures add to the field of a pixel. Hebb's rule "
        "fails when it outweighs the picture that is asked for.",
        "Low rank": "P pictures make N×N couplings of which only P·N numbers are independent. "
        "All memories here keep the P·N numbers and never the N×N.",
        "Pseudo-inverse": "Couplings that take the overlaps between the stored pictures into "
        "account and undo them exactly.",
        "Self-coupling D": "How much a pixel listens to itself. In the pseudo-inverse a large one "
        "keeps most wrong pixels where they are.",
        "Dense associative memory": "Overlaps are raised to a power or put into an exponential, "
        "so that the best-fitting picture outweighs all others: far more pictures fit.",
        "Softmax and β": "Turns scores into shares that sum to 1. A small β blends many pictures, "
        "a large one picks the best; β matched to the noise is the best choice there is.",
        "LIF neuron": "Leaky integrate-and-fire: a potential that sums its input, leaks away, and "
        "at the threshold gives a spike and starts again.",
        "ON and OFF": "A pixel is a pair of neurons: ON spikes for white, OFF for black, neither "
        "for unknown.",
        "Winner-take-all": "The memory unit that spikes first silences the others. Then its "
        "picture is played back to the pixels.",
        "Decision step": "When the first memory unit spikes: the reaction time. It comes later "
        "for harder probes.",
    },
    "Settling": {
        "Field h": "The weighted sum that reaches a pixel. At temperature 0 the pixel takes its "
        "sign.",
        "Update": "*Synchronous*: all pixels at once. *Asynchronous*: one after the other in "
        "random order. *Block*: some at once.",
        "Energy E": "A number that no asynchronous update raises if couplings are symmetric "
        "and no pixel couples to itself: so the network must come to rest.",
        "Attractor": "A state to which the network is drawn and where it stays. Recall works if "
        "the stored pictures are attractors.",
        "Fixed point and 2-cycle": "A state that no longer changes, and two states that follow "
        "each other for ever. The second happens only if pixels change at the same time.",
        "Basin of attraction": "All states from which the network falls to the same attractor: "
        "how much damage it can repair.",
        "Spurious state": "An attractor that nobody stored: the negative of a picture, a mixture "
        "of three or more, or one without likeness to any (spin glass).",
        "Temperature T": "Chance in the updates. Some helps out of spurious states, too much "
        "melts the memory: at T = 1 Hebb's pictures are gone.",
    },
    "How good it is": {
        "Pixels right": "Share of pixels equal to the stored picture's. It flatters: an all-black "
        "answer has 85 % of ten MNIST digits right. So it stands beside the next two.",
        "Exact": "Share of the answers without a single wrong pixel.",
        "Best possible (Bayes bound)": "What someone reaches who knows all stored pictures and "
        "the statistics of the damage, but not which picture it was. No method is better on "
        "average; on a few probes one may be by luck.",
        "Posterior": "The probability of each stored picture given the probe. Its largest is the "
        "maximum-likelihood answer (most answers exact); its mean gives each single pixel best.",
        "PSNR": "Peak signal-to-noise ratio of grey answers in decibels: −20·log₁₀ of the root "
        "mean square error of all answers. 20 dB is an error of a tenth; 99 is written for none.",
        "SSIM": "Structural similarity: likeness of local mean, contrast and pattern; 1 is equal.",
        "Load P/N": "Stored pictures for each pixel: how full the memory is.",
        "Capacity": "The load up to which recall works. For random pictures: 0.138 N with few "
        "errors and N/(2 ln N) without any for Hebb's rule, N for the pseudo-inverse, a power of N "
        "for dense memories, 2 to the power of N/2 for the exponential one.",
    },
}

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
