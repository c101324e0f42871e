"""Rates and first spikes of the other integrate-and-fire models under a constant current.

Adaptive threshold: with T the interval, the jumps of all earlier spikes add up to J/(e^(T/τ_θ) − 1)
above V_th at the moment of a spike, so that T solves

    μ − (μ − V_reset)·e^(−(T − t_ref)/τ_m) = V_th + J/(e^(T/τ_θ) − 1),    μ = V_rest + R·I

whose left side rises and whose right side falls: one root, however many spikes it takes to get
there. The first spike is the plain neuron's. Behind a synapse a constant current arrives unchanged
in the end: the rate is the plain neuron's, only the first spike comes later. Where dV/dt = f(V)/τ
is not linear, an interval is t_ref + τ∫ dV/f from reset to cut-off; for the exponential model by
quadrature (Fourcaud-Trocmé, Hansel, van Vreeswijk & Brunel 2003, doi
10.1523/JNEUROSCI.23-37-11628.2003), for the quadratic one in closed form (Ermentrout & Kopell 1986;
Izhikevich 2007, ch. 3.3).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from snncore.neurons.lif import LIFParams
from snncore.theory import lif

Array = NDArray[np.float64]
_LARGEST = 700.0  # whose exponential is still a number
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


def as_lif(params: Any) -> LIFParams:
    """The plain neuron with the same membrane, threshold, reset and refractory period."""
    if isinstance(params, LIFParams):
        return params
    names = ("tau_m", "r_m", "v_rest", "v_reset", "v_th", "t_ref", "timing")
    return LIFParams(**{name: getattr(params, name) for name in names})


def adaptive_rate_hz(params: Any, current: ArrayLike) -> Array:
    """Stationary rate (Hz) of `AdaptiveParams` under constant currents (nA)."""
    p, plain = params, lif.rate_hz(as_lif(params), current)
    fires = plain > 0
    if p.theta_jump == 0 or not fires.any():
        return plain
    low = np.where(fires, 1000.0 / np.where(fires, plain, 1.0), 1.0)
    # Where nothing fires, any current that does: the result is not used.
    mu = np.where(fires, lif.target_voltage(as_lif(params), current), p.v_th + 1.0)

    def late(interval: Array) -> NDArray[np.bool_]:
        """Whether the voltage has passed the threshold by then."""
        left = np.exp(-(interval - p.t_ref) / p.tau_m)
        lifted = p.v_th + p.theta_jump / np.expm1(np.minimum(interval / p.tau_theta, _LARGEST))
        return (mu - lifted) >= (mu - p.v_reset) * left

    # At the plain interval V is only just at V_th; far later the threshold has come back there.
    high = 2.0 * low
    while not (done := late(high)).all():
        high = np.where(done, high, 2.0 * high)
    for _ in range(70):  # bisection, to rounding
        middle = 0.5 * (low + high)
        passed = late(middle)
        low, high = np.where(passed, low, middle), np.where(passed, middle, high)
    return np.where(fires, 1000.0 / high, 0.0)


def filtered_first_spike(params: Any, current: float, stages: int) -> float:
    """First spike (ms) from rest, infinite if none: 1 stage `SynapticParams`, 2 `AlphaParams`."""
    p, plain = params, float(lif.first_spike(as_lif(params), current))
    if not math.isfinite(plain) or plain == 0.0:
        return plain
    share = (p.v_th - p.v_rest) / (p.r_m * current)  # of the way to where V settles

    def above(t: float) -> float:
        return 1.0 - _still_missing(t, p.tau_m, p.tau_syn, stages) - share

    high = plain + p.tau_syn
    while above(high) < 0:
        high *= 2.0
    return float(optimize.brentq(above, plain, high, xtol=1e-12, rtol=1e-14))


def _still_missing(t: float, tau_m: float, tau_syn: float, stages: int) -> float:
    """1 minus the answer to a unit step after t ms, of a membrane behind 1 or 2 equal filters.

    e^(−t/τ_m) and what each filter holds back: (t/τ_m)·e^(−t/τ)·∫ e^(−xu) du and, with τ the
    longer and x the difference of the rates times t, (t²/(τ_m τ_s))·e^(−t/τ)·∫ f(u)·e^(−xu) du over
    0 ≤ u ≤ 1, f(u) = u behind a fast synapse, 1 − u behind a slow one. So nothing cancels where
    the time constants meet.
    """
    fast = tau_syn < tau_m
    x = abs(1.0 / tau_m - 1.0 / tau_syn) * t
    slowest = math.exp(-t / max(tau_m, tau_syn))
    once = -math.expm1(-x) / x if x > 0 else 1.0
    missing = math.exp(-t / tau_m) + t / tau_m * slowest * once
    if stages == 1:
        return missing
    if x > 1.0:
        twice = (1.0 - math.exp(-x) * (1.0 + x) if fast else x + math.expm1(-x)) / x**2
    else:
        u = (_NODES + 1.0) / 2.0
        twice = float(np.sum(_WEIGHTS / 2.0 * (u if fast else 1.0 - u) * np.exp(-x * u)))
    return missing + t**2 / (tau_m * tau_syn) * slowest * twice


def eif_time(params: Any, current: ArrayLike, start: float) -> Array:
    """ms that `EIFParams` takes from `start` mV to its peak, infinite up to the rheobase.

    Gauss–Legendre in pieces around the slowest voltage V_T, where pieces get shorter by tens: the
    narrow passage just above the rheobase and the steep upstroke both lie within a few of them.
    """
    p = params
    if start >= p.v_peak:
        return np.zeros_like(np.asarray(current, dtype=np.float64))
    far = 10.0 ** np.arange(3.0, -6.0, -0.5)
    edges = np.concatenate([p.v_th - far, [p.v_th], p.v_th + far[::-1]])
    edges = np.unique(np.clip(edges, start, p.v_peak))
    half = np.diff(edges)[:, None] / 2.0
    v = (edges[:-1, None] + half * (_NODES + 1.0)).ravel()
    weight = (half * _WEIGHTS).ravel()
    pull = p.delta_t * np.exp(np.minimum((v - p.v_th) / p.delta_t, _LARGEST))
    drive = p.r_m * np.asarray(current, dtype=np.float64)[..., None]
    lowest = p.r_m * np.asarray(current, dtype=np.float64) - (p.v_th - p.v_rest - p.delta_t)
    slope = p.v_rest - v + pull + drive
    # Above V_T the voltage escapes by itself if the slope is up from the start.
    blocked = (slope <= 0).any(axis=-1) | ((lowest <= 0) & (start <= p.v_th))
    time = p.tau_m * np.sum(weight / np.where(slope > 0, slope, 1.0), axis=-1)
    return np.where(blocked, math.inf, time)


def qif_time(params: Any, current: ArrayLike, start: float) -> Array:
    """ms that `QIFParams` takes from `start` mV to its peak, infinite if it never gets there.

    With z = V − (V_rest + V_c)/2, k = a_0/τ and dz/dt = k·z² + q: the arctangent of z√(k/q), or
    where q < 0 (below the rheobase) the logarithm of (z − r)/(z + r), r = √(−q/k), from above r.
    """
    p = params
    middle, k = 0.5 * (p.v_rest + p.v_c), p.a_0 / p.tau_m
    q = p.r_m * np.asarray(current, dtype=np.float64) / p.tau_m - k * (p.v_c - middle) ** 2
    low, high = start - middle, p.v_peak - middle
    root = np.sqrt(np.abs(q) / k)
    safe = np.where(root > 0, root, 1.0)
    rising = (np.arctan2(high, safe) - np.arctan2(low, safe)) / (k * safe)
    escapes = low > root
    above = np.where(escapes, low, 2.0 * safe + 1.0)
    over = np.where(escapes, high, above)  # elsewhere the peak may be below r
    fleeing = np.log((over - root) / (over + root) * (above + root) / (above - root))
    falling = np.where(escapes, fleeing / (2.0 * k * safe), math.inf)
    still = np.where(low > 0, (1.0 / low if low > 0 else math.inf) - 1.0 / high, math.inf) / k
    time = np.where(q > 0, rising, np.where(root > 0, falling, still))
    return np.where(low >= high, 0.0, time)
