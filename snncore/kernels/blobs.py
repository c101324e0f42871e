"""The class neurons of `snncore.blobs` over all steps in one call: state in cache.

The same additions and products in the same order as the torch path, which is the definition, so
the counts and potentials are the same bits; serial, so it needs no lock. The innermost loop goes
over the points, which do not depend on each other: it is vectorised.
"""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(nogil=True, cache=True)
def integrate(activity, weights, beta, threshold, n_steps, counts, potentials):  # type: ignore[no-untyped-def]
    """v ← beta·v + Σ_f weights[k, f]·activity[t, f, s]; spike and v ← 0 where v >= threshold.

    activity float32 [T, 4, S], or [1, 4, S] for all steps alike; weights float32 [K, 4]; beta,
    threshold float32; counts int32 [K, S] and potentials float32 [K, S], zero at first, are
    written.
    """
    last = activity.shape[0] - 1
    n_points = activity.shape[2]
    zero = np.float32(0.0)
    drive = np.empty(n_points, np.float32)
    for k in range(weights.shape[0]):
        w0, w1, w2, w3 = weights[k, 0], weights[k, 1], weights[k, 2], weights[k, 3]
        v, count = potentials[k], counts[k]
        for t in range(n_steps):
            if t <= last:
                a = activity[t]
                for s in range(n_points):
                    drive[s] = a[0, s] * w0 + a[1, s] * w1 + a[2, s] * w2 + a[3, s] * w3
            for s in range(n_points):
                raised = beta * v[s] + drive[s]
                fired = raised >= threshold
                count[s] += np.int32(fired)
                v[s] = zero if fired else raised
