"""The spikes of a dense layer on the CPU: the kernels' buffers, and what the rule makes of them.

The kernels list events (who spiked in which sample and when, and the input traces then) and sum
the traces of each neuron that spiked, in sample order. Only the weights of those neurons are
touched. Meaning and tests: `snncore.stdp.competition.present_torch`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import kernels, rng
from snncore.stdp import competition, rules
from snncore.stdp.params import TrainParams
from snncore.stdp.state import Draw
from snncore.stdp.synapses import Whole, whole, whole_room

Tensor = torch.Tensor
_CONSTANTS = tuple(
    np.float32(value)
    for value in (
        rules.W_MAX,
        rules.DEPRESSION,
        rules.X_TARGET,
        rules.BETA,
        rules.AMPLITUDE,
        rules.SEED_MAX,
    )
)


class Heard(NamedTuple):
    """Who spiked first and when, int64 [B] (-1: nobody), and spikes of each neuron int64 [N]."""

    winner: Tensor
    when: Tensor
    counts: Tensor


def joined(parts: list[Heard]) -> Heard:
    """The batch whose pieces gave `parts`."""
    return Heard(
        torch.cat([part.winner for part in parts]),
        torch.cat([part.when for part in parts]),
        torch.stack([part.counts for part in parts]).sum(dim=0),
    )


class Buffers(NamedTuple):
    """Where the kernels write what `size` samples do; kept from batch to batch.

    neuron, row int32 [size, E]: the events of a sample; when int32, unit float32 [size, R]: step
    of each moment with an event, and 1 / ‖x‖; trace, late float32 [size, R, n_in]: x and z then.
    frozen: the synapses of the batch.
    """

    neuron: NDArray[np.int32]
    row: NDArray[np.int32]
    when: NDArray[np.int32]
    unit: NDArray[np.float32]
    trace: NDArray[np.float32]
    late: NDArray[np.float32]
    frozen: Whole


def buffers(params: TrainParams, batch: int, n_in: int, n_out: int) -> Buffers:
    """Room for a batch, or for as much of it as is shown at a time."""
    rows, per_row = competition.moments(params, n_out)
    late = rows if rules.RULES[params.rule].after else 0
    size = min(batch, competition.at_a_time(params, n_in, n_out))
    return Buffers(
        np.empty((size, rows * per_row), np.int32),
        np.empty((size, rows * per_row), np.int32),
        np.empty((size, rows), np.int32),
        np.empty((size, rows), np.float32),
        np.empty((size, rows, n_in), np.float32),
        np.empty((size, late, n_in), np.float32),
        whole_room(n_in, n_out),
    )


def learn_kernel_(
    w_t: Tensor,
    theta: Tensor,
    values: NDArray[np.uint32],
    draw: Draw,
    rate: float,
    params: TrainParams,
    room: Buffers | None = None,
) -> Heard:
    """Show a batch and learn from it: changes w_t float32 [n_in, n_out] in place.

    A batch of more than `competition.at_a_time` is shown to the same synapses in pieces and learnt
    piece by piece.
    """
    n_in, n_out = w_t.shape
    room = room or buffers(params, len(values), n_in, n_out)
    room = room._replace(frozen=whole(w_t.t(), theta, room.frozen))
    size = len(room.when)
    told = []
    for start in range(0, len(values), size):
        samples = draw.samples[start : start + size]
        part = Draw(draw.seed, draw.stream, samples)
        piece = values[start : start + size]
        told.append(_piece_(w_t, piece, part, rate, params, room))
    return joined(told)


def _piece_(
    w_t: Tensor,
    values: NDArray[np.uint32],
    draw: Draw,
    rate: float,
    params: TrainParams,
    room: Buffers,
) -> Heard:
    """Spikes of the frozen synapses, which change `w_t`."""
    from snncore.kernels import dense as kernel

    rule = rules.RULES[params.rule]
    n_out, batch = w_t.shape[1], len(values)
    mode = {"lateral": kernel.LATERAL, "none": kernel.ALL}.get(params.competition, kernel.FIRST)
    sizes, counts = np.empty((batch, 2), np.int64), np.empty(n_out, np.int64)
    k0, k1 = rng.split_seed(draw.seed)
    how: Any = (mode, min(room.when.shape[1], n_out), np.float32(params.lateral_inhibition))
    with kernels.kernel_threads(batch * params.steps * (values.shape[1] + n_out)):
        kernel.present(
            values,
            params.code == "latency",
            draw.samples.numpy().astype(np.uint32),
            (np.uint32(draw.stream), np.uint32(k0), np.uint32(k1)),
            (room.frozen.weights_t, room.frozen.unit),
            room.frozen.theta,
            (params.leak ** np.arange(params.steps)).astype(np.float32),
            params.steps,
            how,
            rule.after,
            (room.neuron, room.row, room.when, room.unit, room.trace, room.late),
            sizes,
        )
        sample_of = np.empty(int(sizes[:, 1].sum()), np.int32)
        row_of = np.empty_like(sample_of)
        kernel.by_neuron(room.neuron, room.row, sizes, counts, sample_of, row_of)
        if rate > 0:
            kernel.learn_(
                w_t.numpy(),
                np.flatnonzero(counts),
                np.concatenate((np.zeros(1, np.int64), np.cumsum(counts))),
                sample_of,
                row_of,
                (room.unit, room.trace, room.late),
                np.float32(rules.RECENT if rule.recent else 0.0),
                rule.after,
                rule.budget,
                list(rules.RULES).index(params.rule),
                np.float32(rate),
                _CONSTANTS,
            )
    spiked = sizes[:, 0] > 0
    winner = np.where(spiked, room.neuron[:batch, 0], -1).astype(np.int64)
    when = np.where(spiked, room.when[:batch, 0], -1).astype(np.int64)
    return Heard(torch.from_numpy(winner), torch.from_numpy(when), torch.from_numpy(counts))
