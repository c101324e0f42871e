"""How much the time step matters: errors of spike times and voltages against dt, by integrator.

Compared are the model's own integrator, for the LIF neuron with both of its timings, and forward
Euler, x ← x + dt·f(x), with the spike at the end of the step in which the threshold was reached.
All see the same current, held on the coarsest grid and without noise, so what differs is the
integrator alone. The reference is the exact solution where the model's own integrator is exact,
else its own at a quarter of the finest step.

An error that falls as dtᵖ is a line of slope p in a plot of logarithms; the slope is fitted over
the steps that the integrator does not cut into pieces by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore import spike_trains
from snncore.neurons import LIFParams
from snncore.params import Params, number
from snncore.playground.linear import run_from, slopes_of, start_of
from snncore.playground.setup import Setup

if TYPE_CHECKING:
    from snncore.stimuli import Recording

Array = NDArray[np.float64]

_FACTORS = (8.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.125)  # of the setup's dt
_FINEST = 64  # steps of the finest run in one of the coarsest
_REFERENCE = 256  # the same of the reference, where there is no exact solution
_MOST_STEPS = 1_000_000  # of one run
_EULER_STEPS = 4_000  # of one run in Python; finer ones are left out
_EULER_LIF_STEPS = 8_000  # its equation is cheaper
_ROUNDING = 1e-9  # errors below this (ms, mV) say nothing of an order


@dataclass(frozen=True)
class ConvergenceParams(Params):
    """The accuracy panel."""

    duration: float = number(
        100, 10, 1000, "How long the runs are that are compared.",
        unit="ms", step=50, label="Compared for",
    )  # fmt: skip


class Method(NamedTuple):
    """One integrator at several steps; NaN where it was not run, was
    unstable, or has nothing to compare."""

    name: str  # "exact", "RK4", "exponential splitting", "exact on the grid" or "forward Euler"
    counts: Array  # [D] spikes
    rate_hz: Array  # [D] 1 / mean interval, 0 below two spikes
    count_rate_hz: Array  # [D] spikes per second of the run
    spike_error: Array  # [D] ms: mean |error| of the spikes that both have
    voltage_error: Array  # [D] mV: largest |error| before the first spike, on the coarsest grid
    spike_slope: float  # order in dt; NaN where errors are rounding or too few
    voltage_slope: float


class Convergence(NamedTuple):
    """Errors against dt."""

    dt: Array  # [D] ms, falling
    methods: tuple[Method, ...]
    reference: str  # what the errors are measured from
    reference_times: Array  # [K] ms
    reference_rate_hz: float
    duration: float  # ms, a whole number of the coarsest steps


class _Solution(NamedTuple):
    times: Array  # ms
    v: Array  # [T] at the ends of steps


def convergence(
    setup: Setup, params: ConvergenceParams, recording: Recording | None = None
) -> Convergence:
    """Run the setup's neuron under its drive (without noise) at several steps.

    Steps that the model refuses as too long have no numbers.

    Raises:
        ValueError: the setup's dt is too short for the duration (more than a million steps of the
            finest run).
    """
    dt = np.array(_FACTORS) * setup.run.dt
    coarse = max(1, round(params.duration / dt[0]))
    finest = _FINEST if _is_exact(setup) else _REFERENCE
    if coarse * finest > _MOST_STEPS:
        shortest = params.duration * finest / (_FACTORS[0] * _MOST_STEPS)
        raise ValueError(
            f"dt must be >= {shortest:.2g} ms to compare over {params.duration:g} ms, got "
            f"{setup.run.dt:g}; enlarge it or compare over a shorter time"
        )
    silent = replace(setup.stimulus, sigma_v=0.0, noise_intensity=0.0, ou_std=0.0, syn_current=0.0)
    length = setup.run.n_steps * setup.run.dt
    wave = silent.waveform(coarse, float(dt[0]), recording, duration=length)
    start = start_of(setup)

    def own(with_setup: Setup, per_coarse: int) -> _Solution:
        step = float(dt[0]) / per_coarse
        trace = run_from(with_setup, start, np.repeat(wave, per_coarse), step)
        return _Solution(trace.spike_times(), trace.v[:, 0, 0].numpy())

    finest = 1 if _is_exact(setup) else _REFERENCE
    reference = own(setup, finest)
    solvers: dict[str, Callable[[int], _Solution | None]] = {}

    def tried(per_coarse: int) -> _Solution | None:
        try:
            return own(setup, per_coarse)
        except ValueError:  # longer than the model takes; the reference, the finest, was taken
            return None

    neuron = setup.neuron
    if isinstance(neuron, LIFParams):
        if neuron.reset != "none":
            exact = replace(setup, neuron=replace(neuron, timing="exact"))
            solvers["exact"] = lambda per: own(exact, per)
            reference, finest = own(exact, 1), 1
        grid = replace(setup, neuron=replace(neuron, timing="grid"))
        solvers["exact on the grid"] = lambda per: own(grid, per)
    else:
        solvers[setup.kind.method] = tried
    solvers["forward Euler"] = lambda per: _euler(setup, start, wave, per, float(dt[0]))
    return Convergence(
        dt=dt,
        methods=tuple(
            _measure(name, solve, reference, finest, setup, dt, coarse)
            for name, solve in solvers.items()
        ),
        reference="exact solution"
        if finest == 1
        else f"{setup.kind.method} at dt = {dt[0] / finest:g} ms",
        reference_times=reference.times,
        reference_rate_hz=spike_trains.interval_rate_hz(reference.times),
        duration=coarse * float(dt[0]),
    )


def _is_exact(setup: Setup) -> bool:
    """Whether the model's own integrator has no error, not even in spike times."""
    return setup.kind.method == "exact" and getattr(setup.neuron, "timing", "exact") == "exact"


