"""What theory expects of a run, and which theory applies.

Which one depends on the model and its drive. Under a constant current the rate is known in closed
form ("exact"), or as a root or an integral ("quadrature"), or not at all ("none"). For the LIF
neuron under a steady current with noise it is Siegert's, with corrections for noise that has a
memory, or gets one from a synapse ("Siegert"). For a drive that changes in time it is the mean of
those rates at each moment ("quasi-static": right as long as the drive changes little within an
interval, an approximation otherwise); so it is under noise that is slower than the neuron.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore import theory
from snncore.neurons import LIFParams, SynapticParams, refractory_steps
from snncore.playground.setup import Setup
from snncore.stimuli import StimulusParams, voltage_std
from snncore.theory import CONSTANT
from snncore.theory.integrate_and_fire import as_lif

Array = NDArray[np.float64]
_QUASI_STATIC_POINTS = 2000


class Expected(NamedTuple):
    """Expected numbers; NaN where there is no theory."""

    kind: str  # "exact", "quadrature", "Siegert", "quasi-static" or "none"
    rate_hz: float  # in continuous time
    grid_rate_hz: float  # of the simulation, which may look for spikes only every dt
    first_spike_ms: float  # infinite where there is none
    cv: float
    rheobase_na: float  # where firing sets in under a constant current
    onset: str  # how it does: "rheobase", "Hopf", or "" where it is not known


def expected(setup: Setup, wave: Array) -> Expected:
    """The theory of one run whose deterministic current is `wave` nA [T]."""
    neuron: Any = setup.neuron
    known, stimulus = CONSTANT[setup.model], setup.stimulus
    onset = known.onset(neuron)
    none = Expected("none", math.nan, math.nan, math.nan, math.nan, onset.current_na, onset.kind)
    if known.kind == "none" or getattr(neuron, "reset", "") == "none":
        return none
    steady = bool(np.all(wave == wave[0]))
    if not stimulus.is_noisy and steady:
        return _constant(setup, float(wave[0]), none)
    levels = wave[:1] if steady else wave[:: max(1, wave.size // _QUASI_STATIC_POINTS)]
    if stimulus.is_noisy:
        rate = noisy_rate_hz(neuron, stimulus, levels, 0.0)
        grid = noisy_rate_hz(neuron, stimulus, levels, setup.run.dt)
        if rate is None or grid is None:
            return none
        slow = _memory(neuron, stimulus) >= theory.LONG * neuron.tau_m
        found = none._replace(kind="Siegert" if steady and not slow else "quasi-static")
    elif setup.model == "adaptive":
        return none  # its threshold remembers the drive
    else:
        rate = known.rate_hz(neuron, levels)
        grid = known.grid_rate_hz(neuron, levels, setup.run.dt)
        found = none._replace(kind="quasi-static")
    cv = math.nan
    if steady and isinstance(neuron, LIFParams) and not stimulus.is_coloured:
        cv = theory.noisy_cv(neuron, float(wave[0]), white_sigma_v(neuron, stimulus))
    return found._replace(rate_hz=float(rate.mean()), grid_rate_hz=float(grid.mean()), cv=cv)


def _constant(setup: Setup, level: float, none: Expected) -> Expected:
    known, neuron = CONSTANT[setup.model], setup.neuron
    rate = float(known.rate_hz(neuron, level))
    return none._replace(
        kind=known.kind,
        rate_hz=rate,
        grid_rate_hz=float(known.grid_rate_hz(neuron, level, setup.run.dt)),
        first_spike_ms=known.first_spike(neuron, level),
        cv=0.0 if rate > 0 else math.nan,
    )


def white_sigma_v(
    neuron: Any, stimulus: StimulusParams, dt: float = 0.0, intensity: float | None = None
) -> float:
    """σ_V (mV) of all white noise of a drive on a grid of `dt` ms; 0: in continuous time.

    `intensity` (nA·√ms), where given, is that of the noise, in place of the stimulus's own.
    """
    grid = dt if dt > 0 else 1e-6 * neuron.tau_m
    if intensity is not None:
        return voltage_std(intensity / math.sqrt(grid), neuron, grid)
    return stimulus.sigma_v_total(neuron, grid)


def noisy_rate_hz(
    neuron: Any,
    stimulus: StimulusParams,
    levels: Array,
    dt: float,
    intensity: float | None = None,
) -> Array | None:
    """The rate at mean currents `levels` nA under the noise of a stimulus, on a grid if dt > 0.

    Of the LIF neuron; and of the one behind a synapse under white noise, which the synapse turns
    into an OU current. The synaptic input's own mean comes on top of `levels`. None where there is
    no theory: another model, no noise, or several kinds of noise at once. `intensity` as for
    `white_sigma_v`.
    """
    kinds = stimulus.is_white + (stimulus.ou_std > 0) + (stimulus.synaptic_std > 0)
    if kinds != 1 or not has_noise_theory(neuron, stimulus):
        return None
    if isinstance(neuron, LIFParams) and stimulus.is_white:
        sigma = white_sigma_v(neuron, stimulus, dt, intensity)
        return theory.noisy_rate_hz(neuron, levels, sigma, dt)
    plain = as_lif(neuron)
    std = stimulus.ou_std or stimulus.synaptic_std
    if stimulus.is_white:
        sigma = white_sigma_v(neuron, stimulus, 0.0, intensity)
        std = sigma / neuron.r_m * math.sqrt(neuron.tau_m / neuron.tau_syn)
    total = levels + stimulus.synaptic_mean
    rate = theory.coloured_rate_hz(plain, total, std, _memory(neuron, stimulus))
    if dt > 0 and plain.on_grid:
        # Whole steps of rest, and a crossing that waits half a step on average for its detection.
        longer = refractory_steps(plain, dt) * dt - plain.t_ref + 0.5 * dt
        rate = rate / (1.0 + rate * longer / 1000.0)
    return rate


def has_noise_theory(neuron: Any, stimulus: StimulusParams) -> bool:
    """Whether the rate of this model is known under one kind of the noise in `stimulus`."""
    if isinstance(neuron, LIFParams):
        return neuron.reset != "none"
    return isinstance(neuron, SynapticParams) and not stimulus.is_coloured


def _memory(neuron: Any, stimulus: StimulusParams) -> float:
    """ms that the noise remembers when it reaches the membrane; 0 if it is white there."""
    if stimulus.is_coloured:
        return stimulus.ou_tau if stimulus.ou_std > 0 else stimulus.syn_tau
    return neuron.tau_syn if isinstance(neuron, SynapticParams) else 0.0
