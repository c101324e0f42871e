"""Spike counts of a dense layer as features of an image: weights frozen, competition on.

    potential   u_j[t] = a u_j[t-1] + Σ_i w_ji s_i[t],   a = exp(-dt/tau_m)
    spike       at most one a step: the neuron furthest above its threshold, u_j − φ θ_j >= 0, with
                φ = `feature_theta`
    reset       the winner's u_j ← u_j − `feature_reset`  (u_j ← 0 if that is 0),
                all others' u_k ← u_k − `inhibition`

A spike that takes little leaves its neuron near the top: it wins again soon, and how often a
neuron wins tells how close its weights are to the image, compared with all other neurons. The
counts are samples of a soft competition, as in the spiking mixture model of Nessler et al. (2013,
PLoS Comput. Biol. 9:e1003037), where a neuron's chance to spike grows exponentially with its
potential. Without any competition the counts are almost linear in the pixels, and a linear
readout of them is no better than one of the pixels themselves.

The weights are those that also learning integrates (`snncore.stdp.synapses`).

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
from snncore.stdp.drive import input_spikes
from snncore.stdp.params import TrainParams
from snncore.stdp.state import Draw, Layer
from snncore.stdp.synapses import Whole, synapses, whole

Tensor = torch.Tensor
_PIECE_BYTES = 1 << 30  # memory of one piece of a batch on a device


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
    theta, weights = theta_feature(layer, params), synapses(layer.weights).t()
    potential = torch.zeros(inputs.shape[1], theta.shape[0], device=theta.device)
    neurons = torch.arange(theta.shape[0], device=theta.device).view(1, -1)
    for now in inputs:
        potential = potential * params.leak + now.to(torch.float32) @ weights
        best, arg = (potential - theta).max(dim=1, keepdim=True)
        spiked = (best >= 0) & (neurons == arg)
        yield potential, spiked
        left = potential - params.feature_reset if params.feature_reset > 0 else 0.0
        inhibited = potential - params.inhibition
        potential = torch.where(best >= 0, torch.where(spiked, left, inhibited), potential)


def layer_spikes(layer: Layer, inputs: Tensor, params: TrainParams) -> Tensor:
    """Output spikes bool [T, B, n_out] for input spikes bool [T, B, n_in]."""
    return torch.stack([spiked for _, spiked in layer_steps(layer, inputs, params)])


def counts_torch(layer: Layer, values: Tensor, draw: Draw, params: TrainParams) -> Tensor:
    """Definition of `count_spikes`: int64 [B, n_out] on the layer's device."""
    n_out = layer.theta.shape[0]
    total = torch.zeros(values.shape[0], n_out, dtype=torch.int64, device=values.device)
    inputs = input_spikes(values, draw, params.feature_steps, params.code)
    for _, spiked in layer_steps(layer, inputs, params):
        total += spiked
    return total


def present_dense(
    layer: Layer, values: NDArray[np.uint32], draw: Draw, params: TrainParams
) -> Shown:
    """Every spike and potential of one image, values uint32 [1, n_in], for `feature_steps`."""
    on_cpu = layer.to(torch.device("cpu"))
    all_values = torch.from_numpy(values.astype(np.int64))
    inputs = input_spikes(all_values, draw, params.feature_steps, params.code)
    steps = list(layer_steps(on_cpu, inputs, params))
    return Shown(
        inputs[:, 0].numpy(),
        torch.stack([spiked[0] for _, spiked in steps]).numpy(),
        torch.stack([potential[0] for potential, _ in steps]).numpy(),
    )


def prepare(layer: Layer, params: TrainParams) -> Whole | None:
    """What `count_spikes` needs of a layer, for many calls; None if a device computes."""
    if layer.weights.device.type != "cpu":
        return None
    return whole(layer.weights, theta_feature(layer, params))


def count_spikes(
    layer: Layer,
    values: NDArray[np.uint32],
    draw: Draw,
    params: TrainParams,
    prepared: Whole | None = None,
) -> NDArray[np.uint16]:
    """Spike counts uint16 [B, n_out] of images, weights frozen.

    Args:
        layer: on the device that computes.
        values: uint32 [B, n_in] from `drive.inputs` for `feature_steps`.
        draw: where the random words come from.
        params: everything else.
        prepared: of this layer and these parameters, so that not every call rounds its weights.
    """
    prepared = prepare(layer, params) if prepared is None else prepared
    if prepared is None:
        return torch.cat(_on_device(layer, values, draw, params)).cpu().numpy().astype(np.uint16)
    from snncore.kernels import dense_features as kernel

    counts = np.empty((values.shape[0], layer.theta.shape[0]), np.uint16)
    k0, k1 = rng.split_seed(draw.seed)
    work = len(values) * params.feature_steps * (values.shape[1] + len(prepared.theta))
    with kernels.kernel_threads(work):
        kernel.count_competing_spikes(
            values,
            params.code == "latency",
            draw.samples.numpy(),
            np.uint32(draw.stream),
            np.uint32(k0),
            np.uint32(k1),
            prepared.weights_t,
            prepared.unit,
            prepared.theta,
            np.float32(params.leak),
            params.feature_steps,
            np.float32(params.feature_reset),
            np.float32(params.inhibition),
            counts,
        )
    return counts


def _on_device(
    layer: Layer, values: NDArray[np.uint32], draw: Draw, params: TrainParams
) -> list[Tensor]:
    """Counts of the batch in pieces that bound the memory, not the result."""
    n_out, n_in = layer.weights.shape
    each = params.feature_steps * n_in * 64 + n_out * 64  # bytes of an image: random words, state
    size = max(1, _PIECE_BYTES // each)
    return [
        counts_torch(
            layer,
            torch.from_numpy(values[k : k + size].astype(np.int64)).to(layer.weights.device),
            Draw(draw.seed, draw.stream, draw.samples[k : k + size]),
            params,
        )
        for k in range(0, len(values), size)
    ]
