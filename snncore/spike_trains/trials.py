"""Repeated runs of one neuron: the rate over trials, and how well the trials agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage, stats

from snncore.spike_trains.rates import MAX_POINTS, check_duration, inside

Array = NDArray[np.float64]

MIN_TRIALS = 2
_GRID = 5000  # bins of the smoothed trains: memory stays bounded


class PSTH(NamedTuple):
    """Peri-stimulus time histogram: the rate in each bin, over trials."""

    t: Array  # [K] ms, middles of the bins
    rate_hz: Array  # [K]
    low: Array  # [K] 95 % confidence band of the mean over trials
    high: Array  # [K]
    width: float  # ms


def _trains(trains: Sequence[ArrayLike], duration: float) -> list[Array]:
    check_duration(duration)
    if len(trains) < MIN_TRIALS:
        raise ValueError(f"trains must be at least {MIN_TRIALS} trials, got {len(trains)}")
    return [inside(train, duration) for train in trains]


def psth(trains: Sequence[ArrayLike], duration: float, width: float | None = None) -> PSTH:
    """Rate over trials in bins of `width` ms.

    The band is the 95 % interval of a mean over n trials, ± t_{n−1}·std/√n of the counts per
    trial (Student), not below 0. Where no trial has a spike, the spread says nothing; there the
    upper limit is that of a Poisson count of zero, −ln(0.025)/n per bin. Where all trials have
    the same count, the band has no width.

    Args:
        trains: spike times of each trial, ms; at least two trials.
        duration: of a trial, ms.
        width: of a bin; None takes a hundredth of the trial, at least 2 ms and at most the whole.
            The run is cut into whole bins of nearly this width, at most `MAX_POINTS`.
    """
    rows = _trains(trains, duration)
    if width is None:
        width = min(max(2.0, duration / 100), duration)
    if not (math.isfinite(width) and 0 < width <= duration):
        raise ValueError(f"width must be > 0 and <= duration ({duration:g} ms), got {width}")
    bins = min(MAX_POINTS, max(1, round(duration / width)))
    width = duration / bins
    counts = np.zeros((len(rows), bins))
    for row, train in zip(counts, rows, strict=True):
        # A spike on an edge belongs to the bin that ends there: it was seen at a step's end.
        into = np.ceil(train / width - 1e-9).astype(np.int64) - 1
        row += np.bincount(np.clip(into, 0, bins - 1), minlength=bins)
    n = len(rows)
    mean = counts.mean(axis=0)
    error = stats.t.ppf(0.975, n - 1) * counts.std(axis=0, ddof=1) / math.sqrt(n)
    silent = mean == 0
    high = np.where(silent, -math.log(0.025) / n, mean + error)
    to_hz = 1000.0 / width
    return PSTH(
        (np.arange(bins, dtype=np.float64) + 0.5) * np.float64(width),
        mean * to_hz,
        np.maximum(mean - error, 0.0) * to_hz,
        high * to_hz,
        width,
    )


def reliability(
    trains: Sequence[ArrayLike], duration: float, sigma: float = 3.0, *, shift: Array | None = None
) -> float:
    """How well trials agree: mean over all pairs of the cosine between smoothed trains.

    Each train is blurred with a Gaussian of `sigma` ms; 1 means equal spikes in all trials, 0 no
    common spike (Schreiber, Fellous, Whitmer, Tiesinga & Sejnowski 2003). A trial without spikes
    agrees with none; NaN where no trial has spikes. Trials at a high rate agree by chance: `shift`
    (one time in ms per trial, taken around the end of the trial) gives that level.
    """
    rows = _trains(trains, duration)
    if not (math.isfinite(sigma) and sigma > 0):
        raise ValueError(f"sigma must be > 0 ms, got {sigma}")
    if shift is not None and len(shift) != len(rows):
        raise ValueError(f"shift must have one time per trial ({len(rows)}), got {len(shift)}")
    if not any(row.size for row in rows):
        return math.nan
    bins = min(_GRID, max(50, math.ceil(4 * duration / sigma)))
    step = duration / bins
    smooth = np.zeros((len(rows), bins))
    for k, train in enumerate(rows):
        moved = train if shift is None else np.mod(train + shift[k], duration)
        into = np.clip((moved / step).astype(np.int64), 0, bins - 1)
        smooth[k] = np.bincount(into, minlength=bins)
    smooth = ndimage.gaussian_filter1d(smooth, sigma / step, axis=1, mode="constant")
    norm = np.linalg.norm(smooth, axis=1, keepdims=True)
    unit = smooth / np.where(norm > 0, norm, 1.0)
    n = len(rows)
    own = float((unit**2).sum())
    return float((np.square(unit.sum(axis=0)).sum() - own) / (n * (n - 1)))
