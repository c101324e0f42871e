"""CPU step of the quadratic neuron, a closed form; see `snncore.neurons.qif`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_TINY = 1e-12  # as in `snncore.neurons.qif`


class QIF(NamedTuple):
    """Parameters of `snncore.neurons.qif`, each [M]."""

    tau_m: Floats
    r_m: Floats
    v_rest: Floats
    v_c: Floats
    a_0: Floats
    v_peak: Floats
    v_reset: Floats
    t_ref: Floats


@numba.njit(nogil=True, cache=True)
def _time_to(z, z_peak, k, q):  # type: ignore[no-untyped-def]
    """`qif._time_to`."""
    far, pace = z_peak - z, q + k * z * z_peak
    speed = math.sqrt(abs(k * q))
    if far <= 0:
        return 0.0
    if speed < _TINY:
        return far / pace if pace > 0 else math.inf
    if q > 0:
        return math.atan2(speed * far, pace) / speed
    if k * z > speed:
        ratio = speed * far / pace
        return math.atanh(ratio) / speed if ratio < 1 else math.inf
    return math.inf


@numba.njit(nogil=True, cache=True)
def _flow(z, s, k, q):  # type: ignore[no-untyped-def]
    """`qif._flow`."""
    speed = math.sqrt(abs(k * q))
    turn = speed * s
    cosine = math.cos(turn) if q > 0 else 1.0
    if speed < _TINY:
        sine = s
    else:
        sine = (math.sin(turn) if q > 0 else math.tanh(turn)) / speed
    return (z * cosine + q * sine) / (cosine - k * z * sine)


def _qif(c, current, s, m, dt):  # type: ignore[no-untyped-def]
    middle = 0.5 * (c.v_rest[m] + c.v_c[m])
    k = c.a_0[m] / c.tau_m[m]
    q = c.r_m[m] * current / c.tau_m[m] - k * (0.5 * (c.v_c[m] - c.v_rest[m])) ** 2
    z, z_peak = s[m, 0] - middle, c.v_peak[m] - middle
    wait = min(s[m, 3], dt)
    length, left, offset = dt - wait, s[m, 3] - wait, -1.0
    meets = _time_to(z, z_peak, k, q)
    if length > 0 and meets <= length:
        offset = wait + meets
        rest = length - meets
        pause = min(rest, c.t_ref[m])
        z, length, left = c.v_reset[m] - middle, rest - pause, c.t_ref[m] - pause
        if _time_to(z, z_peak, k, q) <= length:
            z, length = z_peak, 0.0
    s[m, 0] = _flow(z, length, k, q) + middle
    s[m, 3] = left
    return offset


STEPS: dict[type, Callable[..., Any]] = {QIF: _qif}
