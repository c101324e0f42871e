"""One LIF neuron, step by step: NEST's published table, snnTorch's Leaky, and the three resets."""

import math

import pytest
import torch
from snntorch import Leaky

from snncore.neurons import LIFParams, LIFState, decay, lif_init, lif_step, refractory_steps

# C = 250 pF; NEST judges spikes on its grid.
NEST = LIFParams(tau_m=10, r_m=40, v_rest=-70, v_reset=-70, v_th=-55, t_ref=2, timing="grid")
GRID = LIFParams(timing="grid")


def run(currents, params, dt, dtype=torch.float64):
    """Voltages and spikes [T, B, N] of the step-by-step definition."""
    state = lif_init(tuple(currents.shape[1:]), params, dtype=dtype)
    voltages, spikes = [], []
    for current in currents:
        fired, state = lif_step(current, state, params, dt)
        voltages.append(state.v)
        spikes.append(fired)
    return torch.stack(voltages), torch.stack(spikes)


def test_one_nanoampere_gives_the_voltages_of_nests_table():
    v, spikes = run(torch.ones(50, 1, 1, dtype=torch.float64), NEST, 0.1)
    v = v[:, 0, 0].tolist()
    assert v[0:5] == pytest.approx([-69.602, -69.2079, -68.8178, -68.4316, -68.0492], abs=5.1e-5)
    assert v[42:47] == pytest.approx([-56.0204, -55.7615, -55.5051, -55.2513, -55.0001], abs=5.1e-5)
    assert v[47:50] == [-70.0, -70.0, -70.0]
    assert spikes[:, 0, 0].nonzero().flatten().tolist() == [47]  # detected at 4.8 ms


def test_a_current_switched_on_and_off_gives_nests_voltages():
    current = torch.zeros(60, 1, 1, dtype=torch.float64)
    current[30:50] = 1.0
    v, _ = run(current, NEST, 0.1)
    assert v[[49, 50, 59], 0, 0].tolist() == pytest.approx([-62.7492, -62.8214, -63.4392], abs=6e-5)


@pytest.mark.parametrize("dt", [2.0, 0.5, 0.125, 2.0**-6])
def test_the_voltage_does_not_depend_on_the_step(dt):
    steps = round(8 / dt)
    current = torch.full((steps, 1, 1), 0.3, dtype=torch.float64)
    v, _ = run(current, NEST, dt)
    exact = -70 + 12 * (1 - math.exp(-0.8))
    assert float(v[-1]) == pytest.approx(exact, abs=1e-11)


def snn_inputs():
    """Currents that make every reset rule fire often, with inhibition in between."""
    t = torch.arange(400, dtype=torch.float64).view(-1, 1, 1)
    n = torch.arange(1, 7, dtype=torch.float64).view(1, 2, 3)
    return 0.16 + 0.35 * torch.sin(0.11 * t * n.sqrt() + n)


@pytest.mark.parametrize(("ours", "theirs"), [("value", "zero"), ("subtract", "subtract")])
def test_equals_snntorchs_leaky_that_resets_without_delay(ours, theirs):
    params = LIFParams(tau_m=10, r_m=1, v_rest=0, v_reset=0, v_th=1, t_ref=0, reset=ours,
                       timing="grid")  # fmt: skip
    beta = decay(params, 1.0)
    inputs = snn_inputs()
    leaky = Leaky(beta=torch.tensor(beta, dtype=torch.float64), threshold=1.0,
                  reset_mechanism=theirs, reset_delay=False)  # fmt: skip
    mem = torch.zeros(2, 3, dtype=torch.float64)
    v, spikes = run(inputs / (1 - beta), params, 1.0)
    assert int(spikes.sum(0).min()) >= 10
    for t, x in enumerate(inputs):
        spk, mem = leaky(x, mem)
        assert torch.equal(spk.bool(), spikes[t])
        torch.testing.assert_close(mem, v[t], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("ours", "theirs"), [("value", "zero"), ("none", "none")])
def test_equals_snntorchs_default_leaky_but_for_the_voltage_shown_at_a_spike(ours, theirs):
    params = LIFParams(tau_m=10, r_m=1, v_rest=0, v_reset=0, v_th=1, t_ref=0, reset=ours,
                       timing="grid")  # fmt: skip
    beta = decay(params, 1.0)
    inputs = snn_inputs()
    leaky = Leaky(
        beta=torch.tensor(beta, dtype=torch.float64), threshold=1.0, reset_mechanism=theirs
    )
    mem = torch.zeros(2, 3, dtype=torch.float64)
    v, spikes = run(inputs / (1 - beta), params, 1.0)
    assert int(spikes.sum(0).min()) >= 10
    for t, x in enumerate(inputs):
        spk, mem = leaky(x, mem)
        assert torch.equal(spk.bool(), spikes[t])
        quiet = ~spikes[t] if ours == "value" else torch.ones_like(spikes[t])
        torch.testing.assert_close(mem[quiet], v[t][quiet], rtol=0, atol=1e-12)


