"""Counts and pairs: the Fano factor against the window, and the autocorrelogram."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from snncore.spike_trains.rates import check_duration, inside

Array = NDArray[np.float64]

MIN_WINDOWS = 10  # counting windows that a variance needs
MIN_SPIKES = 10
_WINDOWS = 20  # points of the Fano curve
_MOST_WINDOWS = 20_000  # at the shortest window
_MOST_PAIRS = 4_000_000
_LAG_BINS = 100


class FanoCurve(NamedTuple):
    """Variance over mean of the spike count, for windows of several lengths."""

    windows: Array  # [K] ms
    fano: Array  # [K]
    low: Array  # [K] 95 % confidence band
    high: Array  # [K]
    n: NDArray[np.int64]  # [K] how many windows fitted into the run


class Autocorrelogram(NamedTuple):
    """The rate at a time lag after any spike; symmetric in the lag, so only lags > 0."""

    lags: Array  # [K] ms, middles of the bins
    rate_hz: Array  # [K]
    expected_hz: float  # the mean rate: the flat line of a Poisson process
    band_hz: Array  # [K] ±: 95 % of what a Poisson process of this rate and length gives
    width: float  # ms
    n_spikes: int  # how many spikes were used


def fano(counts: ArrayLike) -> float:
    """Fano factor var/mean (unbiased variance) of spike counts [K]; NaN below 2 or all zero."""
    values = np.asarray(counts, dtype=np.float64)
    if values.size < 2 or values.mean() == 0:
        return math.nan
    return float(values.var(ddof=1) / values.mean())


def fano_curve(times: ArrayLike, duration: float, windows: ArrayLike | None = None) -> FanoCurve:
    """Fano factor of the counts in windows that lie side by side.

    1 for a Poisson process with any window. The band takes F̂/F as gamma distributed with shape
    (n − 1)/2 and mean 1 (Eden & Kramer 2010), which is exact for many spikes per window and good
    for Poisson counts.

    Args:
        times: spike times, ms.
        duration: of the run, ms.
        windows: lengths in ms; None takes up to 20 from a quarter of the mean interval to a tenth
            of the run. Lengths that fit less than `MIN_WINDOWS` times into the run are left out,
            and all of them below `MIN_SPIKES` spikes.
    """
    check_duration(duration)
    values = inside(times, duration)
    if windows is None:
        low = max(duration / max(values.size, 1) / 4, duration / _MOST_WINDOWS)
        lengths = np.geomspace(min(low, duration / MIN_WINDOWS), duration / MIN_WINDOWS, _WINDOWS)
        lengths = np.unique(lengths)
    else:
        lengths = np.asarray(windows, dtype=np.float64).reshape(-1)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise ValueError(f"windows must be > 0 ms, got {lengths.tolist()}")
    n = np.floor(duration / lengths * (1 + 1e-12)).astype(np.int64)
    n = np.minimum(n, _MOST_WINDOWS)
    keep = (n >= MIN_WINDOWS) & (values.size >= MIN_SPIKES)
    lengths, n = lengths[keep], n[keep]
    factors = np.empty(lengths.size)
    for k, length in enumerate(lengths):
        edges = np.arange(n[k] + 1) * length
        counts = np.diff(np.searchsorted(values, edges)).astype(np.float64)
        factors[k] = fano(counts)
    shape = (n - 1) / 2.0
    return FanoCurve(
        lengths,
        factors,
        factors / stats.gamma.ppf(0.975, shape, scale=1 / shape),
        factors / stats.gamma.ppf(0.025, shape, scale=1 / shape),
        n,
    )


def autocorrelogram(
    times: ArrayLike, duration: float, max_lag: float | None = None
) -> Autocorrelogram:
    """How much more or less often than by chance a spike follows another after a given time.

    Pairs at lag s are divided by what a spike could see, r·(T − s)·width with r the mean rate and
    T the run, so the value is the rate given a spike a time s ago: for a Poisson process its mean
    rate, within ±1.96/√((T − s)·width). Bins are centred on multiples of their width; a spike is
    not paired with itself, and lags below half a bin are left out.

    Args:
        times: spike times, ms.
        duration: of the run, ms.
        max_lag: the longest lag, ms; None takes ten mean intervals, at most a quarter of the run.

    Returns:
        100 lags; none below `MIN_SPIKES` spikes. A train with more than some millions of pairs is
        cut short (`n_spikes` says how many spikes were used).
    """
    check_duration(duration)
    values = inside(times, duration)
    if max_lag is not None and not (math.isfinite(max_lag) and 0 < max_lag < duration):
        raise ValueError(f"max_lag must be > 0 and < duration ({duration:g} ms), got {max_lag}")
    if values.size < MIN_SPIKES:
        return Autocorrelogram(np.zeros(0), np.zeros(0), math.nan, np.zeros(0), math.nan, 0)
    longest = max_lag or min(10.0 * duration / values.size, duration / 4)
    most = max(MIN_SPIKES, int(_MOST_PAIRS / max(1.0, values.size / duration * longest)))
    if values.size > most:
        duration = float(values[most])
        values = values[:most]
    width = longest / _LAG_BINS
    pairs = np.zeros(_LAG_BINS, dtype=np.int64)
    for apart in range(1, values.size):
        # A lag that falls on an edge up to rounding is counted on one side always.
        gap = (values[apart:] - values[:-apart]) / width + (0.5 + 1e-9)
        near = gap[gap < _LAG_BINS + 1].astype(np.int64)
        if near.size == 0:
            break
        pairs += np.bincount(near, minlength=_LAG_BINS + 1)[1:]
    lags = np.arange(1, _LAG_BINS + 1, dtype=np.float64) * np.float64(width)
    rate = values.size / duration  # per ms
    seen = (duration - lags) * width
    return Autocorrelogram(
        lags,
        1000.0 * pairs / (rate * seen),
        1000.0 * rate,
        1000.0 * 1.96 / np.sqrt(seen),
        width,
        values.size,
    )
