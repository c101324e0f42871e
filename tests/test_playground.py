"""The playground: one run with its theory, the f–I curve, the population, for every model."""

import csv
import dataclasses
import io
import math
import time

import numpy as np
import pytest

from snncore import theory
from snncore.neurons import MODELS, LIFParams
from snncore.params import Params
from snncore.playground import (
    PRESETS,
    PopulationParams,
    Setup,
    csv_text,
    expected,
    fi_curve,
    play,
    population,
)
from snncore.playground.population import spread_of
from snncore.simulate import RunParams
from snncore.stimuli import Recording, StimulusParams
from snncore.theory import CONSTANT

NEURON, QUIET = LIFParams(), Setup()
NOISY = Setup.of("lif", current=2.0, sigma_v=3)


def of_kind(setup):
    return expected(setup, setup.waveform())


# Setup


def test_names_of_neuron_stimulus_and_run_are_distinct_so_a_flat_link_is_enough():
    for model in MODELS.values():
        parts: list[type[Params]] = [model.params, StimulusParams, RunParams]
        names = [name for part in parts for name in part.specs()]
        assert len(set(names)) == len(names), model.name


@pytest.mark.parametrize("model", list(MODELS))
def test_a_setup_survives_its_dictionary(model):
    setup = Setup.of(model, current=0.7, seed=3)
    assert Setup.from_dict(setup.to_dict()) == setup
    assert hash(Setup.from_dict(setup.to_dict())) == hash(setup)


def test_a_setup_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"model must be one of lif, .*, got 'perceptron'"):
        Setup.of("perceptron")
    with pytest.raises(ValueError, match="model qif has no parameter tau_w"):
        Setup.of("qif", tau_w=3)
    with pytest.raises(ValueError, match="neuron must be QIFParams for model qif, got LIFParams"):
        Setup("qif", LIFParams())


# One run


def test_the_neuron_that_opens_the_page_fires_at_a_physiological_rate():
    s = play(QUIET).summary
    assert s.theory == "exact" and s.compared == "rate_hz"
    assert s.theory_rate_hz == pytest.approx(1000 / (2 + 20 * math.log(4)), rel=1e-12)
    assert 10 < s.theory_rate_hz < 60
    assert s.relative_error == pytest.approx(0, abs=1e-9)  # exact timing: closed form to rounding
    assert s.isi_ms == pytest.approx(1000 / s.rate_hz)
    assert s.first_spike_ms == pytest.approx(20 * math.log(5), abs=1e-9)
    assert s.first_spike_ms == pytest.approx(s.theory_first_spike_ms, abs=1e-9)
    assert (s.rheobase_na, s.onset) == (2.0, "rheobase")


def test_on_the_grid_the_rate_is_that_of_the_grid():
    s = play(Setup.of(timing="grid", dt=1)).summary
    assert s.rate_hz == pytest.approx(s.theory_grid_rate_hz, rel=2e-3)  # moments inside the steps
    assert s.theory_grid_rate_hz == pytest.approx(1000 / 30)
    assert s.relative_error < -0.005


def test_below_the_rheobase_theory_and_simulation_agree_on_silence():
    s = play(Setup.of(current=1.9)).summary
    assert s.count == 0 and s.theory_rate_hz == 0.0 and s.relative_error == 0.0
    assert s.rate_hz == 0 and s.last_rate_hz == 0 and math.isnan(s.isi_ms)
    assert math.isnan(s.cv) and math.isnan(s.first_spike_ms) and math.isnan(s.theory_cv)


@pytest.mark.parametrize("model", list(MODELS))
def test_every_model_runs_with_all_its_variables(model):
    setup = Setup.of(model, duration=100)
    r = play(setup)
    assert r.v.shape == r.t.shape == (1000,) and np.isfinite(r.v).all()
    assert list(r.others) == [v.name for v in setup.kind.variables[1:]]
    assert all(np.isfinite(x).all() for x in r.others.values())
    assert r.summary.rheobase_na == CONSTANT[model].onset(setup.neuron).current_na
    assert r.summary.theory == CONSTANT[model].kind
    if r.summary.count > 1 and r.summary.theory != "none" and model != "adaptive":
        assert r.summary.relative_error == pytest.approx(0, abs=1e-3)  # a synapse still settles


