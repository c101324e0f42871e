"""Damage done to spikes: how much, to which, and what is left of the message."""

import math
import statistics

import numpy as np
import pytest
import torch

from snncore import encoding, metrics, rng
from snncore.kernels.event_words import event_words
from snncore.transmission import Channel, damaged, robustness
from snncore.transmission.robustness import delete, insert, jitter


def sparse(steps: int = 200, samples: int = 3, neurons: int = 400, p: float = 0.02) -> np.ndarray:
    return np.random.default_rng(0).random((steps, samples, neurons)) < p


def ramp_channel(name: str, n: int = 1024, n_steps: int = 100) -> tuple[Channel, np.ndarray]:
    values = np.linspace(0, 1, n, dtype=np.float32)[None]
    return Channel(name, encoding.get_code(name).params(), n_steps, (1, n)), values


def test_lost_spikes_are_the_share_asked_for_and_nothing_is_added():
    spikes = sparse()
    left = delete(spikes, 0.3, seed=1)
    assert not (left & ~spikes).any()
    n = spikes.sum()
    assert left.sum() / n == pytest.approx(0.7, abs=4 * math.sqrt(0.21 / n))
    assert np.array_equal(delete(spikes, 0.0), spikes)
    assert not delete(spikes, 1.0).any()


def test_a_spike_lost_at_a_small_share_is_lost_at_a_larger_one():
    spikes = sparse()
    assert not (delete(spikes, 0.5, seed=3) & ~delete(spikes, 0.2, seed=3)).any()


def test_jitter_moves_spikes_by_the_gaussian_asked_for():
    """One spike per neuron in the middle of a long train: none meets another or the end."""
    spikes = np.zeros((400, 1, 20_000), dtype=bool)
    spikes[200] = True
    step, _, _ = np.nonzero(jitter(spikes, 12.0, seed=2))
    assert len(step) == 20_000
    shift = step - 200
    assert shift.mean() == pytest.approx(0, abs=4 * 12 / math.sqrt(20_000))
    # rounding adds 1/12; the standard deviation of a variance is var·√(2/n)
    assert shift.var() == pytest.approx(144 + 1 / 12, rel=4 * math.sqrt(2 / 20_000))
    share = np.mean(np.abs(shift) <= 12)
    assert share == pytest.approx(math.erf(12.5 / 12 / math.sqrt(2)), abs=0.015)


def test_jitter_keeps_the_spikes_inside_and_without_jitter_they_stay():
    spikes = np.zeros((10, 1, 500), dtype=bool)
    spikes[0] = spikes[9] = True
    moved = jitter(spikes, 1000.0, seed=1)
    assert moved.shape == spikes.shape
    assert np.array_equal(jitter(spikes, 0.0), spikes)
    assert moved.mean(axis=2).max() < 0.4  # reflected anywhere, not heaped up at the ends


def test_spikes_that_meet_merge_add_up_or_cancel_as_their_type_says():
    one = np.zeros((1, 1, 3), dtype=np.int8)  # a single step: everything meets there
    counts = np.full((2, 1, 3), 2, dtype=np.uint8)
    assert jitter(counts, 3.0).sum() == counts.sum()
    assert jitter(np.ones((2, 1, 300), dtype=bool), 5.0).sum() < 600
    signs = np.zeros((2, 1, 2000), dtype=np.int8)
    signs[0], signs[1] = 1, -1
    moved = jitter(signs, 5.0)
    met = ~moved.any(axis=0)
    assert 0.4 < met.mean() < 0.6  # two spikes on two steps meet half of the time, and cancel
    assert set(np.unique(moved)) == {-1, 0, 1}
    assert not jitter(one, 5.0).any()


def test_copies_of_a_spike_in_one_step_have_fates_of_their_own():
    counts = np.full((1, 1, 5000), 2, dtype=np.uint8)
    left = delete(counts, 0.5, seed=1)[0, 0]
    shares = np.bincount(left, minlength=3) / 5000
    assert shares == pytest.approx([0.25, 0.5, 0.25], abs=0.03)


