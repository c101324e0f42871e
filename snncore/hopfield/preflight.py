"""Lights before the start: what the stored pictures alone say about their recall.

Everything follows from the Gram matrix G = XXᵀ, made in blocks, never whole. In the field of
Hebb's rule at a stored pattern, h_i ξ_i = (1 - P/N) + crosstalk, and the crosstalk is at most
Σ_{ν≠μ} |C_μν| with C = G/N: a row sum below 1 - P/N makes the pattern a fixed point, whatever it
looks like. Other rules fear other things: the pseudo-inverse pictures that depend on each other,
the modern and the spiking memory only pictures that the noise makes equal.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from snncore.hopfield.lights import (
    Light,
    capacity_lights,
    hebb_lights,
    nearness_lights,
    rank_lights,
)
from snncore.hopfield.noise import NoiseParams
from snncore.hopfield.patterns import Patterns, check_states

Tensor = torch.Tensor

BLOCK = 1024  # rows of the Gram matrix at a time: 40 MB at P = 10,000
RANK_CUT = 1e-9  # eigenvalues below this share of the largest count as 0
MOST_RANK = 2048  # a larger Gram matrix is not decomposed: it would take seconds
MOST_STABLE = 2e10  # P²N beyond which Hebb's fields at all patterns are not computed
NEAR = 0.01  # share of the pixels: pictures that differ in fewer are called nearly equal


class Preflight(NamedTuple):
    """What the stored patterns alone say; None where it makes no sense, or costs too much."""

    load: float  # P/N
    row_sum: Tensor | None  # float32 [P], Σ over the others of |overlap|
    guaranteed: Tensor | None  # bool [P], row_sum < 1 - P/N: certainly a fixed point of Hebb's rule
    stable: Tensor | None  # bool [P], really a fixed point of Hebb's rule
    min_hamming: int  # pixels by which the two most similar pictures differ (N if P = 1); grey: -1
    rank: int | None  # independent pictures; fewer than P means duplicates or combinations
    min_hamming_pair: tuple[int, int]  # the two most similar pictures, also for grey
    duplicates: int  # pictures that equal an earlier one
    near: int  # pictures within 1 % of the pixels of an earlier one, the duplicates among them
    distance: float  # of that pair: pixels, or the root mean square difference of grey values
    lights: tuple[Light, ...]
    note: str  # what was left out, and why; "" if nothing

    @property
    def colour(self) -> str:
        """The worst colour among the lights that matter."""
        shown = [light.colour for light in self.lights if light.matters]
        return next((c for c in ("red", "amber") if c in shown), "green")


class _Gram(NamedTuple):
    """What one pass over the Gram matrix tells."""

    row_sum: Tensor  # [P] Σ |x·y| over the others
    squared: float  # |x - y|² of the nearest pair
    pair: tuple[int, int]
    duplicates: int
    near: int


def _gram(x: Tensor, same: float, near: float) -> _Gram:
    """One pass; pictures within `same` and `near` (squared distances) of an earlier one counted.

    Block by block through the upper half; |x|² - 2x·y is all of |x - y|² that depends on x.
    """
    count = len(x)
    square = (x * x).sum(dim=1)
    row_sum = torch.zeros(count, device=x.device)
    best, pair = math.inf, (0, 0)
    equal = torch.zeros(count, dtype=torch.bool, device=x.device)
    close = torch.zeros_like(equal)
    for row in range(0, count, BLOCK):
        for column in range(row, count, BLOCK):
            dot = x[row : row + BLOCK] @ x[column : column + BLOCK].T
            squared = square[row : row + BLOCK, None] - 2.0 * dot
            if row == column:
                squared.masked_fill_(torch.ones_like(dot, dtype=torch.bool).tril(), torch.inf)
                dot.fill_diagonal_(0.0)
            else:
                row_sum[column : column + BLOCK] += dot.abs().sum(dim=0)
            row_sum[row : row + BLOCK] += dot.abs().sum(dim=1)
            least = squared.amin(dim=0) + square[column : column + BLOCK]
            equal[column : column + BLOCK] |= least <= same
            close[column : column + BLOCK] |= least <= near
            at = int(least.argmin())
            if float(least[at]) < best:
                best, pair = float(least[at]), (row + int(squared[:, at].argmin()), column + at)
    return _Gram(row_sum, max(best, 0.0), pair, int(equal.sum()), int(close.sum()))


def _rank(x: Tensor) -> int | None:
    """Rank of [P, N] by the smaller of its two Gram matrices; None if that is too large."""
    smaller = x if len(x) <= x.shape[1] else x.T
    if len(smaller) > MOST_RANK:
        return None
    rows = smaller.cpu().numpy().astype("float64")  # CPU: an eigenvalue of 1e-9 needs the digits
    values = torch.linalg.eigvalsh(torch.from_numpy(rows @ rows.T))
    return int((values > RANK_CUT * values[-1]).sum())


def _stable(x: Tensor) -> Tensor:
    """bool [P]: no pixel of the pattern is opposed by Hebb's field (h = 0 leaves it as it is)."""
    count = len(x)
    found = torch.empty(count, dtype=torch.bool, device=x.device)
    for row in range(0, count, BLOCK):
        part = x[row : row + BLOCK]
        # Whole numbers below 2**24, as long as P·N is: no rounding can turn a 0 into an opposition.
        whole = (part @ x.T) @ x - count * part
        found[row : row + BLOCK] = (whole * part >= 0).all(dim=1)
    return found


