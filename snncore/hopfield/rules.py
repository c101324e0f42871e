"""The rules by which a rate memory stores pictures: one set of parameters, one maker."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from snncore.hopfield.bound import matched_beta
from snncore.hopfield.dense import dam, exponential
from snncore.hopfield.low_rank import (
    RANK_CUT,
    LowRank,
    covariance,
    covariance_pixel,
    hebb,
    pseudo_inverse,
)
from snncore.hopfield.memory import Memory
from snncore.hopfield.modern import modern_memory
from snncore.hopfield.noise import NoiseParams
from snncore.hopfield.patterns import Patterns, check_states
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
ALPHA_C = 0.138  # load at which Hebbian memory breaks down (Amit, Gutfreund & Sompolinsky 1985)
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
        "Share D of the self-coupling that is kept (pseudo-inverse): 1 freezes errors.",
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


def field(w: LowRank, states: Tensor) -> Tensor:
    """`w.field(states)`."""
    return w.field(states)


def energy(w: LowRank, states: Tensor) -> Tensor:
    """`w.energy(states)`."""
    return w.energy(states)


def first_step_error(load: float, flips: float) -> float:
    """Share of wrong pixels after one Hebb step from random patterns with flipped pixels.

    P_err = ½ erfc((1 - 2q) / √(2α)), α = (P-1)/N (Hertz, Krogh & Palmer 1991, ch. 2). Pictures
    are not random patterns: their overlaps make matters worse.
    """
    if not load > 0.0:
        raise ValueError(f"load must be > 0, got {load}")
    return 0.5 * math.erfc((1.0 - 2.0 * flips) / math.sqrt(2.0 * load))


class Preflight(NamedTuple):
    """What the stored patterns alone say about recall, before any noise."""

    load: float  # P/N, to hold against ALPHA_C
    row_sum: Tensor  # float32 [P], Σ over the others of |overlap|
    guaranteed: Tensor  # bool [P], row_sum < 1 - P/N: certainly a fixed point of Hebb's rule
    stable: Tensor  # bool [P], really a fixed point of Hebb's rule
    min_hamming: int  # pixels by which the two most similar pictures differ (N if P = 1)
    rank: int  # independent pictures; fewer than P means duplicates or combinations
    min_hamming_pair: tuple[int, int]


def preflight(patterns: Tensor) -> Preflight:
    """The row-sum test and its relatives for ±1 patterns [P, N].

    In the field of pattern μ at itself, N h_i ξ_i = N (1 - P/N) + crosstalk, and the crosstalk is
    at most N Σ_{ν≠μ} |C_μν| with C = XXᵀ/N. So Σ|C| < 1 - P/N guarantees a fixed point, whatever
    the patterns; beyond it, correlated pictures can push a pixel over.
    """
    check_states(patterns)
    count, n = patterns.shape
    x = patterns.to(torch.float32)
    gram = (x @ x.T).round()
    others = gram.abs()
    others.fill_diagonal_(0.0)
    row_sum = others.sum(dim=1) / n
    signed = gram.clone()
    signed.fill_diagonal_(-float(n))
    best = int(signed.argmax())
    pair = (best // count, best % count)
    values = np.linalg.eigvalsh(gram.cpu().numpy().astype(np.float64))
    return Preflight(
        load=count / n,
        row_sum=row_sum,
        guaranteed=row_sum < 1.0 - count / n,
        # h = 0 leaves a pixel as it is, so only an opposed field makes a pattern unstable
        stable=(field(hebb(patterns), x) * x >= 0).all(dim=1),
        min_hamming=n if count == 1 else int((n - float(signed.max())) / 2),
        rank=int((values > RANK_CUT * values[-1]).sum()),
        min_hamming_pair=pair if count > 1 else (0, 0),
    )
