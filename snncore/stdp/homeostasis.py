"""Homeostatic thresholds: whoever spikes more than its share becomes harder to excite.

    θ_j ← θ_j + η_θ θ₀ (n_j / k − B/N)

after a batch of B images in which neuron j of N spiked n_j times; k is the number of spikes that
an image is meant to cause. If every image causes k, the sum over the layer is zero: thresholds
move apart, but the layer as a whole becomes neither more nor less excitable. That is the batch
form of the rule of Falez et al. (2019, IJCNN: the winner's threshold rises by η, all others
fall by η/(N − 1)). Where images leave the layer silent all thresholds fall, which replaces the
rising intensity of Diehl & Cook (2015), and where a whole batch does, they lose up to a fifth
besides (`woken`): thresholds find an input that is far too weak for θ₀, of another code or gain,
within a few batches. A decay per image, as theirs, must not be summed over a batch: for
B (1 − decay^T) > 1 it explodes.
"""

from __future__ import annotations

import numpy as np
import torch

from snncore.stdp import competition
from snncore.stdp.params import TrainParams

Tensor = torch.Tensor
_SPAN = 20.0
_SILENT, _WHOLE = 0.8, 50  # what so many images without any spike leave of the thresholds


def woken(theta: Tensor, spikes: Tensor, batch: int) -> Tensor:
    """Thresholds after a batch in which neurons spiked `spikes` times: lower if none did.

    A batch of few images, one of them blank perhaps, says little and takes little.
    """
    left = _SILENT ** min(1.0, batch / _WHOLE)
    return torch.where(spikes.any(), theta, theta * left)


def adapt(theta: Tensor, spikes: Tensor, batch: int, rate: float, start: float, aim: int) -> Tensor:
    """Thresholds float32 [N] after a batch.

    Args:
        theta: before it.
        spikes: n_j, whole numbers [N].
        batch: B, images shown.
        rate: η_θ.
        start: θ₀; thresholds stay within θ₀/20 and 20 θ₀.
        aim: k, spikes that an image is meant to cause.
    """
    share = batch / theta.shape[0]
    step = rate * start * (spikes.to(torch.float32) / aim - share)
    return (theta + step).clamp(start / _SPAN, start * _SPAN)


def law(theta_rate: float, batch: int, params: TrainParams) -> tuple[np.float32, ...]:
    """η_θ θ₀, k, what a silent batch leaves, and the bounds: float32, for the kernel."""
    left = _SILENT ** min(1.0, batch / _WHOLE) if theta_rate > 0 else 1.0
    numbers = (
        theta_rate * params.theta,
        competition.aim(params),
        left,
        params.theta / _SPAN,
        params.theta * _SPAN,
    )
    return tuple(np.float32(number) for number in numbers)
