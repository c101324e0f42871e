"""Runs over time: kernel = torch path, exact spike times, continuation, theory."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from snncore import theory
from snncore.kernels import lif as kernels
from snncore.kernels import lif_exact as exact_kernels
from snncore.neurons import LIFParams
from snncore.simulate import RunParams, run_lif
from snncore.simulate import lif as simulate
from snncore.stimuli import StimulusParams, drive

NEST = LIFParams(tau_m=10, r_m=40, v_rest=0, v_reset=0, v_th=15, t_ref=2)


def noisy(params, steps=300, batch=3, neurons=100, dt=0.25, dtype=torch.float64):
    current = drive(
        StimulusParams(current=2.4, amplitude=1, sigma_v=8),
        params, steps, dt, seed=3, samples=torch.arange(batch), n_neurons=neurons,
    )  # fmt: skip
    return current.to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("reset", ["value", "subtract", "none"])
def test_the_kernel_repeats_the_torch_path_bit_for_bit(reset, dtype):
    params = LIFParams(reset=reset, v_reset=-64.3, t_ref=1.3, timing="grid")
    current = noisy(params, dtype=dtype)
    state = run_lif(current[:7], params, 0.25).state  # a start from the middle
    v, spikes, _, counts, after = simulate._run_torch(current, state, params, 0.25)
    trace = run_lif(current, params, 0.25, state)
    assert int(spikes.sum()) > 1000
    assert torch.equal(trace.spikes, spikes)
    assert torch.equal(trace.v, v) and torch.equal(trace.counts, counts)
    assert torch.equal(trace.state.v, after.v)
    assert torch.equal(trace.state.refractory, after.refractory)


@pytest.mark.parametrize("timing", ["grid", "exact"])
def test_threads_change_nothing(timing, monkeypatch):
    params = LIFParams(timing=timing)
    current = noisy(params, steps=1000, batch=2, neurons=300)
    monkeypatch.setattr(kernels, "SERIAL_STEPS", 0)
    monkeypatch.setattr(exact_kernels, "SERIAL_STEPS", 0)
    results = []
    for threads in ("1", "2"):
        monkeypatch.setenv("SNNCORE_THREADS", threads)
        results.append(run_lif(current, params, 0.25))
    assert torch.equal(results[0].v, results[1].v)
    start = simulate.lif_init((2, 300), params, dtype=torch.float64)
    slow = simulate._run_torch(current, start, params, 0.25)
    # In exact timing the two paths take their logarithms from different libraries.
    within = 0.0 if timing == "grid" else 1e-9
    torch.testing.assert_close(results[1].v, slow.v, rtol=0, atol=within)
    assert torch.equal(results[1].spikes, slow.spikes)


@pytest.mark.parametrize("power", [0, 3, 7])
def test_the_first_spike_is_exact_on_every_grid(power):
    dt = 2.0**-power
    trace = run_lif(torch.ones(round(8 / dt), 1, 1, dtype=torch.float64), NEST, dt)
    assert trace.spike_times()[0] == pytest.approx(4.700036292457356, abs=1e-13)


def test_the_simulated_rate_is_the_grids_rate_and_tends_to_the_exact_one():
    errors, grid = [], dataclasses.replace(NEST, timing="grid")
    for dt in (0.4, 0.1, 0.025):
        trace = run_lif(torch.full((round(400 / dt), 1, 1), 0.5625, dtype=torch.float64), grid, dt)
        times = trace.spike_times()
        rate = 1000 * (len(times) - 1) / (times[-1] - times[0])
        assert rate == pytest.approx(float(theory.grid_rate_hz(grid, 0.5625, dt)), rel=1e-9)
        errors.append(77.005278 - rate)
    assert 0 <= errors[2] < errors[0] and errors[2] < 0.2


def test_the_seed_projects_demo_neuron_fires_71_times_in_100_ms():
    demo = LIFParams(tau_m=10, r_m=100, v_rest=-65, v_reset=-70, v_th=-50, t_ref=0,
                     timing="grid")  # fmt: skip
    trace = run_lif(torch.full((1000, 1, 1), 1.5, dtype=torch.float64), demo, 0.1)
    assert int(trace.counts) == 71
    assert trace.spike_times()[0] == pytest.approx(1.053605, abs=1e-6)


def test_a_weak_sine_has_the_gain_and_lag_of_the_filter():
    neuron = LIFParams(tau_m=8, r_m=10, v_rest=-70, v_th=-50)
    dt, f = 0.02, 250.0
    steps = round(200 / dt)
    current = drive(StimulusParams(current=0, amplitude=2.5, frequency_hz=f), neuron, steps, dt)
    v = run_lif(current, neuron, dt).v[-round(40 / dt) :, 0, 0].numpy() + 70
    t = (np.arange(steps)[-len(v) :] + 1) * dt / 1000
    fourier = 2 * np.mean(v * np.exp(-2j * np.pi * f * t)) * 1j  # relative to a sine
    assert abs(fourier) == pytest.approx(1.983167, rel=1e-3)
    assert math.degrees(np.angle(fourier)) == pytest.approx(-85.4501, abs=0.05)


def test_two_halves_are_a_whole():
    params = LIFParams()
    current = noisy(params)
    whole = run_lif(current, params, 0.25)
    first = run_lif(current[:133], params, 0.25)
    second = run_lif(current[133:], params, 0.25, first.state)
    assert torch.equal(torch.cat([first.v, second.v]), whole.v)
    assert torch.equal(torch.cat([first.spikes, second.spikes]), whole.spikes)
    assert torch.equal(first.events.offset, whole.events.offset[: len(first.events.offset)])


def test_a_batch_is_a_loop_of_singles_and_nothing_is_changed():
    params = LIFParams()
    current = noisy(params, batch=2, neurons=3)
    kept = current.clone()
    start = simulate.lif_init((2, 3), params, dtype=torch.float64)
    whole = run_lif(current, params, 0.25, start)
    for b in range(2):
        for n in range(3):
            alone = run_lif(current[:, b : b + 1, n : n + 1], params, 0.25)
            assert torch.equal(alone.v[:, 0, 0], whole.v[:, b, n])
            np.testing.assert_array_equal(alone.spike_times(), whole.spike_times(b, n))
    assert torch.equal(current, kept)
    assert bool((start.v == -70).all()) and bool((start.refractory == 0).all())


def test_spike_times_lie_inside_the_step_of_the_spike():
    params = LIFParams(reset="subtract", t_ref=0, timing="grid")
    trace = run_lif(noisy(params), params, 0.25)
    e = trace.events
    assert len(e.step) == int(trace.spikes.sum()) == int(trace.counts.sum()) > 1000
    assert bool(trace.spikes[e.step, e.sample, e.neuron].all())
    assert float(e.offset.min()) >= 0 and float(e.offset.max()) <= 0.25
    # The closed form again, by following the exponential to the crossing.
    later = e.step > 0
    step, sample, neuron = e.step[later], e.sample[later], e.neuron[later]
    v0 = trace.v[step - 1, sample, neuron]
    v_inf = params.v_rest + params.r_m * noisy(params)[step, sample, neuron]
    at = v_inf + (v0 - v_inf) * torch.exp(-e.offset[later] / params.tau_m)
    torch.testing.assert_close(at, torch.full_like(at, params.v_th), rtol=0, atol=1e-9)


def test_above_threshold_without_reset_the_spike_is_at_the_beginning_of_the_step():
    params = LIFParams(reset="none", t_ref=0)
    trace = run_lif(torch.full((300, 1, 1), 4.0, dtype=torch.float64), params, 1.0)
    times = trace.spike_times()
    assert times[0] == pytest.approx(float(theory.first_spike(params, 4.0)), abs=1e-12)
    assert times[1:4].tolist() == [math.ceil(times[0]) + k for k in range(3)]


def test_the_population_fires_at_siegerts_rate_for_this_grid():
    neuron = LIFParams(tau_m=10, r_m=1, v_rest=0, v_reset=0, v_th=15, t_ref=2, timing="grid")
    stimulus = StimulusParams(current=10, sigma_v=5 / math.sqrt(2))
    current = drive(stimulus, neuron, 40_000, 0.1, seed=7, n_neurons=40)
    counts = run_lif(current, neuron, 0.1).counts.double()
    measured = float(counts.mean()) / 4
    # 160 s of spikes at 16 Hz with CV 0.72: the mean is known to 0.72/√2500 = 1.4 %.
    gridded = float(theory.noisy_rate_hz(neuron, 10.0, 5 / math.sqrt(2), dt=0.1))
    assert measured == pytest.approx(gridded, rel=0.045)
    assert gridded < 16.760209 * 0.95


@pytest.mark.parametrize(("dt", "within"), [(0.5, 0.025), (1.0, 0.025), (4.0, 0.08)])
def test_the_grids_rate_under_noise_holds_in_the_range_that_is_promised(dt, within):
    neuron, steps = LIFParams(timing="grid"), round(4000 / dt)
    stimulus = StimulusParams(current=3.0, sigma_v=1.0)  # weak noise: where it is worst
    current = drive(stimulus, neuron, steps, dt, seed=3, n_neurons=40)
    spikes = run_lif(current, neuron, dt).spikes[steps // 8 :]  # without the first 500 ms
    measured = float(spikes.sum()) / 40 / 3.5
    expected = float(theory.noisy_rate_hz(neuron, 3.0, 1.0, dt=dt))
    # 6,000 spikes or so with CV 0.1: known to 0.2 %.
    assert 0 < expected / measured - 1 < within


@pytest.mark.parametrize(
    "current",
    [torch.ones(5, 1), torch.ones(0, 1, 1), torch.ones(5, 1, 1, dtype=torch.int64)],
    ids=["shape", "empty", "integers"],
)
def test_currents_of_the_wrong_kind_are_refused(current):
    with pytest.raises(ValueError, match=r"current must be floating \[T, B, N\] with T >= 1"):
        run_lif(current, LIFParams(), 0.1)


def test_bad_numbers_are_refused_by_name():
    current = torch.ones(5, 1, 1)
    current[2] = math.nan
    with pytest.raises(ValueError, match="current must be finite everywhere"):
        run_lif(current, LIFParams(), 0.1)
    with pytest.raises(ValueError, match="dt must be > 0 ms"):
        run_lif(torch.ones(5, 1, 1), LIFParams(), -0.1)
    state = simulate.lif_init((2, 1), LIFParams())
    with pytest.raises(ValueError, match=r"state must have shape \(1, 1\), got \(2, 1\)"):
        run_lif(torch.ones(5, 1, 1), LIFParams(), 0.1, state)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("timing", ["grid", "exact"])
def test_a_single_bad_current_is_found_wherever_it_is(timing, dtype, bad):
    params = LIFParams(timing=timing, t_ref=50)
    for where in ((0, 0, 0), (299, 0, 1999), (150, 0, 1)):  # also in the refractory period
        current = torch.full((300, 1, 2000), 9.0, dtype=dtype)
        current[0] = torch.finfo(dtype).max / 1e5  # large, but finite
        run_lif(current, params, 0.1, record_v=False)
        current[where] = bad
        with pytest.raises(ValueError, match="current must be finite everywhere"):
            run_lif(current, params, 0.1, record_v=False)


def test_more_spikes_are_counted_than_a_byte_holds():
    params = LIFParams(t_ref=0, timing="grid")
    for neurons in (1, 4000):  # alone, and on two threads
        trace = run_lif(torch.full((700, 1, neurons), 1e4), params, 0.1)
        assert set(trace.counts.flatten().tolist()) == {700}


def test_runs_that_do_not_fit_are_refused():
    assert RunParams(duration=500, dt=0.1).n_steps == 5000
    with pytest.raises(ValueError, match="duration must be >= 1 ms, got -1"):
        RunParams(duration=-1)
    with pytest.raises(ValueError, match="duration must be >= dt"):
        RunParams(duration=1, dt=2)
    with pytest.raises(ValueError, match="at most 1,000,000 steps"):
        RunParams(duration=100_000, dt=0.01)
