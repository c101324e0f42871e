"""How the neurons fired: spikes, silence, and how irregular their intervals and counts are.

Irregularity is measured on every neuron with at least `MIN_SPIKES` spikes, and averaged over them:

    CV    = std(I) / mean(I)   of its intervals I, in exact times where the code knows them, else in
                               whole steps (spikes that share a step are 0 steps apart)
    Fano  = Σ (n_k − e_k)²/e_k / (K − 1)   of its spike counts n_k in K = `WINDOWS` windows of the
                               train (T if it is shorter) that expect e_k, in proportion to their
                               length; for equal windows this is var(n)/mean(n)

Both use the variance with n − 1. Given the number of spikes in a train, their windows are a
multinomial draw for a Poisson process and a hypergeometric one for a Bernoulli process: the Fano
factor of windows has mean 1 and (T − n)/(T − 1) ≈ 1 − p, however short the train. A regular train
gives up to 1/(4·mean(n)) instead of 0, because the windows cut its intervals.

The CV is too small in short trains, which miss the long intervals: by about 1/n for n spikes of a
Poisson process (0.95 instead of 1 at n = 20), by less for regular trains. It is not corrected.

Where the input changes with time (signals, and pictures that move past a line of sensors), so does
the rate, and that change is in both numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.encoding.events import EXACT_TIMES, encode_events
from snncore.transmission.channel import Channel, Sent, Spikes

MIN_SPIKES = 20  # of a neuron whose intervals are measured
WINDOWS = 10  # of a train, for the Fano factor, at most


class Trains(NamedTuple):
    """All spikes, one neuron after the other: [K] each, a step with n spikes n times."""

    neuron: NDArray[np.int64]  # s·M + m of sample s and neuron m
    step: NDArray[np.int64]
    sign: NDArray[np.int8]


class Activity(NamedTuple):
    """Sums over neurons; those of several batches may be added."""

    spikes: int
    values: int
    cells: int  # T·S·M
    filled: int  # cells with a spike
    neurons: int
    silent: int  # neurons without a spike
    measured: int  # neurons with at least MIN_SPIKES spikes
    cv: float  # the sum over those measured that have one: `with_cv` of them
    fano: float
    law_cv: float
    law_fano: float
    with_cv: int  # all but those whose spikes share one step
    with_fano: int  # all, but none in a train of one step
    with_law: int


def trains(spikes: Spikes) -> Trains:
    """The spikes of [T, S, M] by neuron, each neuron's in the order of time."""
    flat = spikes.reshape(len(spikes), -1)
    neuron, step = np.nonzero(flat.T)
    amount = flat[step, neuron].astype(np.int16)
    if flat.dtype == np.uint8:  # several spikes may share a step
        neuron, step = np.repeat(neuron, amount), np.repeat(step, amount)
        amount = np.repeat(amount, amount)
    return Trains(neuron, step, np.sign(amount).astype(np.int8))


def spike_counts(spikes: Spikes) -> NDArray[np.int64]:
    """Spikes of either sign over the first axis: [T, …] → [...]."""
    if spikes.dtype == np.int8:
        return (spikes != 0).sum(axis=0, dtype=np.int64)
    return spikes.sum(axis=0, dtype=np.int64)


def interval_cv(
    neuron: NDArray[np.int64], time: NDArray[np.float64], n_neurons: int
) -> NDArray[np.float64]:
    """CV of the intervals of each neuron [n_neurons]; NaN below `MIN_SPIKES` spikes.

    Args:
        neuron: [K] whose spike it is, ascending.
        time: [K] ascending within each neuron.
    """
    same = neuron[1:] == neuron[:-1]
    whose, interval = neuron[1:][same], np.diff(time)[same]
    n = np.bincount(whose, minlength=n_neurons)
    safe = np.maximum(n, 1)
    mean = np.bincount(whose, interval, n_neurons) / safe
    square = np.bincount(whose, (interval - mean[whose]) ** 2, n_neurons)
    known = (n >= MIN_SPIKES - 1) & (mean > 0)
    cv = np.full(n_neurons, math.nan)
    cv[known] = np.sqrt(square[known] / (n[known] - 1)) / mean[known]
    return cv


