"""One step of a dense layer's potentials, for the kernels that learn and that count.

A spike of input i adds row i of the synapses to what all neurons get in this step, so the cost
follows the spikes. Synapses are 16-bit whole numbers (`snncore.stdp.synapses`): half the memory to
read, twice as many in a vector register, and sums that are exact in any order.

The neuron furthest above its threshold is found through the maxima of blocks of neurons, which
the pass that moves the potentials leaves behind.
"""

from __future__ import annotations

import numba
import numpy as np

BLOCK = 64  # neurons; the layer is padded to a multiple with neurons that never spike
_F0 = np.float32(0.0)
_NEVER = np.float32(-3e38)
# Maxima may be taken in any order as long as nothing is NaN; sums and products stay as written.
_MAXIMA = {"nnan", "nsz"}


@numba.njit(nogil=True, cache=True)
def round_synapses(w_t, inverse, out):  # type: ignore[no-untyped-def]
    """out int16 [n_in, M >= n_out] = w_t float32 [n_in, n_out] times `inverse`, to the nearest."""
    for i in range(w_t.shape[0]):
        for j in range(w_t.shape[1]):
            out[i, j] = np.int16(np.rint(w_t[i, j] * inverse))


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
def advance(potential, gets, unit, leak, theta, best):  # type: ignore[no-untyped-def]
    """One step of every potential; the largest margin of each block of neurons into `best`."""
    for block in range(best.shape[0]):
        most = _NEVER
        for j in range(block * BLOCK, (block + 1) * BLOCK):
            value = potential[j] * leak + np.float32(gets[j]) * unit
            potential[j] = value
            most = max(most, value - theta[j])
            gets[j] = 0
        best[block] = most


@numba.njit(nogil=True, cache=True)
def furthest(potential, theta, best):  # type: ignore[no-untyped-def]
    """The first neuron with the largest margin, or -1 if that is below 0."""
    most, chosen = _F0, -1
    for block in range(best.shape[0]):
        if best[block] > most or (best[block] == most and chosen < 0):
            most, chosen = best[block], block
    if chosen < 0:
        return -1
    j = chosen * BLOCK
    while potential[j] - theta[j] != most:
        j += 1
    return j
