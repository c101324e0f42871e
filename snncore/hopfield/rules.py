"""The rules by which a rate memory stores pictures: one set of parameters, one maker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from snncore.hopfield.bound import matched_beta
from snncore.hopfield.dense import dam, exponential
from snncore.hopfield.low_rank import (
    covariance,
    covariance_pixel,
    hebb,
    pseudo_inverse,
)
from snncore.hopfield.memory import Memory
from snncore.hopfield.modern import modern_memory
from snncore.hopfield.noise import NoiseParams
from snncore.hopfield.patterns import Patterns
from snncore.hopfield.storkey import storkey
from snncore.params import Params, choice, flag, integer, number

Tensor = torch.Tensor
RATE_RULES = (
    "hebb",
    "covariance",
    "covariance-pixel",
    "storkey",
    "pseudo-inverse",
    "dam",
    "exponential",
    "modern",
)
GRADED_RULES = ("modern",)  # those that store grey and coloured pictures


@dataclass(frozen=True)
class RuleParams(Params):
    """How pictures are stored; each setting belongs to one rule, named in its help."""

    rule: str = choice(
        "modern",
        RATE_RULES,
        "How the pictures are stored, from Hebb's couplings to a softmax over all pictures.",
        label="Memory",
    )
    diagonal: float = number(
        0.15,
        0.0,
        1.0,
        "Share D of the self-coupling that is kept (pseudo-inverse): 1 keeps most errors.",
        step=0.05,
        label="Self-coupling D",
    )
    degree: int = integer(
        8, 2, 40, "Power n of the overlap in the energy (dense memory).", label="Degree n"
    )
    centred: bool = flag(
        False, "Take the mean picture out of the overlaps (dense memory).", label="Centred"
    )
    form: str = choice(
        "distance",
        ("distance", "dot"),
        "What the softmax compares: the distance to a picture, or the dot product, which "
        "prefers bright ones (modern).",
        label="Similarity",
    )
    beta: float = number(
        0.0,
        0.0,
        10_000.0,
        "Sharpness β of the softmax (modern): small blends many pictures, large picks one. 0 is "
        "matched to the damage.",
        step=0.01,
        label="β",
    )


def make_memory(
    patterns: Patterns | Tensor,
    params: RuleParams | None = None,
    noise: NoiseParams | None = None,
) -> Memory:
    """The memory of `patterns` (or plain ±1 states [P, N]) under one rule, on their device.

    Args:
        noise: the damage to which β = 0 is matched (modern).

    Raises:
        ValueError: grey or coloured pictures and a rule of ±1 states; β = 0 without `noise`;
            or more pictures than the rule can learn in reasonable time.
    """
    p = params or RuleParams()
    mode = patterns.mode if isinstance(patterns, Patterns) else "binary"
    states = patterns.states if isinstance(patterns, Patterns) else patterns
    if mode != "binary" and p.rule not in GRADED_RULES:
        raise ValueError(
            f"rule must be {' or '.join(GRADED_RULES)} for {mode} pictures, got {p.rule}: its "
            "states are black or white; make the pictures binary, or choose another rule"
        )
    if p.rule == "modern":
        if not p.beta and noise is None:
            raise ValueError("beta must be > 0 where no damage is named to match it to, got 0")
        beta = p.beta or matched_beta(noise or NoiseParams(), mode)
        return modern_memory(states, beta, form=p.form)
    if p.rule == "dam":
        return dam(states, p.degree, centred=p.centred)
    if p.rule == "pseudo-inverse":
        return pseudo_inverse(states, p.diagonal)
    makers: dict[str, Callable[[Tensor], Memory]] = {
        "hebb": hebb,
        "covariance": covariance,
        "covariance-pixel": covariance_pixel,
        "storkey": storkey,
        "exponential": exponential,
    }
    return makers[p.rule](states)