def window_fano(spikes: Spikes) -> NDArray[np.float64]:
    """Fano factor of each neuron [S·M]; NaN below `MIN_SPIKES` spikes or two steps."""
    steps, flat = len(spikes), spikes.reshape(len(spikes), -1)
    fano = np.full(flat.shape[1], math.nan)
    windows = min(WINDOWS, steps)
    if windows < 2:
        return fano
    edges = np.arange(windows + 1) * steps // windows
    counts = np.stack([spike_counts(flat[start:end]) for start, end in pairwise(edges)])
    known = counts.sum(axis=0) >= MIN_SPIKES
    share = (np.diff(edges) / steps)[:, None]
    expected = counts[:, known].sum(axis=0) * share
    fano[known] = ((counts[:, known] - expected) ** 2 / expected).sum(axis=0) / (windows - 1)
    return fano


def activity(sent: Sent, channel: Channel) -> Activity:
    """What `scores` says of the spikes, as sums over neurons."""
    counts = spike_counts(sent.spikes).reshape(-1)
    known = np.flatnonzero(counts >= MIN_SPIKES)
    cv = _cv(sent, channel)[known]
    fano = window_fano(sent.spikes)[known]
    laws = _laws(sent, channel, known)
    return Activity(
        spikes=int(counts.sum()),
        values=sent.values.size,
        cells=sent.spikes.size,
        filled=int(np.count_nonzero(sent.spikes)),
        neurons=counts.size,
        silent=int((counts == 0).sum()),
        measured=known.size,
        cv=float(np.nansum(cv)),
        fano=float(np.nansum(fano)),
        law_cv=float(np.nansum(laws[:, 0])),
        law_fano=float(np.nansum(laws[:, 1])),
        with_cv=int(np.isfinite(cv).sum()),
        with_fano=int(np.isfinite(fano).sum()),
        with_law=int(np.isfinite(laws).all(axis=1).sum()),
    )


def together(parts: Iterable[Activity]) -> Activity:
    """The activity of several batches as one."""
    return Activity(*(sum(column) for column in zip(*parts, strict=True)))


def _cv(sent: Sent, channel: Channel) -> NDArray[np.float64]:
    spikes = trains(sent.spikes)
    n_neurons = sent.spikes[0].size
    as_sent = sent.seed is not None and channel.shape is not None
    if not (as_sent and channel.code in EXACT_TIMES):
        return interval_cv(spikes.neuron, spikes.step.astype(np.float64), n_neurons)
    samples = torch.arange(sent.first_sample, sent.first_sample + len(sent.values))
    values = torch.tensor(sent.values)
    return exact_cv(channel, values, channel.n_steps, sent.seed or 0, samples)


def exact_cv(
    channel: Channel, values: torch.Tensor, n_steps: int, seed: int, samples: torch.Tensor
) -> NDArray[np.float64]:
    """`interval_cv` [S·N] of the exact times of values [S, N], for a code of `EXACT_TIMES`."""
    params, (count, neurons) = channel.params, values.shape
    found = encode_events(channel.code, values, params, n_steps=n_steps, seed=seed, samples=samples)
    neuron = found.sample.numpy().astype(np.int64) * neurons + found.neuron.numpy()
    return interval_cv(neuron, found.time.numpy().astype(np.float64), count * neurons)


def _laws(sent: Sent, channel: Channel, known: NDArray[np.int64]) -> NDArray[np.float64]:
    """CV and Fano factor of the law of each neuron in `known`, [K, 2]; NaN where there is none.

    The law is that of the value to the nearest 1/255, the resolution of a picture; of the value
    itself where the nearest is silent.
    """
    law = channel.kind.law
    laws = np.full((known.size, 2), math.nan)
    if law is None or channel.shape is None or channel.kind.kind != "intensity" or not known.size:
        return laws
    values = sent.values.reshape(-1)[known].astype(np.float64)
    for grid in (np.rint(values * 255) / 255, values):
        open_ = np.flatnonzero(np.isnan(laws[:, 0]))
        levels, place = np.unique(grid[open_], return_inverse=True)
        found = [law(channel.params, float(level), 1) for level in levels]
        if found:
            laws[open_] = np.array([(one.cv, one.fano) for one in found])[place]
    return laws
