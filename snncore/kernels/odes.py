"""CPU steps by RK4 of the models of one or two variables.

See `snncore.neurons.rk4` and the models' own files for the equations and the coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.extending import overload
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ITERATIONS, HALVINGS = 60, 8  # as in `snncore.neurons.rk4`
TOLERANCE = 2.0**-40  # as in `snncore.neurons.rk4.newton`
_MAX_SUBSTEPS = 1000  # as in `snncore.neurons.model`
_REACH = 0.3  # as in `snncore.neurons.eif` and `izhikevich`
_NEAREST = 1e-30  # as in `snncore.neurons.eif`
_BOTTOM, _LOWEST, _KAPPA = -62.5, -16.25, 25.0  # as in `snncore.neurons.izhikevich`
_FURTHEST = 2 * math.atan(40.0)


class AdEx(NamedTuple):
    """Parameters of `snncore.neurons.adex`, each [M]; a step is cut into `pieces` at least.

    The exponential neuron is one with a = b = 0.
    """

    tau_m: Floats
    r_m: Floats
    v_rest: Floats
    v_th: Floats
    delta_t: Floats
    v_peak: Floats
    v_reset: Floats
    tau_w: Floats
    a: Floats
    b: Floats
    t_ref: Floats
    x_peak: Floats  # the coordinate of v_peak
    pieces: Floats


class Izhikevich(NamedTuple):
    """Parameters of `snncore.neurons.izhikevich`, each [M]."""

    a: Floats
    b: Floats
    c: Floats
    d: Floats
    v_peak: Floats
    c_m: Floats
    x_peak: Floats  # the coordinate of v_peak
    pieces: Floats


class FitzHughNagumo(NamedTuple):
    """Parameters of `snncore.neurons.fitzhugh_nagumo`, each [M]."""

    a: Floats
    b: Floats
    epsilon: Floats
    tau_ms: Floats
    gain: Floats
    v_th: Floats
    pieces: Floats


@numba.njit(nogil=True, cache=True)
def newton(r, low, high, value, slope, scale):  # type: ignore[no-untyped-def]
    """`rk4.newton`: (r, low, high, done)."""
    if value == 0.0:
        return r, low, high, True
    if value < 0:
        low = r
    else:
        high = r
    if slope > 0:
        move = value / slope
        guess = r - move
        if abs(move) <= TOLERANCE * scale:
            return min(max(guess, low), high), low, high, True
        if low < guess < high:
            return guess, low, high, False
    return 0.5 * (low + high), low, high, False


@numba.njit(nogil=True, cache=True)
def root(a, da, b, db):  # type: ignore[no-untyped-def]
    """`rk4.hermite_root` for a ≤ 0 ≤ b."""
    if a >= 0:
        return 0.0
    rise = b - a
    c2, c3 = 3 * rise - 2 * da - db, da + db - 2 * rise
    low, high, r = 0.0, 1.0, -a / rise
    for _ in range(ITERATIONS):
        value = a + r * (da + r * (c2 + r * c3))
        slope = da + r * (2 * c2 + 3 * r * c3)
        r, low, high, done = newton(r, low, high, value, slope, 1.0)
        if done:
            break
    return r


def _slopes(c: Any, m: int, current: float, x: float, w: float) -> Any:
    """(dx/dt, dw/dt) in the model's coordinate."""
    raise NotImplementedError("only inside kernels")


@overload(_slopes)
def _slopes_of(c, m, current, x, w):  # type: ignore[no-untyped-def]
    def adex(c, m, current, x, w):  # type: ignore[no-untyped-def]
        x = min(x, -_NEAREST)
        e = -math.expm1(x)
        v = c.v_th[m] + c.delta_t[m] * (x - math.log(e))
        pull = c.r_m[m] * (current - w) - (v - c.v_rest[m])
        rate = e * pull / c.delta_t[m] + (1.0 - e)
        return rate / c.tau_m[m], (c.a[m] * (v - c.v_rest[m]) - w) / c.tau_w[m]

    def izhikevich(c, m, current, x, w):  # type: ignore[no-untyped-def]
        cosine = math.cos(x)
        v = _BOTTOM + _KAPPA * math.tan(0.5 * min(x, _FURTHEST))
        drive = current / c.c_m[m] + _LOWEST
        turn = 0.04 * _KAPPA * (1 - cosine) + (drive - w) / _KAPPA * (1 + cosine)
        return turn, c.a[m] * (c.b[m] * v - w)

    def fitzhugh_nagumo(c, m, current, x, w):  # type: ignore[no-untyped-def]
        dv = (x - x * x * x / 3 - w + c.gain[m] * current) / c.tau_ms[m]
        return dv, c.epsilon[m] * (x + c.a[m] - c.b[m] * w) / c.tau_ms[m]

    kinds = {AdEx: adex, Izhikevich: izhikevich, FitzHughNagumo: fitzhugh_nagumo}
    return kinds[c.instance_class]


