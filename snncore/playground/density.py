"""Where the voltage is: its histogram with and without threshold, against theory.

Without a threshold, a passive membrane under a steady current with noise has a Gaussian voltage
of mean μ and the standard deviation σ_V that the noise was given by (its parts add in variance).

With threshold and reset, the stationary density of a LIF neuron under white noise solves the
Fokker–Planck equation with a flux r (the rate) taken out at V_th and put back at V_reset (Brunel
2000, doi 10.1023/A:1008925309027), with σ = √2·σ_V and y = (V − μ)/σ:

    P(V) = (2·r·τ/σ)·e^(−y²) ∫ e^(x²) dx   from max(y, y_reset) to y_th

Its integral is 1 − r·t_ref; the rest of the time the neuron is refractory and its voltage stands
at V_reset, which the histogram leaves out and reports.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import special

from snncore import theory
from snncore.neurons import LIFParams, refractory_steps
from snncore.playground.budget import neuron_steps
from snncore.playground.setup import Setup
from snncore.simulate import Trace
from snncore.stimuli import sigma_v_ou, sigma_v_synaptic

if TYPE_CHECKING:
    from snncore.stimuli import Recording

Array = NDArray[np.float64]

_NEURONS = 50
_MAX_WORK = 1_200_000  # neuron-steps
_BINS = 100
_FINE = 4  # points of a theory line per bin
_TRIAL = 4


class Density(NamedTuple):
    """Densities over voltage."""

    v: Array  # [K] mV (or the unit of the model's voltage), middles of the bins
    width: float  # mV of a bin
    density: Array  # [K] per mV: where the neuron is while not refractory; sums to 1 − refractory
    refractory: float  # part of the time that it stands at V_reset (LIF; 0 for other models)
    free: Array | None  # [K] per mV, without threshold; None for models other than LIF
    line_v: Array  # [L] mV
    gauss: Array | None  # [L] per mV, theory of `free`; None where there is none
    fokker_planck: Array | None  # [L] per mV, theory of `density`
    mean: float  # mV, μ; NaN where there is no theory
    std: float  # mV, σ_V
    free_mean: float  # mV, measured without threshold; NaN without `free`
    free_std: float
    theory_refractory: float  # r·t_ref
    gauss_distance: float  # ∫|free − gauss| dv, in 0..2; NaN where there is no theory
    fokker_planck_distance: float  # ∫|density − fokker_planck| dv
    duration: float  # ms of each neuron that were looked at
    n_neurons: int


def density(setup: Setup, recording: Recording | None = None) -> Density:
    """Voltage histograms of many neurons with independent noise, once the start has faded.

    A drive without noise is simulated with one neuron and has no theory here.

    Raises:
        ValueError: the stimulus and the model do not go together (see `stimuli.drive`).
    """
    setup = replace(setup, stimulus=replace(setup.stimulus, frozen=False))
    dt, size = setup.run.dt, _NEURONS if setup.stimulus.is_noisy else 1
    most = neuron_steps(setup, _MAX_WORK) // size
    skip = min(math.ceil(_fading(setup) / dt), most // 2)
    steps = min(most, max(2 * skip, setup.run.n_steps) if size == 1 else most)
    current = setup.drive(recording, n_steps=steps, samples=torch.arange(size), trial=_TRIAL)
    trace = setup.simulate(current)
    v = trace.v[skip:, :, 0].numpy()
    free = None
    active = np.ones(v.shape, dtype=np.bool_)
    if isinstance(setup.neuron, LIFParams):
        active = ~_refractory(trace, setup.neuron)[skip:]
        loose = replace(setup, neuron=replace(setup.neuron, reset="none"))
        free = loose.simulate(current).v[skip:, :, 0].numpy()
    theories = _theory(setup, recording)
    least = 1.0 if setup.kind.variables[0].unit == "mV" else 0.05
    edges = _edges(v, free, theories, least)
    width = float(edges[1] - edges[0])
    measured = np.histogram(v[active], edges)[0] / (v.size * width)
    measured_free = None if free is None else np.histogram(free, edges)[0] / (v.size * width)
    line = np.linspace(edges[0], edges[-1], _BINS * _FINE + 1)
    gauss = None if theories is None else _gauss(line, theories.mean, theories.std)
    flux = None
    if theories is not None and theories.fokker_planck:
        flux = _fokker_planck(line, theories)
    return Density(
        v=(edges[1:] + edges[:-1]) / 2,
        width=width,
        density=measured,
        refractory=1.0 - float(active.mean()),
        free=measured_free,
        line_v=line,
        gauss=gauss,
        fokker_planck=flux,
        mean=math.nan if theories is None else theories.mean,
        std=math.nan if theories is None else theories.std,
        free_mean=math.nan if free is None else float(free.mean()),
        free_std=math.nan if free is None else float(free.std()),
        theory_refractory=math.nan if flux is None or theories is None else theories.refractory,
        gauss_distance=_distance(measured_free, gauss, width),
        fokker_planck_distance=_distance(measured, flux, width),
        duration=(steps - skip) * dt,
        n_neurons=size,
    )


class _Theory(NamedTuple):
    mean: float
    std: float
    fokker_planck: bool  # whether it applies
    refractory: float
    reset: float  # mV
    threshold: float  # mV, with what the grid adds to it


def _theory(setup: Setup, recording: Recording | None) -> _Theory | None:
    neuron, stimulus, dt = setup.neuron, setup.stimulus, setup.run.dt
    steady = stimulus.is_steady and recording is None and stimulus.is_noisy
    if not (isinstance(neuron, LIFParams) and steady):
        return None
    mean = float(theory.target_voltage(neuron, stimulus.mean_current))
    white = stimulus.sigma_v_total(neuron, dt)
    slow = sigma_v_ou(stimulus.ou_std, stimulus.ou_tau, neuron)
    synaptic = sigma_v_synaptic(
        stimulus.syn_current, stimulus.syn_rate_hz, stimulus.syn_tau, neuron
    )
    std = math.hypot(white, slow, synaptic)
    if stimulus.is_coloured or neuron.reset == "none":
        return _Theory(mean, std, False, math.nan, neuron.v_reset, neuron.v_th)
    shift = theory.GRID_SHIFT * math.sqrt(2.0 * dt / neuron.tau_m) * std
    rate = float(theory.noisy_rate_hz(neuron, stimulus.mean_current, std, dt))
    refractory = rate / 1000.0 * neuron.t_ref
    return _Theory(mean, std, True, refractory, neuron.v_reset, neuron.v_th + shift)


def _fading(setup: Setup) -> float:
    """ms after which the start at rest is forgotten."""
    membrane, stimulus = setup.membrane, setup.stimulus
    slowest = 20.0 if membrane is None else membrane.tau_m
    if stimulus.ou_std > 0:
        slowest = max(slowest, stimulus.ou_tau)
    if stimulus.syn_current != 0:
        slowest = max(slowest, stimulus.syn_tau)
    return 10.0 * slowest


def _refractory(trace: Trace, neuron: LIFParams) -> NDArray[np.bool_]:
    """At the ends of which steps each neuron is refractory, bool [T, B]."""
    dt, events = trace.dt, trace.events
    step, offset = events.step.numpy(), events.offset.numpy()
    if neuron.on_grid:
        length = np.full(step.shape, refractory_steps(neuron, dt))
    else:  # the ends (step + 1)·dt, … that lie before step·dt + offset + t_ref
        length = np.maximum(np.ceil((offset + neuron.t_ref - dt) / dt - 1e-9), 0).astype(np.int64)
    steps, size = trace.spikes.shape[:2]
    edges = np.zeros((steps + 1, size), dtype=np.int32)
    sample = events.sample.numpy()
    np.add.at(edges, (step, sample), 1)
    np.add.at(edges, (np.minimum(step + length, steps), sample), -1)
    return np.cumsum(edges, axis=0)[:steps] > 0


def _edges(v: Array, free: Array | None, theories: _Theory | None, least: float) -> Array:
    """Bins over all that is to be drawn, at least `least` wide together."""
    low, high = float(v.min()), float(v.max())
    if free is not None:
        # A mean far above threshold would squeeze all that really happens into a corner.
        room = 2.0 * (high - low) + 1.0
        low = min(low, max(float(free.min()), low - room))
        high = max(high, min(float(free.max()), high + room))
    if theories is not None and theories.fokker_planck:
        high = max(high, theories.threshold)
    pad = max(0.02 * (high - low), (least - (high - low)) / 2)
    return np.linspace(low - pad, high + pad, _BINS + 1)


def _gauss(v: Array, mean: float, std: float) -> Array:
    return np.exp(-0.5 * ((v - mean) / std) ** 2) / (std * math.sqrt(2.0 * math.pi))


def _fokker_planck(v: Array, theories: _Theory) -> Array:
    """P(V) on `v`, scaled to 1 − r·t_ref; with Dawson's D, ∫ e^(x²) dx = e^(x²)·D(x)."""
    sigma = math.sqrt(2.0) * theories.std
    lowest = min(theories.mean, theories.reset) - 8.0 * theories.std
    wide = np.linspace(lowest, theories.threshold, 8001)

    def shape(at: Array) -> Array:
        y = np.minimum((at - theories.mean) / sigma, top)
        a = np.maximum(y, reset)
        # Relative to the largest value, so that nothing overflows far below threshold.
        return np.exp(top**2 - y**2 - scale) * special.dawsn(top) - np.exp(
            a**2 - y**2 - scale
        ) * special.dawsn(a)

    top = (theories.threshold - theories.mean) / sigma
    reset = (theories.reset - theories.mean) / sigma
    scale = top**2 if top > 0 else 0.0
    mass = np.trapezoid(shape(wide), wide)
    return shape(v) * ((1.0 - theories.refractory) / mass)


def _distance(measured: Array | None, line: Array | None, width: float) -> float:
    """∫|measured − theory| dv, the theory averaged over each bin (trapezoid)."""
    if measured is None or line is None:
        return math.nan
    parts = line[:-1].reshape(_BINS, _FINE), line[1:].reshape(_BINS, _FINE)
    mean = (parts[0] + parts[1]).mean(axis=1) / 2.0
    return float(np.abs(measured - mean).sum() * width)
