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

        Raises:
            ValueError: weights or thresholds that are not finite, or far too large.
        """
        from snncore.kernels.dense import learn_batch_

        n_in, n_out = self._layer[0].shape
        batch = len(values)
        told = np.empty(batch, np.int64), np.empty(batch, np.int64), np.empty(n_out, np.int64)
        k0, k1 = rng.split_seed(draw.seed)
        key = np.uint32(draw.stream), np.uint32(k0), np.uint32(k1)
        samples = draw.samples.numpy().astype(np.uint32)
        with kernels.kernel_threads(batch * self._work):
            place = learn_batch_(
                self._layer,
                (values, self._params.code == "latency", samples, key),
                self._frozen,
                self._powers,
                self._params.steps,
                self._how,
                self._rule,
                np.float32(rate),
                (
                    rules.RULES[self._params.rule].homeostasis,
                    homeostasis.law(theta_rate, batch, self._params),
                ),
                self._buffers,
                told,
            )
        check_place(place, n_in)
        winner, when, counts = (torch.from_numpy(part) for part in told)
        return Heard(winner, when, counts)
