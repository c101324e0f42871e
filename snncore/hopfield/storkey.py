"""Storkey's learning rule in an exact low-rank form.

Storkey 1997 (ICANN, LNCS 1327:451) adds picture x to the couplings by

    Δw_ij = (x_i x_j - x_i h_ji - h_ij x_j) / N,    h_ij = Σ_{k≠i,j} w_ik x_k    (i ≠ j)

With h = W x and a zero diagonal, h_ij = h_i - w_ij x_j, so Δw_ij = (x_i x_j - x_i h_j - h_i x_j +
2 w_ij)/N: the last term only rescales what is there. Hence, off the diagonal and with g = 1 + 2/N,

    W = Σ_k g^(P-k)/N [x_k x_kᵀ - x_k h_kᵀ - h_k x_kᵀ],    h_k = W_(k-1) x_k

which has rank ≤ 2P. With v = x/2 - h each bracket is x vᵀ + v xᵀ = ½[(x+v)(x+v)ᵀ - (x-v)(x-v)ᵀ],
so that two rows a picture, one with a negative weight, hold it. Setup costs O(P²N) where the matrix
costs O(PN²).

Beyond its capacity, N/√(2 ln N) pictures (measured by Storkey & Valabregue 1999, Neural Networks
12:869), h corrects what it has no room for, and W grows without end: of fair pictures 1e4-fold at
P = 10 N, 1e8-fold at 20 N. What float32 can then no longer tell apart is refused.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.hopfield.low_rank import LowRank
from snncore.hopfield.patterns import check_states

Tensor = torch.Tensor
MAX_WORK = 1e10  # P²N: about a quarter of a minute
LOST = 0.1  # share of a field that rounding may make up; 0.02 was measured at P = 10 N
CHECKED = 16  # of the last pictures, whose fields are compared


def storkey(patterns: Tensor, *, dtype: torch.dtype = torch.float32) -> LowRank:
    """The couplings after the ±1 patterns [P, N] were learnt one after the other.

    A picture that was learnt before is passed over: its h is itself, so Δw = -x xᵀ/N would take it
    away again.

    Raises:
        ValueError: patterns, so many that P²N exceeds `MAX_WORK`, or so far beyond capacity that
            the couplings outgrow `dtype`.
    """
    check_states(patterns)
    count, n = patterns.shape
    if count * count * n > MAX_WORK:
        raise ValueError(
            f"patterns must be at most {int((MAX_WORK / n) ** 0.5)} of {n} pixels for storkey, "
            f"got {count}: each is learnt through all before it; store fewer, or choose the rule "
            "modern"
        )
    x = patterns.cpu().numpy().astype(np.float64)  # CPU: why — each step builds on all before it
    x = x[np.sort(np.unique(x, axis=0, return_index=True)[1])]
    count = len(x)
    growth = 1.0 + 2.0 / n
    largest = (1e3 / torch.finfo(dtype).eps) ** 2  # of v²/n: nothing of x is left in x ± v
    rows = np.empty((2 * count, n))
    weights = np.empty(2 * count)
    diagonal = np.zeros(n)  # of what the rows sum to; W itself has none
    for k in range(count):
        held = slice(0, 2 * k)
        overlaps = weights[held] * (rows[held] @ x[k])
        h = overlaps @ rows[held] - diagonal * x[k]
        v = 0.5 * x[k] - h
        if v @ v / n > largest:
            raise _too_many(len(patterns), n)
        # Rows of equal length: x shrinks by what v grows, so that neither drowns the other
        balance = max((v @ v / n) ** 0.25, 1e-6)
        rows[2 * k] = balance * x[k] + v / balance
        rows[2 * k + 1] = balance * x[k] - v / balance
        weights[held] *= growth
        weights[2 * k], weights[2 * k + 1] = 0.5 / n, -0.5 / n
        diagonal = growth * diagonal + 2.0 * x[k] * v / n
    device = patterns.device
    memory = LowRank(
        "storkey",
        torch.from_numpy(rows).to(dtype).to(device),
        1.0,
        torch.from_numpy(diagonal).to(dtype).to(device),
        torch.from_numpy(weights).to(dtype).to(device),
    )
    last = x[-CHECKED:]
    exact = (weights * (last @ rows.T)) @ rows - diagonal * last
    if not _agree(memory, last, exact):
        raise _too_many(len(patterns), n)
    return memory


def _agree(memory: LowRank, states: NDArray[np.float64], exact: NDArray[np.float64]) -> bool:
    """Whether the fields of ±1 states [B, N] are the exact ones [B, N] but for `LOST`."""
    found = memory.field(torch.from_numpy(states).to(memory.u)).cpu().numpy()
    return bool(np.abs(found - exact).max() <= LOST * np.abs(exact).max())  # not if NaN


def _too_many(count: int, n: int) -> ValueError:
    holds = max(1, int(n / math.sqrt(2.0 * math.log(max(n, 2)))))
    return ValueError(
        f"patterns must be about {holds} of {n} pixels at most for storkey, its capacity, got "
        f"{count}: so far beyond it the couplings outgrow their numbers; store fewer, or choose "
        "the rule modern"
    )
