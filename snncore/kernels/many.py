"""CPU kernels for many LIF neurons with parameters of their own: spike statistics, no voltages.

The arithmetic is that of `snncore.kernels.lif` in float64, so that a neuron spikes as it would
alone. A block of neurons goes through all steps before the next one begins: its state stays in the
first-level cache. Within a step the whole block advances by arithmetic that the compiler can
vectorise, and only the neurons that spike, or whose refractory period ends inside the step, are
looked at one by one.

What is kept of the spikes is running sums of the intervals' deviations from the first interval:
they lose no digits when the intervals are nearly equal.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from snncore.kernels import kernel_threads

Floats = NDArray[np.float64]
_BLOCK = 64  # neurons that advance together; their 14 rows of float64 fill 7 kB
_PIECE = 40_000_000  # neuron-steps between two askings for the lock: some 50 ms


class Columns(NamedTuple):
    """The neurons' parameters and the drive; every array float64 [M] unless said."""

    tau_m: Floats
    part: Floats  # 1 - exp(-dt / tau_m)
    v_rest: Floats
    r_m: Floats
    v_th: Floats
    v_reset: Floats
    t_ref: Floats  # ms
    n_ref: NDArray[np.int64]  # steps
    current: Floats  # [T, 1] shared or [T, M], nA
    z: NDArray[np.float32]  # [T], or [0] without noise
    scale: Floats  # nA by which z is multiplied


class Sums(NamedTuple):
    """Statistics of the spikes, [M]; times in ms."""

    n: NDArray[np.int64]  # spikes
    first: Floats
    last: Floats
    base: Floats  # the first interval
    s1: Floats  # sum of (interval - base)
    s2: Floats  # sum of its squares


@numba.njit(nogil=True, cache=True)
def note(sums, m, time):  # type: ignore[no-untyped-def]
    """Add a spike of neuron `m` at `time` ms."""
    if sums.n[m] == 0:
        sums.first[m] = time
    else:
        interval = time - sums.last[m]
        if sums.n[m] == 1:
            sums.base[m] = interval
        off = interval - sums.base[m]
        sums.s1[m] += off
        sums.s2[m] += off * off
    sums.last[m] = time
    sums.n[m] += 1


@numba.njit(nogil=True, cache=True)
def _note_more(sums, m, interval, more):  # type: ignore[no-untyped-def]
    """Add `more` spikes, each `interval` ms after the one before."""
    if sums.n[m] == 1:
        sums.base[m] = interval
    off = interval - sums.base[m]
    sums.s1[m] += more * off
    sums.s2[m] += more * off * off
    sums.last[m] += more * interval
    sums.n[m] += np.int64(more)


@numba.njit(nogil=True, cache=True)
def _row(c, t, first, n, v_inf):  # type: ignore[no-untyped-def]
    """V∞ of neurons first..first+n-1 in step t, into `v_inf`."""
    own = c.current.shape[1] > 1
    noisy = c.z.shape[0] > 0
    shared = c.current[t, 0]
    z = np.float64(c.z[t]) if noisy else 0.0
    rest, r_m, scale = c.v_rest[first:], c.r_m[first:], c.scale[first:]
    for j in range(n):
        current = c.current[t, first + j] if own else shared
        if noisy:
            current = current + scale[j] * z
        v_inf[j] = rest[j] + r_m[j] * current


@numba.njit(nogil=True, cache=True)
def _grid_block(c, dt, mode, first, n, sums, spikes):  # type: ignore[no-untyped-def]
    """All steps of a block with timing "grid"; mode 0 value, 1 subtract, 2 none."""
    v, before, v_inf = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    ready = np.zeros(_BLOCK, np.int64)  # the first step in which the neuron may fire
    part, v_th = c.part[first:], c.v_th[first:]
    v[:n] = c.v_rest[first : first + n]
    follows = mode == 2
    record = spikes.shape[0] > 0
    for t in range(c.current.shape[0]):
        _row(c, t, first, n, v_inf)
        hits = 0
        for j in range(n):
            old = v[j]
            new = old + (v_inf[j] - old) * part[j]
            able = ready[j] <= t
            new = new if able or follows else old
            before[j] = old
            v[j] = new
            hits += able and new >= v_th[j]
        if hits == 0:
            continue
        for j in range(n):
            if ready[j] <= t and v[j] >= v_th[j]:
                m = first + j
                offset = 0.0
                if before[j] < v_th[j]:
                    rise = (v_th[j] - before[j]) / (v_inf[j] - v_th[j])
                    offset = min(c.tau_m[m] * math.log1p(rise), dt)
                note(sums, m, t * dt + offset)
                if mode == 0:
                    v[j] = c.v_reset[m]
                elif mode == 1:
                    v[j] -= v_th[j] - c.v_reset[m]
                ready[j] = t + 1 + c.n_ref[m]
                if record:
                    spikes[t, m] = True


