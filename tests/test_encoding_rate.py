"""Rate codes: their laws, exact times, bounds, snnTorch, and the defects of other tools."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from snntorch import spikegen

from snncore import encoding, metrics, rng, spike_trains
from snncore.encoding import bernoulli, clocks, integrate, laws
from snncore.encoding.events import encode_events
from snncore.kernels import exponential

SAMPLES = torch.tensor([0, 5, 2**32 - 1])


def ramp(n: int = 101) -> torch.Tensor:
    """All values 0, 1/(n−1), …, 1 in one row."""
    return torch.linspace(0, 1, n)[None]


# --- Bernoulli -----------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.02, 0.2, 0.5, 0.9])
def test_rate_counts_follow_the_bernoulli_law(p):
    steps, neurons = 500, 4000
    spikes = encoding.rate_encode(torch.full((1, neurons), p), n_steps=steps, seed=11)[:, 0]
    counts = spikes.sum(dim=0).double()
    mean, fano = p * steps, 1 - p
    assert float(counts.mean()) == pytest.approx(mean, abs=5 * math.sqrt(mean * fano / neurons))
    # variance of a sample variance: σ⁴(2/n + excess kurtosis/n)
    assert spike_trains.fano(counts.numpy()) == pytest.approx(fano, rel=5 * math.sqrt(2.5 / 4000))


def test_rate_intervals_have_no_memory():
    spikes = encoding.rate_encode(torch.full((1, 500), 0.3), n_steps=1000, seed=1)[:, 0]
    after = spikes[1:][spikes[:-1]].double()
    assert float(after.mean()) == pytest.approx(0.3, abs=5 * math.sqrt(0.21 / len(after)))


@pytest.mark.parametrize("gain", [1.0, 0.25])
def test_rate_decoder_is_unbiased_with_the_stated_spread(gain):
    params = encoding.RateParams(gain)
    x, steps, neurons = 0.6, 100, 4000
    spikes = encoding.rate_encode(torch.full((1, neurons), x), params, n_steps=steps)
    estimate = encoding.rate_decode(spikes, params)[0].double()
    spread = math.sqrt(gain * x * (1 - gain * x) / steps) / gain
    assert float(estimate.mean()) == pytest.approx(x, abs=5 * spread / math.sqrt(neurons))
    assert float(estimate.std()) == pytest.approx(spread, rel=5 * math.sqrt(0.5 / neurons))


@pytest.mark.parametrize("name", ["rate", "rate_signal", "signed_poisson"])
def test_never_and_always_are_exact(name):
    """A draw `rand <= x` can fire at x = 0 (SpikingJelly's does); ours is below, 1 never missed."""
    code = encoding.get_code(name)
    if code.kind == "intensity":
        spikes = code.encode(torch.tensor([[0.0, 1.0]]).repeat(100, 1), n_steps=20_000)
        never, always = spikes[:, :, 0], spikes[:, :, 1]
    else:
        low = 0.5 if name == "signed_poisson" else 0.0
        signal = torch.tensor([low, 1.0]).expand(20_000, 100, 2)
        spikes = code.encode(signal, code.params())
        never, always = spikes[:, :, 0], spikes[:, :, 1]
    assert not bool(never.any()) and bool((always == 1).all())


@pytest.mark.parametrize("steps", [1, 10, 24])
def test_kernels_draw_the_same_spikes_as_the_torch_definitions(steps):
    values = torch.linspace(0, 1, 3 * 50).view(3, 50)  # with never and always
    values[0, 1], values[2, -2] = 2.0**-32, 1 - 2.0**-24  # one word, and all but 256
    seed = (9 << 32) | 4
    ours = bernoulli.draw_spikes(values, 0.7, seed, SAMPLES, steps)
    limits = rng.threshold(values * 0.7)
    assert torch.equal(ours, bernoulli.draw_spikes_torch(limits, seed, SAMPLES, steps))
    signal = torch.rand(steps, 3, 50, generator=torch.Generator().manual_seed(1))
    signal[0, 0, :3] = torch.tensor([0.0, 0.5, 1.0])
    for law in ((0.0, 0.3, 1.0), (0.5, 2.0, 1.0), (0.3, 0.6 / 0.7, 0.6), (1.0, 0.2, 0.2)):
        fast = bernoulli.draw_signed(signal, *law, seed, SAMPLES)
        assert torch.equal(fast, bernoulli.draw_signed_torch(signal, *law, seed, SAMPLES))


def test_a_word_fires_below_its_limit_and_not_at_it():
    words = rng.draws(3, rng.stream("encode"), torch.arange(1), 50_000, 1)[0]
    low = words // 256 * 256  # limits that float32 holds: one in 256 words is at its own,
    high = low + 256  # and one is the last below
    assert bool((words == low).any()) and bool((words + 1 == high).any())
    for limits, fires in ((low, False), (high, True)):
        values = limits.to(torch.float32) / 2.0**32
        spikes = bernoulli.draw_spikes(values, 1.0, 3, torch.arange(1), 1)
        assert bool((spikes == fires).all())
        signed = bernoulli.draw_signed(values[None], 0.0, 1.0, 1.0, 3, torch.arange(1))
        assert bool((signed == fires).all())


def test_torch_definition_does_not_depend_on_how_many_words_are_made_at_once(monkeypatch):
    limits, samples = rng.threshold(torch.full((7, 11), 0.3)), torch.arange(7)
    whole = bernoulli.draw_spikes_torch(limits, 2, samples, 23)
    monkeypatch.setattr(bernoulli, "_WORDS_AT_ONCE", 8 * 77)
    assert torch.equal(whole, bernoulli.draw_spikes_torch(limits, 2, samples, 23))
    some = bernoulli.draw_spikes_torch(limits[:2], 2, samples[:2], 10)
    assert torch.equal(whole[:10, :2], some)


def test_rate_matches_snntorch_statistically():
    values = torch.linspace(0, 1, 11)[None].repeat(300, 1)
    steps = 100
    ours = encoding.rate_encode(values, n_steps=steps).double().mean(dim=(0, 1))
    theirs = spikegen.rate(values, num_steps=steps).double().mean(dim=(0, 1))
    error = torch.sqrt(2 * values[0] * (1 - values[0]) / (steps * 300)).double()
    assert bool(((ours - theirs).abs() <= 5 * error + 1e-12).all())


def test_snntorch_clips_in_silence_what_ours_refuses():
    loud = torch.full((1, 50), 3.0)
    assert bool((spikegen.rate(loud, num_steps=20) == 1).all())  # 3 is sent as 1
    for name in ("rate", "poisson", "gamma", "regular", "lif"):
        with pytest.raises(ValueError, match=r"values must be in 0\.\.1 everywhere"):
            encoding.get_code(name).encode(loud, n_steps=20)


def test_rate_signal_follows_the_signal_in_time():
    t = torch.arange(600, dtype=torch.float32) / 600
    signal = (0.5 + 0.45 * torch.sin(6.3 * t)).view(-1, 1, 1)
    for name in ("rate_signal", "inhomogeneous_poisson", "signed_poisson"):
        code = encoding.get_code(name)
        params = code.params(window=51)
        estimate = code.decode(code.encode(signal, params), params)
        # a mean of 51 draws of variance ≤ 1/4 (Bernoulli), x ≤ 0.95 (Poisson), in signals of
        # scale 1 or 2: its spread is at most 0.5/√51 = 0.07 or √0.95/√51 = 0.14
        assert metrics.rmse(signal.numpy(), estimate.numpy()) < 0.14


def test_moving_average_is_over_the_steps_that_exist():
    spikes = torch.tensor([1, 0, 0, 1, 1, 0], dtype=torch.bool).view(-1, 1, 1)
    params = encoding.RateSignalParams(gain=0.5, window=3)
    expected = [1 / 2, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 1 / 2]
    got = encoding.rate_signal_decode(spikes, params)[:, 0, 0]
    torch.testing.assert_close(got, 2 * torch.tensor(expected))


@pytest.mark.parametrize("name", ["rate_signal", "inhomogeneous_poisson", "signed_poisson"])
def test_signals_outside_are_refused_and_even_windows_too(name):
    code = encoding.get_code(name)
    with pytest.raises(ValueError, match=r"0\.\.1"):
        code.encode(torch.full((4, 1, 1), 1.5), code.params())
    with pytest.raises(ValueError, match="window must be odd"):
        code.params(window=4)


def test_bad_sample_numbers_are_named():
    for name in ("rate", "poisson", "regular"):
        with pytest.raises(ValueError, match=r"samples must be int64 \[1\]"):
            encoding.get_code(name).encode(ramp(), n_steps=4, samples=torch.arange(2))
        with pytest.raises(ValueError, match=r"samples must be in 0\.\.2\*\*32-1, got -1"):
            encoding.get_code(name).encode(ramp(), n_steps=4, samples=torch.tensor([-1]))


# --- exponential numbers in whole numbers --------------------------------------------------------


def test_logarithms_in_whole_numbers_are_logarithms_and_strictly_monotone():
    draw = np.random.default_rng(0)
    n = np.concatenate([
        np.arange(1, 3000), 2**33 - np.arange(1, 3000), draw.integers(1, 2**33, 20_000),
        2 ** np.arange(33), np.arange(257, 512) << 24, (np.arange(257, 512) << 24) - 1,
    ])  # fmt: skip
    n = np.unique(n)
    ours = clocks.minus_log(torch.from_numpy(n)).numpy()
    exact = np.where(n > 2**32, -np.log1p((n - 2.0**33) / 2.0**33), -np.log(n / 2.0**33))
    assert np.abs(ours - exact * exponential.UNIT).max() < 7.5
    assert (np.diff(ours) < 0).all()
    assert [exponential.minus_log(int(k)) for k in n[::40]] == ours[::40].tolist()


def test_phases_per_step_are_rounded_once():
    rates = torch.tensor([0.0, 1.0, 0.3, 5.0, 2.0**-30, 1e-12])
    exact = [round(float(rate) * 2**36) for rate in rates]
    assert clocks.cycles(rates).tolist() == exact


@pytest.mark.parametrize("order", [0, 1, 4])
def test_trains_of_the_kernel_are_those_of_the_torch_definition(order):
    values = torch.linspace(0, 1, 150).view(3, 50)
    rates = clocks.cycles(values * (1.0 if order == 0 else 2.0)) * max(1, order)
    begin = torch.full_like(rates, 1 << 35) if order == 0 else rates % max(1, order)
    marks = clocks.Marks(order, begin)
    fast = clocks.listed(rates, marks, 150, 7, SAMPLES)
    slow = clocks.trains_torch(rates, marks, 150, 7, SAMPLES)
    for a, b in zip(fast, slow, strict=True):
        assert torch.equal(a, b)
    dense = clocks.dense(rates, marks, 150, 7, SAMPLES).view(150, -1)
    counted = torch.zeros((150, 150), dtype=torch.int64)
    place = 50 * slow.sample.long() + slow.neuron
    counted.index_put_((slow.step.long(), place), torch.tensor(1), accumulate=True)
    assert torch.equal(dense.long(), counted) and int(counted.max()) >= 1


def test_changing_rates_of_the_kernel_are_those_of_the_torch_definition():
    signal = torch.rand(200, 3, 7, generator=torch.Generator().manual_seed(2))
    signal[:40] = 0
    fast = clocks.dense_moving(signal, 2.0, 3, SAMPLES)
    assert torch.equal(fast, clocks.moving_torch(signal, 2.0, 3, SAMPLES))
    assert int(fast[:40].sum()) == 0 and int(fast.max()) >= 4


# --- Poisson -------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1, 1.0])
def test_poisson_is_poisson_at_every_rate(rate):
    """The rates at which a tool that draws intervals from a Poisson law has CV 0.1 to 0.3."""
    steps, neurons = 4000, 400
    params = encoding.PoissonParams(max_rate=1.0)
    values = torch.full((1, neurons), rate)
    events = encode_events("poisson", values, params, n_steps=steps, seed=3)
    whole = torch.bincount(events.neuron, minlength=neurons).double()
    assert float(whole.mean()) == pytest.approx(
        rate * steps, abs=5 * math.sqrt(rate * steps / neurons)
    )
    assert spike_trains.fano(whole.numpy()) == pytest.approx(1, abs=5 * math.sqrt(2.2 / neurons))
    same = events.neuron[1:] == events.neuron[:-1]
    gaps = np.diff(events.time.double().numpy())[same.numpy()]
    n = len(gaps)
    # Intervals inside a window of T miss the long ones: their mean is too short by about 1/(rT).
    cut = 2 / (rate * steps)
    assert gaps.mean() * rate == pytest.approx(1, abs=5 / math.sqrt(n) + cut)
    assert gaps.std() / gaps.mean() == pytest.approx(1, abs=5 * math.sqrt(2 / n) + cut)


def test_poisson_counts_of_a_step_are_poisson():
    spikes = encoding.get_code("poisson").encode(
        torch.full((1, 2000), 0.8), encoding.PoissonParams(3.0), n_steps=50, seed=5
    )
    assert spikes.dtype == torch.uint8
    observed = np.bincount(spikes.numpy().ravel(), minlength=12)[:12] / spikes.numel()
    k = np.arange(12)
    law = np.exp(k * math.log(2.4) - 2.4 - np.array([math.lgamma(j + 1) for j in k]))
    assert (np.abs(observed - law) < 5 * np.sqrt(law / spikes.numel())).all()


def test_phases_that_would_not_fit_into_63_bits_are_refused_on_both_paths():
    # 20·5 cycles a step: 2²⁶·1.4 million steps is beyond 2⁶³, which once ran over in silence
    params, values = encoding.GammaParams(5.0, 20), torch.tensor([[0.0, 1.0]])
    rates = clocks.cycles(values * 5.0) * 20
    marks = clocks.Marks(20, torch.zeros_like(rates))
    assert 1_300_000 * int(rates.max()) < 2**63 <= 1_400_000 * int(rates.max())
    clocks.check_steps(1_300_000, rates)
    with pytest.raises(ValueError, match=r"n_steps must be <= 13\d{5}, .*a lower rate or a lower"):
        encoding.get_code("gamma").encode(values, params, n_steps=1_400_000)
    with pytest.raises(ValueError, match=r"n_steps must be <= 13\d{5}, got 1400000"):
        clocks.listed(rates, marks, 1_400_000, 0, torch.tensor([0]))
    clocks.check_steps(clocks.MAX_STEPS, clocks.cycles(torch.tensor([[5.0]])))  # Poisson: all


@pytest.mark.parametrize("name", ["poisson", "gamma"])
@pytest.mark.parametrize("x", [0.05, 0.5, 1.0])
def test_renewal_codes_are_unbiased_from_the_first_step_on(name, x):
    """The stationary start: an ordinary gamma process of order 4 would lack 3/8 of a spike."""
    code, neurons, steps = encoding.get_code(name), 40_000, 5
    spikes = code.encode(torch.full((1, neurons), x), code.params(), n_steps=steps, seed=2)
    spread = math.sqrt(x / steps / neurons)  # of a Poisson count; that of a gamma one is less
    for window in (1, steps):
        back = code.decode(spikes[:window], code.params())
        assert float(back.mean()) == pytest.approx(x, abs=5 * spread * math.sqrt(steps / window))


def test_a_constant_signal_has_the_spikes_of_its_intensity():
    values = torch.linspace(0, 1, 40).view(2, 20)
    still = values.expand(100, 2, 20)
    a = encoding.get_code("poisson").encode(values, n_steps=100, seed=4)
    b = encoding.get_code("inhomogeneous_poisson").encode(still, seed=4)
    assert torch.equal(a, b) and int(a.max()) > 1


def test_a_changing_rate_is_met_step_by_step():
    t = torch.arange(300)
    course = 0.5 + 0.5 * torch.sin(2 * math.pi * t / 100)
    signal = course.view(-1, 1, 1).expand(300, 1, 4000)
    params = encoding.InhomogeneousPoissonParams(max_rate=2.0)
    spikes = encoding.get_code("inhomogeneous_poisson").encode(signal, params, seed=1)[:, 0]
    mean, variance = spikes.double().mean(dim=1), spikes.double().var(dim=1)
    rate = 2.0 * course.double()
    assert float(((mean - rate).abs() / (rate / 4000).sqrt().clamp_min(1e-9)).max()) < 5
    # variance of a Poisson variance: (2r² + r)/n
    error = ((2 * rate**2 + rate) / 4000).sqrt().clamp_min(1e-9)
    assert float(((variance - rate).abs() / error).max()) < 5.5
    neighbours = ((spikes[1:] - rate[1:, None]) * (spikes[:-1] - rate[:-1, None])).mean(dim=1)
    assert abs(float(neighbours.mean())) < 5 * 1.5 / math.sqrt(300 * 4000)  # independent steps


def test_order_one_of_gamma_is_poisson_spike_for_spike():
    values = torch.linspace(0, 1, 60).view(3, 20)
    one = encoding.get_code("gamma").encode(values, encoding.GammaParams(order=1), n_steps=80)
    assert torch.equal(one, encoding.get_code("poisson").encode(values, n_steps=80))


@pytest.mark.parametrize("order", [2, 9, 20])
def test_gamma_intervals_have_the_variation_of_their_order(order):
    values = torch.full((1, 300), 0.5)
    params = encoding.GammaParams(order=order)
    events = encode_events("gamma", values, params, n_steps=1000)
    gaps = np.diff(events.time.double().numpy())[np.diff(events.neuron.numpy()) == 0]
    assert gaps.mean() == pytest.approx(2.0, rel=5 / math.sqrt(order * len(gaps)))
    assert gaps.std() / gaps.mean() == pytest.approx(order**-0.5, rel=5 / math.sqrt(len(gaps)))


def test_signed_poisson_is_silent_at_its_centre_and_never_saturates():
    """Norse's rates saturate in silence where f·dt·|x| > 1; here the far end is the gain."""
    code = encoding.get_code("signed_poisson")
    for centre in (0.0, 0.2, 0.5, 1.0):
        params = encoding.SignedPoissonParams(centre=centre, gain=0.8, window=1)
        signal = torch.tensor([0.0, 0.1, centre, 0.7, 1.0]).expand(2000, 20, 5)
        spikes = code.encode(signal, params, seed=6)
        mean = spikes.double().mean(dim=(0, 1))
        expected = 0.8 * (signal[0, 0].double() - centre) / max(centre, 1 - centre)
        assert float((mean - expected).abs().max()) < 5 * 0.5 / math.sqrt(40_000)
        assert not bool(spikes[:, :, 2].any())
        back = code.decode(spikes, params).double().mean(dim=(0, 1))
        torch.testing.assert_close(back, signal[0, 0].double(), rtol=0, atol=0.016)


# --- clocks --------------------------------------------------------------------------------------


def test_regular_spikes_are_where_the_formula_puts_them():
    params = encoding.RegularParams(phase="zero")
    spikes = encoding.get_code("regular").encode(torch.tensor([[0.29]]), params, n_steps=20)
    assert spikes.flatten().nonzero().flatten().tolist() == [0, 3, 6, 10, 13, 17]  # ⌊k/0.29⌋
    spikes = encoding.get_code("regular").encode(torch.tensor([[0.25]]), n_steps=20)
    assert spikes.flatten().nonzero().flatten().tolist() == [2, 6, 10, 14, 18]  # (k − ½)/0.25
    events = encode_events("regular", torch.tensor([[0.29]]), n_steps=20)
    torch.testing.assert_close(events.time, (torch.arange(1, 7) - 0.5) / 0.29)


@pytest.mark.parametrize("phase", ["half", "zero"])
@pytest.mark.parametrize(("gain", "steps"), [(1.0, 7), (0.3, 100), (1.0, 997)])
def test_regular_error_is_half_a_spike_and_reaches_it(phase, gain, steps):
    code, params = encoding.get_code("regular"), encoding.RegularParams(gain, phase)
    values = ramp(4001)
    error = (code.decode(code.encode(values, params, n_steps=steps), params) - values).abs().max()
    bound = code.bound(params, steps)
    assert bound == 0.5 / (gain * steps)
    assert 0.9 * bound < float(error) <= bound * (1 + 1e-3)  # float32 of the ramp near a tie


@pytest.mark.parametrize(
    ("gain", "tau", "t_ref"), [(10, 20, 1), (2, 20, 7.3), (50, 5, 1), (1.2, 3, 2)]
)
def test_lif_fires_when_the_integrated_equation_does(gain, tau, t_ref):
    params = encoding.LIFCodeParams(gain=gain, tau=tau, t_ref=t_ref)
    values = torch.tensor([[0.2, 0.55, 0.9, 1.0]])
    events = encode_events("lif", values, params, n_steps=200)
    for i, x in enumerate(values[0].tolist()):
        times, t, drive = [], 0.0, gain * x
        while drive > 1:  # v(t) = u(1 − e^(−t/τ)) = 1, then the dead time
            t -= tau * math.log(1 - 1 / drive)
            if t >= 200:
                break
            times.append(t)
            t += t_ref
        found = events.time[events.neuron == i].double().numpy()
        np.testing.assert_allclose(found, times, rtol=2e-5, atol=1e-4)  # float32 of 1/P


def test_lif_rate_is_the_published_one():
    """τ = 10 ms, t_ref = 2 ms, threshold 15 of 22.5 mV, steps of 1 ms: 77.005278 Hz."""
    params = encoding.LIFCodeParams(gain=1.5, tau=10.0, t_ref=2.0)
    law = encoding.get_code("lif").law(params, 1.0, 30)
    assert 1000 * law.rate == pytest.approx(77.005278, abs=1e-6)
    assert 1000 / float(integrate.lif_periods(torch.ones(1), params)) == pytest.approx(
        77.005278, rel=1e-6
    )


@pytest.mark.parametrize(("gain", "tau", "t_ref"), [(10, 20, 1), (50, 5, 1), (2, 20, 7.3)])
@pytest.mark.parametrize("steps", [17, 100, 997])
def test_lif_error_is_within_its_bound(gain, tau, t_ref, steps):
    code = encoding.get_code("lif")
    params = encoding.LIFCodeParams(gain=gain, tau=tau, t_ref=t_ref)
    values = ramp(3001)
    spikes = code.encode(values, params, n_steps=steps)
    error = (code.decode(spikes, params) - values).abs().max()
    assert 0.85 * code.bound(params, steps) < float(error) <= code.bound(params, steps) + 1e-5
    assert not bool(spikes[:, 0, values[0] * gain <= 1].any())


def test_too_many_steps_are_refused_before_they_are_made():
    with pytest.raises(ValueError, match="n_steps must be <= 16777216, got 16777217"):
        encoding.get_code("poisson").encode(torch.ones(1, 1), n_steps=(1 << 24) + 1)


# --- laws ----------------------------------------------------------------------------------------


def test_grid_laws_have_their_closed_forms():
    k = np.arange(1, 41)
    poisson = laws.gamma(0.7, 1, 40).intervals
    np.testing.assert_allclose(poisson, (1 - math.exp(-0.7)) * np.exp(-0.7 * (k - 1)), atol=1e-12)
    clock = laws.clock(0.3, 40).intervals  # period 3⅓: two thirds of 3, one third of 4
    np.testing.assert_allclose(clock[:5], [0, 0, 2 / 3, 1 / 3, 0], atol=1e-12)
    assert laws.bernoulli(1.0, 3).intervals.tolist() == [1, 0, 0]
    assert laws.bernoulli(0.5, 3).intervals.tolist() == [0.5, 0.25, 0.125]


@pytest.mark.parametrize("order", [1, 2, 5, 20])
def test_mean_interval_of_a_grid_law_is_the_inverse_of_the_share_of_steps(order):
    law = laws.gamma(0.4, order, 400)
    k = np.arange(1, 401)
    empty = sum((order - m) * math.exp(-order * 0.4) * (order * 0.4) ** m / math.factorial(m)
                for m in range(order)) / order  # fmt: skip
    assert float(law.intervals @ k) == pytest.approx(1 / (1 - empty), rel=1e-9)
