"""CPU steps of the models that are integrated numerically, and of the quadratic neuron.

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
_NEWTON = 12
_HALVINGS = 8  # as in `snncore.neurons.rk4`
_NEAREST = 1e-30  # as in `snncore.neurons.eif`
_BOTTOM, _LOWEST, _KAPPA = -62.5, -16.25, 25.0  # as in `snncore.neurons.izhikevich`
_FURTHEST = 2 * math.atan(40.0)
_TINY = 1e-12  # as in `snncore.neurons.qif`
_CLIP = 300.0  # as in `snncore.neurons.hodgkin_huxley`


class AdEx(NamedTuple):
    """Parameters of `snncore.neurons.adex`, each [M]; `pieces`: into how many a step is cut.

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
    pieces: Floats


class Izhikevich(NamedTuple):
    """Parameters of `snncore.neurons.izhikevich`, each [M]."""

    a: Floats
    b: Floats
    c: Floats
    d: Floats
    v_peak: Floats
    c_m: Floats
    pieces: Floats


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


class FitzHughNagumo(NamedTuple):
    """Parameters of `snncore.neurons.fitzhugh_nagumo`, each [M]."""

    a: Floats
    b: Floats
    epsilon: Floats
    tau_ms: Floats
    gain: Floats
    v_th: Floats
    pieces: Floats


class HodgkinHuxley(NamedTuple):
    """Parameters of `snncore.neurons.hodgkin_huxley`, each [M]."""

    c_m: Floats
    g_na: Floats
    g_k: Floats
    g_l: Floats
    e_na: Floats
    e_k: Floats
    e_l: Floats
    area: Floats
    celsius: Floats
    v_th: Floats
    pieces: Floats


@numba.njit(nogil=True, cache=True)
def _root(a, da, b, db):  # type: ignore[no-untyped-def]
    """`rk4.hermite_root` for a ≤ 0 ≤ b."""
    if a >= 0:
        return 0.0
    rise = b - a
    c2, c3 = 3 * rise - 2 * da - db, da + db - 2 * rise
    low, high, r = 0.0, 1.0, -a / rise
    for _ in range(_NEWTON):
        value = a + r * (da + r * (c2 + r * c3))
        slope = da + r * (2 * c2 + 3 * r * c3)
        if value == 0.0:
            break
        if value < 0:
            low = r
        else:
            high = r
        guess = r - value / slope if slope > 0 else low
        r = guess if low < guess < high else 0.5 * (low + high)
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


@numba.njit(nogil=True, cache=True)
def _rk4(c, m, current, x, w, h, k1, m1):  # type: ignore[no-untyped-def]
    k2, m2 = _slopes(c, m, current, x + 0.5 * h * k1, w + 0.5 * h * m1)
    k3, m3 = _slopes(c, m, current, x + 0.5 * h * k2, w + 0.5 * h * m2)
    k4, m4 = _slopes(c, m, current, x + h * k3, w + h * m3)
    return x + h / 6 * (k1 + 2 * (k2 + k3) + k4), w + h / 6 * (m1 + 2 * (m2 + m3) + m4)


@numba.njit(nogil=True, cache=True)
def _meeting(c, m, current, x, w, h, level, first, end, last):  # type: ignore[no-untyped-def]
    """`rk4._meeting`: time from here to the level, and w there."""
    time, at, there, f1, g1 = 0.0, x, w, first[0], first[1]
    for k in range(_HALVINGS + 1):
        if f1 <= 0 or time >= 2 * h:
            break
        way = (level - at) * (0.5 if k < _HALVINGS else 1.0)
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
        if k == _HALVINGS and time < 2 * h:
            return min(time, h), there
        f1, g1 = _slopes(c, m, current, at, there)
    f1, g1 = first
    r = _root(x - level, h * f1, end[0] - level, h * last[0])
    rise, da, db = end[1] - w, h * g1, h * last[1]
    met = w + r * (da + r * (3 * rise - 2 * da - db + r * (da + db - 2 * rise)))
    return r * h, met


