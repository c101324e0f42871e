"""The value within a tolerance of which most weight lies (see `hopfield.tolerant`)."""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(nogil=True, cache=True, parallel=True)
def heaviest_window(levels, weights, mean, width, half, found):  # type: ignore[no-untyped-def]
    """found[b, i] = a value in the middle part of the heaviest window of pixel i.

    levels float32 [N, K], weights float32 [B, K], of which those of 0 do not count, mean float32
    [B, N]. A window holds the levels a..a + width; of the values that are within `half` of all of
    its levels, the nearest to the mean.
    """
    n, count = levels.shape
    for i in numba.prange(n):
        order = np.argsort(levels[i])
        rising = np.empty(count, np.float32)
        sums = np.zeros(count + 1)
        for b in range(weights.shape[0]):
            likely = 0
            for k in order:
                if weights[b, k] > 0.0:
                    rising[likely] = levels[i, k]
                    likely += 1
                    sums[likely] = sums[likely - 1] + weights[b, k]
            most, low, high, end = -1.0, 0.0, 0.0, 0
            for k in range(likely):
                while end < likely and rising[end] - rising[k] <= width:
                    end += 1
                mass = sums[end] - sums[k]
                if mass > most:
                    most, low, high = mass, rising[end - 1] - half, rising[k] + half
            found[b, i] = min(max(mean[b, i], low), high)
