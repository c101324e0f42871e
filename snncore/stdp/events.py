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

Tensor = torch.Tensor
_EVENT_BYTES = 1 << 24  # of the traces at spikes that are kept at a time


class Heard(NamedTuple):
    """Who spiked first and when, int64 [B] (-1: nobody), and spikes of each neuron int64 [N]."""

    winner: Tensor
    when: Tensor
    counts: Tensor


class Events(NamedTuple):
    """What the kernel found: as `Heard`, and for the M neurons that spiked their statistics."""

    heard: Heard
    who: NDArray[np.int64]  # [M]
    pre: NDArray[np.float32]  # [M, n_in], sums
    after: NDArray[np.float32]  # [M, n_in], or [0, n_in]


def learn_kernel_(
    w_t: Tensor,
    theta: Tensor,
    values: NDArray[np.uint32],
    draw: Draw,
    rate: float,
    params: TrainParams,
) -> Heard:
    """Changes w_t float32 [n_in, n_out] in place."""
    rule = rules.RULES[params.rule]
    n_in, n_out = w_t.shape
    rows = competition.aim(params)
    per_row = 1
    if params.competition in ("lateral", "none"):
        rows = params.steps
        per_row = n_out if params.competition == "none" else 1
    each = rows * (4 * n_in * (2 if rule.after else 1) + 8 * per_row)
    size = max(1, _EVENT_BYTES // each)
    if len(values) <= size:
        found = present_kernel(w_t, theta, values, draw, params, rows, per_row)
    else:
        found = _joined(
            [
                present_kernel(
                    w_t,
                    theta,
                    values[start : start + size],
                    Draw(draw.seed, draw.stream, draw.samples[start : start + size]),
                    params,
                    rows,
                    per_row,
                )
                for start in range(0, len(values), size)
            ],
            n_out,
        )
    if rate > 0 and len(found.who):
        who = torch.from_numpy(found.who)
        n = found.heard.counts[who].view(-1, 1).to(torch.float32)
        pre, after = torch.from_numpy(found.pre) / n, torch.from_numpy(found.after)
        after = after / n if rule.after else after
        before = w_t.index_select(1, who).t().contiguous()
        w_t.index_copy_(1, who, rules.apply(rule, before, pre, after, n, rate).t())
    return found.heard


def _joined(parts: list[Events], n_out: int) -> Events:
    """The events of a batch from those of its pieces, summed in their order."""
    who = np.unique(np.concatenate([part.who for part in parts]))
    n_in = parts[0].pre.shape[1]
    pre = np.zeros((len(who), n_in), np.float32)
    after = np.zeros((len(who) if any(len(p.after) for p in parts) else 0, n_in), np.float32)
    for part in parts:
        at = np.searchsorted(who, part.who)
        pre[at] += part.pre
        if len(after):
            after[at] += part.after
    heard = Heard(
        torch.cat([part.heard.winner for part in parts]),
        torch.cat([part.heard.when for part in parts]),
        torch.stack([part.heard.counts for part in parts]).sum(dim=0),
    )
    return Events(heard, who, pre, after)


def present_kernel(
    w_t: Tensor,
    theta: Tensor,
    values: NDArray[np.uint32],
    draw: Draw,
    params: TrainParams,
    rows: int,
    per_row: int,
) -> Events:
    """Events of a batch with at most `rows` moments a sample and `per_row` spikes in each."""
    from snncore.kernels import dense as kernel

    rule = rules.RULES[params.rule]
    (n_in, n_out), batch, n_steps = w_t.shape, len(values), params.steps
    mode = {"lateral": kernel.LATERAL, "none": kernel.ALL}.get(params.competition, kernel.FIRST)
    neuron = np.empty((batch, rows * per_row), np.int32)
    row = np.empty_like(neuron)
    when = np.empty((batch, rows), np.int32)
    unit = np.empty((batch, rows), np.float32)
    trace = np.empty((batch, rows, n_in), np.float32)
    late = np.empty((batch, rows if rule.after else 0, n_in), np.float32)
    sizes = np.empty((batch, 2), np.int64)
    counts = np.empty(n_out, np.int64)
    powers = (params.leak ** np.arange(n_steps)).astype(np.float32)
    k0, k1 = rng.split_seed(draw.seed)
    how: Any = (mode, min(rows, n_out), np.float32(params.inhibition))
    with kernels.kernel_threads():
        kernel.present(
            values,
            params.code == "latency",
            draw.samples.numpy().astype(np.uint32),
            (np.uint32(draw.stream), np.uint32(k0), np.uint32(k1)),
            w_t.numpy(),
            theta.numpy(),
            powers,
            np.float32(params.leak),
            n_steps,
            how,
            rule.after,
            (neuron, row, when, unit, trace, late),
            sizes,
        )
        sample_of = np.empty(int(sizes[:, 1].sum()), np.int32)
        row_of = np.empty_like(sample_of)
        kernel.by_neuron(neuron, row, sizes, counts, sample_of, row_of)
        who = np.flatnonzero(counts)
        first = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        pre = np.empty((len(who), n_in), np.float32)
        after = np.empty((len(who) if rule.after else 0, n_in), np.float32)
        recent = np.float32(rules.RECENT if rule.recent else 0.0)
        kernel.sums(
            who, first, sample_of, row_of, unit, trace, late, recent, rule.after, pre, after
        )
    heard = sizes[:, 0] > 0
    winner = np.where(heard, neuron[:, 0], -1).astype(np.int64)
    step = np.where(heard, when[:, 0], -1).astype(np.int64)
    told = Heard(torch.from_numpy(winner), torch.from_numpy(step), torch.from_numpy(counts))
    return Events(told, who, pre, after)
