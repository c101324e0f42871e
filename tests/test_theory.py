"""The formulas against published and independently computed numbers."""

import math

import numpy as np
import pytest
from scipy import integrate, special

from snncore import theory
from snncore.neurons import LIFParams
from snncore.simulate import run_lif
from snncore.stimuli import StimulusParams, drive

ROOT2 = math.sqrt(2)
# Voltages from rest, R = 1 MΩ: the current in nA is μ in mV.
NEST = LIFParams(tau_m=10, r_m=1, v_rest=0, v_reset=0, v_th=15, t_ref=2)
EPFL = LIFParams(tau_m=8, r_m=10, v_rest=-70, v_reset=-65, v_th=-50, t_ref=2)
DEMO = LIFParams(tau_m=10, r_m=100, v_rest=-65, v_reset=-70, v_th=-50, t_ref=0)


def changed(params, **values):
    return LIFParams(**{**params.to_dict(), **values})


def test_rheobase():
    assert theory.rheobase(EPFL) == 2.0
    assert theory.rheobase(DEMO) == pytest.approx(0.15)


def test_first_spike_of_nests_accuracy_test():
    neuron = changed(NEST, r_m=40)  # τ = 10 ms, C = 250 pF
    assert float(theory.first_spike(neuron, 1.0)) == pytest.approx(4.700036292457356, abs=1e-13)
    assert float(theory.first_spike(neuron, 1.0, v_0=15)) == 0.0
    assert float(theory.first_spike(neuron, 0.375)) == math.inf  # exactly the rheobase


@pytest.mark.parametrize(
    ("neuron", "current", "expected"),
    [
        (NEST, 22.5, 77.005278),
        (changed(NEST, v_th=10, t_ref=5), 20.0, 83.811957),
        (changed(NEST, v_th=10, t_ref=5), 15.0, 62.554255),
        (changed(EPFL, t_ref=3), 3.0, 96.802368),
        (EPFL, 3.0, 107.177393),
        (DEMO, 1.5, 723.849113),
        (EPFL, 2.0, 0.0),
        (EPFL, -1.0, 0.0),
    ],
)
def test_rates_published_for_other_simulators(neuron, current, expected):
    assert float(theory.rate_hz(neuron, current)) == pytest.approx(expected, abs=6e-7)


def test_a_huge_current_is_limited_by_the_refractory_period():
    assert float(theory.rate_hz(changed(EPFL, t_ref=3), 1e9)) == pytest.approx(333.3333, abs=1e-3)


def test_rates_of_many_currents_are_the_rates_of_each():
    currents = np.array([1.0, 2.5, 7.0])
    each = [float(theory.rate_hz(EPFL, i)) for i in currents]
    assert theory.rate_hz(EPFL, currents).tolist() == each
    noisy = [float(theory.noisy_rate_hz(EPFL, i, 2.0)) for i in currents]
    np.testing.assert_allclose(theory.noisy_rate_hz(EPFL, currents, 2.0), noisy, rtol=1e-13)


def test_a_grid_never_fires_faster_and_a_crossing_on_the_grid_is_not_late():
    currents = np.linspace(15.5, 60, 50)
    grid = changed(NEST, timing="grid")
    assert np.all(
        theory.grid_rate_hz(grid, currents, 0.1) <= theory.rate_hz(NEST, currents) * (1 + 1e-9)
    )
    exact = 15 / (1 - math.exp(-0.5))  # reaches the threshold after 5 ms: 50 steps, 20 of rest
    assert float(theory.grid_rate_hz(grid, exact, 0.1)) == pytest.approx(1000 / 7.0)


def test_exact_timing_has_the_rate_of_continuous_time_on_every_grid():
    currents = np.linspace(10, 60, 50)
    for dt in (0.1, 3.0):
        got = theory.grid_rate_hz(NEST, currents, dt)
        assert got.tolist() == theory.rate_hz(NEST, currents).tolist()


