"""Models without closed form against SciPy's integrators, and the order of their methods."""

import itertools

import numpy as np
import pytest
import torch
from scipy.integrate import quad, solve_ivp

from snncore import simulate
from snncore.kernels import odes
from snncore.neurons import MODELS, AdExParams, EIFParams, HodgkinHuxleyParams, IzhikevichParams
from snncore.neurons.fitzhugh_nagumo import FitzHughNagumoParams
from snncore.neurons.rk4 import hermite_root
from snncore.simulate import models as runner


def run(name, current, params, dt, duration):
    """One neuron under a constant current."""
    drive = torch.full((round(duration / dt), 1, 1), current, dtype=torch.float64)
    return simulate.run(name, drive, params, dt)


def reference(slopes, start, peak, reset, duration, t_ref=0.0, rising_only=False):
    """Spike times by SciPy, in plain V, from one event to the next.

    `reset(values)` gives the values after a spike and a function for the refractory period.
    """

    def meets(t, y):
        return y[0] - peak

    meets.direction, meets.terminal = 1, not rising_only
    t, y, times = 0.0, np.array(start, dtype=float), []
    while t < duration:
        done = solve_ivp(slopes, (t, duration), y, method="DOP853", rtol=1e-10, atol=1e-12,
                         events=meets, max_step=5.0)  # fmt: skip
        times.extend(done.t_events[0])
        if rising_only or not done.t_events[0].size:
            break
        t, y = done.t[-1] + t_ref, reset(done.y[:, -1])
    return np.array(times)


def adex_reference(p, current, duration):
    def slopes(t, y):
        v, w = y
        pull = p.delta_t * np.exp((v - p.v_th) / p.delta_t)
        dv = (p.v_rest - v + pull + p.r_m * (current - w)) / p.tau_m
        return dv, (p.a * (v - p.v_rest) - w) / p.tau_w

    return reference(slopes, (p.v_rest, 0.0), p.v_peak, lambda y: (p.v_reset, y[1] + p.b), duration)


# Naud et al. 2008, table 1 (C, g_L, E_L, V_T, Δ_T, a, τ_w, b, V_r, I), in our units.
PATTERNS = {
    "tonic": (AdExParams(tau_m=20, r_m=100, v_rest=-70, v_th=-50, delta_t=2, a=0.002, tau_w=30,
                         b=0, v_reset=-58, v_peak=0), 0.5),
    "adapting": (AdExParams(tau_m=200 / 12, r_m=1000 / 12, v_rest=-70, v_th=-50, delta_t=2,
                            a=0.002, tau_w=300, b=0.06, v_reset=-58, v_peak=0), 0.5),
    "bursting": (AdExParams(tau_m=130 / 18, r_m=1000 / 18, v_rest=-58, v_th=-50, delta_t=2,
                            a=0.004, tau_w=150, b=0.12, v_reset=-50, v_peak=0), 0.4),
    # SciPy cannot follow the exponential up to the paper's 20 mV.
    "paper": (AdExParams(v_peak=-20), 1.0),
}  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_adex_spikes_when_scipy_says(pattern):
    params, current = PATTERNS[pattern]
    expected = adex_reference(params, current, 250.0)
    times = run("adex", current, params, 0.1, 250.0).spike_times()
    assert len(times) == len(expected) >= 4
    np.testing.assert_allclose(times, expected, rtol=0, atol=0.01)
    if pattern == "bursting":
        gaps = np.diff(times)
        assert gaps.max() > 4 * gaps.min()


def eif_interval(p, current):
    """Time from the reset to the peak as an integral over V, and the refractory period."""

    def slowness(v):
        pull = p.delta_t * np.exp((v - p.v_th) / p.delta_t)
        return p.tau_m / (p.v_rest - v + pull + p.r_m * current)

    end = min(p.v_peak, p.v_th + 60 * p.delta_t)  # from there on it takes e^-60 of a time constant
    points = [p.v_th, p.v_th + 5 * p.delta_t]
    whole = quad(slowness, p.v_reset, end, points=points, epsabs=0, epsrel=1e-10, limit=500)
    return p.t_ref + whole[0]


