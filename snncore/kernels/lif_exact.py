"""CPU kernel of the LIF simulation in continuous time: spikes, resets and rests inside the steps.

`run_exact` repeats `snncore.neurons.lif.exact_step`. The definition takes its logarithms for every
neuron and step; here a row of neurons advances by arithmetic that the compiler vectorises, and
only those that spike, or whose refractory period ends inside the step, are looked at one by one.
Logarithms come from another library than torch's, so that the results agree to rounding.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from snncore.kernels import kernel_threads
from snncore.kernels.lif import SERIAL_STEPS, all_finite, as_bits, largest, piece_width


@numba.njit(nogil=True, cache=True)
def _quiet(row, v, silent, before, marks, constants):  # type: ignore[no-untyped-def]
    """Advance a row of neurons as far as no logarithm is needed; `marks` (bytes) the others."""
    dt, part, _, v_rest, r_m, v_th, _, _ = constants
    zero = dt - dt
    some = np.uint8(0)
    for j in range(row.shape[0]):
        old, wait = v[j], silent[j]
        new = old + ((v_rest + r_m * row[j]) - old) * part
        open_, whole = wait == zero, wait >= dt
        before[j] = old
        v[j] = new if open_ else old
        silent[j] = wait - dt if whole else wait
        crosses = open_ & ((new >= v_th) | (old >= v_th))
        marks[j] = crosses | ((not open_) & (not whole))
    for j in range(row.shape[0]):
        some |= marks[j]
    return some > 0


@numba.njit(nogil=True, cache=True)
def spike(v_inf, old, wait, new, constants):  # type: ignore[no-untyped-def]
    """A neuron that integrates only after `wait` ms: spikes, first offset, voltage, silence."""
    dt, _, tau_m, _, _, v_th, v_reset, t_ref = constants
    zero, limit = dt - dt, dt - dt + 2**40  # of the arrays' precision
    if wait > zero:
        new = old - (v_inf - old) * math.expm1((dt - wait) / -tau_m)
    if old <= v_th and (new < v_th or v_inf <= v_th):
        return 0, zero, min(new, v_th), zero
    gap, n_spikes, offset = v_inf - v_th, 1, wait
    if old < v_th:
        offset = min(wait + tau_m * math.log1p((v_th - old) / gap), dt)
    since = dt - offset
    if gap > zero:
        interval = t_ref + tau_m * math.log1p((v_th - v_reset) / gap)
        if since >= interval:
            more = min(np.floor(since / interval), limit)
            n_spikes += int(more)
            since = max(since - more * interval, zero)
    again = max(since - t_ref, zero)
    after = v_reset - (v_inf - v_reset) * math.expm1(again / -tau_m)
    return n_spikes, offset, after, max(t_ref - since, zero)


@numba.njit(nogil=True, cache=True)
def _columns(  # type: ignore[no-untyped-def]
    current, bits, v, silent, v_out, spikes, offsets, counts, first, last, constants
):
    """The time loop of neurons first..last-1; the largest |current| in bits."""
    v_rest, r_m = constants[3], constants[4]
    mine, waits, record = v[first:last], silent[first:last], v_out.shape[0] > 0
    before, marks = np.empty_like(mine), np.empty(last - first, np.uint8)
    most = bits[0, 0] - bits[0, 0]
    for t in range(current.shape[0]):
        row, fired, offset = current[t, first:last], spikes[t, first:last], offsets[t, first:last]
        most = largest(bits[t, first:last], most)
        fired[:] = 0
        offset[:] = 0
        if _quiet(row, mine, waits, before, marks, constants):
            for j in range(marks.shape[0]):
                if marks[j]:
                    n_spikes, offset[j], mine[j], waits[j] = spike(
                        v_rest + r_m * row[j], before[j], waits[j], mine[j], constants
                    )
                    fired[j] = n_spikes > 0
                    counts[first + j] += n_spikes
        if record:
            v_out[t, first:last] = mine
    return most


@numba.njit(nogil=True, cache=True, parallel=True)
def _parallel(  # type: ignore[no-untyped-def]
    current, bits, v, silent, v_out, spikes, offsets, counts, width, constants
):
    count = v.shape[0]
    pieces = (count + width - 1) // width
    most = np.zeros(pieces, bits.dtype)
    for p in numba.prange(pieces):
        first, last = p * width, min((p + 1) * width, count)
        most[p] = _columns(
            current, bits, v, silent, v_out, spikes, offsets, counts, first, last, constants
        )
    return most.max()


def run_exact(
    current: NDArray[np.floating],
    v: NDArray[np.floating],
    silent: NDArray[np.floating],
    v_out: NDArray[np.floating],
    spikes: NDArray[np.bool_],
    offsets: NDArray[np.floating],
    counts: NDArray[np.int64],
    constants: tuple[float, float, float, float, float, float, float, float],
) -> bool:
    """Simulate [T, M] in continuous time, as `snncore.kernels.lif.run_columns` does on the grid.

    Args:
        silent: ms still to be silent; part of the state.
        offsets: written, the first spike of a step, ms into it.
        constants: dt, 1 - beta, tau_m, v_rest, r_m, v_th, v_reset, t_ref.
    """
    bits = as_bits(current)
    fixed = tuple(np.array(constants, dtype=current.dtype))
    n_steps, count = current.shape
    state = (v, silent, v_out, spikes.view(np.uint8), offsets, counts)
    if n_steps * count < SERIAL_STEPS or count == 1:
        most = _columns(current, bits, *state, 0, count, fixed)
    else:
        with kernel_threads() as threads:
            most = _parallel(current, bits, *state, piece_width(count, threads), fixed)
    return all_finite(most, current.dtype)
