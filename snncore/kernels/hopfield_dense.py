"""Asynchronous sweeps of dense associative memories, with the exact energy of both values.

As in `hopfield.sweep_` a visit costs O(P): the P overlaps are kept. float64, in which neither
65,536**40 (the largest overlap at the highest degree) nor its sum overflows.
"""

from __future__ import annotations

import math

import numba
import numpy as np

_F0, _F1 = np.float32(0.0), np.float32(1.0)


@numba.njit(nogil=True, cache=True, inline="always")
def _power(x, degree):  # type: ignore[no-untyped-def]
    """max(x, 0)**degree by repeated squaring."""
    base = max(x, 0.0)
    result = 1.0
    while degree:
        if degree & 1:
            result *= base
        base *= base
        degree >>= 1
    return result


@numba.njit(nogil=True, cache=True)
def sweep_polynomial_(  # type: ignore[no-untyped-def]
    orders, columns, mean, scale, degree, noise, states, flips
):
    """Visit all pixels of each state once; s_i ← the value with the lower energy.

    h = mean_i + ½ scale ln(Σ F(m with s_i = 1)/Σ F(m with s_i = -1)), m_μ = Σ_j (ξ_j - mean_j) s_j;
    a sum of 0 counts as F(½), as in `Dense.energy`.
    orders int32 [B, N], columns = Xᵀ int8 [N, P], mean float32 [N] (0: raw), noise float32 [B, N]
    or [0, N]. Changes states float32 [B, N] and flips int64 [B].
    """
    n_patterns = columns.shape[1]
    m = np.empty(n_patterns)
    lowest = _power(0.5, degree)
    for b in range(states.shape[0]):
        m[:] = 0.0
        for i in range(states.shape[1]):
            for p in range(n_patterns):
                m[p] += (columns[i, p] - mean[i]) * states[b, i]
        for i in orders[b]:
            old = np.float64(states[b, i])
            plus, minus = 0.0, 0.0
            for p in range(n_patterns):
                d = np.float64(columns[i, p]) - mean[i]
                plus += _power(m[p] + d * (1.0 - old), degree)
                minus += _power(m[p] - d * (1.0 + old), degree)
            plus = plus if plus > 0.0 else lowest
            minus = minus if minus > 0.0 else lowest
            h = np.float64(mean[i])
            if plus != minus:
                h += 0.5 * scale * math.log(plus / minus)
            if noise.shape[0] > 0:
                h += noise[b, i]
            if h == 0.0:
                continue
            new = _F1 if h > 0.0 else -_F1
            change = np.float64(new) - old
            if change != 0.0:
                flips[b] += 1
                states[b, i] = new
                for p in range(n_patterns):
                    m[p] += (columns[i, p] - mean[i]) * change


@numba.njit(nogil=True, cache=True, fastmath={"reassoc"})
def sweep_exponential_(orders, columns, noise, states, flips):  # type: ignore[no-untyped-def]
    """The same for F = exp: h = ½ ln(Σ exp(m with s_i = 1)/Σ exp(m with s_i = -1)).

    exp(m - max m) is kept and made anew after a flip: a visit needs no exponential, only
    Σ over ξ_i = 1 and over ξ_i = -1. These come from their sum and their difference, which may be
    taken in any order; what cancels is below 1e-16 of the sum.
    """
    n_patterns = columns.shape[1]
    m = np.empty(n_patterns)
    weight = np.empty(n_patterns)
    for b in range(states.shape[0]):
        m[:] = 0.0
        for i in range(states.shape[1]):
            for p in range(n_patterns):
                m[p] += columns[i, p] * states[b, i]
        stale, whole = True, 0.0
        for i in orders[b]:
            if stale:
                top = m.max()
                whole = 0.0
                for p in range(n_patterns):
                    weight[p] = math.exp(m[p] - top)
                    whole += weight[p]
                stale = False
            difference = 0.0
            for p in range(n_patterns):
                difference += columns[i, p] * weight[p]
            white = max(0.5 * (whole + difference), 0.0)
            black = max(0.5 * (whole - difference), 0.0)
            old = np.float64(states[b, i])
            plus = white * math.exp(1.0 - old) + black * math.exp(old - 1.0)
            minus = white * math.exp(-1.0 - old) + black * math.exp(1.0 + old)
            h = 0.5 * math.log(plus / minus)
            if noise.shape[0] > 0:
                h += noise[b, i]
            if h == 0.0:
                continue
            new = _F1 if h > 0.0 else -_F1
            change = np.float64(new) - old
            if change != 0.0:
                flips[b] += 1
                states[b, i] = new
                stale = True
                for p in range(n_patterns):
                    m[p] += columns[i, p] * change