def test_subtract_keeps_the_overshoot_and_none_keeps_the_voltage():
    state = LIFState(torch.tensor([[-51.0]]), torch.zeros(1, 1, dtype=torch.int32))
    kick = torch.tensor([[30.0]])
    plain = lif_step(kick, state, LIFParams(reset="none"), 1.0)
    less = lif_step(kick, state, LIFParams(reset="subtract", timing="grid"), 1.0)
    reset = lif_step(kick, state, LIFParams(reset="value", timing="grid"), 1.0)
    assert bool(plain.spikes) and bool(less.spikes) and bool(reset.spikes)
    assert float(plain.state.v) > -50
    assert float(less.state.v) == pytest.approx(float(plain.state.v) - 15, abs=1e-5)
    assert float(reset.state.v) == -65


@pytest.mark.parametrize("dt", [0.1, 0.2, 0.25, 1.0])
def test_the_refractory_period_is_a_whole_number_of_steps_whatever_the_float_error(dt):
    params = LIFParams(t_ref=3.0, timing="grid")
    steps = refractory_steps(params, dt)
    assert steps == round(3.0 / dt)
    strong = torch.full((40 * steps, 1, 1), 1e6, dtype=torch.float64)  # fires whenever it may
    _, spikes = run(strong, params, dt)
    gaps = torch.diff(spikes[:, 0, 0].nonzero().flatten())
    assert set(gaps.tolist()) == {steps + 1}


def test_half_a_step_of_refractory_time_rounds_up():
    assert refractory_steps(LIFParams(t_ref=0.25), 0.5) == 1
    assert refractory_steps(LIFParams(t_ref=0.2), 0.5) == 0


def test_the_voltage_is_held_while_refractory_but_follows_the_current_without_a_reset():
    strong = torch.full((6, 1, 1), 50.0, dtype=torch.float64)
    v, spikes = run(strong, LIFParams(t_ref=3, timing="grid"), 1.0)
    first = int(spikes[:, 0, 0].nonzero()[0])
    assert v[first : first + 4, 0, 0].tolist() == [-65.0] * 4
    v, spikes = run(strong, LIFParams(t_ref=3, reset="none"), 1.0)
    assert bool((torch.diff(v[:, 0, 0]) > 0).all())
    assert int(spikes.sum()) == 2  # one, three silent steps, one


def test_a_batch_is_a_loop_of_singles_and_nothing_is_changed():
    current = torch.linspace(0, 60, 6, dtype=torch.float64).view(2, 3)
    state = LIFState(
        torch.linspace(-70, -49, 6, dtype=torch.float64).view(2, 3),
        torch.tensor([[0, 0, 0], [0, 2, 0]], dtype=torch.int32),
    )
    kept = (current.clone(), state.v.clone(), state.refractory.clone())
    whole = lif_step(current, state, GRID, 0.5)
    assert bool(whole.spikes.any()) and not bool(whole.spikes.all())
    for b in range(2):
        for n in range(3):
            one = (slice(b, b + 1), slice(n, n + 1))
            alone = lif_step(current[one], LIFState(state.v[one], state.refractory[one]), GRID, 0.5)
            assert torch.equal(alone.spikes, whole.spikes[one])
            assert torch.equal(alone.state.v, whole.state.v[one])
            assert torch.equal(alone.state.refractory, whole.state.refractory[one])
    assert torch.equal(current, kept[0]) and torch.equal(state.v, kept[1])
    assert torch.equal(state.refractory, kept[2])


def test_float32_stays_float32():
    for params, kind in ((GRID, torch.int32), (LIFParams(), torch.float32)):
        state = lif_init((1, 2), params)
        after = lif_step(torch.ones(1, 2), state, params, 0.1).state
        assert after.v.dtype == torch.float32 and after.refractory.dtype == kind


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"tau_m": 0.0}, "tau_m must be > 0 ms, got 0.0"),
        ({"tau_m": -5.0}, "tau_m must be > 0 ms, got -5.0"),
        ({"tau_m": math.nan}, "tau_m must be finite, got nan"),
        ({"t_ref": -1.0}, "t_ref must be >= 0 ms, got -1.0"),
        ({"v_reset": -50.0}, "v_reset must be < v_th"),
        ({"reset": "hard"}, "reset must be one of value, subtract, none, got 'hard'"),
    ],
)
def test_impossible_neurons_are_refused_by_name(values, message):
    with pytest.raises(ValueError, match=message):
        LIFParams(**values)


@pytest.mark.parametrize("dt", [0.0, -0.1, math.nan, math.inf])
def test_an_impossible_step_is_refused(dt):
    with pytest.raises(ValueError, match="dt must be > 0 ms"):
        lif_step(torch.ones(1, 1), lif_init((1, 1), LIFParams()), LIFParams(), dt)


def test_a_current_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"current must have the state's shape \(1, 2\)"):
        lif_step(torch.ones(2, 1), lif_init((1, 2), LIFParams()), LIFParams(), 0.1)
