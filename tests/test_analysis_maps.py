"""Two-parameter maps, convergence in dt, and phase planes."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from snncore import theory
from snncore.neurons import MODELS
from snncore.playground import Setup, play
from snncore.playground.budget import check_steps, most_steps, neuron_steps
from snncore.playground.convergence import ConvergenceParams, convergence
from snncore.playground.heatmap import (
    HeatmapParams,
    axis_range,
    check_time,
    fields,
    heatmap,
    value_of,
)
from snncore.playground.phase_plane import PhasePlaneParams, phase_plane
from snncore.simulate import run
from snncore.stimuli import Recording

SMALL = 6


def last(setup, params, recording=None):
    return list(heatmap(setup, params, recording))[-1]


def axes(x, x_range, y, y_range, **more):
    return HeatmapParams(
        x=x, x_from=x_range[0], x_to=x_range[1], y=y, y_from=y_range[0], y_to=y_range[1],
        **{"n": SMALL, **more},
    )  # fmt: skip


PAIRS = [
    ("lif", {}, ("current", (1, 4), "tau_m", (5, 40))),
    ("lif", {}, ("tau_m", (5, 40), "current", (1, 4))),
    ("lif", {"sigma_v": 2.0}, ("current", (1, 4), "tau_m", (5, 40))),
    ("lif", {"sigma_v": 2.0}, ("tau_m", (5, 40), "current", (1, 4))),
    ("lif", {"noise_intensity": 2.0}, ("current", (1, 4), "tau_m", (5, 40))),
    ("lif", {}, ("current", (1, 3), "sigma_v", (0, 5))),
    ("lif", {"timing": "grid"}, ("t_ref", (0, 5), "v_reset", (-70, -55))),
    ("lif", {"amplitude": 1.0}, ("frequency_hz", (1, 50), "amplitude", (0, 2))),
    ("lif", {"amplitude": 1.0}, ("amplitude", (0, 2), "sine_offset", (0, 1))),
    ("lif", {"step_current": 1.0, "sigma_v": 1.0}, ("step_on", (0, 200), "r_m", (5, 15))),
    ("lif", {"current": 1.8, "ou_std": 0.5}, ("ou_tau", (1, 50), "r_m", (8, 15))),
    ("lif", {"current": 1.8, "syn_current": 0.1}, ("syn_rate_hz", (0, 2000), "syn_tau", (1, 9))),
    ("eif", {"sigma_v": 1.0}, ("current", (0, 1), "delta_t", (1, 4))),
    ("adex", {}, ("current", (0.2, 1), "tau_w", (50, 200))),
    ("izhikevich", {}, ("current", (0, 2), "d", (2, 8))),
]


@pytest.mark.parametrize("model, drive, pair", PAIRS, ids=str)
def test_every_cell_is_the_single_run_with_its_parameters(model, drive, pair):
    x_name, _, y_name, _ = pair
    setup = Setup.of(model, **drive, duration=300)
    result = last(setup, axes(*pair, measure="count"))
    rate = last(setup, axes(*pair))
    assert result.done == SMALL and result.valid.all()
    different = 0
    for i in range(SMALL):
        for j in range(SMALL):
            cell = {**drive, x_name: result.x[j], y_name: result.y[i]}
            single = play(Setup.of(model, **cell, duration=300)).summary
            # The signal with a factor is float32: a spike may fall on the other side of the end.
            assert abs(result.values[i, j] - single.count) <= 1
            different += result.values[i, j] != single.count
            if result.values[i, j] == single.count:
                assert rate.values[i, j] == pytest.approx(single.rate_hz, rel=1e-3, abs=1e-9)
    assert different <= 1
    assert np.unique(result.values).size > 2  # the axes do something


def test_the_map_arrives_in_parts_that_do_not_change():
    params = axes("current", (1, 4), "tau_m", (5, 40), n=25)
    parts = list(heatmap(Setup.of("lif", duration=200), params))
    assert [p.done for p in parts] == [10, 20, 25]
    for part in parts:
        assert np.isfinite(part.values[: part.done]).all()
        assert np.isnan(part.values[part.done :]).all()
        assert (part.values[: part.done] == parts[-1].values[: part.done]).all()


@pytest.mark.parametrize("measure", ["rate", "count", "cv", "first"])
def test_measures_are_those_of_the_single_run(measure):
    setup = Setup.of("lif", sigma_v=3.0, duration=500)
    result = last(setup, axes("current", (0, 4), "r_m", (5, 15), measure=measure))
    j, i = 5, 5
    single = play(
        Setup.of("lif", sigma_v=3.0, duration=500, current=result.x[j], r_m=result.y[i])
    ).summary
    expected = {
        "rate": single.rate_hz,
        "count": single.count,
        "cv": single.cv,
        "first": single.first_spike_ms,
    }[measure]
    assert result.values[i, j] == pytest.approx(expected, rel=1e-4)
    silent = result.values[0, 0]
    assert silent == 0 if measure in ("rate", "count") else math.isnan(silent)


def test_settings_that_are_refused_are_cells_without_value():
    params = axes("v_reset", (-70, -45), "v_th", (-65, -40), n=11)
    result = last(Setup.of("lif"), params)
    refused = result.x[None, :] >= result.y[:, None]
    assert (result.valid == ~refused).all()
    assert np.isnan(result.values[refused]).all() and np.isfinite(result.values[~refused]).all()
    drive = Setup.of("lif", step_current=1.0)
    order = last(drive, axes("step_on", (0, 400), "step_off", (0, 400)))
    assert (order.valid == (order.x[None, :] <= order.y[:, None])).all()


def test_the_onset_lies_where_the_mean_current_reaches_the_rheobase():
    setup = Setup.of("lif", duration=2000)
    result = last(setup, axes("current", (1, 4), "r_m", (6, 14), n=40))
    assert result.onset is not None and len(result.onset) > 40
    x, y = result.onset.T
    assert x * y == pytest.approx(np.full(x.size, 20.0), rel=2e-3)  # R·I = V_th − V_rest
    excess = result.x[None, :] * result.y[:, None] - 20
    assert ((result.values > 0) == (excess > 0))[np.abs(excess) > 0.5].all()
    assert last(setup, axes("amplitude", (0, 1), "r_m", (6, 14))).onset is None
    shifted = last(
        Setup.of("lif", syn_current=0.1), axes("current", (0, 3), "syn_rate_hz", (100, 2000))
    )
    assert shifted.onset is not None
    at = shifted.onset[:, 0] + 0.1 * shifted.onset[:, 1] / 1000 * 5
    assert at == pytest.approx(np.full(at.size, 2.0))


@pytest.mark.parametrize(
    "model, pair, early",
    [
        ("eif", ("current", (0, 0.6), "delta_t", (1, 4)), 0.0),
        ("qif", ("current", (0, 1.0), "a_0", (0.02, 0.08)), 0.0),
        ("synaptic", ("v_th", (-60, -45), "v_rest", (-75, -65)), 0.0),
        # A step makes these fire, at least once, before a slow current would: adaptation is late.
        ("adex", ("current", (0.3, 0.9), "a", (0.0, 0.01)), 0.2),
        ("izhikevich", ("current", (0, 1.5), "b", (0.1, 0.24)), 0.6),
    ],
    ids=str,
)
def test_silence_ends_at_the_onset_of_theory(model, pair, early):
    setup = Setup.of(model, current=2.0, duration=1000)
    result = last(setup, axes(*pair, n=9, measure="count"))
    assert result.onset is not None
    cell = result.x[1] - result.x[0]
    rows = 0
    for i, fires in enumerate(result.values > 0):
        changes = np.flatnonzero(fires[1:] != fires[:-1])
        crossing = [x for x, y in result.onset if y == pytest.approx(result.y[i])]
        if changes.size and crossing:
            rows += 1
            at = result.x[changes[0]] + cell / 2
            # Half a cell of the map, and one more for what takes longer than the run to fire.
            assert at - 1.5 * cell <= min(crossing) <= at + 1.5 * cell + early
    assert rows >= 4


def test_a_map_of_rates_is_the_closed_form():
    result = last(Setup.of("lif", duration=2000), axes("current", (2.2, 4), "tau_m", (5, 40), n=15))
    for i, tau in enumerate(result.y):
        exact = theory.rate_hz(Setup.of("lif", tau_m=float(tau)).neuron, result.x)
        assert result.values[i] == pytest.approx(exact, rel=1e-5)


def test_a_recording_may_be_scaled_along_an_axis():
    recording = Recording("ramp", np.arange(301.0), np.linspace(0, 4, 301))
    setup = Setup.of("lif", current=0.0, duration=300)
    params = axes("csv_gain", (0, 3), "tau_m", (5, 40), measure="count")
    result = last(setup, params, recording)
    single = play(Setup.of("lif", current=0.0, duration=300, csv_gain=3.0, tau_m=40.0), recording)
    assert result.values[-1, -1] == single.summary.count > 0
    assert (np.diff(result.values, axis=1) >= 0).all()
    with pytest.raises(ValueError, match="x must be one of"):
        last(setup, params)


def test_a_step_that_is_too_long_for_some_cells_leaves_only_these_empty():
    setup = Setup.of("adex", dt=20.0, duration=2000)
    result = last(setup, axes("tau_m", (0.1, 100), "current", (0.5, 1)))
    assert np.isnan(result.values[:, 0]).all() and np.isfinite(result.values[:, -1]).all()
    assert (result.valid == np.isfinite(result.values)).all()  # not drawn as too few spikes


def test_axes_that_do_not_exist_or_do_not_fit_are_named():
    setup = Setup.of("lif")
    with pytest.raises(ValueError, match=r"x must be one of tau_m, .*, got 'tau_w'"):
        last(setup, axes("tau_w", (1, 2), "tau_m", (5, 40)))
    with pytest.raises(ValueError, match="y must be another parameter than x"):
        axes("tau_m", (1, 2), "tau_m", (5, 40))
    with pytest.raises(ValueError, match="x_from must be < x_to"):
        axes("current", (2, 1), "tau_m", (5, 40))
    with pytest.raises(ValueError, match="y_from and y_to must be > 0 and <= 200 for tau_m"):
        last(setup, axes("current", (1, 2), "tau_m", (0, 40)))
    with pytest.raises(ValueError, match="sigma_v must be 0 mV for a model without"):
        last(Setup.of("izhikevich", sigma_v=1.0), axes("current", (0, 1), "a", (0.01, 0.1)))


@pytest.mark.parametrize("model", list(MODELS))
def test_every_numeric_field_has_a_range_that_the_map_takes(model):
    setup = Setup.of(model)
    names = fields(setup)
    assert "current" in names and "csv_gain" not in names and "timing" not in names
    for name, spec in names.items():
        low, high = axis_range(setup, name)
        assert spec.lo <= low <= value_of(setup, name) <= high <= spec.hi and low < high
        assert not (spec.lo_open and low <= spec.lo)


DEMO = dict(tau_m=10, r_m=100, v_rest=-65, v_reset=-70, v_th=-50, t_ref=0, current=1.5)


def test_eulers_rate_of_the_seed_demo_is_two_percent_off():
    result = convergence(Setup.of("lif", **DEMO), ConvergenceParams())
    exact, grid, euler = result.methods
    k = int(np.flatnonzero(result.dt == 0.1)[0])
    assert result.reference_rate_hz == pytest.approx(723.849113, abs=5e-7)
    assert euler.counts[k] == 71 and euler.count_rate_hz[k] == pytest.approx(710)
    assert pytest.approx(0.019, abs=5e-4) == 1 - 710 / 723.849
    assert exact.rate_hz == pytest.approx(np.full(7, 723.849113), abs=5e-7)
    assert (np.abs(exact.spike_error) < 1e-9).all() and math.isnan(exact.spike_slope)
    assert grid.count_rate_hz[k] == 710 and (grid.voltage_error < 1e-9).all()


def test_euler_is_of_first_order_and_the_models_own_integrators_of_fourth():
    current = {"eif": 1.0, "adex": 1.0, "izhikevich": 1.0, "fitzhugh_nagumo": 0.5,
               "hodgkin_huxley": 1.0}  # fmt: skip
    for model, level in current.items():
        # A finer dt than the page's: below the step at which the integrator cuts steps itself.
        dt = 0.05 if model in ("hodgkin_huxley", "fitzhugh_nagumo", "izhikevich") else 0.1
        setup = Setup.of(model, current=level, dt=dt)
        result = convergence(setup, ConvergenceParams(duration=50))
        own, euler = result.methods
        assert own.voltage_slope == pytest.approx(4, abs=0.4), model
        assert euler.voltage_slope == pytest.approx(1, abs=0.4), model
        assert own.name == MODELS[model].method
        assert np.nanmin(own.voltage_error) < 1e-3 * np.nanmin(euler.voltage_error)


def test_a_grid_delays_spikes_in_first_order_and_leaves_voltages_exact():
    # Without a sine every interval ends at the same place of the grid, which hides the order.
    setup = Setup.of("lif", current=3.0, amplitude=0.5, frequency_hz=23)
    exact, grid, euler = convergence(setup, ConvergenceParams(duration=400)).methods
    assert grid.spike_slope == pytest.approx(1, abs=0.35)
    assert (grid.voltage_error < 1e-9).all()
    assert (exact.spike_error < 1e-9).all() and (exact.voltage_error < 1e-9).all()
    assert euler.voltage_slope == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("model", ["adaptive", "synaptic", "alpha", "qif"])
def test_models_with_known_solutions_have_no_error_at_any_step(model):
    result = convergence(Setup.of(model, current=3.0), ConvergenceParams())
    own, euler = result.methods
    assert result.reference == "exact solution" and result.reference_times.size > 2
    assert (own.spike_error < 1e-9).all() and (own.voltage_error < 1e-9).all()
    assert euler.voltage_slope == pytest.approx(1, abs=0.1)
    assert np.nanmin(euler.spike_error) > 1e-4


def test_noise_is_left_out_and_an_unstable_step_has_no_numbers():
    noisy, quiet = (
        convergence(Setup.of("lif", current=3.0, **noise), ConvergenceParams())
        for noise in ({"sigma_v": 2.0, "ou_std": 1.0, "syn_current": 0.2}, {})
    )
    assert (noisy.reference_times == quiet.reference_times).all()
    euler = convergence(Setup.of("hodgkin_huxley", current=1.0), ConvergenceParams()).methods[1]
    assert np.isnan(euler.counts[0]) and np.isfinite(euler.counts[4])


@pytest.mark.parametrize("reset", ["subtract", "none"])
def test_resets_of_the_euler_scheme_are_those_of_the_neuron(reset):
    setup = Setup.of("lif", current=3.0, reset=reset, dt=0.05, t_ref=1.0)
    methods = {m.name: m for m in convergence(setup, ConvergenceParams()).methods}
    grid, euler = methods["exact on the grid"], methods["forward Euler"]
    close = np.isfinite(euler.counts)
    assert np.abs(grid.counts - euler.counts)[close].max() <= 1 < grid.counts.min()


def test_work_is_measured_in_what_a_step_costs():
    assert neuron_steps(Setup.of("lif"), 1_000_000) == 1_000_000
    fast = Setup.of("lif", current=10, r_m=200, tau_m=1, t_ref=0)  # 13 spikes in a step of 0.1 ms
    assert neuron_steps(fast, 1_000_000) < 50_000
    assert neuron_steps(Setup.of("hodgkin_huxley"), 1_000_000) < 100_000
    pieces = [neuron_steps(Setup.of("eif", dt=dt), 1_000_000) for dt in (0.1, 5.0)]
    assert pieces[1] < 0.5 * pieces[0]


def test_a_run_of_a_page_is_refused_where_it_would_hold_up_others_with_the_cure():
    longest = Setup.of("lif", duration=60_000.0)
    check_steps(longest)
    with pytest.raises(ValueError, match=r"duration must be <= 60,000 ms here.*600,000 steps"):
        check_steps(Setup.of("lif", duration=60_001.0))
    with pytest.raises(ValueError, match="enlarge dt, or take the command line"):
        check_steps(Setup.of("hodgkin_huxley", duration=60_000.0))
    assert most_steps(longest) > most_steps(Setup.of("eif")) > most_steps(Setup.of("eif", dt=2.0))


def test_a_map_that_would_hold_up_others_is_refused_with_the_cure():
    wide = HeatmapParams(x="current", x_from=0, x_to=1, y="g_na", y_from=100, y_to=140, n=100)
    setup = Setup.of("hodgkin_huxley", duration=2000)
    with pytest.raises(ValueError, match=r"got 2000 .* shorten it, take 50 cells per side, or"):
        check_time(setup, wide)
    check_time(setup, dataclasses.replace(wide, n=40))
    with pytest.raises(ValueError, match="shorten it, or enlarge dt"):
        check_time(Setup.of("hodgkin_huxley", duration=1e5), dataclasses.replace(wide, n=50))
    check_time(Setup.of("lif", duration=10_000), HeatmapParams())
    # Short time constants are computed in pieces: the range counts, not only the setting above.
    slow = HeatmapParams(x="current", x_from=0, x_to=1, y="tau_m", y_from=0.1, y_to=40, n=50)
    check_time(Setup.of("eif", duration=8000, dt=0.2), dataclasses.replace(slow, y_from=30))
    with pytest.raises(ValueError, match="duration must be"):
        check_time(Setup.of("eif", duration=8000, dt=0.2), slow)


def test_long_maps_come_in_pieces_of_about_a_second():
    params = HeatmapParams(x_from=1.0, x_to=4.0, y_from=10, y_to=30, n=20)
    short = [found.done for found in heatmap(Setup.of("lif", duration=100), params)]
    assert short == [10, 20]
    first = next(iter(heatmap(Setup.of("lif", duration=1e5), dataclasses.replace(params, n=50))))
    assert first.done == 5


@pytest.mark.parametrize(("model", "cure"), [("eif", 0.032), ("lif", 0.008)])
def test_too_fine_a_comparison_is_refused_with_a_step_that_is_not(model, cure):
    long = ConvergenceParams(duration=1000)
    with pytest.raises(ValueError, match=rf"dt must be >= {cure} ms to compare over 1000 ms"):
        convergence(Setup.of(model, dt=1e-4, duration=10), long)
    found = convergence(Setup.of(model, current=0.0, dt=cure), long)
    assert found.duration == pytest.approx(1000, rel=1e-3)


def test_a_comparison_leaves_out_steps_that_the_model_refuses():
    setup = Setup.of("hodgkin_huxley", current=1.0, dt=20.0, duration=2000)
    with pytest.raises(ValueError, match="dt must be <= 50 ms"):
        run(setup.model, setup.drive(), setup.neuron, 160.0)
    own = convergence(setup, ConvergenceParams(duration=1000)).methods[0]
    assert np.isnan(own.counts[:2]).all() and np.isfinite(own.counts[2:]).all()


def test_the_phase_line_of_the_lif_neuron():
    plane = phase_plane(Setup.of("lif", current=2.5), PhasePlaneParams())
    assert plane.second is None and plane.current == 2.5
    assert plane.dv == pytest.approx((-70 - plane.v + 25) / 20)
    (rest,) = plane.rests
    assert rest.v == pytest.approx(-45) and rest.kind == "stable" and rest.beyond
    assert plane.threshold == -50 and plane.reset == -65
    below = phase_plane(Setup.of("lif", current=1.0), PhasePlaneParams()).rests
    assert below[0].v == pytest.approx(-60) and not below[0].beyond


def test_the_quadratic_neuron_loses_its_two_resting_points_at_the_rheobase():
    rest, threshold = phase_plane(Setup.of("qif", current=0.0), PhasePlaneParams()).rests
    neuron = Setup.of("qif").neuron
    assert (rest.v, threshold.v) == pytest.approx((neuron.v_rest, neuron.v_c))
    assert (rest.kind, threshold.kind) == ("stable", "unstable")
    assert phase_plane(Setup.of("qif", current=3.0), PhasePlaneParams()).rests == ()


def test_the_plane_of_the_izhikevich_neuron_by_hand():
    # I = 0, a 0.02, b 0.2: 0.04V² + 5V + 140 = 0.2V at V = −70 and −50.
    plane = phase_plane(Setup.of("izhikevich", current=0.0), PhasePlaneParams())
    node, saddle = plane.rests
    assert (node.v, node.second) == pytest.approx((-70, -14)) and node.kind == "stable node"
    assert (saddle.v, saddle.second) == pytest.approx((-50, -10)) and saddle.kind == "saddle"
    assert plane.second == "u"
    v, u = plane.v_nullcline
    assert np.nanmax(np.abs(0.04 * v**2 + 5 * v + 140 - u)) < 1e-9
    v, u = plane.w_nullcline
    assert np.nanmax(np.abs(0.2 * v - u)) < 1e-9
    b, a = 7, 3
    assert plane.dv[b, a] == pytest.approx(
        0.04 * plane.v[a] ** 2 + 5 * plane.v[a] + 140 - plane.w[b]
    )
    assert plane.dw[b, a] == pytest.approx(0.02 * (0.2 * plane.v[a] - plane.w[b]))


def test_the_focus_of_fitzhugh_and_nagumo_turns_unstable_and_back():
    kinds = []
    for current in (0.0, 0.5, 1.5):
        (rest,) = phase_plane(
            Setup.of("fitzhugh_nagumo", current=current), PhasePlaneParams()
        ).rests
        kinds.append(rest.kind.split()[0])
    assert kinds == ["stable", "unstable", "stable"]


def test_a_second_variable_that_does_not_feel_itself_has_a_vertical_nullcline_too():
    plane = phase_plane(Setup.of("fitzhugh_nagumo", current=0.0, b=0.0), PhasePlaneParams())
    a = Setup.of("fitzhugh_nagumo").neuron.a
    (rest,) = plane.rests  # v = −a, w = v − v³/3
    assert (rest.v, rest.second) == pytest.approx((-a, -a + a**3 / 3))
    assert plane.w_nullcline[0] == pytest.approx([-a, -a])


def test_a_voltage_that_does_not_feel_the_second_variable_has_a_vertical_nullcline():
    plane = phase_plane(Setup.of("adaptive", current=1.0), PhasePlaneParams())
    v, theta = plane.v_nullcline
    assert v == pytest.approx([-60, -60]) and theta[0] < -50 < theta[1]
    assert plane.rests[0].v == pytest.approx(-60) and plane.rests[0].second == pytest.approx(-50)


def test_the_flow_is_that_of_the_chosen_moment():
    setup = Setup.of("lif", current=1.0, step_current=1.0, step_on=100, step_off=200)
    mean = phase_plane(setup, PhasePlaneParams())
    during = phase_plane(setup, PhasePlaneParams(level="time", at=150))
    assert mean.current == pytest.approx(1.2) and during.current == pytest.approx(2.0)
    with pytest.raises(ValueError, match="at must be < 500 ms, got 900"):
        phase_plane(setup, PhasePlaneParams(level="time", at=900))
    synaptic = Setup.of("lif", current=1.0, syn_current=0.1)
    assert phase_plane(synaptic, PhasePlaneParams()).current == pytest.approx(1.5)


@pytest.mark.parametrize("model", list(MODELS))
def test_planes_of_all_models_with_at_most_two_variables(model):
    setup = Setup.of(model, current=0.3, duration=300)
    if len(MODELS[model].variables) > 2:
        with pytest.raises(ValueError, match="model must have one or two variables"):
            phase_plane(setup, PhasePlaneParams())
        return
    plane = phase_plane(setup, PhasePlaneParams())
    run = play(setup)
    assert np.isfinite(plane.dv).all()
    assert plane.trajectory_v.min() >= plane.v[0] and plane.trajectory_v.max() <= plane.v[-1]
    assert run.v[: plane.trajectory_v.size].min() >= plane.v[0]
    if plane.second is not None:
        assert np.isfinite(plane.dw).all()
        assert (plane.trajectory_w >= plane.w[0]).all()
        assert (plane.trajectory_w <= plane.w[-1]).all()
        for line in (plane.v_nullcline, plane.w_nullcline):
            assert np.isfinite(line[1]).any()


def test_a_voltage_that_hardly_feels_the_second_variable_has_a_plane_too():
    # Along most of the picture w moves dV/dt by less than its rounding: no division by nothing.
    setup = Setup.of("adex", r_m=3e-9, v_peak=110.0, v_rest=0.0, duration=5)
    plane = phase_plane(setup, PhasePlaneParams())
    assert np.isfinite(plane.dv).all() and plane.w_nullcline is not None
