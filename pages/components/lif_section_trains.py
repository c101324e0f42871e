"""Sections on spike trains: their regularity, repeated trials, what makes the neuron fire."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import streamlit as st

from pages.components import lif_section_base as base
from pages.components.controls import controls
from pages.components.lif_section_base import HASH, Bench, Row
from snncore import spike_trains
from snncore.playground import Run, Setup
from snncore.playground.sta import STA, STAParams, sta
from snncore.playground.trials import Trials, TrialsParams, trials
from snncore.plots.analysis import Mark, Series, curves
from snncore.plots.raster import cells_of_trains, raster_over_rate
from snncore.stimuli import Recording

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
    whole = float(math.ceil(duration / 100) * 100)
    return dataclasses.replace(setup, run=dataclasses.replace(setup.run, duration=whole))


def _goes_on(setup: Setup, recording: Recording | None) -> bool:
    """Whether a longer run has the same statistics: no step, ramp, chirp or recording in it."""
    s = setup.stimulus
    return recording is None and s.step_current == s.ramp_current == s.chirp_current == 0


@st.cache_data(max_entries=32, ttl=3600, max_size="32MB", show_spinner=False, hash_funcs=HASH)
def train_of(setup: Setup, recording: Recording | None) -> Train:
    """Statistics of this setting's spikes."""
    run = base.cached_play(setup, recording)
    long = longer(setup, run, recording)
    if long != setup:
        run = base.cached_play(long, recording)
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


def regularity(bench: Bench) -> None:
    """Instantaneous rate, intervals, Fano factor, autocorrelogram, return map."""
    run = base.computed(lambda: base.cached_play(bench.setup, bench.recording))
    if run is None:
        return
    summary = run.summary
    if summary.count < 2:
        base.hint(base.too_few(summary.rheobase_na, f"Not enough spikes ({summary.count})"))
        return
    train = base.computed(lambda: train_of(bench.setup, bench.recording))
    if train is None:
        return
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
        _interval_chart(train, summary.theory_rate_hz)
    with right:
        _return_chart(train)
    left, right = st.columns(2, gap="medium")
    with left:
        _fano_chart(train, summary.theory_cv)
    with right:
        _correlogram_chart(train)
    base.table(_rows(train, run))
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


def _interval_chart(train: Train, theory_hz: float) -> None:
    h = train.histogram
    if h.counts.size == 0:
        base.hint("A histogram needs at least 6 spikes. Lengthen the run.")
        return
    expected = 1000.0 / theory_hz if theory_hz > 0 else math.nan
    spec = curves(
        [Series("Simulation", h.edges, h.density * 1000.0, "voltage", "bars")],
        "Interval [ms]",
        "Density [1/s]",
        marks=[Mark("Mean interval in theory", expected, "x", "theory")],
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
    )
    base.chart(spec, "fano", "Fano factor of the spike counts against the counting window.")


def _correlogram_chart(train: Train) -> None:
    a = train.autocorrelogram
    if a.lags.size == 0:
        base.hint("An autocorrelogram needs at least 10 spikes. Lengthen the run.")
        return
    flat = np.full(a.lags.size, a.expected_hz)
    spec = curves(
        [
            Series(
                "Pure chance ± 95 %", a.lags, flat, _GREY, "dash",
                np.maximum(flat - a.band_hz, 0.0), flat + a.band_hz,
            ),
            Series("Simulation", a.lags, a.rate_hz, "voltage", "step"),
        ],
        "Time since a spike [ms]",
        "Rate [Hz]",
        zero=True,
        columns=2,
    )  # fmt: skip
    base.chart(spec, "autocorrelogram", "Autocorrelogram: firing rate at a time after any spike.")


