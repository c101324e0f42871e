"""The asynchronous sweep of a low-rank Hopfield network: one pixel after the other, on the CPU.

Each visit needs the field of one pixel only, O(K) from the K overlaps that are kept, and hangs on
all visits before it: a loop that array operations cannot shorten. Probes do not touch each other,
so each is swept in one go while its overlaps stay in cache, and one that rests is left out.
"""

from __future__ import annotations

import numba
import numpy as np

_F0, _F1 = np.float32(0.0), np.float32(1.0)


@numba.njit(nogil=True, cache=True, fastmath={"reassoc"})
def sweep_(order, columns, own, states, overlaps, moving):  # type: ignore[no-untyped-def]
    """Visit all pixels of each moving probe once, in `order`; s_i ← sgn(U_i·M - own_i s_i).

    order int64 [N], columns = Uᵀ float32 [N, K], own float32 [N] (what of the diagonal is taken
    off). The sum over k may run in any order: with Hebb's whole numbers it is exact all the same.
    Changes states float32 [B, N], overlaps M = U s float32 [B, K] and moving bool [B]: a
    probe that no visit changes is at a fixed point and rests. A field of 0 leaves a pixel alone.
    """
    n_probes = states.shape[0]
    n_columns = columns.shape[1]
    for b in range(n_probes):
        if not moving[b]:
            continue
        moved = False
        for i in order:
            h = _F0
            for k in range(n_columns):
                h += columns[i, k] * overlaps[b, k]
            h -= own[i] * states[b, i]
            if h == _F0:
                continue
            new = _F1 if h > _F0 else -_F1
            change = new - states[b, i]
            if change != _F0:
                moved = True
                states[b, i] = new
                for k in range(n_columns):
                    overlaps[b, k] += columns[i, k] * change
        moving[b] = moved
