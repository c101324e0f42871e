"""Many neurons under one drive, each with noise and, if wished, parameters of its own."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore import metrics, theory
from snncore.neurons import LIFParams
from snncore.params import Params, integer, number
from snncore.playground.setup import Setup

Array = NDArray[np.float64]

_MAX_WORK = 2_500_000  # neuron-steps of a panel: about 0.1 s on one core with noise
_OWN_NOISE = 2.0  # mV, for a population whose drive has none: else all rows would be equal


@dataclass(frozen=True)
class PopulationParams(Params):
    """The population panel."""

    size: int = integer(
        100, 10, 200, "How many neurons get the same drive, each with noise of its own.",
        step=10, label="Neurons",
    )  # fmt: skip
    spread: float = number(
        0, 0, 50, "How much the neurons differ: the standard deviation of their parameters.",
        unit="%", step=1, label="Spread",
    )  # fmt: skip


class Population(NamedTuple):
    """Neurons under one drive with independent noise."""

    spikes: NDArray[np.bool_]  # [T, N]
    duration: float  # ms
    sigma_v: float  # mV of the noise that they got
    bins: Array  # [K] ms, middle of each bin
    bin_width: float  # ms
    rate_hz: Array  # [K]
    theory_hz: Array  # [K] quasi-static Siegert on this grid; NaN where there is no theory
    mean_rate_hz: float
    cv: float  # mean over neurons with enough spikes
    fano: float  # of the spike counts


def population(setup: Setup, params: PopulationParams) -> Population:
    """`size` neurons; the first gets the very noise of the single run with the same seed.

    A drive without noise is given `_OWN_NOISE` here; long runs are cut to what fits in the panel.
    """
    neuron, stimulus, run, size = setup.neuron, setup.stimulus, setup.run, params.size
    assert isinstance(neuron, LIFParams)
    sigma_v = stimulus.sigma_v or _OWN_NOISE
    setup = dataclasses.replace(setup, stimulus=dataclasses.replace(stimulus, sigma_v=sigma_v))
    steps = min(run.n_steps, max(1, math.floor(_MAX_WORK / size)))
    trace = setup.simulate(setup.drive(n_steps=steps, n_neurons=size))
    spikes = trace.spikes[:, 0].numpy()
    # About 100 bins, not shorter than 2 ms, of whole steps; an incomplete last one is left out.
    per_bin = min(steps, max(1, round(max(2.0, steps * run.dt / 100) / run.dt)))
    n_bins = steps // per_bin
    binned = spikes[: n_bins * per_bin].reshape(n_bins, per_bin * size).sum(axis=1)
    width = per_bin * run.dt
    wave = setup.waveform(n_steps=steps)[: n_bins * per_bin].reshape(n_bins, per_bin).mean(axis=1)
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
