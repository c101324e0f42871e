"""What mathematics says of the LIF neuron without noise, to be drawn beside the simulation.

Currents are in nA, times in ms, voltages in mV; currents may be arrays. The formulas hold in
continuous time for resets "value" and "subtract" (at the moment of a spike there is no overshoot,
so these two are one); for reset "none" a rate is not defined and the functions return NaN. With μ
= V_rest + R·I:

    first spike  τ ln((μ − V_0)/(μ − V_th));   rate  1/(t_ref + τ ln((μ − V_reset)/(μ − V_th)))

(Lapicque 1907; Gerstner, Kistler, Naud & Paninski 2014, ch. 1.)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snncore.neurons.lif import LIFParams, refractory_steps
from snncore.neurons.model import check_dt

Array = NDArray[np.float64]


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
    """Firing rate (Hz) of the simulation itself.

    With timing "exact" it is `rate_hz`. With timing "grid" both parts of an interval are whole
    steps: exact for reset "value"; "subtract" keeps its overshoot, so that it follows `rate_hz`
    closer, and for "none" there is no rate: NaN for both.
    """
    if not neuron.on_grid:
        return rate_hz(neuron, current)
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
