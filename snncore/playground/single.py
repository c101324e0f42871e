"""Run one neuron under one stimulus and say what theory expected.

Which theory applies depends on the drive: the closed-form rate for a constant current ("exact"),
Siegert's rate for a constant current with white noise ("Siegert"), and for a drive that changes
in time the mean of those rates at each moment ("quasi-static": right as long as the drive changes
little within an interval, an approximation otherwise).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import metrics, theory
from snncore.neurons import LIFParams
from snncore.simulate import RunParams, run_lif
from snncore.stimuli import StimulusParams, drive

Array = NDArray[np.float64]
_QUASI_STATIC_POINTS = 2000


class TheoryRates(NamedTuple):
    """Expected rates in Hz; NaN where there is no theory."""

    kind: str  # "exact", "Siegert", "quasi-static" or "none"
    rate_hz: float  # in continuous time
    grid_rate_hz: float  # of a simulation that looks for spikes every dt


class Summary(NamedTuple):
    """Numbers of one run; NaN where there are not enough spikes or there is no theory."""

    n_spikes: int
    rate_hz: float  # spikes per second of the whole run
    interval_rate_hz: float  # 1 / mean interval: without the wait for the first spike
    theory: str
    theory_rate_hz: float
    theory_grid_rate_hz: float
    compared: str  # which of the two measured rates `relative_error` is about
    relative_error: float  # measured / theory_rate_hz − 1
    first_spike_ms: float
    theory_first_spike_ms: float
    cv: float
    theory_cv: float
    rheobase_na: float


class Run(NamedTuple):
    """One neuron's run, on the CPU; entry k belongs to the end of step k."""

    t: Array  # [T] ms
    current: Array  # [T] nA, constant during step k
    wave: Array  # [T] nA, its deterministic part: without the noise
    v: Array  # [T] mV
    spike_steps: NDArray[np.int64]  # [K]
    spike_times: Array  # [K] ms, when the threshold was reached inside the step
    summary: Summary


def play(neuron: LIFParams, stimulus: StimulusParams, run: RunParams, device: str = "cpu") -> Run:
    """Simulate, measure and compare. One neuron is fastest on the CPU (and there in float64)."""
    where = torch.zeros(1, dtype=torch.int64, device=device)
    current = drive(stimulus, neuron, run.n_steps, run.dt, seed=run.seed, samples=where)
    trace = run_lif(current, neuron, run.dt)
    times = trace.spike_times()
    return Run(
        t=np.arange(1, run.n_steps + 1, dtype=np.float64) * np.float64(run.dt),
        current=current[:, 0, 0].cpu().numpy().astype(np.float64),
        wave=stimulus.waveform(run.n_steps, run.dt),
        v=trace.v[:, 0, 0].cpu().numpy().astype(np.float64),
        spike_steps=trace.events.step.cpu().numpy(),
        spike_times=times,
        summary=_summary(times, neuron, stimulus, run),
    )


def _summary(times: Array, neuron: LIFParams, stimulus: StimulusParams, run: RunParams) -> Summary:
    count_rate = metrics.rate_hz(len(times), run.n_steps * run.dt)
    gaps = metrics.intervals(times)
    interval_rate = 1000.0 / float(gaps.mean()) if gaps.size and gaps.mean() > 0 else math.nan
    expected = theory_rates(neuron, stimulus, run)
    # Equal intervals are measured best from spike to spike; irregular ones by counting.
    by_interval = stimulus.is_constant and math.isfinite(interval_rate)
    measured = interval_rate if by_interval else count_rate
    first_expected, cv_expected = math.nan, math.nan
    if stimulus.is_constant:
        first_expected = float(theory.first_spike(neuron, stimulus.current))
        if expected.rate_hz > 0:
            cv_expected = 0.0
    elif expected.kind == "Siegert":
        cv_expected = theory.noisy_cv(neuron, stimulus.current, stimulus.sigma_v)
    return Summary(
        n_spikes=len(times),
        rate_hz=count_rate,
        interval_rate_hz=interval_rate,
        theory=expected.kind,
        theory_rate_hz=expected.rate_hz,
        theory_grid_rate_hz=expected.grid_rate_hz,
        compared="interval_rate_hz" if by_interval else "rate_hz",
        relative_error=_relative_error(measured, expected.rate_hz),
        first_spike_ms=float(times[0]) if len(times) else math.nan,
        theory_first_spike_ms=first_expected,
        cv=metrics.cv(times),
        theory_cv=cv_expected,
        rheobase_na=theory.rheobase(neuron),
    )


def _relative_error(measured: float, expected: float) -> float:
    if expected == 0:
        return 0.0 if measured == 0 else math.nan
    return measured / expected - 1.0


def theory_rates(neuron: LIFParams, stimulus: StimulusParams, run: RunParams) -> TheoryRates:
    """What rates to expect (see the top of this file)."""
    if neuron.reset == "none":
        return TheoryRates("none", math.nan, math.nan)
    if stimulus.is_constant:
        return TheoryRates(
            "exact",
            float(theory.rate_hz(neuron, stimulus.current)),
            float(theory.grid_rate_hz(neuron, stimulus.current, run.dt)),
        )
    steady = stimulus.step_current == 0 and stimulus.amplitude == 0
    levels = np.array([stimulus.current])
    if not steady:
        every = max(1, run.n_steps // _QUASI_STATIC_POINTS)
        levels = stimulus.waveform(run.n_steps, run.dt)[::every]
    return TheoryRates(
        "Siegert" if steady else "quasi-static",
        float(theory.noisy_rate_hz(neuron, levels, stimulus.sigma_v).mean()),
        float(theory.noisy_rate_hz(neuron, levels, stimulus.sigma_v, run.dt).mean()),
    )


def csv_text(run: Run) -> str:
    """The run as CSV: t_ms, current_na, v_mv, spike (1 at the step of a spike)."""
    spike = np.zeros(run.t.size, dtype=np.int64)
    spike[run.spike_steps] = 1
    rows = zip(run.t.tolist(), run.current.tolist(), run.v.tolist(), spike.tolist(), strict=True)
    lines = [f"{t:.10g},{i!r},{v!r},{s}" for t, i, v, s in rows]
    return "\n".join(["t_ms,current_na,v_mv,spike", *lines]) + "\n"
