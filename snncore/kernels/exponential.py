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

from snncore.kernels.philox import philox4

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
    # d3 < 4048, for which this product is its third, rounded down
    return shift * LN2 + LOGS[place - 256] + d + (d2 >> 1) + ((d3 * 21846) >> 16) + (d4 >> 2)


@numba.njit(nogil=True, cache=True)
def exponential(word: np.uint32) -> Any:
    """−ln((word + ½)/2³²) in units of 2⁻³⁶."""
    return minus_log(2 * np.int64(word) + 1)


_minus_log = numba.njit(nogil=True, inline="always")(minus_log.py_func)
_rounds = numba.njit(nogil=True, inline="always")(philox4.py_func)


@numba.njit(nogil=True, cache=True)
def _words(block, neurons, sample, stream, k0, k1, words):  # type: ignore[no-untyped-def]
    for a in range(neurons.shape[0]):
        w0, w1, w2, w3 = _rounds(block, neurons[a], sample, stream, k0, k1)
        words[4 * a], words[4 * a + 1], words[4 * a + 2], words[4 * a + 3] = w0, w1, w2, w3


@numba.njit(nogil=True, cache=True)
def exponentials(block, neurons, sample, stream, k0, k1, words, out):  # type: ignore[no-untyped-def]
    """Four numbers for each of the neurons (uint32 [A]) of one sample: out int64 [4·A].

    The same as `exponential` of the words of a counter, but many counters at a time: both loops
    are vectorised, which the one over the rounds of a counter is not. words uint32 [4·A] is used.
    """
    _words(block, neurons, sample, stream, k0, k1, words)
    for a in range(4 * neurons.shape[0]):
        out[a] = _minus_log(2 * np.int64(words[a]) + 1)