def test_a_neuron_that_adapts_is_judged_when_it_has_settled():
    s = play(Setup.of("adaptive", current=3, duration=2000)).summary
    assert s.compared == "last_rate_hz"
    assert s.relative_error == pytest.approx(0, abs=1e-6)
    assert s.rate_hz > 1.005 * s.last_rate_hz


def test_the_seed_projects_sine_has_its_quasi_static_rate():
    noisy = PRESETS["Seed demo"].setup
    calm = dataclasses.replace(noisy, stimulus=dataclasses.replace(noisy.stimulus, sigma_v=0))
    s = play(calm).summary
    assert s.theory == "quasi-static"
    assert s.theory_rate_hz == pytest.approx(723.04, abs=0.5)  # direct average over one cycle
    assert s.count == pytest.approx(72, abs=1)
    on_grid = dataclasses.replace(calm, neuron=dataclasses.replace(calm.neuron, timing="grid"))
    assert play(on_grid).summary.count in (68, 69)  # as counted in the seed's own program


@pytest.mark.parametrize(
    "values",
    [
        {"current": 1.0, "step_current": 2.0, "step_on": 0, "step_off": 1e5},
        {"current": 3.0, "amplitude": 1e-9, "frequency_hz": 4},
    ],
    ids=["step", "sine"],
)
def test_a_drive_without_noise_has_the_rate_of_its_grid(values):
    rates = of_kind(Setup.of(dt=2, duration=2000, timing="grid", **values))
    assert rates.rate_hz == pytest.approx(49.199, abs=1e-3)
    assert rates.grid_rate_hz == pytest.approx(1000 / 22)  # 10 steps to rise, 1 of rest


def test_a_step_that_lasts_all_the_run_is_a_constant():
    rates = of_kind(Setup.of(current=1, step_current=2, step_on=0, step_off=1e5))
    assert rates.kind == "exact"
    assert rates == of_kind(Setup.of(current=3.0))


def test_noise_is_compared_with_siegert():
    s = play(dataclasses.replace(NOISY, run=RunParams(duration=20_000))).summary
    assert s.theory == "Siegert" and s.compared == "count_rate_hz"
    assert s.theory_grid_rate_hz < s.theory_rate_hz
    # 20 s at about 17 Hz, CV 0.6: known to 0.6/√340 = 3.3 %.
    assert s.count_rate_hz == pytest.approx(s.theory_grid_rate_hz, rel=0.1)
    assert s.cv == pytest.approx(s.theory_cv, abs=0.12)


def test_the_same_noise_by_its_intensity_has_the_same_theory():
    # Var V = (R·D)²/(2τ) = 9 mV².
    same = Setup.of(current=2.0, noise_intensity=3 / 10 * math.sqrt(2 * 20))
    by_sigma, by_intensity = of_kind(NOISY), of_kind(same)
    assert by_intensity.rate_hz == pytest.approx(by_sigma.rate_hz, rel=1e-5)
    assert by_intensity.cv == pytest.approx(by_sigma.cv, rel=1e-5)
    both = of_kind(Setup.of(current=2.0, sigma_v=3, noise_intensity=3 / 10 * math.sqrt(2 * 20)))
    assert both.rate_hz == pytest.approx(
        float(theory.noisy_rate_hz(NEURON, 2.0, 3 * math.sqrt(2))), rel=1e-5
    )


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("Siegert", {"current": 1.8, "ou_std": 0.8, "ou_tau": 2}),
        ("Siegert", {"current": 1.8, "ou_std": 0.5, "ou_tau": 20}),
        ("quasi-static", {"current": 2.5, "ou_std": 0.3, "ou_tau": 200}),
        ("Siegert", {"current": 0, "syn_current": 0.1, "syn_rate_hz": 4500, "syn_tau": 4}),
        ("Siegert", {"model": "synaptic", "current": 1.9, "sigma_v": 3}),
        ("quasi-static", {"model": "synaptic", "current": 2.3, "sigma_v": 3, "tau_syn": 120}),
        ("Siegert", {"current": 1.8, "ou_std": 0.8, "ou_tau": 4, "timing": "grid", "t_ref": 2.1}),
        ("Siegert", {"current": 3.2, "syn_current": -0.1, "syn_rate_hz": 2500, "syn_tau": 4}),
    ],
)
def test_noise_with_a_memory_is_compared_with_its_own_theory(kind, values):
    setup = Setup.of(duration=2000, dt=0.2, **values)
    rates = of_kind(setup)
    assert rates.kind == kind
    crowd = population(setup, PopulationParams(size=100))
    half = crowd.spikes.shape[0] // 2  # what comes before is the start
    late = crowd.spikes[half:].sum(axis=0) / (crowd.duration / 2000)
    error = 4 * late.std() / math.sqrt(100)
    assert rates.grid_rate_hz == pytest.approx(late.mean(), abs=error + 0.04 * late.mean())
    assert crowd.theory_hz.mean() == pytest.approx(rates.grid_rate_hz)


