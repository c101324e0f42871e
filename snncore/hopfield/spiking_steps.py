"""The spiking memory's steps: the state of all its cells, and the definition of a step in torch.

The fused loop of `snncore.kernels.spiking_memory` repeats `advance` for tensors on the CPU.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import snntorch as snn
import torch
from snntorch._neurons.neurons import SpikingNeuron

from snncore import rng
from snncore.hopfield.spiking_network import MEAN_LEVELS, TRACE_LEVELS, Input, Network
from snncore.hopfield.spiking_params import SpikingParams
from snncore.kernels import spiking_memory as fused

Tensor = torch.Tensor
LAG = 4  # steps after a decision, at most, that a grey readout waits for the feedback to settle


class State(NamedTuple):
    """All cells of B probes; changed in place by `advance`."""

    v: Tensor  # float32 [2, B, N], membranes of the ON and the OFF cells
    phase: Tensor  # int64 [B, N], regular input's place between two spikes in 1/2**32; or empty
    u: Tensor  # float32 [B, P], membranes of the memory units
    z: Tensor  # float32 [B, P], their spikes of the last step
    y: Tensor  # float32 [B, P], trace of their spikes, in 1/1024
    total: Tensor  # int32 [B, N], visible spikes as the readout weighs them
    mass: Tensor  # int64 [B], sum of the weights
    decided: Tensor  # int64 [B], step of the first memory spike, from 1; 0: none yet
    active: Tensor  # int64 [B], visible spikes so far
    counts: Tensor  # int32 [B, P], spikes of the memory units so far


class Record(NamedTuple):
    """What is kept of T steps; written by `advance`."""

    units: Tensor  # int64 [B, K], whose membranes
    pixels: Tensor  # int64 [V], whose spikes
    membrane: Tensor  # float32 [T, B, K]
    spikes: Tensor  # bool [T, B, K]
    overlap: Tensor  # float32 [T, B, K]
    visible: Tensor  # int8 [T, B, V]


class Scalars(NamedTuple):
    """Numbers of one run, rounded to float32 where they meet float32."""

    binary: bool
    random: bool
    hard: bool
    n_steps: int
    beta: float
    feedback: float  # of u·ξ, per whole number of a synapse
    lateral: float
    own: float  # w_inhibition + the winner's own excitation
    unit: float  # 1/u
    mean_unit: float
    per_pixel: float  # 1/N
    urgency: float  # u(t) = urgency · t


def leaky(beta: float, reset: str, device: torch.device, *, winner_only: bool = False) -> snn.Leaky:
    """An snnTorch layer without gradient, not kept in snnTorch's process-wide list of layers."""
    layer = snn.Leaky(beta=beta, threshold=1.0, reset_mechanism=reset, surrogate_disable=True)
    layer.inhibition = winner_only  # as an argument it would warn on every construction
    SpikingNeuron.instances.remove(layer)  # or a long-lived server would collect them for ever
    return layer.to(device)


def _f32(x: float) -> float:
    return float(np.float32(x))


def scalars(net: Network, p: SpikingParams) -> Scalars:
    """The numbers of a run with concrete parameters."""
    binary = net.mode == "binary"
    return Scalars(
        binary=binary,
        random=binary and p.drive == "random",
        hard=p.hard,
        n_steps=p.time_steps,
        beta=_f32(p.decay) if binary else 1.0,
        feedback=_f32((p.w_feedback if binary else 1.0) / net.levels),
        lateral=_f32(p.w_inhibition),
        own=_f32(1.0 + p.w_inhibition),
        unit=_f32(1.0 / net.levels),
        mean_unit=_f32(1.0 / MEAN_LEVELS),
        per_pixel=_f32(1.0 / net.rows.shape[1]),
        urgency=_f32(2.0 / (p.urgency * p.time_steps) ** 2),
    )


def kernel_words(seed: int, samples: Tensor) -> tuple[Any, Any, Any, Any]:
    """What a kernel needs for its draws: sample numbers, stream, key."""
    low, high = rng.split_seed(seed)
    stream = np.uint32(rng.stream("recall"))
    return samples.numpy().astype(np.uint32), stream, np.uint32(low), np.uint32(high)


def first_words(seed: int, samples: Tensor, n: int) -> Tensor:
    """Random word 0 of every pixel, int64 [B, N]."""
    if samples.device.type != "cpu":
        return rng.draws(seed, rng.stream("recall"), samples, n, 1)[0]
    out = np.empty((len(samples), n), dtype=np.int64)
    numbers, stream, low, high = kernel_words(seed, samples)
    fused.first_words(numbers, stream, low, high, out)
    return torch.from_numpy(out)


def start(net: Network, how: Scalars, seed: int, samples: Tensor) -> State:
    """Cells at rest but for the phase: regular input and integrating cells begin anywhere."""
    (count, n), batch, device = net.rows.shape, len(samples), net.rows.device
    v = torch.zeros(2, batch, n, device=device)
    phase = torch.zeros(batch, 0, dtype=torch.int64, device=device)
    if not how.random:
        words = first_words(seed, samples, n)
        if how.binary:
            phase = words
        else:
            v[:] = rng.uniform(words)
    none = torch.zeros(batch, count, device=device)
    whole = torch.zeros(batch, dtype=torch.int64, device=device)
    return State(
        v, phase, none, none.clone(), none.clone(),
        torch.zeros(batch, n, dtype=torch.int32, device=device),
        whole, whole.clone(), whole.clone(),
        torch.zeros(batch, count, dtype=torch.int32, device=device),
    )  # fmt: skip


