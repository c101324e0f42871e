"""What makes it fire: the mean of the noise current before a spike (reverse correlation).

The spike-triggered average of the stimulus, with x the noise current minus its mean:

    STA(s) = mean over spikes of x(t_spike − s)

The lag s is counted back from the spike: s > 0 is before it, s < 0 after it, where a causal neuron
has nothing (the noise does not know of the spike). Bins average the current over several steps, so
a value does not depend on dt, but its error does on the width of the bin.

The error is the standard error over neurons (independent noise), which is right also where the
windows of two spikes overlap. The control pairs the spikes of each neuron with the noise of the
next: whatever it shows is chance.

Where spikes are rare, a LIF neuron reaches its threshold on the most likely way, the mirror image
in time of its decay (Freidlin & Wentzell 1984; Badel, Gerstner & Richardson 2006, doi
10.1016/j.neucom.2005.12.053): V = μ + (V_th − μ)·e^(−s/τ), for which the current must be

    x(s) = 2·(V_th − μ)/R · e^(−s/τ)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.neurons import LIFParams
from snncore.params import Params, number
from snncore.playground.budget import neuron_steps
from snncore.playground.setup import Setup

if TYPE_CHECKING:
    from snncore.stimuli import Recording

Array = NDArray[np.float64]

MIN_SPIKES = 50
MIN_NEURONS = 20  # with spikes, for an error over neurons
_NEURONS = 200
_MAX_WORK = 2_500_000  # neuron-steps
_MAX_READS = 4_000_000  # numbers read around spikes
_BINS = 100
_TRIAL = 3  # other noise than that of the run


@dataclass(frozen=True)
class STAParams(Params):
    """The spike-triggered average."""

    window: float = number(
        100, 1, 1000, "How far back from each spike.", unit="ms", step=10, label="Window"
    )  # fmt: skip


class STA(NamedTuple):
    """The mean noise current around a spike."""

    lags: Array  # [K] ms before the spike, middles of the bins, falling: the spike is on the right
    sta_na: Array  # [K]; NaN in all below `MIN_SPIKES` spikes
    error_na: Array  # [K] one standard error
    control_na: Array  # [K] with the noise of another neuron
    control_error_na: Array  # [K]
    limit_na: Array | None  # [K] for rare spikes under white noise; None where it does not apply
    n_spikes: int  # used
    n_neurons: int
    duration: float  # ms simulated for each neuron
    width: float  # ms of a bin


def sta(setup: Setup, params: STAParams, recording: Recording | None = None) -> STA:
    """Simulate some hundred neurons with independent noise and average what precedes a spike.

    Raises:
        ValueError: the drive has no noise, or the run is shorter than the window.
    """
    if not setup.stimulus.is_noisy:
        raise ValueError(
            "sigma_v (or another noise) must be > 0 for a spike-triggered average, got a drive "
            "without noise; add white noise"
        )
    dt = setup.run.dt
    per_bin = max(1, math.ceil(params.window / _BINS / dt - 1e-9))
    before = max(1, math.ceil(params.window / (per_bin * dt) - 1e-9))
    after = max(1, before // 5)
    # At least twice the window, for as many neurons as the work allows.
    least = 2 * (before + after) * per_bin
    work = neuron_steps(setup, _MAX_WORK)
    steps = max(least, math.ceil(work / _NEURONS))
    size = min(_NEURONS, work // steps)
    if size < MIN_NEURONS:
        longest = work / MIN_NEURONS / 2.6 * dt
        if longest < STAParams.specs()["window"].lo:
            raise ValueError(
                f"dt must be longer for a spike-triggered average, or the rate lower: there is "
                f"time for {longest:.2g} ms before each spike, got dt {dt:g} ms; enlarge it or "
                "lower the current"
            )
        raise ValueError(
            f"window must be <= {longest:.3g} ms at this dt and rate, got "
            f"{params.window:g}; shorten it, enlarge dt or lower the current"
        )
    free = replace(setup, stimulus=replace(setup.stimulus, frozen=False))
    current = free.drive(recording, n_steps=steps, samples=torch.arange(size), trial=_TRIAL)
    trace = free.simulate(current)
    noise = current[:, :, 0].numpy() - free.waveform(recording, steps)[:, None]
    noise -= noise.mean()
    events = trace.events
    found = spike_triggered(
        noise, events.step.numpy(), events.sample.numpy(), per_bin, before, after
    )
    width = per_bin * dt
    lags = (before - 0.5 - np.arange(before + after, dtype=np.float64)) * np.float64(width)
    return STA(
        lags=lags,
        sta_na=found.mean,
        error_na=found.error,
        control_na=found.control,
        control_error_na=found.control_error,
        limit_na=_limit(setup, lags, width),
        n_spikes=found.n_spikes,
        n_neurons=size,
        duration=steps * dt,
        width=width,
    )


class Triggered(NamedTuple):
    """Averages around spikes, [before + after] bins; NaN where spikes are too few."""

    mean: Array
    error: Array
    control: Array
    control_error: Array
    n_spikes: int


def spike_triggered(
    noise: Array,
    step: NDArray[np.int64],
    sample: NDArray[np.int64],
    per_bin: int,
    before: int,
    after: int,
) -> Triggered:
    """Average `noise` [T, B] over bins of `per_bin` steps around spikes.

    A spike in step k sees `before` bins that end with step k, and `after` bins from step k + 1 on.
    Spikes whose bins do not all lie in the run are left out; of very many, every m-th is used.
    """
    n_steps, size = noise.shape
    whole = (step + 1 >= before * per_bin) & (step + 1 + after * per_bin <= n_steps)
    step, sample = step[whole], sample[whole]
    every = max(1, math.ceil(step.size * (before + after) / _MAX_READS))
    step, sample = step[::every], sample[::every]
    bins = before + after
    if step.size < MIN_SPIKES or np.unique(sample).size < MIN_NEURONS:
        nan = np.full(bins, np.nan)
        return Triggered(nan, nan, nan, nan, int(step.size))
    total = np.zeros((size, n_steps + 1))  # one row per neuron: its reads stay near each other
    np.cumsum(noise.T, axis=1, out=total[:, 1:])
    edges = (step + 1)[:, None] + (np.arange(bins + 1) - before) * per_bin
    counts = np.bincount(sample, minlength=size).astype(np.float64)

    def averages(of: NDArray[np.int64]) -> tuple[Array, Array]:
        parts = np.diff(total[of[:, None], edges], axis=1) / per_bin
        order = np.argsort(sample, kind="stable")
        firing = np.flatnonzero(counts)
        starts = np.searchsorted(sample[order], firing)
        sums = np.add.reduceat(parts[order], starts, axis=0)
        mean = sums.sum(axis=0) / step.size
        # The error of a ratio of two sums over independent neurons.
        off = sums - counts[firing, None] * mean
        scale = firing.size / (firing.size - 1)
        return mean, np.sqrt(scale * (off**2).sum(axis=0)) / step.size

    mean, error = averages(sample)
    control, control_error = averages((sample + 1) % size)
    return Triggered(mean, error, control, control_error, int(step.size))


def _limit(setup: Setup, lags: Array, width: float) -> Array | None:
    """The average for rare spikes, taken over each bin; 0 after the spike."""
    neuron, stimulus = setup.neuron, setup.stimulus
    if (
        not isinstance(neuron, LIFParams)
        or not stimulus.is_steady
        or stimulus.is_coloured
        or neuron.reset == "none"
    ):
        return None
    gap = neuron.v_th - neuron.v_rest - neuron.r_m * stimulus.current
    if gap <= 0:
        return None
    half = width / (2.0 * neuron.tau_m)
    shape = np.where(lags > 0, np.exp(-np.abs(lags) / neuron.tau_m), 0.0)
    return 2.0 * gap / neuron.r_m * shape * (math.sinh(half) / half)
