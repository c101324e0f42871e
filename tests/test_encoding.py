"""Spike codes against their statistics, published outputs, snnTorch, and their own inverses."""

import math

import numpy as np
import pytest
import torch
from snntorch import spikegen

from snncore import encoding, metrics, rng, spike_trains
from snncore.encoding import bernoulli

INTENSITY = encoding.codes("intensity")
SIGNAL = encoding.codes("signal")
STEPS = 60


def ramp(n: int = 101) -> torch.Tensor:
    """All values 0, 1/(n−1), …, 1 in one row."""
    return torch.linspace(0, 1, n)[None]


def wave(steps: int = 200) -> torch.Tensor:
    """Two slow signals in 0..1, [T, 1, 2]."""
    t = torch.arange(steps, dtype=torch.float32) / steps
    return torch.stack([0.5 + 0.45 * torch.sin(6.3 * t), 0.2 + 0.6 * t], dim=1)[:, None]


# --- every code of the registry ------------------------------------------------------------------


def test_registry_names_are_keys_and_descriptions_complete():
    assert len(encoding.CODES) >= 7
    for name, code in encoding.CODES.items():
        assert code.name == name
        assert code.title and code.equation and code.reference and code.idea


def test_unknown_code_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown code 'morse'.*rate"):
        encoding.get_code("morse")


@pytest.mark.parametrize("code", INTENSITY, ids=lambda c: c.name)
class TestEveryIntensityCode:
    def test_shape_dtype_and_zero_is_silent(self, code):
        spikes = code.encode(ramp(), code.params(), n_steps=STEPS)
        assert spikes.shape == (STEPS, 1, 101)
        assert spikes.dtype == torch.bool
        assert code.silent_at_zero
        assert not bool(spikes[:, 0, 0].any())
        assert bool(spikes[:, 0, -1].any())

    def test_brighter_reads_back_brighter(self, code):
        params = code.params()
        spikes = code.encode(ramp(5), params, n_steps=1000, seed=1)
        values = code.decode(spikes, params)[0]
        assert bool((values.diff() > 0).all())
        assert values[0] == 0
        assert float((values - ramp(5)[0]).abs().max()) < 0.11

    def test_batch_equals_its_rows_one_by_one(self, code):
        values = torch.stack([ramp()[0], ramp()[0].flip(0), ramp()[0] ** 2])
        together = code.encode(values, code.params(), n_steps=STEPS, seed=3)
        for b in range(3):
            alone = code.encode(
                values[b : b + 1], code.params(), n_steps=STEPS, seed=3, samples=torch.tensor([b])
            )
            assert torch.equal(together[:, b : b + 1], alone)

    def test_same_seed_same_spikes_and_other_seed_only_if_stochastic(self, code):
        a, b, c = (code.encode(ramp(), code.params(), n_steps=STEPS, seed=s) for s in (0, 0, 1))
        assert torch.equal(a, b)
        assert torch.equal(a, c) != code.stochastic

    def test_input_is_unchanged(self, code):
        values = ramp()
        code.encode(values, code.params(), n_steps=STEPS)
        assert torch.equal(values, ramp())

    @pytest.mark.parametrize("bad", [-0.01, 1.01, float("nan"), float("inf")])
    def test_values_outside_are_refused_not_clipped(self, code, bad):
        with pytest.raises(ValueError, match=r"values must be in 0\.\.1 everywhere"):
            code.encode(torch.tensor([[0.5, bad]]), code.params(), n_steps=STEPS)

    def test_bad_shapes_types_and_steps_are_named(self, code):
        with pytest.raises(ValueError, match=r"values must be \[B, N\]"):
            code.encode(torch.zeros(3), code.params(), n_steps=STEPS)
        with pytest.raises(ValueError, match="floating point"):
            code.encode(torch.ones(1, 3, dtype=torch.int64), code.params(), n_steps=STEPS)
        with pytest.raises(ValueError, match="n_steps must be a whole number"):
            code.encode(ramp(), code.params(), n_steps=0)
        with pytest.raises(ValueError, match=r"spikes must be \[T, B, N\]"):
            code.decode(torch.zeros(3, 4, dtype=torch.bool), code.params())


