"""The random words that decide about the pixels of pictures (see `hopfield.noise`)."""

from __future__ import annotations

import numba
import numpy as np

from snncore.kernels.philox import philox4


@numba.njit(nogil=True, cache=True, parallel=True)
def four_words(samples, stream, k0, k1, out):  # type: ignore[no-untyped-def]
    """out[t, b, i] = draw t = 0..3 of pixel i of sample b, as `rng.draws` makes them.

    samples int64 [B]; writes out int64 [4, B, N].
    """
    for b in numba.prange(out.shape[1]):
        for i in range(out.shape[2]):
            words = philox4(
                np.uint32(0), np.uint32(i), np.uint32(samples[b]), np.uint32(stream), k0, k1
            )
            for t in range(4):
                out[t, b, i] = words[t]
