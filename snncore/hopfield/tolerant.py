"""The best grey levels where a level counts as right within a tolerance.

The mean of the posterior makes the least squared error. The most pixels within ±τ of the truth
make another answer: of each pixel the value v with the most posterior within τ of it,

    v_i = argmax_v Σ_μ p(μ | probe) [|x_i^μ - v| ≤ τ].

The best window v-τ..v+τ can be moved up until a stored level is its lower end. So the levels of a
pixel are sorted, and the windows that begin at each of them are compared: O(K) for each probe and
pixel, once the K pictures are sorted. Of the equally good v the nearest to the mean is taken.

Pictures of less than 1e-4/P, together less than 1e-4, are left out. Where more than `MOST` are left
for a part of the probes, the likeliest `MOST` count: a pixel's chance of being right is then less
than the best by at most the probability left out.
"""

from __future__ import annotations

import numpy as np
import torch

from snncore.kernels import kernel_threads
from snncore.kernels.window import heaviest_window

Tensor = torch.Tensor
MOST = 500
_LEFT_OUT = 1e-4  # of the probability, at most
_PART = 64  # probes at a time: those of one part share the sorted levels
_AT_A_TIME = 1 << 24  # numbers in a temporary tensor, 64 MB
_ROUNDING = 1e-6  # by which windows are narrower than 2τ, so that both ends are within τ


def most_within(posterior: Tensor, states: Tensor, mean: Tensor, tolerance: float) -> Tensor:
    """The levels of which most are within `tolerance` of the true ones; float32 [B, N].

    Args:
        posterior: float32 [B, P].
        states: float32 [P, N] in 0..1, the stored pictures.
        mean: float32 [B, N], posterior @ states.
        tolerance: τ > 0.
    """
    if not tolerance > 0.0:
        raise ValueError(f"tolerance must be > 0, got {tolerance}")
    found = torch.empty_like(mean)
    for first in range(0, len(mean), _PART):
        rows = slice(first, first + _PART)
        weights = posterior[rows]
        weights = weights.masked_fill(weights <= _LEFT_OUT / len(states), 0.0)
        heaviest = weights.amax(dim=0)
        likely = heaviest.nonzero().flatten()
        if len(likely) > MOST:
            likely = heaviest.topk(MOST).indices
        part = _on_cpu if mean.device.type == "cpu" else windows
        found[rows] = part(states[likely], weights[:, likely], mean[rows], tolerance)
    return found


def _on_cpu(states: Tensor, weights: Tensor, mean: Tensor, tolerance: float) -> Tensor:
    """The same as `windows`, in one go."""
    found = np.empty(mean.shape, dtype=np.float32)
    width, half = np.float32(2.0 * tolerance - _ROUNDING), np.float32(tolerance)
    with kernel_threads():
        heaviest_window(
            states.T.contiguous().numpy(),
            weights.contiguous().numpy(),
            mean.contiguous().numpy(),
            width,
            half - np.float32(0.25 * _ROUNDING),
            found,
        )
    return torch.from_numpy(found)


def windows(states: Tensor, weights: Tensor, mean: Tensor, tolerance: float) -> Tensor:
    """The answers [B, N] by K pictures [K, N] of weights [B, K], on any device."""
    width, half = 2.0 * tolerance - _ROUNDING, tolerance - 0.25 * _ROUNDING
    rising, order = states.T.contiguous().sort(dim=1)  # [N, K]
    last = torch.searchsorted(rising, rising + width, right=True) - 1
    found = torch.empty_like(mean)
    step = max(1, _AT_A_TIME // states.numel())
    for first in range(0, len(mean), step):
        rows = slice(first, first + step)
        sorted_weights = weights[rows][:, order]  # [b, N, K]
        sums = sorted_weights.cumsum(dim=2)
        counts = sorted_weights > 0.0
        mass = sums.gather(2, last.expand_as(sums)) - sums + sorted_weights
        best = mass.masked_fill(~counts, -1.0).argmax(dim=2, keepdim=True)  # [b, N, 1]
        levels = rising.expand_as(sums)
        # of each window the last level that counts
        ends = torch.where(counts, torch.arange(levels.shape[2], device=mean.device), 0)
        ends = ends.cummax(dim=2).values.gather(2, last.expand_as(sums))
        low = levels.gather(2, ends.gather(2, best))[..., 0] - half
        high = levels.gather(2, best)[..., 0] + half
        found[rows] = torch.minimum(torch.maximum(mean[rows], low), high)
    return found
