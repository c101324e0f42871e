"""Spike trains as a phase that runs from spike to spike: clocks and renewal processes.

A neuron with rate r has a phase Φ(t) = r·t (Φ(t) = ∫r where the rate changes), and fires whenever
the phase passes the next of a list of marks. With marks at 1, 2, 3, … it is a clock; with
independent exponential distances between them, −ln(U), a Poisson process of rate r, for any
course of the rate (time rescaling: Brown, Barbieri, Ventura, Kass & Frank 2002, Neural
Computation 14:325); with every k-th of those marks, a gamma process of order k.

Phases are whole numbers, 2³⁶ to a cycle, and so are the logarithms (`kernels.exponential`): which
step a spike falls into is the same on every device. `trains_torch` is the definition, a block of
marks for all neurons at a time, as long as any of them has marks within the T steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import rng
from snncore.kernels import clocks as kernel
from snncore.kernels.exponential import BITS, INVERSES, LN2, LOGS, UNIT

Tensor = torch.Tensor

MAX_STEPS = 1 << 24
_MOST_PHASE = (1 << 63) - (1 << 48)  # at the end of a train; a block of marks goes on beyond it
_MARKS_AT_ONCE = 1 << 20


class Marks(NamedTuple):
    """Which marks make spikes.

    order: 0 for a clock, k ≥ 1 for every k-th event of a Poisson process.
    begin: int64 [B, N]. Clock: phase of the first spike; else how many events come before it.
    """

    order: int
    begin: Tensor


class Train(NamedTuple):
    """Spikes as a list, in the order of row, neuron and time: all [K].

    step, sample (the row), neuron int32; time float32 in steps (step ≤ time ≤ step + 1).
    """

    step: Tensor
    sample: Tensor
    neuron: Tensor
    time: Tensor


def cycles(rate: Tensor) -> Tensor:
    """Rates per step as int64 in units of 2⁻³⁶; exact but for the one rounding."""
    scaled = rate.to(torch.float32) * float(1 << 16)
    high = scaled.floor()
    low = ((scaled - high) * float(1 << (BITS - 16))).round()
    return (high.to(torch.int64) << (BITS - 16)) + low.to(torch.int64)


def exponentials(words: Tensor) -> Tensor:
    """−ln((word + ½)/2³²) in units of 2⁻³⁶, for random words in int64: `kernels.exponential`."""
    return minus_log(2 * words + 1)


def minus_log(n: Tensor) -> Tensor:
    """−ln(n/2³³) in units of 2⁻³⁶, for int64 n in 1..2³³ − 1."""
    scaled, shift = n, torch.zeros_like(n)
    for bits in (32, 16, 8, 4, 2, 1):
        small = scaled < 1 << (33 - bits)
        scaled = torch.where(small, scaled << bits, scaled)
        shift = shift + bits * small
    place = scaled >> 24
    logs = torch.from_numpy(LOGS).to(n.device)
    inverses = torch.from_numpy(INVERSES).to(n.device)
    d = ((((place + 1) << 24) - scaled) * inverses[place - 256]) >> 26
    d2 = (d * d) >> BITS
    d3 = (d2 * d) >> BITS
    d4 = (d3 * d) >> BITS
    return shift * LN2 + logs[place - 256] + d + (d2 >> 1) + ((d3 * 21846) >> 16) + (d4 >> 2)


def check_steps(n_steps: int, rates: Tensor | None = None) -> None:
    """ValueError if T steps, or their phases at these `rates` (as in `dense`), are too many."""
    most = MAX_STEPS
    if rates is not None and rates.numel():
        most = min(most, _MOST_PHASE // max(1, int(rates.max())))
    if n_steps > most:
        raise ValueError(
            f"n_steps must be <= {most}, got {n_steps}: phases must fit into 63 bits; use fewer "
            "steps, a lower rate or a lower order"
        )


def dense(rates: Tensor, marks: Marks, n_steps: int, seed: int, samples: Tensor) -> Tensor:
    """How many spikes each step holds, uint8 [T, B, N].

    Args:
        rates: int64 [B, N], cycles per step (of a renewal process of order k: k times the rate).
        marks: where the spikes are.
        n_steps: T.
        seed: 0..2**63-1.
        samples: int64 [B].
    """
    check_steps(n_steps, rates)
    count, neurons = rates.shape
    if rates.device.type == "cpu":
        counts = np.zeros((n_steps, count, neurons), dtype=np.uint8)
        if counts.size:
            _run(rates, marks, seed, samples, counts, 0, 0)
        return torch.from_numpy(counts)
    train = trains_torch(rates, marks, n_steps, seed, samples)
    spikes = torch.zeros(n_steps * count * neurons, dtype=torch.uint8, device=rates.device)
    place = (train.step.to(torch.int64) * count + train.sample) * neurons + train.neuron
    spikes.index_put_((place,), torch.ones_like(place, dtype=torch.uint8), accumulate=True)
    return spikes.view(n_steps, count, neurons)


def listed(rates: Tensor, marks: Marks, n_steps: int, seed: int, samples: Tensor) -> Train:
    """The same spikes as `dense`, as a list, at a cost in proportion to their number."""
    check_steps(n_steps, rates)
    if rates.device.type != "cpu":
        return trains_torch(rates, marks, n_steps, seed, samples)
    none = np.zeros((n_steps, len(rates), 0), dtype=np.uint8)
    expected = float(rates.to(torch.float32).sum()) * n_steps / UNIT / max(1, marks.order)
    parts, first, room = [], 0, room_for(expected)
    while first < len(rates):
        first, found = _run(rates, marks, seed, samples, none, first, room)
        parts.append(found)
        room = 2 * room
    return joined(parts)


def room_for(expected: float) -> int:
    """Rows to make for so many spikes; rarely too few, and then there are more."""
    return int(1.02 * expected + 6 * expected**0.5) + 64


Columns = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]


def joined(parts: list[Columns]) -> Train:
    """Parts of a list that a kernel made one after the other."""
    return Train(*(torch.from_numpy(np.concatenate(column)) for column in zip(*parts, strict=True)))


def _run(
    rates: Tensor,
    marks: Marks,
    seed: int,
    samples: Tensor,
    counts: NDArray[np.uint8],
    first: int,
    room: int,
) -> tuple[int, Columns]:
    """Call the kernel: the row to go on with, and the list."""
    rng.check_samples(samples)
    key = tuple(np.uint32(word) for word in rng.split_seed(seed))
    step, row, neuron = (np.empty(room, dtype=np.int32) for _ in range(3))
    time = np.empty(room, dtype=np.float32)
    then, filled, _ = kernel.trains(
        rates.contiguous().numpy(),
        marks.begin.contiguous().numpy(),
        marks.order,
        samples.numpy().astype(np.uint32),
        np.uint32(rng.stream("encode")),
        *key,
        counts,
        step,
        row,
        neuron,
        time,
        first,
    )
    return then, (step[:filled], row[:filled], neuron[:filled], time[:filled])


def trains_torch(rates: Tensor, marks: Marks, n_steps: int, seed: int, samples: Tensor) -> Train:
    """The definition, on any device; `dense` and `listed` explain the arguments."""
    neurons = rates.shape[1]
    rate, begin = rates.reshape(-1), marks.begin.reshape(-1)
    alive = (rate > 0).nonzero()[:, 0]
    last = torch.zeros_like(rate) if marks.order else begin - UNIT
    found, made = [], 0
    while len(alive):
        size = marks_at_once(len(alive))
        order = torch.arange(made, made + size, device=rate.device)[:, None]
        if marks.order:
            numbers = samples[alive // neurons]
            phases = exponential_rows(seed, "encode", numbers, alive % neurons, made, size)
            kept = (order >= begin[alive]) & ((order - begin[alive]) % marks.order == 0)
        else:
            phases = torch.full((size, len(alive)), UNIT, device=rate.device)
            kept = torch.ones_like(phases, dtype=torch.bool)
        at = last[alive] + phases.cumsum(dim=0)
        last[alive] = at[-1]
        inside = at < n_steps * rate[alive]
        row, column = (inside & kept).nonzero(as_tuple=True)
        found.append(_train(at[row, column], rate[alive[column]], alive[column], neurons))
        alive = alive[inside[-1]]
        made += size
    return in_order(found, rates.device)


def exponential_rows(
    seed: int, stream: str, samples: Tensor, neurons: Tensor, first: int, count: int
) -> Tensor:
    """−ln(U) in units of 2⁻³⁶, int64 [count, A]: draws `first` on (multiples of 4) of A neurons.

    Args:
        seed: 0..2**63-1.
        stream: name in `rng.STREAMS`.
        samples, neurons: int64 [A], which ones.
    """
    block = torch.arange(first // 4, (first + count) // 4, device=neurons.device)[:, None]
    purpose = torch.full_like(neurons, rng.stream(stream))
    words = torch.stack(rng.philox((block, neurons, samples, purpose), rng.split_seed(seed)), dim=1)
    return exponentials(words.view(count, -1))


def in_order(parts: list[Train], device: torch.device) -> Train:
    """Trains of which each goes on where the one before it ended, as one train."""
    if not parts:
        none = torch.zeros(0, dtype=torch.int32, device=device)
        return Train(none, none, none, none.to(torch.float32))
    whole = Train(*(torch.cat(part) for part in zip(*parts, strict=True)))
    order = torch.argsort(whole.neuron, stable=True)
    order = order[torch.argsort(whole.sample[order], stable=True)]
    return Train(*(column[order] for column in whole))


def marks_at_once(n_alive: int) -> int:
    """Marks made in one round for so many neurons: a multiple of 4, memory bounded."""
    return max(4, min(64, _MARKS_AT_ONCE // n_alive) // 4 * 4)


def _train(at: Tensor, rate: Tensor, place: Tensor, neurons: int) -> Train:
    step = at // rate
    part = (at - step * rate).to(torch.float32) / rate.to(torch.float32)
    return at_places(step, place, neurons, step.to(torch.float32) + part)


def at_places(step: Tensor, place: Tensor, neurons: int, time: Tensor) -> Train:
    """Spikes of the neurons at `place` = b·N + i."""
    row, neuron = (place // neurons).to(torch.int32), (place % neurons).to(torch.int32)
    return Train(step.to(torch.int32), row, neuron, time)


def dense_moving(signal: Tensor, scale: float, seed: int, samples: Tensor) -> Tensor:
    """Poisson spikes, scale·signal a step, uint8 [T, B, N]; signal float32 [T, B, N] ≥ 0."""
    check_steps(len(signal))
    if signal.device.type != "cpu":
        return moving_torch(signal, scale, seed, samples)
    rng.check_samples(samples)
    counts = np.empty(signal.shape, dtype=np.uint8)
    key = tuple(np.uint32(word) for word in rng.split_seed(seed))
    numbers = samples.numpy().astype(np.uint32)
    source = signal.contiguous().numpy()
    stream = np.uint32(rng.stream("encode"))
    kernel.moving(source, np.float32(scale), numbers, stream, *key, counts)
    return torch.from_numpy(counts)


def moving_torch(signal: Tensor, scale: float, seed: int, samples: Tensor) -> Tensor:
    """The definition of `dense_moving`, on any device: each event into the step of its phase."""
    n_steps, count, neurons = signal.shape
    phase = cycles(signal * scale).cumsum(dim=0).view(n_steps, -1).T.contiguous()  # [M, T]
    numbers = samples.repeat_interleave(neurons)
    order = torch.arange(neurons, device=signal.device).repeat(count)
    spikes = torch.zeros((count * neurons, n_steps + 1), dtype=torch.int32, device=signal.device)
    last, made, size = torch.zeros_like(phase[:, 0]), 0, 32
    while bool((last < phase[:, -1]).any()):
        phases = exponential_rows(seed, "encode", numbers, order, made, size)
        at = (last + phases.cumsum(dim=0)).T.contiguous()  # [M, K]
        step = torch.searchsorted(phase, at, right=True)  # T: after the end
        spikes.scatter_add_(1, step, torch.ones_like(step, dtype=torch.int32))
        last, made = at[:, -1], made + size
    return spikes[:, :n_steps].T.to(torch.uint8).contiguous().view(n_steps, count, neurons)
