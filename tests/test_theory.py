"""The formulas against published and independently computed numbers."""

import math

import numpy as np
import pytest
from scipy import integrate, special

from snncore import theory
from snncore.neurons import LIFParams

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
    assert np.all(
        theory.grid_rate_hz(NEST, currents, 0.1) <= theory.rate_hz(NEST, currents) * (1 + 1e-9)
    )
    exact = 15 / (1 - math.exp(-0.5))  # reaches the threshold after 5 ms: 50 steps, 20 of rest
    assert float(theory.grid_rate_hz(NEST, exact, 0.1)) == pytest.approx(1000 / 7.0)


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
        got = float(theory.noisy_rate_hz(NEST, mu, sigma / ROOT2, dt=0.1))
        assert got == pytest.approx(measured, rel=0.01)


def test_without_a_reset_there_is_no_rate():
    free = changed(NEST, reset="none")
    assert math.isnan(float(theory.rate_hz(free, 20.0)))
    assert math.isnan(float(theory.noisy_rate_hz(free, 20.0, 1.0)))
    assert math.isnan(theory.noisy_cv(free, 20.0, 1.0))
    assert math.isnan(float(theory.grid_rate_hz(changed(NEST, reset="subtract"), 20.0, 0.1)))


def test_spikes_too_rare_to_integrate_have_no_cv():
    assert math.isnan(theory.noisy_cv(NEST, 0.0, 0.1))


def test_negative_noise_is_refused():
    with pytest.raises(ValueError, match="sigma_v must be >= 0 mV, got -1"):
        theory.noisy_rate_hz(NEST, 15.0, -1)
    with pytest.raises(ValueError, match="sigma_v must be > 0 mV, got 0"):
        theory.noisy_cv(NEST, 15.0, 0)


def test_a_grid_with_noise_rests_for_whole_steps():
    # t_ref = 2 ms at dt = 0.8 ms is 3 steps, 2.4 ms.
    got = 1000 / float(theory.noisy_rate_hz(EPFL, 2.5, 2.0, dt=0.8))
    other = 1000 / float(theory.noisy_rate_hz(changed(EPFL, t_ref=2.4), 2.5, 2.0, dt=0.8))
    assert got == pytest.approx(other, rel=1e-12)
    shorter = 1000 / float(theory.noisy_rate_hz(changed(EPFL, t_ref=1.6), 2.5, 2.0, dt=0.8))
    assert got - shorter == pytest.approx(0.8, abs=1e-9)
    exact = [float(theory.noisy_rate_hz(changed(EPFL, t_ref=t), 2.5, 2.0)) for t in (2.0, 2.4)]
    assert 1000 / exact[1] - 1000 / exact[0] == pytest.approx(0.4)  # continuous time: t_ref itself


def test_a_grid_without_noise_is_the_plain_grid():
    neuron = LIFParams()  # 20·ln 2.5 = 18.3 ms: 10 steps of 2 ms, and one of rest
    assert float(theory.noisy_rate_hz(neuron, 3.0, 0.0, dt=2.0)) == pytest.approx(1000 / 22)
    assert float(theory.noisy_rate_hz(neuron, 3.0, 0.0)) == pytest.approx(49.199, abs=5e-4)
    with pytest.raises(ValueError, match="dt must be > 0 ms and finite, got -1"):
        theory.noisy_rate_hz(neuron, 3.0, 1.0, dt=-1.0)
