"""Philox4x32-10 for Numba kernels; the same words as `snncore.rng`, which explains it."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)
_32 = np.uint64(32)


@numba.njit(nogil=True, cache=True)
def philox4(
    c0: np.uint32, c1: np.uint32, c2: np.uint32, c3: np.uint32, k0: np.uint32, k1: np.uint32
) -> Any:
    """Four random words of the counter (c0, c1, c2, c3) under the key (k0, k1), all uint32."""
    for _ in range(10):
        p0 = _M0 * np.uint64(c0)
        p1 = _M1 * np.uint64(c2)
        c0 = np.uint32(np.uint32(p1 >> _32) ^ c1 ^ k0)
        c1 = np.uint32(p1)
        c2 = np.uint32(np.uint32(p0 >> _32) ^ c3 ^ k1)
        c3 = np.uint32(p0)
        k0 = np.uint32(k0 + _W0)
        k1 = np.uint32(k1 + _W1)
    return c0, c1, c2, c3
