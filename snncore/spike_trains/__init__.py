"""What a list of spike times tells: rates, intervals, counts, and how trials agree.

Times are in ms, ascending, from the beginning of the run; they may be the times of one train or,
where a function says `trains`, one array per trial. A number that too few spikes leave undefined
is NaN, and a curve then has no points: the caller says "not enough spikes". The results are
small (at most `MAX_POINTS` points), also for a train of a million spikes.
"""

from __future__ import annotations

from snncore.spike_trains.counts import (
    Autocorrelogram,
    FanoCurve,
    autocorrelogram,
    fano,
    fano_curve,
)
from snncore.spike_trains.intervals import (
    ISIHistogram,
    SerialCorrelation,
    check_times,
    cv,
    cv2,
    intervals,
    isi_histogram,
    lv,
    serial_correlation,
)
from snncore.spike_trains.rates import (
    MAX_POINTS,
    RateCurve,
    SmoothRate,
    count_rate_hz,
    instantaneous_rate,
    interval_rate_hz,
    smooth_rate,
)
from snncore.spike_trains.trials import PSTH, psth, reliability

__all__ = [
    "MAX_POINTS",
    "PSTH",
    "Autocorrelogram",
    "FanoCurve",
    "ISIHistogram",
    "RateCurve",
    "SerialCorrelation",
    "SmoothRate",
    "autocorrelogram",
    "check_times",
    "count_rate_hz",
    "cv",
    "cv2",
    "fano",
    "fano_curve",
    "instantaneous_rate",
    "interval_rate_hz",
    "intervals",
    "isi_histogram",
    "lv",
    "psth",
    "reliability",
    "serial_correlation",
    "smooth_rate",
]
