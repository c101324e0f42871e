"""What the chosen memory computes, with this run's numbers, and what the best answer rests on."""

from __future__ import annotations

import streamlit as st

from pages.components.hopfield_bench import RecallBench
from pages.components.hopfield_equation_rows import TOLD
from pages.components.text import plain
from snncore.hopfield import bayes_beta, matched_beta
from snncore.recall_lab import RULES

# What a memory is good for, and what it is bad for, in a sentence each.
GOOD_BAD = {
    "hebb": (
        "A few unlike pictures: four photographs come back without an error.",
        "Pictures that are alike: ten digits share their background, and the state falls into "
        "their mixture.",
    ),
    "covariance": (
        "Random sparse patterns, all with the same share of white.",
        "Real pictures, which are white in some places more often than in others.",
    ),
    "covariance-pixel": (
        "Few pictures with a common background, which the bias always gets right.",
        "More than a handful: the differences that are left still mix.",
    ),
    "storkey": (
        "Random patterns: about twice as many as Hebb's rule holds, learnt one by one.",
        "Pictures that are alike: each later one takes away part of the earlier ones.",
    ),
    "pseudo-inverse": (
        "Pictures that are alike: every one is stable as long as none is a combination of others.",
        "Many pictures: towards P = N all are still stable, but no wrong pixel is corrected.",
    ),
    "dam": (
        "Many pictures: a high power makes the most similar one outweigh all others.",
        "A low power and pictures that are alike, unless the mean picture is taken out.",
    ),
    "exponential": (
        "Any number of pictures: the most similar one decides alone.",
        "Doubt: between two pictures that are nearly as likely it takes one, as if it were sure.",
    ),
    "modern": (
        "Everything here: with β matched to the damage, one step is the best that exists.",
        "A β far too small, which blends pictures; on grey ones the dot product, which prefers "
        "bright pictures, and many inverted or replaced pixels, which are far off by distance.",
    ),
    "spiking": (
        "The same as the softmax memory, with spikes: a race that takes longer for harder input.",
        "Very short times, in which chance decides; and grey pictures with many inverted or "
        "replaced pixels: the race goes by distance, which suits Gaussian noise.",
    ),
    "spiking-attractor": (
        "Showing that a picture lives on in the spikes after the input is gone.",
        "Many pictures, as the pseudo-inverse that couples it.",
    ),
    "seed-sync": (
        "Three unlike photographs, whatever the noise.",
        "Pictures that are alike; and a matrix of N × N numbers for three pictures.",
    ),
    "seed-lif": (
        "A comparison: what a rate code without feedback can do.",
        "Nearly everything: on most sets the answer is worse than the noisy input.",
    ),
}


def equations_panel(bench: RecallBench) -> None:
    """The memory's equations, its strengths and limits, its energy, and how the bound knows."""
    told = TOLD[bench.rule](bench)
    for formula in told.formulas:
        st.latex(formula)
    st.markdown(told.words)
    good, bad = GOOD_BAD[bench.rule]
    st.markdown(
        f":material/thumb_up: **Good for.** {good}  \n:material/thumb_down: **Bad for.** {bad}"
    )
    energy = _energy_words(bench)
    if energy:
        st.markdown(energy)
    st.markdown(_bound_words(bench))
    st.caption(f"Source: {RULES[bench.rule].reference}.")


def _energy_words(bench: RecallBench) -> str:
    """What this run's energy did; empty for memories without one."""
    p, r = bench.ask.recall, bench.answer.result
    if not len(r.energy):
        return ""
    first, last = float(r.energy[0, bench.which]), float(r.energy[-1, bench.which])
    words = f"**Energy** of this input: {first:,.1f} at the start, {last:,.1f} at the end. "
    if p.temperature:
        return words + f"At T = {p.temperature:g} it may rise: pixels err on purpose."
    if bench.rule == "modern":
        return words + "The softmax update never raises it (Ramsauer et al. 2020)."
    # The theorems are about pixels within -1..1, where noise may begin outside.
    outside = float(bench.answer.probes.values[bench.which].abs().max()) > 1.0
    since = " from the first update on (this start has pixels beyond ±1)" if outside else ""
    if p.update == "async":
        return words + f"One pixel after the other, it never rises{since} (Hopfield 1982)."
    if p.update == "sync" and len(r.lyapunov):
        return words + (
            "With all pixels at once it may rise; what never rises then is −s(t)ᵀW s(t−1), so the "
            "state ends in a fixed point or a cycle of two (Goles-Chacc et al. 1985)."
            + (f" That holds{since}." if since else "")
        )
    return words + "Only one pixel after the other it never rises; several at once may raise it."


def _bound_words(bench: RecallBench) -> str:
    """Bayes' identity for this damage: how the best possible answer knows."""
    noise, drawing = bench.ask.noise, bench.ask.drawing is not None
    if drawing:
        how = "your drawing is taken as undamaged, and the stored picture most like it counts"
    elif noise.kind in ("flip", "reassign", "salt_pepper") and bench.mode == "binary":
        q = noise.strength if noise.kind == "flip" else noise.strength / 2
        how = (
            f"with a share q = {q:g} of wrong pixels, the probability of each stored picture is "
            f"exactly softmax(β X S) with β = ½ ln((1−q)/q) = {bayes_beta(q):.4f}. So one step of "
            "the softmax memory with this β, then the sign, restores the most pixels that anyone "
            "can, and the largest probability the most pictures"
        )
    elif noise.kind == "gaussian":
        how = (
            "the probability of each stored picture is exactly softmax((X S − ½|x|²)/σ²), 1/σ² = "
            f"{matched_beta(noise, bench.mode):.4g}: the nearest picture is the likeliest"
        )
    elif noise.kind in ("erase", "crop"):
        how = "only stored pictures that agree with every known pixel are possible"
    elif noise.kind == "occlude":
        how = "it knows which part was painted and leaves it out; the memory does not know"
    elif noise.kind in ("blur", "shift"):
        how = "it damages every stored picture in the same way and compares"
    else:
        how = "the probability of each stored picture follows from the statistics of the damage"
    return f"**How the best possible answer knows:** {how}.{_certainty(bench)}"


def _certainty(bench: RecallBench) -> str:
    bound = bench.answer.result.bound
    if not bound.posterior.shape[1]:
        return ""
    posterior = bound.posterior[bench.which]
    picture = int(posterior.argmax())
    name = plain(bench.names[picture])
    return f" For this input it is {float(posterior[picture]):.1%} sure of **{name}**."
