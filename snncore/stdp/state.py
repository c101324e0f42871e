"""What learning carries from batch to batch, and what it shows of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.stdp.params import TrainParams

Tensor = torch.Tensor
_NOBODY = np.empty(0, np.int64)


class Layer(NamedTuple):
    """weights float32 [n_out, n_in]; theta float32 [n_out].

    `n_in` is the picture's cells for neurons that see all of it, or channels · K · K for filters.
    """

    weights: Tensor
    theta: Tensor

    def to(self, device: torch.device) -> Layer:
        """The same layer on `device`."""
        return Layer(self.weights.to(device), self.theta.to(device))


class Draw(NamedTuple):
    """Where the random words of a presentation come from; samples int64 [B] on the CPU."""

    seed: int
    stream: int
    samples: Tensor


class Snapshot(NamedTuple):
    """Where learning stands: presentations so far and in all, the layers, the recent behaviour."""

    seen: int
    total: int
    layers: tuple[Layer, ...]  # in the order in which a picture passes through them
    wins: NDArray[np.int64]  # [n_out] wins of each neuron since the last snapshot
    silent: float  # fraction of presentations since then in which no neuron spiked
    first_spike_ms: float  # mean time of the first spike since then; NaN if there was none
    seconds: float  # spent in learning in this run, without what the caller did in between
    samples: NDArray[np.int64] = _NOBODY  # [m] numbers of the images shown since then
    winners: NDArray[np.int64] = _NOBODY  # [m] who spiked first at each, or -1
    change: float = float("nan")  # mean |Δw| of a weight per presentation since then

    @property
    def layer(self) -> Layer:
        """The first layer."""
        return self.layers[0]


def rates(progress: float, params: TrainParams) -> tuple[float, float]:
    """Learning rate η (geometric from first to last) and η_θ (down to a tenth) at 0..1."""
    theta_rate = params.theta_rate * (1.0 - 0.9 * progress)
    if params.rate_last == 0.0:  # geometric descent has no way to 0; a frozen layer stays frozen
        return params.rate_first * (1.0 - progress), theta_rate
    return params.rate_first * (params.rate_last / params.rate_first) ** progress, theta_rate
