"""The modern Hopfield network: recall by softmax attention over the stored pictures.

dot (Ramsauer et al 2020, "Hopfield Networks is All You Need"), for pictures of equal length:
    S ← Xᵀ softmax(β X S),                 E = -lse(β, X S)/β + ½|S|² + ln(P)/β + ½ max|x|²
distance (Millidge et al 2022, "Universal Hopfield Networks"), for any pictures:
    S ← Xᵀ softmax(β (X S - ½|x|²)),       E = -(1/β) ln (1/P) Σ exp(-½ β |x_μ - S|²) >= 0

Both are the same for ±1 pictures, whose |x|² are equal. For grey ones the dot product would
retrieve the brightest. With β matched to the noise (½ ln((1-q)/q) for flips, 1/σ² for Gaussian
noise) the softmax is the posterior over the stored pictures, so that one step is Bayes-optimal
(`bound`); with a small β it answers with the mean of many pictures. Unknown pixels of an input are
left out of both products; from the first step on all pixels are known. For β >= 0 E never rises
from there; β = 0, to which half of the pixels flipped is matched, is the limit in which lse(...)/β
is a mean, and the answer the mean picture. β < 0, for more flips than that, answers with the
opposite of what is seen.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.hopfield.memory import View

Tensor = torch.Tensor
CHUNK = 4_000_000  # overlaps looked at in one go


class Modern(NamedTuple):
    """The pictures and the sharpness of the choice between them."""

    rule: str
    x: Tensor  # float32 [P, N], ±1 or 0..1
    beta: float  # finite; <= 0 where the input says nothing, or the opposite
    distance: bool
    power: Tensor  # [P], |x|²

    @property
    def graded(self) -> bool:
        """States are real numbers: mixtures of the pictures."""
        return True

    @property
    def pixels(self) -> int:
        """N, the numbers of a state."""
        return self.x.shape[1]

    @property
    def memory_bytes(self) -> int:
        """Size of the pictures and their lengths."""
        return sum(part.numel() * part.element_size() for part in (self.x, self.power))

    def begin(self, values: Tensor, known: Tensor) -> Tensor:
        """The values as they are: what is unknown is left out of the first look."""
        return values

    def field(self, states: Tensor) -> Tensor:
        """Xᵀ softmax(…) [B, N], the next states."""
        return self.look(states).field

    def energy(self, states: Tensor) -> Tensor:
        """E [B]: half the work of a look."""
        parts = torch.split(states, max(1, CHUNK // len(self.x)))
        return torch.cat([self._energy(part, self.logits(part)) for part in parts])

    def _energy(self, states: Tensor, logits: Tensor, known: Tensor | None = None) -> Tensor:
        states = states if known is None else states * known
        if self.beta:
            lse = torch.logsumexp(logits, dim=1) - math.log(len(self.x))
            free = lse / self.beta
        else:
            free = self._likeness(states, known).mean(dim=1)
        energy = 0.5 * torch.linalg.vecdot(states, states) - free
        return energy if self.distance else energy + 0.5 * self.power.max()

    def logits(self, states: Tensor, known: Tensor | None = None) -> Tensor:
        """β (X S) or β (X S - ½|x|²) [B, P], over the known pixels only."""
        return self.beta * self._likeness(states, known)

    def _likeness(self, states: Tensor, known: Tensor | None) -> Tensor:
        seen = states if known is None else states * known
        dots = seen @ self.x.T
        if self.distance and known is None:
            dots = dots - 0.5 * self.power
        elif self.distance and known is not None:
            dots = dots - 0.5 * (known.to(self.x.dtype) @ (self.x * self.x).T)
        return dots

    def look(self, states: Tensor, known: Tensor | None = None) -> View:
        """Next states and energy of these, in chunks that bound the memory for overlaps."""
        chunk = max(1, CHUNK // len(self.x))
        if known is not None and bool(known.all()):
            known = None
        fields, energies = [], []
        for i in range(0, len(states), chunk):
            part = states[i : i + chunk]
            where = None if known is None else known[i : i + chunk]
            logits = self.logits(part, where)
            fields.append(torch.softmax(logits, dim=1) @ self.x)
            energies.append(self._energy(part, logits, where))
        return View(torch.cat(fields), torch.cat(energies))

    def sweep(
        self,
        states: NDArray[np.float32],
        orders: NDArray[np.int32],
        noise: NDArray[np.float32] | None,
    ) -> NDArray[np.int64]:
        """Refused: the state is a mixture of pictures, which all pixels take at once."""
        raise ValueError("update must be sync or block for modern, got async")


def modern_memory(
    patterns: Tensor, beta: float, *, form: str = "distance", dtype: torch.dtype = torch.float32
) -> Modern:
    """The softmax memory of pictures [P, N], binary (±1) or graded (0..1).

    Args:
        beta: inverse temperature; about 1/N is an average of nearly everything, 1 a hard choice, 0
            the mean picture, and < 0 the opposite of what is seen.
        form: "distance" or "dot".
    """
    if patterns.ndim != 2 or 0 in patterns.shape:
        raise ValueError(f"patterns must be [P, N] and not empty, got {tuple(patterns.shape)}")
    if not math.isfinite(beta):
        raise ValueError(f"beta must be finite, got {beta}")
    if form not in ("distance", "dot"):
        raise ValueError(f"form must be one of distance, dot, got {form!r}")
    x = patterns.to(dtype)
    return Modern("modern", x, float(beta), form == "distance", (x * x).sum(dim=1))