@pytest.mark.parametrize("current", [0.1625, 0.3, 1.0, 8.0])
def test_the_exponential_neurons_interval_is_its_quadrature(current):
    params = EIFParams()
    expected = eif_interval(params, current)
    times = run("eif", current, params, 0.1, 4 * expected + 50).spike_times()
    # The rheobase is 0.162 nA: just above it the neuron creeps, and errors grow with the interval.
    assert np.diff(times) == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize("dt", [0.5, 0.1])
@pytest.mark.parametrize(
    ("current", "tau_m", "delta_t"), [(5, 10, 0.5), (5, 10, 0.1), (5, 3, 0.5), (9, 0.5, 0.1)]
)
def test_a_sharp_upstroke_under_a_strong_drive_costs_no_accuracy(current, tau_m, delta_t, dt):
    params = EIFParams(tau_m=tau_m, delta_t=delta_t)
    times = run("eif", float(current), params, dt, 100.0).spike_times()
    # Steps that know of the time constants only are off by 1e-3 to 2e-2 here.
    expected = eif_interval(params, current)
    assert (times[-1] - times[0]) / (len(times) - 1) == pytest.approx(expected, rel=1e-4)


def test_an_adaptive_exponential_neuron_with_a_fast_membrane_agrees_with_its_refinement():
    params = AdExParams(tau_m=3, delta_t=0.5)
    coarse, fine = (run("adex", 2.0, params, dt, 200.0).spike_times() for dt in (0.1, 0.002))
    assert len(coarse) == len(fine) > 30
    np.testing.assert_allclose(coarse, fine, rtol=0, atol=2e-3)


def test_the_exponential_neuron_is_silent_below_its_rheobase():
    params = EIFParams()
    rheobase = (params.v_th - params.v_rest - params.delta_t) / params.r_m
    assert run("eif", rheobase - 1e-4, params, 0.5, 5000).counts.item() == 0
    assert run("eif", rheobase + 1e-3, params, 0.5, 5000).counts.item() > 0


@pytest.mark.parametrize("dt", [0.5, 0.1])
def test_a_peak_far_above_threshold_costs_no_accuracy(dt):
    for v_peak in (-30.0, 20.0, 200.0):
        params = EIFParams(v_peak=v_peak)
        times = run("eif", 1.0, params, dt, 200).spike_times()
        assert np.diff(times) == pytest.approx(eif_interval(params, 1.0), abs=1e-3 * dt)


IZHIKEVICH = {  # Izhikevich 2003, figure 2: a, b, c, d
    "RS": IzhikevichParams(a=0.02, b=0.2, c=-65, d=8),
    "IB": IzhikevichParams(a=0.02, b=0.2, c=-55, d=4),
    "CH": IzhikevichParams(a=0.02, b=0.2, c=-50, d=2),
    "FS": IzhikevichParams(a=0.1, b=0.2, c=-65, d=2),
    "LTS": IzhikevichParams(a=0.02, b=0.25, c=-65, d=2),
}


@pytest.mark.parametrize("kind", IZHIKEVICH)
def test_izhikevichs_kinds_spike_when_scipy_says(kind):
    p = IZHIKEVICH[kind]

    def slopes(t, y):
        v, u = y
        return 0.04 * v * v + 5 * v + 140 - u + 10, p.a * (p.b * v - u)

    rest = (-70.0, -14.0) if p.b == 0.2 else (-(4.75 + np.sqrt(4.75**2 - 22.4)) / 0.08,) * 2
    rest = (rest[0], p.b * rest[0])
    expected = reference(slopes, rest, p.v_peak, lambda y: (p.c, y[1] + p.d), 300.0)
    times = run("izhikevich", 1.0, p, 0.1, 300.0).spike_times()  # 1 nA is his 10
    assert len(times) == len(expected) >= 6
    np.testing.assert_allclose(times, expected, rtol=0, atol=0.01)
    gaps = np.diff(times)
    if kind == "CH":
        assert gaps.max() > 5 * gaps.min()  # bursts
    if kind == "FS":
        assert gaps[-3:].max() < 13  # about 100 Hz without much adaptation
    if kind == "RS":
        assert gaps[-1] > 2 * gaps[0]