@pytest.mark.parametrize(
    "setup",
    [
        Setup.of(reset="none"),
        Setup.of(sigma_v=1, ou_std=0.1),
        Setup.of("eif", sigma_v=1),
        Setup.of("adaptive", amplitude=0.5),
        Setup.of("hodgkin_huxley"),
    ],
    ids=["no reset", "two noises", "noise in another model", "adaptation and sine", "nerve"],
)
def test_where_there_is_no_theory_nothing_is_compared(setup):
    rates = of_kind(setup)
    assert rates.kind == "none" and math.isnan(rates.rate_hz) and math.isnan(rates.cv)
    assert math.isfinite(rates.rheobase_na)
    assert math.isnan(play(setup).summary.relative_error)


def test_a_recorded_current_is_part_of_the_drive_and_of_the_theory():
    data = b"0,0\n100,0\n101,1\n500,1\n"
    recording = Recording.from_csv(data, "mine.csv")
    silent = play(Setup.of(current=1.5))
    driven = play(Setup.of(current=1.5), recording)
    assert silent.summary.count == 0 and driven.summary.count > 5
    assert driven.wave[-1] == pytest.approx(2.5) and driven.wave[0] == pytest.approx(1.5)
    assert driven.summary.theory == "quasi-static" and silent.summary.theory == "exact"


def test_noise_in_mv_needs_a_passive_membrane():
    with pytest.raises(ValueError, match="sigma_v must be 0 mV for a model without a passive"):
        play(Setup.of("hodgkin_huxley", sigma_v=1))


def test_the_table_has_every_step_and_marks_the_spikes():
    setup = Setup.of(duration=100)
    result = play(setup)
    rows = list(csv.DictReader(io.StringIO(csv_text(setup, result))))
    assert len(rows) == 1000
    assert [k for k, row in enumerate(rows) if row["spike"] == "1"] == result.spike_steps.tolist()
    assert [float(row["v_mv"]) for row in rows] == result.v.tolist()
    assert rows[2]["t_ms"] == "0.3"


def test_a_long_table_is_written_at_once():
    setup = Setup.of(duration=30_000, sigma_v=1.0)
    result = play(setup)
    begin = time.process_time()
    text = csv_text(setup, result)
    assert time.process_time() - begin < 1.0  # 0.2 s; number by number it takes 1.5 s
    assert text.count("\n") == 300_001


def test_the_table_of_another_model_has_its_variables_with_their_units():
    setup = Setup.of("adex", duration=20)
    rows = list(csv.DictReader(io.StringIO(csv_text(setup, play(setup)))))
    assert list(rows[0]) == ["t_ms", "current_na", "v_mv", "w_na", "spike"]
    nerve = Setup.of("hodgkin_huxley", duration=20)
    head = csv_text(nerve, play(nerve)).splitlines()[0]
    assert head == "t_ms,current_na,v_mv,m,h,n,spike"


