"""Event-driven kernel that counts a dense layer's spikes (equations: `snncore.stdp.features`).

A spike of input i adds row i of the weights to what all neurons get in this step, so the cost
follows the spikes. Weights are 16-bit whole numbers: half the memory to read, twice as many in a
vector register, and sums that are exact in any order. Samples run in parallel, each alone: no
result depends on the threads.

The neuron furthest above its threshold is found through the maxima of blocks of neurons, which
the pass that moves the potentials leaves behind.
"""

from __future__ import annotations

import numba
import numpy as np

from snncore.kernels.dense_inputs import active_inputs, block_of_spikes

BLOCK = 64  # neurons; the layer is padded to a multiple with neurons that never spike
_F0 = np.float32(0.0)
_NEVER = np.float32(-3e38)
# Maxima may be taken in any order as long as nothing is NaN; sums and products stay as written.
_MAXIMA = {"nnan", "nsz"}


@numba.njit(nogil=True, cache=True)
def _add(gets, row):  # type: ignore[no-untyped-def]
    for j in range(gets.shape[0]):
        gets[j] += row[j]


@numba.njit(nogil=True, cache=True)
def _add_four(gets, r0, r1, r2, r3):  # type: ignore[no-untyped-def]
    for j in range(gets.shape[0]):
        gets[j] += np.int16(np.int16(r0[j] + r1[j]) + np.int16(r2[j] + r3[j]))


@numba.njit(nogil=True, cache=True)
def _add_rows(gets, weights, active, places, n):  # type: ignore[no-untyped-def]
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
def _advance(potential, gets, unit, leak, theta, best):  # type: ignore[no-untyped-def]
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
def _furthest(potential, theta, best):  # type: ignore[no-untyped-def]
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


@numba.njit(nogil=True, cache=True)
def _inhibit(potential, inhibition):  # type: ignore[no-untyped-def]
    for j in range(potential.shape[0]):
        potential[j] -= inhibition


@numba.njit(nogil=True, cache=True, parallel=True)
def count_competing_spikes(  # type: ignore[no-untyped-def]
    values, latency, samples, stream, k0, k1, weights, unit, theta, leak, n_steps, reset,
    inhibition, counts
):  # fmt: skip
    """Output spike counts with competition on and weights frozen.

    Args:
        values: uint32 [B, n_in] from `drive.inputs`; `latency` says of which code.
        samples: int64 [B]; stream, k0, k1: uint32, of the random words.
        weights: int16 [n_in, M] in multiples of `unit`, M = n_out rounded up to whole blocks.
        unit, leak, reset, inhibition: float32; a `reset` of 0 sets the winner's potential to 0.
        theta: float32 [M]; beyond any potential for the neurons that only fill a block.
        n_steps: T.
        counts: uint16 [B, n_out]; written.
    """
    n_batch, n_in = values.shape
    for b in numba.prange(n_batch):
        places = np.empty(n_in, dtype=np.uint32)
        kept = np.empty(n_in, dtype=np.uint32)
        n_active = active_inputs(values[b], places, kept)
        active, limits = places[:n_active], kept[:n_active]
        packed = np.empty(n_active, dtype=np.uint32)
        spiking = np.empty((4, n_active + 1), dtype=np.int64)
        n_spiking = np.zeros(4, dtype=np.int64)
        potential = np.zeros(theta.shape[0], dtype=np.float32)
        gets = np.zeros(theta.shape[0], dtype=np.int16)
        best = np.empty(theta.shape[0] // BLOCK, dtype=np.float32)
        counts[b] = 0
        for t in range(n_steps):
            q = t % 4
            if q == 0:
                block_of_spikes(
                    active, limits, latency, np.uint32(t // 4), np.uint32(samples[b]), stream,
                    k0, k1, packed, spiking, n_spiking,
                )  # fmt: skip
            _add_rows(gets, weights, active, spiking[q], n_spiking[q])
            _advance(potential, gets, unit, leak, theta, best)
            j = _furthest(potential, theta, best)
            if j >= 0:
                counts[b, j] += 1
                own = potential[j]
                if inhibition != _F0:
                    _inhibit(potential, inhibition)
                potential[j] = own - reset if reset > _F0 else _F0
