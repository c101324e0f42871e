"""Bernoulli spikes in one pass: random words made and compared in registers, never stored.

The same spikes as `snncore.rng.draws(...) < limits`, which is the definition (and the path of all
other devices); serial, so it needs no lock. The inner loop has no branch, so that it is vectorised.
"""

from __future__ import annotations

import numba
import numpy as np

from snncore.kernels.exponential import exponential
from snncore.kernels.philox import philox4


@numba.njit(nogil=True, cache=True)
def bernoulli(limits, samples, stream, k0, k1, spikes):  # type: ignore[no-untyped-def]
    """spikes[t, b, i] = word(stream, samples[b], i, t) < limits[t, b, i].

    limits uint64 [T, B, N], or [1, B, N] for all steps alike, up to 2**32 (always); samples
    uint32 [B]; stream, k0, k1 uint32; spikes bool [T', B, N] with T' = T rounded up to a multiple
    of 4 is written; what it holds from T on means nothing.
    """
    n_rows, n_batch, n_in = limits.shape
    last = n_rows - 1
    for block in range(spikes.shape[0] // 4):
        t = 4 * block
        r0, r1, r2, r3 = min(t, last), min(t + 1, last), min(t + 2, last), min(t + 3, last)
        c0 = np.uint32(block)
        for b in range(n_batch):
            sample = samples[b]
            l0, l1, l2, l3 = limits[r0, b], limits[r1, b], limits[r2, b], limits[r3, b]
            s0, s1, s2, s3 = spikes[t, b], spikes[t + 1, b], spikes[t + 2, b], spikes[t + 3, b]
            for i in range(n_in):
                w0, w1, w2, w3 = philox4(c0, np.uint32(i), sample, stream, k0, k1)
                s0[i] = np.uint64(w0) < l0[i]
                s1[i] = np.uint64(w1) < l1[i]
                s2[i] = np.uint64(w2) < l2[i]
                s3[i] = np.uint64(w3) < l3[i]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def jumps(scale, samples, stream, k0, k1, n_steps, step, neuron, first):  # type: ignore[no-untyped-def]
    """Bernoulli spikes as a list: from spike to spike in one draw, 1 + ⌊E/scale⌋ steps.

    Args:
        scale: int64 [M], −ln(1 − p) in units of 2⁻³⁶, 0 for neurons that never fire; M = B·N.
        samples: uint32 [B].
        stream, k0, k1: uint32.
        n_steps: T.
        step, neuron: int32 [K], int64 [K], written in the order of the neurons until full.
        first: number of the first neuron.

    Returns:
        The neuron to go on with (M when all are done), how many of the list are filled, and how
        many blocks of four random words were made.
    """
    n_in = scale.shape[0] // max(1, samples.shape[0])
    room, filled, blocks = step.shape[0], 0, 0
    for m in range(first, scale.shape[0]):
        if scale[m] <= 0:
            continue
        sample, i = samples[m // n_in], np.uint32(m % n_in)
        w0, w1, w2, w3 = np.uint32(0), np.uint32(0), np.uint32(0), np.uint32(0)
        before, t, k = filled, -1, 0
        while True:
            if k & 3 == 0:
                w0, w1, w2, w3 = philox4(np.uint32(k >> 2), i, sample, stream, k0, k1)
                blocks += 1
            k += 1
            t += 1 + exponential(w0) // scale[m]
            w0, w1, w2 = w1, w2, w3
            if t >= n_steps:
                break
            if filled == room:  # the list is full: this neuron once more with a longer one
                return m, before, blocks
            step[filled], neuron[filled] = t, m
            filled += 1
    return scale.shape[0], filled, blocks
