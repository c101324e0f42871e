"""LIF with spikes inside the step: continuous time whatever the step, and NEST's numbers."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from snncore import rng
from snncore.neurons import LIF, LIFParams, LIFState, lif_init, lif_step
from snncore.simulate import lif as simulate
from snncore.simulate import many, run_lif

# iaf_psc_delta of NEST's test_iaf_ps_dc_accuracy: C = 250 pF.
NEST = LIFParams(tau_m=10, r_m=40, v_rest=0, v_reset=0, v_th=15, t_ref=2)


def constant(value, steps, dtype=torch.float64):
    return torch.full((steps, 1, 1), float(value), dtype=dtype)


def noisy(steps=300, batch=3, neurons=100):
    """nA around a strong mean: spikes at all phases of a step."""
    words = rng.draws(3, rng.stream("current"), torch.arange(batch), neurons, steps)
    return 2.4 + 2.0 * rng.normal(words).double()


def interval(params, current):
    gap = params.v_rest + params.r_m * current - params.v_th
    return params.t_ref + params.tau_m * math.log1p((params.v_th - params.v_reset) / gap)


# 2.05 nA: just above the rheobase, 74 ms; 1,000 nA: 0.03 ms, 33 kHz; dt beyond τ = 20 ms.
@pytest.mark.parametrize("dt", [0.01, 0.1, 0.37, 1.0, 7.0, 25.0, 50.0])
@pytest.mark.parametrize("t_ref", [0.0, 0.07, 2.0])
@pytest.mark.parametrize("current", [2.05, 2.5, 30.0, 300.0, 1000.0])
def test_the_interval_is_the_closed_form_for_any_step(current, t_ref, dt):
    params = LIFParams(t_ref=t_ref)
    expected = interval(params, current)
    steps = min(30_000, math.ceil((40 + 6 * expected) / dt))
    times = run_lif(constant(current, steps), params, dt).spike_times()
    assert len(times) >= 3
    # Two times near 300 ms are known to 6e-14 ms each: that is all that is asked of 0.03 ms.
    assert np.diff(times) == pytest.approx(expected, rel=1e-12, abs=1.2e-13)
    assert (times[-1] - times[0]) / (len(times) - 1) == pytest.approx(expected, rel=1e-13)
    assert len(times) == 1 + math.floor((steps * dt - times[0]) / expected + 1e-9)


def test_10_khz_is_counted_with_several_spikes_in_a_step():
    params = LIFParams(t_ref=0.05)
    current = 15.0 / math.expm1(0.05 / 20) / 10 + 2.0  # rises in 0.05 ms: 0.1 ms a spike
    trace = run_lif(constant(current, 100), params, 1.0)
    assert int(trace.counts) in (999, 1000)  # the last one falls on the end up to rounding
    assert trace.spike_times()[:21] == pytest.approx(
        trace.spike_times()[0] + 0.1 * np.arange(21), abs=1e-12
    )
    assert trace.events.step[:30].tolist() == sorted(trace.events.step[:30].tolist())
    assert int((trace.events.step == 7).sum()) == 10


@pytest.mark.parametrize("parts", [2, 3, 16])
@pytest.mark.parametrize("t_ref", [0.0, 1.3])
def test_a_finer_step_changes_neither_spike_times_nor_voltages(parts, t_ref):
    params = LIFParams(t_ref=t_ref)
    current = noisy(steps=400, batch=2, neurons=20) * 2.0  # several spikes in some steps
    coarse = run_lif(current, params, 1.0)
    fine = run_lif(current.repeat_interleave(parts, dim=0), params, 1.0 / parts)
    assert torch.equal(coarse.counts, fine.counts) and int(coarse.counts.min()) > 5
    for b, n in ((0, 0), (0, 19), (1, 7)):
        np.testing.assert_allclose(
            coarse.spike_times(b, n), fine.spike_times(b, n), rtol=0, atol=1e-10
        )
    torch.testing.assert_close(coarse.v, fine.v[parts - 1 :: parts], rtol=0, atol=1e-10)


@pytest.mark.parametrize("t_ref", [0.0, 0.2, 0.5, 1.5, 1.7, 50.0], ids=lambda t: f"t_ref={t}")
@pytest.mark.parametrize("timing", ["exact", "grid"])
def test_the_refractory_period_in_both_timings(timing, t_ref):
    dt, current = 0.5, 11.0
    params = LIFParams(t_ref=t_ref, timing=timing)
    trace = run_lif(constant(current, 40 if t_ref == 50 else 200), params, dt)
    times = trace.spike_times()
    first = 20 * math.log(110 / 90)
    assert times[0] == pytest.approx(first, abs=1e-12)
    if t_ref == 50:  # longer than the run
        assert len(times) == 1
        silent = trace.v[math.ceil(first / dt) - 1 :]
        assert bool((silent == params.v_reset).all())
        return
    rise = 20 * math.log(105 / 90)
    if timing == "exact":
        assert np.diff(times) == pytest.approx(t_ref + rise, abs=1e-12)
    else:
        rest = math.floor(t_ref / dt + 0.5)
        steps = torch.diff(trace.events.step)
        assert set(steps.tolist()) == {math.ceil(rise / dt) + rest}


@pytest.mark.parametrize("k", [0, 1, 2, 7])
@pytest.mark.parametrize("strong", [1e4, 1e8])
def test_the_neuron_is_silent_for_t_ref_and_not_a_step_longer(k, strong):
    """A spike at once after the period: spikes t_ref apart, on both sides of the grid points."""
    params = LIFParams(t_ref=0.5 * k + 1e-9 * (k == 0))
    steps = 40 if k else 1
    times = run_lif(constant(strong, steps), params, 0.5).spike_times()
    assert np.diff(times[:100]) == pytest.approx(interval(params, strong), abs=1e-12)
    expected = 1 + (steps * 0.5 - times[0]) / interval(params, strong)
    assert abs(len(times) - expected) <= 1


def test_a_rise_that_ends_on_a_grid_point_is_one_spike_there():
    # V∞ − V_th = V_th − V_reset: a rise of τ·ln 2, three steps; whichever side rounding takes.
    params = LIFParams(tau_m=10, r_m=10, v_rest=0, v_reset=0, v_th=10, t_ref=0)
    dt = 10 * math.log(2) / 3
    times = run_lif(constant(2.0, 300), params, dt).spike_times()
    assert len(times) in (99, 100)
    assert times == pytest.approx(3 * dt * np.arange(1, len(times) + 1), rel=1e-12)


@pytest.mark.parametrize("timing", ["exact", "grid"])
@pytest.mark.parametrize("power", range(14))
def test_nests_first_spike_at_all_its_resolutions(power, timing):
    dt, params = 2.0**-power, dataclasses.replace(NEST, timing=timing)
    trace = run_lif(constant(1.0, round(6 / dt)), params, dt)
    assert trace.spike_times()[0] == pytest.approx(4.700036292457356, abs=1e-13)


@pytest.mark.parametrize("power", range(14))
def test_nests_voltage_at_5_and_500_ms_at_all_its_resolutions(power):
    dt, params = 2.0**-power, dataclasses.replace(NEST, v_th=100)
    v = run_lif(constant(1.0, round(500 / dt)), params, dt).v[:, 0, 0]
    for t, within in ((5, 1e-13), (500, 1e-9)):
        assert float(v[round(t / dt) - 1]) == pytest.approx(-40 * math.expm1(-t / 10), abs=within)


def test_nests_table_but_for_the_moment_of_the_spike():
    params = LIFParams(tau_m=10, r_m=40, v_rest=-70, v_reset=-70, v_th=-55, t_ref=2)
    trace = run_lif(constant(1.0, 50), params, 0.1)
    v = trace.v[:, 0, 0].tolist()
    assert v[0:5] == pytest.approx([-69.602, -69.2079, -68.8178, -68.4316, -68.0492], abs=5.1e-5)
    assert v[42:47] == pytest.approx([-56.0204, -55.7615, -55.5051, -55.2513, -55.0001], abs=5.1e-5)
    assert v[47:50] == [-70.0, -70.0, -70.0]
    assert trace.events.step.tolist() == [47]  # NEST's stamp 4.8 ms is the end of this step
    assert trace.spike_times()[0] == pytest.approx(4.700036292457356, abs=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("t_ref", [0.0, 1.3])
def test_the_kernel_follows_the_torch_path(t_ref, dtype):
    params = LIFParams(v_reset=-64.3, t_ref=t_ref)
    current = (2.0 * noisy()).to(dtype)
    state = run_lif(current[:7], params, 0.25).state  # a start from the middle
    slow = simulate._run_torch(current, state, params, 0.25)
    fast = run_lif(current, params, 0.25, state)
    assert int(slow.counts.sum()) > 2000
    # Other roundings of exp and log: in float32 a voltage of 50 mV is known to 4e-6 mV a step, and
    # a spike may fall into the next step.
    same = (fast.spikes == slow.spikes).double().mean()
    assert same == 1.0 if dtype == torch.float64 else same > 0.9995
    close = (fast.v - slow.v).abs() < (1e-9 if dtype == torch.float64 else 1e-2)
    assert close.double().mean() >= same - 1e-3
    if dtype == torch.float64:
        events = simulate._exact_events(current, slow, params, 0.25)
        torch.testing.assert_close(fast.events.offset, events.offset, rtol=0, atol=1e-10)
        torch.testing.assert_close(
            fast.state.refractory, slow.state.refractory, rtol=0, atol=1e-10
        )  # fmt: skip


def test_every_spike_is_listed_once_and_lies_in_its_step():
    params = LIFParams(t_ref=0.1)
    trace = run_lif(noisy() * 20, params, 0.25)
    e = trace.events
    assert len(e.step) == int(trace.counts.sum()) > int(trace.spikes.sum()) > 1000
    assert bool(trace.spikes[e.step, e.sample, e.neuron].all())
    assert float(e.offset.min()) >= 0 and float(e.offset.max()) <= 0.25
    cell = (e.step * 3 + e.sample) * 100 + e.neuron
    assert bool((cell.diff() >= 0).all())
    for b, n in ((0, 0), (2, 99)):
        times = trace.spike_times(b, n)
        assert len(times) == int(trace.counts[b, n])
        assert np.diff(times).min() >= 0.1


def test_without_a_reset_the_grid_decides():
    plain = noisy()
    exact, grid = (
        run_lif(plain, LIFParams(reset="none", timing=t), 0.25)
        for t in LIFParams.specs()["timing"].options
    )
    assert torch.equal(exact.v, grid.v) and torch.equal(exact.spikes, grid.spikes)


def test_subtracting_is_resetting_because_there_is_no_overshoot():
    current = noisy()
    value, less = (run_lif(current, LIFParams(reset=r), 0.25) for r in ("value", "subtract"))
    assert torch.equal(value.v, less.v) and int(value.counts.sum()) > 500


def test_a_neuron_that_rests_above_its_threshold_fires_at_once_and_again():
    params = LIFParams(v_rest=-45, t_ref=2)
    times = run_lif(constant(0.0, 1000), params, 0.1).spike_times()
    assert times[0] == 0.0
    assert np.diff(times) == pytest.approx(interval(params, 0.0), rel=1e-12)


@pytest.mark.parametrize("path", [simulate._run_torch, simulate._run_kernel])
def test_a_neuron_left_above_its_threshold_fires_when_it_is_ready_and_once(path):
    ready = torch.tensor([[0.0, 0.25, 1.5]], dtype=torch.float64)
    start = LIFState(torch.full((1, 3), -45.0, dtype=torch.float64), ready)
    current = torch.zeros(30, 1, 3, dtype=torch.float64)  # V falls from above the threshold
    result = path(current, start, LIFParams(), 0.5)
    assert result.counts.tolist() == [[1, 1, 1]]
    step, _, neuron = result.spikes.nonzero(as_tuple=True)
    assert (step * 0.5 + result.offset[step, 0, neuron]).tolist() == [0.0, 0.25, 1.5]


def test_a_step_tells_the_moment_of_its_first_spike():
    for timing in ("exact", "grid"):
        params = dataclasses.replace(NEST, timing=timing)
        state = lif_init((1, 2), params, dtype=torch.float64)
        step = LIF.step(torch.tensor([[1.0, 0.1]], dtype=torch.float64), state, params, 5.0)
        assert step.spikes.tolist() == [[True, False]]
        assert step.offset[0].tolist() == pytest.approx([4.700036292457356, 0.0], abs=1e-13)


@pytest.mark.parametrize("dt", [0.5, 5.0, 20.0, 40.0])
def test_at_the_rheobase_itself_the_neuron_is_silent_however_long_the_step(dt):
    # V∞ = V_th = −50 mV exactly; from 18 ms on, what is missing of it is lost in rounding.
    params = LIFParams(tau_m=0.5, t_ref=0)
    current = torch.full((50, 2, 150), 2.0, dtype=torch.float64)
    assert int(run_lif(current, params, dt).counts.sum()) == 0
    assert int(run_lif(current[:, :1, :1], params, dt).counts.sum()) == 0
    start = lif_init((1, 1), params, dtype=torch.float64)
    for row in current[:, :1, :1]:
        spikes, _, start = LIF.step(row, start, params, dt)
        assert not bool(spikes)
    assert many("lif", params, {}, current[:, 0, :1].numpy(), dt).count == 0


def test_on_the_grid_a_step_that_ends_on_the_threshold_is_a_spike_at_its_end():
    params = LIFParams(tau_m=0.5, t_ref=0, timing="grid")
    current = torch.full((4, 1, 1), 2.0, dtype=torch.float64)
    assert run_lif(current, params, 20.0).spike_times().tolist() == [20.0, 40.0, 60.0, 80.0]
    stepped = LIF.step(current[0], lif_init((1, 1), params, dtype=torch.float64), params, 20.0)
    assert bool(stepped.spikes) and float(stepped.offset) == 20.0
    found = many("lif", params, {}, current[:, 0].numpy(), 20.0)
    assert (found.count, found.first_ms, found.mean_isi_ms) == (4, 20.0, 20.0)


def test_a_state_of_the_other_timing_is_refused():
    steps = LIFState(torch.zeros(1, 1), torch.zeros(1, 1, dtype=torch.int32))
    with pytest.raises(ValueError, match=r"state must count its refractory period in ms .*exact"):
        lif_step(torch.ones(1, 1), steps, LIFParams(), 0.1)
    with pytest.raises(ValueError, match="state must count its refractory period in steps"):
        run_lif(torch.ones(3, 1, 1), LIFParams(timing="grid"), 0.1, lif_init((1, 1), LIFParams()))


def test_too_many_spikes_are_counted_but_not_listed():
    params = LIFParams(tau_m=1e-4, t_ref=0)
    trace = run_lif(constant(1e5, 10), params, 20.0)
    assert int(trace.counts) == pytest.approx(200 / interval(params, 1e5), rel=1e-6)
    with pytest.raises(ValueError, match="spikes must be at most 20,000,000 to be listed"):
        trace.spike_times()


def test_without_voltages_everything_else_is_the_same():
    for timing in ("exact", "grid"):
        params = LIFParams(timing=timing)
        full = run_lif(noisy(), params, 0.25)
        lean = run_lif(noisy(), params, 0.25, record_v=False)
        assert tuple(lean.v.shape) == (0, 3, 100)
        assert torch.equal(full.spikes, lean.spikes) and torch.equal(full.counts, lean.counts)
        assert torch.equal(full.state.v, lean.state.v)
        for mine, other in zip(full.events, lean.events, strict=True):
            assert torch.equal(mine, other)