def test_a_weak_sine_in_the_epfl_exercise():
    gain, phase = theory.sine_response(EPFL, 250.0)
    assert 2.5 * gain == pytest.approx(1.983167, abs=5e-7)
    assert phase == pytest.approx(-85.4501, abs=5e-5)
    assert theory.cutoff_hz(EPFL) == pytest.approx(19.8944, abs=5e-5)
    assert theory.cutoff_hz(NEST) == pytest.approx(15.9155, abs=5e-5)
    at_cutoff = theory.sine_response(EPFL, theory.cutoff_hz(EPFL))
    assert at_cutoff.gain == pytest.approx(EPFL.r_m / ROOT2)
    assert at_cutoff.phase_deg == pytest.approx(-45)


def test_voltage_spread_of_a_current_drawn_anew_each_step():
    x = math.exp(-0.1 / 8)
    expected = 0.7 * 10 * math.sqrt((1 - x) / (1 + x))
    assert theory.voltage_std(EPFL, 0.7, 0.1) == pytest.approx(expected, rel=1e-12)
    short = 0.7 * 10 * math.sqrt(1e-4 / 16)
    assert theory.voltage_std(EPFL, 0.7, 1e-4) == pytest.approx(short, rel=1e-6)


def test_siegerts_rate_hard_coded_in_nests_tests():
    sigma_v = math.sqrt(1.5) / ROOT2
    assert float(theory.noisy_rate_hz(NEST, 15.0, sigma_v)) == pytest.approx(
        27.1095934379, abs=5e-10
    )


@pytest.mark.parametrize(
    ("mu", "sigma", "rate", "cv"),
    [
        (12, 5, 26.954437, 0.608214),
        (15, 5, 43.361979, 0.471923),
        (10, 5, 16.760209, 0.724880),
        (10, 15, 55.783756, 0.819945),
        (-5, 22.5, 34.357287, 1.125185),
    ],
)
def test_rate_and_irregularity_under_noise(mu, sigma, rate, cv):
    assert float(theory.noisy_rate_hz(NEST, mu, sigma / ROOT2)) == pytest.approx(rate, abs=6e-7)
    assert theory.noisy_cv(NEST, mu, sigma / ROOT2) == pytest.approx(cv, abs=6e-7)


def test_siegerts_rate_against_direct_quadrature():
    for mu, sigma in ((20.0, 1.0), (14.0, 3.0), (3.0, 8.0)):
        area, _ = integrate.quad(
            lambda u: special.erfcx(-u), (0 - mu) / sigma, (15 - mu) / sigma, epsrel=1e-12
        )
        expected = 1000 / (2 + 10 * math.sqrt(math.pi) * area)
        got = float(theory.noisy_rate_hz(NEST, mu, sigma / ROOT2))
        assert got == pytest.approx(expected, rel=1e-10)


def test_vanishing_noise_is_no_noise_and_never_overflows():
    tiny = 0.015 / ROOT2
    assert float(theory.noisy_rate_hz(NEST, 22.5, tiny)) == pytest.approx(77.0053, abs=5e-5)
    assert float(theory.noisy_rate_hz(NEST, 13.5, tiny)) == 0.0
    assert float(theory.noisy_rate_hz(NEST, 22.5, 0.0)) == float(theory.rate_hz(NEST, 22.5))
    assert np.all(np.isfinite(theory.noisy_rate_hz(NEST, np.linspace(-500, 500, 401), 0.3)))


def test_a_grid_misses_crossings_as_measured_elsewhere():
    # 40 s × 100 neurons of independent Monte Carlo at h = 0.1 ms: 41.3, 25.1 and 50.96 Hz.
    for mu, sigma, measured in ((15, 5, 41.3), (12, 5, 25.1), (10, 15, 50.96)):
        for timing in ("grid", "exact"):
            neuron = changed(NEST, timing=timing)
            got = float(theory.noisy_rate_hz(neuron, mu, sigma / ROOT2, dt=0.1))
            assert got == pytest.approx(measured, rel=0.01)