def reading(step: int, decided: Tensor, how: Scalars) -> tuple[Tensor, Tensor]:
    """Weight of the visible spikes of `step` (1..T) in the readout, and whether it starts afresh.

    Binary: spikes after the decision outweigh all before it. Grey: after the decision and a lag
    the weights rise and fall again as a triangle. An integrate-and-fire cell with reset by
    subtraction is a first-order sigma-delta modulator, so with a triangle the error of the rate
    falls as steps**-1.5, with equal weights as 1/steps (Candy 1986, IEEE Trans. Commun. 34:72).
    """
    since = step - decided
    after = (decided > 0) & (since > 0)
    if how.binary:
        return torch.where(after, how.n_steps + 1, 1), torch.zeros_like(after)
    left = how.n_steps - decided
    lag = torch.div(left, 4, rounding_mode="floor").clamp(max=LAG)
    k = since - lag
    triangle = torch.minimum(k, left - lag + 1 - k).clamp(min=0)
    return torch.where(after, triangle, 1), after & (k == 1)


def readout(state: State, drive: Input, how: Scalars, step: int) -> Tensor:
    """The answer after `step` steps: int8 ±1, or float32 0..1.

    Binary, before the last step: 0 where ON and OFF cell have spiked equally much, or not at all.
    """
    if how.binary:
        if step < how.n_steps:
            return state.total.sign().to(torch.int8)
        return torch.where(state.total > 0, 1, -1).to(torch.int8)
    left = how.n_steps - state.decided
    lag = torch.div(left, 4, rounding_mode="floor").clamp(max=LAG)
    fed_back = (state.decided > 0) & (step - state.decided - lag >= 1)
    full = torch.where(fed_back, 1.0, drive.scale) * state.mass.clamp(min=1).to(torch.float32)
    rate = state.total.to(torch.float32) / full[:, None]
    return (0.5 * rate + 0.5).clamp(0.0, 1.0)  # an undecided probe's own noise may exceed 0..1


def overlap_scale(net: Network) -> Tensor:
    """u/Σk², float32 [P]: turns Σ k v into ξ·v/|ξ|²."""
    return net.levels / net.squares.clamp(min=1).to(torch.float32)


def advance_torch(
    net: Network, drive: Input, how: Scalars, state: State, record: Record,
    first: int, last: int, seed: int, samples: Tensor,
) -> None:  # fmt: skip
    """Steps first..last-1 (from 0), the definition."""
    x = net.rows.to(torch.float32)
    mean = net.mean.to(torch.float32)
    inverse = overlap_scale(net)
    device = x.device
    visible = leaky(how.beta, "zero" if how.binary else "subtract", device)
    memory = leaky(1.0, "subtract", device, winner_only=how.hard)
    for t in range(first, last):
        if not how.binary:
            current = torch.where((state.decided == 0)[:, None], drive.cue, 0.0)
        elif how.random:
            block, number = t // 4 * 4, rng.stream("recall")
            words = rng.draws(seed, number, samples, x.shape[1], 4, first=block)[t - block]
            current = torch.where(words < drive.rate, drive.cue, 0.0)
        else:
            reached = state.phase + drive.rate
            state.phase.copy_(reached & 0xFFFFFFFF)
            current = torch.where(reached > 0xFFFFFFFF, drive.cue, 0.0)
        current = current + how.feedback * (state.y @ x)
        s, v = visible(torch.stack([current, -current]), state.v)
        state.v.copy_(v.clamp(min=0.0))
        v = s[0] - s[1]
        dot = v @ x.T
        evidence = (dot * how.unit - (v @ mean)[:, None] * how.mean_unit) * how.per_pixel
        current = (evidence - drive.bias) * drive.gain[:, None] + how.urgency * (t + 1)
        lateral = how.own * state.z - how.lateral * state.z.sum(dim=1, keepdim=True)
        z, u = memory(current + lateral, state.u)
        state.u.copy_(u.clamp(min=-1.0))
        state.z.copy_(z)
        state.y.copy_(((0.5 * state.y + 0.5 * z) * TRACE_LEVELS).round() / TRACE_LEVELS)
        state.counts.add_(z.to(torch.int32))
        state.decided[(state.decided == 0) & (z > 0).any(dim=1)] = t + 1
        state.active.add_(s.sum(dim=(0, 2)).to(torch.int64))
        weight, afresh = reading(t + 1, state.decided, how)
        state.total.mul_(~afresh[:, None]).add_((weight[:, None] * v).to(torch.int32))
        state.mass.mul_(~afresh).add_(weight)
        record.membrane[t] = state.u.gather(1, record.units)
        record.spikes[t] = z.gather(1, record.units) > 0
        record.overlap[t] = (dot * inverse).gather(1, record.units)
        record.visible[t] = v[:, record.pixels].to(torch.int8)


def advance(
    net: Network, drive: Input, how: Scalars, state: State, record: Record,
    first: int, last: int, seed: int, samples: Tensor,
) -> None:  # fmt: skip
    """Steps first..last-1 (from 0) of all probes: changes `state`, writes `record`."""
    if net.rows.device.type != "cpu":
        advance_torch(net, drive, how, state, record, first, last, seed, samples)
        return
    fused.advance(
        (net.rows.numpy(), net.mean.numpy(), overlap_scale(net).numpy()),
        tuple(part.numpy() for part in drive[:4]),
        how,
        LAG,
        fused.Cells(*(part.numpy() for part in state)),
        fused.Kept(*(part.numpy() for part in record)),
        (first, last),
        kernel_words(seed, samples),
    )