@pytest.mark.parametrize("timing", ["exact", "grid"])
def test_synapses_at_which_nothing_arrives_are_no_noise(timing):
    alone = Setup.of("lif", current=2.5, dt=5, timing=timing, duration=2000)
    silent = Setup.of(
        "lif", current=2.5, dt=5, timing=timing, duration=2000, syn_current=0.5, syn_rate_hz=0
    )
    assert of_kind(silent) == of_kind(alone) and of_kind(silent).kind == "exact"
    summary = play(silent).summary
    assert summary.rate_hz == pytest.approx(summary.theory_grid_rate_hz, rel=1e-3)


# The f–I curve


def test_the_curve_lies_on_its_theory():
    curve = fi_curve(QUIET)
    assert curve.currents[0] < 2.0 < curve.currents[-1]
    line = theory.rate_hz(NEURON, curve.currents)
    fast = line > 2
    assert fast.sum() > 15
    np.testing.assert_allclose(curve.measured_hz[fast], line[fast], rtol=1e-9)
    assert np.all(curve.measured_hz[curve.currents < 2.0] == 0)
    assert curve.noisy_hz is None and curve.theory == "exact"
    assert (curve.onset_na, curve.onset, curve.operating_na) == (2.0, "rheobase", 2.5)


@pytest.mark.parametrize("model", ["adaptive", "synaptic", "alpha", "eif", "qif"])
def test_curves_of_other_models_lie_on_their_theory(model):
    curve = fi_curve(
        Setup.of(model, current=1.5 * CONSTANT[model].onset(MODELS[model].params())[0])
    )
    expected_hz = CONSTANT[model].rate_hz(MODELS[model].params(), curve.currents)
    # Spikes are placed on the grid, and the first half second need not have settled fully.
    fast = expected_hz > 4
    assert fast.sum() > 5
    np.testing.assert_allclose(curve.measured_hz[fast], expected_hz[fast], rtol=5e-3)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_a_curve_follows_a_slider(model):
    """The page may take 0.15 s for a new value, and the run itself needs its part of that."""
    setup = Setup.of(model)
    fi_curve(setup)  # compiles
    taken = []
    for _ in range(4):
        began = time.process_time()
        fi_curve(setup)
        taken.append(time.process_time() - began)
    assert min(taken) < 0.13


@pytest.mark.parametrize(("model", "more"), [("eif", {}), ("adex", {"b": 0})])
def test_dots_of_neurons_that_fire_in_every_step_are_shorter(model, more):
    curve = fi_curve(Setup.of(model, t_ref=0, tau_m=0.5, v_reset=-51, current=9, **more))
    assert curve.measured_hz[-1] > 9000
    assert curve.duration < 0.5 * fi_curve(Setup.of(model)).duration


def test_dots_with_few_spikes_run_for_longer_than_the_others():
    setup = Setup.of("eif", current=0.5, tau_m=40)
    curve = fi_curve(setup)
    rates = CONSTANT["eif"].rate_hz(setup.neuron, curve.currents)
    seldom = (rates > 2.5) & (rates < 1750 / curve.duration)  # the first spike takes its time too
    assert seldom.any()
    np.testing.assert_allclose(curve.measured_hz[seldom], rates[seldom], rtol=5e-3)


@pytest.mark.parametrize("model", ["adex", "izhikevich", "fitzhugh_nagumo", "hodgkin_huxley"])
def test_curves_without_a_line_still_show_where_firing_sets_in(model):
    onset = CONSTANT[model].onset(MODELS[model].params())
    curve = fi_curve(Setup.of(model, current=1.2 * onset.current_na))
    assert curve.line_hz is None and curve.noisy_hz is None and curve.theory == "none"
    assert curve.onset == onset.kind and curve.onset_na == onset.current_na
    assert curve.currents[0] < onset.current_na < curve.currents[-1]
    assert curve.measured_hz[-1] > 5 and curve.measured_hz[0] == 0


def test_the_curve_with_noise_lies_on_siegerts():
    curve = fi_curve(NOISY)
    line = theory.noisy_rate_hz(NEURON, curve.currents, 3.0, NOISY.run.dt)
    # Each dot counts about 2·rate spikes, so its variance is below that of a Poisson process.
    allowed = 4 * np.sqrt(np.maximum(line, 1) / (curve.duration / 1000))
    assert np.all(np.abs(curve.measured_hz - line) < allowed)
    assert abs((curve.measured_hz - line).mean()) < 0.6
    assert curve.noisy_hz is not None and curve.noisy_hz.min() > 0
    assert curve.sigma_v == pytest.approx(3.0)


