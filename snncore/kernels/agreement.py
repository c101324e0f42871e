"""How many numbers of two pictures are equal, for all pairs of two sets (see `hopfield.bound`)."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(nogil=True, cache=True, parallel=True)
def count_equal(stored, seen, found):  # type: ignore[no-untyped-def]
    """found[b, p] = number of i with seen[b, i] == stored[p, i].

    stored [P, N] and seen [B, N] of whole numbers (fastest in int16); writes found int32 [B, P].
    """
    n = stored.shape[1]
    for p in numba.prange(stored.shape[0]):
        row = stored[p]
        for b in range(seen.shape[0]):
            mine = seen[b]
            total = np.int32(0)
            for i in range(n):
                total += np.int32(row[i] == mine[i])
            found[b, p] = total
