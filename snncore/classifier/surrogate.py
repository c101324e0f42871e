"""Learning by the surrogate gradient, through time (Zenke & Ganguli 2018; Neftci et al. 2019).

A spike is a step function of v − θ; where the chain rule needs its derivative, that of a fast
sigmoid stands in, 1/(1 + k|v − θ|)² (snnTorch's `surrogate.fast_sigmoid`). The loss of a point is
the cross entropy of softmax(z), z_k = Σ_t c_t s_k[t]. For a decision by count every spike has the
same credit, c_t = 1 (snnTorch's `ce_count_loss`). For one by the first spike, credit halves with
each step after the earliest spike of all class neurons, t₀: c_t = 5·2^−(t − t₀), and 5 before.
What comes after the decision then hardly counts, and a network that decides too early on random
spikes learns to wait. Adam (Kingma & Ba 2015) takes the steps.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from snncore.classifier.decision import decide
from snncore.classifier.network import Activity, Tensors, Trace, summary, trace
from snncore.classifier.params import THRESHOLD, ClassifierParams
from snncore.kernels import classifier as kernels

Tensor = torch.Tensor

SLOPE = 10.0  # k
_EARLY, _FADE = 5.0, 0.5  # of the credit of spikes where the first one decides
_B1, _B2, _EPS = 0.9, 0.99, 1e-8  # Adam


class Gradient(NamedTuple):
    """Of the mean loss over some points."""

    loss: float  # summed over the points
    right: int  # points decided correctly
    change: Tensors  # like the weights


class FastSigmoid(torch.autograd.Function):
    """Forward: 1 where v − θ ≥ 0. Backward: the derivative of a fast sigmoid with slope k."""

    @staticmethod
    def forward(ctx: Any, excess: Tensor) -> Tensor:
        """Spikes of v − θ."""
        ctx.save_for_backward(excess)
        return (excess >= 0).to(excess.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        """dL/dv from dL/ds."""
        (excess,) = ctx.saved_tensors
        return grads[0] / (1 + SLOPE * excess.abs()) ** 2


def credit(params: ClassifierParams) -> Tensor:
    """float32 [T]: what a spike counts for its class, by the steps since the earliest one."""
    if params.decision == "count":
        return torch.ones(params.n_steps)
    return _EARLY * _FADE ** torch.arange(params.n_steps, dtype=torch.float32)


def credited(spikes: Tensor, params: ClassifierParams) -> Tensor:
    """z: float32 [S, K] of the class neurons' spikes [T, S, K]."""
    n_steps = len(spikes)
    clock = torch.arange(n_steps, device=spikes.device)[:, None]
    any_spike = (spikes.detach() > 0).any(dim=2)
    earliest = torch.where(any_spike, clock, n_steps).amin(dim=0)
    weight = credit(params).to(spikes.device)[(clock - earliest).clamp(min=0)]
    return (weight[:, :, None] * spikes).sum(dim=0)


def gradient(drive: Tensor, labels: Tensor, tensors: Tensors, params: ClassifierParams) -> Gradient:
    """Loss and gradient for inputs [T, S, M] or [1, S, M] with labels int64 [S]."""
    if drive.device.type == "cpu":
        return _fused(drive, labels, tensors, params)
    return gradient_torch(drive, labels, tensors, params)


def gradient_torch(
    drive: Tensor, labels: Tensor, tensors: Tensors, params: ClassifierParams
) -> Gradient:
    """The definition, by automatic differentiation of `network.trace`."""
    leaves = Tensors(*(t.detach().requires_grad_() for t in tensors))
    steps = trace(drive, leaves, params.beta, params.n_steps, FastSigmoid.apply)
    logits = credited(steps.spikes, params)
    loss = torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
    used = [leaf for leaf in leaves if leaf.numel()]
    found = iter(torch.autograd.grad(loss / len(labels), used))
    change = Tensors(*(next(found) if leaf.numel() else leaf.detach() for leaf in leaves))
    right = n_right(summary(Trace(*(part.detach() for part in steps))), labels, params)
    return Gradient(float(loss.detach()), right, change)


def _fused(drive: Tensor, labels: Tensor, tensors: Tensors, params: ClassifierParams) -> Gradient:
    change = Tensors(*(torch.zeros_like(t) for t in tensors))
    shape = len(labels), len(tensors.b2)
    counts, first = np.empty(shape, np.int32), np.empty(shape, np.int32)
    at_first, final = np.empty(shape, np.float32), np.empty(shape, np.float32)
    loss = kernels.gradient(
        np.ascontiguousarray(drive.numpy()), labels.numpy(), *tensors.arrays,
        np.float32(params.beta), np.float32(THRESHOLD), np.float32(SLOPE),
        credit(params).numpy(), params.n_steps, *change.arrays,
        counts, first, at_first, final,
    )  # fmt: skip
    for part in change:
        part /= len(labels)
    made = decide(params.decision, params.n_steps, counts, first, at_first, final)
    return Gradient(float(loss), int((made.winners == labels.numpy()).sum()), change)


def n_right(activity: Activity, labels: Tensor, params: ClassifierParams) -> int:
    """How many points the class neurons decide correctly, in the way that `params` asks for."""
    made = decide(params.decision, params.n_steps, *(part.cpu().numpy() for part in activity[:4]))
    return int((made.winners == labels.cpu().numpy()).sum())


class Adam:
    """Steps along the gradient, each weight's in units of its own recent size."""

    def __init__(self, tensors: Tensors) -> None:
        self._mean = [torch.zeros_like(t) for t in tensors]
        self._square = [torch.zeros_like(t) for t in tensors]
        self._n = 0

    def step(self, tensors: Tensors, change: Tensors, rate: float) -> Tensors:
        """The weights after one step of size `rate`; `tensors` stay as they are."""
        self._n += 1
        moved = []
        for weight, slope, mean, square in zip(
            tensors, change, self._mean, self._square, strict=True
        ):
            mean.mul_(_B1).add_(slope, alpha=1 - _B1)
            square.mul_(_B2).addcmul_(slope, slope, value=1 - _B2)
            size = (square / (1 - _B2**self._n)).sqrt_().add_(_EPS)
            moved.append(weight - rate / (1 - _B1**self._n) * mean / size)
        return Tensors(*moved)
