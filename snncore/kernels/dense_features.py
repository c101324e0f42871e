"""Event-driven kernel that counts a dense layer's spikes (equations: `snncore.stdp.features`).

A spike of input i adds row i of Wᵀ [n_in, n_out] to the potentials, so the cost follows the
spikes. The leak is folded into a growing scale, leak**-t, on what is added, instead of multiplying
every potential at every step. Samples run in parallel, each alone: no result depends on the threads.
"""

from __future__ import annotations

import numba
import numpy as np

from snncore.kernels.philox import philox4

_F0, _F1 = np.float32(0.0), np.float32(1.0)
_SCALE_LIMIT = np.float32(1e12)  # the growing scale starts anew long before float32 runs out


@numba.njit(nogil=True, cache=True)
def _block_of_spikes(  # type: ignore[no-untyped-def]
    active, limits, n_active, block, sample, stream, k0, k1, spiking, n_spiking
):
    """Which active inputs spike in the four steps of `block`; lists into `spiking` [4, n_in]."""
    n_spiking[:] = 0
    for a in range(n_active):
        i = active[a]
        w = philox4(np.uint32(block), np.uint32(i), np.uint32(sample), np.uint32(stream), k0, k1)
        for q in range(4):
            if w[q] < limits[a]:
                spiking[q, n_spiking[q]] = i
                n_spiking[q] += 1


@numba.njit(nogil=True, cache=True)
def _active_inputs(limit_row, active, limits):  # type: ignore[no-untyped-def]
    """Indices and limits of the inputs that can spike at all; how many there are."""
    n = 0
    for i in range(limit_row.shape[0]):
        if limit_row[i] > 0:
            active[n] = i
            limits[n] = limit_row[i]
            n += 1
    return n


@numba.njit(nogil=True, cache=True, parallel=True)
def count_competing_spikes(  # type: ignore[no-untyped-def]
    limit, samples, stream, k0, k1, w_t, theta, leak, n_steps, inhibition, counts
):
    """Output spike counts with competition on and weights frozen; writes counts uint16 [B, n_out].

    At each step the neuron furthest above its threshold, if any, spikes: it is reset to 0 and
    takes `inhibition` from every other potential.
    """
    n_batch, n_in = limit.shape
    n_out = w_t.shape[1]
    for b in numba.prange(n_batch):
        active = np.empty(n_in, dtype=np.int64)
        limits = np.empty(n_in, dtype=np.uint32)
        spiking = np.empty((4, n_in), dtype=np.int64)
        n_spiking = np.zeros(4, dtype=np.int64)
        potential = np.zeros(n_out, dtype=np.float32)
        n_active = _active_inputs(limit[b], active, limits)
        for j in range(n_out):
            counts[b, j] = 0
        scale = _F1
        for t in range(n_steps):
            q = t % 4
            if q == 0:
                _block_of_spikes(
                    active, limits, n_active, t // 4, samples[b], stream, k0, k1, spiking, n_spiking
                )
            scale = np.float32(scale / leak)
            if scale > _SCALE_LIMIT:
                for j in range(n_out):
                    potential[j] = potential[j] / scale
                scale = _F1
            for s in range(n_spiking[q]):
                i = spiking[q, s]
                for j in range(n_out):
                    potential[j] += scale * w_t[i, j]
            inverse = np.float32(_F1 / scale)
            best = np.float32(-1.0)
            best_j = -1
            for j in range(n_out):
                margin = potential[j] * inverse - theta[j]
                if margin >= _F0 and margin > best:
                    best = margin
                    best_j = j
            if best_j >= 0:
                counts[b, best_j] += 1
                taken = np.float32(inhibition * scale)
                for j in range(n_out):
                    potential[j] -= taken
                potential[best_j] = _F0