@pytest.mark.parametrize("intensity", [7, 10])
def test_izhikevichs_neuron_under_strong_noise_agrees_with_its_refinement(intensity):
    noise = np.random.default_rng(0).standard_normal(2000) * intensity / np.sqrt(0.1)
    coarse, fine = (
        simulate.run(
            "izhikevich",
            torch.from_numpy(np.repeat(1.0 + noise, n)).view(-1, 1, 1),
            IzhikevichParams(),
            0.1 / n,
        )
        for n in (1, 50)
    )
    times, expected = coarse.spike_times(), fine.spike_times()
    assert len(times) == len(expected) > 20
    np.testing.assert_allclose(times, expected, rtol=0, atol=0.02)
    # Two spikes within a step of 0.1 ms are out of reach, so both runs are on the same course.
    assert np.diff(expected).min() > 0.1
    apart = (coarse.v - fine.v[49::50]).abs()
    assert float(apart.median()) < 1e-3 and float(coarse.v.min()) > -400


def test_izhikevichs_neuron_stays_silent_under_a_strong_inhibition():
    params = IzhikevichParams(c_m=0.01)
    trace = run("izhikevich", -10.0, params, 0.1, 100.0)

    def slopes(t, y):
        v, u = y
        return 0.04 * v * v + 5 * v + 140 - u - 1000, params.a * (params.b * v - u)

    start = [float(x) for x in MODELS["izhikevich"].rest(params)]
    t = np.arange(1, 1001) * 0.1
    expected = solve_ivp(slopes, (0, 100), start, "LSODA", t, rtol=1e-9, atol=1e-9).y[0]
    assert trace.counts.item() == 0
    np.testing.assert_allclose(trace.v[:, 0, 0].numpy(), expected, rtol=0, atol=0.05)


@pytest.mark.parametrize("engine", [runner._run_kernel, runner._run_torch])
def test_a_voltage_that_is_too_fast_to_follow_is_refused(engine):
    model, params = MODELS["izhikevich"], IzhikevichParams(c_m=1e-5)
    current = torch.full((1, 1, 1), -10.0, dtype=torch.float64)  # settles within 0.001 ms
    start = model.init((1, 1), params, dtype=torch.float64)
    assert torch.isnan(engine(current, start, params, 5.0, model).state.v).all()
    with pytest.raises(ValueError, match="dt must be shorter or the current weaker"):
        simulate.run("izhikevich", current, params, 5.0)


@pytest.mark.parametrize("engine", [runner._run_kernel, runner._run_torch])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("eif", {"v_rest": 20.0}),
        ("adex", {"v_rest": 50.0}),
        # Back at the peak within the step, again and again: rounding must lose none of them.
        ("eif", {"v_rest": -7.64, "delta_t": 10.66, "v_reset": -0.00025}),
        ("adex", {"v_rest": -10.0, "v_peak": 19.7, "v_reset": 19.6}),
    ],
)
def test_a_neuron_at_or_above_its_peak_fires_at_the_beginning_of_the_step(name, values, engine):
    model, params = MODELS[name], MODELS[name].params(**values, t_ref=0.0)
    current = torch.full((10, 1, 1), 4.0, dtype=torch.float64)
    start = model.init((1, 1), params, dtype=torch.float64)
    found = engine(current, start._replace(v=start.v.clone().fill_(params.v_peak)), params, 5.0,
                   model)  # fmt: skip
    assert found.spikes[0].item() and float(found.offset[0]) == 0.0
    at_peak = (found.values[0, :-1] == params.v_peak) & ~found.spikes[1:]
    assert not at_peak.any()  # who waits there fires in the next step
    above = engine(current, start._replace(v=start.v + 100), params, 5.0, model)
    assert torch.equal(above.spikes, found.spikes) and torch.equal(above.offset, found.offset)


def test_the_limit_cycle_of_fitzhugh_and_nagumo_has_scipys_period():
    p, current = FitzHughNagumoParams(), 0.5

    def slopes(t, y):
        v, w = y
        return v - v**3 / 3 - w + current, 0.08 * (v + 0.7 - 0.8 * w)

    expected = reference(slopes, (-1.1994, -0.62426), 1.0, None, 400.0, rising_only=True)
    times = run("fitzhugh_nagumo", current, p, 0.1, 400.0).spike_times()
    assert len(times) == len(expected) >= 9
    assert np.diff(times)[-5:] == pytest.approx(np.diff(expected)[-5:], rel=1e-6)
    slow = FitzHughNagumoParams(tau_ms=5.0, gain=0.25)
    scaled = run("fitzhugh_nagumo", 2.0, slow, 0.5, 2000.0).spike_times()
    assert scaled == pytest.approx(5 * times, rel=1e-6)


