"""Who spikes while a batch is shown, and with which traces: the definition, on any device.

With a = exp(-dt/tau_m), input spikes s_i[t] and synapses w_ji (`snncore.stdp.synapses`), frozen
within the batch:

    trace        x_i[t] = a x_i[t-1] + s_i[t]
    potential    u_j[t] = a u_j[t-1] + Σ_i w_ji s_i[t]  (= Σ_i w_ji x_i[t] before a reset)
    late trace   z_i[t] = Σ_{t' > t} a^(t'-t) s_i[t'],  to the end of the presentation

`winner`      the first to reach its threshold, by the largest margin u_j - θ_j, inhibits the layer
              for the rest of the presentation (Kheradpisheh et al. 2018)
`k_winners`   the first k neurons: one spike a step, by the largest margin; whoever has spiked
              stays silent, and after the k-th everybody does
`lateral`     one spike a step, by the largest margin; it restarts at 0 and takes
              `lateral_inhibition` from every other potential; to the end of the presentation
`none`        whoever is at its threshold spikes and restarts at 0; to the end

Nothing feeds back in the first two, so they need no time loop. No tensor has the size of
batch × inputs × neurons: the sum over events of a neuron's traces is a product of matrices.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from snncore import distributed
from snncore.stdp import drive
from snncore.stdp.params import TrainParams
from snncore.stdp.rules import RECENT, RULES
from snncore.stdp.state import Draw, Layer
from snncore.stdp.synapses import synapses

Tensor = torch.Tensor
_EVENT_BYTES = 1 << 26  # of the traces at spikes that are kept at a time


class Spikes(NamedTuple):
    """What a batch did to the layer; the last three are what the learning rule needs.

    winner int64 [B] and when int64 [B]: who spiked first, by the largest margin, and in which
    step; -1 where nobody did. counts int64 [n_out]: spikes of each neuron. pre, after float32
    [n_out, n_in]: means over a neuron's spikes (see `snncore.stdp.rules`), 0 where it had none;
    `after` is empty for rules that do not ask for it.
    """

    winner: Tensor
    when: Tensor
    counts: Tensor
    pre: Tensor
    after: Tensor


def filtered(spikes: Tensor, leak: float, *, late: bool = False) -> Tensor:
    """x (or z, `late`) at every step, float32 [T, B, n_in], as one triangular product."""
    steps = spikes.shape[0]
    age = torch.arange(steps, device=spikes.device)
    age = age.view(-1, 1) - age.view(1, -1)
    if late:
        age = torch.where(age < 0, -age, -1)
    kernel = torch.where(age >= 0, leak ** age.clamp(min=0).to(torch.float32), 0.0)
    return (kernel @ spikes.reshape(steps, -1).to(torch.float32)).view(spikes.shape)


def aim(params: TrainParams) -> int:
    """How many spikes an image is meant to cause."""
    return 1 if params.competition == "winner" else params.winners


def moments(params: TrainParams, n_out: int) -> tuple[int, int]:
    """At most how many moments of a presentation have spikes, and how many spikes each of them."""
    if params.competition in ("lateral", "none"):
        return params.steps, n_out if params.competition == "none" else 1
    return aim(params), 1


def at_a_time(params: TrainParams, n_in: int, n_out: int) -> int:
    """Samples of a batch whose spikes are learnt together, at least 1.

    It bounds the traces that wait for being learnt, and follows from the arguments alone.
    """
    rows, per_row = moments(params, n_out)
    late = rows if RULES[params.rule].after else 0
    return max(1, _EVENT_BYTES // (4 * n_in * (rows + late) + 8 * rows * per_row))


def present_torch(layer: Layer, values: Tensor, draw: Draw, params: TrainParams) -> Spikes:
    """Show a batch; never waits for the device.

    Args:
        layer: weights and thresholds.
        values: int64 [B, n_in] from `drive.inputs`, on the layer's device.
        draw: where the random words come from.
        params: code, steps, competition, rule and time constants.
    """
    rule = RULES[params.rule]
    inputs = drive.input_spikes(values, draw, params.steps, params.code)
    traces = filtered(inputs, params.leak)
    layer = Layer(synapses(layer.weights), layer.theta)
    if params.competition in ("winner", "k_winners"):
        steps, neurons = _first(layer, traces, aim(params))
    else:
        steps, neurons = _to_the_end(layer, inputs, params)
    length = traces.norm(dim=2, keepdim=True).clamp(min=1e-12)
    early = (traces > RECENT).to(torch.float32) if rule.recent else traces / length
    late = filtered(inputs, params.leak, late=True) / length if rule.after else traces[:0]
    if params.competition in ("winner", "k_winners"):
        return _few(steps, neurons, layer.theta.shape[0], early, late)
    return _many(steps, neurons, early, late)


def _first(layer: Layer, traces: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Step and number of the first k neurons, int64 [k, B] each; -1 where nobody is left."""
    margin = traces @ layer.weights.t() - layer.theta  # [T, B, n_out]
    time = torch.arange(margin.shape[0], device=margin.device).view(-1, 1)
    columns = torch.arange(margin.shape[1], device=margin.device)
    last = torch.full_like(columns, -1)
    steps, neurons = [], []
    for _ in range(min(k, margin.shape[2])):
        best, arg = margin.max(dim=2)
        crossed = (best >= 0) & (time > last)  # [T, B]
        found = crossed.any(dim=0)
        first = crossed.to(torch.uint8).argmax(dim=0)
        who = arg[first, columns]
        steps.append(torch.where(found, first, -1))
        neurons.append(torch.where(found, who, -1))
        last = torch.where(found, first, margin.shape[0])
        spent = torch.where(found, who, 0).view(1, -1, 1).expand(margin.shape[0], -1, 1)
        gone = margin.gather(2, spent).masked_fill(found.view(1, -1, 1), -torch.inf)
        margin = margin.scatter(2, spent, gone)
    return torch.stack(steps), torch.stack(neurons)


