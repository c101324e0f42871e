"""The f–I curve: firing rate over constant current, simulated and from theory."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import metrics, theory
from snncore.neurons import LIFParams
from snncore.playground.setup import Setup
from snncore.stimuli import StimulusParams, drive

Array = NDArray[np.float64]

_POINTS = 41
_LINE_POINTS = 301
_CURVE_MS = 2000.0
_MAX_WORK = 2_500_000  # neuron-steps of a panel: about 0.1 s on one core with noise
_CURVE_TRIAL = 1  # the dots' noise is not the noise of the run above them


class FICurve(NamedTuple):
    """Firing rate over constant current."""

    currents: Array  # [P] nA
    measured_hz: Array  # [P]
    line_currents: Array  # [L] nA
    line_hz: Array | None  # [L], theory without noise; None where there is none
    noisy_hz: Array | None  # [L], Siegert on this grid; None where it does not apply
    theory: str  # of line_hz: "exact", "quadrature" or "none"
    onset_na: float  # where firing sets in; NaN where it is not known
    onset: str  # "rheobase", "Hopf" or ""
    duration: float  # ms simulated for each dot
    sigma_v: float  # mV of the noise that the dots got


def current_range(neuron: LIFParams, operating: float) -> tuple[float, float]:
    """Currents (nA) that show both the rheobase and the operating point with room around."""
    rheobase = theory.rheobase(neuron)
    span = max(1.2 * abs(operating - rheobase), 0.5 * (neuron.v_th - neuron.v_reset) / neuron.r_m)
    return rheobase - max(0.4 * span, 1.1 * (rheobase - operating)), rheobase + 1.2 * span


def fi_curve(setup: Setup) -> FICurve:
    """Simulate `_POINTS` constant currents (with the stimulus' noise) and compute the theory."""
    neuron, stimulus, run = setup.neuron, setup.stimulus, setup.run
    assert isinstance(neuron, LIFParams)
    low, high = current_range(neuron, stimulus.current)
    currents = np.linspace(low, high, _POINTS)
    steps = max(1, math.floor(min(_CURVE_MS / run.dt + 0.5, _MAX_WORK / _POINTS)))
    flat = StimulusParams(current=0.0, sigma_v=stimulus.sigma_v)
    samples = torch.arange(_POINTS)
    noise = drive(
        flat, setup.membrane, steps, run.dt, seed=run.seed, samples=samples, trial=_CURVE_TRIAL
    )  # [T, P, 1]
    trace = setup.simulate(noise + torch.from_numpy(currents).view(1, -1, 1))
    measured = trace.counts[:, 0].numpy() * (1000.0 / (steps * run.dt))
    if stimulus.sigma_v == 0:
        for p in np.flatnonzero(measured * steps * run.dt >= 2000.0 - 1e-9):
            measured[p] = 1000.0 / metrics.intervals(trace.spike_times(int(p))).mean()
    line = np.linspace(low, high, _LINE_POINTS)
    noisy = None
    if stimulus.sigma_v > 0:
        noisy = theory.noisy_rate_hz(neuron, line, stimulus.sigma_v, run.dt)
    return FICurve(
        currents,
        measured,
        line,
        theory.rate_hz(neuron, line),
        noisy,
        "exact",
        theory.rheobase(neuron),
        "rheobase",
        steps * run.dt,
        stimulus.sigma_v,
    )