def _pace(c: Any, m: int, current: float, x: float, w: float, rate: float) -> float:
    """Pieces per ms that the way from here needs; `rate` is dx/dt."""
    raise NotImplementedError("only inside kernels")


@overload(_pace)
def _pace_of(c, m, current, x, w, rate):  # type: ignore[no-untyped-def]
    def adex(c, m, current, x, w, rate):  # type: ignore[no-untyped-def]
        rise = math.exp(x)
        e = 1.0 - rise
        bend = abs(rise * (rate * c.tau_m[m] - rise) / max(e, 1e-8) + e) / c.tau_m[m]
        return max(abs(rate) / (1.0 - x), bend) / _REACH

    def izhikevich(c, m, current, x, w, rate):  # type: ignore[no-untyped-def]
        push = (current / c.c_m[m] + _LOWEST - w) / _KAPPA
        bend = 2 * rate * (1 + push) - 4 * push - rate * rate
        return math.sqrt(max(max(rate * rate, bend), 4 * abs(push))) / _REACH

    return {AdEx: adex, Izhikevich: izhikevich}[c.instance_class]


@numba.njit(nogil=True, cache=True)
def _rk4(c, m, current, x, w, h, k1, m1):  # type: ignore[no-untyped-def]
    k2, m2 = _slopes(c, m, current, x + 0.5 * h * k1, w + 0.5 * h * m1)
    k3, m3 = _slopes(c, m, current, x + 0.5 * h * k2, w + 0.5 * h * m2)
    k4, m4 = _slopes(c, m, current, x + h * k3, w + h * m3)
    return x + h / 6 * (k1 + 2 * (k2 + k3) + k4), w + h / 6 * (m1 + 2 * (m2 + m3) + m4)


@numba.njit(nogil=True, cache=True)
def _meeting(c, m, current, x, w, h, level, first, end):  # type: ignore[no-untyped-def]
    """`rk4._meeting`: time from here to the level, and w there."""
    time, at, there, f1, g1 = 0.0, x, w, first[0], first[1]
    for k in range(HALVINGS + 1):
        if f1 <= 0 or time >= 2 * h:
            break
        way = (level - at) * (0.5 if k < HALVINGS else 1.0)
        f2, g2 = _slopes(c, m, current, at + 0.5 * way, there + 0.5 * way * g1 / f1)
        if f2 <= 0:
            break
        f3, g3 = _slopes(c, m, current, at + 0.5 * way, there + 0.5 * way * g2 / f2)
        if f3 <= 0:
            break
        f4, g4 = _slopes(c, m, current, at + way, there + way * g3 / f3)
        if f4 <= 0:
            break
        time += way / 6 * (1 / f1 + 2 * (1 / f2 + 1 / f3) + 1 / f4)
        there += way / 6 * (g1 / f1 + 2 * (g2 / f2 + g3 / f3) + g4 / f4)
        at += way
        if k == HALVINGS and time < 2 * h:
            return min(time, h), there
        f1, g1 = _slopes(c, m, current, at, there)
    f1, g1 = first
    last = _slopes(c, m, current, end[0], end[1])
    r = root(x - level, h * f1, end[0] - level, h * last[0])
    rise, da, db = end[1] - w, h * g1, h * last[1]
    met = w + r * (da + r * (3 * rise - 2 * da - db + r * (da + db - 2 * rise)))
    return r * h, met


