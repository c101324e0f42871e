"""Currents: exact waveforms, and noise whose effect on the voltage is the stated one."""

import dataclasses
import math
from statistics import NormalDist

import numpy as np
import pytest
import torch

from snncore import rng, stimuli
from snncore.kernels.lif import normal_quantile
from snncore.kernels.noise import places
from snncore.neurons import LIFParams
from snncore.simulate import run_lif
from snncore.stimuli import (
    NOISES,
    PARTS,
    StimulusParams,
    drive,
    sigma_v_ou,
    sigma_v_synaptic,
)
from snncore.stimuli.noise import doubling_sum

QUIET = LIFParams(tau_m=10, r_m=40, v_th=100)  # a threshold that nothing reaches


def test_waveforms_add_up_at_the_middle_of_each_step():
    params = StimulusParams(
        current=1.0,
        step_current=0.5,
        step_on=1,
        step_off=2,
        amplitude=2,
        frequency_hz=250,
        phase=90,
    )
    wave = params.waveform(30, 0.1)
    t = (np.arange(30) + 0.5) / 10
    np.testing.assert_allclose(
        wave, 1 + 0.5 * ((t > 1) & (t < 2)) + 2 * np.cos(2 * np.pi * 0.25 * t), atol=1e-12
    )


def test_a_step_lasts_exactly_its_whole_steps():
    wave = stimuli.step(stimuli.step_times(50, 0.1), 3.0, 1.0, 2.5)
    assert np.flatnonzero(wave).tolist() == list(range(10, 25))


def test_a_sine_may_have_an_offset():
    t = stimuli.step_times(1000, 0.1)
    wave = stimuli.sine(t, 1.5, 10.0, offset=1.5)
    assert wave.mean() == pytest.approx(1.5, abs=1e-12)
    assert wave.max() == pytest.approx(3.0, abs=1e-4)


@pytest.mark.parametrize("u", [2**-24, 1e-6, 0.01, 0.074, 0.3, 0.5, 0.7, 0.95, 1 - 2**-24])
def test_the_normal_quantile_has_sixteen_digits(u):
    assert normal_quantile(u) == pytest.approx(NormalDist().inv_cdf(u), rel=1e-15, abs=1e-16)


def test_cpu_noise_is_the_normal_transform_of_the_generators_words():
    samples = torch.tensor([3, 0, 7])
    noise = stimuli.white_noise(997, 5, seed=11, samples=samples, trial=2)
    words = rng.draws(11, rng.stream("current", 2), samples, 5, 997)
    reference = rng.normal(words)
    assert noise.shape == (997, 3, 5) and noise.dtype == torch.float32
    # erfinv in float32 loses digits in the tails, where the density is small: e^(−z²/2).
    tolerance = 2e-6 + 4e-7 * torch.exp(0.5 * reference.double() ** 2)
    assert bool(((noise.double() - reference.double()).abs() < tolerance).all())


def test_noise_depends_on_nothing_but_its_coordinates():
    many = stimuli.white_noise(40_000, 4, seed=5, samples=torch.arange(6))  # threads
    one = stimuli.white_noise(16, 1, seed=5, samples=torch.tensor([4]))  # no threads
    assert torch.equal(many[:16, 4:5, :1], one)
    other = stimuli.white_noise(16, 1, seed=6, samples=torch.tensor([4]))
    assert not bool((one == other).any())


def test_noise_is_standard_normal():
    z = stimuli.white_noise(50_000, 4, seed=1, samples=torch.zeros(1, dtype=torch.int64)).double()
    error = 1 / math.sqrt(z.numel())
    assert abs(float(z.mean())) < 4 * error
    assert abs(float(z.var()) - 1) < 4 * math.sqrt(2) * error
    assert abs(float((z**3).mean())) < 4 * math.sqrt(15) * error
    assert abs(float((z[1:] * z[:-1]).mean())) < 4 * error


