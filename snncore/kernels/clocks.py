"""Spike trains of clocks and of renewal processes on a CPU, at a cost in proportion to the spikes.

The same spikes as the torch definition in `snncore.encoding.clocks`, which explains the phase that
runs from spike to spike. All whole numbers are int64 in units of 2⁻³⁶; serial, so no lock.
"""

from __future__ import annotations

import numba
import numpy as np

from snncore.kernels.exponential import UNIT, exponential
from snncore.kernels.philox import philox4


@numba.njit(nogil=True, cache=True, error_model="numpy")
def trains(rates, begin, order, samples, stream, k0, k1, spikes, step, row, neuron, time, first):  # type: ignore[no-untyped-def]
    """The trains of all neurons of a batch, from the one numbered `first` (b·N + i) on.

    Dense if `spikes` has steps: spikes[t, m] += 1. Else as a list, in the order of the neurons,
    until `step` is full.

    Args:
        rates: int64 [M], order·phase per step, M = B·N.
        begin: int64 [M]: order 0: phase of the first spike; else how many events to skip first.
        order: 0 for a clock; k ≥ 1 for a spike at every k-th event of a Poisson process.
        samples: uint32 [B].
        stream, k0, k1: uint32.
        spikes: uint8 [T, M], zeros, or [T, 0].
        step, row, neuron: int32 [K], written; row and neuron are b and i.
        time: float32 [K], written.

    Returns:
        The neuron to go on with (M when all are done), how many of the list are filled, and how
        many blocks of four random words were made.
    """
    n_steps, dense = spikes.shape[0], spikes.shape[1] > 0
    n_in = rates.shape[0] // max(1, samples.shape[0])
    room, filled, blocks = step.shape[0], 0, 0
    b, i = first // n_in, first % n_in - 1
    for m in range(first, rates.shape[0]):
        i += 1
        if i == n_in:
            b, i = b + 1, 0
        rate = rates[m]
        if rate <= 0:
            continue
        end, before = n_steps * rate, filled
        phase, skip = np.int64(begin[m]), np.int64(0)
        w0, w1, w2, w3 = np.uint32(0), np.uint32(0), np.uint32(0), np.uint32(0)
        if order > 0:
            phase, skip = np.int64(0), begin[m]
        k = 0
        while True:
            if order > 0:
                if k & 3 == 0:
                    w0, w1, w2, w3 = philox4(
                        np.uint32(k >> 2), np.uint32(i), samples[b], stream, k0, k1
                    )
                    blocks += 1
                phase += exponential(w0)
                w0, w1, w2 = w1, w2, w3
            elif k > 0:
                phase += UNIT
            if phase >= end:
                break
            k += 1
            if skip > 0:
                skip -= 1
                continue
            skip = order - 1
            t = phase // rate
            if dense:
                spikes[t, m] += 1
            else:
                if filled == room:  # the list is full: this neuron once more with a longer one
                    return m, before, blocks
                step[filled], row[filled], neuron[filled] = t, b, i
                part = np.float32(phase - t * rate) / np.float32(rate)
                time[filled] = np.float32(t) + part
                filled += 1
    return rates.shape[0], filled, blocks


@numba.njit(nogil=True, cache=True)
def _next(coming, k, i, sample, stream, k0, k1):  # type: ignore[no-untyped-def]
    """The k-th phase between two events of neuron i; four are made at a time."""
    if k & 3 == 0:
        words = philox4(np.uint32(k >> 2), np.uint32(i), sample, stream, k0, k1)
        for w in range(4):
            coming[i, w] = exponential(words[w])
    return coming[i, k & 3]


@numba.njit(nogil=True, cache=True)
def moving(signal, scale, samples, stream, k0, k1, spikes):  # type: ignore[no-untyped-def]
    """Poisson spikes whose rate scale·signal changes from step to step: spikes[t, b, i] counts.

    signal float32 [T, B, N]; scale float32; samples uint32 [B]; spikes uint8 [T, B, N].
    """
    n_steps, n_batch, n_in = signal.shape
    coming = np.empty((n_in, 4), dtype=np.int64)
    drawn = np.empty(n_in, dtype=np.int64)
    left = np.empty(n_in, dtype=np.int64)  # phase until the next event
    for b in range(n_batch):
        sample = samples[b]
        for i in range(n_in):
            left[i] = _next(coming, 0, i, sample, stream, k0, k1)
            drawn[i] = 1
        for t in range(n_steps):
            row, out = signal[t, b], spikes[t, b]
            for i in range(n_in):
                rate = np.float64(np.float32(row[i] * scale)) * UNIT
                gone, count = np.int64(np.rint(rate)), 0
                while left[i] < gone:
                    left[i] += _next(coming, drawn[i], i, sample, stream, k0, k1)
                    drawn[i] += 1
                    count += 1
                left[i] -= gone
                out[i] = count
