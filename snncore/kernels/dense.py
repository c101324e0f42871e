"""Event-driven kernels of the dense STDP layer (see `snncore.stdp.dense` for the equations).

A spike of input i adds row i of Wᵀ [n_in, n_out] to the potentials, so the cost follows the
spikes. The leak is folded into a growing scale, leak**-t, on what is added, instead of multiplying
every potential at every step. The samples of a batch run in parallel with frozen weights; their
results are merged per neuron in sample order, so neither weights nor counts depend on the threads.
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
def present_until_first_spike(  # type: ignore[no-untyped-def]
    limit, samples, stream, k0, k1, w_t, theta, leak, n_steps, winner, when, trace
):
    """For each sample: the first neuron to cross its threshold, when, and the input traces then.

    limit uint32 [B, n_in] (an input spikes where its random word is below), samples int64 [B],
    w_t float32 [n_in, n_out], theta float32 [n_out]. Writes winner int64 [B] (-1: nobody), when
    int64 [B], trace float32 [B, n_in] (zero where nobody won).
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
        winner[b] = -1
        when[b] = -1
        for i in range(n_in):
            trace[b, i] = _F0
        scale = _F1
        for t in range(n_steps):
            q = t % 4
            if q == 0:
                _block_of_spikes(
                    active, limits, n_active, t // 4, samples[b], stream, k0, k1, spiking, n_spiking
                )
            if t > 0:
                scale = np.float32(scale / leak)
            if scale > _SCALE_LIMIT:
                for j in range(n_out):
                    potential[j] = potential[j] / scale
                for i in range(n_in):
                    trace[b, i] = trace[b, i] / scale
                scale = _F1
            for s in range(n_spiking[q]):
                i = spiking[q, s]
                trace[b, i] += scale
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
                winner[b] = best_j
                when[b] = t
                for i in range(n_in):
                    trace[b, i] *= inverse
                break
        if winner[b] < 0:
            for i in range(n_in):
                trace[b, i] = _F0


@numba.njit(nogil=True, cache=True, parallel=True)
def merge_wins_(  # type: ignore[no-untyped-def]
    w_t, winner, trace, rate, wins
):
    """Move each winner's weights towards the mean of its unit traces; unit L2 norm afterwards.

    w_t[:, j] += (1 - (1 - rate)**n_j) (x̄_j / |x̄_j| - w_t[:, j]), then normalised; n_j wins are
    written to wins int64 [n_out]. One thread owns a neuron and sums its samples in order.
    """
    n_batch, n_in = trace.shape
    n_out = w_t.shape[1]
    for j in numba.prange(n_out):
        count = 0
        for b in range(n_batch):
            if winner[b] == j:
                count += 1
        wins[j] = count
        if count == 0:
            continue
        total = np.zeros(n_in, dtype=np.float32)
        for b in range(n_batch):
            if winner[b] == j:
                length = _F0
                for i in range(n_in):
                    length += trace[b, i] * trace[b, i]
                unit = _F1 / np.sqrt(length)
                for i in range(n_in):
                    total[i] += trace[b, i] * unit
        length = _F0
        for i in range(n_in):
            length += total[i] * total[i]
        unit = _F1 / np.sqrt(length)
        gain = np.float32(1.0 - (1.0 - rate) ** count)
        norm = _F0
        for i in range(n_in):
            value = w_t[i, j] + gain * (total[i] * unit - w_t[i, j])
            w_t[i, j] = value
            norm += value * value
        unit = _F1 / np.sqrt(norm)
        for i in range(n_in):
            w_t[i, j] *= unit


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