def preflight(
    patterns: Patterns | Tensor,
    rule: str = "hebb",
    *,
    noise: NoiseParams | None = None,
    degree: int = 3,
) -> Preflight:
    """The lights for P stored patterns and one rule.

    Args:
        patterns: binary ±1 (a tensor [P, N] is taken as such), grey or colour.
        rule: says which lights matter; any name of the registry of rules.
        noise: what the nearest pair is judged by; 30 % flips (grey: Gaussian σ = 0.3) if None.
        degree: of the polynomial of the dense associative memory.

    Raises:
        ValueError: no patterns, or binary ones that are not ±1.
    """
    states, mode = patterns if isinstance(patterns, torch.Tensor) else patterns.states, "binary"
    if isinstance(patterns, Patterns):
        mode = patterns.mode
    if mode == "binary":
        check_states(states)
    elif states.ndim != 2 or 0 in states.shape:
        raise ValueError(f"patterns must be [P, N] and not empty, got {tuple(states.shape)}")
    count, n = states.shape
    x = states.to(torch.float32)
    if mode != "binary":
        x = x - x.mean(dim=0)  # distances stay, and small ones keep their digits
        # A millionth of the squared distance between black and white: below the rounding
        gram = _gram(x, 1e-6 * n, NEAR * n)
        distance = math.sqrt(gram.squared / n) if count > 1 else math.inf
        hamming = -1
        row_sum = stable = rank = None
        note = ""
    else:
        gram = _gram(x, 0.0, 4.0 * NEAR * n)
        hamming = n if count == 1 else round(gram.squared / 4.0)
        distance = float(hamming)
        row_sum = gram.row_sum / n
        stable = _stable(x) if count * count * n <= MOST_STABLE else None
        rank = _rank(x)
        note = _left_out(count, n, stable is None, rank is None)
    lights: list[Light] = []
    if row_sum is not None:
        lights += capacity_lights(count, n, rule, degree)
        lights += hebb_lights(count, n, rule, row_sum, stable)
        lights += rank_lights(count, rule, rank)
    if count > 1:
        lights += nearness_lights(
            gram.squared, gram.pair, gram.duplicates, gram.near, mode=mode, n=n, noise=noise
        )
    return Preflight(
        load=count / n,
        row_sum=row_sum,
        guaranteed=None if row_sum is None else row_sum < 1.0 - count / n,
        stable=stable,
        min_hamming=hamming,
        rank=rank,
        min_hamming_pair=gram.pair,
        duplicates=gram.duplicates,
        near=gram.near,
        distance=distance,
        lights=tuple(lights),
        note=note,
    )


def _left_out(count: int, n: int, no_stable: bool, no_rank: bool) -> str:
    parts = []
    if no_stable:
        parts.append("Hebb's fields at the stored pictures")
    if no_rank:
        parts.append("the rank")
    if not parts:
        return ""
    return f"Not computed for {count:,} pictures of {n:,} pixels, as it takes too long: " + (
        " and ".join(parts) + "."
    )