def test_the_curve_under_synaptic_input_is_drawn_over_the_mean_current():
    setup = Setup.of(current=1.0, syn_current=0.1, syn_rate_hz=4000, syn_tau=3)
    curve = fi_curve(setup)
    assert curve.operating_na == pytest.approx(1.0 + 0.1 * 4 * 3)
    assert curve.noisy_hz is not None
    line = np.interp(curve.currents, curve.line_currents, curve.noisy_hz)
    allowed = 5 * np.sqrt(np.maximum(line, 1) / (curve.duration / 1000))
    assert np.all(np.abs(curve.measured_hz - line) < allowed)


@pytest.mark.parametrize("operating", [-10.0, 0.0, 1.99, 2.0, 2.5, 10.0])
def test_the_curve_always_shows_rheobase_and_operating_point(operating):
    curve = fi_curve(Setup.of(current=operating, dt=1))
    assert curve.currents[0] < min(2.0, operating)
    assert curve.currents[-1] > max(2.0, operating)


# The population


def test_a_part_of_a_run_has_the_chirp_of_the_whole():
    chirp = dict(current=1.5, chirp_current=1.0, chirp_from_hz=0, chirp_to_hz=100)
    setup = Setup.of("lif", sigma_v=1, duration=4000, **chirp)
    crowd = population(setup, PopulationParams(size=200))
    steps = len(crowd.spikes)
    assert steps < setup.run.n_steps  # cut to what the panel can take
    alone = play(setup)
    assert np.flatnonzero(crowd.spikes[:, 0]).tolist() == [
        step for step in alone.spike_steps.tolist() if step < steps
    ]
    assert (setup.waveform(n_steps=steps) == alone.wave[:steps]).all()
    assert (setup.waveform(n_steps=60_000)[:40_000] == alone.wave).all()


def test_unlike_neurons_may_have_any_noise_that_equal_ones_may():
    loud = Setup.of("lif", current=10.0, sigma_v=10, r_m=1)
    crowd = population(loud, PopulationParams(spread=10))
    assert np.isfinite(crowd.theory_hz).all()
    late = crowd.bins > 100
    measured, known = crowd.rate_hz[late].mean(), crowd.theory_hz[late].mean()
    # Some thousand spikes: the error of counting is below 3 %.
    assert measured == pytest.approx(known, rel=0.06)


def test_the_first_of_the_population_is_the_single_neuron():
    for setup in (NOISY, Setup.of(current=2, sigma_v=3, timing="grid")):
        single = play(setup)
        crowd = population(setup, PopulationParams(size=50))
        assert len(single.spike_steps) > 3
        assert np.flatnonzero(crowd.spikes[:, 0]).tolist() == single.spike_steps.tolist()
        assert not np.array_equal(crowd.spikes[:, 0], crowd.spikes[:, 1])


@pytest.mark.parametrize("spread", [0.0, 15.0])
def test_the_population_rate_settles_on_the_theory(spread):
    setup = dataclasses.replace(NOISY, run=RunParams(duration=1000))
    crowd = population(setup, PopulationParams(size=200, spread=spread))
    settled = crowd.bins > 300
    rate, line = crowd.rate_hz[settled].mean(), crowd.theory_hz[settled].mean()
    # 200 neurons · 0.7 s at 17 Hz: 2400 spikes with CV 0.6.
    assert rate == pytest.approx(line, rel=0.06)
    if spread == 0:
        assert crowd.rate_hz[:1].mean() < line / 4  # all start at rest
    total = crowd.rate_hz.sum() * crowd.bin_width / 1000 * 200
    assert total == pytest.approx(crowd.spikes.sum(), rel=1e-9)


def test_a_drive_without_noise_is_given_some_and_long_runs_are_cut():
    setup = Setup.of(duration=5000)
    crowd = population(setup, PopulationParams())
    assert crowd.sigma_v == pytest.approx(2.0)
    assert crowd.spikes.size <= 2_500_000 and crowd.duration < 5000


