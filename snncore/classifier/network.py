"""The network: leaky integrate-and-fire neurons, one per class, behind a hidden layer or none.

With snnTorch's conventions (`Leaky` with reset to zero; Eshraghian et al. 2023, Proc. IEEE
111:1016), for every neuron and step

    v[t] = β·v[t−1]·(1 − s[t−1]) + I[t],   s[t] = 1 if v[t] ≥ θ else 0,   I = b + Σ_m w_m a_m

with θ = 1, v[−1] = 0. The torch path is the definition, on any device; on the CPU a fused kernel
repeats it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import rng
from snncore.classifier.inputs import n_channels
from snncore.classifier.params import THRESHOLD, ClassifierParams
from snncore.kernels import classifier as kernels

Tensor = torch.Tensor
Floats = NDArray[np.float32]


class Network(NamedTuple):
    """Weights [n_out, n_in] and biases [n_out] in units of the threshold, float32 on the CPU."""

    hidden_weights: Floats  # [H, M]; H = 0 without a hidden layer
    hidden_bias: Floats  # [H]
    weights: Floats  # [K, H], or [K, M] without a hidden layer
    bias: Floats  # [K]


class Tensors(NamedTuple):
    """The same, transposed as the computation wants it, on one device."""

    w1: Tensor  # [M, H]
    b1: Tensor  # [H]
    w2: Tensor  # [H or M, K]
    b2: Tensor  # [K]

    @property
    def arrays(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Views for the kernels; CPU only."""
        return self.w1.numpy(), self.b1.numpy(), self.w2.numpy(), self.b2.numpy()


def to_tensors(network: Network, device: torch.device | None = None) -> Tensors:
    """A copy on `device` (the CPU by default)."""
    parts = (network.hidden_weights.T, network.hidden_bias, network.weights.T, network.bias)
    return Tensors(*(torch.from_numpy(np.array(p, np.float32, order="C")).to(device or "cpu")
                     for p in parts))  # fmt: skip


def to_network(tensors: Tensors) -> Network:
    """A copy that cannot be written to."""
    w1, b1, w2, b2 = (t.detach().cpu().numpy().copy() for t in tensors)
    network = Network(np.ascontiguousarray(w1.T), b1, np.ascontiguousarray(w2.T), b2)
    for part in network:
        part.setflags(write=False)
    return network


def init_network(params: ClassifierParams, n_classes: int) -> Network:
    """Weights before learning, from the seed; a part excites, a part inhibits.

    Uniform, wide enough that about half the neurons fire: with fan-in M, the inputs' weights in
    −0.2..0.4 (some three of the fields are active at one place), the class neurons' behind a
    hidden layer in (0.2 ± 1)/√H.
    """
    n_in, n_hidden = n_channels(params), params.hidden

    def draw(epoch: int, n_out: int, n_from: int, low: float, high: float) -> Floats:
        rows, stream = torch.arange(n_out), rng.stream("weights", epoch)
        words = rng.draws(params.seed, stream, rows, n_from, 1)[0]
        return (low + (high - low) * rng.uniform(words)).numpy()

    hidden = draw(0, n_hidden, n_in, -0.2, 0.4)
    if n_hidden:
        reach = 1 / math.sqrt(n_hidden)
        weights = draw(1, n_classes, n_hidden, -0.8 * reach, 1.2 * reach)
    else:
        weights = draw(1, n_classes, n_in, -0.2, 0.4)
    return Network(hidden, np.zeros(n_hidden, np.float32), weights, np.zeros(n_classes, np.float32))


class Activity(NamedTuple):
    """What the neurons did; tensors on the device of the input. Potentials are before the reset."""

    counts: Tensor  # int32 [S, K] spikes of the class neurons
    first: Tensor  # int32 [S, K] step of the first spike; −1: none
    at_first: Tensor  # float32 [S, K] potential there; 0: none
    final: Tensor  # float32 [S, K] potential after the last step and its reset
    hidden_counts: Tensor  # int32 [S, H]


class Trace(NamedTuple):
    """Every step: potentials before the reset and spikes, [T, S, H] and [T, S, K]."""

    hidden_potentials: Tensor
    hidden_spikes: Tensor
    potentials: Tensor
    spikes: Tensor