def squid(current):
    """Hodgkin and Huxley 1952 with today's signs, written down again from the paper; µA/cm²."""

    def slopes(t, y):
        v, m, h, n = y
        u = v + 65
        alpha = (0.1 * (25 - u) / np.expm1((25 - u) / 10), 0.07 * np.exp(-u / 20),
                 0.01 * (10 - u) / np.expm1((10 - u) / 10))  # fmt: skip
        beta = (4 * np.exp(-u / 18), 1 / (np.exp((30 - u) / 10) + 1), 0.125 * np.exp(-u / 80))
        ionic = 120 * m**3 * h * (v - 50) + 36 * n**4 * (v + 77) + 0.3 * (v + 54.387)
        gates = (a * (1 - x) - b * x for a, b, x in zip(alpha, beta, (m, h, n), strict=True))
        return (current - ionic, *gates)

    return slopes


def test_the_squid_axon_fires_at_68_hz_under_10_microamperes_when_scipy_says():
    params = HodgkinHuxleyParams()
    start = [float(x) for x in MODELS["hodgkin_huxley"].rest(params)]
    expected = reference(squid(10.0), start, 0.0, None, 300.0, rising_only=True)
    trace = run("hodgkin_huxley", 1.0, params, 0.1, 300.0)  # 1 nA over 10,000 µm²
    times = trace.spike_times()
    assert len(times) == len(expected) >= 20
    np.testing.assert_allclose(times, expected, rtol=0, atol=0.01)
    assert 1000 / np.diff(times)[-5:].mean() == pytest.approx(68.3, abs=0.3)


def test_the_squid_axon_rests_at_minus_65_mv_with_the_published_gates():
    v, m, h, n = (float(x) for x in MODELS["hodgkin_huxley"].rest(HodgkinHuxleyParams()))
    assert v == pytest.approx(-65, abs=0.01)
    assert (m, h, n) == pytest.approx((0.0529, 0.5961, 0.3177), abs=2e-4)
    slopes = MODELS["hodgkin_huxley"].derivatives((v, m, h, n), 0.0, HodgkinHuxleyParams())
    assert [float(x) for x in slopes] == pytest.approx([0] * 4, abs=1e-9)


def test_a_single_action_potential_has_its_published_size_and_threshold():
    params = HodgkinHuxleyParams()

    def pulse(amount):
        drive = torch.zeros(400, 1, 1, dtype=torch.float64)
        drive[10:20] = amount  # 1 ms
        return simulate.run("hodgkin_huxley", drive, params, 0.1)

    weak, strong = pulse(0.6), pulse(0.8)  # all or none: 6 against 8 µA/cm² for 1 ms
    assert weak.counts.item() == 0 and float(weak.v.max()) < -50
    assert strong.counts.item() == 1
    assert 95 < float(strong.v.max()) + 65 < 110  # about 100 mV (Hodgkin & Huxley 1952, fig. 12)
    assert -78 < float(strong.v.min()) < -72  # undershoot towards E_K


def test_ten_degrees_make_the_gates_three_times_as_fast():
    model = MODELS["hodgkin_huxley"]
    values = (-40.0, 0.1, 0.5, 0.4)
    cold = model.derivatives(values, 0.0, HodgkinHuxleyParams(celsius=6.3))
    warm = model.derivatives(values, 0.0, HodgkinHuxleyParams(celsius=16.3))
    assert float(warm[0]) == float(cold[0])
    assert [float(x) for x in warm[1:]] == pytest.approx([3 * float(x) for x in cold[1:]])


def test_the_current_is_spread_over_the_area():
    one = run("hodgkin_huxley", 1.0, HodgkinHuxleyParams(), 0.1, 60.0)
    ten = run("hodgkin_huxley", 10.0, HodgkinHuxleyParams(area=1e5), 0.1, 60.0)
    torch.testing.assert_close(one.v, ten.v, rtol=0, atol=1e-8)


