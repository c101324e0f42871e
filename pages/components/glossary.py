"""The words of all pages at first-year level, each defined once.

No definition needs a word that is not in the list. What the engine itself knows to say about its
codes, memories and kinds of damage is taken from there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from snncore import encoding
from snncore.hopfield.noise import IDEAS, TITLES
from snncore.recall_lab import RULES

ALL = ("lif", "encoding", "hopfield", "stdp")


class Term(NamedTuple):
    """One word."""

    meaning: str  # Markdown
    pages: tuple[str, ...]  # where it is met, by the keys of the frame


def _on(pages: str, words: dict[str, str]) -> dict[str, Term]:
    names = ALL if pages == "all" else tuple(pages.split())
    return {word: Term(meaning, names) for word, meaning in words.items()}


TERMS: dict[str, Term] = {
    **_on("all", {
        "Spike": "A short pulse, always of the same shape: what a neuron has to say is when it "
        "fires and how often. Also called action potential.",
        "LIF neuron": "Leaky integrate-and-fire: a potential that sums its input, leaks away, and "
        "at the threshold gives a spike and starts again.",
        "Raster": "A picture of spikes: time to the right, one row for each neuron, one mark for "
        "each spike.",
        "Firing rate": "Spikes per second, in hertz (Hz).",
        "Seed": "The number that fixes all random draws: the same seed gives the same spikes.",
        "Poisson process": "Spikes that come by chance and know nothing of each other, at a given "
        "mean rate.",
    }),
    **_on("lif", {
        "Membrane potential V": "The voltage between inside and outside of a neuron, in mV.",
        "Membrane time constant τ": "How long the potential remembers: after τ, 37 % of a "
        "deviation from rest is left. It is resistance times capacitance.",
        "Threshold": "The potential at which the neuron fires.",
        "Reset": "Where the potential starts again after a spike.",
        "Refractory period": "The time after a spike in which the neuron cannot fire.",
        "Rheobase": "The weakest constant current that makes the neuron fire.",
        "f–I curve": "Firing rate over constant current: the neuron's answer to every strength.",
        "ISI": "Interspike interval: the time from one spike to the next.",
        "CV": "Coefficient of variation: standard deviation of the intervals over their mean. 0 is "
        "a clock, 1 is pure chance.",
        "Siegert formula": "The firing rate that theory expects of a LIF neuron with white noise.",
        "White noise": "A random current without memory: each moment is independent of the last.",
        "Ornstein–Uhlenbeck noise": "A slow random current: it wanders, and is drawn back to its "
        "mean with a time constant.",
        "Adaptation": "A neuron that has fired gets harder to fire for a while.",
        "Phase plane": "A plane of two variables of a neuron: its state is a point that moves.",
        "Nullcline": "The line in the phase plane on which one of the variables stands still.",
        "Bifurcation": "The point at which a small change of a parameter changes what the neuron "
        "does, e.g. from rest to lasting firing.",
        "Spike-triggered average": "The mean of the input just before the spikes: what makes the "
        "neuron fire.",
    }),
    **_on("encoding", {
        "Code": "A rule that turns values into spikes, and one that reads them back.",
        "Rate code": "The value is the number of spikes: simple, and slow, as counting takes time.",
        "Latency code": "The value is the time of the first spike: the stronger, the earlier.",
        "Phase code": "The value is the place of a spike in a common rhythm.",
        "Population code": "Several neurons share a value, each with a favourite of its own.",
        "Event camera": "Each pixel reports when it gets brighter or darker, and is silent else.",
        "Side information": "What the receiver must know besides the spikes, such as the first "
        "value of a signal.",
        "RMSE": "Root mean square error: the typical error of what is read back.",
        "SNR": "Signal-to-noise ratio in decibels: 20 dB is an error of a tenth of the signal.",
        "Slope overload": "A signal that changes faster than the code can follow.",
        "Mutual information": "How many bits the spikes tell about the value.",
        "Jitter": "Random shifts of the spikes in time.",
        "Surrogate gradient": "A smooth stand-in for the step at the threshold, so that errors can "
        "be sent back through spikes.",
    }),
    **_on("encoding stdp", {
        "DoG": "Difference of Gaussians: a small blur minus a large one. What remains are the "
        "edges.",
        "ON and OFF cells": "Cells of the retina: ON cells answer where it is brighter than "
        "around, OFF cells where it is darker.",
        "Confusion matrix": "A table of true classes against answers: what is off its diagonal is "
        "wrong.",
    }),
    **_on("stdp", {
        "STDP": "Spike-timing-dependent plasticity: a synapse grows if its input came just before "
        "the neuron's own spike, and shrinks if it came after or not at all.",
        "Synapse and weight": "A connection from one neuron to another, and its strength.",
        "Receptive field": "What a neuron looks for: its weights, drawn as a picture.",
        "Winner-take-all": "The neuron that spikes first silences the others, so that each learns "
        "something else.",
        "Lateral inhibition": "Neurons of a layer that hold each other back when they fire.",
        "Homeostasis": "A threshold that rises with each win, so that no neuron wins always.",
        "Readout": "A simple linear classifier on the spike counts. It alone is told the labels.",
        "Ridge": "Least squares that keep the weights of the readout small.",
        "Convolutional layer": "The same small filters at every place of the picture.",
        "Control": "The same measurement without learning: what is not better than its control "
        "was not learnt.",
        "Epoch": "One pass through all training images.",
    }),
    **_on("hopfield", {
        "Associative memory": "A memory that is asked with a part or a damaged copy of what it "
        "stores, instead of with an address.",
        "Pattern ξ": "A stored picture as a row of N numbers: −1 black and +1 white, or grey "
        "values from 0 to 1 (in colour three for each pixel).",
        "Probe": "The damaged picture that the memory is asked with.",
        "Grey threshold": "The grey level that parts black from white. *Mean*: of the picture. "
        "*Otsu*: the split that leaves the least variance on both sides. *Local*: the mean around "
        "each pixel, for pictures with light and shade.",
        "Activity": "Share of white pixels. Pictures that are mostly black are alike for that "
        "reason alone, which the simpler rules take for the pictures themselves.",
        "Hamming distance": "In how many pixels two black-and-white pictures differ.",
        "Overlap m": "Likeness of two pictures: 1 equal, 0 unrelated, −1 one the negative of the "
        "other. A share (1 + m)/2 of the pixels is equal.",
        "Known and unknown": "An unknown pixel says nothing, and the memory knows that. A painted "
        "pixel is a lie: the memory takes it for the truth.",
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
        "ON and OFF units": "A pixel is a pair of neurons: ON spikes for white, OFF for black, "
        "neither for unknown.",
        "Race of the memory units": "The memory unit that spikes first silences the others. Then "
        "its picture is played back to the pixels.",
        "Decision step": "When the first memory unit spikes: the reaction time. It comes later "
        "for harder probes.",
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
        "Pixels right": "Share of pixels equal to the stored picture's. It flatters: an all-black "
        "answer has 85 % of ten MNIST digits right. So it stands beside the next two.",
        "Exact": "Share of the answers without a single wrong pixel.",
        "Best possible (Bayes bound)": "What someone reaches who knows all stored pictures and "
        "the statistics of the damage, but not which picture it was. No method is better on "
        "average; on a few probes one may be by luck.",
        "Posterior": "The probability of each stored picture given the probe. Its largest is the "
        "maximum-likelihood answer (most answers exact); its mean gives each single pixel best.",
        "Load P/N": "Stored pictures for each pixel: how full the memory is.",
        "Capacity": "The load up to which recall works. For random pictures: 0.138 N with few "
        "errors and N/(2 ln N) without any for Hebb's rule, N for the pseudo-inverse, a power of N "
        "for dense memories, 2 to the power of N/2 for the exponential one.",
    }),
    **_on("encoding hopfield", {
        "PSNR": "Peak signal-to-noise ratio of pictures in decibels: −20·log₁₀ of the root mean "
        "square error, of all answers together. 20 dB is an error of a tenth; 99 is written for "
        "none.",
        "SSIM": "Structural similarity: likeness of local mean, contrast and pattern; 1 is equal.",
    }),
}  # fmt: skip


def meaning(word: str) -> str:
    """For the help beside a word."""
    return TERMS[word].meaning


def all_terms() -> dict[str, Term]:
    """Every word in alphabetical order, those of the engine among them."""
    found = {f"{r.title} (memory)": Term(r.idea, ("hopfield",)) for r in RULES.values()}
    found |= {f"{c.title} (code)": Term(c.idea, ("encoding",)) for c in encoding.CODES.values()}
    found |= {
        f"{title} (damage)": Term(IDEAS[kind], ("hopfield",)) for kind, title in TITLES.items()
    }
    return dict(sorted((found | TERMS).items(), key=lambda item: item[0].casefold()))


def matching(wish: str, page: str | None) -> dict[str, Term]:
    """Words of a page (None: of all) that begin with `wish`, have it in them, or speak of it."""
    parts = wish.casefold().split()
    here = {w: t for w, t in all_terms().items() if page is None or page in t.pages}

    def found(where: Callable[[str, Term], str], before: str) -> dict[str, Term]:
        return {
            w: t
            for w, t in here.items()
            if all(before + part in before + where(w, t).casefold() for part in parts)
        }

    named = found(lambda w, _: w, " ") | found(lambda w, _: w, "")
    said = found(lambda w, t: f"{w} {t.meaning}", "")
    return named | said


@st.dialog("Glossary", width="medium")
def show(page: str) -> None:
    """Open it: nothing of it is sent before."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wish = st.text_input("Search", key="glossary_search", placeholder="e.g. refractory")
        here = page in ALL and st.toggle("Only this page", value=True, key="glossary_here")
    found = matching(wish, page if here else None)
    if not found:
        st.info("No such word here." + (" Try all pages." if here else ""))
    st.markdown("\n\n".join(f"**{word}**  \n{term.meaning}" for word, term in found.items()))
