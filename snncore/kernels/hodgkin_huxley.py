"""CPU step of the squid axon; see `snncore.neurons.hodgkin_huxley` for equations and scheme."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from snncore.kernels.odes import root

Floats = NDArray[np.float64]
_E10, _E25, _E30 = math.exp(1.0), math.exp(2.5), math.exp(3.0)  # 10, 25 and 30 mV above −65 mV
_CLIP = 300.0  # as in `snncore.neurons.hodgkin_huxley`


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
def _ramp(x, decayed):  # type: ignore[no-untyped-def]
    """x/(1 − e^(−x)) from x and e^(−x), which near 0 would cancel."""
    if abs(x) > 0.5:
        return x / (1 - decayed)
    return 1 + x / 2 + x * x / 12 if abs(x) < 1e-3 else x / -math.expm1(-x)


@numba.njit(nogil=True, cache=True)
def _gates(v, time):  # type: ignore[no-untyped-def]
    """Where m, h and n settle at v, and what part of a deviation is left after `time` at 6.3 °C.

    The time is that of exponentials: those with 20 and 10 mV are powers of the one with 80 mV.
    """
    v = min(max(v, -_CLIP), _CLIP)
    e80 = math.exp(-(v + 65) / 80)
    e20 = e80 * e80 * e80 * e80
    e10 = e20 * e20
    am, bm = _ramp((v + 40) / 10, e10 * _E25), 4 * math.exp(-(v + 65) / 18)
    ah, bh = 0.07 * e20, 1 / (1 + e10 * _E30)
    an, bn = 0.1 * _ramp((v + 55) / 10, e10 * _E10), 0.125 * e80
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
            offset = (k + root(v - level, slopes[0], v1 - level, slopes[1])) * step
        v, gates = v1, after
    s[m, 0], s[m, 1], s[m, 2], s[m, 3] = v, gates[0], gates[1], gates[2]
    return offset


STEPS: dict[type, Callable[..., Any]] = {HodgkinHuxley: _hodgkin_huxley}
