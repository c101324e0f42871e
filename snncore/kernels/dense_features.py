"""Event-driven kernel that counts a dense layer's spikes (equations: `snncore.stdp.features`).

The cost follows the input spikes (`dense_neurons`). Samples run in parallel, each alone: no result
depends on the threads.
"""

from __future__ import annotations

import numba
import numpy as np

from snncore.kernels.dense_inputs import active_inputs, block_of_spikes
from snncore.kernels.dense_neurons import BLOCK as BLOCK
from snncore.kernels.dense_neurons import add_rows, advance, furthest

_F0 = np.float32(0.0)


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
        margins = np.empty(BLOCK, dtype=np.float32)
        counts[b] = 0
        for t in range(n_steps):
            q = t % 4
            if q == 0:
                block_of_spikes(
                    active, limits, latency, np.uint32(t // 4), np.uint32(samples[b]), stream,
                    k0, k1, packed, spiking, n_spiking,
                )  # fmt: skip
            add_rows(gets, weights, active, spiking[q], n_spiking[q])
            advance(potential, gets, unit, leak, theta, margins)
            j = furthest(potential, theta, margins)
            if j >= 0:
                counts[b, j] += 1
                own = potential[j]
                if inhibition != _F0:
                    _inhibit(potential, inhibition)
                potential[j] = own - reset if reset > _F0 else _F0
