"""Run one neuron under one stimulus, measure it, and say what theory expected."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import spike_trains
from snncore.playground.expected import Expected, expected
from snncore.playground.setup import Setup
from snncore.stimuli import Recording

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Summary:
    """Numbers of one run; NaN where there are not enough spikes or there is no theory."""

    count: int
    rate_hz: float  # 1 / mean interval: without the wait for the first spike; 0 below two spikes
    count_rate_hz: float  # spikes per second of the whole run
    last_rate_hz: float  # 1 / last interval, when adaptation has settled; 0 below two spikes
    isi_ms: float  # mean interval, NaN below two spikes
    theory: str  # "exact", "quadrature", "Siegert", "quasi-static" or "none"
    theory_rate_hz: float  # in continuous time
    theory_grid_rate_hz: float  # of the simulation, which may look for spikes only every dt
    compared: str  # the field (one of the three measured rates) that `relative_error` is about
    relative_error: float  # measured / theory_rate_hz − 1
    first_spike_ms: float
    theory_first_spike_ms: float
    cv: float
    theory_cv: float
    rheobase_na: float  # where firing sets in under a constant current
    onset: str  # how it does: "rheobase", "Hopf", or "" where it is not known


class Run(NamedTuple):
    """One neuron's run, on the CPU; entry k belongs to the end of step k."""

    t: Array  # [T] ms
    current: Array  # [T] nA, constant during step k
    wave: Array  # [T] nA, its deterministic part: without the noise
    v: Array  # [T] mV, or the unit of the model's first variable
    others: dict[str, Array]  # the model's further variables by name, each [T]
    spike_steps: NDArray[np.int64]  # [K]
    spike_times: Array  # [K] ms, when the spike happened inside its step
    summary: Summary


def play(setup: Setup, recording: Recording | None = None, device: str = "cpu") -> Run:
    """Simulate, measure and compare. One neuron is fastest on the CPU (and there in float64).

    Raises:
        ValueError: the stimulus and the model do not go together (see `stimuli.drive`).
    """
    run = setup.run
    current = setup.drive(recording, samples=torch.zeros(1, dtype=torch.int64, device=device))
    trace = setup.simulate(current)
    wave = setup.waveform(recording)
    times = trace.spike_times()
    return Run(
        t=np.arange(1, run.n_steps + 1, dtype=np.float64) * np.float64(run.dt),
        current=_column(current),
        wave=wave,
        v=_column(trace.v),
        others={name: _column(values) for name, values in trace.others.items()},
        spike_steps=trace.events.step.cpu().numpy(),
        spike_times=times,
        summary=_summary(times, setup, expected(setup, wave)),
    )


def _column(values: torch.Tensor) -> Array:
    return values[:, 0, 0].cpu().numpy().astype(np.float64)


def _summary(times: Array, setup: Setup, theory: Expected) -> Summary:
    count_rate = spike_trains.count_rate_hz(times, setup.run.n_steps * setup.run.dt)
    gaps = spike_trains.intervals(times)
    isi = float(gaps.mean()) if gaps.size else math.nan
    rate = 1000.0 / isi if isi > 0 else 0.0
    last = 1000.0 / float(gaps[-1]) if gaps.size and gaps[-1] > 0 else 0.0
    # Equal intervals are measured best from spike to spike; irregular ones by counting; those of
    # a neuron that adapts, or waits for a synapse, when it has settled.
    rates = {"rate_hz": rate, "count_rate_hz": count_rate, "last_rate_hz": last}
    compared = "count_rate_hz"
    if theory.kind in ("exact", "quadrature") and rate > 0:
        compared = "rate_hz" if setup.model == "lif" else "last_rate_hz"
    return Summary(
        count=len(times),
        rate_hz=rate,
        count_rate_hz=count_rate,
        last_rate_hz=last,
        isi_ms=isi,
        theory=theory.kind,
        theory_rate_hz=theory.rate_hz,
        theory_grid_rate_hz=theory.grid_rate_hz,
        compared=compared,
        relative_error=_relative_error(rates[compared], theory.rate_hz),
        first_spike_ms=float(times[0]) if len(times) else math.nan,
        theory_first_spike_ms=theory.first_spike_ms,
        cv=spike_trains.cv(times),
        theory_cv=theory.cv,
        rheobase_na=theory.rheobase_na,
        onset=theory.onset,
    )


def _relative_error(measured: float, rate_hz: float) -> float:
    if rate_hz == 0:
        return 0.0 if measured == 0 else math.nan
    return measured / rate_hz - 1.0


def csv_text(setup: Setup, run: Run) -> str:
    """The run as CSV: t_ms, current_na, v_mv, further variables, spike (1 at a spike's step)."""
    import pyarrow  # Streamlit brings it; ten times as fast as numbers written one by one
    from pyarrow.csv import WriteOptions, write_csv

    units = {"mV": "_mv", "nA": "_na"}
    names = [v.name + units.get(v.unit, "") for v in setup.kind.variables]
    spike = np.zeros(run.t.size, dtype=np.int64)
    spike[run.spike_steps] = 1
    columns = {
        "t_ms": np.round(run.t, 9),
        "current_na": run.current,
        **dict(zip(names, (run.v, *run.others.values()), strict=True)),
        "spike": spike,
    }
    text = io.BytesIO((",".join(columns) + "\n").encode())
    text.seek(0, io.SEEK_END)
    write_csv(pyarrow.table(columns), text, WriteOptions(include_header=False))
    return text.getvalue().decode()
