"""Hebb and pseudo-inverse couplings in low-rank form: W = UᵀU, never built.

With P patterns of N pixels the N×N matrix W has rank at most P. All that the dynamics need is
the field h = W s - (1-D) diag(W) s = Uᵀ(U s) - (1-D) d∘s: two products with U [K, N], O(P·N) in
place of O(N²) time and memory. At N = 10,000 and P = 3 that is 240 kB instead of 800 MB.

Hopfield 1982, PNAS 79:2554 (Hebb); Personnaz, Guyon & Dreyfus 1985, J. Physique Lett. 46:359 and
Kanter & Sompolinsky 1987, PRA 35:380 (pseudo-inverse, which stores correlated patterns too).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch

from snncore.hopfield.patterns import check_states

Tensor = torch.Tensor
RANK_CUT = 1e-9  # eigenvalues of the Gram matrix below this share of the largest are duplicates
ALPHA_C = 0.138  # load at which Hebbian memory breaks down (Amit, Gutfreund & Sompolinsky 1985)


class LowRank(NamedTuple):
    """Couplings W = scale · UᵀU, of whose diagonal the share `keep` is kept."""

    u: Tensor  # float32 [K, N]
    scale: float
    diagonal: Tensor  # float32 [N], the diagonal of UᵀU
    keep: float  # D in 0..1


def hebb(patterns: Tensor) -> LowRank:
    """Hebb's rule W = (1/N) Σ ξξᵀ without self-coupling, from ±1 patterns [P, N].

    U is the patterns themselves, so overlaps and fields are whole numbers times 1/N: exact in
    float32, hence equal on every device and batch size, while P·N < 2**24.
    """
    check_states(patterns)
    count, n = patterns.shape
    u = patterns.to(torch.float32)
    return LowRank(u, 1.0 / n, torch.full((n,), float(count), device=u.device), 0.0)


def pseudo_inverse(patterns: Tensor, keep: float = 0.15) -> LowRank:
    """Projection on the span of the patterns, W = Xᵀ(XXᵀ)⁻¹X, from ±1 patterns [P, N].

    The Gram matrix G = XXᵀ = VΛVᵀ is decomposed in float64 on the CPU (whole numbers, so G is
    exact); U = Λ^(-1/2) VᵀX has orthonormal rows. Eigenvalues below RANK_CUT of the largest are
    dropped, so duplicated pictures do no harm.

    Args:
        keep: D in 0..1, the share of the self-coupling W_ii ≈ P/N that is kept. D = 1 freezes
            wrong pixels at high load; a small D corrects more of them.
    """
    check_states(patterns)
    if not (math.isfinite(keep) and 0.0 <= keep <= 1.0):
        raise ValueError(f"diagonal must be in 0..1, got {keep}")
    x = patterns.cpu().numpy().astype(np.float64)
    values, vectors = np.linalg.eigh(x @ x.T)
    good = values > RANK_CUT * values[-1]
    u = (vectors[:, good] / np.sqrt(values[good])).T @ x
    return LowRank(
        torch.from_numpy(u.astype(np.float32)).to(patterns.device),
        1.0,
        torch.from_numpy((u * u).sum(axis=0).astype(np.float32)).to(patterns.device),
        float(keep),
    )


def field(w: LowRank, states: Tensor) -> Tensor:
    """h = scale (Uᵀ(U s) - (1-D) d∘s) for states float32 [B, N]; float32 [B, N]."""
    whole = (states @ w.u.T) @ w.u
    # Before the scaling both terms are whole numbers for Hebb: their difference is exact.
    return (whole - (1.0 - w.keep) * w.diagonal * states) * w.scale


def energy(w: LowRank, states: Tensor) -> Tensor:
    """E = -½ sᵀWs (Hopfield 1982) for states float32 [B, N]; float32 [B].

    From the P overlaps: E = ½ scale ((1-D) Σ d s² - |U s|²). Asynchronous updates without
    self-coupling never raise it.
    """
    overlaps = states @ w.u.T
    own = (w.diagonal * states * states).sum(dim=1)
    return 0.5 * w.scale * ((1.0 - w.keep) * own - (overlaps * overlaps).sum(dim=1))


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
