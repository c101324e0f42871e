"""Quadratic memories in low-rank form: W = scale (Uᵀ diag(w) U - diag(own)), never built.

With P pictures of N pixels the N×N matrix of couplings has rank at most P (Storkey's 2P). All that
the dynamics need is the field h = W s + θ = scale (Uᵀ(w∘(U s)) - own∘s) + θ: two products with
U [K, N], O(P·N) in place of O(N²) time and memory. At N = 10,000 and P = 3 that is 120 kB
instead of 800 MB. The energy E = -½ sᵀW s - θ·s follows from the field: -½ s·(h + θ).

Hebb: Hopfield 1982, PNAS 79:2554. Covariance: Amit, Gutfreund & Sompolinsky 1987, PRA 35:2293;
Tsodyks & Feigel'man 1988, Europhys. Lett. 6:101. Pseudo-inverse: Personnaz, Guyon & Dreyfus 1985,
J. Physique Lett. 46:359; Kanter & Sompolinsky 1987, PRA 35:380. Storkey: see `storkey`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.hopfield.memory import View
from snncore.hopfield.patterns import check_states
from snncore.kernels.hopfield import sweep_

Tensor = torch.Tensor
RANK_CUT = 1e-9  # eigenvalues of the Gram matrix below this share of the largest are duplicates
MAX_GRAM = 3000  # side of the largest matrix whose eigenvectors are sought: some ten seconds


class LowRank(NamedTuple):
    """Symmetric couplings by their factors; all tensors of one dtype on one device."""

    rule: str
    u: Tensor  # [K, N]
    scale: float  # of couplings, not of the bias: 1/N for Hebb keeps the factors whole numbers
    own: Tensor  # [N], what is taken off the diagonal of Uᵀ diag(w) U
    weights: Tensor | None = None  # w [K]; None: all 1
    bias: Tensor | None = None  # θ [N]; None: 0
    fill: Tensor | None = None  # [N], the state of an unknown pixel; None: 0

    @property
    def graded(self) -> bool:
        """States are ±1."""
        return False

    @property
    def pixels(self) -> int:
        """N, the numbers of a state."""
        return self.u.shape[1]

    @property
    def memory_bytes(self) -> int:
        """Size of the factors, the diagonal and the bias."""
        held = (self.u, self.own, self.weights, self.bias, self.fill)
        return sum(part.numel() * part.element_size() for part in held if part is not None)

    def begin(self, values: Tensor, known: Tensor) -> Tensor:
        """Known values, and where nothing is known a state that adds nothing to any field."""
        filling = torch.zeros_like(values) if self.fill is None else self.fill.expand_as(values)
        return torch.where(known, values, filling)

    def field(self, states: Tensor) -> Tensor:
        """h = W s + θ [B, N]; at a stored picture about as large as the pixel, 1."""
        overlaps = states @ self.u.T
        if self.weights is not None:
            overlaps = overlaps * self.weights
        h = overlaps @ self.u
        # Before the scaling both terms are whole numbers for Hebb: their difference is exact.
        h = h.addcmul_(states, self.own, value=-1.0).mul_(self.scale)
        return h if self.bias is None else h.add_(self.bias)

    def look(self, states: Tensor, known: Tensor | None = None) -> View:
        """Field and energy."""
        h = self.field(states)
        energy = torch.linalg.vecdot(states, h)
        if self.bias is not None:
            energy = energy + states @ self.bias
        return View(h, -0.5 * energy)

    def energy(self, states: Tensor) -> Tensor:
        """E = -½ sᵀW s - θ·s [B] (Hopfield 1982)."""
        return self.look(states).energy

    def lyapunov(self, new: Tensor, old: Tensor, field: Tensor) -> Tensor:
        """L = -s(t)ᵀW s(t-1) - θ·(s(t) + s(t-1)) [B], from the field h = W s(t-1) + θ.

        Synchronous updates at T = 0 never raise it, whatever the diagonal (Goles-Chacc,
        Fogelman-Soulié & Pellegrin 1985; Bruck 1990, Proc. IEEE 78:1579). From a start beyond ±1
        the first value, which contains it, does not count: only s(1), s(2), ... are ±1.
        """
        value = -torch.linalg.vecdot(new, field)
        return value if self.bias is None else value - old @ self.bias

    def sweep(
        self,
        states: NDArray[np.float32],
        orders: NDArray[np.int32],
        noise: NDArray[np.float32] | None,
    ) -> NDArray[np.int64]:
        """One visit to every pixel, O(K) each: the K numbers U s are kept and amended."""
        n = states.shape[1]
        columns = np.ascontiguousarray(self.u.cpu().numpy().T, dtype=np.float32)  # [N, K]
        if self.weights is None:
            weights = np.ones(columns.shape[1], dtype=np.float32)
        else:
            weights = self.weights.cpu().numpy().astype(np.float32)
        own = self.own.cpu().numpy().astype(np.float32)
        # The kernel works before the scaling, where Hebb's numbers are whole.
        bias = np.zeros(n, dtype=np.float32)
        if self.bias is not None:
            bias = (self.bias.cpu().numpy() / self.scale).astype(np.float32)
        shaken = np.zeros((0, n), dtype=np.float32)
        if noise is not None:
            shaken = (noise / np.float32(self.scale)).astype(np.float32)
        overlaps = np.ascontiguousarray(states @ columns) * weights
        flips = np.zeros(len(states), dtype=np.int64)
        sweep_(orders, columns, weights, own, bias, shaken, states, overlaps, flips)
        return flips


def hebb(patterns: Tensor, *, dtype: torch.dtype = torch.float32) -> LowRank:
    """Hebb's rule W = (1/N) Σ ξξᵀ without self-coupling, from ±1 patterns [P, N].

    U is the patterns themselves, so overlaps and fields are whole numbers times 1/N: exact in
    float32, hence equal on every device and batch size, while P·N < 2**24.
    """
    check_states(patterns)
    count, n = patterns.shape
    u = patterns.to(dtype)
    return LowRank("hebb", u, 1.0 / n, torch.full_like(u[0], float(count)))


def covariance(patterns: Tensor, *, dtype: torch.dtype = torch.float32) -> LowRank:
    """W = Σ (ξ-a)(ξ-a)ᵀ / (N (1-a²)) without self-coupling; a is the mean of all pixels.

    Takes away what all pictures share because they are mostly black. Pictures of one colour only
    (a = ±1) leave no coupling at all: nothing is stored, and no state moves.
    """
    check_states(patterns)
    n = patterns.shape[1]
    mean = float(patterns.to(torch.int64).sum()) / patterns.numel()
    u = patterns.to(dtype) - mean
    spread = 1.0 - mean * mean
    return LowRank("covariance", u, 1.0 / (n * (spread or 1.0)), (u * u).sum(dim=0))


def covariance_pixel(patterns: Tensor, *, dtype: torch.dtype = torch.float32) -> LowRank:
    """h = ⟨ξ⟩ + c (DᵀD - diag)(s - ⟨ξ⟩), D = X - ⟨ξ⟩ the pictures less their mean picture.

    c = 1/⟨|D_μ|²⟩. The mean picture acts as bias, so pixels that are equal in all pictures are
    always right. An unknown pixel starts at its mean and so says nothing. A single picture is its
    own mean: it is recalled at once from anything.
    """
    check_states(patterns)
    x = patterns.to(dtype)
    mean = x.mean(dim=0)
    u = x - mean
    power = float((u * u).sum()) / len(x)
    own = (u * u).sum(dim=0)
    scale = 1.0 / power if power else 1.0
    bias = mean - scale * ((u @ mean) @ u - own * mean)
    return LowRank("covariance-pixel", u, scale, own, bias=bias, fill=mean)


def pseudo_inverse(
    patterns: Tensor, keep: float = 0.15, *, dtype: torch.dtype = torch.float32
) -> LowRank:
    """Projection on the span of the patterns, W = Xᵀ(XXᵀ)⁻¹X, from ±1 patterns [P, N].

    The Gram matrix G = XXᵀ = VΛVᵀ is decomposed in float64 on the CPU (whole numbers, so G is
    exact); U = Λ^(-1/2) VᵀX has orthonormal rows. Eigenvalues below RANK_CUT of the largest are
    dropped, so duplicated pictures do no harm. With more pictures than pixels XᵀX takes the place
    of G. As soon as the rank is N every state is a stored one: then W = 1 and h = D s.

    Args:
        keep: D in 0..1, the share of the self-coupling W_ii ≈ P/N that is kept. D = 1 freezes
            wrong pixels at high load; a small D corrects more of them.

    Raises:
        ValueError: patterns, D, or more than `MAX_GRAM` pictures of more than as many pixels.
    """
    check_states(patterns)
    if not (math.isfinite(keep) and 0.0 <= keep <= 1.0):
        raise ValueError(f"diagonal must be in 0..1, got {keep}")
    count, n = patterns.shape
    if min(count, n) > MAX_GRAM:
        raise ValueError(
            f"patterns must be at most {MAX_GRAM} for pseudo-inverse, got {count}: the inverse of "
            "their table of overlaps would take minutes; store fewer, or choose the rule modern"
        )
    x = patterns.cpu().numpy().astype(np.float64)  # CPU: why — G loses its small eigenvalues else
    if count <= n:
        values, vectors = np.linalg.eigh(x @ x.T)
        good = values > RANK_CUT * values[-1]
        u = (vectors[:, good] / np.sqrt(values[good])).T @ x
    else:
        values, vectors = np.linalg.eigh(x.T @ x)
        u = vectors[:, values > RANK_CUT * values[-1]].T
    diagonal = (u * u).sum(axis=0)
    own = (1.0 - keep) * diagonal
    if len(u) == n:
        # UᵀU is 1 up to rounding, whose signs would be taken for a field
        u, own = np.zeros((1, n)), np.full(n, -keep)
    device = patterns.device
    return LowRank(
        "pseudo-inverse",
        torch.from_numpy(u).to(dtype).to(device),
        1.0,
        torch.from_numpy(own).to(dtype).to(device),
    )
