"""Event-driven kernel of the convolutional STDP layer (see `snncore.stdp.conv` for the equations).

Filters do not inhibit across locations, so each location is a small network of its own. The input
spikes of an image, in the order of time, are handed to the locations that see them; there each
adds one row of Wᵀ [taps, filters] to potentials that stay in the first cache, and the leak is
applied once per step that has spikes. Only such steps, and the ones after a win, can let a filter
cross its threshold; a location that has had its wins stops. Images run in parallel and share
nothing, so results do not depend on the threads.
"""

from __future__ import annotations

import numba
import numpy as np

from snncore.kernels.philox import philox4

_F0 = np.float32(0.0)
_OUT = np.float32(-np.inf)  # potential of a filter that has spiked: no leak brings it back
_BLOCK = 16  # filters that are looked at together


@numba.njit(nogil=True, cache=True)
def _spikes_in_order(  # type: ignore[no-untyped-def]
    values, latency, sample, stream, k0, k1, n_steps, step, cell
):
    """Input spikes of one image in the order of time, written to step and cell; how many."""
    n = 0
    found = np.empty((2, step.shape[0]), dtype=np.int32)
    begin = np.zeros(n_steps + 1, dtype=np.int32)
    for i in range(values.shape[0]):
        value = values[i]
        if value == 0:
            continue
        if latency:
            if value <= n_steps:
                found[0, n], found[1, n] = value - 1, i
                begin[value] += 1
                n += 1
            continue
        for block in range((n_steps + 3) // 4):
            w = philox4(
                np.uint32(block), np.uint32(i), np.uint32(sample), np.uint32(stream), k0, k1
            )
            for q in range(4):
                t = 4 * block + q
                if t < n_steps and w[q] < value:
                    found[0, n], found[1, n] = t, i
                    begin[t + 1] += 1
                    n += 1
    for t in range(n_steps):
        begin[t + 1] += begin[t]
    for e in range(n):
        t = found[0, e]
        step[begin[t]], cell[begin[t]] = t, found[1, e]
        begin[t] += 1
    return n


@numba.njit(nogil=True, cache=True)
def _to_locations(n_spikes, step, cell, shape, begin, when, tap):  # type: ignore[no-untyped-def]
    """Hands each spike to the locations that see its cell, as (when, tap).

    Those of location ℓ are begin[ℓ]:begin[ℓ + 1], in the order of time. With an empty `tap` only
    counts them; returns how many there are.
    """
    _, height, width, side = shape
    rows, columns = height - side + 1, width - side + 1
    counting = tap.shape[0] == 0
    if counting:
        begin[:] = 0
    for e in range(n_spikes):
        c, place = cell[e] // (height * width), cell[e] % (height * width)
        y, x = place // width, place % width
        for row in range(max(0, y - side + 1), min(rows, y + 1)):
            first = (c * side + y - row) * side + x
            for column in range(max(0, x - side + 1), min(columns, x + 1)):
                at = row * columns + column
                if counting:
                    begin[at + 2] += 1
                else:
                    slot = begin[at + 1]
                    when[slot], tap[slot] = step[e], first - column
                    begin[at + 1] = slot + 1
    if counting:
        for at in range(rows * columns):
            begin[at + 2] += begin[at + 1]
    return begin[rows * columns + 1]


@numba.njit(nogil=True, cache=True)
def _add_spikes(potential, w_t, taps, factor):  # type: ignore[no-untyped-def]
    """Leak, then one row of Wᵀ for each spike, four at a time, each in turn for each filter."""
    n_filters, n_spikes = potential.shape[0], taps.shape[0]
    e = 0
    if n_spikes >= 3:
        a, b, c = w_t[taps[0]], w_t[taps[1]], w_t[taps[2]]
        for j in range(n_filters):
            potential[j] = potential[j] * factor + a[j] + b[j] + c[j]
        e = 3
    else:
        for j in range(n_filters):
            potential[j] *= factor
    while e + 4 <= n_spikes:
        a, b, c, d = w_t[taps[e]], w_t[taps[e + 1]], w_t[taps[e + 2]], w_t[taps[e + 3]]
        for j in range(n_filters):
            potential[j] = potential[j] + a[j] + b[j] + c[j] + d[j]
        e += 4
    while e < n_spikes:
        a = w_t[taps[e]]
        for j in range(n_filters):
            potential[j] += a[j]
        e += 1


@numba.njit(nogil=True, cache=True, fastmath={"nnan", "nsz"})
def _best(potential, theta):  # type: ignore[no-untyped-def]
    """The largest margin; a maximum becomes vector instructions where NaN need not be minded."""
    best = potential[0] - theta[0]
    for j in range(1, theta.shape[0]):
        best = max(best, potential[j] - theta[j])
    return best


@numba.njit(nogil=True, cache=True)
def _first_at(potential, theta, best):  # type: ignore[no-untyped-def]
    """The first filter whose margin is `best`; whole blocks are ruled out without a branch."""
    n_filters = theta.shape[0]
    begin = 0
    while begin + _BLOCK <= n_filters:
        there = 0
        for j in range(begin, begin + _BLOCK):
            there |= potential[j] - theta[j] >= best
        if there:
            break
        begin += _BLOCK
    while potential[begin] - theta[begin] < best:
        begin += 1
    return begin


@numba.njit(nogil=True, cache=True)
def _compete(  # type: ignore[no-untyped-def]
    when, tap, n_steps, w_t, theta, decay, inhibition, potential, filters, steps
):
    """One location: writes which filters spike and when, up to filters.shape[0] of them."""
    n_filters, n_spikes = theta.shape[0], tap.shape[0]
    for k in range(filters.shape[0]):
        filters[k] = -1
        steps[k] = -1
    if n_spikes == 0:
        return
    for j in range(n_filters):
        potential[j] = _F0
    wins, now, e, factor = 0, when[0], 0, _F0
    while now < n_steps:
        first = e
        while e < n_spikes and when[e] == now:
            e += 1
        _add_spikes(potential, w_t, tap[first:e], factor)
        best = _best(potential, theta)
        then = when[e] if e < n_spikes else n_steps
        if best >= _F0:
            best_j = _first_at(potential, theta, best)
            filters[wins] = best_j
            steps[wins] = now
            wins += 1
            if wins == filters.shape[0]:
                return
            if inhibition > _F0:
                for j in range(n_filters):
                    potential[j] -= inhibition
            potential[best_j] = _OUT
            then = now + 1  # another may be above its threshold already
        if then < n_steps:
            factor = decay[then - now]
        now = then


@numba.njit(nogil=True, cache=True, parallel=True)
def find_wins(  # type: ignore[no-untyped-def]
    values, latency, samples, stream, k0, k1, shape, n_steps, w_t, theta, decay, inhibition,
    filters, steps,
):  # fmt: skip
    """Which filters spike at each location of each image, and when.

    values uint32 [B, C·H·W] from `drive.inputs`; latency says which code they are of; samples
    int64 [B]; shape (C, H, W, K); w_t float32 [C·K·K, F]; theta float32 [F]; decay float32 [T]:
    what is left after 0, 1, ... steps, never 0 (0·∞ is no number). Writes filters and steps int16
    [B, L, k], -1 where none.
    """
    places = filters.shape[1]
    most = values.shape[1] * (1 if latency else n_steps)
    for b in numba.prange(values.shape[0]):
        step, cell = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
        n = _spikes_in_order(values[b], latency, samples[b], stream, k0, k1, n_steps, step, cell)
        begin = np.empty(places + 2, dtype=np.int32)
        nothing = np.empty(0, dtype=np.int32)
        total = _to_locations(n, step, cell, shape, begin, nothing, nothing)
        when, tap = np.empty(total + 1, dtype=np.int32), np.empty(total + 1, dtype=np.int32)
        _to_locations(n, step, cell, shape, begin, when, tap)
        potential = np.empty(theta.shape[0], dtype=np.float32)
        for at in range(places):
            first, end = begin[at], begin[at + 1]
            _compete(
                when[first:end], tap[first:end], n_steps, w_t, theta, decay, inhibition,
                potential, filters[b, at], steps[b, at],
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