def _to_the_end(layer: Layer, inputs: Tensor, params: TrainParams) -> tuple[Tensor, Tensor]:
    """Output spikes bool [T, B, n_out], and who is furthest above, int64 [T, B] (-1: nobody)."""
    current = inputs.to(torch.float32) @ layer.weights.t()
    potential = torch.zeros_like(current[0])
    neurons = torch.arange(current.shape[2], device=current.device).view(1, -1)
    spikes, leaders = [], []
    for t in range(current.shape[0]):
        potential = potential * params.leak + current[t]
        best, arg = (potential - layer.theta).max(dim=1, keepdim=True)
        if params.competition == "lateral":
            spiked = (best >= 0) & (neurons == arg)
            potential = torch.where(best >= 0, potential - params.lateral_inhibition, potential)
        else:
            spiked = potential >= layer.theta
        potential = torch.where(spiked, 0.0, potential)
        spikes.append(spiked)
        leaders.append(torch.where(best >= 0, arg, -1).squeeze(1))
    return torch.stack(spikes), torch.stack(leaders)


def _few(steps: Tensor, neurons: Tensor, n_out: int, early: Tensor, late: Tensor) -> Spikes:
    """At most k events a sample, [k, B]: their traces are gathered."""
    columns = torch.arange(steps.shape[1], device=steps.device).expand_as(steps)
    won = torch.arange(n_out, device=steps.device).view(-1, 1) == neurons.reshape(1, -1)
    counts = won.sum(dim=1)
    share = won.to(torch.float32) / counts.clamp(min=1).view(-1, 1)
    at = steps.clamp(min=0)

    def mean(traces: Tensor) -> Tensor:
        return share @ traces[at, columns].flatten(0, 1)

    after = mean(late) if len(late) else late.new_empty(0, late.shape[2])
    return Spikes(neurons[0], steps[0], counts, mean(early), after)


def _many(spikes: Tensor, leaders: Tensor, early: Tensor, late: Tensor) -> Spikes:
    """Events anywhere, bool [T, B, n_out]: one product over all steps and samples."""
    out = spikes.flatten(0, 1)
    counts = out.sum(dim=0)
    share = out.to(torch.float32).t() / counts.clamp(min=1).view(-1, 1)
    some = leaders >= 0
    found = some.any(dim=0)
    first = some.to(torch.uint8).argmax(dim=0)
    who = leaders.gather(0, first.view(1, -1))[0]
    after = share @ late.flatten(0, 1) if len(late) else late.new_empty(0, late.shape[2])
    return Spikes(
        torch.where(found, who, -1),
        torch.where(found, first, -1),
        counts,
        share @ early.flatten(0, 1),
        after,
    )


def joined(parts: list[Spikes]) -> Spikes:
    """The batch whose pieces, shown to the same layer, gave `parts`."""
    if len(parts) == 1:
        return parts[0]
    counts = torch.stack([part.counts for part in parts])
    total = counts.sum(dim=0)
    share = (counts / total.clamp(min=1)).to(torch.float32).unsqueeze(2)

    def mean(fields: list[Tensor]) -> Tensor:
        return (share * torch.stack(fields)).sum(dim=0) if fields[0].numel() else fields[0]

    return Spikes(
        torch.cat([part.winner for part in parts]),
        torch.cat([part.when for part in parts]),
        total,
        mean([part.pre for part in parts]),
        mean([part.after for part in parts]),
    )


def nothing(layer: Layer, params: TrainParams) -> Spikes:
    """What no samples at all do to the layer."""
    nobody = torch.empty(0, dtype=torch.int64, device=layer.theta.device)
    pre = torch.zeros_like(layer.weights)
    after = pre if RULES[params.rule].after else pre[:0]
    return Spikes(nobody, nobody, torch.zeros_like(layer.theta, dtype=torch.int64), pre, after)


def shared(mine: Spikes, n: int, group: distributed.Group) -> Spikes:
    """What n samples did, of which each process of the group has shown its part."""
    if group.size == 1:
        return mine
    each = -(-n // group.size)
    who = torch.full((2, each), -1, dtype=torch.int64, device=mine.counts.device)
    who[0, : len(mine.winner)], who[1, : len(mine.when)] = mine.winner, mine.when
    fields = [group.stacked(field) for field in (who, mine.counts, mine.pre)]
    after = group.stacked(mine.after) if mine.after.numel() else fields[2][:, :0]
    parts = []
    for rank, (whose, counts, pre) in enumerate(zip(*fields, strict=True)):
        shown = max(0, min(each, n - rank * each))
        parts.append(Spikes(whose[0, :shown], whose[1, :shown], counts, pre, after[rank]))
    return joined(parts)
