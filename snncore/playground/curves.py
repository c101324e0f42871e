"""Many neurons at once: the f–I curve, and a population with independent noise."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import metrics, theory
from snncore.neurons import LIFParams
from snncore.params import Params, integer
from snncore.simulate import RunParams, run_lif
from snncore.stimuli import StimulusParams, drive

Array = NDArray[np.float64]

_POINTS = 41
_LINE_POINTS = 301
_CURVE_MS = 2000.0
_MAX_WORK = 2_500_000  # neuron-steps of a panel: about 0.1 s on one core with noise
_OWN_NOISE = 2.0  # mV, for a population whose drive has none: else all rows would be equal
_CURVE_TRIAL = 1  # the dots' noise is not the noise of the run above them


@dataclass(frozen=True)
class PopulationParams(Params):
    """The population panel."""

    size: int = integer(
        100, 10, 200, "How many equal neurons get the same drive, each with noise of its own.",
        step=10, label="Neurons",
    )  # fmt: skip


class FICurve(NamedTuple):
    """Firing rate over constant current."""

    currents: Array  # [P] nA
    measured_hz: Array  # [P]
    line_currents: Array  # [L] nA
    exact_hz: Array  # [L], without noise
    noisy_hz: Array | None  # [L], Siegert on this grid; None where the drive has no noise
    duration: float  # ms simulated for each dot
    sigma_v: float


class Population(NamedTuple):
    """Equal neurons under one drive with independent noise."""

    spikes: NDArray[np.bool_]  # [T, N]
    duration: float  # ms
    sigma_v: float  # mV of the noise that they got
    bins: Array  # [K] ms, middle of each bin
    bin_width: float  # ms
    rate_hz: Array  # [K]
    theory_hz: Array  # [K] quasi-static Siegert on this grid; NaN for reset "none"
    mean_rate_hz: float
    cv: float  # mean over neurons with enough spikes
    fano: float  # of the spike counts


def current_range(neuron: LIFParams, operating: float) -> tuple[float, float]:
    """Currents (nA) that show both the rheobase and the operating point with room around."""
    rheobase = theory.rheobase(neuron)
    span = max(1.2 * abs(operating - rheobase), 0.5 * (neuron.v_th - neuron.v_reset) / neuron.r_m)
    return rheobase - max(0.4 * span, 1.1 * (rheobase - operating)), rheobase + 1.2 * span


def fi_curve(neuron: LIFParams, stimulus: StimulusParams, run: RunParams) -> FICurve:
    """Simulate `_POINTS` constant currents (with the stimulus' noise) and compute the theory."""
    low, high = current_range(neuron, stimulus.current)
    currents = np.linspace(low, high, _POINTS)
    steps = _steps(_CURVE_MS, run.dt, _POINTS)
    flat = StimulusParams(current=0.0, sigma_v=stimulus.sigma_v)
    samples = torch.arange(_POINTS)
    noise = drive(
        flat, neuron, steps, run.dt, seed=run.seed, samples=samples, trial=_CURVE_TRIAL
    )  # [T, P, 1]
    trace = run_lif(noise + torch.from_numpy(currents).view(1, -1, 1), neuron, run.dt)
    measured = trace.counts[:, 0].numpy() * (1000.0 / (steps * run.dt))
    if stimulus.sigma_v == 0:
        for p in np.flatnonzero(measured * steps * run.dt >= 2000.0 - 1e-9):
            measured[p] = 1000.0 / metrics.intervals(trace.spike_times(int(p))).mean()
    line = np.linspace(low, high, _LINE_POINTS)
    noisy = None
    if stimulus.sigma_v > 0:
        noisy = theory.noisy_rate_hz(neuron, line, stimulus.sigma_v, run.dt)
    exact = theory.rate_hz(neuron, line)
    return FICurve(currents, measured, line, exact, noisy, steps * run.dt, stimulus.sigma_v)


def population(
    neuron: LIFParams, stimulus: StimulusParams, run: RunParams, size: int
) -> Population:
    """`size` neurons; the first gets the very noise of the single run with the same seed.

    A drive without noise is given `_OWN_NOISE` here; long runs are cut to what fits in the panel.
    """
    sigma_v = stimulus.sigma_v or _OWN_NOISE
    own = dataclasses.replace(stimulus, sigma_v=sigma_v)
    steps = min(run.n_steps, _steps(math.inf, run.dt, size))
    current = drive(own, neuron, steps, run.dt, seed=run.seed, n_neurons=size)
    trace = run_lif(current, neuron, run.dt)
    spikes = trace.spikes[:, 0].numpy()
    # About 100 bins, not shorter than 2 ms, of whole steps; an incomplete last one is left out.
    per_bin = min(steps, max(1, round(max(2.0, steps * run.dt / 100) / run.dt)))
    n_bins = steps // per_bin
    binned = spikes[: n_bins * per_bin].reshape(n_bins, per_bin * size).sum(axis=1)
    width = per_bin * run.dt
    wave = own.waveform(steps, run.dt)[: n_bins * per_bin].reshape(n_bins, per_bin).mean(axis=1)
    counts = spikes.sum(axis=0)
    cvs = np.array([metrics.cv(np.flatnonzero(spikes[:, n])) for n in np.flatnonzero(counts > 2)])
    return Population(
        spikes=spikes,
        duration=steps * run.dt,
        sigma_v=sigma_v,
        bins=(np.arange(n_bins, dtype=np.float64) + 0.5) * np.float64(width),
        bin_width=width,
        rate_hz=binned * (1000.0 / (width * size)),
        theory_hz=theory.noisy_rate_hz(neuron, wave, sigma_v, run.dt),
        mean_rate_hz=metrics.rate_hz(float(counts.mean()), steps * run.dt),
        cv=float(cvs.mean()) if cvs.size else math.nan,
        fano=metrics.fano(counts),
    )


def _steps(duration: float, dt: float, width: int) -> int:
    """Whole steps in `duration`, as many as `width` neurons may take."""
    return max(1, math.floor(min(duration / dt + 0.5, _MAX_WORK / width)))
