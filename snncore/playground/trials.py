"""One neuron, the same drive, many times: raster, rate over trials, and how well trials agree.

Each trial has the drive's noise anew, or with `frozen` the same noise every time; on top of it a
little noise of the neuron itself, always new. That is the experiment of Mainen & Sejnowski (1995,
doi 10.1126/science.7770778): under a constant current the trials drift apart, under a frozen
fluctuating one they fire together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import rng, spike_trains, theory
from snncore.neurons import LIFParams
from snncore.params import Params, integer, number
from snncore.playground.budget import neuron_steps
from snncore.playground.setup import Setup
from snncore.simulate import Trace
from snncore.stimuli import StimulusParams, drive

if TYPE_CHECKING:
    from snncore.stimuli import Recording

Array = NDArray[np.float64]

_MAX_WORK = 1_500_000  # neuron-steps, trials together
_OWN_TRIAL = 2  # the neuron's own noise is not that of any drive


@dataclass(frozen=True)
class TrialsParams(Params):
    """The trials panel."""

    n_trials: int = integer(
        30, 2, 200, "How often the run is repeated.", step=5, label="Trials"
    )  # fmt: skip
    own_noise: float = number(
        0.3, 0, 20, "White noise of the neuron itself, new in every trial also when the drive's "
        "noise is frozen.",
        unit="nA·√ms", step=0.1, label="Own noise",
    )  # fmt: skip
    jitter: float = number(
        3, 0, 100, "How close in time spikes of two trials must lie to agree.",
        unit="ms", step=0.5, lo_open=True, label="Precision",
    )  # fmt: skip


class Trials(NamedTuple):
    """What the trials have in common, and what not."""

    trains: tuple[Array, ...]  # spike times of each trial, ms
    duration: float  # ms of a trial; shorter than the run if that was too much work
    psth: spike_trains.PSTH
    theory_hz: Array | None  # [K] quasi-static rate in each bin; None where there is no theory
    reliability: float  # 1: all trials alike; NaN without spikes
    chance: float  # the same for trials turned around by random times
    mean_rate_hz: float
    fano: float  # of the counts per trial; NaN without spikes


def trials(setup: Setup, params: TrialsParams, recording: Recording | None = None) -> Trials:
    """Repeat the run `n_trials` times.

    Raises:
        ValueError: the stimulus and the model do not go together (see `stimuli.drive`).
    """
    dt, n = setup.run.dt, params.n_trials
    steps = max(1, min(setup.run.n_steps, neuron_steps(setup, _MAX_WORK) // n))
    samples = torch.arange(n)
    current = setup.drive(recording, n_steps=steps, samples=samples)
    if params.own_noise > 0:
        own = StimulusParams(current=0.0, noise_intensity=params.own_noise)
        seed = setup.run.seed
        current = current + drive(
            own, None, steps, dt, seed=seed, samples=samples, trial=_OWN_TRIAL
        )
    trains = split(setup.simulate(current))
    duration = steps * dt
    # Not narrower than a step, or the grid would show as stripes.
    histogram = spike_trains.psth(trains, duration, min(duration, max(2.0, duration / 100, dt)))
    counts = np.array([train.size for train in trains], dtype=np.float64)
    words = rng.draws(setup.run.seed, rng.stream("order"), samples, 1, 1)[0, :, 0]
    shift = rng.uniform(words).numpy().astype(np.float64) * duration
    return Trials(
        trains=trains,
        duration=duration,
        psth=histogram,
        theory_hz=_expected(setup, params, histogram, recording, steps),
        reliability=spike_trains.reliability(trains, duration, params.jitter),
        chance=spike_trains.reliability(trains, duration, params.jitter, shift=shift),
        mean_rate_hz=float(counts.mean()) * 1000.0 / duration,
        fano=spike_trains.fano(counts),
    )


def split(trace: Trace) -> tuple[Array, ...]:
    """The spike times of each sample (neuron 0) of a trace, ms."""
    events = trace.events
    times = events.step.numpy().astype(np.float64) * trace.dt + events.offset.numpy()
    sample = events.sample.numpy()
    order = np.argsort(sample, kind="stable")
    cuts = np.searchsorted(sample[order], np.arange(1, trace.counts.shape[0]))
    return tuple(np.split(times[order], cuts))


def _expected(
    setup: Setup,
    params: TrialsParams,
    histogram: spike_trains.PSTH,
    recording: Recording | None,
    steps: int,
) -> Array | None:
    """Siegert's rate for the current of each bin: right where the drive changes slowly."""
    neuron, stimulus, dt = setup.neuron, setup.stimulus, setup.run.dt
    if not isinstance(neuron, LIFParams) or neuron.reset == "none" or stimulus.is_coloured:
        return None
    if stimulus.is_white and stimulus.frozen:
        return None  # the rate follows the frozen noise, which is not slow
    noise = replace(
        stimulus, noise_intensity=math.hypot(stimulus.noise_intensity, params.own_noise)
    )
    wave = setup.waveform(recording, steps)
    edges = (np.arange(histogram.t.size + 1) * histogram.width / dt + 0.5).astype(np.int64)
    total = np.concatenate([[0.0], np.cumsum(wave)])
    edges = np.clip(edges, 0, steps)
    levels = np.diff(total[edges]) / np.maximum(np.diff(edges), 1)
    return theory.noisy_rate_hz(neuron, levels, noise.sigma_v_total(neuron, dt), dt)
