"""Repeated trials and the spike-triggered average, against laws and controls."""

from __future__ import annotations

import math

import numpy as np
import pytest

from snncore.playground import Setup, play
from snncore.playground.sta import STAParams, spike_triggered, sta
from snncore.playground.trials import TrialsParams, trials

GENERATOR = np.random.default_rng(7)


def test_without_any_noise_all_trials_are_the_single_run():
    setup = Setup.of("lif", current=3.0)
    result = trials(setup, TrialsParams(n_trials=4, own_noise=0))
    times = play(setup).spike_times
    assert len(times) > 20 and all((train == times).all() for train in result.trains)
    assert result.reliability == pytest.approx(1) and result.fano == 0
    assert result.chance < 0.9


def test_frozen_noise_fires_reliably_and_fresh_noise_does_not():
    drive = dict(current=1.8, ou_std=1.0, ou_tau=3.0, duration=1000)
    frozen = trials(Setup.of("lif", **drive, frozen=True), TrialsParams())
    fresh = trials(Setup.of("lif", **drive), TrialsParams())
    # Mainen & Sejnowski 1995: the same fluctuations bring the spikes at the same times.
    assert frozen.reliability > 0.7
    assert fresh.reliability < fresh.chance + 0.1
    assert frozen.reliability > 4 * fresh.reliability
    assert frozen.fano < 0.2 * fresh.fano
    assert frozen.theory_hz is None and fresh.theory_hz is None


def test_under_a_constant_current_the_timing_is_lost_spike_by_spike():
    steady = trials(Setup.of("lif", current=2.5, duration=1000), TrialsParams(n_trials=100))
    fifth, twentieth = (np.std([t[k] for t in steady.trains]) for k in (4, 19))
    # Errors of independent intervals add: std ∝ √number, known to 7 % from 100 trials.
    assert twentieth / fifth == pytest.approx(2, rel=0.25)


def test_the_psth_of_a_slow_sine_follows_the_quasi_static_rate():
    # Trials begin at rest, so the first cycle is left out; the drive changes by 5 % per interval.
    setup = Setup.of(
        "lif", current=2.2, amplitude=0.5, frequency_hz=1, sigma_v=3.0, duration=2000, tau_m=10
    )
    result = trials(setup, TrialsParams(n_trials=75, own_noise=0))
    assert result.theory_hz is not None
    later = result.psth.t > 1000
    inside = (result.psth.low <= result.theory_hz) & (result.psth.high >= result.theory_hz)
    assert inside[later].mean() > 0.85  # a 95 % band of 50 bins, and theory is an approximation
    ratio = result.psth.rate_hz[later].sum() / result.theory_hz[later].sum()
    assert ratio == pytest.approx(1, abs=0.03)
    assert result.theory_hz[later].max() > 2 * result.theory_hz[later].min()


def test_own_noise_is_independent_of_the_noise_of_the_drive():
    # Both of 2 nA·√ms: σ_V is √2 of each; were they the same numbers, it would be twice.
    setup = Setup.of("lif", current=1.5, noise_intensity=2.0, duration=2000)
    result = trials(setup, TrialsParams(n_trials=75, own_noise=2.0))
    assert result.theory_hz is not None
    # About 1000 spikes of CV 0.9: 4 standard errors are 12 %; twice σ_V would give 60 % more.
    assert result.mean_rate_hz == pytest.approx(result.theory_hz.mean(), rel=0.12)


def test_long_runs_of_many_trials_are_cut_and_the_length_is_said():
    setup = Setup.of("lif", duration=5000, dt=0.1)
    result = trials(setup, TrialsParams(n_trials=200))
    assert result.duration == pytest.approx(750)
    assert result.psth.width * result.psth.t.size == pytest.approx(750)


def test_silent_trials_say_so():
    result = trials(Setup.of("lif", current=0.5), TrialsParams())
    assert result.mean_rate_hz == 0 and math.isnan(result.reliability) and math.isnan(result.fano)
    assert (result.psth.rate_hz == 0).all()


