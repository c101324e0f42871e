"""Event-driven kernel of the convolutional STDP layer (see `snncore.stdp.conv` for the equations).

Filters do not inhibit across locations, so each location is a small network of its own: its input
spikes are brought into the order of time, each adds one row of Wᵀ [taps, filters] to potentials
that stay in the first cache, and the leak is applied once per step that has spikes. Only such
steps, and the ones after a win, can let a filter cross its threshold; a location that has had its
wins stops. Images run in parallel and share nothing, so results do not depend on the threads.
"""

from __future__ import annotations

import numba
import numpy as np

from snncore.kernels.philox import philox4

_F0 = np.float32(0.0)
_OUT = np.float32(-1e30)  # potential of a filter that has spiked: silent until the next image


@numba.njit(nogil=True, cache=True)
def _spike_trains(  # type: ignore[no-untyped-def]
    values, latency, sample, stream, k0, k1, n_steps, start, step
):
    """Spikes of every cell of one image, as a list: those of cell i are start[i]:start[i + 1]."""
    n = 0
    for i in range(values.shape[0]):
        start[i] = n
        value = values[i]
        if value == 0:
            continue
        if latency:
            if value <= n_steps:
                step[n] = value - 1
                n += 1
            continue
        for block in range((n_steps + 3) // 4):
            w = philox4(
                np.uint32(block), np.uint32(i), np.uint32(sample), np.uint32(stream), k0, k1
            )
            for q in range(4):
                if 4 * block + q < n_steps and w[q] < value:
                    step[n] = 4 * block + q
                    n += 1
    start[values.shape[0]] = n


@numba.njit(nogil=True, cache=True)
def _in_order(start, step, corner, offset, n_steps, begin, tap):  # type: ignore[no-untyped-def]
    """Taps that spike at the location with its corner cell at `corner`, in the order of time.

    Those of step t are tap[begin[t]:begin[t + 1]]; returns how many there are.
    """
    for t in range(n_steps + 2):
        begin[t] = 0
    for k in range(offset.shape[0]):
        cell = corner + offset[k]
        for e in range(start[cell], start[cell + 1]):
            begin[step[e] + 2] += 1
    for t in range(n_steps):
        begin[t + 2] += begin[t + 1]
    for k in range(offset.shape[0]):
        cell = corner + offset[k]
        for e in range(start[cell], start[cell + 1]):
            place = begin[step[e] + 1]
            tap[place] = k
            begin[step[e] + 1] = place + 1
    return begin[n_steps]


@numba.njit(nogil=True, cache=True)
def _compete(  # type: ignore[no-untyped-def]
    begin, tap, n_steps, w_t, theta, decay, inhibition, potential, filters, steps
):
    """One location: writes which filters spike and when, up to filters.shape[0] of them."""
    n_filters = theta.shape[0]
    for j in range(n_filters):
        potential[j] = _F0
    for k in range(filters.shape[0]):
        filters[k] = -1
        steps[k] = -1
    wins, last, spiked = 0, 0, False
    for t in range(n_steps):
        first, end = begin[t], begin[t + 1]
        if first == end and not spiked:
            continue
        factor = decay[t - last]
        last = t
        if first < end:
            row = w_t[tap[first]]
            for j in range(n_filters):
                potential[j] = potential[j] * factor + row[j]
            for s in range(first + 1, end):
                row = w_t[tap[s]]
                for j in range(n_filters):
                    potential[j] += row[j]
        else:
            for j in range(n_filters):
                potential[j] *= factor
        crossed = 0
        for j in range(n_filters):  # an integer, so that the loop becomes vector instructions
            crossed |= potential[j] >= theta[j]
        spiked = crossed != 0
        if spiked:
            best, best_j = np.float32(-1.0), 0
            for j in range(n_filters):
                margin = potential[j] - theta[j]
                if margin > best:
                    best, best_j = margin, j
            filters[wins] = best_j
            steps[wins] = t
            wins += 1
            if wins == filters.shape[0]:
                break
            for j in range(n_filters):
                potential[j] -= inhibition
            potential[best_j] = _OUT


@numba.njit(nogil=True, cache=True, parallel=True)
def find_wins(  # type: ignore[no-untyped-def]
    values, latency, samples, stream, k0, k1, shape, n_steps, w_t, theta, decay, inhibition,
    filters, steps,
):  # fmt: skip
    """Which filters spike at each location of each image, and when.

    values uint32 [B, C·H·W] from `drive.inputs`; latency says which code they are of; samples
    int64 [B]; shape (C, H, W, K); w_t float32 [C·K·K, F]; theta float32 [F]; decay float32 [T]:
    what is left after 0, 1, ... steps. Writes filters and steps int16 [B, L, k], -1 where none.
    """
    channels, height, width, side = shape
    taps = channels * side * side
    offset = np.empty(taps, dtype=np.int64)
    for i in range(taps):
        c, y, x = i // (side * side), i // side % side, i % side
        offset[i] = (c * height + y) * width + x
    columns = width - side + 1
    each = 1 if latency else n_steps
    for b in numba.prange(values.shape[0]):
        start = np.empty(values.shape[1] + 1, dtype=np.int32)
        step = np.empty(values.shape[1] * each, dtype=np.int16)
        begin = np.empty(n_steps + 2, dtype=np.int32)
        tap = np.empty(taps * each, dtype=np.int32)
        potential = np.empty(theta.shape[0], dtype=np.float32)
        _spike_trains(values[b], latency, samples[b], stream, k0, k1, n_steps, start, step)
        for place in range(filters.shape[1]):
            corner = place // columns * width + place % columns
            if _in_order(start, step, corner, offset, n_steps, begin, tap) == 0:
                filters[b, place] = -1
                steps[b, place] = -1
                continue
            _compete(
                begin, tap, n_steps, w_t, theta, decay, inhibition, potential,
                filters[b, place], steps[b, place],
            )  # fmt: skip


@numba.njit(nogil=True, cache=True, parallel=True)
def tally(filters, field, n_filters, counts):  # type: ignore[no-untyped-def]
    """Adds up wins per field and filter: filters int16 [B, L, k], field int64 [L].

    Writes counts [B, fields·n_filters], field after field.
    """
    for b in numba.prange(filters.shape[0]):
        counts[b] = 0
        for place in range(filters.shape[1]):
            for k in range(filters.shape[2]):
                if filters[b, place, k] < 0:
                    break
                counts[b, field[place] * n_filters + filters[b, place, k]] += 1


@numba.njit(nogil=True, cache=True, parallel=True)
def earliest(filters, steps, field, fields, first):  # type: ignore[no-untyped-def]
    """Step + 1 of each filter's first spike in each of `fields` fields, 0 for none.

    filters and steps int16 [B, L, k], field int64 [L] (-1: in none); writes first uint32
    [B, F·fields], filter after filter.
    """
    for b in numba.prange(filters.shape[0]):
        first[b] = 0
        for place in range(filters.shape[1]):
            if field[place] < 0:
                continue
            for k in range(filters.shape[2]):
                if filters[b, place, k] < 0:
                    break
                at = filters[b, place, k] * fields + field[place]
                now = np.uint32(steps[b, place, k] + 1)
                if first[b, at] == 0 or now < first[b, at]:
                    first[b, at] = now