@numba.njit(nogil=True, cache=True)
def _passage(c, m, current, x, w, duration, level):  # type: ignore[no-untyped-def]
    """(x, w, moment) after `duration` ms, or where x meets the level; moment −1: it does not."""
    n = int(c.pieces[m])
    h = duration / n
    if h <= 0:
        return x, w, -1.0
    k1, m1 = _slopes(c, m, current, x, w)
    for k in range(n):
        x1, w1 = _rk4(c, m, current, x, w, h, k1, m1)
        k2, m2 = _slopes(c, m, current, x1, w1)
        if x1 >= level:
            time, met = _meeting(c, m, current, x, w, h, level, (k1, m1), (x1, w1), (k2, m2))
            return level, met, k * h + time
        x, w, k1, m1 = x1, w1, k2, m2
    return x, w, -1.0


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
    level = _x_of(c.v_peak[m], c.v_th[m], c.delta_t[m])
    x = _x_of(s[m, 0], c.v_th[m], c.delta_t[m])
    x, w, moment = _passage(c, m, current, x, w, dt - wait, level)
    left, offset = s[m, 3] - wait, -1.0
    if moment >= 0:
        offset = wait + moment
        rest = dt - wait - moment
        pause = min(rest, c.t_ref[m])
        w = _w_held(c, m, w + c.b[m], pause)
        x = _x_of(c.v_reset[m], c.v_th[m], c.delta_t[m])
        x, w, _again = _passage(c, m, current, x, w, rest - pause, level)
        left = c.t_ref[m] - pause
    x = min(x, -_NEAREST)
    s[m, 0] = c.v_th[m] + c.delta_t[m] * (x - math.log(-math.expm1(x)))
    s[m, 1], s[m, 3] = w, left
    return offset


def _izhikevich(c, current, s, m, dt):  # type: ignore[no-untyped-def]
    level = 2 * math.atan((c.v_peak[m] - _BOTTOM) / _KAPPA)
    x = 2 * math.atan((s[m, 0] - _BOTTOM) / _KAPPA)
    x, u, moment = _passage(c, m, current, x, s[m, 1], dt, level)
    if moment >= 0:
        x = 2 * math.atan((c.c[m] - _BOTTOM) / _KAPPA)
        x, u, _again = _passage(c, m, current, x, u + c.d[m], dt - moment, level)
    s[m, 0], s[m, 1] = _BOTTOM + _KAPPA * math.tan(0.5 * x), u
    return moment


def _fitzhugh_nagumo(c, current, s, m, dt):  # type: ignore[no-untyped-def]
    n = int(c.pieces[m])
    h, level, offset = dt / n, c.v_th[m], -1.0
    x, w = s[m, 0], s[m, 1]
    k1, m1 = _slopes(c, m, current, x, w)
    for k in range(n):
        x1, w1 = _rk4(c, m, current, x, w, h, k1, m1)
        k2, m2 = _slopes(c, m, current, x1, w1)
        if offset < 0 and x < level and x1 >= level:
            offset = (k + _root(x - level, h * k1, x1 - level, h * k2)) * h
        x, w, k1, m1 = x1, w1, k2, m2
    s[m, 0], s[m, 1] = x, w
    return offset


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


@numba.njit(nogil=True, cache=True)
def _ramp(x):  # type: ignore[no-untyped-def]
    return 1 + x / 2 + x * x / 12 if abs(x) < 1e-3 else x / -math.expm1(-x)


@numba.njit(nogil=True, cache=True)
def _gates(v, time):  # type: ignore[no-untyped-def]
    """Where m, h and n settle at v, and what part of a deviation is left after `time` at 6.3 °C."""
    v = min(max(v, -_CLIP), _CLIP)
    am, bm = _ramp((v + 40) / 10), 4 * math.exp(-(v + 65) / 18)
    ah, bh = 0.07 * math.exp(-(v + 65) / 20), 1 / (1 + math.exp(-(v + 35) / 10))
    an, bn = 0.1 * _ramp((v + 55) / 10), 0.125 * math.exp(-(v + 65) / 80)
    settled = am / (am + bm), ah / (ah + bh), an / (an + bn)
    left = math.exp(-time * (am + bm)), math.exp(-time * (ah + bh)), math.exp(-time * (an + bn))
    return settled, left


