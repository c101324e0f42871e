"""The spiking memory's time loop, probe by probe: all cells of a probe stay in cache.

Repeats `snncore.hopfield.spiking_steps.advance_torch`, operation by operation; sums over pixels and
over units are whole numbers, so their order does not matter and the spikes are the same. What the
memory units receive, Σ k v, is the costly part, P·N; it is a product of small whole numbers that
the compiler vectorises (faster than going from spike to spike, as half of the pixels spike), and it
is skipped where the visible spikes are those of one or two steps before: regular input at half the
steps alternates, and a decided network repeats itself.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

from snncore.kernels.philox import philox4
from snncore.kernels.shares import share_rows

Array = Any
_0, _1, _HALF = np.float32(0.0), np.float32(1.0), np.float32(0.5)
_TRACE = np.float32(1024.0)


class Cells(NamedTuple):
    """The arrays of `spiking_steps.State`, in its order."""

    v: Array
    phase: Array
    u: Array
    z: Array
    y: Array
    total: Array
    mass: Array
    decided: Array
    active: Array
    counts: Array


class Kept(NamedTuple):
    """The arrays of `spiking_steps.Record`, in its order."""

    units: Array
    pixels: Array
    membrane: Array
    spikes: Array
    overlap: Array
    visible: Array


@numba.njit(nogil=True, cache=True)
def _words(begin, end, samples, stream, k0, k1, out):  # type: ignore[no-untyped-def]
    for b in range(begin, end):
        for i in range(out.shape[1]):
            out[b, i] = philox4(np.uint32(0), np.uint32(i), samples[b], stream, k0, k1)[0]


def first_words(samples: Array, stream: Any, k0: Any, k1: Any, out: Array) -> None:
    """out[b, i] = random word 0 of pixel i of sample b; int64 [B, N]."""

    def work(begin: int, end: int) -> None:
        _words(begin, end, samples, stream, k0, k1, out)

    share_rows(work, len(out), operations=20 * out.size)


@numba.njit(nogil=True, cache=True)
def random_input(cue, rate, t, sample, stream, k0, k1, current):  # type: ignore[no-untyped-def]
    place = t & 3
    for i in range(cue.shape[0]):
        w0, w1, w2, w3 = philox4(np.uint32(t >> 2), np.uint32(i), sample, stream, k0, k1)
        word = w0 if place == 0 else w1 if place == 1 else w2 if place == 2 else w3
        current[i] = cue[i] if np.int64(word) < rate[i] else _0


@numba.njit(nogil=True, cache=True)
def regular_input(cue, rate, phase, current):  # type: ignore[no-untyped-def]
    for i in range(cue.shape[0]):
        reached = phase[i] + rate[i]
        phase[i] = reached & 0xFFFFFFFF
        current[i] = cue[i] if reached > 0xFFFFFFFF else _0


@numba.njit(nogil=True, cache=True)
def _feedback(rows, y, weight, sums, current):  # type: ignore[no-untyped-def]
    """current += weight · Σ y_μ k_μ; only units whose trace is not 0 cost anything."""
    fed = False
    for m in range(y.shape[0]):
        if y[m] != _0:
            if not fed:
                sums[:] = _0
                fed = True
            level = y[m]
            for i in range(sums.shape[0]):
                sums[i] += level * np.float32(rows[m, i])
    if fed:
        for i in range(sums.shape[0]):
            current[i] += weight * sums[i]


@numba.njit(nogil=True, cache=True)
def zero_reset(on, off, beta, floor, current, v):  # type: ignore[no-untyped-def]
    """Leaky ON and OFF cells; returns how many spiked."""
    active = np.int64(0)
    for i in range(v.shape[0]):
        a = beta * (_0 if on[i] > _1 else on[i]) + current[i]
        c = beta * (_0 if off[i] > _1 else off[i]) - current[i]
        v[i] = np.int8(a > _1) - np.int8(c > _1)
        active += np.int64(a > _1) + np.int64(c > _1)
        on[i] = max(a, floor)
        off[i] = max(c, floor)
    return active


@numba.njit(nogil=True, cache=True)
def _subtract_reset(on, off, current, v):  # type: ignore[no-untyped-def]
    """Integrating ON and OFF cells; returns how many spiked."""
    active = np.int64(0)
    for i in range(v.shape[0]):
        a = (on[i] + current[i]) - (_1 if on[i] > _1 else _0)
        c = (off[i] - current[i]) - (_1 if off[i] > _1 else _0)
        v[i] = np.int8(a > _1) - np.int8(c > _1)
        active += np.int64(a > _1) + np.int64(c > _1)
        on[i] = max(a, _0)
        off[i] = max(c, _0)
    return active


@numba.njit(nogil=True, cache=True)
def _whole_dot(row, v):  # type: ignore[no-untyped-def]
    total = np.int32(0)
    for i in range(v.shape[0]):
        total += np.int32(row[i]) * np.int32(v[i])
    return total


@numba.njit(nogil=True, cache=True)
def _same(a, b):  # type: ignore[no-untyped-def]
    changes = np.int32(0)
    for i in range(a.shape[0]):  # to the end: such a loop is vectorised
        changes += np.int32(a[i] != b[i])
    return changes == 0


@numba.njit(nogil=True, cache=True)
def _race(dot, dot_mean, bias, gain, urgency, how, u, z, y, counts):  # type: ignore[no-untyped-def]
    """One step of the memory units; whether one fired."""
    lateral, own = np.float32(how.lateral), np.float32(how.own)
    unit, mean_unit = np.float32(how.unit), np.float32(how.mean_unit)
    per_pixel = np.float32(how.per_pixel)
    others = _0
    for m in range(z.shape[0]):
        others += z[m]
    inhibition = dot_mean * mean_unit
    best, highest = -1, -np.float32(np.inf)
    for m in range(z.shape[0]):
        evidence = (np.float32(dot[m]) * unit - inhibition) * per_pixel
        current = (evidence - bias[m]) * gain + urgency
        side = own * z[m] - lateral * others
        new = (u[m] + (current + side)) - (_1 if u[m] > _1 else _0)
        if new > highest:
            best, highest = m, new
        z[m] = _1 if new > _1 else _0
        u[m] = max(new, -_1)
    if highest <= _1:
        for m in range(z.shape[0]):
            y[m] = np.rint((_HALF * y[m]) * _TRACE) / _TRACE
        return False
    for m in range(z.shape[0]):
        if how.hard and m != best:
            z[m] = _0
        counts[m] += np.int32(z[m])
        y[m] = np.rint((_HALF * y[m] + _HALF * z[m]) * _TRACE) / _TRACE
    return True


@numba.njit(nogil=True, cache=True)
def _read(t, decided, how, lag_most, total, mass, v):  # type: ignore[no-untyped-def]
    """Add the visible spikes of step t (from 1) to the readout; returns the new mass."""
    weight = 1
    if decided > 0 and t > decided:
        if how.binary:
            weight = how.n_steps + 1
        else:
            left = how.n_steps - decided
            lag = min(lag_most, left // 4)
            k = t - decided - lag
            weight = max(0, min(k, left - lag + 1 - k))
            if k == 1:
                total[:] = 0
                mass = 0
    w = np.int32(weight)
    for i in range(v.shape[0]):
        total[i] += w * np.int32(v[i])
    return mass + weight


@numba.njit(nogil=True, cache=True)
def _probe(  # type: ignore[no-untyped-def]
    b, rows, mean, inverse, cue, rate, gain, bias, how, lag, cells, kept, first, last, samples,
    stream, k0, k1,
):  # fmt: skip
    count, n = rows.shape
    beta, weight = np.float32(how.beta), np.float32(how.feedback)
    current, sums = np.empty(n, np.float32), np.empty(n, np.float32)
    spikes = np.zeros((3, n), np.int8)  # of the last three steps, in turn
    dots = np.zeros((3, count), np.int32)
    means = np.zeros(3, np.int32)
    on, off = cells.v[0, b], cells.v[1, b]
    for t in range(first, last):
        here, before, earlier = t % 3, (t + 2) % 3, (t + 1) % 3
        v = spikes[here]
        if how.binary:
            if how.random:
                random_input(cue[b], rate[b], t, samples[b], stream, k0, k1, current)
            else:
                regular_input(cue[b], rate[b], cells.phase[b], current)
        elif cells.decided[b] == 0:
            current[:] = cue[b]
        else:
            current[:] = _0
        _feedback(rows, cells.y[b], weight, sums, current)
        if how.binary:
            cells.active[b] += zero_reset(on, off, beta, _0, current, v)
        else:
            cells.active[b] += _subtract_reset(on, off, current, v)
        known = t > first and _same(v, spikes[before])
        source = before
        if not known and t > first + 1 and _same(v, spikes[earlier]):
            known, source = True, earlier
        if known:
            dots[here] = dots[source]
            means[here] = means[source]
        else:
            for m in range(count):
                dots[here, m] = _whole_dot(rows[m], v)
            means[here] = _whole_dot(mean, v)
        fired = _race(
            dots[here], np.float32(means[here]), bias[b], gain[b],
            np.float32(how.urgency * (t + 1)), how, cells.u[b], cells.z[b], cells.y[b],
            cells.counts[b],
        )  # fmt: skip
        if fired and cells.decided[b] == 0:
            cells.decided[b] = t + 1
        cells.mass[b] = _read(t + 1, cells.decided[b], how, lag, cells.total[b], cells.mass[b], v)
        for k in range(kept.units.shape[1]):
            m = kept.units[b, k]
            kept.membrane[t, b, k] = cells.u[b, m]
            kept.spikes[t, b, k] = cells.z[b, m] > _0
            kept.overlap[t, b, k] = np.float32(dots[here, m]) * inverse[m]
        for k in range(kept.pixels.shape[0]):
            kept.visible[t, b, k] = v[kept.pixels[k]]


@numba.njit(nogil=True, cache=True)
def _probes(  # type: ignore[no-untyped-def]
    begin, end, rows, mean, inverse, cue, rate, gain, bias, how, lag, cells, kept, first, last,
    samples, stream, k0, k1,
):  # fmt: skip
    for b in range(begin, end):
        _probe(
            b, rows, mean, inverse, cue, rate, gain, bias, how, lag, cells, kept, first, last,
            samples, stream, k0, k1,
        )  # fmt: skip


def advance(
    net: tuple[Array, ...],
    drive: tuple[Array, ...],
    how: Any,
    lag: int,
    cells: Cells,
    kept: Kept,
    span: tuple[int, int],
    words: tuple[Any, ...],
) -> None:
    """Steps span[0]..span[1]-1 of all probes; changes `cells`, writes `kept`.

    Args:
        net: rows [P, N], mean [N], scale of the overlaps [P].
        drive: cue, rate, gain, bias, as in `spiking_network.Input`.
        how: `spiking_steps.Scalars`.
        words: samples uint32 [B], stream, and the two key words, uint32.
    """

    def work(begin: int, end: int) -> None:
        _probes(begin, end, *net, *drive, how, lag, cells, kept, *span, *words)

    steps, (rows, pixels) = span[1] - span[0], net[0].shape
    share_rows(work, len(drive[0]), operations=steps * len(drive[0]) * pixels * (rows + 8))
