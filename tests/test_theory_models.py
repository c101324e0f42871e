"""Theory of the other models: closed forms against numbers, published values and simulations."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from scipy import integrate, linalg

from snncore import theory
from snncore.neurons import (
    MODELS,
    AdaptiveParams,
    AdExParams,
    AlphaParams,
    EIFParams,
    FitzHughNagumoParams,
    HodgkinHuxleyParams,
    IzhikevichParams,
    LIFParams,
    QIFParams,
    SynapticParams,
)
from snncore.simulate import many, run
from snncore.theory import CONSTANT, stability
from snncore.theory.integrate_and_fire import eif_time, filtered_first_spike, qif_time


def spikes(name, params, current, duration, dt=0.1):
    """Spike times (ms) under a constant current from rest."""
    drive = torch.full((round(duration / dt), 1, 1), float(current), dtype=torch.float64)
    return run(name, drive, params, dt).spike_times()


def test_every_model_has_a_theory_of_its_onset():
    assert set(CONSTANT) == set(MODELS)
    for name, model in MODELS.items():
        onset = CONSTANT[name].onset(model.params())
        assert math.isfinite(onset.current_na) and onset.kind in ("rheobase", "Hopf")


# Rates and first spikes against simulation. The tolerance is that of the method: exact models
# are right to rounding, RK4 at dt = 0.05 ms to about 1e-4 of an interval.
@pytest.mark.parametrize(
    ("name", "params", "current", "tolerance"),
    [
        ("lif", LIFParams(), 2.5, 1e-9),
        ("adaptive", AdaptiveParams(), 3.0, 1e-9),
        ("adaptive", AdaptiveParams(theta_jump=20, tau_theta=40, t_ref=5), 2.6, 1e-9),
        ("synaptic", SynapticParams(), 2.5, 1e-9),
        ("synaptic", SynapticParams(tau_m=5, tau_syn=5), 2.5, 1e-9),
        ("alpha", AlphaParams(), 2.5, 1e-9),
        ("alpha", AlphaParams(tau_m=8, tau_syn=8, t_ref=0), 3.0, 1e-9),
        ("eif", EIFParams(), 0.5, 1e-3),
        ("eif", EIFParams(delta_t=1.0, v_th=-55), 1.2, 1e-3),
        ("qif", QIFParams(), 0.5, 1e-9),
        ("qif", QIFParams(a_0=0.02, v_reset=-60), 0.4, 1e-9),
    ],
)
def test_rates_and_first_spikes_are_those_of_the_simulation(name, params, current, tolerance):
    times = spikes(name, params, current, 1500, 0.05)
    known = CONSTANT[name]
    assert known.kind in ("exact", "quadrature")
    assert len(times) > 10
    assert float(known.rate_hz(params, current)) == pytest.approx(
        1000 / (times[-1] - times[-2]), rel=tolerance
    )
    assert known.first_spike(params, current) == pytest.approx(times[0], rel=tolerance)


@pytest.mark.parametrize("name", list(MODELS))
def test_firing_sets_in_at_the_onset(name):
    params = MODELS[name].params()
    onset = CONSTANT[name].onset(params)
    # A ramp so slow that rest can follow it, with a little noise: without, an oscillation that
    # starts from nothing would show only long after its Hopf point (Baer, Erneux & Rinzel 1989).
    dt, ramp = 0.1, np.linspace(0.0, 1.2 * onset.current_na, 200_000)
    z = np.random.default_rng(1).standard_normal(ramp.size).astype(np.float32)
    weak = np.array([0.01 * onset.current_na])
    found = many(name, params, {}, ramp[:, None], dt, noise=(z, weak))
    at_spike = np.interp(float(found.first_ms[0]) / dt, np.arange(ramp.size), ramp)
    assert found.count[0] > 1
    assert 0.98 * onset.current_na < at_spike < 1.06 * onset.current_na


def test_hodgkin_and_huxleys_axon_starts_and_stops_where_rinzel_and_miller_found():
    onset = CONSTANT["hodgkin_huxley"].onset(HodgkinHuxleyParams())
    assert onset.kind == "Hopf"
    assert 10 * onset.current_na == pytest.approx(9.78, abs=0.01)  # µA/cm² at 10 000 µm²
    assert 10 * onset.end_na == pytest.approx(154.5, abs=0.05)
    model = MODELS["hodgkin_huxley"]
    rest = float(model.rest(HodgkinHuxleyParams())[0])
    assert rest == pytest.approx(-65, abs=0.01)
    there = stability.resting_points(model, HodgkinHuxleyParams(), np.array([rest]))
    assert there.current[0] == pytest.approx(0, abs=1e-9)
    assert there.values[1:, 0] == pytest.approx([0.0529, 0.5961, 0.3177], abs=2e-4)  # m, h, n
    assert there.eigenvalues[0, 0].real < 0


def test_fitzhughs_nerve_fires_between_its_two_hopf_points():
    params = FitzHughNagumoParams()
    onset = CONSTANT["fitzhugh_nagumo"].onset(params)
    v = math.sqrt(1 - 0.8 * 0.08)
    assert onset.current_na == pytest.approx((0.7 - v) / 0.8 + v - v**3 / 3, abs=1e-12)
    assert onset.end_na == pytest.approx((0.7 + v) / 0.8 - v + v**3 / 3, abs=1e-12)
    assert (onset.current_na, onset.end_na) == pytest.approx((0.3313, 1.4187), abs=5e-5)


@pytest.mark.parametrize(
    ("params", "current", "kind"),
    [
        # RS (2003): (5 − 0.2)²/0.16 − 140 = 4 of his units, Hopf a little before.
        (IzhikevichParams(a=0.02, b=0.2), 0.37975, "Hopf"),
        (IzhikevichParams(a=0.3, b=0.2), 0.4, "rheobase"),
        (IzhikevichParams(a=0.3, b=0.2, c_m=0.2), 0.8, "rheobase"),
    ],
)
def test_izhikevichs_onset_in_his_units(params, current, kind):
    onset = CONSTANT["izhikevich"].onset(params)
    assert onset.current_na == pytest.approx(current, abs=1e-12)
    assert onset.kind == kind


@pytest.mark.parametrize(
    ("name", "params", "low", "high"),
    [
        ("adex", AdExParams(), -70, -40),
        ("adex", AdExParams(a=0.001), -70, -40),
        ("adex", AdExParams(a=-0.005), -70, -40),
        ("adex", AdExParams(a=0.03, tau_w=20), -70, -40),
        ("izhikevich", IzhikevichParams(), -75, -50),
        ("izhikevich", IzhikevichParams(a=0.1, b=0.26), -75, -50),
        ("izhikevich", IzhikevichParams(a=0.3, b=0.25, c_m=0.3), -75, -50),
        ("fitzhugh_nagumo", FitzHughNagumoParams(), -2, 2),
        ("fitzhugh_nagumo", FitzHughNagumoParams(b=1.5, epsilon=0.6), -2, 0),
        ("fitzhugh_nagumo", FitzHughNagumoParams(gain=3, tau_ms=5, a=0.5), -2, 2),
        ("eif", EIFParams(), -66, -50),
        ("qif", QIFParams(), -66, -50),
    ],
)
def test_closed_onsets_are_those_of_the_linear_stability_by_numbers(name, params, low, high):
    closed = CONSTANT[name].onset(params)
    numbers = stability.numerical_onset(MODELS[name], params, low, high)
    assert closed.kind == numbers.kind
    assert closed.current_na == pytest.approx(numbers.current_na, abs=1e-8)
    if name == "fitzhugh_nagumo":
        assert closed.end_na == pytest.approx(numbers.end_na, abs=1e-8, nan_ok=True)


def test_an_onset_that_does_not_exist_is_unknown():
    assert CONSTANT["fitzhugh_nagumo"].onset(FitzHughNagumoParams(b=0)).kind == ""
    assert CONSTANT["adex"].onset(AdExParams(a=-0.05)).kind == ""
    calm = stability.numerical_onset(MODELS["qif"], QIFParams(), -66, -60)
    assert calm.kind == "" and math.isnan(calm.current_na)


@pytest.mark.parametrize("current", [0.1621, 0.2, 1.0, 50.0])
def test_the_exponential_models_time_against_adaptive_quadrature(current):
    p = EIFParams()

    def pace(v):
        pull = p.delta_t * math.exp((v - p.v_th) / p.delta_t)
        return p.tau_m / (p.v_rest - v + pull + p.r_m * current)

    # Just above the rheobase the integrand is a narrow peak at V_T: cut there.
    pieces = [integrate.quad(pace, lo, hi, epsabs=0, epsrel=1e-11, limit=500)[0] for lo, hi in (
        (p.v_reset, p.v_th - 0.1), (p.v_th - 0.1, p.v_th), (p.v_th, p.v_th + 0.1),
        (p.v_th + 0.1, p.v_peak))]  # fmt: skip
    assert float(eif_time(p, current, p.v_reset)) == pytest.approx(sum(pieces), rel=1e-9)


def test_the_quadratic_models_time_in_each_of_its_regimes():
    p = QIFParams()

    def direct(current, start):
        def pace(v):
            return p.tau_m / (p.a_0 * (v - p.v_rest) * (v - p.v_c) + p.r_m * current)

        return integrate.quad(pace, start, p.v_peak, epsabs=0, epsrel=1e-11, limit=300)[0]

    for current, start in ((0.3, -70), (5.0, -70), (0.0, -45), (-0.5, -30), (0.225, -50)):
        assert float(qif_time(p, current, start)) == pytest.approx(direct(current, start), rel=1e-8)
    assert math.isinf(float(qif_time(p, 0.2, -70)))
    assert math.isinf(float(qif_time(p, 0.225, -70)))  # exactly the rheobase
    assert float(qif_time(p, 1.0, 40)) == 0.0


def test_a_sharp_exponential_neuron_is_the_plain_one():
    plain = LIFParams(tau_m=10, r_m=10, v_rest=-65, v_reset=-68, v_th=-55, t_ref=2)
    sharp = EIFParams(v_th=-55, delta_t=0.1, t_ref=2)
    longer = 1000 / CONSTANT["eif"].rate_hz(sharp, 2.0) - 1000 / theory.rate_hz(plain, 2.0)
    # At V_T it moves at 1 mV/ms; a few Δ_T later it is gone.
    assert 0 < float(longer) < 5 * 0.1


def test_without_a_jump_the_threshold_does_not_adapt_and_with_one_the_rate_is_lower():
    currents = np.array([1.0, 2.0, 2.5, 8.0])
    plain = theory.rate_hz(LIFParams(), currents)
    same = CONSTANT["adaptive"].rate_hz(AdaptiveParams(theta_jump=0), currents)
    np.testing.assert_allclose(same, plain, rtol=1e-12)
    adapted = CONSTANT["adaptive"].rate_hz(AdaptiveParams(), currents)
    assert np.all(adapted[:2] == 0) and np.all(adapted[2:] < 0.8 * plain[2:])
    slow = CONSTANT["adaptive"].rate_hz(AdaptiveParams(theta_jump=50, tau_theta=2000), 2.1)
    assert 0 < float(slow) < 2


@pytest.mark.parametrize(("tau_m", "tau_syn"), [(20, 5), (5, 20), (10, 10), (10, 10.001), (9, 3)])
def test_first_spikes_behind_filters_against_a_matrix_exponential(tau_m, tau_syn):
    for stages, cls in ((1, SynapticParams), (2, AlphaParams)):
        p = cls(tau_m=tau_m, tau_syn=tau_syn)
        t = filtered_first_spike(p, 2.7, stages)
        slopes = np.diag([-1 / tau_m] + [-1 / tau_syn] * stages)
        for k in range(stages):
            slopes[k, k + 1] = -slopes[k, k]
        missing = (linalg.expm(slopes * t) @ np.full(stages + 1, 27.0))[0]
        assert p.v_rest + 27.0 - missing == pytest.approx(p.v_th, abs=1e-10)


def test_extreme_parameters_give_numbers_without_overflow():
    fast = AdaptiveParams(tau_theta=0.1, theta_jump=50)
    plain = float(theory.rate_hz(LIFParams(), 2.001))
    assert float(CONSTANT["adaptive"].rate_hz(fast, 2.001)) == pytest.approx(plain, rel=1e-6)
    sharp = EIFParams(delta_t=0.1, v_peak=200)
    currents = np.array([-10.0, 0.0, 0.6, 10.0])
    rates = CONSTANT["eif"].rate_hz(sharp, currents)
    assert np.isfinite(rates).all() and rates[-1] > 300


def test_a_synapse_delays_the_first_spike_only():
    plain = LIFParams()
    for name, params in (("synaptic", SynapticParams()), ("alpha", AlphaParams())):
        known = CONSTANT[name]
        assert float(known.rate_hz(params, 2.5)) == float(theory.rate_hz(plain, 2.5))
        assert known.first_spike(params, 2.5) > float(theory.first_spike(plain, 2.5)) + 3
        assert math.isinf(known.first_spike(params, 2.0))
        grid = dataclasses.replace(params, timing="grid")
        assert float(known.grid_rate_hz(grid, 2.5, 0.3)) == float(
            theory.grid_rate_hz(dataclasses.replace(plain, timing="grid"), 2.5, 0.3)
        )


def test_rates_of_many_currents_are_the_rates_of_each():
    currents = np.array([[0.1, 0.4], [1.0, 3.0]])
    for known, model in ((CONSTANT[name], MODELS[name]) for name in CONSTANT):
        params = model.params()
        together = known.rate_hz(params, currents)
        each = [[float(known.rate_hz(params, i)) for i in row] for row in currents.tolist()]
        np.testing.assert_allclose(together, each, rtol=1e-14)
