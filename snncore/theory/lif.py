"""What mathematics says of the LIF neuron, to be drawn beside what the simulation does.

Currents are in nA, times in ms, voltages in mV; currents may be arrays. The formulas hold in
continuous time for resets "value" and "subtract" (at the moment of a spike there is no overshoot,
so these two are one); for reset "none" a rate is not defined and the functions return NaN. With μ
= V_rest + R·I:

    first spike  τ ln((μ − V_0)/(μ − V_th));   rate  1/(t_ref + τ ln((μ − V_reset)/(μ − V_th)))

(Lapicque 1907; Gerstner, Kistler, Naud & Paninski 2014, ch. 1.) With white noise the rate is that
of Siegert (1951, Phys. Rev. 81:617) and Ricciardi (1977), in the form of Brunel (2000,
doi 10.1023/A:1008925309027): 1/(t_ref + τ√π ∫ e^(u²)(1 + erf u) du) from (V_reset − μ)/σ to
(V_th − μ)/σ, where σ = √2·σ_V.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from snncore.neurons.lif import LIFParams, check_dt, refractory_steps

Array = NDArray[np.float64]

# −ζ(½)/√(2π): how far beyond a threshold, in units of one step's standard deviation, a random walk
# that is looked at only on a grid gets on average (Chernoff 1965; Siegmund 1979).
GRID_SHIFT = 0.5825971579390107
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)


def rheobase(neuron: LIFParams) -> float:
    """The current (nA) above which a constant drive makes the neuron fire: (V_th − V_rest)/R."""
    return (neuron.v_th - neuron.v_rest) / neuron.r_m


def target_voltage(neuron: LIFParams, current: ArrayLike) -> Array:
    """μ = V_rest + R·I (mV): where the voltage would settle without a threshold."""
    return neuron.v_rest + neuron.r_m * np.asarray(current, dtype=np.float64)


def _rise_time(neuron: LIFParams, current: ArrayLike, start: float) -> Array:
    """ms from `start` mV to the threshold; infinite where the threshold is not reached."""
    mu = target_voltage(neuron, current)
    above = mu > neuron.v_th
    # log1p keeps the digits where μ is far above both voltages.
    gap = np.where(above, mu - neuron.v_th, 1.0)
    rise = neuron.tau_m * np.log1p(max(neuron.v_th - start, 0.0) / gap)
    return np.where(above, rise, math.inf)


def first_spike(neuron: LIFParams, current: ArrayLike, v_0: float | None = None) -> Array:
    """Time (ms) of the first spike under a constant current from `v_0` (default: V_rest)."""
    return _rise_time(neuron, current, neuron.v_rest if v_0 is None else v_0)


def _defined(neuron: LIFParams, rate: Array) -> Array:
    return np.full_like(rate, np.nan) if neuron.reset == "none" else rate


def rate_hz(neuron: LIFParams, current: ArrayLike) -> Array:
    """Firing rate (Hz) under a constant current, 0 up to the rheobase."""
    period = neuron.t_ref + _rise_time(neuron, current, neuron.v_reset)
    return _defined(neuron, 1000.0 / period)


def grid_rate_hz(neuron: LIFParams, current: ArrayLike, dt: float) -> Array:
    """Firing rate (Hz) of the simulation itself: both parts of an interval are whole steps.

    Exact for reset "value"; "subtract" keeps its overshoot, so that it follows `rate_hz` closer,
    and for "none" there is no rate: NaN for both.
    """
    rise = _rise_time(neuron, current, neuron.v_reset) / check_dt(dt)
    # A crossing that falls on the grid up to rounding belongs to the step that ends there.
    steps = np.maximum(np.ceil(rise - 1e-9), 1.0)
    rate = 1000.0 / ((steps + refractory_steps(neuron, dt)) * dt)
    return rate if neuron.reset == "value" else np.full_like(rate, np.nan)


class SineResponse(NamedTuple):
    """Answer of the voltage to a sine current too weak to cause spikes."""

    gain: float  # mV per nA
    phase_deg: float  # negative: the voltage lags


def sine_response(neuron: LIFParams, frequency_hz: float) -> SineResponse:
    """R/√(1 + (ωτ)²) and −arctan ωτ: a low-pass filter of first order."""
    x = 2.0 * math.pi * frequency_hz / 1000.0 * neuron.tau_m
    return SineResponse(neuron.r_m / math.hypot(1.0, x), -math.degrees(math.atan(x)))


def cutoff_hz(neuron: LIFParams) -> float:
    """Where the gain has fallen by 3 dB: 1/(2πτ)."""
    return 1000.0 / (2.0 * math.pi * neuron.tau_m)


def voltage_std(neuron: LIFParams, current_std: float, dt: float) -> float:
    """σ_V (mV) under a Gaussian current of std `current_std` nA, drawn anew every `dt` ms.

    s·R·√((1 − x)/(1 + x)), x = e^(−dt/τ): exact on the grid for any dt; → s·R·√(dt/(2τ)).
    """
    return current_std * neuron.r_m * math.sqrt(math.tanh(check_dt(dt) / (2.0 * neuron.tau_m)))


def _erfcx_integral(a: Array, b: Array) -> Array:
    """∫ erfcx(w) dw from a to b, 0 ≤ a ≤ b: Gauss–Legendre in ln(1 + w), in which it is smooth."""
    lo, hi = np.log1p(a), np.log1p(b)
    half = (hi - lo) / 2.0
    s = ((hi + lo) / 2.0)[..., None] + half[..., None] * _NODES
    w = np.expm1(s)
    return half * np.sum(_WEIGHTS * special.erfcx(w) * (w + 1.0), axis=-1)


def _siegert_integral(lo: Array, hi: Array) -> Array:
    """∫ e^(u²)(1 + erf u) du = ∫ erfcx(−u) du from lo to hi, without overflow before infinity.

    For u < 0 the integrand is smooth and small. For u > 0 it is 2e^(u²) − erfcx(u), and
    ∫ e^(u²) du = e^(u²)·D(u) with Dawson's function D.
    """
    zero = np.zeros_like(lo)
    below = _erfcx_integral(np.maximum(-hi, zero), np.maximum(-lo, zero))
    a, b = np.maximum(lo, zero), np.maximum(hi, zero)
    with np.errstate(over="ignore"):
        grows = 2.0 * (np.exp(b**2) * special.dawsn(b) - np.exp(np.minimum(a, b) ** 2)
                       * special.dawsn(np.minimum(a, b)))  # fmt: skip
        above = np.where(b > 26.0, np.inf, grows - _erfcx_integral(a, np.maximum(a, b)))
    return below + above


def noisy_rate_hz(neuron: LIFParams, current: ArrayLike, sigma_v: float, dt: float = 0.0) -> Array:
    """Firing rate (Hz) under a current with white noise that alone moves V by σ_V (Siegert).

    With `dt` > 0, the rate of a simulation that looks at the voltage only every dt: it rests for
    whole steps, and it misses crossings in between, as if the threshold were
    GRID_SHIFT·σ·√(dt/τ) higher (Broadie, Glasserman & Kou 1997; about −5 % of the rate at dt =
    0.1 ms). The shift is the first term of a series in √(dt/τ): the rate is right to 2.5 % up to
    dt = τ/20; beyond it is too high, by up to 7 % at dt = τ/5, most where the mean alone drives V
    further in one step than the noise does (measured for σ_V = 1..6 mV, 14..50 Hz).

    σ_V = 0 is `rate_hz`, or with `dt` > 0 `grid_rate_hz`.
    """
    if not sigma_v >= 0:
        raise ValueError(f"sigma_v must be >= 0 mV, got {sigma_v}")
    if dt != 0:
        check_dt(dt)
    if sigma_v == 0:
        return grid_rate_hz(neuron, current, dt) if dt > 0 else rate_hz(neuron, current)
    rest = refractory_steps(neuron, dt) * dt if dt > 0 else neuron.t_ref
    sigma = math.sqrt(2.0) * sigma_v
    mu = np.atleast_1d(target_voltage(neuron, current))
    shift = GRID_SHIFT * sigma * math.sqrt(dt / neuron.tau_m)
    lo = (neuron.v_reset - mu) / sigma
    hi = (neuron.v_th + shift - mu) / sigma
    with np.errstate(invalid="ignore"):
        integral = _siegert_integral(lo, hi)
    integral = np.where(np.isnan(integral), np.inf, integral)
    rate = 1000.0 / (rest + neuron.tau_m * math.sqrt(math.pi) * integral)
    return _defined(neuron, rate.reshape(np.shape(np.asarray(current))))


def _panels(lo: float, hi: float, count: int = 4) -> tuple[Array, Array]:
    """Nodes and weights of `count` Gauss–Legendre panels on [lo, hi]."""
    edges = np.linspace(lo, hi, count + 1)
    half = np.diff(edges)[:, None] / 2.0
    nodes = edges[:-1, None] + half * (_NODES + 1.0)
    return nodes.ravel(), (half * _WEIGHTS).ravel()


def noisy_cv(neuron: LIFParams, current: float, sigma_v: float) -> float:
    """Coefficient of variation of the intervals under white noise (Brunel 2000, appendix).

    CV² = 2π(rτ)² ∫ e^(x²) ∫ e^(y²)(1 + erf y)² dy dx, with x over the range of the rate's integral
    and y below x. NaN for reset "none", and where spikes are so rare that the integrals overflow
    (there CV → 1).
    """
    if not sigma_v > 0:
        raise ValueError(f"sigma_v must be > 0 mV, got {sigma_v}")
    sigma = math.sqrt(2.0) * sigma_v
    mu = float(target_voltage(neuron, current))
    lo, hi = (neuron.v_reset - mu) / sigma, (neuron.v_th - mu) / sigma
    rate = float(noisy_rate_hz(neuron, current, sigma_v)) / 1000.0
    if neuron.reset == "none" or hi > 15.0:
        return math.nan
    # Outer nodes: in ln(1 − x) below zero, where the integrand falls like 1/|x|³, plain above.
    s, weight = _panels(math.log1p(max(-hi, 0.0)), math.log1p(max(-lo, 0.0)))
    x, w = -np.expm1(s), weight * np.exp(s)
    if hi > 0:
        x_above, w_above = _panels(max(lo, 0.0), hi)
        x, w = np.concatenate([x, x_above]), np.concatenate([w, w_above])
    # Inner, with z = x − y: e^(x²)·e^(y²)·(1 + erf y)² = e^(z(2x − z))·erfcx(−y)², nothing left
    # where the exponent is below −40.
    unit, weight01 = _panels(0.0, 1.0)
    span = x + np.sqrt(x**2 + 40.0)
    z = span[:, None] * unit
    inner = np.exp(z * (2.0 * x[:, None] - z)) * special.erfcx(z - x[:, None]) ** 2
    total = float(np.sum(w * span * (inner @ weight01)))
    return math.sqrt(2.0 * math.pi * total) * rate * neuron.tau_m