def test_the_noise_current_inverts_nests_formula():
    s = stimuli.noise_current_std(2.5, QUIET, 0.1)
    x = math.exp(-0.1 / 10)
    assert s * 40 * math.sqrt((1 - x) / (1 + x)) == pytest.approx(2.5, rel=1e-13)


def test_without_noise_a_population_shares_one_waveform_in_memory():
    current = drive(StimulusParams(), LIFParams(), 100, 0.1, samples=torch.arange(8), n_neurons=50)
    assert current.shape == (100, 8, 50) and current.dtype == torch.float64
    assert current.stride()[1:] == (0, 0)


@pytest.mark.parametrize(
    ("values", "steady", "noisy"),
    [
        ({}, True, False),
        ({"step_current": -1}, False, False),
        ({"ramp_current": 1}, False, False),
        ({"pulse_current": 1}, False, False),
        ({"amplitude": 1}, False, False),
        ({"chirp_current": 1}, False, False),
        ({"sigma_v": 1}, True, True),
        ({"noise_intensity": 1}, True, True),
        ({"ou_std": 1}, True, True),
        ({"syn_current": -1}, True, True),
        ({"syn_current": 1, "amplitude": 1}, False, True),
        # Numbers of parts that are off change nothing.
        (
            {"sine_offset": 3, "phase": 20, "syn_rate_hz": 5, "frozen": True, "csv_gain": 0},
            True,
            False,
        ),
    ],
)
def test_a_stimulus_says_whether_it_is_steady_noisy_constant(values, steady, noisy):
    stimulus = StimulusParams(**values)
    assert (stimulus.is_steady, stimulus.is_noisy) == (steady, noisy)
    assert stimulus.is_constant == (steady and not noisy)
    current = drive(stimulus, QUIET, 4000, 0.1, samples=torch.arange(2))
    assert bool((stimulus.waveform(4000, 0.1) == 2.5).all()) == steady
    assert bool((current[:, 0] != current[:, 1]).any()) == noisy


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"current": math.nan}, "current must be finite"),
        ({"sigma_v": -1.0}, "sigma_v must be >= 0 mV, got -1.0"),
        ({"frequency_hz": -3.0}, "frequency_hz must be >= 0 Hz"),
        (
            {"step_current": 1.0, "step_on": 50.0, "step_off": 10.0},
            r"step_off must be >= step_on \(50 ms\), got 10",
        ),
        (
            {"ramp_current": 1.0, "ramp_on": 50.0, "ramp_off": 50.0},
            r"ramp_off must be > ramp_on \(50 ms\), got 50",
        ),
        (
            {"pulse_current": 1.0, "pulse_width": 9.0, "pulse_period": 8.0},
            r"pulse_width must be <= pulse_period \(8 ms\), got 9",
        ),
    ],
)
def test_impossible_stimuli_are_refused_by_name(values, message):
    with pytest.raises(ValueError, match=message):
        StimulusParams(**values)


def test_impossible_grids_are_refused():
    with pytest.raises(ValueError, match="n_steps must be >= 1, got 0"):
        stimuli.step_times(0, 0.1)
    with pytest.raises(ValueError, match="sigma_v must be >= 0 mV"):
        stimuli.noise_current_std(-1.0, QUIET, 0.1)


@pytest.mark.parametrize("number", [-1, 1 << 32])
def test_sample_numbers_that_are_no_words_are_refused(number):
    with pytest.raises(ValueError, match=f"samples must be in .*, got {number}"):
        stimuli.white_noise(4, 1, seed=0, samples=torch.tensor([number]))


def test_a_ramp_is_zero_then_linear_then_level():
    wave = StimulusParams(current=0, ramp_current=4, ramp_on=1, ramp_off=3).waveform(50, 0.1)
    t = (np.arange(50) + 0.5) / 10
    np.testing.assert_allclose(wave, np.interp(t, [1, 3], [0, 4]), atol=1e-13)


