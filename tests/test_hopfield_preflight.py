"""Lights before a recall: row sums, stability, distances, ranks and their colours."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch

from snncore import datasets
from snncore.hopfield.noise import NoiseParams
from snncore.hopfield.patterns import PatternParams, Patterns, make_patterns
from snncore.hopfield.preflight import BLOCK, Preflight, preflight


def fair(count: int, n: int, seed: int = 0) -> torch.Tensor:
    bits = np.random.default_rng(seed).integers(0, 2, (count, n), dtype=np.int8)
    return torch.from_numpy(2 * bits - 1)


def light(flight: Preflight, name: str):
    return next(item for item in flight.lights if item.name == name)


def dense_stable(x: torch.Tensor) -> np.ndarray:
    """Which rows are fixed points of the textbook N×N matrix."""
    s = x.numpy().astype(np.int64)
    w = s.T @ s
    np.fill_diagonal(w, 0)
    return ((s @ w) * s >= 0).all(axis=1)


def test_row_sum_test_guarantees_fixed_points() -> None:
    """Σ|C| < 1 - P/N is sufficient; sets on both sides of it are tried."""
    certain = doubtful = 0
    for seed, count in enumerate((2, 3, 4, 6, 10, 30, 60)):
        flight = preflight(fair(count, 100, seed))
        assert flight.stable is not None
        assert flight.guaranteed is not None
        assert flight.stable.tolist() == dense_stable(fair(count, 100, seed)).tolist()
        certain += int(flight.guaranteed.sum())
        doubtful += int((~flight.stable).sum())
        assert not bool((flight.guaranteed & ~flight.stable).any())
        expected = {True: "green", False: "amber" if flight.stable.all() else "red"}
        assert light(flight, "row_sum").colour == expected[bool(flight.guaranteed.all())]
    assert certain > 5
    assert doubtful > 5


def test_one_pass_in_blocks_equals_the_whole_gram_matrix() -> None:
    x = fair(BLOCK + 70, 60)
    x[BLOCK + 5] = x[3]
    x[BLOCK + 9] = x[17]
    flight = preflight(x)
    gram = (x.double() @ x.double().T).numpy()
    off = np.abs(gram)
    np.fill_diagonal(off, 0)
    assert flight.row_sum is not None
    np.testing.assert_allclose(flight.row_sum, off.sum(axis=1) / 60, rtol=1e-6)
    earlier_equal = (np.triu(gram, 1) == 60).any(axis=0)
    assert flight.duplicates == earlier_equal.sum() >= 2
    assert flight.min_hamming == 0
    a, b = flight.min_hamming_pair
    assert a != b
    assert (x[a] == x[b]).all()
    assert flight.rank == np.linalg.matrix_rank(x.numpy())


def test_the_two_most_similar_pictures_are_named() -> None:
    x = fair(5, 100)
    x[3] = x[1]
    x[3, :4] *= -1
    flight = preflight(x)
    assert flight.min_hamming == 4
    assert flight.distance == 4
    assert set(flight.min_hamming_pair) == {1, 3}
    assert flight.load == pytest.approx(0.05)
    assert flight.rank == 5
    assert flight.duplicates == 0
    assert "number 2 and 4" in light(flight, "distance").sentence
    assert light(flight, "duplicates").colour == "green"
    twice = preflight(torch.cat([x, x[:1]]))
    assert twice.rank == 5
    assert twice.duplicates == 1
    assert light(twice, "duplicates").colour == "amber"
    assert light(twice, "rank").colour == "amber"


def test_distance_light_is_the_chance_to_confuse_the_pair() -> None:
    x = fair(4, 200)
    x[1] = x[0]
    x[1, :1] *= -1  # one pixel apart: confused in 30 % of cases
    near = light(preflight(x), "distance")
    assert near.colour == "red"
    assert "30 %" in near.sentence
    assert light(preflight(fair(4, 200)), "distance").colour == "green"
    # 13 pixels apart is sure at 5 % flips (2e-5) and not at 30 % (6 %)
    x[1] = x[0]
    x[1, :13] *= -1
    assert light(preflight(x, noise=NoiseParams("flip", 0.3)), "distance").colour == "red"
    assert light(preflight(x, noise=NoiseParams("flip", 0.05)), "distance").colour == "green"
    needed = light(preflight(x, noise=NoiseParams("flip", 0.3)), "distance").limit
    assert 50 < needed < 70  # P(Bin(d, 0.3) > d/2) = 0.001 lies there


@pytest.mark.parametrize(
    ("rule", "count", "colour"),
    [
        ("hebb", 3, "green"),
        ("hebb", 60, "red"),
        ("storkey", 50, "green"),
        ("storkey", 100, "amber"),
        ("pseudo-inverse", 60, "green"),
        ("pseudo-inverse", 500, "red"),
        ("modern", 500, "green"),
        ("spiking", 500, "green"),
    ],
)
def test_each_rule_is_judged_by_its_own_limits(rule: str, count: int, colour: str) -> None:
    assert preflight(fair(count, 400), rule).colour == colour


def test_dense_memory_is_judged_by_its_degree() -> None:
    x = fair(60, 64)
    assert light(preflight(x, "dam", degree=2), "dam").colour == "red"
    assert light(preflight(x, "dam", degree=6), "dam").colour == "green"
    assert light(preflight(x, "dam"), "dam").matters
    assert not light(preflight(x, "hebb"), "dam").matters


def test_grey_pictures_have_distances_only() -> None:
    grey = torch.rand(6, 48, generator=torch.Generator().manual_seed(0))
    grey[4] = grey[2]
    patterns = Patterns(grey, (4, 4), tuple("abcdef"), "rgb")
    flight = preflight(patterns, "modern")
    assert flight.row_sum is None
    assert flight.rank is None
    assert flight.min_hamming_pair == (2, 4)
    assert flight.distance == pytest.approx(0.0, abs=1e-3)
    assert flight.duplicates == 1
    assert {item.name for item in flight.lights} == {"distance", "duplicates"}
    assert flight.colour == "red"
    apart = patterns._replace(states=grey[:4])
    rms = torch.cdist(grey[:4].double(), grey[:4].double()) / 48**0.5
    rms.fill_diagonal_(9.0)
    assert preflight(apart, "modern").distance == pytest.approx(float(rms.min()), rel=1e-4)


@pytest.mark.parametrize(("count", "row_sum", "hamming"), [(10, 6.1, 23), (200, 137.0, 13)])
def test_no_digit_is_a_fixed_point_of_hebb(
    mnist_root: Path, count: int, row_sum: float, hamming: int
) -> None:
    """Measured apart from this code on the first MNIST test digits, cut at their mean grey."""
    images = datasets.load("mnist", "test").images[:count]
    flight = preflight(make_patterns(images, params=PatternParams(count=count, pick="first")))
    assert flight.row_sum is not None
    assert flight.stable is not None
    assert float(flight.row_sum.max()) == pytest.approx(row_sum, rel=0.01)
    assert flight.min_hamming == hamming
    assert not flight.stable.any()
    assert flight.colour == "red"


def test_four_photographs_are_fixed_points_of_hebb() -> None:
    images = datasets.load("skimage").images
    flight = preflight(make_patterns(images, params=PatternParams(count=4, size=128)))
    assert flight.stable is not None
    assert flight.guaranteed is not None
    assert flight.guaranteed.all()
    assert flight.stable.all()
    assert flight.colour == "green"


def test_one_picture_and_one_that_is_all_black() -> None:
    one = preflight(fair(1, 100))
    assert one.min_hamming == 100
    assert one.min_hamming_pair == (0, 0)
    assert one.colour == "green"
    black = preflight(-torch.ones(1, 50, dtype=torch.int8))
    assert black.colour == "green"
    both = preflight(torch.stack([torch.ones(50), -torch.ones(50)]).to(torch.int8))
    assert both.rank == 1
    assert both.min_hamming == 50


def test_slow_parts_are_left_out_for_many_pictures_and_it_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = importlib.import_module("snncore.hopfield.preflight")
    monkeypatch.setattr(module, "MOST_STABLE", 300 * 300 * 60 - 1.0)
    monkeypatch.setattr(module, "MOST_RANK", 60)
    flight = preflight(fair(300, 60))
    assert flight.stable is None
    assert flight.rank == 60  # the small Gram matrix is that of the pixels
    assert "Hebb's fields" in flight.note
    assert light(flight, "load").colour == "red"
    monkeypatch.setattr(module, "MOST_RANK", 59)
    assert preflight(fair(300, 60)).rank is None
    assert preflight(fair(20, 60)).note == ""


def test_what_cannot_be_stored_is_named() -> None:
    with pytest.raises(ValueError, match="patterns"):
        preflight(torch.zeros(0, 10, dtype=torch.int8))
    with pytest.raises(ValueError, match="patterns"):
        preflight(torch.zeros(2, 10, dtype=torch.int8))


def test_nearest_pair_that_no_noise_confuses_is_said_in_words() -> None:
    assert "practically never" in light(preflight(fair(4, 4000)), "distance").sentence
