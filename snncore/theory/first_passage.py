"""How intervals and voltages of a firing LIF neuron are distributed, not only their mean.

Between two spikes the voltage is an Ornstein–Uhlenbeck process that starts at V_reset and ends
where it first meets V_th; its law of first-passage times has no closed form. It is computed by
carrying the density of all voltages that have not yet met the threshold forward in steps of h,
with the exact transition of the free process (Rotter & Diesmann 1999, with noise):

    p(v, t + h) = ∫ N(v; μ + (v' − μ)β, σ_V²(1 − β²)) p(v', t) dv',   v, v' < θ_h,  β = e^(−h/τ)

What leaves in a step is the probability of an interval of that length, plus t_ref. Looking only
every h, the process slips past the threshold in between as if it stood 0.5826·√2·σ_V·√(h/τ) higher
(Siegmund 1979; Broadie, Glasserman & Kou 1997): θ_h is lowered by that, and raised by the same for
the simulation's own dt.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore.neurons.lif import LIFParams
from snncore.theory.lif import rate_hz
from snncore.theory.noise import GRID_SHIFT, noisy_rate_hz

Array = NDArray[np.float64]

_BINS, _MOST_BINS = 240, 700  # of the voltage
_STEPS = 900
_PER_MEAN = 150  # steps in a mean interval
_REACH = 5.0  # standard deviations below the lowest place


class IntervalLaw(NamedTuple):
    """The distribution of intervals.

    No points where the neuron practically never fires (tail 1), and where noise is so weak that
    its steps are finer than the grid of voltages (tail 0): the intervals are then all but equal.
    """

    t: Array  # [K] ms, middles of the steps
    density: Array  # [K] per ms
    tail: float  # probability of an interval longer than the last step


def clock_density(neuron: LIFParams, current: float, v: Array) -> Array:
    """Stationary density (per mV) of the voltage under a constant current without noise.

    In each interval the voltage passes every place between V_reset and V_th once, and stays there
    the longer the slower it moves: P(V) = r/(dV/dt) = r·τ/(μ − V). Its integral is 1 − r·t_ref:
    the refractory time at the reset is left out. Zero elsewhere, and everywhere if it is silent.
    """
    rate = float(rate_hz(neuron, np.array([current]))[0]) / 1000.0
    mu = neuron.v_rest + neuron.r_m * current
    inside = (v >= neuron.v_reset) & (v < min(neuron.v_th, mu))
    return np.where(inside, rate * neuron.tau_m / np.where(inside, mu - v, 1.0), 0.0)


def interval_law(neuron: LIFParams, current: float, sigma_v: float, dt: float = 0.0) -> IntervalLaw:
    """Law of the intervals under a steady current with white noise.

    Args:
        neuron: its reset mode is taken to be "value".
        current: mean current, nA.
        sigma_v: standard deviation (mV) of the voltage without threshold, > 0.
        dt: step of the simulation that the law is compared with, ms; 0 is continuous time.

    Raises:
        ValueError: sigma_v is not > 0.
    """
    if not (math.isfinite(sigma_v) and sigma_v > 0):
        raise ValueError(f"sigma_v must be > 0 mV, got {sigma_v}; without noise, see rate_hz")
    rate = float(noisy_rate_hz(neuron, np.array([current]), sigma_v, dt)[0])
    if not rate > 1e-3:  # less than a spike in a quarter of an hour
        return IntervalLaw(np.zeros(0), np.zeros(0), 1.0)
    mean = max(1000.0 / rate - neuron.t_ref, 1e-3)
    h = min(mean / _PER_MEAN, neuron.tau_m / 20.0)
    h = max(h, dt)
    mu = neuron.v_rest + neuron.r_m * current
    beta = math.exp(-h / neuron.tau_m)
    step_std = sigma_v * math.sqrt(1.0 - beta**2)
    unit = GRID_SHIFT * math.sqrt(2.0 / neuron.tau_m) * sigma_v
    top = max(neuron.v_th + unit * (math.sqrt(dt) - math.sqrt(h)), neuron.v_reset + 1e-9)
    low = min(mu, neuron.v_reset) - _REACH * sigma_v
    # Never coarser than the transition is wide: the sum over bins is then as good as the integral.
    bins = max(_BINS, math.ceil(1.5 * (top - low) / step_std))
    if bins > _MOST_BINS:
        return IntervalLaw(np.zeros(0), np.zeros(0), 0.0)
    width = (top - low) / bins
    v = low + (np.arange(bins, dtype=np.float64) + 0.5) * np.float64(width)

    def transition(start: Array) -> Array:
        z = (v[:, None] - mu - (start[None, :] - mu) * beta) / step_std
        return np.asarray(np.exp(-0.5 * z**2) * (width / (step_std * math.sqrt(2.0 * math.pi))))

    carry = transition(v)
    alive = transition(np.array([neuron.v_reset]))[:, 0]
    survival = np.empty(_STEPS + 1)
    survival[0] = 1.0
    for k in range(1, _STEPS + 1):
        survival[k] = min(float(alive.sum()), survival[k - 1])
        if survival[k] < 1e-5:
            survival = survival[: k + 1]
            break
        alive = carry @ alive
    t = neuron.t_ref + (np.arange(survival.size - 1, dtype=np.float64) + 0.5) * np.float64(h)
    return IntervalLaw(t, -np.diff(survival) / h, float(survival[-1]))


def local_variation(law: IntervalLaw) -> tuple[float, float]:
    """CV2 and LV of independent intervals of this law; NaN where its tail is not known.

    The means of 2·|I − I'|/(I + I') and 3·((I − I')/(I + I'))² over pairs of intervals.
    """
    if law.t.size < 2 or law.tail > 0.01:
        return math.nan, math.nan
    weight = law.density / law.density.sum()
    contrast = np.abs(law.t[:, None] - law.t[None, :]) / (law.t[:, None] + law.t[None, :])
    cv2 = 2.0 * float(weight @ contrast @ weight)
    return cv2, 3.0 * float(weight @ contrast**2 @ weight)


def renewal_rate_hz(law: IntervalLaw, lags: Array) -> Array:
    """The rate (Hz) at each lag (ms) after a spike, if intervals are independent: autocorrelogram.

    Any later spike counts, not only the next: m(t) = p(t) + ∫ p(t − s)·m(s) ds (Cox 1962, Renewal
    theory, ch. 4). NaN where the law has no points.
    """
    if law.t.size < 2:
        return np.full(lags.shape, np.nan)
    h = float(law.t[1] - law.t[0])
    count = math.ceil(float(lags.max()) / h) + 2
    middles = (np.arange(count, dtype=np.float64) + 0.5) * np.float64(h)
    p = np.interp(middles, law.t, law.density, left=0.0, right=0.0)
    m = np.empty(count)
    before = 0.0  # the integral at the beginning of the step; its middle is the mean of both ends
    for k in range(count):
        known = h * float(p[1 : k + 1] @ m[:k][::-1])  # at the end, but for the part of m[k] itself
        m[k] = (p[k] + 0.5 * (before + known)) / (1.0 - 0.5 * h * p[0])
        before = known + h * p[0] * m[k]
    return 1000.0 * np.interp(lags, middles, m)
