"""Spikes as one Bernoulli draw per step, from the probability of each as a limit for its word.

`draw_spikes_torch` is the definition; on a CPU one pass makes and compares the words in registers
(`snncore.kernels.bernoulli`). A list of the same law needs a draw per spike only: the steps from
one spike to the next are geometric,

    1 + ⌊ln U / ln(1 − p)⌋,   U = (word + ½)/2³²

so that 1 step has the probability p exactly as in the dense form, w/2³² (Devroye 1986,
Non-Uniform Random Variate Generation, ch. X.2). Those are other draws, hence other spikes, than
those of the dense form, which needs a word for every step: they have a stream of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from snncore import rng
from snncore.encoding.clocks import (
    Train,
    at_places,
    exponential_rows,
    in_order,
    joined,
    marks_at_once,
    minus_log,
    room_for,
)
from snncore.kernels.bernoulli import NEVER_LATER, bernoulli, bernoulli_moving, jumps

Tensor = torch.Tensor

_WORDS_AT_ONCE = 1 << 21  # random words in flight: 16 MB, whatever the number of steps


def draw_spikes(values: Tensor, gain: float, seed: int, samples: Tensor, n_steps: int) -> Tensor:
    """bool [T, B, N]: spikes with probability gain·value in each step; memory bounded in T.

    Args:
        values: float32 [B, N] in 0..1.
        gain: in 0..1.
        seed: 0..2**63-1.
        samples: int64 [B].
        n_steps: T.
    """
    if values.device.type != "cpu":
        return draw_spikes_torch(rng.threshold(values * gain), seed, samples, n_steps)
    spikes = np.empty((-(-n_steps // 4) * 4, *values.shape), dtype=np.uint8)
    source = values.contiguous().numpy()
    bernoulli(source, np.float32(gain), *_words(seed, samples), spikes)
    return torch.from_numpy(spikes[:n_steps]).view(torch.bool)


def draw_spikes_torch(limits: Tensor, seed: int, samples: Tensor, n_steps: int) -> Tensor:
    """The definition, on any device: random words of a few steps at a time, compared.

    limits int64 [B, N], or [T, B, N] where they change with time.
    """
    count, neurons = limits.shape[-2:]
    steps = max(4, _WORDS_AT_ONCE // max(1, count * neurons) // 4 * 4)
    spikes = torch.empty((n_steps, count, neurons), dtype=torch.bool, device=limits.device)
    for first in range(0, n_steps, steps):
        last = min(n_steps, first + steps)
        words = rng.draws(seed, rng.stream("encode"), samples, neurons, last - first, first=first)
        spikes[first:last] = words < (limits if limits.ndim == 2 else limits[first:last])
    return spikes


def draw_signed(
    signal: Tensor, centre: float, scale: float, most: float, seed: int, samples: Tensor
) -> Tensor:
    """Spikes of a signal on either side of a centre: int8 [T, B, N] of −1, 0, +1.

    The sign is that of s − centre, the probability min(scale·|s − centre|, most).

    Args:
        signal: float32 [T, B, N].
        centre, scale: see above.
        most: at most 1; there because a product that should be 1 may round past it.
        seed: 0..2**63-1.
        samples: int64 [B].
    """
    if signal.device.type != "cpu":
        return draw_signed_torch(signal, centre, scale, most, seed, samples)
    spikes = np.empty(signal.shape, dtype=np.int8)
    law = (np.float32(centre), np.float32(scale), np.float32(most))
    bernoulli_moving(signal.contiguous().numpy(), *law, *_words(seed, samples), spikes)
    return torch.from_numpy(spikes)


def draw_signed_torch(
    signal: Tensor, centre: float, scale: float, most: float, seed: int, samples: Tensor
) -> Tensor:
    """The definition of `draw_signed`, on any device."""
    away = signal - centre
    limits = rng.threshold((away.abs() * scale).clamp_max(most))
    spikes = draw_spikes_torch(limits, seed, samples, len(signal))
    return spikes.to(torch.int8) * away.sign().to(torch.int8)


def _words(seed: int, samples: Tensor, stream: str = "encode") -> tuple[Any, ...]:
    """What the kernels take for their random words: sample numbers, stream, key; uint32."""
    rng.check_samples(samples)
    key = (np.uint32(word) for word in rng.split_seed(seed))
    return samples.numpy().astype(np.uint32), np.uint32(rng.stream(stream)), *key


def list_spikes(values: Tensor, gain: float, seed: int, samples: Tensor, n_steps: int) -> Train:
    """A list of spikes of probability gain·value in each step, at a cost of the spikes.

    Arguments as of `draw_spikes`.
    """
    if values.device.type != "cpu":
        return list_spikes_torch(rng.threshold(values * gain), seed, samples, n_steps)
    source = values.contiguous().view(-1).numpy()
    words = _words(seed, samples, "encode_events")
    parts, first = [], 0
    room = room_for(float(source.sum()) * gain * n_steps)
    while first < source.size:
        step, row, neuron = (np.empty(room, dtype=np.int32) for _ in range(3))
        first, filled, _ = jumps(
            source, np.float32(gain), *words, n_steps, step, row, neuron, first
        )
        time = step[:filled].astype(np.float32)
        parts.append((step[:filled], row[:filled], neuron[:filled], time))
        room = 2 * room
    return joined(parts)


def list_spikes_torch(limits: Tensor, seed: int, samples: Tensor, n_steps: int) -> Train:
    """The definition of `list_spikes`, on any device; limits int64 [B, N]."""
    scale, neurons = _scales(limits).reshape(-1), limits.shape[1]
    alive = (scale > 0).nonzero()[:, 0]
    last = torch.full_like(scale, -1)
    found, made = [], 0
    while len(alive):
        size, numbers = marks_at_once(len(alive)), samples[alive // neurons]
        drawn = exponential_rows(seed, "encode_events", numbers, alive % neurons, made, size)
        at = last[alive] + (1 + drawn // scale[alive]).cumsum(dim=0)
        last[alive] = at[-1]
        inside = at < n_steps
        row, column = inside.nonzero(as_tuple=True)
        step = at[row, column]
        found.append(at_places(step, alive[column], neurons, step.to(torch.float32)))
        alive = alive[inside[-1]]
        made += size
    return in_order(found, limits.device)


def _scales(limits: Tensor) -> Tensor:
    """−ln(1 − p) in units of 2⁻³⁶; 0 for p = 0."""
    scale = minus_log((1 << 33) - 2 * limits.clamp(1, (1 << 32) - 1))
    scale = torch.where(limits == 1 << 32, NEVER_LATER, scale)
    return torch.where(limits > 0, scale, 0)
