"""What decoders need of spike trains, in one pass: weighted sums, first and last spikes.

Serial and in blocks of neurons that stay in cache, so that they need no lock and keep their speed
on a busy machine; `snncore.encoding.one_spike` holds the definitions.
"""

from __future__ import annotations

import numba
import numpy as np

_BLOCK = 2048  # neurons at once


@numba.njit(nogil=True, cache=True)
def weighted_sums(spikes, weights, sums):  # type: ignore[no-untyped-def]
    """sums[i] = Σ_t weights[t]·spikes[t, i].

    spikes uint8 or int8 [T, M]; weights float64 [T]; sums float32 [M] is written (added up in
    float64, so counts and shares of whole cycles are exact).
    """
    total = np.empty(_BLOCK)
    for start in range(0, spikes.shape[1], _BLOCK):
        length = min(_BLOCK, spikes.shape[1] - start)
        total[:] = 0.0
        for t in range(spikes.shape[0]):
            weight, row = weights[t], spikes[t, start : start + length]
            for i in range(length):
                total[i] += weight * row[i]
        for i in range(length):
            sums[start + i] = np.float32(total[i])


@numba.njit(nogil=True, cache=True)
def outer_spikes(spikes, last, steps):  # type: ignore[no-untyped-def]
    """steps[i] = step of the first spike of neuron i, or with `last` of the last one; −1 if none.

    spikes uint8 or int8 [T, M]; steps int32 [M] is written.
    """
    n_steps = spikes.shape[0]
    for start in range(0, spikes.shape[1], _BLOCK):
        length = min(_BLOCK, spikes.shape[1] - start)
        found = steps[start : start + length]
        found[:] = -1
        for k in range(n_steps):
            t = np.int32(k if last else n_steps - 1 - k)
            row = spikes[t, start : start + length]
            for i in range(length):
                found[i] = t if row[i] != 0 else found[i]
