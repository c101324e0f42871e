"""Exponentially distributed numbers from random words, in whole numbers only.

E = −ln(U), U = (word + ½)/2³², in units of 2⁻³⁶ (`UNIT` of them are 1). A logarithm in floating
point has another last bit on another device, and a spike that depends on it would move; these are
shifts, products and a table, alike everywhere. With n = 2·word + 1, M = n·2^s in [2³², 2³³) and
C > M the next multiple of 2²⁴:

    −ln(n/2³³) = s·ln 2 − ln(C/2³³) − ln(1 − δ),   δ = (C − M)/C < 1/256

with the second term from the table and the third as δ + δ²/2 + δ³/3 + δ⁴/4, within 7 units (10⁻¹⁰).
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

BITS = 36
UNIT = 1 << BITS
LN2 = round(np.log(2.0) * UNIT)
_TOP = np.arange(257, 513, dtype=np.float64)  # C/2²⁴
LOGS = np.rint(-np.log(_TOP / 512.0) * UNIT).astype(np.int64)
INVERSES = np.rint(2.0**38 / _TOP).astype(np.int64)  # 2⁶²/C


@numba.njit(nogil=True, cache=True)
def minus_log(n: int) -> Any:
    """−ln(n/2³³) in units of 2⁻³⁶, for n in 1..2³³ − 1."""
    bits = np.float64(n).view(np.int64)
    shift = 1055 - (bits >> 52)  # 32 − the place of the highest bit
    scaled = ((bits & ((1 << 52) - 1)) | (1 << 52)) >> 20
    place = scaled >> 24
    d = ((((place + 1) << 24) - scaled) * INVERSES[place - 256]) >> 26
    d2 = (d * d) >> BITS
    d3 = (d2 * d) >> BITS
    d4 = (d3 * d) >> BITS
    return shift * LN2 + LOGS[place - 256] + d + (d2 >> 1) + d3 // 3 + (d4 >> 2)


@numba.njit(nogil=True, cache=True)
def exponential(word: np.uint32) -> Any:
    """−ln((word + ½)/2³²) in units of 2⁻³⁶."""
    return minus_log(2 * np.int64(word) + 1)