def toy(kernel: np.ndarray, steps: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A cell that fires with probability 0.05·(1 + k∗x) for white noise x of variance 1."""
    noise = GENERATOR.standard_normal((steps, size))
    filtered = np.stack(
        [np.convolve(noise[:, b], kernel)[:steps] for b in range(size)], axis=1
    )  # fmt: skip
    step, sample = np.nonzero(GENERATOR.random((steps, size)) < 0.05 * (1 + filtered))
    return noise, step, sample


def test_the_average_of_a_linear_cell_is_its_kernel():
    # E[x(t − s)·p(t)]/E[p] = k(s) for unit white noise and a rate linear in k∗x.
    kernel = 0.12 * np.exp(-np.arange(30) / 8.0)
    noise, step, sample = toy(kernel, 20_000, 40)
    found = spike_triggered(noise, step, sample, per_bin=1, before=40, after=10)
    expected = np.concatenate([np.zeros(10), kernel[::-1], np.zeros(10)])
    off = (found.mean - expected) / found.error
    assert found.n_spikes > 30_000 and np.abs(off).max() < 4.5
    assert np.mean(off**2) == pytest.approx(1, abs=0.6)  # the error band is right: χ²/50
    # The control knows nothing of the kernel, and its band is right too.
    control = found.control / found.control_error
    assert np.abs(control).max() < 4.5 and np.mean(control**2) == pytest.approx(1, abs=0.6)
    assert found.mean.max() > 20 * found.error.max()


def test_bins_average_over_several_steps():
    kernel = np.full(20, 0.1)
    noise, step, sample = toy(kernel, 20_000, 40)
    fine = spike_triggered(noise, step, sample, per_bin=1, before=20, after=5)
    coarse = spike_triggered(noise, step, sample, per_bin=5, before=4, after=1)
    assert coarse.mean.size == 5
    assert coarse.mean[:4] == pytest.approx(np.full(4, 0.1), abs=5 * coarse.error.max())
    merged = fine.mean.reshape(5, 5).mean(axis=1)
    assert coarse.mean == pytest.approx(merged, abs=1e-3)  # a few spikes more or less at the ends


def test_rare_spikes_are_reached_on_the_mirror_image_of_the_decay():
    setup = Setup.of("lif", current=1.2, sigma_v=3.0, tau_m=10.0, dt=0.2)
    result = sta(setup, STAParams(window=40))
    assert result.limit_na is not None and result.n_spikes > 500
    assert result.lags[0] > 39 and result.lags[-1] < 0  # the spike is on the right
    # ∫ x(s)·e^(−s/τ) ds·R/τ is the way from μ to the threshold, which every spike has gone (and,
    # as the voltage is looked at only every dt, a little more: up to 0.3 mV).
    weight = np.exp(-result.lags / 10.0) * (result.lags > 0) * result.width
    way = float((result.sta_na * weight).sum())
    error = math.sqrt(float(((result.error_na * weight) ** 2).sum()))
    assert 8.0 - 5 * error < way < 8.3 + 5 * error
    # The limit has that way exactly; at finite noise spikes wait less and are pushed harder.
    assert float((result.limit_na * weight).sum()) == pytest.approx(8.0, rel=0.02)
    before = (result.lags > 1) & (result.lags < 15)
    shape = np.corrcoef(result.sta_na[before], result.limit_na[before])[0, 1]
    assert shape > 0.95
    after = result.lags < 0
    assert np.abs(result.sta_na[after] / result.error_na[after]).max() < 4.5
    assert np.abs(result.control_na / result.control_error_na).max() < 4.5


def test_the_average_does_not_depend_on_dt():
    drive = dict(current=2.0, sigma_v=3.0)
    coarse, fine = (sta(Setup.of("lif", **drive, dt=dt), STAParams(window=40)) for dt in (0.2, 0.1))
    assert coarse.width == fine.width and (coarse.lags == fine.lags).all()
    error = np.hypot(coarse.error_na, fine.error_na)
    near = (coarse.lags > 1) | (coarse.lags < 0)  # the last ms feels the grid of the threshold
    assert np.abs((coarse.sta_na - fine.sta_na) / error)[near].max() < 5


@pytest.mark.parametrize(
    "noise", [{"noise_intensity": 2.0}, {"ou_std": 1.0}, {"syn_current": 0.4}], ids=str
)
def test_every_kind_of_noise_can_be_averaged(noise):
    result = sta(Setup.of("lif", current=1.8, **noise, frozen=True), STAParams(window=30))
    near = result.lags[np.argmax(result.sta_na)]
    assert 0 < near < 10 and result.sta_na.max() > 8 * result.error_na.max()
    assert np.abs(result.control_na / result.control_error_na).max() < 5
    assert (result.limit_na is not None) == ("noise_intensity" in noise)


def test_no_noise_no_average():
    with pytest.raises(ValueError, match=r"sigma_v .* must be > 0 .* add white noise"):
        sta(Setup.of("lif"), STAParams())
    with pytest.raises(ValueError, match="window must be <="):
        sta(Setup.of("lif", sigma_v=2, dt=0.01), STAParams(window=1000))
    with pytest.raises(ValueError, match=r"window must be <= .* lower the current"):
        fast = Setup.of("lif", current=10, r_m=200, tau_m=1, t_ref=0, sigma_v=2)
        sta(fast, STAParams(window=500))
    # Where not even the shortest window fits, a shorter window is no advice.
    with pytest.raises(ValueError, match=r"dt must be longer .*, got dt 1e-05 ms; enlarge it"):
        sta(Setup.of("lif", sigma_v=2, dt=1e-5, duration=5), STAParams(window=1))


def test_too_few_spikes_are_said_not_averaged():
    result = sta(Setup.of("lif", current=0.0, sigma_v=1.0), STAParams())
    assert result.n_spikes < 50 and np.isnan(result.sta_na).all()
    assert np.isnan(result.control_na).all()
