"""One step of a dense layer's potentials, for the kernels that learn and that count.

A spike of input i adds row i of the synapses to what all neurons get in this step, so the cost
follows the spikes. Synapses are 16-bit whole numbers (`snncore.stdp.synapses`): half the memory to
read, twice as many in a vector register, and sums that are exact in any order.
"""

from __future__ import annotations

import numba
import numpy as np

BLOCK = 64  # neurons; the layer is padded to a multiple with neurons that never spike
_F0 = np.float32(0.0)
# Maxima may be taken in any order as long as nothing is NaN; sums and products stay as written.
_MAXIMA = {"nnan", "nsz"}


@numba.njit(nogil=True, cache=True, parallel=True)
def freeze(w_t, theta, least, most, units, whole, limits):  # type: ignore[no-untyped-def]
    """Synapses of the weights in multiples of a unit, and thresholds as the loops take them.

    Args:
        w_t: float32 [n_in, n_out].
        theta: float32 [n_out].
        least: float32, sum of weights below which the unit gets no finer.
        most: float32, units that all inputs of a neuron may have together.
        units: float32 [U], rising.
        whole: int16 [n_in, M >= n_out]; written, the first n_out columns.
        limits: float32 [M]; written, the first n_out.

    Returns:
        The place of the unit in `units`; U if none is large enough, -1 if a weight and -2 if a
        threshold is not finite. Nothing is written then.
    """
    n_in, n_out = w_t.shape
    blocks = (n_out + BLOCK - 1) // BLOCK
    largest = np.zeros(blocks, dtype=np.float32)
    for k in numba.prange(blocks):
        begin, end = k * BLOCK, min((k + 1) * BLOCK, n_out)
        sums = np.zeros(BLOCK, dtype=np.float32)
        for i in range(n_in):
            row = w_t[i, begin:end]
            for j in range(row.shape[0]):
                sums[j] += abs(row[j])
        for j in range(BLOCK):  # what is no number counts as infinite: a maximum passes over it
            largest[k] = max(largest[k], sums[j] if sums[j] < np.inf else np.float32(np.inf))
    total = np.float32(least)
    for k in range(blocks):
        if not largest[k] < np.inf:
            return -1
        total = max(total, largest[k])
    for j in range(n_out):
        if not abs(theta[j]) < np.inf:
            return -2
    place = np.searchsorted(units, np.float32(total / most))
    if place == units.shape[0]:
        return place
    inverse = np.float32(np.float32(1.0) / units[place])
    for i in numba.prange(n_in):
        for j in range(n_out):
            whole[i, j] = np.int16(np.rint(w_t[i, j] * inverse))
    limits[:n_out] = theta
    return place


@numba.njit(nogil=True, cache=True)
def _add(gets, row):  # type: ignore[no-untyped-def]
    for j in range(gets.shape[0]):
        gets[j] += row[j]


@numba.njit(nogil=True, cache=True)
def _add_four(gets, r0, r1, r2, r3):  # type: ignore[no-untyped-def]
    for j in range(gets.shape[0]):
        gets[j] += np.int16(np.int16(r0[j] + r1[j]) + np.int16(r2[j] + r3[j]))


@numba.njit(nogil=True, cache=True)
def add_rows(gets, weights, active, places, n):  # type: ignore[no-untyped-def]
    """gets += the rows active[places[:n]] of the weights."""
    whole = n - n % 4
    for s in range(0, whole, 4):
        _add_four(
            gets,
            weights[active[places[s]]],
            weights[active[places[s + 1]]],
            weights[active[places[s + 2]]],
            weights[active[places[s + 3]]],
        )
    for s in range(whole, n):
        _add(gets, weights[active[places[s]]])


@numba.njit(nogil=True, cache=True, fastmath=_MAXIMA)
def advance(potential, gets, unit, leak, theta, margins):  # type: ignore[no-untyped-def]
    """One step of every potential; `margins` [BLOCK] are maxima over the neurons k, k + BLOCK, …

    Written so that every loop is over neighbours that do not depend on each other: a running
    maximum within the first loop keeps the compiler from vectorising it (ten times slower).
    """
    for j in range(potential.shape[0]):
        potential[j] = potential[j] * leak + np.float32(gets[j]) * unit
        gets[j] = 0
    for k in range(BLOCK):
        margins[k] = potential[k] - theta[k]
    for begin in range(BLOCK, potential.shape[0], BLOCK):
        values, limits = potential[begin : begin + BLOCK], theta[begin : begin + BLOCK]
        for k in range(BLOCK):
            margins[k] = max(margins[k], values[k] - limits[k])


@numba.njit(nogil=True, cache=True, fastmath=_MAXIMA)
def furthest(potential, theta, margins):  # type: ignore[no-untyped-def]
    """The first neuron with the largest margin, or -1 if that is below 0; changes `margins`."""
    half = BLOCK // 2
    while half >= 1:
        for k in range(half):
            margins[k] = max(margins[k], margins[k + half])
        half //= 2
    most = margins[0]
    if most < _F0:
        return -1
    for begin in range(0, potential.shape[0], BLOCK):
        here = 0
        for j in range(begin, begin + BLOCK):
            here |= potential[j] - theta[j] == most
        if here:
            break
    j = begin
    while potential[j] - theta[j] != most:
        j += 1
    return j
