"""Many neurons under one drive, each with noise and, if wished, parameters of its own."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import rng, spike_trains
from snncore.params import Params, integer, number
from snncore.playground.budget import neuron_steps
from snncore.playground.expected import noisy_rate_hz, white_sigma_v
from snncore.playground.setup import Setup
from snncore.simulate import many
from snncore.stimuli import Recording
from snncore.theory import CONSTANT

Array = NDArray[np.float64]

_MAX_WORK = 2_500_000  # neuron-steps of a panel: about 0.1 s on one core with noise
_OTHER_WORK = 6_000_000  # as many of the LIF neuron take 0.24 s: the longest wait for any model
_OWN_NOISE = 2.0  # mV, for equal neurons whose drive has no noise: else all rows would be equal
_OWN_INTENSITY = 0.2  # nA·√ms, the same for a model without a passive membrane
# What differs between neurons when their parameters spread.
_UNLIKE: dict[str, tuple[str, ...]] = {
    "lif": ("tau_m", "r_m", "v_th"),
    "adaptive": ("tau_m", "r_m", "v_th"),
    "synaptic": ("tau_m", "r_m", "v_th"),
    "alpha": ("tau_m", "r_m", "v_th"),
    "eif": ("tau_m", "r_m", "delta_t"),
    "adex": ("tau_m", "r_m", "b"),
    "qif": ("tau_m", "r_m", "a_0"),
    "izhikevich": ("a", "d", "c_m"),
    "fitzhugh_nagumo": ("tau_ms", "gain", "epsilon"),
    "hodgkin_huxley": ("g_na", "g_k", "g_l"),
}


# Models whose rate follows the drive of the moment, where the theory is known.
_INSTANT = ("lif", "synaptic", "alpha", "eif", "qif")


@dataclass(frozen=True)
class PopulationParams(Params):
    """The population panel."""

    size: int = integer(
        100, 10, 200, "How many neurons get the same drive, each with noise of its own.",
        step=10, label="Neurons",
    )  # fmt: skip
    spread: float = number(
        0, 0, 50, "How unlike the neurons are: standard deviation of time constants, resistances "
        "and thresholds.",
        unit="%", step=1, label="Spread",
    )  # fmt: skip


class Population(NamedTuple):
    """Neurons under one drive with independent noise."""

    spikes: NDArray[np.bool_]  # [T, N]
    duration: float  # ms
    sigma_v: float  # mV of the white noise that they got; NaN without a passive membrane
    bins: Array  # [K] ms, middle of each bin
    bin_width: float  # ms
    rate_hz: Array  # [K]
    theory_hz: Array  # [K] quasi-static, averaged over unlike neurons; NaN where there is none
    mean_rate_hz: float
    cv: float  # mean over neurons with enough spikes
    fano: float  # of the spike counts


def spread_of(setup: Setup, params: PopulationParams) -> dict[str, Array]:
    """Parameters that differ from neuron to neuron, by field, each [N].

    Each is multiplied by a factor of mean 1 and standard deviation `spread`, lognormal, so that it
    keeps its sign; of a threshold it is the distance from the reset. Fields keep their ranges.
    """
    if params.spread == 0:
        return {}
    specs, neuron = setup.neuron.specs(), cast(Any, setup.neuron)
    log_std = math.sqrt(math.log1p((params.spread / 100.0) ** 2))
    table = {}
    for k, name in enumerate(_UNLIKE[setup.model]):
        words = rng.draws(
            setup.run.seed, rng.stream("spread", k), torch.zeros(1, dtype=torch.int64),
            params.size, 1,
        )  # fmt: skip
        z = rng.normal(words)[0, 0].numpy().astype(np.float64)
        factor = np.exp(log_std * z - log_std**2 / 2.0)
        base = neuron.v_reset if name == "v_th" else 0.0
        values = base + (getattr(neuron, name) - base) * factor
        table[name] = np.clip(values, specs[name].lo, specs[name].hi)
    return table


def population(
    setup: Setup, params: PopulationParams, recording: Recording | None = None
) -> Population:
    """`size` neurons; with spread 0 the first is the single run with the same seed.

    Equal neurons under a drive without noise are given `_OWN_NOISE`; long runs are cut to what
    fits in the panel.
    """
    setup = _with_noise(setup, params)
    neuron, stimulus, run, size = setup.neuron, setup.stimulus, setup.run, params.size
    work = _MAX_WORK if setup.model == "lif" else neuron_steps(setup, _OTHER_WORK)
    steps = min(run.n_steps, max(1, work // size))
    current = setup.drive(recording, steps, n_neurons=size)[:, 0].numpy()
    table = spread_of(setup, params)
    found = many(setup.model, neuron, table, current, run.dt, record=True)
    spikes = found.spikes if found.spikes is not None else np.zeros((steps, size), dtype=np.bool_)
    # About 100 bins, not shorter than 2 ms, of whole steps; an incomplete last one is left out.
    per_bin = min(steps, max(1, round(max(2.0, steps * run.dt / 100) / run.dt)))
    n_bins = steps // per_bin
    binned = spikes[: n_bins * per_bin].reshape(n_bins, per_bin * size).sum(axis=1)
    width = per_bin * run.dt
    wave = setup.waveform(recording, steps)[: n_bins * per_bin]
    cvs = found.cv[np.isfinite(found.cv)]
    has_membrane = setup.membrane is not None
    return Population(
        spikes=spikes,
        duration=steps * run.dt,
        sigma_v=white_sigma_v(setup.membrane, stimulus, run.dt) if has_membrane else math.nan,
        bins=(np.arange(n_bins, dtype=np.float64) + 0.5) * np.float64(width),
        bin_width=width,
        rate_hz=binned * (1000.0 / (width * size)),
        theory_hz=_theory_hz(setup, table, size, wave.reshape(n_bins, per_bin).mean(axis=1)),
        mean_rate_hz=1000.0 * float(found.count.mean()) / (steps * run.dt),
        cv=float(cvs.mean()) if cvs.size else math.nan,
        fano=spike_trains.fano(found.count),
    )


def _with_noise(setup: Setup, params: PopulationParams) -> Setup:
    if setup.stimulus.is_noisy or params.spread > 0:
        return setup
    if setup.membrane is None:
        own = dataclasses.replace(setup.stimulus, noise_intensity=_OWN_INTENSITY)
    else:
        own = dataclasses.replace(setup.stimulus, sigma_v=_OWN_NOISE)
    return dataclasses.replace(setup, stimulus=own)


def _theory_hz(setup: Setup, table: dict[str, Array], size: int, levels: Array) -> Array:
    """The quasi-static rate at each level (nA) [K], the mean over the neurons."""
    none = np.full(levels.size, math.nan)
    known, stimulus, dt = CONSTANT[setup.model], setup.stimulus, setup.run.dt
    if setup.model not in _INSTANT or getattr(setup.neuron, "reset", "") == "none":
        return none
    intensity = None
    if table and stimulus.is_white:
        # The noise is a current, the same for all: an unlike membrane makes another σ_V of it.
        intensity = stimulus.white_std(setup.membrane, dt) * math.sqrt(dt)
    total = np.zeros(levels.size)
    rows = size if table else 1
    for k in range(rows):
        values: dict[str, Any] = {name: float(column[k]) for name, column in table.items()}
        own = dataclasses.replace(setup.neuron, **values)
        if stimulus.is_noisy:
            rate = noisy_rate_hz(own, stimulus, levels, dt, intensity)
            if rate is None:
                return none
        else:
            rate = known.grid_rate_hz(own, levels, dt)
        total += rate
    return total / rows