def test_pulses_begin_and_end_on_their_steps_however_late():
    params = StimulusParams(
        current=0, pulse_current=3, pulse_on=2.5, pulse_width=0.3, pulse_period=0.7
    )
    wave = params.waveform(200_000, 0.1)  # 20 s: 28,568 pulses
    since = np.arange(200_000) - 25
    assert np.array_equal(wave, np.where((since >= 0) & (since % 7 < 3), 3.0, 0.0))


def test_a_pulse_as_long_as_its_period_never_ends():
    params = StimulusParams(current=0, pulse_current=1, pulse_on=1, pulse_width=2, pulse_period=2)
    assert params.waveform(100, 0.1).tolist() == [0] * 10 + [1] * 90


def test_a_sine_begins_at_its_onset_with_its_phase_and_offset():
    params = StimulusParams(
        current=0.5, amplitude=2, frequency_hz=250, phase=90, sine_offset=1, sine_on=1
    )
    t = (np.arange(30) + 0.5) / 10
    expected = 0.5 + (t > 1) * (1 + 2 * np.cos(2 * np.pi * 0.25 * (t - 1)))
    np.testing.assert_allclose(params.waveform(30, 0.1), expected, atol=1e-12)


def test_a_chirp_sweeps_its_frequencies_evenly_over_the_run():
    wave = StimulusParams(current=0, chirp_current=2, chirp_from_hz=10, chirp_to_hz=110).waveform(
        100_000, 0.01
    )
    rising = np.flatnonzero((wave[1:] >= 0) & (wave[:-1] < 0)) * 0.01 + 0.01  # ms
    # The n-th cycle is complete when 10t + 50t² = n (t in s): 60 cycles in the second.
    n = np.arange(1, 60)
    expected = 1000 * (np.sqrt(100 + 200 * n) - 10) / 100
    np.testing.assert_allclose(rising, expected, atol=0.011)
    assert np.abs(wave).max() == pytest.approx(2, abs=1e-3)


def test_the_demo_with_sine_and_noise_can_be_said_in_one_stimulus():
    params = StimulusParams(current=1.5, amplitude=1.5, frequency_hz=10, noise_intensity=0.05)
    t = (np.arange(1000) + 0.5) / 10
    np.testing.assert_allclose(
        params.waveform(1000, 0.1), 1.5 * (1 + np.sin(2 * np.pi * 0.01 * t)), atol=1e-12
    )
    rest = drive(params, None, 1000, 0.1, n_neurons=50)[:, 0].numpy().T - params.waveform(1000, 0.1)
    assert rest.std() == pytest.approx(0.05 / math.sqrt(0.1), rel=0.02)


def test_every_field_belongs_to_one_part_or_to_all():
    named = [name for part in PARTS.values() for name in part.fields]
    assert sorted([*named, "frozen", "csv_gain"]) == sorted(StimulusParams.specs())
    assert set(NOISES) < set(PARTS)


@pytest.mark.parametrize("title", PARTS)
def test_a_part_is_off_until_its_switch_is_set(title):
    part = PARTS[title]
    silent = StimulusParams(current=0)
    assert not part.is_on(silent)
    added = dataclasses.replace(silent, **{part.switch: part.typical})
    assert [t for t, other in PARTS.items() if other.is_on(added)] == [title]
    assert added.is_noisy == (title in NOISES)
    assert float(drive(added, QUIET, 5000, 0.1).abs().max()) > 0
    assert not part.is_on(dataclasses.replace(added, **part.off))
    if part.also:
        assert part.is_on(dataclasses.replace(silent, **{part.also: 0.1}))