def orders(errors):
    return [np.log2(a / b) for a, b in itertools.pairwise(errors)]


SMOOTH = {  # current, duration, steps that are not cut into pieces
    "eif": (0.15, 48.0, (1.2, 0.6, 0.3)),
    "adex": (0.5, 48.0, (1.0, 0.5, 0.25)),
    "izhikevich": (0.2, 48.0, (0.125, 0.0625, 0.03125)),
    "fitzhugh_nagumo": (1.0, 48.0, (0.1, 0.05, 0.025)),
    "hodgkin_huxley": (0.6, 40.0, (0.05, 0.025, 0.0125)),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_the_voltage_converges_with_order_four(name):
    current, duration, sizes = SMOOTH[name]
    params = MODELS[name].params()
    assert sizes[0] <= MODELS[name].longest_step(params)
    exact = float(run(name, current, params, sizes[-1] / 16, duration).v[-1])
    found = [float(run(name, current, params, dt, duration).v[-1]) for dt in sizes]
    measured = orders([abs(v - exact) for v in found])
    # Below 4 where the steps are not yet short against the fastest gate.
    assert all(3.4 < order < 4.4 for order in measured), measured


SPIKING = {
    "eif": (EIFParams(v_peak=-45.0), 1.0, 96.0, (0.3, 0.15, 0.075)),
    "adex": (AdExParams(v_peak=-40.0), 1.0, 96.0, (0.25, 0.125, 0.0625)),
    "izhikevich": (IzhikevichParams(), 1.0, 120.0, (0.125, 0.0625, 0.03125)),
    "fitzhugh_nagumo": (FitzHughNagumoParams(), 1.0, 144.0, (0.1, 0.05, 0.025)),
    "hodgkin_huxley": (HodgkinHuxleyParams(), 1.0, 80.0, (0.05, 0.025, 0.0125)),
}


@pytest.mark.parametrize("name", SPIKING)
def test_spike_times_converge_almost_as_fast(name):
    params, current, duration, sizes = SPIKING[name]
    exact = run(name, current, params, sizes[-1] / 16, duration).spike_times()
    assert len(exact) >= 4
    errors = []
    for dt in sizes:
        times = run(name, current, params, dt, duration).spike_times()
        assert len(times) == len(exact)
        errors.append(np.abs(times - exact).max())
    # The place of a spike in its step differs from dt to dt, so single ratios scatter; near the
    # exponential neurons' infinity the order falls (see `snncore.neurons.rk4`).
    assert np.mean(orders(errors)) > (3.0 if name in ("eif", "adex") else 3.5), errors


@pytest.mark.parametrize("name", SMOOTH)
def test_a_long_step_is_cut_so_that_it_costs_no_accuracy(name):
    params, current = MODELS[name].params(), SMOOTH[name][0]
    longest = float(MODELS[name].longest_step(params))
    whole = run(name, current, params, 4 * longest, 24 * longest)
    parts = run(name, current, params, longest, 24 * longest)
    torch.testing.assert_close(whole.v, parts.v[3::4], rtol=0, atol=1e-9)


def test_roots_of_rising_cubics_are_found_to_rounding_by_both_paths():
    rng = np.random.default_rng(1)
    r0 = rng.uniform(0, 1, 5000) ** rng.integers(1, 6, 5000)
    c1, c2 = rng.uniform(0.05, 3, 5000), rng.uniform(0, 3, 5000)

    def ends(r):  # (r − r0)(1 + c1·r + c2·r²) and its slope: one root, rising
        form = 1 + c1 * r + c2 * r * r
        return (r - r0) * form, form + (r - r0) * (c1 + 2 * c2 * r)

    values = (*ends(0.0), *ends(1.0))
    found = hermite_root(*(torch.from_numpy(x) for x in values)).numpy()
    np.testing.assert_allclose(found, r0, rtol=0, atol=1e-13)
    kernel = [odes.root(*(float(x[k]) for x in values)) for k in range(5000)]
    np.testing.assert_allclose(kernel, r0, rtol=0, atol=1e-13)
    assert float(hermite_root(*(torch.tensor([x]) for x in (0.2, 1.0, 0.9, 1.0)))) == 0.0
