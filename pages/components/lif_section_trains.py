"""Section on the regularity of a spike train: rate, intervals, counts, correlations."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import streamlit as st

from pages.components import lif_section_base as base
from pages.components.lif_run import HASH, cached_run
from pages.components.lif_section_base import Bench, Row
from snncore import spike_trains
from snncore.neurons import LIFParams, Membrane
from snncore.playground import Run, Setup
from snncore.playground.budget import most_steps
from snncore.plots.analysis import Mark, Series, curves
from snncore.stimuli import Recording
from snncore.theory.first_passage import (
    IntervalLaw,
    interval_law,
    local_variation,
    renewal_rate_hz,
)

WANTED_SPIKES = 400  # a histogram of fewer intervals is mostly chance
_LONGEST_MS = 60_000.0
_MOST_STEPS = {"lif": 400_000}
_MOST_STEPS_OTHERS = 100_000
_GREY = "reference"


class Train(NamedTuple):
    """The spike train that the statistics are taken from, and their results."""

    times: np.ndarray
    duration: float  # ms
    longer: bool  # than the run that the page shows
    cv: float
    cv2: float
    lv: float
    histogram: spike_trains.ISIHistogram
    fano: spike_trains.FanoCurve
    autocorrelogram: spike_trains.Autocorrelogram
    serial: spike_trains.SerialCorrelation


def longer(setup: Setup, run: Run, recording: Recording | None) -> Setup:
    """`setup` with a duration that gives `WANTED_SPIKES`, where the drive would go on the same."""
    shown = setup.run.duration
    if run.summary.count < 2 or not _goes_on(setup, recording):
        return setup
    wanted = shown * WANTED_SPIKES / run.summary.count
    most = _MOST_STEPS.get(setup.model, _MOST_STEPS_OTHERS) * setup.run.dt
    duration = min(wanted, _LONGEST_MS, most)
    if duration <= shown:
        return setup
    whole = min(math.ceil(duration / 100) * 100.0, most_steps(setup) * setup.run.dt)
    return dataclasses.replace(setup, run=dataclasses.replace(setup.run, duration=whole))


def _goes_on(setup: Setup, recording: Recording | None) -> bool:
    """Whether a longer run has the same statistics: no step, ramp, chirp or recording in it."""
    s = setup.stimulus
    return recording is None and s.step_current == s.ramp_current == s.chirp_current == 0


@st.cache_data(max_entries=32, ttl=3600, max_size="32MB", show_spinner=False, hash_funcs=HASH)
def train_of(setup: Setup, recording: Recording | None) -> Train:
    """Statistics of this setting's spikes."""
    run = cached_run(setup, recording)
    long = longer(setup, run, recording)
    if long != setup:
        run = cached_run(long, recording)
    times, duration = run.spike_times, long.run.n_steps * long.run.dt
    return Train(
        times,
        duration,
        long != setup,
        spike_trains.cv(times),
        spike_trains.cv2(times),
        spike_trains.lv(times),
        spike_trains.isi_histogram(times),
        spike_trains.fano_curve(times, duration),
        spike_trains.autocorrelogram(times, duration),
        spike_trains.serial_correlation(times),
    )


@st.cache_data(max_entries=64, ttl=3600, max_size="4MB", show_spinner=False)
def cached_law(neuron: LIFParams, current: float, sigma_v: float, dt: float) -> IntervalLaw:
    """The distribution of the intervals in theory."""
    return interval_law(neuron, current, sigma_v, dt)


def regularity(bench: Bench) -> None:
    """Instantaneous rate, intervals, Fano factor, autocorrelogram, return map."""
    run = base.computed(lambda: cached_run(bench.setup, bench.recording))
    if run is None:
        return
    summary = run.summary
    if summary.count < 2:
        base.too_few(bench, f"Not enough spikes ({summary.count})")
        return
    train = base.computed(lambda: train_of(bench.setup, bench.recording))
    if train is None:
        return
    law = _law(bench)
    _rate_chart(run, bench.setup)
    if train.longer:
        st.caption(
            f"The statistics below are of a longer run with the same drive: "
            f"{train.duration / 1000:.3g} s, {len(train.times):,} spikes."
        )
    else:
        st.caption(f"The statistics below are of the run shown: {len(train.times):,} spikes.")
    left, right = st.columns(2, gap="medium")
    with left:
        _interval_chart(train, summary.theory_rate_hz, law)
    with right:
        _return_chart(train)
    left, right = st.columns(2, gap="medium")
    with left:
        _fano_chart(train, summary.theory_cv)
    with right:
        _correlogram_chart(train, law)
    base.table(_rows(train, run, law))
    base.download(
        "lif_spikes",
        lambda: {"spike_ms": train.times, "interval_ms": spike_trains.intervals(train.times)},
    )


def _rate_chart(run: Run, setup: Setup) -> None:
    duration = setup.run.n_steps * setup.run.dt
    stairs = spike_trains.instantaneous_rate(run.spike_times)
    smooth = spike_trains.smooth_rate(run.spike_times, duration)
    spec = curves(
        [
            Series("1 / interval", stairs.t, stairs.rate_hz, "voltage", "step"),
            Series(f"Smoothed ({smooth.sigma:.3g} ms)", smooth.t, smooth.rate_hz, "spike"),
        ],
        "Time [ms]",
        "Rate [Hz]",
        x_span=(0.0, duration),
        zero=True,
        height=220,
        zoom=True,
    )
    base.chart(spec, "rate", "Instantaneous firing rate over time, from spike to spike.")


