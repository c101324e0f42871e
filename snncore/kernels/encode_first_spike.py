"""The step of the first spike of Bernoulli trains: draws are made only until one fires.

The same as the first `snncore.rng.draws(...) < limits`, which is the definition (and the path of
all other devices); serial, so it needs no lock.
"""

from __future__ import annotations

import numba
import numpy as np

from snncore.kernels.philox import philox4


@numba.njit(nogil=True, cache=True)
def first_spikes(limits, samples, stream, k0, k1, n_steps, steps):  # type: ignore[no-untyped-def]
    """steps[b, i] = least t < n_steps with word(stream, samples[b], i, t) < limits[b, i], or −1.

    limits uint64 [B, N] up to 2**32 (always); samples uint32 [B]; stream, k0, k1 uint32; steps
    int64 [B, N] is written.
    """
    n_batch, n_in = limits.shape
    for b in range(n_batch):
        sample = samples[b]
        for i in range(n_in):
            limit = limits[b, i]
            found = n_steps
            if limit > 0:
                for block in range((n_steps + 3) // 4):
                    words = philox4(np.uint32(block), np.uint32(i), sample, stream, k0, k1)
                    for k in range(3, -1, -1):
                        if np.uint64(words[k]) < limit:
                            found = 4 * block + k
                    if found < n_steps:
                        break
            steps[b, i] = found if found < n_steps else -1
