"""The law of a noisy neuron's intervals, against published means and CVs and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from snncore import spike_trains
from snncore.neurons import LIFParams
from snncore.playground import Setup, play
from snncore.theory.first_passage import (
    IntervalLaw,
    clock_density,
    interval_law,
    local_variation,
    renewal_rate_hz,
)

# NEST's neuron (V_th 15, V_reset 0, τ 10, t_ref 2): (μ, σ) → rate and CV by quadrature of
# Siegert's and Brunel's (2000, appendix) integrals, with σ = √2·σ_V.
PUBLISHED = [
    (12.0, 5.0, 26.954437, 0.608214),
    (15.0, 5.0, 43.361979, 0.471923),
    (10.0, 5.0, 16.760209, 0.724880),
    (10.0, 15.0, 55.783756, 0.819945),
    (-5.0, 22.5, 34.357287, 1.125185),
]


def moments(neuron: LIFParams, current: float, sigma_v: float, dt: float) -> tuple[float, ...]:
    """Total probability, mean and CV of the law, its tail taken as exponential."""
    law = interval_law(neuron, current, sigma_v, dt)
    h = law.t[1] - law.t[0]
    weights = law.density * h
    hazard = law.density[-1] / (law.tail + weights[-1] / 2) if law.tail > 1e-4 else math.inf
    end = law.t[-1] + h / 2
    first = (weights * law.t).sum() + law.tail * (end + 1 / hazard)
    second = (weights * law.t**2).sum() + law.tail * (end**2 + 2 * end / hazard + 2 / hazard**2)
    return weights.sum() + law.tail, first, math.sqrt(second - first**2) / first


@pytest.mark.parametrize(("mu", "sigma", "rate_hz", "cv"), PUBLISHED)
def test_mean_and_cv_are_those_of_siegert_and_brunel(mu, sigma, rate_hz, cv):
    neuron = LIFParams(tau_m=10, r_m=10, v_rest=0, v_reset=0, v_th=15, t_ref=2)
    total, mean, spread = moments(neuron, mu / 10, sigma / math.sqrt(2), 0.0)
    assert total == pytest.approx(1.0, abs=1e-12)
    # The threshold's shift for a finite step is the first term of a series: 0.5 % is left.
    assert 1000.0 / mean == pytest.approx(rate_hz, rel=0.005)
    assert spread == pytest.approx(cv, rel=0.006)


def test_simulated_intervals_follow_the_law_of_their_own_grid():
    setup = Setup.of(current=1.8, sigma_v=3.0, duration=60_000.0, dt=0.5)
    isi = np.sort(np.diff(play(setup).spike_times))
    assert isi.size > 600
    law = interval_law(setup.neuron, 1.8, 3.0, setup.run.dt)
    h = law.t[1] - law.t[0]
    at = np.cumsum(law.density) * h
    cumulated = np.interp(isi, law.t + h / 2, at, left=0.0)
    distance = np.abs(cumulated - (np.arange(isi.size) + 0.5) / isi.size).max()
    limit = 1.63 / math.sqrt(isi.size)  # Kolmogorov–Smirnov, 1 %
    assert distance < limit
    # The law without the grid is another one, and the same test sees that.
    other = interval_law(setup.neuron, 1.8, 3.0, 0.0)
    width = other.t[1] - other.t[0]
    wrong = np.interp(isi, other.t + width / 2, np.cumsum(other.density) * width, left=0.0)
    assert np.abs(wrong - (np.arange(isi.size) + 0.5) / isi.size).max() > limit


def test_the_voltage_of_a_clock_stays_where_it_is_slow():
    setup = Setup.of(current=2.6, t_ref=3.0, duration=20_000.0, dt=0.02)
    v = play(setup).v
    edges = np.linspace(-65, -50, 16)
    measured = np.histogram(v[(v != -65.0)], edges)[0] / v.size
    middles = (edges[:-1, None] + np.linspace(0, 1, 2001)[None, :-1]) + 0.5 / 2000
    theory = clock_density(setup.neuron, 2.6, middles).mean(axis=1)
    # A bin holds some 300 of 33,000 steps of each of 600 equal intervals: 1 in 100 by the grid.
    assert measured == pytest.approx(theory, rel=0.01)
    assert theory.sum() == pytest.approx(1 - 3.0 / np.diff(play(setup).spike_times).mean(), 1e-3)
    assert not clock_density(setup.neuron, 1.9, middles).any()


def test_no_interval_is_shorter_than_the_refractory_period():
    law = interval_law(LIFParams(t_ref=7.0), 2.5, 4.0)
    assert law.t[0] > 7.0 and (law.density >= 0).all()


def test_a_neuron_that_practically_never_fires_has_no_points():
    law = interval_law(LIFParams(), 0.0, 1.0)
    assert law.t.size == 0 and law.tail == 1.0


def test_little_noise_puts_all_intervals_at_the_closed_form():
    neuron = LIFParams()
    law = interval_law(neuron, 2.5, 0.3)
    exact = neuron.t_ref + neuron.tau_m * math.log((-45 + 65) / (-45 + 50))
    peak = law.t[int(law.density.argmax())]
    assert peak == pytest.approx(exact, rel=0.02)
    weaker = interval_law(neuron, 2.5, 0.01)
    assert weaker.t.size == 0 and weaker.tail == 0.0


@pytest.mark.parametrize("sigma_v", [0.0, -1.0, math.nan])
def test_noise_must_be_there(sigma_v):
    with pytest.raises(ValueError, match="sigma_v must be > 0 mV"):
        interval_law(LIFParams(), 2.5, sigma_v)


def gamma_law(order: int, mean: float, h: float = 0.1) -> IntervalLaw:
    t = (np.arange(int(15 * mean / h)) + 0.5) * h
    unit = order / mean
    density = unit**order * t ** (order - 1) * np.exp(-unit * t) / math.factorial(order - 1)
    return IntervalLaw(t, density, 0.0)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_local_variation_of_gamma_laws_is_that_of_the_formula(order):
    _, lv = local_variation(gamma_law(order, 20.0))
    assert lv == pytest.approx(3 / (2 * order + 1), rel=1e-3)  # Shinomoto et al. 2003
    assert local_variation(gamma_law(1, 20.0))[0] == pytest.approx(1.0, rel=1e-3)


def test_after_a_spike_a_poisson_process_goes_on_at_its_rate():
    rate = renewal_rate_hz(gamma_law(1, 20.0), np.array([1.0, 10.0, 100.0]))
    assert rate == pytest.approx([50.0] * 3, rel=1e-3)


def test_after_a_spike_a_gamma_process_recovers_as_its_closed_form_says():
    lags = np.array([1.0, 5.0, 20.0, 60.0])
    rate = renewal_rate_hz(gamma_law(2, 20.0), lags)
    assert rate == pytest.approx(50.0 * (1 - np.exp(-4 * lags / 20.0)), rel=1e-3)  # Cox 1962


def test_simulated_autocorrelogram_and_lv_follow_from_the_law():
    setup = Setup.of(current=2.2, sigma_v=2.0, duration=100_000.0, dt=0.5, seed=3)
    times = play(setup).spike_times
    law = interval_law(setup.neuron, 2.2, 2.0, setup.run.dt)
    cv2, lv = local_variation(law)
    # Standard errors of a mean over 2,500 pairs: 1 and 2 %.
    assert spike_trains.cv2(times) == pytest.approx(cv2, rel=0.04)
    assert spike_trains.lv(times) == pytest.approx(lv, rel=0.08)
    measured = spike_trains.autocorrelogram(times, 100_000.0, 200.0)
    theory = renewal_rate_hz(law, measured.lags)
    sigmas = (measured.rate_hz - theory) / (measured.band_hz / 1.96)
    assert np.sqrt(np.mean(sigmas**2)) < 1.5  # 1 if each bin were a Poisson count
    assert theory[0] < 1.0 and theory.max() > 1.1 * theory[-1]


def test_without_a_law_there_is_no_autocorrelogram():
    none = IntervalLaw(np.zeros(0), np.zeros(0), 1.0)
    assert np.isnan(renewal_rate_hz(none, np.array([1.0, 2.0]))).all()
    assert all(math.isnan(x) for x in local_variation(none))