def test_unlike_neurons_need_no_noise_to_differ():
    crowd = population(QUIET, PopulationParams(spread=20))
    assert crowd.sigma_v == 0.0
    assert len(set(crowd.spikes.sum(axis=0).tolist())) > 5
    assert crowd.fano > 0.2
    late = crowd.bins > 200
    assert crowd.rate_hz[late].mean() == pytest.approx(crowd.theory_hz[late].mean(), rel=0.02)


@pytest.mark.parametrize("model", list(MODELS))
def test_parameters_spread_as_much_as_asked_and_by_the_seed(model):
    setup, params = Setup.of(model, seed=4), PopulationParams(size=200, spread=20)
    table = spread_of(setup, params)
    assert len(table) == 3
    for name, values in table.items():
        base = setup.neuron.v_reset if name == "v_th" else 0.0
        centre = getattr(setup.neuron, name) - base
        factors = (values - base) / centre
        # Of 200 draws: the mean to 0.2/√200 = 0.014, the deviation to a twentieth of itself.
        assert factors.mean() == pytest.approx(1, abs=0.05)
        assert factors.std() == pytest.approx(0.2, abs=0.04)
    again = spread_of(setup, params)
    assert all(np.array_equal(again[name], table[name]) for name in table)
    other = spread_of(Setup.of(model, seed=5), params)
    assert not any(np.array_equal(other[name], table[name]) for name in table)
    assert spread_of(setup, PopulationParams()) == {}


def test_a_wide_spread_leaves_the_means_where_they_are():
    table = spread_of(QUIET, PopulationParams(size=200, spread=50))
    means = [table["tau_m"].mean() / 20, table["r_m"].mean() / 10, (table["v_th"].mean() + 65) / 15]
    # Three times 200 draws of deviation 0.5: known to 0.02.
    assert np.mean(means) == pytest.approx(1, abs=0.07)


def test_a_coarse_grid_delays_every_spike_under_slow_noise_by_half_a_step():
    rates = {}
    for timing in ("exact", "grid"):
        setup = Setup.of(
            current=2.8, ou_std=0.3, ou_tau=20, dt=2.0, t_ref=3.0, timing=timing, duration=4000
        )
        crowd = population(setup, PopulationParams(size=100))
        rates[timing] = crowd.rate_hz[10:].mean(), of_kind(setup).grid_rate_hz
    # The same noise for both: their ratio is known well. t_ref is 4 ms on this grid.
    (exact, theory_exact), (grid, theory_grid) = rates["exact"], rates["grid"]
    assert theory_grid < 0.95 * theory_exact
    assert grid / exact == pytest.approx(theory_grid / theory_exact, rel=0.01)


@pytest.mark.parametrize("model", [m for m in MODELS if m != "lif"])
def test_populations_of_every_model(model):
    onset = CONSTANT[model].onset(MODELS[model].params()).current_na
    setup = Setup.of(model, current=1.3 * onset, duration=300)
    crowd = population(setup, PopulationParams(size=20, spread=10))
    assert crowd.spikes.shape[1] == 20 and crowd.spikes.any()
    assert math.isnan(crowd.sigma_v) == (setup.membrane is None)
    if model in ("synaptic", "alpha", "eif", "qif"):  # alike but for noise of 10 % of parameters
        assert crowd.theory_hz.mean() == pytest.approx(crowd.rate_hz[20:].mean(), rel=0.15)
    else:
        assert np.isnan(crowd.theory_hz).all()
    noisy = population(setup, PopulationParams(size=20))  # equal neurons get noise of their own
    assert len({tuple(column) for column in noisy.spikes.T.tolist()}) > 5


def test_a_population_s_time_is_cut_by_what_a_step_of_its_model_costs():
    size = PopulationParams(size=200)
    parts = [population(Setup.of(m, duration=500), size).duration for m in ("lif", "qif", "adex")]
    assert parts[0] == parts[1] == 500  # 140 ns a step
    assert parts[2] < 250  # 580 ns