def spread_of_voltage(stimulus, dt, *, burn_ms, seed=2):
    """Means over time of V, V² and V·V(τ later) for each of 400 neurons, [400]."""
    steps, burn, lag = round(600 / dt), round(burn_ms / dt), round(10 / dt)
    current = drive(stimulus, QUIET, steps, dt, seed=seed, n_neurons=400)
    v = run_lif(current, QUIET, dt).v[burn:, 0].numpy()
    v = v - (-70 + 40 * stimulus.mean_current)
    return v.mean(axis=0), (v * v).mean(axis=0), (v[lag:] * v[:-lag]).mean(axis=0)


def agrees(samples, expected, scale=None):
    """Whether the mean of independent samples is `expected` within 4 of its standard errors."""
    error = samples.std(ddof=1) / math.sqrt(samples.size)
    assert error < 0.05 * (scale or abs(expected))  # the test has power: 20 % would be seen
    return abs(samples.mean() - expected) < 4 * error


# σ_V, D, OU and synaptic input are each set so that Var V is near 9 mV² for R = 40 MΩ, τ = 10 ms.
SIGMA = {"sigma_v": 3.0}
INTENSITY = {"noise_intensity": 0.3}  # (40·0.3)²/20 = 7.2 mV²
OU = {"ou_std": 0.12, "ou_tau": 5.0}  # (40·0.12)²·5/15 = 7.68 mV²
SYNAPTIC = {"syn_current": 0.05, "syn_rate_hz": 1500.0, "syn_tau": 4.0}  # 4·1.5·16/28 mV²


@pytest.mark.parametrize("dt", [0.05, 0.2, 1.0, 5.0])
@pytest.mark.parametrize(
    ("values", "variance"),
    [
        (SIGMA, lambda dt: 9.0),
        (INTENSITY, lambda dt: 144 * math.tanh(dt / 20) / dt),
        # Both: the variances add.
        ({**SIGMA, **INTENSITY}, lambda dt: 9 + 144 * math.tanh(dt / 20) / dt),
    ],
)
def test_white_noise_moves_the_voltage_alike_on_every_grid(values, variance, dt):
    stimulus = StimulusParams(current=0.1, **values)
    mean, square, later = spread_of_voltage(stimulus, dt, burn_ms=100)
    assert agrees(mean, 0.0, scale=1)
    assert agrees(square, variance(dt))
    assert agrees(later, variance(dt) * math.exp(-1))
    assert stimulus.sigma_v_total(QUIET, dt) ** 2 == pytest.approx(variance(dt), rel=1e-12)
    if dt <= 1:  # 7.2 mV² as dt -> 0, less by (dt/τ)²/12
        assert variance(dt) == pytest.approx(variance(1e-9), rel=dt * dt / 1100)


@pytest.mark.parametrize("dt", [0.05, 0.2, 1.0])
def test_ou_noise_has_its_spread_its_memory_and_its_effect_on_every_grid(dt):
    stimulus = StimulusParams(current=0.1, **OU)
    mean, square, later = spread_of_voltage(stimulus, dt, burn_ms=100)
    assert agrees(mean, 0.0, scale=1)
    # (R·s)²·τ_s/(τ + τ_s); holding the current for dt adds less than 1 % at 1 ms.
    held = 1 if dt < 1 else 1.007
    assert sigma_v_ou(0.12, 5.0, QUIET) ** 2 == pytest.approx(7.68, rel=1e-12)
    assert agrees(square, 7.68 * held)
    # V filters the OU current: ρ(t) = (τ e^(−t/τ) − τ_s e^(−t/τ_s))/(τ − τ_s).
    rho = (10 * math.exp(-1) - 5 * math.exp(-2)) / 5
    assert agrees(later, 7.68 * held * rho)
    current = drive(stimulus, None, round(50 / dt), dt, seed=4, n_neurons=3000)[:, 0] - 0.1
    for k in (0, -1):  # stationary from the first step on
        assert agrees((current[k] ** 2).numpy(), 0.12**2)
    lag = round(5 / dt)
    assert agrees((current[lag] * current[0]).numpy(), 0.12**2 * math.exp(-1), scale=0.12**2)


