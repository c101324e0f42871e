"""The statistical mechanics of Hebb's rule with many random patterns.

Amit, Gutfreund & Sompolinsky 1985, PRL 55:1530 and 1987, Ann. Phys. 173:30 (AGS), for N → ∞ with
α = P/N held, couplings W = (1/N) Σ ξξᵀ, temperature T = 1/β, without breaking of the replica
symmetry (its error is in the third digit of α, and only near T = 0):

    m = ⟨tanh β(√(αr) z + m)⟩     q = ⟨tanh² β(√(αr) z + m)⟩     r = q/(1 - β(1-q))²     z ~ N(0,1)

They are solved without iteration. With a = β√(αr) and y = m/√(αr) the first equation reads
⟨tanh a(z+y)⟩ = T a y, one equation for a at given T and y; then √α = a (T - 1 + q)/√q follows. At
T = 0 this becomes √(2α) = erf(x)/x - 2 exp(-x²)/√π with x = y/√2 and m = erf(x). At a given T the
load as a function of y has one maximum: the load α_M beyond which no retrieval state exists. States
of larger y are the stable ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Array = NDArray[np.float64]

COLDEST = 0.02  # lower temperatures are computed as T = 0: m differs by less than 1e-3
_WARMEST = 0.995  # of the tables; retrieval ends at T = 1
_Y_LOW, _Y_HIGH = 0.3, 400.0  # of m/√(αr); the high end is a load of about 6e-6
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0

# The trapezoid rule of a smooth function under a Gaussian errs by exp(-π²/(a h)): nothing here.
_STEP = 0.02
_Z = np.arange(-8.0, 8.0 + _STEP / 2, _STEP)
_WEIGHT = np.exp(-0.5 * _Z**2) * (_STEP / math.sqrt(2.0 * math.pi))


class _State(NamedTuple):
    """Solutions of the equations, arrays of one shape."""

    load: Array  # 0 where there is none
    m: Array
    a: Array
    q: Array


def _mean(values: Array) -> Array:
    """⟨…⟩ over z, the last axis."""
    found: Array = values @ _WEIGHT
    return found


def _retrieval(t: Array, y: Array) -> _State:
    """The state with m/√(αr) = y at temperature t > 0.

    ⟨tanh a(z+y)⟩ - T a y is concave in a and negative at a = 1/(T y): Newton comes down from there
    to the one root without overshooting.
    """
    a = 1.0 / (t * y)
    shifted = _Z + y[..., None]
    for _ in range(60):
        tanh = np.tanh(a[..., None] * shifted)
        slope = _mean((1.0 - tanh * tanh) * shifted) - t * y
        step = (_mean(tanh) - t * a * y) / np.minimum(slope, -1e-300)
        a = np.maximum(a - step, 1e-9)
        if float(np.max(np.abs(step) / a, initial=0.0)) < 1e-10:
            break
    tanh = np.tanh(a[..., None] * shifted)
    q = _mean(tanh * tanh)
    root = a * (t - 1.0 + q) / np.sqrt(q)
    return _State(np.maximum(root, 0.0) ** 2, t * a * y, a, q)


def _spin_glass(t: Array, load: Array) -> _State:
    """The state without overlap (m = 0) at temperature t < 1 and these loads, by bisection."""
    low, high = np.full_like(t, -8.0), np.full_like(t, 8.0)  # of ln a
    for _ in range(50):
        middle = 0.5 * (low + high)
        a = np.exp(middle)
        q = _mean(np.tanh(a[..., None] * _Z) ** 2)
        above = a * (t - 1.0 + q) / np.sqrt(q) > np.sqrt(load)
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return _State(load, np.zeros_like(t), a, q)


def _free_energy(t: Array, state: _State) -> Array:
    """f per pixel (AGS 1987, eq. 2.23 without an outer field)."""
    open_ = 1.0 - (1.0 - state.q) / t
    r = state.q / open_**2
    inside = np.abs(state.a[..., None] * _Z + (state.m / t)[..., None])
    log_cosh = inside + np.log1p(np.exp(-2.0 * inside))  # ln 2cosh, without overflow
    return (
        0.5 * (state.load + state.m**2)
        + 0.5 * state.load * r * (1.0 - state.q) / t
        + 0.5 * state.load * (t * np.log(open_) - state.q / open_)
        - t * _mean(log_cosh)
    )


def _last_y(t: Array) -> Array:
    """The y of the largest load with a retrieval state, by golden section in ln y."""
    low, high = np.full_like(t, math.log(_Y_LOW)), np.full_like(t, math.log(30.0))
    for _ in range(40):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        up = _retrieval(t, np.exp(left)).load < _retrieval(t, np.exp(right)).load
        low, high = np.where(up, left, low), np.where(up, high, right)
    return np.exp(0.5 * (low + high))


def _zero_root(x: Array) -> Array:
    """√(2α) of the state m = erf(x) at T = 0."""
    found: Array = special.erf(x) / x - 2.0 / math.sqrt(math.pi) * np.exp(-x * x)
    return found


@lru_cache(maxsize=1)
def _zero_last() -> float:
    """The x of the largest load at T = 0."""
    low, high = 0.5, 4.0
    for _ in range(80):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        found = _zero_root(np.array([left, right]))
        low, high = (left, high) if found[0] < found[1] else (low, right)
    return 0.5 * (low + high)


def _check_temperatures(temperatures: ArrayLike) -> Array:
    found = np.atleast_1d(np.asarray(temperatures, dtype=np.float64))
    if not bool((np.isfinite(found) & (found >= 0.0)).all()):
        raise ValueError("temperatures must be >= 0 and finite everywhere")
    return found


def _check_loads(loads: ArrayLike) -> Array:
    found = np.atleast_1d(np.asarray(loads, dtype=np.float64))
    if not bool((np.isfinite(found) & (found >= 0.0)).all()):
        raise ValueError("loads must be >= 0 and finite everywhere")
    return found


def ags_capacity(temperature: float = 0.0) -> float:
    """α_M: the largest load P/N at which a retrieval state exists; 0.1379 at T = 0, 0 from T = 1.

    At this load the overlap does not go to 0 gradually: it jumps from 0.967 (T = 0).
    """
    t = float(_check_temperatures(temperature)[0])
    if t >= 1.0:
        return 0.0
    if t < COLDEST:
        return float(0.5 * _zero_root(np.array(_zero_last())) ** 2)
    one = np.array([t])
    return float(_retrieval(one, _last_y(one)).load[0])


def ags_overlap(loads: ArrayLike, temperatures: ArrayLike = 0.0) -> Array:
    """m [K]: overlap of the retrieval state with its pattern; 0 where none exists.

    Loads and temperatures are arrays of one length, or one of them is a number. At load 0 it is
    m = tanh(m/T) (1 at T = 0).
    """
    alpha, t = np.broadcast_arrays(_check_loads(loads), _check_temperatures(temperatures))
    answer = np.zeros(alpha.shape)
    cold = (t < COLDEST) & (alpha <= ags_capacity())
    y = _stable_y(alpha[cold], np.full(int(cold.sum()), _zero_last()), _cold_load)
    answer[cold] = special.erf(y)
    warm = (t >= COLDEST) & (t < 1.0)
    if warm.any():
        some, where = np.unique(t[warm], return_inverse=True)
        last = _last_y(some)
        alive = alpha[warm] <= _retrieval(some, last).load[where]
        warm[warm] = alive
        heat = t[warm]
        y = _stable_y(alpha[warm], last[where[alive]], lambda y: _retrieval(heat, y).load)
        answer[warm] = _retrieval(heat, y).m
    return answer


def _cold_load(x: Array) -> Array:
    return 0.5 * _zero_root(x) ** 2


def _stable_y(alpha: Array, first: Array, load: Callable[[Array], Array]) -> Array:
    """The y above `first` at which `load` is alpha, by bisection in ln y: it falls with y."""
    low, high = np.log(first), np.full(alpha.shape, math.log(_Y_HIGH))
    if not alpha.size:
        return low
    for _ in range(45):
        middle = 0.5 * (low + high)
        above = load(np.exp(middle)) > alpha
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    found: Array = np.exp(0.5 * (low + high))
    return found


@lru_cache(maxsize=1)
def _lines() -> tuple[Array, Array, Array]:
    """Temperatures, and the loads α_M and α_c (retrieval states deepest) at them."""
    t = np.concatenate([np.linspace(COLDEST, 0.2, 7), np.linspace(0.25, 0.9, 14),
                        [0.93, 0.96, 0.98, _WARMEST]])  # fmt: skip
    last = _last_y(t)
    low, high = np.log(last), np.full_like(t, math.log(_Y_HIGH))
    for _ in range(32):
        middle = 0.5 * (low + high)
        state = _retrieval(t, np.exp(middle))
        glass = _spin_glass(t, state.load)
        deeper = _free_energy(t, state) < _free_energy(t, glass)
        low, high = np.where(deeper, low, middle), np.where(deeper, middle, high)
    deepest = _retrieval(t, np.exp(0.5 * (low + high))).load
    return t, _retrieval(t, last).load, deepest


def _temperature_at(alpha: Array, table: Array, t: Array) -> Array:
    """The highest temperature at which the line `table` of loads reaches `alpha`; 0 beyond it."""
    top = int(table.argmax())  # the line bends back by 0.0003 near T = 0: its upper part counts
    root, line = np.sqrt(table[top:][::-1]), t[top:][::-1]
    # Lines are straight in √α near α = 0, where T = 1.
    root, line = np.concatenate([[0.0], root]), np.concatenate([[1.0], line])
    return np.where(np.sqrt(alpha) <= root[-1], np.interp(np.sqrt(alpha), root, line), 0.0)


def ags_temperature(loads: ArrayLike) -> Array:
    """T_M [K]: below it retrieval states exist at these loads (1 - 1.95 √α for small α)."""
    t, last, _ = _lines()
    return _temperature_at(_check_loads(loads), last, t)


def ground_temperature(loads: ArrayLike) -> Array:
    """T_c [K]: below it retrieval states are the deepest of all; 0 above load 0.053."""
    t, _, deepest = _lines()
    return _temperature_at(_check_loads(loads), deepest, t)


def spin_glass_temperature(loads: ArrayLike) -> Array:
    """T_g [K] = 1 + √α: below it pixels freeze, into no stored pattern where retrieval is over."""
    return 1.0 + np.sqrt(_check_loads(loads))
