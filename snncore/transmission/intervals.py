"""The law of the intervals of a code, against many trains of one constant value."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.encoding.code import Law
from snncore.encoding.events import EXACT_TIMES
from snncore.transmission.activity import exact_cv, interval_cv, spike_counts, trains
from snncore.transmission.channel import Channel, Spikes, check_cells

Array = NDArray[np.float64]

LONG_ENOUGH = 2000  # steps of a train whose law does not depend on its length
MOST = 200  # longest interval shown, steps
_SIGMAS = 5.0  # of the mean interval that the histogram reaches


class Histogram(NamedTuple):
    """Intervals between the spikes of a neuron that carries one value, and their law."""

    k: NDArray[np.int64]  # [K] 1, 2, …: steps of an interval
    observed: Array  # [K] share of the intervals
    error: Array  # [K] standard error of it
    law: Array | None  # [K] probability; None where the code has no law
    beyond: float  # share of the intervals longer than the last k
    intervals: int  # how many were seen
    rate: float  # spikes per step and neuron
    cv: float  # mean over trains; NaN below 20 spikes. Of exact times where the code knows them:
    # whole steps add 1/6 step² to the variance of intervals of a process between the steps
    cv_error: float
    fano: float  # of each neuron's counts over trains, mean; NaN for silence or a single train
    fano_error: float
    theory: Law | None
    n_steps: int  # length of a train
    n_trains: int


def interval_histogram(
    channel: Channel, value: float, *, n_trains: int = 200, seed: int = 0
) -> Histogram:
    """Many trains of a constant value through the channel's code, and their law where it has one.

    Trains of a code with a law are at least 2000 steps long, since their law does not depend on the
    length and short trains miss the long intervals; others have the channel's own length. Spikes
    that share a step count as one here; a picture code sees a flat picture.

    Args:
        value: in 0..1, or any value for a signal code.
        n_trains: independent trains, 2..2000.
        seed: of the random spikes.

    Raises:
        ValueError: a bad argument, or more than `MAX_CELLS` steps × neurons × trains.
    """
    if isinstance(n_trains, bool) or not isinstance(n_trains, int) or not 2 <= n_trains <= 2000:
        raise ValueError(f"n_trains must be a whole number in 2..2000, got {n_trains!r}")
    if not math.isfinite(value):
        raise ValueError(f"value must be finite, got {value}")
    code, params = channel.kind, channel.params
    steps = channel.n_steps if code.law is None else max(channel.n_steps, LONG_ENOUGH)
    neurons = channel.n_neurons if code.kind == "picture" else n_trains * code.spread(params)
    check_cells(steps * neurons, "use fewer trains or a channel of fewer steps")
    spikes = _trains(channel, value, steps, n_trains, seed)
    counts = spike_counts(spikes)  # [trains, neurons]
    fano, fano_error = _fano(counts)
    merged = trains(spikes != 0)
    same = merged.neuron[1:] == merged.neuron[:-1]
    gaps = np.diff(merged.step)[same]
    theory = code.law(params, value, MOST) if code.law is not None else None
    longest = _longest(gaps)
    seen = np.bincount(gaps[gaps <= longest], minlength=longest + 1)[1:]
    total = max(1, gaps.size)
    share = seen / total
    cv = _cv(channel, value, spikes, seed)
    return Histogram(
        k=np.arange(1, longest + 1, dtype=np.int64),
        observed=share,
        error=np.sqrt(share * (1 - share) / total),
        law=None if theory is None else np.asarray(theory.intervals)[:longest],
        beyond=float((gaps > longest).sum() / total),
        intervals=gaps.size,
        rate=float(counts.mean() / steps),
        cv=float(cv.mean()) if cv.size else math.nan,
        cv_error=float(cv.std(ddof=1) / math.sqrt(cv.size)) if cv.size > 1 else math.nan,
        fano=fano,
        fano_error=fano_error,
        theory=theory,
        n_steps=steps,
        n_trains=n_trains,
    )


def _trains(channel: Channel, value: float, steps: int, count: int, seed: int) -> Spikes:
    """Spikes [steps, count, M] of one value, as the code itself makes them."""
    code, params = channel.kind, channel.params
    samples = torch.arange(count)
    if code.kind == "signal":
        constant = torch.full((steps, count, 1), value)
        return code.encode(constant, params, seed=seed, samples=samples).numpy()
    if code.kind == "picture":
        flat = dataclasses.replace(channel, n_steps=steps)
        values = torch.full((1, flat.n_values), value)
        return flat.encode(values, seed=seed).numpy()
    values = torch.full((count, 1), value)
    return code.encode(values, params, n_steps=steps, seed=seed, samples=samples).numpy()


def _longest(gaps: NDArray[np.int64]) -> int:
    """The last interval of the histogram: far beyond the mean, or all there are if that is less."""
    if gaps.size == 0:
        return 1
    reach = gaps.mean() + _SIGMAS * gaps.std()
    return int(min(max(1, math.ceil(reach)), gaps.max(), MOST))


def _cv(channel: Channel, value: float, spikes: Spikes, seed: int) -> Array:
    """CV of each train with enough spikes."""
    steps, count, neurons = spikes.shape
    if channel.code in EXACT_TIMES:
        values = torch.full((count, 1), value)
        cv = exact_cv(channel, values, steps, seed, torch.arange(count))
    else:
        found = trains(spikes)
        cv = interval_cv(found.neuron, found.step.astype(np.float64), count * neurons)
    return cv[np.isfinite(cv)]


def _fano(counts: NDArray[np.int64]) -> tuple[float, float]:
    """Mean Fano factor of the neurons that fire, over trains, and its standard error.

    F·√(2/(n − 1)) for each of them, as for counts that are near Gaussian.
    """
    firing = counts[:, counts.any(axis=0)]
    if not firing.size or len(firing) < 2:
        return math.nan, math.nan
    fano = float((firing.var(axis=0, ddof=1) / firing.mean(axis=0)).mean())
    return fano, fano * math.sqrt(2 / (len(firing) - 1) / firing.shape[1])
