"""Which filters spike where: competition at every location of a picture, weights frozen.

A filter j is one LIF neuron copied to every location ℓ; with input spikes s_i[t] of the taps i of
the location, a = exp(-dt/tau_m), thresholds ϑ_j = `feature_theta`·θ_j:

    potential    u_jℓ[t] = a u_jℓ[t-1] + Σ_i w_ji s_i[t]
    spike        j* = argmax_j (u_jℓ[t] − ϑ_j) if that maximum is >= 0
    then         u_j*ℓ stays silent until the next picture, all others lose `inhibition`,
                 and after `winners` spikes the whole location is silent

So a filter spikes at most once at a location, as in Kheradpisheh et al. (2018) and Falez et al.
(2019), and the spikes of a location are its `winners` best matching filters in the order of their
match: a sparse code that keeps more of the patch than the winner alone.

`wins_torch` is the definition on any device; on the CPU the kernel of `snncore.kernels.conv`
computes the same from the same draws.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from snncore import kernels, rng
from snncore.stdp import drive
from snncore.stdp.conv_shape import Shape, count_type, fields
from snncore.stdp.params import TrainParams
from snncore.stdp.state import Draw, Layer

Tensor = torch.Tensor
_PIECE_BYTES = 1 << 30  # memory of one piece of a batch on a device


class Wins(NamedTuple):
    """Spikes of the filters: int16 [B, L, k], in their order in time, −1 for none.

    L locations, row by row; `filters` who spiked, `steps` when.
    """

    filters: Tensor
    steps: Tensor


def find_wins(
    layer: Layer,
    values: NDArray[np.uint32],
    shape: Shape,
    draw: Draw,
    params: TrainParams,
) -> Wins:
    """Spikes of all filters at all locations.

    Args:
        layer: weights [F, C·K·K].
        values: what decides the input spikes, uint32 [B, C·H·W] from `drive.inputs`.
        shape: of the maps and the filters.
        draw: where the random words come from.
        params: the code and the dynamics.
    """
    if layer.weights.device.type == "cpu":
        return _wins_kernel(layer, values, shape, draw, params)
    each = shape.channels * shape.height * shape.width * params.feature_steps * 64
    each += layer.theta.shape[0] * shape.rows * shape.columns * (params.feature_steps + 8) * 4
    size = max(1, _PIECE_BYTES // each)
    found = []
    for k in range(0, len(values), size):
        part = torch.from_numpy(values[k : k + size].astype(np.int64)).to(layer.weights.device)
        part_draw = Draw(draw.seed, draw.stream, draw.samples[k : k + size])
        found.append(wins_torch(layer, part, shape, part_draw, params))
    return Wins(*(torch.cat(column) for column in zip(*found, strict=True)))


def wins_torch(layer: Layer, values: Tensor, shape: Shape, draw: Draw, params: TrainParams) -> Wins:
    """The definition, on the device of `values` int64 [B, C·H·W]."""
    n_steps, batch, n_filters = params.feature_steps, values.shape[0], layer.theta.shape[0]
    spikes = drive.input_spikes(values, draw, n_steps, params.code).to(torch.float32)
    maps = spikes.view(n_steps * batch, shape.channels, shape.height, shape.width)
    bank = layer.weights.reshape(n_filters, shape.channels, shape.side, shape.side)
    arrived = functional.conv2d(maps, bank).view(n_steps, batch, n_filters, -1)
    theta = (layer.theta * params.feature_theta).view(1, -1, 1)
    potential = torch.zeros_like(arrived[0])
    silent = torch.zeros_like(potential, dtype=torch.bool)
    k = wins_at_most(params, n_filters)
    shown = (batch, k, arrived.shape[3])
    filters = torch.full(shown, -1, dtype=torch.int16, device=values.device)
    steps = torch.full_like(filters, -1)
    count = torch.zeros(batch, 1, arrived.shape[3], dtype=torch.int64, device=values.device)
    numbers = torch.arange(n_filters, device=values.device).view(1, -1, 1)
    places = torch.arange(k, device=values.device).view(1, -1, 1)
    for t in range(n_steps):  # a spike decides who may spike next
        potential = potential * params.leak + arrived[t]
        margin = torch.where(silent, -torch.inf, potential - theta)
        best, arg = margin.max(dim=1, keepdim=True)
        spiked = (best >= 0) & (count < k)
        here = spiked & (places == count)
        filters = torch.where(here, arg.to(torch.int16), filters)
        steps = torch.where(here, t, steps)
        count = count + spiked
        silent = silent | (spiked & (numbers == arg))
        potential = torch.where(spiked, potential - params.inhibition, potential)
    return Wins(filters.transpose(1, 2).contiguous(), steps.transpose(1, 2).contiguous())


def wins_at_most(params: TrainParams, n_filters: int) -> int:
    """Spikes that a location can have."""
    return min(params.winners, n_filters, params.feature_steps)


def _wins_kernel(
    layer: Layer, values: NDArray[np.uint32], shape: Shape, draw: Draw, params: TrainParams
) -> Wins:
    from snncore.kernels import conv as kernel

    n_steps = params.feature_steps
    k = wins_at_most(params, layer.theta.shape[0])
    filters = np.empty((len(values), shape.rows * shape.columns, k), np.int16)
    steps = np.empty_like(filters)
    k0, k1 = rng.split_seed(draw.seed)
    # Not 0: a filter that has spiked stands at −∞, and 0·∞ is no number.
    decay = np.power(params.leak, np.arange(n_steps)).astype(np.float32)
    decay = np.maximum(decay, np.finfo(np.float32).tiny)
    with kernels.kernel_threads():
        kernel.find_wins(
            values,
            params.code == "latency",
            draw.samples.numpy(),
            draw.stream,
            np.uint32(k0),
            np.uint32(k1),
            tuple(shape),
            n_steps,
            layer.weights.t().contiguous().numpy(),
            (layer.theta * params.feature_theta).numpy(),
            decay,
            np.float32(params.inhibition),
            filters,
            steps,
        )
    return Wins(torch.from_numpy(filters), torch.from_numpy(steps))


def tally(wins: Wins, n_filters: int, shape: Shape, grid: int) -> NDArray[Any]:
    """Wins per field and filter: uint8 or uint16 [B, grid²·F], field after field."""
    field = fields(shape, grid)
    batch, places, k = wins.filters.shape
    kind = count_type(shape, grid)
    if wins.filters.device.type == "cpu":
        from snncore.kernels import conv as kernel

        counts = np.empty((batch, grid * grid * n_filters), kind)
        with kernels.kernel_threads():
            kernel.tally(wins.filters.numpy(), field, n_filters, counts)
        return counts
    at = torch.from_numpy(field).to(wins.filters.device).view(1, -1, 1) * n_filters
    spiked = wins.filters >= 0
    index = torch.where(spiked, wins.filters.to(torch.int64) + at, 0).view(batch, places * k)
    total = torch.zeros(batch, grid * grid * n_filters, dtype=torch.int32, device=index.device)
    total.scatter_add_(1, index, spiked.view(batch, -1).to(torch.int32))
    return total.cpu().numpy().astype(kind)


def earliest(wins: Wins, n_filters: int, shape: Shape, pool: int) -> NDArray[np.uint32]:
    """When each filter first spikes in each pool × pool field: step + 1, or 0 for never.

    uint32 [B, F·(rows // pool)·(columns // pool)], the input of a second layer in the latency
    code: one spike for one field, its first.
    """
    rows, columns = shape.rows // pool, shape.columns // pool
    row, column = np.arange(shape.rows) // pool, np.arange(shape.columns) // pool
    inside = (row[:, None] < rows) & (column < columns)
    field = np.where(inside, row[:, None] * columns + column, -1).ravel().astype(np.int64)
    first = np.empty((len(wins.filters), n_filters * rows * columns), np.uint32)
    from snncore.kernels import conv as kernel

    with kernels.kernel_threads():
        kernel.earliest(
            wins.filters.cpu().numpy(), wins.steps.cpu().numpy(), field, rows * columns, first
        )
    return first
