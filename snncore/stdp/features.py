"""Spike counts of a dense layer as features of an image: weights frozen, competition on.

    potential   u_j[t] = a u_j[t-1] + Σ_i w_ji s_i[t],   a = exp(-dt/tau_m)
    spike       the neuron furthest above its threshold, if any:  u_j − φ θ_j >= 0,  φ = feature_theta
    reset       u_j ← 0,  and u_k ← u_k − inhibition for all others

Inhibition stays on, as in the vote of Diehl & Cook (2015): without it the counts are almost linear
in the pixels, and a linear readout of them is no better than one of the pixels themselves.

`layer_steps` defines the meaning on any device; on the CPU the kernel of
`snncore.kernels.dense_features` computes the same counts from the same draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import kernels, rng
from snncore.stdp.dense import Draw, Layer, _on_device, input_spikes
from snncore.stdp.params import TrainParams

Tensor = torch.Tensor


class Shown(NamedTuple):
    """One image on its way through the layer."""

    inputs: NDArray[np.bool_]  # [T, n_in]
    outputs: NDArray[np.bool_]  # [T, n_out]
    potentials: NDArray[np.float32]  # [T, n_out], before the reset of the step


def theta_feature(layer: Layer, params: TrainParams) -> Tensor:
    """The thresholds while counting, float32 [n_out], in units of the potential."""
    return layer.theta * params.feature_theta


def layer_steps(
    layer: Layer, inputs: Tensor, params: TrainParams
) -> Iterator[tuple[Tensor, Tensor]]:
    """The layer step by step for input spikes bool [T, B, n_in].

    Yields, for each step, the potentials float32 [B, n_out] before any reset and the output spikes
    bool [B, n_out].
    """
    theta = theta_feature(layer, params)
    potential = torch.zeros(inputs.shape[1], theta.shape[0], device=theta.device)
    drive = inputs.to(torch.float32) @ layer.weights.t()
    neurons = torch.arange(theta.shape[0], device=theta.device).view(1, -1)
    for t in range(inputs.shape[0]):
        potential = potential * params.leak + drive[t]
        best, arg = (potential - theta).max(dim=1, keepdim=True)
        spiked = (best >= 0) & (neurons == arg)
        yield potential, spiked
        inhibited = potential - params.inhibition
        potential = torch.where(best >= 0, torch.where(spiked, 0.0, inhibited), potential)


def layer_spikes(layer: Layer, inputs: Tensor, params: TrainParams) -> Tensor:
    """Output spikes bool [T, B, n_out] for input spikes bool [T, B, n_in]."""
    return torch.stack([spiked for _, spiked in layer_steps(layer, inputs, params)])


def counts_torch(layer: Layer, limit: Tensor, draw: Draw, params: TrainParams) -> Tensor:
    """Definition of `count_spikes`: int64 [B, n_out] on the layer's device."""
    total = torch.zeros(
        limit.shape[0], layer.theta.shape[0], dtype=torch.int64, device=limit.device
    )
    for _, spiked in layer_steps(layer, input_spikes(limit, draw, params.feature_steps), params):
        total += spiked
    return total


def present_dense(
    layer: Layer, limit: NDArray[np.uint32], draw: Draw, params: TrainParams
) -> Shown:
    """Every spike and potential of one image with limits uint32 [1, n_in], for `feature_steps`."""
    on_cpu = layer.to(torch.device("cpu"))
    inputs = input_spikes(torch.from_numpy(limit.astype(np.int64)), draw, params.feature_steps)
    steps = list(layer_steps(on_cpu, inputs, params))
    return Shown(
        inputs[:, 0].numpy(),
        torch.stack([spiked[0] for _, spiked in steps]).numpy(),
        torch.stack([potential[0] for potential, _ in steps]).numpy(),
    )


def count_spikes(
    layer: Layer, limit: NDArray[np.uint32], draw: Draw, params: TrainParams
) -> NDArray[np.uint16]:
    """Spike counts uint16 [B, n_out] of images with limits uint32 [B, n_in], weights frozen."""
    if layer.weights.device.type != "cpu":
        found = [
            counts_torch(layer, part, part_draw, params)
            for part, part_draw in _on_device(layer, limit, draw, params.feature_steps)
        ]
        return torch.cat(found).cpu().numpy().astype(np.uint16)
    from snncore.kernels import dense_features as kernel

    counts = np.empty((limit.shape[0], layer.theta.shape[0]), np.uint16)
    k0, k1 = rng.split_seed(draw.seed)
    with kernels.kernel_threads():
        kernel.count_competing_spikes(
            limit,
            draw.samples.numpy(),
            draw.stream,
            np.uint32(k0),
            np.uint32(k1),
            layer.weights.t().contiguous().numpy(),
            theta_feature(layer, params).numpy(),
            np.float32(params.leak),
            params.feature_steps,
            np.float32(params.inhibition),
            counts,
        )
    return counts
