"""The spikes of a dense layer on the CPU: the kernels' buffers, and what the rule makes of them.

The kernels list events (who spiked in which sample and when, and the input traces then) and sum
the traces of each neuron that spiked, in sample order. Only the weights of those neurons are
touched. Meaning and tests: `snncore.stdp.competition.present_torch`.

Processes that learn together (`snncore.distributed`) each show their part of the samples. Then all
have the events of all, and learn the same from them, in the same order as one process would.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import distributed, kernels, rng
from snncore.stdp import competition, homeostasis, rules
from snncore.stdp.params import TrainParams
from snncore.stdp.state import Draw
from snncore.stdp.synapses import check_place, scale, whole_room

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


_FEW_ROWS = 4  # moments with spikes of a sample; of more, only those that there were are exchanged
_MODES = {"winner": 0, "k_winners": 0, "lateral": 1, "none": 2}  # of `snncore.kernels.dense`


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


def shown_here(n_batch: int, params: TrainParams, n_in: int, n_out: int) -> NDArray[np.int64]:
    """Positions in a batch of the samples that this process shows: all of them, if it is alone.

    Each piece of `competition.at_a_time` samples is divided among the processes.
    """
    group, size = distributed.current(), competition.at_a_time(params, n_in, n_out)
    pieces = (range(start, min(start + size, n_batch)) for start in range(0, n_batch, size))
    return np.concatenate(
        [np.arange(n_batch)[piece.start : piece.stop][group.part(len(piece))] for piece in pieces]
    )


class Learner:
    """A dense layer on the CPU that learns batch by batch, in place; its buffers are kept.

    w_t float32 [n_in, n_out] and theta float32 [n_out], contiguous, are changed by every batch.
    """

    def __init__(self, w_t: Tensor, theta: Tensor, params: TrainParams, batch: int) -> None:
        self._params = params
        self._layer = (w_t.numpy(), theta.numpy())
        n_in, n_out = w_t.shape
        rule = rules.RULES[params.rule]
        rows, per_row = competition.moments(params, n_out)
        late = rows if rule.after else 0
        size = min(batch, competition.at_a_time(params, n_in, n_out))
        self._buffers = (  # of each sample: its events, and the moments at which it had any
            np.empty((size, rows * per_row), np.int32),  # neuron
            np.empty((size, rows * per_row), np.int32),  # moment
            np.empty((size, rows), np.int32),  # step
            np.empty((size, rows), np.float32),  # 1 / ‖x‖
            np.empty((size, rows, n_in), np.float32),  # x
            np.empty((size, late, n_in), np.float32),  # z
        )
        room = whole_room(n_in, n_out)
        self._frozen = (*scale(n_in), room.weights_t, room.theta)
        self._powers = (params.leak ** np.arange(max(2, params.steps))).astype(np.float32)
        self._how: Any = (_MODES[params.competition], min(rows, n_out))
        self._how += (np.float32(params.lateral_inhibition),)
        recent = np.float32(rules.RECENT if rule.recent else 0.0)
        code = list(rules.RULES).index(params.rule)
        self._rule = (code, rule.after, recent, rule.budget, _CONSTANTS)
        spikes_a_step = n_out if params.competition == "none" else 1
        self._work = params.steps * (n_in + n_out + spikes_a_step * n_in)

    def learn_(
        self, values: NDArray[np.uint32], draw: Draw, rate: float, theta_rate: float
    ) -> Heard:
        """Show a batch and learn from it: weights, then thresholds.

        A batch of more than `competition.at_a_time` is shown to the same synapses in pieces and
        learnt piece by piece.

        Args:
            values: uint32 [b, n_in] from `drive.inputs`, of the samples `shown_here`.
            draw: where the random words come from, of all samples of the batch.
            rate: η of this batch.
            theta_rate: η_θ of this batch.

        Raises:
            ValueError: weights or thresholds that are not finite, or far too large.
        """
        n_in, n_out = self._layer[0].shape
        batch = len(draw.samples)
        told = np.empty(batch, np.int64), np.empty(batch, np.int64), np.empty(n_out, np.int64)
        k0, k1 = rng.split_seed(draw.seed)
        key = np.uint32(draw.stream), np.uint32(k0), np.uint32(k1)
        samples = draw.samples.numpy().astype(np.uint32)
        law = (
            rules.RULES[self._params.rule].homeostasis,
            homeostasis.law(theta_rate, batch, self._params),
        )
        shown = (values, self._params.code == "latency", samples, key)
        learn = self._alone if distributed.current().size == 1 else self._together
        check_place(learn(shown, np.float32(rate), law, told), n_in)
        winner, when, counts = (torch.from_numpy(part) for part in told)
        return Heard(winner, when, counts)

    def _alone(self, shown: Any, rate: np.float32, law: Any, told: Any) -> int:
        from snncore.kernels.dense import learn_batch_

        with kernels.kernel_threads(len(shown[0]) * self._work):
            place: int = learn_batch_(
                self._layer, shown, self._frozen, self._powers, self._params.steps, self._how,
                self._rule, rate, law, self._buffers, told,
            )  # fmt: skip
        return place

    def _together(self, shown: Any, rate: np.float32, law: Any, told: Any) -> int:
        """As `learn_batch_`, each process with its part of every piece."""
        from snncore.kernels import dense

        group, (w_t, theta) = distributed.current(), self._layer
        values, latency, samples, key = shown
        units, least, most, whole, limits = self._frozen
        winner, first_step, spikes = told
        place: int = dense.freeze(w_t, theta, least, most, units, whole, limits)
        if place < 0 or place == len(units):
            return place
        spikes[:] = 0
        some, used = np.empty_like(spikes), 0
        size = len(self._buffers[2])
        for start in range(0, len(samples), size):
            piece = slice(start, min(start + size, len(samples)))
            n = piece.stop - piece.start
            mine, sizes = group.part(n), np.zeros((n, 2), np.int64)
            n_mine = mine.stop - mine.start
            with kernels.kernel_threads(n_mine * self._work):
                dense.present_all(
                    values[used : used + n_mine], latency, samples[piece][mine], key,
                    (whole, units[place]), limits, self._powers, self._params.steps, self._how,
                    self._rule[1], tuple(part[mine] for part in self._buffers), sizes[mine],
                )  # fmt: skip
            used += n_mine
            self._exchange(group, sizes, n)
            with kernels.kernel_threads(n * self._work):
                dense.learn_shown_(
                    w_t, self._buffers, sizes, self._rule, rate,
                    (winner[piece], first_step[piece], some),
                )  # fmt: skip
            spikes += some
        if law[0]:
            dense.adapt_(theta, spikes, len(samples), law[1])
        return place

    def _exchange(self, group: distributed.Group, sizes: NDArray[np.int64], n: int) -> None:
        """Everybody's events of a piece of n samples into everybody's buffers."""
        neuron, row, when, unit, trace, late = self._buffers
        rows, events = when.shape[1], neuron.shape[1]
        if rows > _FEW_ROWS:
            group.fill_([sizes], n)
            rows, events = (int(most) for most in sizes.max(axis=0))
        few = [neuron[:, :events], row[:, :events], when[:, :rows], unit[:, :rows]]
        few += [trace[:, :rows], late[:, :rows]]
        first = [] if rows > _FEW_ROWS else [sizes]
        group.fill_([*first, *(array for array in few if array[:1].size)], n)