def fires(excess: Tensor) -> Tensor:
    """1 where v − θ ≥ 0, else 0."""
    return (excess >= 0).to(excess.dtype)


def trace(
    drive: Tensor,
    tensors: Tensors,
    beta: float,
    n_steps: int,
    spike: Callable[[Tensor], Tensor] = fires,
) -> Trace:
    """The definition: all steps of the input [T, S, M] or [1, S, M]; `spike` may have a gradient.

    No gradient flows through the resets, as in snnTorch.
    """
    inputs = drive.to(tensors.w2.dtype)
    n_hidden, shape = len(tensors.b1), inputs.shape[1]
    v1 = s1 = inputs.new_zeros(shape, n_hidden)
    v2 = s2 = inputs.new_zeros(shape, len(tensors.b2))
    steps: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    for t in range(n_steps):
        now = inputs[t if len(inputs) > 1 else 0]
        if n_hidden:
            v1 = beta * v1 * (1 - s1.detach()) + (tensors.b1 + now @ tensors.w1)
            s1 = now = spike(v1 - THRESHOLD)
        v2 = beta * v2 * (1 - s2.detach()) + (tensors.b2 + now @ tensors.w2)
        s2 = spike(v2 - THRESHOLD)
        steps.append((v1, s1, v2, s2))
    return Trace(*(torch.stack(part) for part in zip(*steps, strict=True)))


def summary(steps: Trace) -> Activity:
    """What a trace comes to."""
    spikes, n_steps = steps.spikes > 0, len(steps.spikes)
    counts = spikes.sum(dim=0, dtype=torch.int32)
    clock = torch.arange(n_steps, device=spikes.device).view(-1, 1, 1)
    first = torch.where(spikes, clock, n_steps).amin(dim=0)
    silent = first == n_steps
    at_first = steps.potentials.gather(0, first.clamp(max=n_steps - 1)[None])[0]
    return Activity(
        counts,
        torch.where(silent, -1, first).to(torch.int32),
        torch.where(silent, torch.zeros_like(at_first), at_first),
        steps.potentials[-1] * (1 - steps.spikes[-1]),
        (steps.hidden_spikes > 0).sum(dim=0, dtype=torch.int32),
    )


def run(drive: Tensor, tensors: Tensors, params: ClassifierParams) -> Activity:
    """Counts, first spikes and potentials for inputs [T, S, M] or [1, S, M], on their device."""
    if drive.device.type != "cpu":
        return summary(trace(drive, tensors, params.beta, params.n_steps))
    return _fused(drive, tensors, params, keep=False)[0]


def run_traced(drive: Tensor, tensors: Tensors, params: ClassifierParams) -> tuple[Activity, Trace]:
    """As `run`, with every step; the memory is T·S·(2H + 2K) numbers."""
    if drive.device.type != "cpu":
        steps = trace(drive, tensors, params.beta, params.n_steps)
        return summary(steps), steps
    return _fused(drive, tensors, params, keep=True)


def _fused(
    drive: Tensor, tensors: Tensors, params: ClassifierParams, *, keep: bool
) -> tuple[Activity, Trace]:
    n, n_hidden, n_out = drive.shape[1], len(tensors.b1), len(tensors.b2)
    counts, first = (np.empty((n, n_out), np.int32) for _ in range(2))
    at_first, final = (np.empty((n, n_out), np.float32) for _ in range(2))
    hidden = np.empty((n, n_hidden), np.int32)
    steps = params.n_steps if keep else 0
    v1, s1 = (np.empty((steps, n, n_hidden), np.float32) for _ in range(2))
    v2 = np.empty((steps, n, n_out), np.float32)
    kernels.respond(
        np.ascontiguousarray(drive.numpy()), *tensors.arrays, np.float32(params.beta),
        np.float32(THRESHOLD), params.n_steps, counts, first, at_first, final, hidden, v1, s1, v2,
    )  # fmt: skip
    parts = (counts, first, at_first, final, hidden)
    potentials = torch.from_numpy(v2)
    return Activity(*(torch.from_numpy(p) for p in parts)), Trace(
        torch.from_numpy(v1), torch.from_numpy(s1), potentials, fires(potentials - THRESHOLD)
    )