@pytest.mark.parametrize("dt", [0.05, 0.2, 1.0])
def test_synaptic_input_has_campbells_mean_and_variance_on_every_grid(dt):
    stimulus = StimulusParams(current=0.0, **SYNAPTIC)
    assert stimulus.synaptic_mean == pytest.approx(0.3) == stimulus.mean_current
    assert stimulus.synaptic_std == pytest.approx(0.05 * math.sqrt(3))
    mean, square, _ = spread_of_voltage(stimulus, dt, burn_ms=120)
    assert agrees(mean + 12, 12.0)
    expected = (40 * 0.05) ** 2 * 1.5 * 16 / (2 * 14)
    assert sigma_v_synaptic(0.05, 1500, 4, QUIET) ** 2 == pytest.approx(expected, rel=1e-12)
    assert agrees(square, expected)
    current = drive(stimulus, None, round(60 / dt), dt, seed=5, n_neurons=4000)[-1, 0].numpy()
    assert agrees(current, 0.3)
    # The mean over a step varies a little less than the current itself: tanh(x)/x, x = dt/2τ.
    x = dt / 8
    assert agrees((current - 0.3) ** 2, 0.0075 * math.tanh(x) / x)


@pytest.mark.parametrize("dt", [0.05, 0.2, 1.0, 20.0])
def test_an_arrival_brings_the_same_charge_on_every_grid(dt):
    counts = torch.zeros(round(200 / dt), 1, 1, dtype=torch.float64)
    counts[2] = 3
    held = stimuli.synaptic_input(counts, 4.0, dt)[:, 0, 0].numpy()
    assert held.sum() * dt == pytest.approx(3 * 4.0, rel=1e-12)  # peak·τ each
    k = np.arange(len(held) - 2)
    mean = 4.0 / dt * (np.exp(-k * dt / 4) - np.exp(-(k + 1) * dt / 4))  # of e^(−t/τ) over a step
    np.testing.assert_allclose(held[2:], 3 * mean, rtol=1e-11, atol=1e-17)
    assert not held[:2].any()


@pytest.mark.parametrize("mean", [0.0, 0.02, 1.3, 60.0, 20_000.0])
def test_arrivals_are_poisson(mean):
    n = stimuli.arrivals(2000, 50, mean, seed=3, samples=torch.arange(2)).numpy().ravel()
    assert n.dtype == np.int64 and n.min() >= 0
    if mean == 0:
        assert not n.any()
        return
    error = math.sqrt(mean / n.size)
    assert abs(n.mean() - mean) < 4 * error
    # Var of the sample variance: (μ4 − σ⁴)/n with μ4 = mean + 3 mean².
    assert abs(n.var() - mean) < 4 * math.sqrt((mean + 2 * mean**2) / n.size)
    assert abs((n == 0).mean() - math.exp(-mean)) < 4 * math.sqrt(math.exp(-mean) / n.size) + 1e-9


def test_arrivals_are_decided_by_whole_words():
    samples = torch.tensor([7, 1])
    n = stimuli.arrivals(500, 3, 0.8, seed=6, samples=samples, trial=2)
    words = rng.draws(6, rng.stream("synapse", 2), samples, 3, 500)
    p, below = math.exp(-0.8), 0.0
    for k in range(5):
        low, below = below, below + p
        p *= 0.8 / (k + 1)
        inside = (words >= low * 2**32) & (words < below * 2**32)
        assert torch.equal(n == k, inside)


def test_the_kernel_places_words_as_torch_does():
    samples = torch.tensor([4, 0, 2**32 - 1])
    edges = torch.tensor([0, 5, 2**20, 2**31, 2**31 + 1, 2**32])
    for steps in (1, 6, 203):
        words = rng.draws(2**40 + 3, rng.stream("synapse", 5), samples, 7, steps).contiguous()
        found = places(
            rng.split_seed(2**40 + 3), rng.stream("synapse", 5), samples.numpy(), 7, steps,
            edges.numpy(),
        )  # fmt: skip
        assert np.array_equal(found, torch.searchsorted(edges, words, right=True).numpy())


