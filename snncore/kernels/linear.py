"""CPU steps of the linear integrate-and-fire models; see `snncore.neurons.linear`.

The state of a neuron is (v, x, y): x is the threshold θ or the synaptic current, y the rising
current of the alpha synapse.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.extending import overload
from numpy.typing import NDArray

from snncore.kernels.odes import ITERATIONS, newton

Floats = NDArray[np.float64]


class Adaptive(NamedTuple):
    """Parameters of `snncore.neurons.adaptive`, each [M]; `on_grid`: 1 for timing "grid"."""

    tau_m: Floats
    r_m: Floats
    v_rest: Floats
    v_reset: Floats
    v_th: Floats
    theta_jump: Floats
    tau_theta: Floats
    t_ref: Floats
    on_grid: Floats


class Synaptic(NamedTuple):
    """Parameters of `snncore.neurons.synaptic`, each [M]."""

    tau_m: Floats
    r_m: Floats
    v_rest: Floats
    v_reset: Floats
    v_th: Floats
    tau_syn: Floats
    t_ref: Floats
    on_grid: Floats


class Alpha(NamedTuple):
    """Parameters of `snncore.neurons.alpha`, each [M]."""

    tau_m: Floats
    r_m: Floats
    v_rest: Floats
    v_reset: Floats
    v_th: Floats
    tau_syn: Floats
    t_ref: Floats
    on_grid: Floats


@numba.njit(nogil=True, cache=True)
def _filtered(s, tau_m, tau_syn):  # type: ignore[no-untyped-def]
    x = abs(1 / tau_m - 1 / tau_syn) * s
    mean = 1.0 if x == 0 else -math.expm1(-x) / x
    return s / tau_m * math.exp(-s * min(1 / tau_m, 1 / tau_syn)) * mean


@numba.njit(nogil=True, cache=True)
def _filtered_twice(s, tau_m, tau_syn):  # type: ignore[no-untyped-def]
    gap = 1 / tau_m - 1 / tau_syn
    x = abs(gap) * s
    if x < 0.5:
        # Σ (−x)ⁿ/n!·(1/(n + 2) or 1/((n + 1)(n + 2))); the last term is below 1e-18.
        mean, term = 0.0, 1.0
        for n in range(16):
            mean += term / (n + 2) if gap < 0 else term / ((n + 1) * (n + 2))
            term *= -x / (n + 1)
    elif gap < 0:
        mean = (1 - math.exp(-x) * (1 + x)) / (x * x)
    else:
        mean = (x + math.expm1(-x)) / (x * x)
    return s * s / (tau_m * tau_syn) * math.exp(-s * min(1 / tau_m, 1 / tau_syn)) * mean


def _evolve(c: Any, m: int, current: float, v: float, x: float, y: float, s: float) -> Any:
    """(v, x, y) after s ms."""
    raise NotImplementedError("only inside kernels")


def _hold(c: Any, m: int, current: float, x: float, y: float, s: float) -> Any:
    """(x, y) after s ms, whatever the voltage does."""
    raise NotImplementedError("only inside kernels")


def _slope(c: Any, m: int, current: float, v: float, x: float) -> Any:
    """Voltage minus threshold, and its time derivative."""
    raise NotImplementedError("only inside kernels")


@overload(_hold)
def _hold_of(c, m, current, x, y, s):  # type: ignore[no-untyped-def]
    def adaptive(c, m, current, x, y, s):  # type: ignore[no-untyped-def]
        return c.v_th[m] + (x - c.v_th[m]) * math.exp(-s / c.tau_theta[m]), y

    def synaptic(c, m, current, x, y, s):  # type: ignore[no-untyped-def]
        return current + (x - current) * math.exp(-s / c.tau_syn[m]), y

    def alpha(c, m, current, x, y, s):  # type: ignore[no-untyped-def]
        left = math.exp(-s / c.tau_syn[m])
        i_syn = current + (x - current + (y - current) * s / c.tau_syn[m]) * left
        return i_syn, current + (y - current) * left

    return {Adaptive: adaptive, Synaptic: synaptic, Alpha: alpha}[c.instance_class]


@overload(_evolve)
def _evolve_of(c, m, current, v, x, y, s):  # type: ignore[no-untyped-def]
    def adaptive(c, m, current, v, x, y, s):  # type: ignore[no-untyped-def]
        v_inf = c.v_rest[m] + c.r_m[m] * current
        x1, y1 = _hold(c, m, current, x, y, s)
        return v_inf + (v - v_inf) * math.exp(-s / c.tau_m[m]), x1, y1

    def synaptic(c, m, current, v, x, y, s):  # type: ignore[no-untyped-def]
        v_inf = c.v_rest[m] + c.r_m[m] * current
        leaked = (v - v_inf) * math.exp(-s / c.tau_m[m])
        arriving = c.r_m[m] * (x - current) * _filtered(s, c.tau_m[m], c.tau_syn[m])
        x1, y1 = _hold(c, m, current, x, y, s)
        return v_inf + leaked + arriving, x1, y1

    def alpha(c, m, current, v, x, y, s):  # type: ignore[no-untyped-def]
        v_inf = c.v_rest[m] + c.r_m[m] * current
        leaked = (v - v_inf) * math.exp(-s / c.tau_m[m])
        once = (x - current) * _filtered(s, c.tau_m[m], c.tau_syn[m])
        twice = (y - current) * _filtered_twice(s, c.tau_m[m], c.tau_syn[m])
        x1, y1 = _hold(c, m, current, x, y, s)
        return v_inf + leaked + c.r_m[m] * (once + twice), x1, y1

    return {Adaptive: adaptive, Synaptic: synaptic, Alpha: alpha}[c.instance_class]


@overload(_slope)
def _slope_of(c, m, current, v, x):  # type: ignore[no-untyped-def]
    def adaptive(c, m, current, v, x):  # type: ignore[no-untyped-def]
        rise = (c.v_rest[m] + c.r_m[m] * current - v) / c.tau_m[m]
        return v - x, rise + (x - c.v_th[m]) / c.tau_theta[m]

    def synapse(c, m, current, v, x):  # type: ignore[no-untyped-def]
        return v - c.v_th[m], (c.v_rest[m] + c.r_m[m] * x - v) / c.tau_m[m]

    return adaptive if c.instance_class is Adaptive else synapse


def _jump(c: Any, m: int, x: float) -> float:
    """x after a spike."""
    raise NotImplementedError("only inside kernels")


@overload(_jump)
def _jump_of(c, m, x):  # type: ignore[no-untyped-def]
    if c.instance_class is Adaptive:
        return lambda c, m, x: x + c.theta_jump[m]
    return lambda c, m, x: x


@numba.njit(nogil=True, cache=True)
def _crossing(c, m, current, v, x, y, length):  # type: ignore[no-untyped-def]
    """When the distance becomes 0 within `length` ms; 0 if it is not negative now."""
    low, high, moment = 0.0, length, 0.0
    if _slope(c, m, current, v, x)[0] >= 0:
        return moment
    for _ in range(ITERATIONS):
        v1, x1, _y = _evolve(c, m, current, v, x, y, moment)
        distance, slope = _slope(c, m, current, v1, x1)
        moment, low, high, done = newton(moment, low, high, distance, slope, length)
        if done:
            break
    return moment


def _linear(c, current, s, m, dt):  # type: ignore[no-untyped-def]
    v, x, y, refractory = s[m, 0], s[m, 1], s[m, 2], s[m, 3]
    if c.on_grid[m] > 0:
        ready = refractory < 0.5 * dt
        if ready:
            v1, x1, y1 = _evolve(c, m, current, v, x, y, dt)
        else:
            v1 = v
            x1, y1 = _hold(c, m, current, x, y, dt)
        offset = -1.0
        s[m, 3] = max(refractory - dt, 0.0)
        if ready and _slope(c, m, current, v1, x1)[0] >= 0:
            offset = _crossing(c, m, current, v, x, y, dt)
            v1, x1 = c.v_reset[m], _jump(c, m, x1)
            s[m, 3] = math.floor(c.t_ref[m] / dt + 0.5) * dt
        s[m, 0], s[m, 1], s[m, 2] = v1, x1, y1
        return offset
    wait = min(refractory, dt)
    length = dt - wait
    if wait > 0:
        x, y = _hold(c, m, current, x, y, wait)
    v1, x1, y1 = _evolve(c, m, current, v, x, y, length)
    over = _slope(c, m, current, v1, x1)[0] >= 0 or _slope(c, m, current, v, x)[0] >= 0
    offset = -1.0
    left = refractory - wait
    if length > 0 and over:
        moment = _crossing(c, m, current, v, x, y, length)
        offset = wait + moment
        rest = length - moment
        pause = min(rest, c.t_ref[m])
        _v, x1, y1 = _evolve(c, m, current, v, x, y, moment)
        x1, y1 = _hold(c, m, current, _jump(c, m, x1), y1, pause)
        v1, x1, y1 = _evolve(c, m, current, c.v_reset[m], x1, y1, rest - pause)
        left = c.t_ref[m] - pause
    s[m, 0], s[m, 1], s[m, 2], s[m, 3] = v1, x1, y1, left
    return offset


STEPS: dict[type, Callable[..., Any]] = {Adaptive: _linear, Synaptic: _linear, Alpha: _linear}
