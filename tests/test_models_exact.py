"""Models with closed forms: adaptive threshold, synaptic current, alpha synapse, quadratic."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import brentq
from snntorch import Synaptic

from snncore import simulate
from snncore.neurons import MODELS, AdaptiveParams, AlphaParams, QIFParams, SynapticParams
from snncore.neurons.linear import filtered, filtered_twice, mean_decay
from snncore.neurons.synaptic import propagator
from snncore.simulate import models as runner

EXACT = {
    "adaptive": AdaptiveParams(),
    "synaptic": SynapticParams(),
    "alpha": AlphaParams(),
    "qif": QIFParams(),
}
SYNAPTIC_TAUS = [0.05, 1.0, 5.0, 19.9, 20 - 1e-7, 20.0, 20 + 1e-7, 20.1, 60.0, 200.0]


def steps(amounts, each):
    """A current [T, 1, 1] of `each` steps of every amount."""
    return torch.tensor(amounts, dtype=torch.float64).repeat_interleave(each).view(-1, 1, 1)


def spike_times(name, amounts, params, dt, part=12.0):
    """Spikes of a current that takes every amount for `part` ms."""
    return simulate.run(name, steps(amounts, round(part / dt)), params, dt).spike_times()


@pytest.mark.parametrize("name", EXACT)
def test_halving_the_step_changes_neither_spike_times_nor_voltages_on_the_coarse_grid(name):
    amounts = [4.0, 6.0, 0.5, 9.0, 3.0, -2.0, 7.0, 5.0]
    coarse = simulate.run(name, steps(amounts, 24), EXACT[name], 0.5)
    times = coarse.spike_times()
    assert len(times) >= 4
    for refine in (2, 5, 32):
        fine = simulate.run(name, steps(amounts, 24 * refine), EXACT[name], 0.5 / refine)
        np.testing.assert_allclose(fine.spike_times(), times, rtol=0, atol=1e-10)
        np.testing.assert_allclose(fine.v[refine - 1 :: refine], coarse.v, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["adaptive", "synaptic", "alpha"])
@pytest.mark.parametrize("dt", [12.0, 3.0, 0.5, 0.0625])
def test_without_spikes_the_voltage_is_that_of_one_long_step(name, dt):
    each = round(12 / dt)
    params = type(EXACT[name])(v_th=90.0)
    amounts = [3.0, -1.0, 0.7, 2.0]
    v = simulate.run(name, steps(amounts, each), params, dt).v[each - 1 :: each, 0, 0]
    long = simulate.run(name, steps(amounts, 1), params, 12.0).v[:, 0, 0]
    torch.testing.assert_close(v, long, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("tau_syn", SYNAPTIC_TAUS)
@pytest.mark.parametrize("s", [1e-9, 0.01, 0.1, 3.0, 40.0, 3000.0])
def test_the_filters_are_their_integrals_also_where_the_time_constants_meet(tau_syn, s):
    tau_m, like = 20.0, torch.zeros((), dtype=torch.float64)
    one = quad(lambda z: math.exp(-s * ((1 - z) / tau_m + z / tau_syn)), 0, 1, epsabs=0,
               epsrel=1e-12, points=None, limit=200)[0] * s / tau_m  # fmt: skip
    two = quad(lambda z: z * math.exp(-s * ((1 - z) / tau_m + z / tau_syn)), 0, 1, epsabs=0,
               epsrel=1e-12, limit=200)[0] * s * s / (tau_m * tau_syn)  # fmt: skip
    assert float(filtered(s, tau_m, tau_syn, like)) == pytest.approx(one, rel=1e-10, abs=1e-300)
    assert float(filtered_twice(s, tau_m, tau_syn, like)) == pytest.approx(
        two, rel=1e-10, abs=1e-300
    )


def test_the_mean_of_a_decay_is_one_at_zero_and_falls_like_one_over_x():
    x = torch.tensor([0.0, 1e-300, 1e-8, 1.0, 1e4], dtype=torch.float64)
    expected = [1.0, 1.0, 1 - 0.5e-8, 1 - math.exp(-1), 1e-4]
    assert mean_decay(x).tolist() == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("tau_syn", [2.0, 20.0, 33.0])
def test_a_step_of_current_through_the_synapse_has_its_textbook_voltage(tau_syn):
    params = SynapticParams(v_th=90.0, tau_syn=tau_syn)
    v = simulate.run("synaptic", steps([1.0], 300), params, 0.2).v[:, 0, 0].numpy() + 70
    t = 0.2 * np.arange(1, 301)
    tau = params.tau_m
    if tau_syn == tau:
        exact = 10 * (1 - (1 + t / tau) * np.exp(-t / tau))
    else:
        slow, fast = tau * np.exp(-t / tau), tau_syn * np.exp(-t / tau_syn)
        exact = 10 * (1 - (slow - fast) / (tau - tau_syn))
    np.testing.assert_allclose(v, exact, rtol=0, atol=2e-13 * 70)


@pytest.mark.parametrize("tau_syn", [2.0, 5.0, 60.0])
def test_a_brief_pulse_through_the_alpha_synapse_gives_the_alpha_functions_voltage(tau_syn):
    """After the pulse the model is NEST's iaf_psc_alpha: P31, P32, P33 of Rotter & Diesmann 1999.

    The pulse leaves (rise, i_syn, V); from there V(t) = P33·V + P32·i_syn + P31·rise/τ_syn.
    """
    params = AlphaParams(v_th=90.0, tau_syn=tau_syn)
    trace = simulate.run("alpha", steps([80.0, 0.0], 100), params, 0.01)
    v0, i0, x0 = (
        float(values[99, 0, 0])
        for values in (trace.v + 70, trace.others["i_syn"], trace.others["rise"])
    )
    t = 0.01 * np.arange(1, 101)
    tau, c_m = params.tau_m, params.tau_m / params.r_m
    em, es = np.exp(-t / tau), np.exp(-t / tau_syn)
    beta = tau * tau_syn / (tau - tau_syn)
    p32 = beta / c_m * (em - es)
    p31 = beta / c_m * (beta * (em - es) - t * es)
    exact = v0 * em + p32 * i0 + p31 * x0 / tau_syn
    np.testing.assert_allclose(trace.v[100:, 0, 0].numpy() + 70, exact, rtol=0, atol=1e-11)
    i_exact = (i0 + x0 * t / tau_syn) * es
    np.testing.assert_allclose(trace.others["i_syn"][100:, 0, 0], i_exact, rtol=1e-12)


def test_a_charge_through_the_alpha_synapse_peaks_after_the_synaptic_time_constant():
    params = AlphaParams(tau_syn=4.0, v_th=90.0)
    trace = simulate.run("alpha", steps([1000.0] + [0.0] * 999, 1), params, 0.01)  # 10 pC at once
    current = trace.others["i_syn"][:, 0, 0].numpy()
    assert int(current.argmax()) * 0.01 == pytest.approx(4.0, abs=0.02)
    assert current.max() == pytest.approx(10 / 4 / math.e, rel=2e-3)  # Q/(e·τ); the pulse has 10 µs


@pytest.mark.parametrize("tau_syn", [1.0, 4.0, 10.0, 25.0])
def test_synaptic_on_the_grid_is_snntorchs_synaptic(tau_syn):
    params = SynapticParams(
        tau_m=10, r_m=1, v_rest=0, v_reset=0, v_th=1, t_ref=0, tau_syn=tau_syn, timing="grid"
    )
    alpha, beta, a, b = propagator(params, 1.0)
    t = torch.arange(500, dtype=torch.float64).view(-1, 1, 1)
    n = torch.arange(1, 7, dtype=torch.float64).view(1, 2, 3)
    drive = 1.4 + 2 * torch.sin(0.05 * t * n.sqrt() + n)
    before = torch.cat((torch.zeros(1, 2, 3, dtype=torch.float64), drive[:-1]))
    inputs = b * drive + (a * (1 - alpha) - alpha * b) * before
    layer = Synaptic(
        alpha=torch.tensor(alpha, dtype=torch.float64),
        beta=torch.tensor(beta, dtype=torch.float64),
        threshold=1.0, reset_mechanism="zero", reset_delay=False,
    )  # fmt: skip
    syn = mem = torch.zeros(2, 3, dtype=torch.float64)
    trace = simulate.run("synaptic", drive, params, 1.0)
    assert int(trace.counts.min()) >= 10
    for k, x in enumerate(inputs):
        spikes, syn, mem = layer(x, syn, mem)
        assert torch.equal(spikes.bool(), trace.spikes[k])
        torch.testing.assert_close(mem, trace.v[k], rtol=0, atol=1e-11)


def test_the_synaptic_propagator_is_a_step_of_the_model():
    params = SynapticParams(tau_syn=7.0)
    p = propagator(params, 0.3)
    trace = simulate.run("synaptic", steps([2.0, 1.5], 1), params, 0.3)
    first = p.b * 2.0
    second = p.beta * first + p.a * (1 - p.alpha) * 2.0 + p.b * 1.5
    assert (trace.v[:, 0, 0] + 70).tolist() == pytest.approx([first, second], abs=1e-13)


@pytest.mark.parametrize("name", ["synaptic", "alpha"])
def test_a_constant_current_through_a_settled_synapse_gives_the_plain_neurons_rate(name):
    params = EXACT[name]
    times = spike_times(name, [3.0], params, 0.1, part=600.0)
    exact = 2 + 20 * math.log((30 - 5) / (30 - 20))  # V∞ − V_reset over V∞ − V_th
    assert np.diff(times)[-5:] == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize("dt", [0.02, 0.7, 5.0])
def test_the_adaptive_threshold_spikes_where_the_two_exponentials_meet(dt):
    params, current = AdaptiveParams(), 4.0
    times = spike_times("adaptive", [current], params, dt, part=350.0)
    v_inf, theta, t, v, expected = -70 + 10 * current, -50.0, 0.0, -70.0, []
    while t < 340:

        def gap(s, v=v, theta=theta):
            return (v_inf + (v - v_inf) * math.exp(-s / 20)) - (
                -50 + (theta + 50) * math.exp(-s / 100)
            )

        s = brentq(gap, 0, 500, xtol=1e-13)
        expected.append(t + s)
        theta = -50 + (theta + 50) * math.exp(-s / 100) + 5
        theta = -50 + (theta + 50) * math.exp(-2 / 100)  # it decays in the refractory period
        t, v = t + s + 2, -65.0
    count = len(times)
    assert count >= 8 and np.diff(times)[-1] > 1.5 * np.diff(times)[0]  # it adapts
    np.testing.assert_allclose(times, expected[:count], rtol=0, atol=1e-9)


def test_without_a_jump_the_adaptive_neuron_is_the_plain_one():
    params = AdaptiveParams(theta_jump=0.0)
    times = spike_times("adaptive", [3.0], params, 0.1, part=300.0)
    exact = 2 + 20 * math.log(25 / 10)
    assert np.diff(times) == pytest.approx(exact, rel=1e-11)


@pytest.mark.parametrize("timing", ["exact", "grid"])
@pytest.mark.parametrize("name", ["adaptive", "synaptic", "alpha"])
@pytest.mark.parametrize("t_ref", [0.0, 0.1, 0.25, 1.0, 50.0])
def test_the_refractory_period_holds_the_voltage_for_its_length(name, timing, t_ref):
    dt, params = 0.25, type(EXACT[name])(t_ref=t_ref, timing=timing)
    times = spike_times(name, [40.0], params, dt, part=40.0)
    if t_ref == 50:
        assert len(times) == 1
        return
    if timing == "grid":
        trace = simulate.run(name, steps([1e5], 160), type(params)(
            t_ref=t_ref, timing=timing, **({"theta_jump": 0.0} if name == "adaptive" else {})
        ), dt)  # fmt: skip
        gaps = np.diff(trace.events.step.numpy())[5:]  # fires whenever it may
        assert set(gaps.tolist()) == {math.floor(t_ref / dt + 0.5) + 1}
    else:
        zero = spike_times(name, [40.0], type(EXACT[name])(t_ref=0.0), dt, part=40.0)
        assert len(times) > 5 and times[0] == zero[0]
        assert np.diff(times).min() > t_ref


def qif_interval(current, params):
    """By quadrature of dt = dV/(dV/dt) from the reset to the peak, without the closed form."""
    p = params

    def slowness(v):
        return p.tau_m / (p.a_0 * (v - p.v_rest) * (v - p.v_c) + p.r_m * current)

    middle = 0.5 * (p.v_rest + p.v_c)
    return p.t_ref + quad(slowness, p.v_reset, p.v_peak, points=[middle], epsabs=0, epsrel=1e-12)[0]


@pytest.mark.parametrize("current", [0.2251, 0.3, 1.0, 5.0])
@pytest.mark.parametrize("dt", [0.01, 0.3, 2.0])
def test_the_quadratic_neurons_interval_is_its_quadrature(current, dt):
    params = QIFParams()
    expected = qif_interval(current, params)
    times = spike_times("qif", [current], params, dt, part=4 * expected + 600)
    assert len(times) >= 3
    assert np.diff(times) == pytest.approx(expected, rel=1e-8)  # near the rheobase digits are lost


def test_the_quadratic_neuron_is_silent_below_its_rheobase_and_runs_away_above_v_c():
    params = QIFParams()
    assert len(spike_times("qif", [0.2249], params, 0.1, part=3000.0)) == 0
    for kick, count in ((100.0, 0), (160.0, 1)):  # to 5 mV below V_c, to 1 mV above it
        assert len(spike_times("qif", [kick] + [0.0] * 2000, params, 0.1, part=0.1)) == count


@pytest.mark.parametrize("engine", [runner._run_kernel, runner._run_torch])
def test_every_crossing_is_a_root_of_the_closed_form(engine):
    # A threshold near 0 mV resolves distances to 1e-20: Newton's last steps are exact, and an
    # iteration that goes on at the root leaves it again.
    p = SynapticParams(v_th=2e-4, v_rest=-52.5, v_reset=-75.0, tau_syn=33.0, t_ref=0.0)
    current = torch.from_numpy(8 + 8 * np.random.default_rng(2).standard_normal((2000, 1, 1)))
    model = MODELS["synaptic"]
    found = engine(current, model.init((1, 1), p, dtype=torch.float64), p, 1.0, model)
    v, i_syn = (x[:, 0, 0].numpy() for x in found.values)
    steps = np.flatnonzero(found.spikes[:, 0, 0].numpy())
    assert len(steps) > 50
    for k in steps:
        i = float(current[k, 0, 0])
        rest = p.v_rest + p.r_m * i
        slow = p.r_m * (i_syn[k - 1] - i) / (1 - p.tau_m / p.tau_syn)

        def distance(s, k=k, rest=rest, slow=slow):
            leak, synapse = math.exp(-s / p.tau_m), math.exp(-s / p.tau_syn)
            return rest + (v[k - 1] - rest) * leak + slow * (synapse - leak) - p.v_th

        if distance(0.0) < 0:
            assert float(found.offset[k, 0, 0]) == pytest.approx(
                brentq(distance, 0, 1, xtol=1e-14), abs=1e-10
            )