def _law(bench: Bench) -> IntervalLaw | None:
    """What theory says of the intervals; None where it does not know."""
    neuron, stimulus = bench.setup.neuron, bench.setup.stimulus
    if not isinstance(neuron, LIFParams) or neuron.reset == "none" or bench.recording is not None:
        return None
    if not stimulus.is_white or stimulus.is_coloured or not stimulus.is_steady:
        return None
    dt = bench.setup.run.dt
    sigma = stimulus.sigma_v_total(Membrane(neuron.tau_m, neuron.r_m), dt)
    return base.computed(lambda: cached_law(neuron, stimulus.current, sigma, dt))


def _interval_chart(train: Train, theory_hz: float, law: IntervalLaw | None) -> None:
    h = train.histogram
    if h.counts.size == 0:
        base.hint("A histogram needs at least 6 spikes. Lengthen the run.")
        return
    series = [Series("Simulation", h.edges, h.density * 1000.0, "voltage", "bars")]
    marks = []
    low, high = float(h.edges[0]), float(h.edges[-1])
    if law is not None and law.t.size:
        low = min(low, float(law.t[0]))
        seen = law.t <= high
        theory = Series("Theory", law.t[seen], law.density[seen] * 1000.0, "theory")
        series.append(theory)
    elif theory_hz > 0:
        marks.append(Mark("Mean interval in theory", 1000.0 / theory_hz, "x", "theory"))
    spec = curves(
        series,
        "Interval [ms]",
        "Density [1/s]",
        marks=marks,
        x_span=(low, high) if law is not None and law.t.size else None,
        zero=True,
    )
    base.chart(spec, "isi", "Histogram of the intervals between spikes.")


def _return_chart(train: Train) -> None:
    isi = spike_trains.intervals(train.times)
    if isi.size < 2:
        base.hint("A return map needs at least 3 spikes. Lengthen the run.")
        return
    low, high = float(isi.min()), float(isi.max())
    room = 0.08 * (high - low) if high > low * (1 + 1e-6) else 0.1 * high
    ends = (low - room, high + room)
    diagonal = np.array(ends)
    spec = curves(
        [
            Series("Equal intervals", diagonal, diagonal, _GREY, "dash"),
            Series("Pair of intervals", isi[:-1], isi[1:], "voltage", "dots"),
        ],
        "Interval [ms]",
        "Next interval [ms]",
        x_span=ends,
        y_span=ends,
    )
    base.chart(spec, "return", "Return map: each interval against the one before it.")


def _fano_chart(train: Train, theory_cv: float) -> None:
    f = train.fano
    if f.windows.size == 0:
        base.hint("The Fano factor needs at least 10 spikes. Lengthen the run.")
        return
    spec = curves(
        [Series("Simulation ± 95 %", f.windows, f.fano, "voltage", "line", f.low, f.high)],
        "Counting window [ms]",
        "Fano factor",
        marks=[
            Mark("Theory: CV²", theory_cv**2, "y", "theory"),
            Mark("Poisson: 1", 1.0, "y", _GREY),
        ],
        log_x=True,
        y_span=(0.0, max(1.25, 1.1 * float(np.nanmax(f.fano)))),
        columns=2,
    )
    base.chart(spec, "fano", "Fano factor of the spike counts against the counting window.")


def _correlogram_chart(train: Train, law: IntervalLaw | None) -> None:
    a = train.autocorrelogram
    if a.lags.size == 0:
        base.hint("An autocorrelogram needs at least 10 spikes. Lengthen the run.")
        return
    flat = np.full(a.lags.size, a.expected_hz)
    series = [
        Series(
            "Pure chance ± 95 %", a.lags, flat, _GREY, "dash",
            np.maximum(flat - a.band_hz, 0.0), flat + a.band_hz,
        ),
        Series("Simulation", a.lags, a.rate_hz, "voltage", "step"),
    ]  # fmt: skip
    if law is not None:
        series.append(Series("Theory", a.lags, renewal_rate_hz(law, a.lags), "theory"))
    spec = curves(
        series,
        "Time since a spike [ms]",
        "Rate [Hz]",
        zero=True,
        columns=2,
    )
    base.chart(spec, "autocorrelogram", "Autocorrelogram: firing rate at a time after any spike.")


def _rows(train: Train, run: Run, law: IntervalLaw | None) -> list[Row]:
    """Rate and spread against theory; a regular train has all measures 0."""
    s = run.summary
    cv2, lv = (0.0, 0.0) if s.theory_cv == 0 else (math.nan, math.nan)
    if law is not None:
        cv2, lv = local_variation(law)
    rho = float(train.serial.rho[0]) if train.serial.rho.size else math.nan
    # Standard errors of independent intervals that are not far from a gamma law.
    n, spread = max(1, len(train.times) - 1), train.cv if train.cv > 1e-6 else math.nan
    rate = spike_trains.interval_rate_hz(train.times)
    rows = [
        Row("Rate, 1 / mean interval [Hz]", rate, s.theory_rate_hz, rate * spread / math.sqrt(n)),
        Row(
            "CV of the intervals", train.cv, s.theory_cv, spread * math.sqrt((0.5 + spread**2) / n)
        ),
        Row("CV2, neighbours", train.cv2, cv2),
        Row("LV, local variation", train.lv, lv),
    ]
    if math.isfinite(rho):
        independent = 0.0 if s.theory == "Siegert" else math.nan
        chance = float(train.serial.band[0]) / 1.96
        rows.append(Row("Correlation of neighbours", rho, independent, chance))
    return rows