def test_noise_spikes_are_as_many_as_asked_for_and_anywhere():
    spikes = sparse(p=0.01)
    more = insert(spikes, 0.5, seed=1)
    added = more & ~spikes
    assert not (spikes & ~more).any()
    expected = 0.5 * spikes.sum()
    assert added.sum() == pytest.approx(expected, rel=0.05)  # 1–2 % fall on taken cells
    step, _, neuron = np.nonzero(added)
    assert step.mean() == pytest.approx(99.5, abs=5 * 58 / math.sqrt(expected))
    assert neuron.mean() == pytest.approx(199.5, abs=5 * 116 / math.sqrt(expected))
    assert insert(np.zeros((5, 1, 4), dtype=bool), 3.0).sum() == 0  # in proportion to what is there


def test_noise_spikes_have_both_signs_where_spikes_have():
    spikes = np.zeros((100, 1, 100), dtype=np.int8)
    spikes[::10, 0, ::10] = 1
    noise = insert(spikes, 5.0, seed=1).astype(int) - spikes
    assert (noise > 0).sum() == pytest.approx((noise < 0).sum(), rel=0.25)


@pytest.mark.parametrize("hurt", [lambda s, **k: jitter(s, 3.0, **k),
                                  lambda s, **k: delete(s, 0.4, **k),
                                  lambda s, **k: insert(s, 0.4, **k)])  # fmt: skip
def test_damage_depends_on_the_seed_and_the_sample_not_on_the_batch(hurt):
    spikes = sparse()
    before = spikes.copy()
    together = hurt(spikes, seed=5, first_sample=7)
    for k in range(3):
        alone = hurt(spikes[:, k : k + 1], seed=5, first_sample=7 + k)
        assert np.array_equal(alone[:, 0], together[:, k])
    assert not np.array_equal(together, hurt(spikes, seed=6, first_sample=7))
    assert np.array_equal(spikes, before)


def test_the_words_of_the_kernel_are_those_of_the_generator():
    steps, neurons, samples = (torch.arange(k, k + 1000) for k in (0, 10_000, 1 << 31))
    expected = rng.philox((steps, neurons, samples, torch.tensor(31)), rng.split_seed(1 << 40))
    for word in range(4):
        found = np.empty(1000, dtype=np.int64)
        key = (np.uint32(half) for half in rng.split_seed(1 << 40))
        columns = (steps.numpy(), neurons.numpy(), samples.numpy())
        event_words(*columns, np.uint32(31), *key, word, found)
        assert np.array_equal(found, expected[word].numpy())


def test_a_rate_code_loses_brightness_in_proportion_and_nothing_by_jitter():
    channel, values = ramp_channel("rate", n_steps=400)
    sent = channel.send(values)
    hurt = damaged(channel, sent, "delete", 0.25)
    assert hurt.decoded.mean() == pytest.approx(0.75 * sent.decoded.mean(), rel=0.01)
    assert hurt.seed is None and np.array_equal(hurt.values, sent.values)
    counts, late = ramp_channel("poisson")
    kept = counts.send(late)
    assert np.array_equal(damaged(counts, kept, "jitter", 5.0).decoded, kept.decoded)


def test_a_latency_code_with_a_lost_spike_loses_the_value():
    channel, values = ramp_channel("latency")
    sent = channel.send(values)
    hurt = damaged(channel, sent, "delete", 0.2, seed=3)
    lost = ~hurt.spikes.any(axis=0)[0] & sent.spikes.any(axis=0)[0]
    assert lost.mean() == pytest.approx(0.2, abs=0.05)
    assert not hurt.decoded[0, lost].any()
    assert np.array_equal(hurt.decoded[0, ~lost], sent.decoded[0, ~lost])