def _measure(
    name: str,
    solve: Callable[[int], _Solution | None],
    reference: _Solution,
    finest: int,
    setup: Setup,
    dt: Array,
    coarse: int,
) -> Method:
    rows = np.full((5, dt.size), np.nan)
    truth = reference.v.reshape(coarse, finest)[:, -1]
    # Voltages are compared while smooth: up to the last coarse step well before the first spike.
    first = float(reference.times[0]) if reference.times.size else math.inf
    smooth = max(1, min(coarse, math.floor(0.8 * min(first, 1e12) / dt[0])))
    for k, step in enumerate(dt):
        per = round(dt[0] / step)
        found = solve(per)
        if found is None or not np.isfinite(found.v).all():
            continue
        duration = coarse * dt[0]
        rows[0, k] = found.times.size
        rows[1, k] = spike_trains.interval_rate_hz(found.times)
        rows[2, k] = 1000.0 * found.times.size / duration
        both = min(found.times.size, reference.times.size)
        if both:
            rows[3, k] = np.abs(found.times[:both] - reference.times[:both]).mean()
        rows[4, k] = np.abs(found.v.reshape(coarse, per)[:smooth, -1] - truth[:smooth]).max()
    longest = setup.kind.longest_step
    limit = math.inf if longest is None else float(longest(setup.neuron))
    own = dt <= (math.inf if name == "forward Euler" else limit * (1 + 1e-9))
    same = rows[0] == reference.times.size
    counts, rate, count_rate, spike_error, voltage_error = rows
    return Method(
        name=name,
        counts=counts,
        rate_hz=rate,
        count_rate_hz=count_rate,
        spike_error=spike_error,
        voltage_error=voltage_error,
        spike_slope=_slope(dt, spike_error, own & same),
        voltage_slope=_slope(dt, voltage_error, own),
    )


def _slope(dt: Array, error: Array, use: NDArray[np.bool_]) -> float:
    """Order p of error ∝ dtᵖ by least squares in logarithms; NaN below three usable errors."""
    use = use & np.isfinite(error) & (error > _ROUNDING)
    if use.sum() < 3:
        return math.nan
    return float(np.polyfit(np.log(dt[use]), np.log(error[use]), 1)[0])


def _euler(
    setup: Setup, start: Array, wave: Array, per_coarse: int, longest: float
) -> _Solution | None:
    """Forward Euler with threshold, reset and refractory period on the grid.

    None where the run would be too long in Python.
    """
    neuron: Any = setup.neuron
    steps, dt = wave.size * per_coarse, longest / per_coarse
    lif = isinstance(neuron, LIFParams)
    if steps > (_EULER_LIF_STEPS if lif else _EULER_STEPS):
        return None
    slopes, level = slopes_of(setup), float(setup.kind.level(neuron))
    reset, moving = _resets(setup), setup.model == "adaptive"
    rest = math.floor(getattr(neuron, "t_ref", 0.0) / dt + 0.5)
    v_out, times, waiting = np.full(steps, np.nan), [], 0
    current = np.repeat(wave, per_coarse).tolist()
    x = start.copy()
    for k in range(steps):
        before = x[0]
        x = x + dt * slopes(x, current[k])
        if not -1e6 < x[0] < 1e6:  # unstable: this step is too long for Euler
            break
        if waiting and reset is not None:
            waiting -= 1
            x[0] = before
        elif x[0] >= (x[1] if moving else level) and (reset is not None or before < level):
            times.append((k + 1) * dt)
            if reset is not None:
                x, waiting = reset(x), rest
        v_out[k] = x[0]
    return _Solution(np.array(times), v_out)


def _resets(setup: Setup) -> Callable[[Array], Array] | None:
    """What a spike does to the variables; None for models whose spike is part of the equations."""
    p: Any = setup.neuron
    if setup.model in ("fitzhugh_nagumo", "hodgkin_huxley"):
        return None
    if isinstance(p, LIFParams) and p.reset != "value":
        drop = p.v_th - p.v_reset if p.reset == "subtract" else 0.0
        return lambda x: x - drop
    to = {"izhikevich": "c"}.get(setup.model, "v_reset")
    jump = {"izhikevich": "d", "adex": "b", "adaptive": "theta_jump"}.get(setup.model)

    def reset(x: Array) -> Array:
        x = x.copy()
        x[0] = getattr(p, to)
        if jump is not None:
            x[1] += getattr(p, jump)
        return x

    return reset