def test_too_many_arrivals_are_refused():
    with pytest.raises(ValueError, match=r"mean must be in 0\.\.1e6 arrivals per step"):
        stimuli.arrivals(4, 1, 2e6, seed=0, samples=torch.zeros(1, dtype=torch.int64))


@pytest.mark.parametrize("sum_up", [stimuli.decaying_sum, doubling_sum])
@pytest.mark.parametrize("factor", [0.0, 0.3, 0.97, 0.99999])
def test_a_decaying_sum_is_the_recursion(factor, sum_up):
    x = torch.randn(3000, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    kept = x.clone()
    y = sum_up(x, factor)
    state, expected = torch.zeros(2, 3, dtype=torch.float64), torch.empty_like(x)
    for t in range(3000):
        state = factor * state + x[t]
        expected[t] = state
    torch.testing.assert_close(y, expected, rtol=1e-12, atol=1e-12)
    assert torch.equal(x, kept)
    assert torch.equal(sum_up(x[:777, :1], factor), y[:777, :1])  # bit for bit


ALL_NOISES = {**SIGMA, **INTENSITY, **OU, **SYNAPTIC}


@pytest.mark.parametrize("values", [SIGMA, INTENSITY, OU, SYNAPTIC, ALL_NOISES])
def test_noise_depends_on_seed_trial_sample_neuron_and_step_only(values):
    stimulus = StimulusParams(**values)

    def current(steps, samples, n_neurons, seed=3, trial=1):
        return drive(
            stimulus, QUIET, steps, 0.1, seed=seed, trial=trial,
            samples=torch.tensor(samples), n_neurons=n_neurons,
        )  # fmt: skip

    many = current(3000, [0, 5, 2], 4)
    assert torch.equal(many[:100, 1:2, :2], current(100, [5], 2))
    for other in (
        current(3000, [5], 1, seed=4),
        current(3000, [5], 1, trial=2),
        current(3000, [6], 1),
        current(3000, [5], 2)[..., 1:],
    ):
        assert bool((other != many[:, 1:2, :1]).any())


@pytest.mark.parametrize("values", [SIGMA, OU, SYNAPTIC, ALL_NOISES])
def test_frozen_noise_is_one_for_all_trials_and_neurons(values):
    plain = drive(StimulusParams(**values), QUIET, 500, 0.1, seed=3)
    frozen = StimulusParams(**values, frozen=True)
    for trial in (0, 7):
        shared = drive(
            frozen, QUIET, 500, 0.1, seed=3, trial=trial, samples=torch.tensor([9, 4]), n_neurons=3
        )
        assert shared.shape == (500, 2, 3)
        assert torch.equal(shared, plain.expand(500, 2, 3))
    assert not torch.equal(drive(frozen, QUIET, 500, 0.1, seed=4), plain)


def test_the_three_noises_are_independent():
    parts = [
        drive(StimulusParams(current=0, **values), QUIET, 20_000, 0.1, n_neurons=4)[:, 0].numpy()
        for values in (SIGMA, OU, {**SYNAPTIC, "syn_tau": 0.01})
    ]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        x, y = parts[a] - parts[a].mean(), parts[b] - parts[b].mean()
        # OU remembers 100 steps: 800 independent values; the others 80,000.
        assert abs((x * y).mean() / (x.std() * y.std())) < 4 / math.sqrt(80_000)


def test_without_a_membrane_noise_has_no_sigma_v():
    with pytest.raises(ValueError, match=r"sigma_v must be 0 mV .* give noise_intensity"):
        drive(StimulusParams(sigma_v=1), None, 10, 0.1)
    assert drive(StimulusParams(noise_intensity=1), None, 10, 0.1).std() > 0
