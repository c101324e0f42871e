"""Spike trains of clocks and of renewal processes on a CPU, at a cost in proportion to the spikes.

The same spikes as the torch definition in `snncore.encoding.clocks`, which explains the phase that
runs from spike to spike. All whole numbers are int64 in units of 2⁻³⁶; serial, so no lock.
"""

from __future__ import annotations

import numba
import numpy as np

from snncore.kernels.exponential import UNIT, exponential, exponentials
from snncore.kernels.philox import philox4


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _row(rates, begin, order, sample, stream, k0, k1, n_steps, places, phases):  # type: ignore[no-untyped-def]
    """The spikes of one row, four marks of all its neurons at a time, until all have ended.

    Returns places int64 [K] and phases int64 [K] of the spikes, longer if they were too short, how
    many there are, and how many blocks of four marks were made.
    """
    n_in = rates.shape[0]
    alive, skip = np.empty(n_in, dtype=np.uint32), np.empty(n_in, dtype=np.int64)
    at, words = np.empty(n_in, dtype=np.int64), np.empty(4 * n_in, dtype=np.uint32)
    steps = np.full(4 * n_in, UNIT, dtype=np.int64)
    count, filled, blocks = 0, 0, 0
    for i in range(n_in):
        if rates[i] > 0:
            alive[count] = i
            skip[count] = begin[i] if order > 0 else 0
            at[count] = 0 if order > 0 else begin[i] - UNIT
            count += 1
    block = 0
    while count > 0:
        if order > 0:
            exponentials(np.uint32(block), alive[:count], sample, stream, k0, k1, words, steps)
            blocks += count
        block += 1
        if filled + 4 * count > places.shape[0]:
            more = 2 * (filled + 4 * count)
            longer, longer_phases = np.empty(more, np.int64), np.empty(more, np.int64)
            longer[:filled], longer_phases[:filled] = places[:filled], phases[:filled]
            places, phases = longer, longer_phases
        kept = 0
        for a in range(count):
            i, phase, wait = alive[a], at[a], skip[a]
            end, ended = n_steps * rates[i], False
            for k in range(4 * a, 4 * a + 4):
                phase += steps[k]
                if phase >= end:
                    ended = True
                    break
                if wait > 0:
                    wait -= 1
                else:
                    places[filled], phases[filled] = i, phase
                    filled += 1
                    wait = order - 1
            if not ended:
                alive[kept], at[kept], skip[kept] = i, phase, wait
                kept += 1
        count = kept
    return places, phases, filled, blocks


@numba.njit(nogil=True, cache=True, error_model="numpy")
def trains(rates, begin, order, samples, stream, k0, k1, spikes, step, row, neuron, time, first):  # type: ignore[no-untyped-def]
    """The trains of all neurons of a batch, from row `first` on.

    Dense if `spikes` has neurons: spikes[t, b, i] += 1. Else as a list, in the order of row, neuron
    and time, row after row, as long as they go into it whole.

    Args:
        rates: int64 [B, N], order·phase per step.
        begin: int64 [B, N]: order 0: phase of the first spike; else how many events to skip first.
        order: 0 for a clock; k ≥ 1 for a spike at every k-th event of a Poisson process.
        samples: uint32 [B].
        stream, k0, k1: uint32.
        spikes: uint8 [T, B, N], zeros, or [T, B, 0].
        step, row, neuron: int32 [K], written; row and neuron are b and i.
        time: float32 [K], written.
        first: the row to begin with.

    Returns:
        The row to go on with (B when all are done), how many of the list are filled, and how many
        blocks of four random words were made.
    """
    n_steps, dense = spikes.shape[0], spikes.shape[2] > 0
    n_batch, n_in = rates.shape
    filled, blocks = 0, 0
    places, phases = np.empty(8 * n_in, dtype=np.int64), np.empty(8 * n_in, dtype=np.int64)
    begins = np.empty(n_in + 1, dtype=np.int64)
    for b in range(first, n_batch):
        places, phases, count, made = _row(
            rates[b], begin[b], order, samples[b], stream, k0, k1, n_steps, places, phases
        )
        blocks += made
        if dense:
            for s in range(count):
                spikes[phases[s] // rates[b, places[s]], b, places[s]] += 1
            continue
        if filled + count > step.shape[0]:
            return b, filled, blocks
        begins[:] = 0  # by neuron, each in the order of time as before: a counting sort
        for s in range(count):
            begins[places[s] + 1] += 1
        begins[0] = filled
        for i in range(n_in):
            begins[i + 1] += begins[i]
        for s in range(count):
            i, phase = places[s], phases[s]
            place, rate = begins[i], rates[b, i]
            begins[i] += 1
            t = phase // rate
            step[place], row[place], neuron[place] = t, b, i
            time[place] = np.float32(t) + np.float32(phase - t * rate) / np.float32(rate)
        filled += count
    return n_batch, filled, blocks


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
