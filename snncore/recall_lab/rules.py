"""The one list of memories: page, command line, comparison and tests read what they are from here.

Three families. rate: couplings or softmax weights between ±1 (or graded) units, one update after
the other. spiking: leaky integrate-and-fire cells. seed: the two well-known example programs that
this project grew from, done as they do it, for comparison.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

BINARY, ALL = ("binary",), ("binary", "grey", "rgb")
UPDATES = ("update", "steps", "temperature", "block")


class Rule(NamedTuple):
    """What is known of one memory before it is built."""

    name: str
    title: str
    family: Literal["rate", "spiking", "seed"]
    modes: tuple[str, ...]  # kinds of pictures that it can store
    idea: str  # one sentence
    reference: str
    settings: tuple[str, ...]  # fields of RecallParams that change its answers
    own: Literal["", "spiking", "attractor"] = ""  # further settings: SpikingParams, …
    steps: int = 20  # updates at most, where none are asked for; of spiking memories their own time


_RULES = (
    Rule(
        "hebb",
        "Hebb",
        "rate",
        BINARY,
        "Pixels that are bright together in a stored picture are coupled.",
        "Hopfield 1982, PNAS 79:2554",
        UPDATES,
    ),
    Rule(
        "covariance",
        "Covariance, one mean",
        "rate",
        BINARY,
        "Hebb's rule after the mean brightness of all pictures has been taken away.",
        "Amit, Gutfreund & Sompolinsky 1987, PRA 35:2293; Tsodyks & Feigel'man 1988, "
        "Europhys. Lett. 6:101",
        UPDATES,
    ),
    Rule(
        "covariance-pixel",
        "Covariance, mean picture",
        "rate",
        BINARY,
        "Hebb's rule on what each picture has beyond the mean picture, which becomes a bias.",
        "Amit, Gutfreund & Sompolinsky 1987, PRA 35:2293",
        UPDATES,
    ),
    Rule(
        "storkey",
        "Storkey",
        "rate",
        BINARY,
        "Pictures are learnt one after the other, each correcting the field of those before it.",
        "Storkey 1997, ICANN, LNCS 1327:451; Storkey & Valabregue 1999, Neural Networks 12:869",
        UPDATES,
    ),
    Rule(
        "pseudo-inverse",
        "Pseudo-inverse",
        "rate",
        BINARY,
        "A projection on the stored pictures: overlaps between them are undone exactly.",
        "Personnaz, Guyon & Dreyfus 1985, J. Physique Lett. 46:359; Kanter & Sompolinsky 1987, "
        "PRA 35:380",
        ("diagonal", *UPDATES),
    ),
    Rule(
        "dam",
        "Dense associative memory",
        "rate",
        BINARY,
        "Overlaps are raised to a power, so that the most similar picture outweighs the others.",
        "Krotov & Hopfield 2016, NeurIPS, arXiv 1606.01164",
        ("degree", "centred", *UPDATES),
    ),
    Rule(
        "exponential",
        "Exponential memory",
        "rate",
        BINARY,
        "The limit of ever higher powers: pictures are weighed by the exponential of the overlap.",
        "Demircigil, Heusel, Löwe, Upgang & Vermet 2017, J. Stat. Phys. 168:288",
        UPDATES,
    ),
    Rule(
        "modern",
        "Modern (softmax)",
        "rate",
        ALL,
        "The mean of the stored pictures, weighed by a softmax of how well each fits: with β "
        "matched to the noise, one step is the best possible answer.",
        "Ramsauer et al. 2020, Hopfield Networks is All You Need, arXiv 2008.02217",
        ("form", "beta", "steps"),
        steps=1,
    ),
    Rule(
        "spiking",
        "Spiking, dense",
        "spiking",
        ALL,
        "Spiking memory units, one for each picture, gather evidence and race to the first spike.",
        "Krotov & Hopfield 2021, arXiv 2008.06996; Wang 2002, Neuron 36:955",
        (),
        own="spiking",
    ),
    Rule(
        "spiking-attractor",
        "Spiking, recurrent",
        "spiking",
        BINARY,
        "Spiking pixels coupled to each other keep a picture alive after the input has gone.",
        "Gerstner & van Hemmen 1992, Network 3:139",
        (),
        own="attractor",
    ),
    Rule(
        "seed-sync",
        "Example program: one Hebb step",
        "seed",
        BINARY,
        "All outer products in one N×N matrix and a single synchronous step (here without the "
        "matrix, same answer).",
        "The widespread three-pictures demonstration of Hopfield's 1982 network",
        (),
        steps=1,
    ),
    Rule(
        "seed-lif",
        "Example program: LIF in name",
        "seed",
        BINARY,
        "One covariance step from a membrane that only repeats the input: no spike is fed back.",
        "Algorithm of a public notebook, re-implemented from its description",
        (),
        steps=1,
    ),
)
RULES: dict[str, Rule] = {rule.name: rule for rule in _RULES}


_GRADED_LIMIT = (
    "In grey and colour this memory goes by distance, which suits Gaussian noise. A pixel that is "
    "inverted or replaced is far off, so with many of them it takes a wrong picture where the best "
    "possible answer, which counts the pixels that agree, still finds the right one."
)


def limit(rule: str, mode: str, kind: str) -> str:
    """What `rule` is not made for in such pictures and damage, in words; empty for no limit."""
    by_distance = mode != "binary" and mode in RULES[rule].modes
    return _GRADED_LIMIT if by_distance and kind in ("flip", "reassign", "salt_pepper") else ""


def rules_for(mode: str) -> tuple[str, ...]:
    """Names of the memories that can store pictures of `mode`, in the order of the list."""
    return tuple(rule.name for rule in _RULES if mode in rule.modes)


def check_mode(rule: str, mode: str) -> None:
    """Raises ValueError where `rule` cannot store pictures of `mode`, with the cure."""
    if mode not in RULES[rule].modes:
        raise ValueError(
            f"rule {rule} stores black and white pictures only, got mode {mode}; "
            f"use mode binary, or one of the rules {', '.join(rules_for(mode))}"
        )
