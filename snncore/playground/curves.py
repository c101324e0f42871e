"""The f–I curve: firing rate over constant current, simulated and from theory."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.neurons import LIFParams
from snncore.playground.expected import noisy_rate_hz, white_sigma_v
from snncore.playground.setup import Setup
from snncore.simulate import Many, many
from snncore.stimuli import StimulusParams, drive
from snncore.theory import CONSTANT

Array = NDArray[np.float64]

_LINE_POINTS = 301
_CURVE_TRIAL = 1  # the dots' noise is not the noise of the run above them
# Points, ms for each, and pieces of steps of the whole curve, so that it takes 0.1 s at most.
_LIF_SIZE = (41, 2000.0, 2_500_000)
_OTHER_SIZE = (31, 1000.0, 800_000)


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
    duration: float  # ms simulated for each dot
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
    points, duration, work = _LIF_SIZE if setup.model == "lif" else _OTHER_SIZE
    currents, line = np.linspace(low, high, points), np.linspace(low, high, _LINE_POINTS)
    steps = max(1, math.floor(min(duration / run.dt + 0.5, work / setup.pieces / points)))
    flat = noise_of(stimulus)
    base = currents - flat.synaptic_mean
    if flat.is_noisy:
        noise = drive(
            flat, setup.membrane, steps, run.dt, seed=run.seed, trial=_CURVE_TRIAL,
            samples=torch.arange(points),
        )  # fmt: skip
        base = base + noise[:, :, 0].numpy()
    settled = setup.model == "lif"
    found = many(
        setup.model, setup.neuron, {}, np.broadcast_to(base, (steps, points)), run.dt,
        record=not settled,
    )  # fmt: skip
    if flat.is_noisy:
        measured = np.asarray(found.count * (1000.0 / (steps * run.dt)), dtype=np.float64)
    else:
        measured = _regular(found) if settled else _settled(found, run.dt)
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