def test_the_error_of_a_jittered_latency_is_the_jitter():
    """A spike late by σ of T − 1 steps is a value off by σ/(T − 1), away from the ends."""
    channel, _ = ramp_channel("latency", n_steps=200)
    values = np.full((1, 1024), 0.5, dtype=np.float32)
    curve = robustness(channel, channel.send(values), [4.0], "jitter", range(5))
    # 5 × 1024 spikes: the standard deviation is known to 1/√(2·5120) = 1 %
    assert curve.rmse[0] == pytest.approx(math.sqrt(16 + 1 / 12) / 199, rel=0.05)


def test_error_bars_are_the_spread_of_the_seeds_over_the_root_of_their_number():
    channel, values = ramp_channel("latency", 64)
    sent = channel.send(values)
    curve = robustness(channel, sent, [4.0], "jitter", range(3))
    each = [
        metrics.rmse(values, damaged(channel, sent, "jitter", 4.0, seed).decoded)
        for seed in range(3)
    ]
    assert curve.rmse_error[0] == pytest.approx(statistics.stdev(each) / math.sqrt(3))


def test_spikes_of_a_very_long_train_do_not_share_their_fate_with_copies_in_its_beginning():
    """The second spike of step 0 and the first one of step 2**20 once drew the same number."""
    counts = np.zeros(((1 << 20) + 1, 1, 400), dtype=np.uint8)
    counts[0], counts[1 << 20] = 2, 1
    left = delete(counts, 0.5, seed=1)
    late, early = left[1 << 20, 0] > 0, left[0, 0]
    alone = np.zeros((1, 1, 400), dtype=np.uint8)
    alone[0] = 1
    copy = early - delete(alone, 0.5, seed=1)[0, 0] > 0
    assert 0.35 < np.mean(late == copy) < 0.65
    with pytest.raises(ValueError, match=r"spikes must have <= 16,777,216 steps"):
        delete(np.zeros(((1 << 24) + 1, 1, 1), dtype=bool), 0.5)


def test_a_curve_falls_with_damage_and_has_errors_but_at_nothing():
    channel, values = ramp_channel("latency")
    sent = channel.send(values)
    curve = robustness(channel, sent, [0, 1, 4, 16], "jitter", seeds=range(4))
    assert curve.psnr_db[0] == pytest.approx(metrics.psnr(sent.values, sent.decoded))
    assert curve.psnr_error[0] == 0 and (curve.psnr_error[1:] > 0).all()
    assert (np.diff(curve.psnr_db) < 0).all() and (np.diff(curve.snr_db) < 0).all()
    assert (curve.kind, curve.n_seeds, len(curve.levels)) == ("jitter", 4, 4)


@pytest.mark.parametrize("name", list(encoding.CODES))
@pytest.mark.parametrize("kind", ["jitter", "delete", "insert"])
def test_every_code_reads_damaged_spikes(name, kind):
    picture = np.linspace(0, 1, 144, dtype=np.float32).reshape(12, 12)
    channel = Channel(name, encoding.get_code(name).params(), 100, (12, 12))
    hurt = damaged(channel, channel.send(picture), kind, 0.5)
    assert np.isfinite(hurt.decoded).all()


@pytest.mark.parametrize(
    ("kind", "level", "message"),
    [
        ("melt", 0.1, "kind must be one of jitter, delete, insert"),
        ("delete", 1.5, r"share must be in 0\.\.1, got 1\.5"),
        ("delete", math.nan, r"share must be in 0\.\.1, got nan"),
        ("jitter", -1.0, r"sigma must be in 0\.\.10000"),
        ("insert", 11.0, r"share must be in 0\.\.10"),
    ],
)
def test_damage_that_makes_no_sense_is_refused(kind, level, message):
    channel, values = ramp_channel("rate", 16, 10)
    with pytest.raises(ValueError, match=message):
        damaged(channel, channel.send(values), kind, level)


def test_a_curve_needs_levels_and_seeds():
    channel, values = ramp_channel("rate", 16, 10)
    with pytest.raises(ValueError, match="must not be empty"):
        robustness(channel, channel.send(values), [], "delete")