def _rows(train: Train, run: Run) -> list[Row]:
    """Rate and spread against theory; a regular train has all measures 0."""
    s = run.summary
    regular = 0.0 if s.theory_cv == 0 else math.nan
    rho = float(train.serial.rho[0]) if train.serial.rho.size else math.nan
    # Standard errors of independent intervals that are not far from a gamma law.
    n, spread = max(1, len(train.times) - 1), train.cv if train.cv > 1e-6 else math.nan
    rate = spike_trains.interval_rate_hz(train.times)
    rows = [
        Row("Rate, 1 / mean interval [Hz]", rate, s.theory_rate_hz, rate * spread / math.sqrt(n)),
        Row(
            "CV of the intervals", train.cv, s.theory_cv, spread * math.sqrt((0.5 + spread**2) / n)
        ),
        Row("CV2, neighbours", train.cv2, regular),
        Row("LV, local variation", train.lv, regular),
    ]
    if math.isfinite(rho):
        independent = 0.0 if s.theory == "Siegert" else math.nan
        chance = float(train.serial.band[0]) / 1.96
        rows.append(Row("Correlation of neighbours", rho, independent, chance))
    return rows


@st.cache_data(max_entries=32, ttl=3600, max_size="32MB", show_spinner=False, hash_funcs=HASH)
def cached_trials(setup: Setup, params: TrialsParams, recording: Recording | None) -> Trials:
    """The same run, repeated."""
    return trials(setup, params, recording)


def repeated(bench: Bench) -> None:
    """Raster and rate over trials, and whether the trials agree."""
    params = controls(TrialsParams, "lif_trials", columns=3)
    stimulus = bench.setup.stimulus
    if not stimulus.is_noisy:
        words = "The drive has no noise: trials differ only by the neuron's own noise."
    elif stimulus.frozen:
        words = (
            "Frozen noise is **on**: every trial gets the very same fluctuating current, and only "
            "the neuron's own noise is new. Common fluctuations keep the spikes in step."
        )
    else:
        words = (
            "Frozen noise is **off**: every trial gets a new fluctuating current, so its spikes "
            "come at other times. Freeze the noise to see how precisely the neuron repeats itself."
        )
    st.caption(words)
    if stimulus.is_noisy:
        label = "Let the noise be new in each trial" if stimulus.frozen else "Freeze the noise"
        base.fix(label, "frozen", {"lif_frozen": not stimulus.frozen})
    found = base.computed(lambda: cached_trials(bench.setup, params, bench.recording))
    if found is None:
        return
    n_spikes = sum(train.size for train in found.trains)
    if n_spikes == 0:
        rheobase = base.cached_play(bench.setup, bench.recording).summary.rheobase_na
        base.hint(base.too_few(rheobase, "No spike in any trial"))
        return
    h = found.psth
    rates = [Series("Rate over trials ± 95 %", h.t, h.rate_hz, "voltage", "step", h.low, h.high)]
    if found.theory_hz is not None:
        rates.append(Series("Theory (quasi-static)", h.t, found.theory_hz, "theory", "dash"))
    spec = raster_over_rate(
        cells_of_trains(found.trains, found.duration),
        found.duration,
        "Trial",
        rates,
        dark=bench.dark,
    )
    base.chart(spec, "trials", "Spikes of each trial, one row a trial, over the mean rate.")
    if found.duration < bench.setup.run.duration - bench.setup.run.dt:
        st.caption(f"Only the first {found.duration:g} ms: more trials, shorter runs.")
    theory = math.nan if found.theory_hz is None else float(np.mean(found.theory_hz))
    base.table(
        [
            Row("Mean rate [Hz]", found.mean_rate_hz, theory, _rate_error(found)),
            Row(f"Reliability at {params.jitter:g} ms", found.reliability),
            Row("Reliability by chance", found.chance),
            Row("Fano factor of the counts", found.fano),
        ]
    )
    st.caption(
        "Reliability is the mean agreement of two trials (Schreiber et al. 2003): 1 when all "
        "spikes coincide. By chance: the same trials, each shifted by a random time."
    )
    base.download(
        "lif_trials",
        lambda: {
            "trial": np.repeat(np.arange(1, len(found.trains) + 1), [t.size for t in found.trains]),
            "spike_ms": np.concatenate(found.trains),
        },
    )


