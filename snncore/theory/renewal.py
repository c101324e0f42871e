"""Spike trains without a neuron: Poisson, Bernoulli, gamma, and Poisson with a dead time.

Rates in Hz, times in ms; CV is the standard deviation of the intervals over their mean, Fano the
variance of counts over their mean (Cox 1962, Renewal Theory; Dayan & Abbott 2001, ch. 1).
"""

from __future__ import annotations

import math

from snncore.neurons.model import check_dt


def poisson_dead_time_rate_hz(intensity_hz: float, t_ref: float) -> float:
    """λ/(1 + λ·t_ref): rate of a Poisson process that is deaf for `t_ref` ms after each spike."""
    _check("intensity_hz", intensity_hz, "Hz")
    _check("t_ref", t_ref, "ms")
    return intensity_hz / (1.0 + intensity_hz * t_ref / 1000.0)


def poisson_dead_time_cv(intensity_hz: float, t_ref: float) -> float:
    """1 − r·t_ref with r the rate: 1 without a dead time, 0 for a clock."""
    return 1.0 - poisson_dead_time_rate_hz(intensity_hz, t_ref) * t_ref / 1000.0


def poisson_silence(intensity_hz: float, duration: float) -> float:
    """e^(−λt): the probability of no spike in `duration` ms."""
    _check("intensity_hz", intensity_hz, "Hz")
    _check("duration", duration, "ms")
    return math.exp(-intensity_hz * duration / 1000.0)


def gamma_cv(order: float) -> float:
    """1/√k for intervals of a gamma distribution of order k > 0."""
    if not order > 0:
        raise ValueError(f"order must be > 0, got {order}")
    return 1.0 / math.sqrt(order)


def bernoulli_cv(rate_hz: float, dt: float) -> float:
    """√(1 − p), p the probability of a spike in each step of `dt` ms: intervals are geometric."""
    return math.sqrt(bernoulli_fano(rate_hz, dt))


def bernoulli_fano(rate_hz: float, dt: float) -> float:
    """1 − p, p = rate·dt the probability of a spike in each step of `dt` ms."""
    _check("rate_hz", rate_hz, "Hz")
    p = rate_hz * check_dt(dt) / 1000.0
    if p > 1:
        raise ValueError(
            f"rate_hz must be <= {1000.0 / dt:g} Hz (one spike per step), got {rate_hz}"
        )
    return 1.0 - p


def _check(name: str, value: float, unit: str) -> None:
    if not value >= 0:
        raise ValueError(f"{name} must be >= 0 {unit}, got {value}")
