"""The counter-based generator against its published answers and against the laws it must follow."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from scipy import stats

from snncore import rng


def words(*values: int) -> tuple[torch.Tensor, ...]:
    return tuple(torch.tensor(v, dtype=torch.int64) for v in values)


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [  # kat_vectors of Random123, philox4x32 with 10 rounds (Salmon et al. 2011)
        (
            (0, 0, 0, 0),
            (0, 0),
            (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
        ),
        (
            (0xFFFFFFFF,) * 4,
            (0xFFFFFFFF,) * 2,
            (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
        ),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_published_known_answers(counter, key, answer):
    assert tuple(int(w) for w in rng.philox(words(*counter), key)) == answer


def test_draws_lay_out_counter_and_key_as_documented():
    seed, stream, sample, neuron = (7 << 32) | 5, rng.stream("encode", 3), 11, 2
    out = rng.draws(seed, stream, torch.tensor([sample]), 4, 9)[:, 0, neuron]
    for block in range(3):
        expected = rng.philox(words(block, neuron, sample, stream), (5, 7))
        got = out[4 * block : 4 * block + 4]
        assert got.tolist() == [int(w) for w in expected][: len(got)]


def test_a_draw_depends_on_its_sample_not_on_its_batch():
    together = rng.draws(1, 6, torch.arange(10), 5, 12)
    alone = torch.cat([rng.draws(1, 6, torch.tensor([b]), 5, 12) for b in range(10)], dim=1)
    assert torch.equal(together, alone)
    shuffled = rng.draws(1, 6, torch.tensor([7, 0]), 5, 12)
    assert torch.equal(shuffled, together[:, [7, 0]])


def test_a_draw_depends_on_its_number_not_on_where_one_starts():
    whole = rng.draws(1, 6, torch.arange(3), 5, 23)
    parts = [rng.draws(1, 6, torch.arange(3), 5, n, first=f) for f, n in ((0, 8), (8, 4), (12, 11))]
    assert torch.equal(whole, torch.cat(parts))
    assert torch.equal(whole[:, :, :2], rng.draws(1, 6, torch.arange(3), 2, 23))


def test_seed_stream_and_epoch_change_the_draws():
    base = rng.draws(0, rng.stream("encode"), torch.arange(4), 8, 8)
    others = [
        rng.draws(1, rng.stream("encode"), torch.arange(4), 8, 8),
        rng.draws(1 << 32, rng.stream("encode"), torch.arange(4), 8, 8),
        rng.draws(0, rng.stream("noise"), torch.arange(4), 8, 8),
        rng.draws(0, rng.stream("encode", 1), torch.arange(4), 8, 8),
    ]
    for other in others:
        assert int((base == other).sum()) == 0


def test_streams_of_purposes_and_epochs_never_collide():
    numbers = {rng.stream(name, epoch) for name in rng.STREAMS for epoch in (0, 1, 65535)}
    assert len(numbers) == 3 * len(rng.STREAMS)
    assert max(numbers) < 1 << 32


def test_uniform_is_inside_the_open_interval_even_for_extreme_words():
    extreme = rng.uniform(torch.tensor([0, 0xFFFFFFFF]))
    assert 0 < float(extreme[0]) < float(extreme[1]) < 1


def test_uniform_draws_are_uniform():
    n = 40_000
    u = rng.uniform(rng.draws(2, 6, torch.arange(100), 100, 4)).double().numpy().ravel()
    assert u.mean() == pytest.approx(0.5, abs=5 * math.sqrt(1 / 12 / n))
    assert u.var() == pytest.approx(1 / 12, abs=5 * math.sqrt(1 / 180 / n))
    assert stats.kstest(u, "uniform").pvalue > 1e-4  # a fixed seed: passes or fails for good


def test_uniform_draws_are_uncorrelated_along_every_axis():
    u = rng.uniform(rng.draws(3, 6, torch.arange(64), 64, 64)).double().numpy() - 0.5
    for axis in range(3):
        moved = np.moveaxis(u, axis, 0)
        a, b = moved[:-1].ravel(), moved[1:].ravel()
        assert abs(np.mean(a * b) * 12) < 5 / math.sqrt(a.size)


def test_normal_draws_are_normal():
    n = 40_000
    z = rng.normal(rng.draws(4, 5, torch.arange(100), 100, 4)).double().numpy().ravel()
    assert z.mean() == pytest.approx(0, abs=5 / math.sqrt(n))
    assert z.var() == pytest.approx(1, abs=5 * math.sqrt(2 / n))
    assert (z**4).mean() == pytest.approx(3, abs=5 * math.sqrt(96 / n))
    assert stats.kstest(z, "norm").pvalue > 1e-4
    assert np.isfinite(z).all()


def test_threshold_is_exact_at_never_and_always():
    limits = rng.threshold(torch.tensor([0.0, 0.5, 1.0]))
    assert limits.tolist() == [0, 1 << 31, 1 << 32]
    every = torch.tensor([0, 0xFFFFFFFF])
    assert not bool((every < limits[0]).any())
    assert bool((every < limits[2]).all())


def test_threshold_is_exact_for_every_float32_down_to_one_word():
    # 1 − 2⁻²⁴, a third, 0.001, and the words 1 and 3: each float32 times 2³², by whole numbers.
    values = np.array([1 - 2**-24, 1 / 3, 1e-3, 2.0**-32, 3 * 2.0**-32, 2.0**-25], np.float32)
    exact = [round(Fraction(float(v)) * 2**32) for v in values]
    assert rng.threshold(torch.from_numpy(values)).tolist() == exact
    assert exact[3:] == [1, 3, 128]
    assert rng.threshold(torch.tensor(2.0**-34)).item() == 0


@pytest.mark.parametrize("number", [-1, 1 << 32, 1 << 40])
def test_sample_numbers_are_words(number):
    with pytest.raises(ValueError, match=rf"samples must be in 0\.\.2\*\*32-1, got {number}"):
        rng.draws(0, 6, torch.tensor([3, number]), 2, 4)
    last = rng.draws(0, 6, torch.tensor([(1 << 32) - 1]), 2, 4)
    assert last.shape == (4, 1, 2) and rng.draws(0, 6, torch.arange(0), 2, 4).numel() == 0


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_threshold_refuses_what_is_no_probability(value):
    with pytest.raises(ValueError, match=r"probability must be in 0\.\.1"):
        rng.threshold(torch.tensor([0.5, value]))


def test_permutation_is_an_order_that_depends_on_the_seed():
    a, b = rng.permutation(0, rng.stream("order"), 1000), rng.permutation(1, 2, 1000)
    assert sorted(a.tolist()) == list(range(1000))
    assert torch.equal(a, rng.permutation(0, rng.stream("order"), 1000))
    assert int((a == b).sum()) < 12  # fixed points of a random order: Poisson with mean 1


def test_permutation_is_unbiased():
    firsts = [int(rng.permutation(seed, 2, 5)[0]) for seed in range(500)]
    observed = np.bincount(firsts, minlength=5)
    assert stats.chisquare(observed).pvalue > 1e-4


@pytest.mark.parametrize("seed", [-1, 1 << 63, 1.0, True])
def test_bad_seeds_are_named(seed):
    with pytest.raises(ValueError, match="seed must be a whole number"):
        rng.split_seed(seed)


def test_bad_streams_and_offsets_are_named():
    with pytest.raises(ValueError, match="stream must be one of"):
        rng.stream("dice")
    with pytest.raises(ValueError, match="epoch must be in"):
        rng.stream("encode", 1 << 16)
    with pytest.raises(ValueError, match="multiple of 4"):
        rng.draws(0, 6, torch.arange(1), 1, 4, first=2)