@pytest.mark.parametrize(
    ("mu", "sigma", "lowered"), [(15, 5, 43.21), (12, 5, 26.72), (10, 15, 55.56)]
)
def test_a_threshold_lower_by_the_shift_makes_up_for_the_grid(mu, sigma, lowered):
    # The same Monte Carlo with the threshold lowered by 0.5826·σ√(h/τ): within 1 % of Siegert's.
    exact = float(theory.noisy_rate_hz(NEST, mu, sigma / ROOT2))
    assert exact == pytest.approx(lowered, rel=0.01)
    shift = theory.GRID_SHIFT * sigma * math.sqrt(0.1 / 10)
    closed = -special.zeta(0.5) / math.sqrt(2 * math.pi)
    assert closed == pytest.approx(theory.GRID_SHIFT)
    again = theory.noisy_rate_hz(changed(NEST, v_th=15 - shift), mu, sigma / ROOT2, dt=0.1)
    assert float(again) == pytest.approx(exact, rel=1e-12)


def test_a_finer_grid_still_misses_some():
    # "Still −2 … −4 % at h = 0.02 ms."
    for mu, sigma in ((15, 5), (12, 5), (10, 15)):
        exact = float(theory.noisy_rate_hz(NEST, mu, sigma / ROOT2))
        grid = float(theory.noisy_rate_hz(NEST, mu, sigma / ROOT2, dt=0.02))
        assert 0.019 < 1 - grid / exact < 0.042


@pytest.mark.parametrize(("mu", "sigma", "cv"), [(12, 5, 0.608), (15, 5, 0.472), (10, 15, 0.820)])
def test_intervals_are_as_irregular_as_the_formula_says(mu, sigma, cv):
    neuron = changed(NEST, r_m=10)
    stimulus = StimulusParams(current=mu / 10, sigma_v=sigma / ROOT2)
    current = drive(stimulus, neuron, 20_000, 0.1, seed=2, n_neurons=150)
    events = run_lif(current, neuron, 0.1).events
    gaps = np.concatenate(
        [
            np.diff((events.step * 0.1 + events.offset)[events.neuron == n].numpy())
            for n in range(150)
        ]
    )
    # 8000 to 17 000 intervals: the CV is known to 1 %. The window of 2 s and the grid of 0.1 ms
    # each take another percent.
    assert gaps.size > 6000
    assert gaps.std() / gaps.mean() == pytest.approx(cv, rel=0.035)


def grid_rate(neuron, mu, sigma_v, dt, n_neurons=200, duration=800.0):
    """Hz and its standard error, of independent neurons after 200 ms."""
    neuron = changed(neuron, r_m=10)  # within the range of currents
    stimulus = StimulusParams(current=mu / 10, sigma_v=sigma_v)
    current = drive(stimulus, neuron, round(duration / dt), dt, seed=5, n_neurons=n_neurons)
    late = run_lif(current, neuron, dt).spikes[round(200 / dt) :, 0].sum(dim=0).double()
    seconds = (duration - 200) / 1000
    return float(late.mean()) / seconds, float(late.std()) / seconds / math.sqrt(n_neurons)


@pytest.mark.parametrize("timing", ["exact", "grid"])
@pytest.mark.parametrize("reset", ["value", "subtract"])
@pytest.mark.parametrize("t_ref", [0.0, 2.0])
def test_noise_on_a_coarse_grid_has_the_rate_of_the_corrected_formula(timing, reset, t_ref):
    neuron = changed(NEST, timing=timing, reset=reset, t_ref=t_ref)
    measured, error = grid_rate(neuron, 10, 15 / ROOT2, 0.5)
    expected = float(theory.noisy_rate_hz(neuron, 10, 15 / ROOT2, dt=0.5))
    assert measured == pytest.approx(expected, abs=4 * error + 0.015 * expected)
    # Without the correction it would be too high by a tenth: the test can tell.
    assert float(theory.noisy_rate_hz(neuron, 10, 15 / ROOT2)) > 1.06 * measured


