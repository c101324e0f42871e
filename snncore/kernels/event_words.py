"""A random word for each of many events: one pass of Philox over their counters."""

from __future__ import annotations

import numba
import numpy as np

from snncore.kernels.philox import philox4


@numba.njit(nogil=True, cache=True)
def event_words(c0, c1, c2, stream, k0, k1, word, out):  # type: ignore[no-untyped-def]
    """out[k] = word number `word` (0..3) of the counter (c0[k], c1[k], c2[k], stream).

    c0, c1, c2 int64 [K] of 32-bit words; stream, k0, k1 uint32; out int64 [K] is written: what
    `snncore.rng.philox` gives.
    """
    for k in range(out.size):
        words = philox4(np.uint32(c0[k]), np.uint32(c1[k]), np.uint32(c2[k]), stream, k0, k1)
        out[k] = words[word]
