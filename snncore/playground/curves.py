"""The f–I curve: firing rate over constant current, simulated and from theory."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.neurons import LIFParams
from snncore.playground.budget import STEP_NS
from snncore.playground.expected import noisy_rate_hz, white_sigma_v
from snncore.playground.setup import Setup
from snncore.simulate import Many, many
from snncore.stimuli import StimulusParams, drive
from snncore.theory import CONSTANT

Array = NDArray[np.float64]

_LINE_POINTS = 301
_CURVE_TRIAL = 1  # the dots' noise is not the noise of the run above them
_LIF_POINTS, _OTHER_POINTS = 41, 21
_LIF_MS, _OTHER_MS = 2000.0, 1000.0  # of each dot, as far as the time allows
_LIF_STEPS = 2_500_000  # of all dots: some 10 ms, with noise 0.1 s
# The curve follows a slider, so it may take 65 ms of one core, with reruns 90. A step
# takes `STEP_NS`, and a spike `_SPIKE_NS`.
_BUDGET_NS = 65e6
_SPIKE_NS = 3000
_PROBE = 20  # a twentieth of the run shows how often the neuron spikes
_ENOUGH = 2  # spikes of a dot; one with fewer runs for up to `_OTHER_MS`
_RERUN = 0.4  # of the budget
# Steps much finer than usual may take more: dots of a few ms would show no slow rates.
_LEAST_MS, _FINE = 200.0, 3.0


class FICurve(NamedTuple):
    """Firing rate over constant current."""

    currents: Array  # [P] nA: the mean current, where there is synaptic input
    measured_hz: Array  # [P]; once the start is over, where the model adapts
    line_currents: Array  # [L] nA
    line_hz: Array | None  # [L], theory without noise; None where there is none
    noisy_hz: Array | None  # [L], theory with this noise, on this grid; None where there is none
    theory: str  # of line_hz: "exact", "quadrature" or "none"
    onset_na: float  # where firing sets in; NaN where it is not known
    onset: str  # "rheobase", "Hopf" or ""
    duration: float  # ms simulated for each dot; dots of rare spikes may have got more
    sigma_v: float  # mV of the white noise that the dots got; NaN without a passive membrane
    operating_na: float  # the current of the setup itself


def current_range(setup: Setup) -> tuple[float, float]:
    """Currents (nA) that show both the onset and the operating point with room around."""
    operating = setup.stimulus.mean_current
    current, kind, _ = CONSTANT[setup.model].onset(setup.neuron)
    onset = current if math.isfinite(current) else 0.0
    if isinstance(setup.neuron, LIFParams):
        least = 0.5 * (setup.neuron.v_th - setup.neuron.v_reset) / setup.neuron.r_m
    else:
        least = max(0.5 * abs(onset), 0.05)
    span = max(1.2 * abs(operating - onset), least)
    # Below a Hopf point firing and rest may coexist, and the dots fire: show where that ends.
    below = max(0.4 * span, 0.6 * abs(onset) if kind == "Hopf" else 0.0, 1.1 * (onset - operating))
    return onset - below, onset + 1.2 * span


def fi_curve(setup: Setup) -> FICurve:
    """Simulate many constant currents, with the noise of the stimulus, and compute the theory."""
    stimulus, run, known = setup.stimulus, setup.run, CONSTANT[setup.model]
    low, high = current_range(setup)
    points = _LIF_POINTS if setup.model == "lif" else _OTHER_POINTS
    currents, line = np.linspace(low, high, points), np.linspace(low, high, _LINE_POINTS)
    steps = _steps(setup, points, high)
    flat = noise_of(stimulus)
    if flat.is_noisy:
        noise = drive(
            flat, setup.membrane, steps, run.dt, seed=run.seed, trial=_CURVE_TRIAL,
            samples=torch.arange(points),
        )  # fmt: skip
        base = currents - flat.synaptic_mean + noise[:, :, 0].numpy()
        found = many(setup.model, setup.neuron, {}, base, run.dt)
        measured = np.asarray(found.count * (1000.0 / (steps * run.dt)), dtype=np.float64)
    else:
        measured = _steady_rates(setup, currents, steps)
    has_line = known.kind != "none" and getattr(setup.neuron, "reset", "") != "none"
    onset = known.onset(setup.neuron)
    has_membrane = isinstance(setup.neuron, LIFParams) or setup.membrane is not None
    return FICurve(
        currents=currents,
        measured_hz=measured,
        line_currents=line,
        line_hz=known.rate_hz(setup.neuron, line) if has_line else None,
        noisy_hz=noisy_rate_hz(setup.neuron, stimulus, line - flat.synaptic_mean, run.dt),
        theory=known.kind if has_line else "none",
        onset_na=onset.current_na,
        onset=onset.kind,
        duration=steps * run.dt,
        sigma_v=white_sigma_v(setup.membrane, stimulus, run.dt) if has_membrane else math.nan,
        operating_na=stimulus.mean_current,
    )


def noise_of(stimulus: StimulusParams) -> StimulusParams:
    """The noise of a stimulus without everything that is not random."""
    return dataclasses.replace(
        stimulus, current=0.0, step_current=0.0, ramp_current=0.0, pulse_current=0.0,
        amplitude=0.0, chirp_current=0.0,
    )  # fmt: skip


def _steps(setup: Setup, points: int, highest: float) -> int:
    """How many steps each dot is given."""
    dt = setup.run.dt
    if setup.model == "lif":
        return max(1, math.floor(min(_LIF_MS / dt + 0.5, _LIF_STEPS / points)))
    step_ns = float(STEP_NS[setup.model] * setup.pieces)

    def allowed(step_ns: float) -> float:
        fit = _BUDGET_NS / (points * step_ns)
        return min(_OTHER_MS / dt, max(fit, min(_LEAST_MS / dt, _FINE * fit)))

    # A spike costs more than a step; how many there are, the strongest current shows.
    probe = max(1, math.floor(allowed(step_ns) / _PROBE))
    found = many(setup.model, setup.neuron, {}, np.full((probe, 1), highest), dt)
    step_ns += _SPIKE_NS * float(found.count[0]) / probe
    return max(1, math.floor(allowed(step_ns) + 0.5))


def _steady_rates(setup: Setup, currents: Array, steps: int) -> Array:
    """Rates (Hz) under constant currents [P]; those with few spikes are run for longer."""
    dt = setup.run.dt

    def rates(levels: Array, n_steps: int) -> tuple[Array, NDArray[np.int64]]:
        drives = np.broadcast_to(levels, (n_steps, levels.size))
        settled = setup.model == "lif"
        found = many(setup.model, setup.neuron, {}, drives, dt, record=not settled)
        return (_regular(found) if settled else _settled(found, dt)), found.count

    measured, count = rates(currents, steps)
    onset = CONSTANT[setup.model].onset(setup.neuron).current_na
    # Below the onset a neuron without a spike is at rest, and stays there.
    resting = (count == 0) & (currents <= onset)
    slow = np.flatnonzero((count < _ENOUGH) & ~resting)
    if slow.size:
        longer = math.floor(min(_OTHER_MS / dt + 0.5, _RERUN * currents.size * steps / slow.size))
        if longer > steps:
            measured[slow], _ = rates(currents[slow], longer)
    return measured


def _regular(found: Many) -> Array:
    """Rates (Hz) of neurons whose intervals are all alike; 0 below two spikes."""
    return np.where(found.count > 1, 1000.0 / np.nan_to_num(found.mean_isi_ms, nan=1.0), 0.0)


def _settled(found: Many, dt: float) -> Array:
    """Rates (Hz) from the first to the last spike of the second half, else of the whole run.

    They start from a rest, a synapse or an adaptation that the first half is given to settle.
    """
    if found.spikes is None:
        raise ValueError("found must have its spikes recorded, got none; simulate with record")
    whole = _regular(found)
    late = found.spikes[len(found.spikes) // 2 :]
    count = late.sum(axis=0)
    first = late.argmax(axis=0)
    last = len(late) - 1 - late[::-1].argmax(axis=0)
    span = np.maximum(last - first, 1) * dt
    return np.where(count > 1, 1000.0 * (count - 1) / span, whole)
