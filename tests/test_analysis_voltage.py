"""Voltage densities and frequency responses against the theory that is drawn beside them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from snncore import theory
from snncore.neurons import MODELS
from snncore.playground import Setup
from snncore.playground.density import density
from snncore.playground.linear import newton, resting_point, run_from, slopes_of
from snncore.playground.response import ResponseParams, response

QUICK = ResponseParams(points=9, low_hz=2, high_hz=300)


@pytest.mark.parametrize(
    "drive",
    [
        {"current": 2.0, "sigma_v": 3.0},
        {"current": 2.0, "sigma_v": 3.0, "timing": "grid"},
        {"current": 1.0, "sigma_v": 4.0},  # threshold far away
        {"current": 3.0, "sigma_v": 2.0},  # mean above threshold
        {"current": 9.0, "sigma_v": 2.0},  # far above it
        {"current": 2.0, "noise_intensity": 2.0, "t_ref": 0.0},
        {"current": 2.0, "sigma_v": 3.0, "reset": "subtract", "dt": 0.05},
    ],
    ids=str,
)
def test_the_density_under_white_noise_is_the_fokker_planck_solution(drive):
    d = density(Setup.of("lif", **drive))
    assert d.fokker_planck is not None
    assert d.density.sum() * d.width + d.refractory == pytest.approx(1, abs=1e-9)
    assert d.refractory == pytest.approx(d.theory_refractory, rel=0.1, abs=0.002)
    step = d.line_v[1] - d.line_v[0]
    # What lies left of the picture is at most what the runs never visited.
    mass = np.trapezoid(d.fokker_planck, dx=step)
    assert mass == pytest.approx(1 - d.theory_refractory, abs=0.01)
    # 100 s of a membrane that forgets in τ: about 2500 independent looks at 100 bins, and the
    # grid of the threshold: measured 0.006 to 0.03.
    assert d.fokker_planck_distance < 0.05


@pytest.mark.parametrize(
    "drive",
    [
        {"current": 1.0, "sigma_v": 2.0},
        {"current": 1.0, "sigma_v": 2.0, "dt": 1.0},
        {"current": -9.0, "noise_intensity": 3.0},
        {"current": 1.0, "ou_std": 1.0, "ou_tau": 10.0},
        {"current": 0.0, "syn_current": 0.1, "syn_rate_hz": 5000, "syn_tau": 3.0},
        {"current": 1.0, "sigma_v": 1.0, "ou_std": 0.5, "syn_current": 0.05},
    ],
    ids=str,
)
def test_the_free_voltage_is_gaussian_with_the_mean_and_spread_of_theory(drive):
    d = density(Setup.of("lif", **drive))
    assert d.free is not None and d.gauss is not None
    assert d.free.sum() * d.width == pytest.approx(1, abs=0.01)
    looks = d.n_neurons * d.duration / 40.0  # one per two correlation times of 20 ms
    assert d.free_mean == pytest.approx(d.mean, abs=5 * d.std / math.sqrt(looks))
    assert d.free_std == pytest.approx(d.std, rel=5 / math.sqrt(2 * looks))
    assert d.gauss_distance < 0.08


@pytest.mark.parametrize("timing", ["exact", "grid"])
def test_on_a_coarse_grid_the_theories_are_those_of_the_grid(timing, monkeypatch):
    setup = Setup.of("lif", current=2.0, sigma_v=3.0, dt=1.0, timing=timing)
    d = density(setup)
    rate = float(theory.noisy_rate_hz(setup.neuron, 2.0, 3.0))
    continuous = rate / 1000 * setup.neuron.t_ref
    # Measured: 2 % from the grid's share of time, 10 % from that of continuous time.
    assert d.refractory == pytest.approx(d.theory_refractory, rel=0.03)
    assert d.theory_refractory < 0.94 * continuous
    monkeypatch.setattr(theory, "GRID_SHIFT", 0.0)
    # Measured: 0.02 to 0.04 with the higher threshold of the grid, 0.1 without it.
    assert d.fokker_planck_distance < 0.5 * density(setup).fokker_planck_distance


def test_with_the_threshold_out_of_reach_both_theories_are_one():
    d = density(Setup.of("lif", current=-1.0, sigma_v=2.0))
    assert d.refractory == 0 and d.density == pytest.approx(d.free)
    assert d.fokker_planck == pytest.approx(d.gauss, abs=1e-6)


def test_a_steady_neuron_rests_or_stands_refractory_for_its_share_of_time():
    quiet = density(Setup.of("lif", current=1.0))
    hit = np.flatnonzero(quiet.density)  # two bins, if it rests on the edge between them
    assert hit[-1] - hit[0] <= 1 and quiet.fokker_planck is None
    assert quiet.v[quiet.density.argmax()] == pytest.approx(-60, abs=quiet.width)
    firing = density(Setup.of("lif", current=2.5))
    period = 2 + 20 * math.log(4)
    assert firing.refractory == pytest.approx(2 / period, rel=0.1)
    assert math.isnan(firing.fokker_planck_distance) and math.isnan(firing.gauss_distance)


def test_reset_none_and_coloured_noise_have_a_gaussian_only():
    for drive in ({"sigma_v": 2.0, "reset": "none"}, {"ou_std": 1.0}):
        d = density(Setup.of("lif", current=1.5, **drive))
        assert d.gauss is not None and d.fokker_planck is None
    moving = density(Setup.of("lif", amplitude=1.0, sigma_v=1.0))
    assert moving.gauss is None and math.isnan(moving.mean)


@pytest.mark.parametrize("model", [name for name in MODELS if name != "lif"])
def test_other_models_have_a_density_without_theory(model):
    d = density(Setup.of(model, current=0.1, noise_intensity=0.2, duration=100))
    assert d.free is None and d.gauss is None and d.refractory == 0
    assert d.density.sum() * d.width == pytest.approx(1, abs=1e-9)


def test_the_exercise_of_neuronal_dynamics():
    # EPFL: 2.5 nA at 250 Hz, R 10 MΩ, τ 8 ms: 1.983167 mV, −85.4501°.
    params = ResponseParams(low_hz=250, high_hz=500, points=3)
    r = response(Setup.of("lif", tau_m=8.0, r_m=10.0), params)
    assert r.theory == "RC"
    assert 2.5 * r.theory_gain[0] == pytest.approx(1.983167, abs=5e-7)
    assert r.theory_phase_deg[0] == pytest.approx(-85.4501, abs=5e-5)
    # Each of 400 steps per cycle brings the charge of the sine itself.
    assert 2.5 * r.gain[0] == pytest.approx(1.983167, abs=1e-6)
    assert r.phase_deg[0] == pytest.approx(-85.4501, abs=3e-4)


@pytest.mark.parametrize("model", list(MODELS))
def test_every_model_answers_a_weak_sine_as_its_theory_says(model):
    r = response(Setup.of(model), QUICK)
    # Second order in the swing of 0.1 mV, and the held sine: measured 2e-5 to 2e-4, 0.006°.
    assert r.gain == pytest.approx(r.theory_gain, rel=5e-4)
    assert r.phase_deg == pytest.approx(r.theory_phase_deg, abs=0.03)
    assert r.line_gain.size == r.line_hz.size and (np.diff(r.line_hz) > 0).all()


def test_the_cutoff_of_a_membrane_is_one_over_two_pi_tau():
    r = response(Setup.of("lif", tau_m=10.0), ResponseParams(points=3, low_hz=0.2))
    assert r.cutoff_hz == pytest.approx(15.9155, rel=0.05)  # on a line of 200 points
    assert r.resonance_hz == 0 and r.rest == pytest.approx(-70)


def test_synaptic_filters_add_their_gains_and_phases():
    omega = 2 * math.pi * 50 / 1000
    for model, poles in (("synaptic", 1), ("alpha", 2)):
        r = response(Setup.of(model), ResponseParams(points=3, low_hz=50, high_hz=51))
        neuron = Setup.of(model).neuron
        angle = math.atan(omega * neuron.tau_m) + poles * math.atan(omega * neuron.tau_syn)
        size = neuron.r_m / math.hypot(1, omega * neuron.tau_m)
        size /= math.hypot(1, omega * neuron.tau_syn) ** poles
        assert r.gain[0] == pytest.approx(size, rel=1e-4)
        assert r.phase_deg[0] == pytest.approx(-math.degrees(angle), abs=0.01)
        assert r.theory == "RC and synapse"


@pytest.mark.parametrize("model", ["synaptic", "alpha", "lif"])
def test_closed_form_and_linearised_impedance_are_one_for_linear_models(model):
    setup = Setup.of(model)
    r = response(setup, ResponseParams(points=3))
    z = resting_point(setup, 0.0).impedance(r.line_hz)
    assert np.abs(z) == pytest.approx(r.line_gain, rel=1e-6)


def test_a_resonator_answers_most_at_its_own_frequency():
    # Hodgkin-Huxley at rest: an eigenvalue pair of ±0.383/ms turns at 61 Hz.
    r = response(Setup.of("hodgkin_huxley"), QUICK)
    turning = max(resting_point(Setup.of("hodgkin_huxley"), 0.0).eigenvalues.imag)
    assert r.resonance_hz == pytest.approx(1000 * turning / (2 * math.pi), rel=0.2)
    assert r.line_gain.max() > 1.5 * r.line_gain[0]
    assert (r.line_phase_deg > 0).any() and (r.line_phase_deg < 0).any()


def test_holding_moves_the_rest():
    r = response(Setup.of("lif"), ResponseParams(holding=1.5, points=3))
    assert r.rest == pytest.approx(-55) and r.gain == pytest.approx(r.theory_gain, rel=1e-4)
    # Near its rheobase an exponential neuron is softer than at rest.
    soft = response(Setup.of("eif"), ResponseParams(holding=0.12, points=3, low_hz=0.2))
    stiff = response(Setup.of("eif"), ResponseParams(points=3, low_hz=0.2))
    assert soft.gain[0] > 1.1 * stiff.gain[0]


@pytest.mark.parametrize("model, current", [("lif", 2.0), ("eif", 3.0), ("hodgkin_huxley", 1.5)])
def test_a_neuron_that_fires_has_no_frequency_response_of_rest(model, current):
    with pytest.raises(ValueError, match=f"got {current:g} nA, at which it fires"):
        response(Setup.of(model), ResponseParams(holding=current))


@pytest.mark.parametrize("model", list(MODELS))
def test_a_resting_point_is_where_a_run_stays(model):
    setup = Setup.of(model)
    point = resting_point(setup, 0.05)
    assert point.stable
    trace = run_from(setup, point.values, np.full(2000, 0.05), 0.1)
    off = trace.v[:, 0, 0].numpy() - point.values[0]
    assert np.abs(off).max() < 1e-6


def test_newton_that_finds_nothing_says_so():
    setup = Setup.of("qif")
    assert newton(slopes_of(setup), np.array([-60.0]), 5.0) is None  # above the fold


def test_frequencies_must_rise():
    with pytest.raises(ValueError, match="low_hz must be < high_hz"):
        ResponseParams(low_hz=100, high_hz=50)