@numba.njit(nogil=True, cache=True)
def _exact_block(c, dt, first, n, sums, spikes):  # type: ignore[no-untyped-def]
    """All steps of a block with timing "exact"."""
    v, before, v_inf = np.empty(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    silent = np.zeros(_BLOCK)  # ms still to be silent
    part, v_th = c.part[first:], c.v_th[first:]
    v[:n] = c.v_rest[first : first + n]
    record = spikes.shape[0] > 0
    for t in range(c.current.shape[0]):
        _row(c, t, first, n, v_inf)
        special = 0
        for j in range(n):
            old, wait = v[j], silent[j]
            new = old + (v_inf[j] - old) * part[j]
            before[j] = old
            v[j] = new if wait == 0.0 else old
            silent[j] = wait - dt if wait >= dt else wait
            within = wait > 0.0 and wait < dt
            special += within or (wait == 0.0 and (new >= v_th[j] or old >= v_th[j]))
            before[j] = -math.inf if wait >= dt else old  # -inf: silent for the whole step
        if special == 0:
            continue
        for j in range(n):
            if before[j] == -math.inf:
                continue
            m = first + j
            wait, old = silent[j], before[j]
            if wait > 0.0:  # the refractory period ends inside this step
                v[j] = old - (v_inf[j] - old) * math.expm1((dt - wait) / -c.tau_m[m])
                silent[j] = 0.0
            if v[j] < v_th[j] and old < v_th[j]:
                continue
            gap = v_inf[j] - v_th[j]
            offset = wait
            if old < v_th[j]:
                offset = min(wait + c.tau_m[m] * math.log1p((v_th[j] - old) / gap), dt)
            note(sums, m, t * dt + offset)
            since = dt - offset
            if gap > 0.0:
                interval = c.t_ref[m] + c.tau_m[m] * math.log1p((v_th[j] - c.v_reset[m]) / gap)
                if since >= interval:
                    more = min(np.floor(since / interval), 2.0**40)
                    _note_more(sums, m, interval, more)
                    since = max(since - more * interval, 0.0)
            again = max(since - c.t_ref[m], 0.0)
            silent[j] = max(c.t_ref[m] - since, 0.0)
            v[j] = c.v_reset[m] - (v_inf[j] - c.v_reset[m]) * math.expm1(again / -c.tau_m[m])
            if record:
                spikes[t, m] = True


@numba.njit(nogil=True, cache=True)
def _one(c, dt, mode, exact, p, sums, spikes):  # type: ignore[no-untyped-def]
    first = p * _BLOCK
    n = min(_BLOCK, c.tau_m.shape[0] - first)
    if exact:
        _exact_block(c, dt, first, n, sums, spikes)
    else:
        _grid_block(c, dt, mode, first, n, sums, spikes)


@numba.njit(nogil=True, cache=True, parallel=True)
def _blocks(c, dt, mode, exact, start, stop, sums, spikes):  # type: ignore[no-untyped-def]
    for p in numba.prange(start, stop):
        _one(c, dt, mode, exact, p, sums, spikes)


def run_many(
    columns: Columns, dt: float, mode: int, exact: bool, spikes: NDArray[np.bool_]
) -> Sums:
    """Simulate [T, M] from rest; marks `spikes` [T, M] (all False before) unless it is [0, M].

    The lock of the parallel kernels is given back after every piece, so that others' short calls
    do not wait for a long sweep.
    """
    n_steps, count = columns.current.shape[0], columns.tau_m.shape[0]
    zeros = [np.zeros(count) for _ in range(5)]
    sums = Sums(np.zeros(count, dtype=np.int64), *zeros)
    blocks = (count + _BLOCK - 1) // _BLOCK
    if blocks == 1:
        _one(columns, dt, mode, exact, 0, sums, spikes)
        return sums
    start = 0
    while start < blocks:
        with kernel_threads() as threads:
            share = max(1, _PIECE // (n_steps * _BLOCK * threads)) * threads
            stop = min(start + share, blocks)
            _blocks(columns, dt, mode, exact, start, stop, sums, spikes)
        start = stop
    return sums