def _rate_error(found: Trials) -> float:
    """Standard error of the mean rate over trials, Hz."""
    counts = np.array([train.size for train in found.trains], dtype=np.float64)
    return float(counts.std(ddof=1) / math.sqrt(counts.size)) * 1000.0 / found.duration


@st.cache_data(max_entries=32, ttl=3600, max_size="8MB", show_spinner=False, hash_funcs=HASH)
def cached_sta(setup: Setup, params: STAParams, recording: Recording | None) -> STA:
    """What precedes a spike."""
    return sta(setup, params, recording)


def _limit_words(bench: Bench, found: STA) -> str:
    """How near the setting is to the limit that the theory line is about."""
    setup = bench.setup
    if found.limit_na is None or setup.membrane is None:
        return ""
    sigma = setup.stimulus.sigma_v_total(setup.membrane, setup.run.dt)
    rest = setup.neuron.v_rest + setup.membrane.r_m * setup.stimulus.current
    gap = (setup.kind.level(setup.neuron) - rest) / sigma
    return (
        " The theory holds where spikes are rare, with the threshold many standard deviations "
        f"above the mean voltage; here it is {gap:.2g}. Lower the current to come closer."
    )


def cause(bench: Bench) -> None:
    """The mean noise current before a spike, with its error and a shuffled control."""
    if not bench.setup.stimulus.is_noisy:
        base.hint(
            "This needs noise: under a drive without fluctuations every spike has the same cause. "
            "Add white noise to the drive."
        )
        if bench.setup.membrane is None:
            base.fix("Add noise", "sta", {"lif_noise_intensity": 1.0})
        else:
            base.fix("Add noise of 3 mV", "sta", {"lif_sigma_v": 3.0})
        return
    with st.container(width=340):
        params = controls(STAParams, "lif_sta")
    found = base.computed(lambda: cached_sta(bench.setup, params, bench.recording))
    if found is None:
        return
    if not np.isfinite(found.sta_na).any():
        rheobase = base.cached_play(bench.setup, bench.recording).summary.rheobase_na
        base.hint(base.too_few(rheobase, f"Not enough spikes ({found.n_spikes})"))
        return
    t, two = -found.lags, 1.96
    series = [
        Series("Shuffled control ± 95 %", t, found.control_na, "reference", "dash",
               found.control_na - two * found.control_error_na,
               found.control_na + two * found.control_error_na),
        Series("Mean noise current ± 95 %", t, found.sta_na, "voltage", "line",
               found.sta_na - two * found.error_na, found.sta_na + two * found.error_na),
    ]  # fmt: skip
    if found.limit_na is not None:
        series.append(Series("Theory for rare spikes", t, found.limit_na, "theory", "line"))
    spec = curves(
        series,
        "Time before the spike [ms] (0: the spike)",
        "Noise current [nA]",
        marks=[Mark("Spike", 0.0, "x", "spike")],
        zero=True,
        columns=2,
        height=340,
    )
    base.chart(spec, "sta", "Spike-triggered average of the noise current, spike at zero.")
    st.caption(
        f"Mean of the noise before {found.n_spikes:,} spikes of {found.n_neurons} equal neurons "
        f"with independent noise, {found.duration / 1000:.3g} s each, in bins of "
        f"{found.width:.3g} ms. The control pairs spikes with the noise of another neuron: what it "
        "shows is chance. After the spike there is nothing to see: noise cannot know of it."
        + _limit_words(bench, found)
    )
    base.download(
        "lif_sta",
        lambda: {
            "ms_before_spike": found.lags,
            "sta_na": found.sta_na,
            "standard_error_na": found.error_na,
            "control_na": found.control_na,
            "control_standard_error_na": found.control_error_na,
        },
    )
