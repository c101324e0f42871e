"""The intervals between spikes: their spread, their order, their histogram.

With I_1 … I_n the n intervals of n + 1 spikes:

    CV  = std(I) / mean(I)
    CV2 = mean of 2·|I_{i+1} − I_i| / (I_{i+1} + I_i)      (Holt, Softky, Koch & Douglas 1996)
    LV  = mean of 3·((I_i − I_{i+1}) / (I_i + I_{i+1}))²    (Shinomoto, Shima & Tanji 2003)

All three are 0 for a regular train and 1 for a Poisson process. CV2 and LV compare neighbours
only, so a rate that drifts slowly does not raise them as it raises CV. For intervals from a gamma
law of order k, CV = 1/√k and LV = 3/(2k + 1).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

MIN_INTERVALS = 2  # for a spread
MIN_HISTOGRAM = 5  # intervals
MIN_PAIRS = 8  # of intervals, for a correlation
MAX_BINS = 80
# Intervals that differ by less are equal up to the rounding of their times.
REGULAR = 1e-9


class ISIHistogram(NamedTuple):
    """How often each length of interval occurs; no bins where there are too few intervals."""

    edges: Array  # [K + 1] ms
    counts: NDArray[np.int64]  # [K]
    density: Array  # [K] per ms: its integral is 1
    mean: float  # ms


class SerialCorrelation(NamedTuple):
    """Whether a long interval predicts the ones after it."""

    lags: NDArray[np.int64]  # [L] 1, 2, …: how many intervals apart
    rho: Array  # [L] Pearson correlation
    band: Array  # [L] ±: 95 % of what independent intervals give


def check_times(times: ArrayLike) -> Array:
    """Spike times as float64 [K].

    Raises:
        ValueError: they are not one row of finite, ascending numbers >= 0.
    """
    values = np.asarray(times, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"times must be one row [K], got shape {values.shape}")
    if values.size and not (np.isfinite(values).all() and values[0] >= 0):
        raise ValueError("times must be finite and >= 0 ms, got others; count from the run's start")
    if (np.diff(values) < 0).any():
        raise ValueError("times must ascend, got a time before its predecessor; sort them")
    return values


def intervals(times: ArrayLike) -> Array:
    """Intervals in ms between spikes [K] → [K − 1] (empty below two spikes)."""
    return np.diff(check_times(times))


def cv(times: ArrayLike) -> float:
    """Coefficient of variation, std/mean; NaN below 2 intervals."""
    isi = intervals(times)
    if isi.size < MIN_INTERVALS or isi.mean() == 0:
        return math.nan
    return float(isi.std() / isi.mean())


def _contrast(times: ArrayLike) -> Array:
    """|I_{i+1} − I_i| / (I_{i+1} + I_i); pairs of two intervals of 0 ms say nothing."""
    isi = intervals(times)
    first, second = isi[:-1], isi[1:]
    total = first + second
    return np.abs(second - first)[total > 0] / total[total > 0]


def cv2(times: ArrayLike) -> float:
    """Mean contrast of neighbouring intervals, in 0..2; NaN below 2 intervals."""
    contrast = _contrast(times)
    return float(2.0 * contrast.mean()) if contrast.size else math.nan


def lv(times: ArrayLike) -> float:
    """Local variation, in 0..3; NaN below 2 intervals."""
    contrast = _contrast(times)
    return float(3.0 * np.mean(contrast**2)) if contrast.size else math.nan


def isi_histogram(times: ArrayLike, *, grid: float = 0.0) -> ISIHistogram:
    """Histogram of the intervals; at least `MIN_HISTOGRAM` of them, else no bins.

    The width is that of Freedman & Diaconis (1981), 2·IQR/n^(1/3), within 5 to `MAX_BINS` bins
    over the range. Equal intervals get one bin, a tenth of the interval wide.

    Args:
        times: spike times, ms.
        grid: if the spikes lie on a grid of this many ms, bins take in whole grid points, so that
            all hold the same number of them; 0 where times are continuous.
    """
    isi = intervals(times)
    if not grid >= 0:
        raise ValueError(f"grid must be >= 0 ms, got {grid}")
    none = np.zeros(0)
    if isi.size < MIN_HISTOGRAM or isi.mean() == 0:
        return ISIHistogram(none, np.zeros(0, dtype=np.int64), none, math.nan)
    low, high, mean = float(isi.min()), float(isi.max()), float(isi.mean())
    spread = high - low
    if spread <= REGULAR * high:
        edges = np.array([mean - 0.05 * mean, mean + 0.05 * mean])
    else:
        quarter, three = np.percentile(isi, [25.0, 75.0])
        width = 2.0 * float(three - quarter) / isi.size ** (1 / 3)
        width = min(max(width, spread / MAX_BINS), spread / 5)
        start = low
        if grid > 0:
            width = max(1.0, math.ceil(width / grid - 1e-9)) * grid
            start = low - grid / 2
            spread += grid
        count = max(1, math.ceil(spread / width - 1e-9))
        edges = start + width * np.arange(count + 1)
        edges[-1] = max(edges[-1], high)  # rounding must not lose the longest interval
    counts = np.histogram(isi, edges)[0].astype(np.int64)
    return ISIHistogram(edges, counts, counts / (isi.size * np.diff(edges)), mean)


def serial_correlation(times: ArrayLike, max_lag: int = 10) -> SerialCorrelation:
    """Pearson correlation of intervals `lag` apart.

    A lag needs `MIN_PAIRS` pairs; equal intervals have no correlation (no lags at all). The band
    is 1.96/√pairs, the 95 % limits for independent intervals.
    """
    if max_lag < 1:
        raise ValueError(f"max_lag must be >= 1, got {max_lag}")
    isi = intervals(times)
    lags = np.arange(1, min(max_lag, isi.size - MIN_PAIRS) + 1, dtype=np.int64)
    if lags.size == 0 or isi.std() <= REGULAR * isi.mean():
        return SerialCorrelation(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))
    rho = np.empty(lags.size)
    for k, lag in enumerate(lags):
        first, second = isi[:-lag] - isi[:-lag].mean(), isi[lag:] - isi[lag:].mean()
        scale = math.sqrt(float(first @ first) * float(second @ second))
        rho[k] = float(first @ second) / scale if scale > 0 else math.nan
    return SerialCorrelation(lags, rho, 1.96 / np.sqrt(isi.size - lags))