def test_without_a_reset_there_is_no_rate():
    free = changed(NEST, reset="none")
    assert math.isnan(float(theory.rate_hz(free, 20.0)))
    assert math.isnan(float(theory.noisy_rate_hz(free, 20.0, 1.0)))
    assert math.isnan(theory.noisy_cv(free, 20.0, 1.0))
    grid = changed(NEST, reset="subtract", timing="grid")
    assert math.isnan(float(theory.grid_rate_hz(grid, 20.0, 0.1)))


def test_spikes_too_rare_to_integrate_come_like_those_of_a_poisson_process():
    assert theory.noisy_cv(NEST, 0.0, 0.1) == 1.0
    # 1e-39 Hz just before the integrals are given up, 1e-98 Hz just after.
    assert theory.noisy_cv(NEST, 0.0, 15 / ROOT2 / 14.9) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("sigma_v", [0.1, 1e-3, 1e-5])
def test_with_little_noise_the_cv_is_that_of_the_passage_through_the_threshold(sigma_v):
    # V at the noise-free moment T spreads by σ_V √(1 − e^(−2T/τ)), and moves at (μ − θ)/τ.
    mu, interval = 22.5, 1000 / 77.005278
    rise = interval - 2
    spread = sigma_v * math.sqrt(-math.expm1(-2 * rise / 10)) * 10 / (mu - 15)
    # The next term is of relative order (σ_V/(μ − θ))².
    assert theory.noisy_cv(NEST, mu, sigma_v) == pytest.approx(spread / interval, rel=2e-3)


def test_negative_noise_is_refused():
    with pytest.raises(ValueError, match="sigma_v must be >= 0 mV, got -1"):
        theory.noisy_rate_hz(NEST, 15.0, -1)
    with pytest.raises(ValueError, match="sigma_v must be > 0 mV, got 0"):
        theory.noisy_cv(NEST, 15.0, 0)


def test_a_grid_with_noise_rests_for_whole_steps_unless_its_timing_is_exact():
    # t_ref = 2 ms at dt = 0.8 ms is 3 steps, 2.4 ms.
    def interval(t_ref, timing):
        neuron = changed(EPFL, t_ref=t_ref, timing=timing)
        return 1000 / float(theory.noisy_rate_hz(neuron, 2.5, 2.0, dt=0.8))

    assert interval(2.0, "grid") == pytest.approx(interval(2.4, "grid"), rel=1e-12)
    assert interval(2.0, "grid") - interval(1.6, "grid") == pytest.approx(0.8, abs=1e-9)
    assert interval(2.4, "exact") == pytest.approx(interval(2.4, "grid"), rel=1e-12)
    assert interval(2.4, "exact") - interval(2.0, "exact") == pytest.approx(0.4, abs=1e-9)
    exact = [float(theory.noisy_rate_hz(changed(EPFL, t_ref=t), 2.5, 2.0)) for t in (2.0, 2.4)]
    assert 1000 / exact[1] - 1000 / exact[0] == pytest.approx(0.4)  # continuous time: t_ref itself


def test_a_grid_without_noise_is_the_plain_grid():
    neuron = LIFParams(timing="grid")  # 20·ln 2.5 = 18.3 ms: 10 steps of 2 ms, one of rest
    assert float(theory.noisy_rate_hz(neuron, 3.0, 0.0, dt=2.0)) == pytest.approx(1000 / 22)
    assert float(theory.noisy_rate_hz(neuron, 3.0, 0.0)) == pytest.approx(49.199, abs=5e-4)
    with pytest.raises(ValueError, match="dt must be > 0 ms and finite, got -1"):
        theory.noisy_rate_hz(neuron, 3.0, 1.0, dt=-1.0)


