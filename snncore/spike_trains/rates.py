"""Firing rates: of the whole train, from interval to interval, and smoothed.

Two rates of a whole train are in use and both are given: spikes per time, and the inverse of the
mean interval, which does not contain the wait for the first spike.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from snncore.spike_trains.intervals import check_times

Array = NDArray[np.float64]

MAX_POINTS = 2000  # of a curve: more cannot be seen


class RateCurve(NamedTuple):
    """A staircase: `rate_hz[k]` holds from `t[k]` to `t[k + 1]`; its last entry repeats."""

    t: Array  # [K + 1] ms
    rate_hz: Array  # [K + 1]


class SmoothRate(NamedTuple):
    """A rate estimated with a Gaussian kernel."""

    t: Array  # [K] ms
    rate_hz: Array  # [K]
    sigma: float  # ms, standard deviation of the kernel


def check_duration(duration: float) -> float:
    """`duration` in ms if it is > 0 and finite, else ValueError."""
    if not (math.isfinite(duration) and duration > 0):
        raise ValueError(f"duration must be > 0 ms and finite, got {duration}")
    return float(duration)


def inside(times: ArrayLike, duration: float) -> Array:
    """The checked spike times; ValueError if one lies after the end of the run."""
    values = check_times(times)
    # A spike at the end of the last step may be late by the rounding of its time.
    if values.size and values[-1] > duration * (1 + 1e-9):
        raise ValueError(f"times must be <= duration ({duration:g} ms), got {values[-1]:g}")
    return values


def count_rate_hz(times: ArrayLike, duration: float) -> float:
    """Spikes per second of a run of `duration` ms."""
    return 1000.0 * inside(times, duration).size / check_duration(duration)


def interval_rate_hz(times: ArrayLike) -> float:
    """1 / mean interval in Hz; 0 below two spikes."""
    values = check_times(times)
    if values.size < 2 or values[-1] == values[0]:
        return 0.0
    return 1000.0 * (values.size - 1) / float(values[-1] - values[0])


def instantaneous_rate(times: ArrayLike) -> RateCurve:
    """1 / interval, drawn from spike to spike; no points below two spikes.

    Of a long train, m intervals are taken together (m over their sum), so that at most
    `MAX_POINTS` steps are left.
    """
    values = np.unique(check_times(times))  # two spikes at one moment have no rate
    if values.size < 2:
        return RateCurve(np.zeros(0), np.zeros(0))
    m = math.ceil((values.size - 1) / MAX_POINTS)
    t = values[::m] if (values.size - 1) % m == 0 else np.append(values[::m], values[-1])
    spikes = np.full(t.size - 1, float(m))
    if (values.size - 1) % m:
        spikes[-1] = (values.size - 1) % m
    rate = 1000.0 * spikes / np.diff(t)
    return RateCurve(t, np.append(rate, rate[-1]))


def smooth_rate(times: ArrayLike, duration: float, sigma: float | None = None) -> SmoothRate:
    """Gaussian-kernel estimate of the rate over a run of `duration` ms.

    At both ends the part of the kernel outside the run is made up for (divided by what lies
    inside), so a steady train has a flat estimate.

    Args:
        times: spike times, ms.
        duration: of the run, ms.
        sigma: of the kernel, ms; None takes the mean interval, at most an eighth of the run. It
            is kept between 1/1000 of the run (finer could not be drawn) and the run; the result
            says which was used.

    Returns:
        at most `MAX_POINTS` points; none without spikes.
    """
    check_duration(duration)
    values = inside(times, duration)
    if values.size == 0:
        return SmoothRate(np.zeros(0), np.zeros(0), math.nan)
    if sigma is None:
        sigma = min(duration / values.size, duration / 8)
    if not (math.isfinite(sigma) and sigma > 0):
        raise ValueError(f"sigma must be > 0 ms, got {sigma}")
    sigma = min(max(sigma, duration / 1000), duration)
    step = duration / MAX_POINTS
    bins = np.minimum((values / step).astype(np.int64), MAX_POINTS - 1)
    counts = np.bincount(bins, minlength=MAX_POINTS).astype(np.float64)

    def blurred(row: Array) -> Array:
        blur = ndimage.gaussian_filter1d(row, sigma / step, mode="constant", truncate=5.0)
        return np.asarray(blur)

    t = (np.arange(MAX_POINTS, dtype=np.float64) + 0.5) * np.float64(step)
    rate = blurred(counts) / blurred(np.ones(MAX_POINTS)) * (1000.0 / step)
    return SmoothRate(t, rate, sigma)