@numba.njit(nogil=True, cache=True)
def _passage(c, m, current, x, w, duration, base, level):  # type: ignore[no-untyped-def]
    """(x, w, moment) after `duration` ms, or where x meets the level; moment −1: it does not.

    x is NaN if that takes too many pieces; `base` is the least number of them per ms.
    """
    if duration <= 0:
        return x, w, -1.0
    if x >= level:
        return level, w, 0.0
    left = duration
    for _ in range(_MAX_SUBSTEPS):
        first = _slopes(c, m, current, x, w)
        pace = max(base, _pace(c, m, current, x, w, first[0]))
        count = np.ceil(left * pace * (1 - TOLERANCE))
        h = left / count if count > 1 else left
        x1, w1 = _rk4(c, m, current, x, w, h, first[0], first[1])
        if x1 >= level:
            time, met = _meeting(c, m, current, x, w, h, level, first, (x1, w1))
            return level, met, duration - left + time
        x, w = x1, w1
        if not count > 1:
            return x, w, -1.0
        left -= h
    return math.nan, w, -1.0


@numba.njit(nogil=True, cache=True)
def _x_of(v, v_th, delta_t):  # type: ignore[no-untyped-def]
    """−ln(1 + e^(−u)) without overflow."""
    u = (v - v_th) / delta_t
    return u - math.log1p(math.exp(u)) if u < 0 else -math.log1p(math.exp(-u))


@numba.njit(nogil=True, cache=True)
def _w_held(c, m, w, s):  # type: ignore[no-untyped-def]
    held = c.a[m] * (c.v_reset[m] - c.v_rest[m])
    return held + (w - held) * math.exp(-s / c.tau_w[m])


def _adex(c, current, s, m, dt):  # type: ignore[no-untyped-def]
    wait = min(s[m, 3], dt)
    w = _w_held(c, m, s[m, 1], wait) if wait > 0 else s[m, 1]
    level = c.x_peak[m]
    x = level if s[m, 0] >= c.v_peak[m] else _x_of(s[m, 0], c.v_th[m], c.delta_t[m])
    base = c.pieces[m] / dt
    x, w, moment = _passage(c, m, current, x, w, dt - wait, base, level)
    left, offset = s[m, 3] - wait, -1.0
    if moment >= 0:
        offset = wait + moment
        rest = dt - wait - moment
        pause = min(rest, c.t_ref[m])
        w = _w_held(c, m, w + c.b[m], pause)
        x = _x_of(c.v_reset[m], c.v_th[m], c.delta_t[m])
        x, w, _again = _passage(c, m, current, x, w, rest - pause, base, level)
        left = c.t_ref[m] - pause
    if x >= level:
        s[m, 0] = c.v_peak[m]
    else:
        x = min(x, -_NEAREST)
        s[m, 0] = c.v_th[m] + c.delta_t[m] * (x - math.log(-math.expm1(x)))
    s[m, 1], s[m, 3] = w, left
    return offset


def _izhikevich(c, current, s, m, dt):  # type: ignore[no-untyped-def]
    level = c.x_peak[m]
    x = level if s[m, 0] >= c.v_peak[m] else 2 * math.atan((s[m, 0] - _BOTTOM) / _KAPPA)
    base = c.pieces[m] / dt
    x, u, moment = _passage(c, m, current, x, s[m, 1], dt, base, level)
    if moment >= 0:
        x = 2 * math.atan((c.c[m] - _BOTTOM) / _KAPPA)
        x, u, _again = _passage(c, m, current, x, u + c.d[m], dt - moment, base, level)
    s[m, 0] = c.v_peak[m] if x >= level else _BOTTOM + _KAPPA * math.tan(0.5 * x)
    s[m, 1] = u
    return moment


def _fitzhugh_nagumo(c, current, s, m, dt):  # type: ignore[no-untyped-def]
    n = int(c.pieces[m])
    h, level, offset = dt / n, c.v_th[m], -1.0
    x, w = s[m, 0], s[m, 1]
    for k in range(n):
        k1, m1 = _slopes(c, m, current, x, w)
        x1, w1 = _rk4(c, m, current, x, w, h, k1, m1)
        if offset < 0 and x < level and x1 >= level:
            k2, _m2 = _slopes(c, m, current, x1, w1)
            offset = (k + root(x - level, h * k1, x1 - level, h * k2)) * h
        x, w = x1, w1
    s[m, 0], s[m, 1] = x, w
    return offset


STEPS: dict[type, Callable[..., Any]] = {
    AdEx: _adex,
    Izhikevich: _izhikevich,
    FitzHughNagumo: _fitzhugh_nagumo,
}