def test_a_process_with_a_dead_time():
    assert theory.poisson_dead_time_rate_hz(100, 2) == pytest.approx(83.333333, abs=5e-7)
    assert theory.poisson_dead_time_cv(100, 2) == pytest.approx(0.8333333, abs=5e-8)
    assert theory.poisson_dead_time_rate_hz(100, 0) == 100
    assert theory.poisson_dead_time_cv(0, 2) == 1
    # Intervals are t_ref plus an exponential time.
    gaps = 2 + np.random.default_rng(1).exponential(10, 200_000)
    assert 1000 / gaps.mean() == pytest.approx(theory.poisson_dead_time_rate_hz(100, 2), rel=0.01)
    assert gaps.std() / gaps.mean() == pytest.approx(theory.poisson_dead_time_cv(100, 2), rel=0.01)


def test_silence_bins_and_gamma_intervals():
    assert theory.poisson_silence(100, 10) == pytest.approx(math.exp(-1))
    assert theory.bernoulli_cv(100, 1) == pytest.approx(math.sqrt(0.9))
    assert theory.bernoulli_fano(100, 1) == pytest.approx(0.9)
    assert theory.gamma_cv(4) == 0.5
    with pytest.raises(ValueError, match="order must be > 0, got 0"):
        theory.gamma_cv(0)
    with pytest.raises(ValueError, match="rate_hz must be <= 500 Hz"):
        theory.bernoulli_cv(600, 2)
    with pytest.raises(ValueError, match="t_ref must be >= 0 ms, got -1"):
        theory.poisson_dead_time_rate_hz(100, -1)


def test_noise_without_memory_is_white_and_one_of_long_memory_the_mean_of_the_curve():
    sigma_v, tau_s = 3.0, 1e-6
    std = sigma_v / math.sqrt(tau_s / 10)  # R = 1 MΩ: the same intensity
    short = float(theory.coloured_rate_hz(NEST, 14.0, std, tau_s))
    assert short == pytest.approx(float(theory.noisy_rate_hz(NEST, 14.0, sigma_v)), rel=1e-3)
    for mu, spread in ((10.0, 3.0), (14.0, 3.0), (25.0, 3.0), (25.0, 0.01)):
        mean, _ = integrate.quad(
            lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
            * float(theory.rate_hz(NEST, mu + spread * z)),  # noqa: B023
            max(-8, (15 - mu) / spread), 8, limit=400, epsrel=1e-9,
        )  # fmt: skip
        got = float(theory.coloured_rate_hz(NEST, mu, spread, 1e4))
        assert got == pytest.approx(mean, rel=1e-8)


@pytest.mark.parametrize(
    ("mu", "tau_s", "measured", "error"),
    # Our own simulation, 200 neurons for 2 s and 10 τ_s at dt = 0.1 ms, σ_V = 3 mV, by this engine.
    [
        (10, 1, 7.42, 0.13), (10, 10, 3.74, 0.10), (10, 50, 2.31, 0.11),
        (14, 1, 27.38, 0.17), (14, 5, 22.29, 0.19), (14, 20, 18.69, 0.24),
        (25, 1, 86.83, 0.12), (25, 10, 88.12, 0.16), (25, 100, 88.78, 0.29),
    ],
)  # fmt: skip
def test_rates_under_noise_with_a_memory(mu, tau_s, measured, error):
    std = 3 / math.sqrt(tau_s / (10 + tau_s))
    got = float(theory.coloured_rate_hz(NEST, mu, std, tau_s))
    assert got == pytest.approx(measured, abs=3 * error + 0.03 * measured)


def test_the_rate_under_noise_with_a_memory_is_continuous_where_the_limits_meet():
    for ratio in (0.2, 5.0):
        below, above = (
            float(theory.coloured_rate_hz(NEST, 14, 3, 10 * ratio * x))
            for x in (1 - 1e-7, 1 + 1e-7)
        )
        assert below == pytest.approx(above, rel=1e-5)
    with pytest.raises(ValueError, match="current_std and tau_s must be > 0, got 1 nA, 0 ms"):
        theory.coloured_rate_hz(NEST, 14, 1, 0)