@pytest.mark.parametrize("code", SIGNAL, ids=lambda c: c.name)
class TestEverySignalCode:
    def test_shape_and_zero_signal_is_silent(self, code):
        assert code.encode(wave(), code.params()).shape == (200, 1, 2)
        assert not bool(code.encode(torch.zeros(50, 2, 3), code.params()).any())

    def test_batch_equals_its_rows_one_by_one(self, code):
        signal = torch.cat([wave(), wave().flip(0), wave() ** 2], dim=1)
        together = code.encode(signal, code.params(), seed=2)
        for b in range(3):
            alone = code.encode(
                signal[:, b : b + 1], code.params(), seed=2, samples=torch.tensor([b])
            )
            assert torch.equal(together[:, b : b + 1], alone)

    def test_same_seed_same_spikes_and_input_unchanged(self, code):
        signal = wave()
        a = code.encode(signal, code.params(), seed=1)
        assert torch.equal(a, code.encode(signal, code.params(), seed=1))
        assert torch.equal(a, code.encode(signal, code.params(), seed=2)) != code.stochastic
        assert torch.equal(signal, wave())

    def test_bad_signals_are_named(self, code):
        with pytest.raises(ValueError, match="finite"):
            code.encode(torch.full((4, 1, 1), float("nan")), code.params())
        with pytest.raises(ValueError, match=r"\[T, B, N\]"):
            code.encode(torch.zeros(4), code.params())


# --- rate ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.02, 0.2, 0.5, 0.9])
def test_rate_intervals_and_counts_follow_the_bernoulli_law(p):
    steps, neurons = 1000, 300
    spikes = encoding.rate_encode(torch.full((1, neurons), p), n_steps=steps, seed=5)[:, 0].numpy()
    counts = spikes.sum(axis=0)
    # unbiased: standard error of the mean count
    assert counts.mean() == pytest.approx(
        p * steps, abs=5 * math.sqrt(steps * p * (1 - p) / neurons)
    )
    # Fano = 1 − p; relative standard error of a variance √(2/(K − 1)) = 7.1 %
    assert spike_trains.fano(counts) == pytest.approx(1 - p, rel=4 * math.sqrt(2 / (neurons - 1)))
    # the trains one after another are one long train: no interval is cut off
    gaps = np.diff(np.flatnonzero(spikes.T))
    error = 5 / math.sqrt(len(gaps))  # of a mean or a CV near 1: 1/√K
    assert gaps.mean() == pytest.approx(1 / p, rel=error)
    assert gaps.std() / gaps.mean() == pytest.approx(math.sqrt(1 - p), rel=error)


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


def test_rate_never_fires_at_zero_and_always_at_one():
    spikes = encoding.rate_encode(torch.tensor([[0.0, 1.0]]), n_steps=5000)
    assert spikes[:, 0, 0].sum() == 0
    assert spikes[:, 0, 1].all()


@pytest.mark.parametrize("steps", [1, 10, 24])
def test_kernel_draws_the_same_spikes_as_the_torch_definition(steps):
    values = torch.linspace(0, 1, 3 * 50).view(3, 50)  # with never and always
    for limits in (rng.threshold(values)[None], rng.threshold(values.expand(steps, 3, 50))):
        samples = torch.tensor([0, 5, 2**32 - 1])
        ours = bernoulli.draw_spikes(limits, (9 << 32) | 4, samples, steps)
        assert torch.equal(ours, bernoulli.draw_spikes_torch(limits, (9 << 32) | 4, samples, steps))


def test_torch_definition_does_not_depend_on_how_many_words_are_made_at_once(monkeypatch):
    limits, samples = rng.threshold(torch.full((1, 7, 11), 0.3)), torch.arange(7)
    whole = bernoulli.draw_spikes_torch(limits, 2, samples, 23)
    monkeypatch.setattr(bernoulli, "_WORDS_AT_ONCE", 8 * 77)
    assert torch.equal(whole, bernoulli.draw_spikes_torch(limits, 2, samples, 23))
    assert torch.equal(whole[:10, :2], bernoulli.draw_spikes_torch(limits[:, :2], 2, samples[:2], 10))


