"""Spikes as one Bernoulli draw per step, from the probability of each as a limit for its word.

`draw_spikes_torch` is the definition; on a CPU one pass makes and compares the words in registers
(`snncore.kernels.bernoulli`).
"""

from __future__ import annotations

import numpy as np
import torch

from snncore import rng
from snncore.kernels.bernoulli import bernoulli

Tensor = torch.Tensor

_WORDS_AT_ONCE = 1 << 21  # random words in flight: 16 MB, whatever the number of steps


def draw_spikes(limits: Tensor, seed: int, samples: Tensor, n_steps: int) -> Tensor:
    """bool [T, B, N]: word(t, samples[b], i) < limits; memory bounded in T.

    Args:
        limits: int64 [1 or T, B, N] from `rng.threshold`; one row holds for all steps.
        seed: 0..2**63-1.
        samples: int64 [B].
        n_steps: T.
    """
    rng.check_samples(samples)
    if limits.device.type == "cpu":
        spikes = np.empty((-(-n_steps // 4) * 4, *limits.shape[1:]), dtype=np.bool_)
        key = tuple(np.uint32(word) for word in rng.split_seed(seed))
        words = limits.contiguous().numpy().astype(np.uint64)
        numbers = samples.numpy().astype(np.uint32)
        bernoulli(words, numbers, np.uint32(rng.stream("encode")), *key, spikes)
        return torch.from_numpy(spikes[:n_steps])
    return draw_spikes_torch(limits, seed, samples, n_steps)


def draw_spikes_torch(limits: Tensor, seed: int, samples: Tensor, n_steps: int) -> Tensor:
    """The definition, on any device: random words of a few steps at a time, compared."""
    _, count, neurons = limits.shape
    steps = max(4, _WORDS_AT_ONCE // max(1, count * neurons) // 4 * 4)
    spikes = torch.empty((n_steps, count, neurons), dtype=torch.bool, device=limits.device)
    for first in range(0, n_steps, steps):
        last = min(n_steps, first + steps)
        words = rng.draws(seed, rng.stream("encode"), samples, neurons, last - first, first=first)
        spikes[first:last] = words < (limits if limits.shape[0] == 1 else limits[first:last])
    return spikes
