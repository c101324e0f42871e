"""Sections on repeated trials and on what makes the neuron fire."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from pages.components import lif_section_base as base
from pages.components.lif_run import HASH
from pages.components.lif_section_base import Bench, Row
from snncore.playground import Setup
from snncore.playground.sta import STA, STAParams, sta
from snncore.playground.trials import Trials, TrialsParams, trials
from snncore.plots.analysis import Mark, Series, curves
from snncore.plots.raster import cells_of_trains, raster_over_rate
from snncore.stimuli import Recording


@st.cache_data(max_entries=32, ttl=3600, max_size="32MB", show_spinner=False, hash_funcs=HASH)
def cached_trials(setup: Setup, params: TrialsParams, recording: Recording | None) -> Trials:
    """The same run, repeated."""
    return trials(setup, params, recording)


def repeated(bench: Bench) -> None:
    """Raster and rate over trials, and whether the trials agree."""
    params = base.controls(TrialsParams, "lif_trials", columns=3)
    if params is None:
        return
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
        base.too_few(bench, "No spike in any trial")
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
        "spikes coincide. By chance: the same trials, each shifted by a random time. Theory knows "
        "no beginning; each trial begins at rest, so its first spike is late."
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
        params = base.controls(STAParams, "lif_sta")
    if params is None:
        return
    found = base.computed(lambda: cached_sta(bench.setup, params, bench.recording))
    if found is None:
        return
    if not np.isfinite(found.sta_na).any():
        base.too_few(bench, f"Not enough spikes ({found.n_spikes})")
        return
    t, two = -found.lags, 1.96
    series = [
        Series("Shuffled ± 95 %", t, found.control_na, "reference", "dash",
               found.control_na - two * found.control_error_na,
               found.control_na + two * found.control_error_na),
        Series("Noise ± 95 %", t, found.sta_na, "voltage", "line",
               found.sta_na - two * found.error_na, found.sta_na + two * found.error_na),
    ]  # fmt: skip
    if found.limit_na is not None:
        series.append(Series("Rare-spike theory", t, found.limit_na, "theory", "line"))
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