@numba.njit(nogil=True, cache=True)
def _relax(gates, settled, left):  # type: ignore[no-untyped-def]
    return (
        settled[0] + (gates[0] - settled[0]) * left[0],
        settled[1] + (gates[1] - settled[1]) * left[1],
        settled[2] + (gates[2] - settled[2]) * left[2],
    )


@numba.njit(nogil=True, cache=True)
def _square(left):  # type: ignore[no-untyped-def]
    return left[0] * left[0], left[1] * left[1], left[2] * left[2]


@numba.njit(nogil=True, cache=True)
def _pull(c, i, density, gates):  # type: ignore[no-untyped-def]
    """Conductance and pull, as `membrane` in the torch path."""
    sodium, potassium = c.g_na[i] * gates[0] ** 3 * gates[1], c.g_k[i] * gates[2] ** 4
    pull = sodium * c.e_na[i] + potassium * c.e_k[i] + c.g_l[i] * c.e_l[i] + density
    return sodium + potassium + c.g_l[i], pull


@numba.njit(nogil=True, cache=True)
def _charge(c, i, density, v, gates, scaled):  # type: ignore[no-untyped-def]
    """The voltage after a piece with the gates held; `scaled` is its length over the capacity."""
    conductance, pull = _pull(c, i, density, gates)
    x = conductance * scaled
    lost = -math.expm1(-x)
    return v - v * lost + pull * scaled * (lost / x if x > 0 else 1.0)


@numba.njit(nogil=True, cache=True)
def _richardson(fine, coarse):  # type: ignore[no-untyped-def]
    return min(max((4 * fine - coarse) / 3, 0.0), 1.0)


def _hodgkin_huxley(c, current, s, m, dt):  # type: ignore[no-untyped-def]
    count = int(c.pieces[m])
    step, level, offset = dt / count, c.v_th[m], -1.0
    scaled = step / c.c_m[m]
    quarter = 0.25 * step * 3 ** ((c.celsius[m] - 6.3) / 10)
    density = current * (1e5 / c.area[m])
    v, gates = s[m, 0], (s[m, 1], s[m, 2], s[m, 3])
    for k in range(count):
        settled, left = _gates(v, quarter)
        # The whole piece: its halves are two quarters long.
        g = _relax(gates, settled, _square(left))
        coarse_v = _charge(c, m, density, v, g, scaled)
        ahead, gone = _gates(coarse_v, quarter)
        coarse = _relax(g, ahead, _square(gone))
        # Two half pieces; where they meet, two quarters at one voltage are one half.
        g = _relax(gates, settled, left)
        fine_v = _charge(c, m, density, v, g, 0.5 * scaled)
        settled, left = _gates(fine_v, quarter)
        g = _relax(g, settled, _square(left))
        fine_v = _charge(c, m, density, fine_v, g, 0.5 * scaled)
        settled, left = _gates(fine_v, quarter)
        g = _relax(g, settled, left)
        v1 = (4 * fine_v - coarse_v) / 3
        after = (
            _richardson(g[0], coarse[0]),
            _richardson(g[1], coarse[1]),
            _richardson(g[2], coarse[2]),
        )
        if offset < 0 and v < level and v1 >= level:
            g0, p0 = _pull(c, m, density, gates)
            g1, p1 = _pull(c, m, density, after)
            slopes = scaled * (p0 - g0 * v), scaled * (p1 - g1 * v1)
            offset = (k + _root(v - level, slopes[0], v1 - level, slopes[1])) * step
        v, gates = v1, after
    s[m, 0], s[m, 1], s[m, 2], s[m, 3] = v, gates[0], gates[1], gates[2]
    return offset


STEPS: dict[type, Callable[..., Any]] = {
    AdEx: _adex,
    Izhikevich: _izhikevich,
    QIF: _qif,
    FitzHughNagumo: _fitzhugh_nagumo,
    HodgkinHuxley: _hodgkin_huxley,
}
