"""Dense associative memories: an energy that grows steeply with the overlap, not as its square.

Each stored picture digs its own narrow valley, so many more fit than into quadratic couplings.

polynomial, raw (Krotov & Hopfield 2016, NIPS 29:1172), F(x) = max(x, 0)ⁿ, overlaps m_μ = ξ^μ·s:
    E = -(N/n) ln Σ F(m_μ/N)
polynomial, centred, with D = X - ⟨ξ⟩, overlaps m_μ = D_μ·s and M = ⟨|D_μ|²⟩:
    E = -⟨ξ⟩·s - (M/n) ln Σ F(m_μ/N)
exponential (Demircigil et al 2017, J. Stat. Phys. 168:288), F = exp:
    E = -ln Σ exp(m_μ)

Their E = -Σ F decides alike at T = 0, as the logarithm keeps the order, but at n = 30 it spans a
hundred decades; the logarithm is finite and of the order of N, and has a temperature. Where no
overlap is positive, Σ F = 0: E is then set to that of a single overlap of half a pixel, above all
others. Centring takes out what all pictures share, which otherwise drowns their
differences at low n; the mean picture returns as a bias.

The field is half the energy difference of a pixel's two values, h_i = ½ (E(s_i=-1) - E(s_i=+1)).
For raw pictures that has an exact low-rank form: flipping pixel i of a ±1 state changes every
overlap by ±2, so with the sums over μ of

    A = ½ (F(m+2) - F(m-2)),   B = F(m) - ½ (F(m+2) + F(m-2)),   h'_i = Σ ξ_i A + s_i Σ B

h' = ΣF(s_i as it is) - ΣF(s_i flipped), times s_i. For a centred memory the steps differ from pixel
to pixel: there a synchronous step takes the gradient -∂E/∂s_i, and only a sweep is exact.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.hopfield.memory import View
from snncore.hopfield.patterns import check_states
from snncore.kernels.hopfield_dense import sweep_exponential_, sweep_polynomial_

Tensor = torch.Tensor
CHUNK = 4_000_000  # overlaps looked at in one go: 16 MB each for a handful of arrays


class Dense(NamedTuple):
    """The pictures and how steep their valleys are."""

    rule: str  # "dam" or "exponential"
    x: Tensor  # [P, N] of ±1
    degree: int  # n of the polynomial; not used by the exponential
    mean: Tensor | None = None  # [N], the mean picture of a centred memory
    power: float = 0.0  # M, mean squared length of a centred picture

    @property
    def graded(self) -> bool:
        """States are ±1."""
        return False

    @property
    def pixels(self) -> int:
        """N, the numbers of a state."""
        return self.x.shape[1]

    @property
    def memory_bytes(self) -> int:
        """Size of the pictures and their mean."""
        held = (self.x, self.mean)
        return sum(part.numel() * part.element_size() for part in held if part is not None)

    def begin(self, values: Tensor, known: Tensor) -> Tensor:
        """Known values; 0, which adds nothing to any overlap, elsewhere."""
        return torch.where(known, values, torch.zeros_like(values))

    def field(self, states: Tensor) -> Tensor:
        """h [B, N]; its sign is that of the exact energy difference (raw pictures)."""
        return self.look(states).field

    def energy(self, states: Tensor) -> Tensor:
        """E [B], finite for every state."""
        return self.look(states).energy

    def look(self, states: Tensor, known: Tensor | None = None) -> View:
        """Field and energy, in chunks of states that bound the memory for overlaps."""
        chunk = max(1, CHUNK // len(self.x))
        parts = [self._look(states[i : i + chunk]) for i in range(0, len(states), chunk)]
        if len(parts) == 1:
            return parts[0]
        return View(torch.cat([p.field for p in parts]), torch.cat([p.energy for p in parts]))

    def _look(self, states: Tensor) -> View:
        overlaps = states @ self.x.T
        if self.rule == "exponential":
            return self._exponential(states, overlaps)
        if self.mean is not None:
            return self._centred(states, overlaps, self.mean)
        return self._raw(states, overlaps)

    def _raw(self, states: Tensor, m: Tensor) -> View:
        n, degree = self.x.shape[1], self.degree
        # In units of the largest overlap that a flip can reach, so that no power overflows
        unit = (m.amax(dim=1, keepdim=True) + 2.0).clamp(min=1.0)
        above = ((m + 2.0).clamp(min=0.0) / unit) ** degree
        here = (m.clamp(min=0.0) / unit) ** degree
        # Differences of nearly equal powers, by expm1 and log1p
        slope = -0.5 * above * torch.expm1(degree * torch.log1p(-_share(4.0, m + 2.0)))
        up, down = torch.log1p(2.0 / m.clamp(min=2.0)), torch.log1p(-_share(2.0, m))
        bend = -0.5 * here * (torch.expm1(degree * up) + torch.expm1(degree * down))
        bend = torch.where(m > 2.0, bend, here - 0.5 * above)
        total = here.sum(dim=1, keepdim=True)
        total = torch.where(total > 0.0, total, (0.5 / unit) ** degree)
        change = slope @ self.x + states * bend.sum(dim=1, keepdim=True)
        log_total = torch.log(total[:, 0]) + degree * torch.log(unit[:, 0] / n)
        return View(_log_field(states, change, total, n / degree), -(n / degree) * log_total)

    def _exponential(self, states: Tensor, m: Tensor) -> View:
        weights = torch.softmax(m, dim=1)
        # A = F sinh 2 and B = F (1 - cosh 2), both in units of ΣF
        change = math.sinh(2.0) * (weights @ self.x) - (math.cosh(2.0) - 1.0) * states
        return View(_log_field(states, change, 1.0, 1.0), -torch.logsumexp(m, dim=1))

    def _centred(self, states: Tensor, overlaps: Tensor, mean: Tensor) -> View:
        n, degree = self.x.shape[1], self.degree
        bias = states @ mean
        m = (overlaps - bias[:, None]).clamp(min=0.0)
        unit = m.amax(dim=1, keepdim=True)
        some = unit > 0.0
        part = m / torch.where(some, unit, 1.0)
        total = (part**degree).sum(dim=1, keepdim=True)
        slope = torch.where(some, part ** (degree - 1) / (total * unit), 0.0)
        h = mean + self.power * (slope @ self.x - slope.sum(dim=1, keepdim=True) * mean)
        log_total = torch.log(total[:, 0]) + degree * torch.log(unit[:, 0] / n)
        log_total = torch.where(some[:, 0], log_total, -degree * math.log(2.0 * n))
        return View(h, -bias - (self.power / degree) * log_total)

    def sweep(
        self,
        states: NDArray[np.float32],
        orders: NDArray[np.int32],
        noise: NDArray[np.float32] | None,
    ) -> NDArray[np.int64]:
        """One visit to every pixel, O(P) each: the exact difference of the two energies."""
        n = states.shape[1]
        columns = np.ascontiguousarray(self.x.cpu().numpy().T.astype(np.int8))  # [N, P]
        shaken = np.zeros((0, n), dtype=np.float32) if noise is None else noise
        flips = np.zeros(len(states), dtype=np.int64)
        if self.rule == "exponential":
            sweep_exponential_(orders, columns, shaken, states, flips)
            return flips
        centred = self.mean is not None
        mean = np.zeros(n, dtype=np.float32) if self.mean is None else self.mean.cpu().numpy()
        scale = (self.power if centred else float(n)) / self.degree
        sweep_polynomial_(
            orders, columns, mean.astype(np.float32), scale, self.degree, shaken, states, flips
        )
        return flips


def _share(part: float, whole: Tensor) -> Tensor:
    """part/whole, at most 1; 1 where `whole` is not positive."""
    return torch.where(whole > part, part / whole.clamp(min=part), 1.0)


def _log_field(states: Tensor, change: Tensor, total: Tensor | float, scale: float) -> Tensor:
    """h from h' = s (ΣF - ΣF of the flipped state): ½ scale ln(ΣF(s_i=1)/ΣF(s_i=-1)).

    A value that is not ±1 (unknown, or a noisy input) has no flipped state: there h is what it
    becomes for small changes, ½ scale h'/ΣF.
    """
    share = change / total
    exact = -states * torch.log1p((-states * share).clamp(-1.0 + 1e-6, 1e30))
    return 0.5 * scale * torch.where(states.abs() == 1.0, exact, share)


def dam(
    patterns: Tensor, degree: int, *, centred: bool = False, dtype: torch.dtype = torch.float32
) -> Dense:
    """The polynomial dense associative memory of ±1 patterns [P, N].

    Args:
        degree: n >= 2; 2 is close to Hebb's rule, and the valleys narrow with n.
        centred: take the mean picture out of the overlaps.
    """
    check_states(patterns)
    if degree < 2:
        raise ValueError(f"degree must be >= 2, got {degree}")
    x = patterns.to(dtype)
    if not centred:
        return Dense("dam", x, degree)
    mean = x.mean(dim=0)
    # |D_μ|² on average: what a pixel varies, summed over the pixels
    return Dense("dam", x, degree, mean, float((1.0 - mean * mean).sum()))


def exponential(patterns: Tensor, *, dtype: torch.dtype = torch.float32) -> Dense:
    """The exponential memory of ±1 patterns [P, N]: some 2^(N/2) random pictures fit."""
    check_states(patterns)
    return Dense("exponential", patterns.to(dtype), 0)