def test_rate_matches_snntorch_statistically():
    values = torch.linspace(0, 1, 11)[None].repeat(300, 1)
    steps = 100
    ours = encoding.rate_encode(values, n_steps=steps).double().mean(dim=(0, 1))
    theirs = spikegen.rate(values, num_steps=steps).double().mean(dim=(0, 1))
    error = torch.sqrt(2 * values[0] * (1 - values[0]) / (steps * 300)).double()
    assert bool(((ours - theirs).abs() <= 5 * error + 1e-12).all())


def test_rate_signal_follows_the_signal_in_time():
    params = encoding.RateSignalParams(gain=1.0, window=51)
    signal = wave(600)
    estimate = encoding.rate_signal_decode(encoding.rate_signal_encode(signal, params), params)
    # spread of a mean of 51 Bernoulli draws is at most 0.5/√51 = 0.07
    assert metrics.rmse(signal.numpy(), estimate.numpy()) < 0.08


def test_rate_signal_decoder_is_the_moving_average():
    spikes = torch.tensor([1, 0, 0, 1, 1, 0], dtype=torch.bool).view(-1, 1, 1)
    params = encoding.RateSignalParams(gain=0.5, window=3)
    expected = [1 / 2, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 1 / 2]
    got = encoding.rate_signal_decode(spikes, params)[:, 0, 0]
    torch.testing.assert_close(got, 2 * torch.tensor(expected))


def test_rate_of_a_signal_outside_is_refused_and_even_windows_too():
    with pytest.raises(ValueError, match=r"0\.\.1"):
        encoding.rate_signal_encode(torch.full((4, 1, 1), 1.5))
    with pytest.raises(ValueError, match="window must be odd"):
        encoding.RateSignalParams(window=4)


def test_bad_sample_numbers_are_named():
    with pytest.raises(ValueError, match=r"samples must be int64 \[1\]"):
        encoding.rate_encode(ramp(), n_steps=4, samples=torch.arange(2))


# --- whole transmissions -------------------------------------------------------------------------


def test_transmission_of_pictures_is_encode_then_decode():
    pictures = ramp(60).numpy().reshape(2, 5, 6)
    code = encoding.get_code("rate")
    sent = encoding.transmit_images(pictures, code, code.params(), n_steps=30, first_sample=7)
    values = torch.from_numpy(pictures).reshape(2, 30)
    spikes = encoding.rate_encode(values, n_steps=30, samples=torch.tensor([7, 8]))
    assert np.array_equal(sent.spikes, spikes.numpy())
    assert np.array_equal(sent.decoded, encoding.rate_decode(spikes).numpy())
    assert np.array_equal(sent.values, values.numpy())


def test_transmission_refuses_the_wrong_kind_the_wrong_parameters_and_too_much():
    rates, delta = encoding.get_code("rate"), encoding.get_code("delta")
    with pytest.raises(ValueError, match="encodes a signal, not an intensity"):
        encoding.transmit_images(np.zeros((1, 4, 4), np.float32), delta, delta.params(), n_steps=9)
    with pytest.raises(ValueError, match="encodes an intensity"):
        encoding.transmit_signal(encoding.SignalParams(), rates, rates.params())
    with pytest.raises(ValueError, match="takes RateParams, got DeltaParams"):
        encoding.transmit_images(np.zeros((1, 4, 4), np.float32), rates, delta.params(), n_steps=9)
    with pytest.raises(ValueError, match="steps × pixels must be <="):
        encoding.transmit_images(
            np.zeros((1, 4, 4), np.float32), rates, rates.params(), n_steps=1 << 26
        )


def test_pictures_are_shrunk_in_proportion_and_never_enlarged():
    assert encoding.fitted_size(100, 50, 20) == (20, 10)
    assert encoding.fitted_size(8, 8, 64) == (8, 8)
    assert encoding.fitted_size(1000, 1, 10) == (10, 1)
