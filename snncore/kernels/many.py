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
from snncore.kernels.lif import SERIAL_STEPS
from snncore.kernels.lif_exact import spike

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
def _targets(v_inf, v_rest, r_m, current, first, scale, z, noisy):  # type: ignore[no-untyped-def]
    """V∞ of a block in one step; `current` [1] for all neurons or [M], the block's from `first`."""
    n = v_inf.shape[0]
    if current.shape[0] == 1:
        v_inf[:] = current[0]
    else:
        v_inf[:] = current[first : first + n]
    if noisy:
        for j in range(n):
            v_inf[j] = v_inf[j] + scale[j] * z
    for j in range(n):
        v_inf[j] = v_rest[j] + r_m[j] * v_inf[j]


@numba.njit(nogil=True, cache=True)
def _any(marks):  # type: ignore[no-untyped-def]
    some = np.uint8(0)
    for j in range(marks.shape[0]):
        some |= marks[j]
    return some > 0


@numba.njit(nogil=True, cache=True)
def _grid_row(v, before, v_inf, part, v_th, ready, marks, t, follows):  # type: ignore[no-untyped-def]
    """One step of a block; `marks` who fires. `follows`: also while refractory, V moves on."""
    for j in range(v.shape[0]):
        old, able = v[j], ready[j] <= t
        new = old + (v_inf[j] - old) * part[j]
        new = new if able | follows else old
        before[j] = old
        v[j] = new
        marks[j] = able & (new >= v_th[j])
    return _any(marks)


@numba.njit(nogil=True, cache=True)
def _grid_block(c, dt, mode, first, n, sums, spikes):  # type: ignore[no-untyped-def]
    """All steps of a block with timing "grid"; mode 0 value, 1 subtract, 2 none."""
    stop = first + n
    v, before, v_inf = c.v_rest[first:stop].copy(), np.empty(n), np.empty(n)
    marks = np.empty(n, np.uint8)
    ready = np.zeros(n, np.int64)  # the first step in which the neuron may fire
    part, v_th = c.part[first:stop], c.v_th[first:stop]
    v_rest, r_m, scale = c.v_rest[first:stop], c.r_m[first:stop], c.scale[first:stop]
    noisy, record = c.z.shape[0] > 0, spikes.shape[0] > 0
    for t in range(c.current.shape[0]):
        z = np.float64(c.z[t]) if noisy else 0.0
        _targets(v_inf, v_rest, r_m, c.current[t], first, scale, z, noisy)
        if not _grid_row(v, before, v_inf, part, v_th, ready, marks, t, mode == 2):
            continue
        for j in range(n):
            if marks[j]:
                m, offset = first + j, 0.0
                if before[j] < v_th[j]:
                    gap, offset = v_inf[j] - v_th[j], dt
                    if gap > 0.0:  # 0 where a step much longer than tau_m ends at the threshold
                        offset = min(c.tau_m[m] * math.log1p((v_th[j] - before[j]) / gap), dt)
                note(sums, m, t * dt + offset)
                if mode == 0:
                    v[j] = c.v_reset[m]
                elif mode == 1:
                    v[j] -= v_th[j] - c.v_reset[m]
                ready[j] = t + 1 + c.n_ref[m]
                if record:
                    spikes[t, m] = True


@numba.njit(nogil=True, cache=True)
def _exact_row(v, before, v_inf, part, v_th, silent, marks, dt):  # type: ignore[no-untyped-def]
    """Advance a block as far as no logarithm is needed; `marks` the other neurons."""
    for j in range(v.shape[0]):
        old, wait = v[j], silent[j]
        new = old + (v_inf[j] - old) * part[j]
        able, whole = wait == 0.0, wait >= dt
        before[j] = old
        v[j] = new if able else old
        silent[j] = wait - dt if whole else wait
        crosses = able & ((new >= v_th[j]) | (old >= v_th[j]))
        marks[j] = crosses | ((not able) & (not whole))
    return _any(marks)


@numba.njit(nogil=True, cache=True)
def _exact_block(c, dt, first, n, sums, spikes):  # type: ignore[no-untyped-def]
    """All steps of a block with timing "exact"."""
    stop = first + n
    v, before, v_inf = c.v_rest[first:stop].copy(), np.empty(n), np.empty(n)
    marks = np.empty(n, np.uint8)
    silent = np.zeros(n)  # ms still to be silent
    part, v_th = c.part[first:stop], c.v_th[first:stop]
    v_rest, r_m, scale = c.v_rest[first:stop], c.r_m[first:stop], c.scale[first:stop]
    noisy, record = c.z.shape[0] > 0, spikes.shape[0] > 0
    for t in range(c.current.shape[0]):
        z = np.float64(c.z[t]) if noisy else 0.0
        _targets(v_inf, v_rest, r_m, c.current[t], first, scale, z, noisy)
        if not _exact_row(v, before, v_inf, part, v_th, silent, marks, dt):
            continue
        for j in range(n):
            if marks[j]:
                m, wait = first + j, silent[j]
                constants = (
                    dt, part[j], c.tau_m[m], c.v_rest[m], c.r_m[m], v_th[j], c.v_reset[m],
                    c.t_ref[m],
                )  # fmt: skip
                found, offset, v[j], silent[j] = spike(v_inf[j], before[j], wait, v[j], constants)
                if found > 0:
                    note(sums, m, t * dt + offset)
                    if found > 1:
                        gap = v_inf[j] - v_th[j]
                        rise = c.tau_m[m] * math.log1p((v_th[j] - c.v_reset[m]) / gap)
                        _note_more(sums, m, c.t_ref[m] + rise, found - 1)
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
    if blocks == 1 or n_steps * count < SERIAL_STEPS:
        for p in range(blocks):
            _one(columns, dt, mode, exact, p, sums, spikes)
        return sums
    start = 0
    while start < blocks:
        with kernel_threads() as threads:
            share = max(1, _PIECE // (n_steps * _BLOCK * threads)) * threads
            stop = min(start + share, blocks)
            _blocks(columns, dt, mode, exact, start, stop, sums, spikes)
        start = stop
    return sums
