"""Lines of equal count against the simulation, and the network that this one grew out of."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import make_blobs

from snncore.classifier import (
    ClassifierParams,
    drive_at,
    firing_period,
    grid,
    has_lines,
    inputs,
    iso_drives,
    levels,
    lines,
    make_points,
    network,
    respond,
    seed_accuracy,
    seed_model,
    train,
)
from snncore.classifier.data import fit_square
from snncore.classifier.network import Tensors
from snncore.classifier.seed import WEIGHTS, best_threshold


def counts_under(drives: np.ndarray, beta: float, n_steps: int) -> np.ndarray:
    """Counts of neurons whose only drive is their bias."""
    k = len(drives)
    tensors = Tensors(
        torch.empty(2, 0), torch.empty(0), torch.zeros(2, k), torch.tensor(drives).float()
    )
    params = ClassifierParams(code="raw", beta=beta, n_steps=n_steps)
    return network.run(torch.zeros(1, 1, 2), tensors, params).counts[0].numpy()


def expected_count(drive: float, beta: float, n_steps: int) -> int:
    period = firing_period(drive, beta)
    return 0 if math.isinf(period) else n_steps // int(period)


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.8, 0.95])
def test_constant_drive_gives_the_count_of_the_closed_form(beta: float) -> None:
    drives = np.linspace(0.01, 1.5, 5001)
    edges = np.array(iso_drives(beta, 100))
    clear = np.abs(drives[:, None] / edges - 1).min(axis=1) > 1e-6  # not within rounding of a step
    found = counts_under(drives, beta, 100)
    wanted = np.array([expected_count(float(d), beta, 100) for d in drives])
    assert np.array_equal(found[clear], wanted[clear]) and clear.mean() > 0.99
    assert len(set(found.tolist())) >= (2 if beta == 0 else 6)


def test_staircase_has_the_known_steps_and_reachable_counts() -> None:
    known = [1, 0.555556, 0.409836, 0.338753, 0.297477, 0.271056]
    np.testing.assert_allclose(iso_drives(0.8, 6), known, atol=5e-7)
    counts = counts_under(np.linspace(0, 2, 4001), 0.8, 10)
    assert sorted(set(counts.tolist())) == [0, 1, 2, 3, 5, 10]
    steps = levels(0.8, 10)
    assert [(s.period, s.spikes) for s in steps] == [(1, 10), (2, 5), (3, 3), (5, 2), (10, 1)]
    assert [s.drive for s in steps] == [iso_drives(0.8, 10)[s.period - 1] for s in steps]
    assert [s.spikes for s in levels(0.0, 10)] == [10]  # without memory: always or never


@pytest.mark.parametrize("beta", [0.5, 0.8, 0.9, 0.95])
def test_the_period_at_its_own_boundary_is_the_one_that_begins_there(beta: float) -> None:
    assert [firing_period(d, beta) for d in iso_drives(beta, 12)] == [
        float(n) for n in range(1, 13)
    ]


@pytest.mark.parametrize("code", ["constant", "raw"])
def test_counts_change_on_the_lines_and_nowhere_else(code: str) -> None:
    """A fine grid: every simulated count is the one of its drive, but for rounding."""
    params = ClassifierParams.suited("moons", code=code, epochs=8, n_points=300)
    model = list(train(params, every_s=1e9))[-1].model
    points = grid(300)
    counts = respond(points, model).counts
    edges = np.array([level.drive for level in levels(params.beta, params.n_steps)])
    for k in range(2):
        drives = drive_at(points, model, k)
        clear = np.abs(drives[:, None] - edges).min(axis=1) > 1e-6 * np.abs(drives).max()
        wanted = [expected_count(float(d), params.beta, params.n_steps) for d in drives[clear]]
        assert np.array_equal(counts[clear, k], wanted) and clear.mean() > 0.999
        assert len(set(wanted)) >= 4


@pytest.mark.parametrize("code", ["constant", "raw"])
def test_lines_lie_where_the_drive_is_theirs_and_part_two_counts(code: str) -> None:
    params = ClassifierParams.suited("moons", code=code, epochs=8, n_points=300)
    model = list(train(params, every_s=1e9))[-1].model
    found = [(k, line) for k in range(2) for line in lines(model, k)]
    assert len(found) >= 8
    sides = 0
    for k, line in found:
        assert ((line.path >= 0) & (line.path <= 1)).all() and len(line.path) >= 2
        np.testing.assert_allclose(drive_at(line.path, model, k), line.drive, rtol=0, atol=1e-12)
        assert line.spikes == params.n_steps // line.period
        inner = line.path[len(line.path) // 2 - 1 : len(line.path) // 2 + 1].mean(axis=0)
        for direction in ([1e-3, 0], [0, 1e-3]):
            pair = np.array([inner + direction, inner - direction])
            if ((pair < 0) | (pair > 1)).any():
                continue
            drives = drive_at(pair, model, k)
            near = np.abs(drives - line.drive)
            if (drives[0] - line.drive) * (drives[1] - line.drive) < 0 and near.min() > 1e-4:
                counts = respond(pair, model).counts[:, k]
                high, low = counts[drives.argmax()], counts[drives.argmin()]
                others = [s.drive for s in levels(params.beta, params.n_steps)]
                if sum(drives.min() < d < drives.max() for d in others) == 1:
                    assert (high, low < high) == (line.spikes, True)
                    sides += 1
    assert sides >= 4


def test_raw_lines_are_straight_and_parallel() -> None:
    found = lines(seed_model(make_points(ClassifierParams())), 0)
    assert [(line.period, len(line.path)) for line in found] == [
        (1, 2), (2, 2), (3, 2), (5, 2), (10, 2),
    ]  # fmt: skip
    slopes = [np.subtract(*line.path)[1] / np.subtract(*line.path)[0] for line in found]
    np.testing.assert_allclose(slopes, slopes[0], rtol=1e-6)


def test_lines_are_refused_where_nobody_knows_them() -> None:
    assert has_lines(ClassifierParams(code="constant"))
    assert not has_lines(ClassifierParams(code="constant", hidden=4))
    model = seed_model(make_points(ClassifierParams()))
    noisy = model._replace(params=ClassifierParams(code="rate"))
    with pytest.raises(ValueError, match="known for the codes constant and raw"):
        lines(noisy, 0)
    with pytest.raises(ValueError, match=r"neuron must be in 0\.\.0"):
        lines(model, 1)


def test_the_seeds_network_is_reproduced_with_its_84_percent() -> None:
    drawn = np.random.RandomState(42).uniform(-1, 1, 2)
    np.testing.assert_array_equal(drawn, WEIGHTS)
    points = make_points(ClassifierParams())
    data, labels = make_blobs(200, centers=2, random_state=42)
    np.testing.assert_allclose(points.bounds.to_data(points.points), data, atol=2e-6)
    counts = respond(points.points, seed_model(points)).counts[:, 0]
    assert list(zip(labels[:5], counts[:5], strict=True)) == [
        (1, 3), (1, 0), (1, 10), (0, 10), (1, 0),
    ]  # fmt: skip
    # The demonstration itself, in its own words and float64.
    v, total = np.zeros(200), np.zeros(200, np.int64)
    for _ in range(10):
        v = 0.8 * v + data @ drawn
        total += v >= 1
        v[v >= 1] = 0
    assert np.array_equal(counts, total)
    assert (counts[labels == 0] == 10).all() and (counts[labels == 1] == 10).sum() == 32
    assert seed_accuracy(points) == 0.84


def test_best_threshold_tries_both_directions() -> None:
    counts, labels = np.array([0, 1, 5, 7]), np.array([1, 1, 0, 0])
    assert best_threshold(counts, labels) == 1.0
    assert best_threshold(counts, 1 - labels) == 1.0
    assert best_threshold(np.zeros(4, np.int64), labels) == 0.5


def test_of_many_classes_each_count_is_called_its_most_frequent_one() -> None:
    """Points on a line through the middle along w, whose drive and so whose count differ."""
    unit = np.array(WEIGHTS) / np.hypot(*WEIGHTS)
    data = np.outer([-2.0, -2.0, -2.0, 0.3, 0.3, 0.3, 9.0, 9.0], unit)
    points = fit_square(data, np.array([2, 2, 0, 1, 0, 1, 0, 1]), ("a", "b", "c"))
    counts = respond(points.points, seed_model(points)).counts[:, 0]
    assert counts[0] < counts[3] < counts[6]
    assert seed_accuracy(points) == (2 + 2 + 1) / 8


def test_numbers_of_clicks_maps_and_points_are_apart() -> None:
    """50,000 points and 500 passes have numbers of their own, and so have maps and clicks."""
    learnt = 50_000 * (500 + 1)
    assert learnt <= inputs.CLICK < inputs.MAP and inputs.MAP + 64 * 64 < 2**32


def test_fields_of_a_place_are_those_of_the_population_code() -> None:
    """m = 8: centres (2i − 3)/12, σ = 1/9 (Bohte et al. 2002), x first, then y."""
    values = inputs.channels(torch.tensor([[0.25, 1.0]]), ClassifierParams())[0]
    centres = (2 * np.arange(1, 9) - 3) / 12
    np.testing.assert_allclose(values[:8], np.exp(-((0.25 - centres) ** 2) * 81 / 2), rtol=1e-5)
    np.testing.assert_allclose(values[8:], np.exp(-((1.0 - centres) ** 2) * 81 / 2), rtol=1e-5)
    raw = inputs.channels(torch.tensor([[0.25, 1.0]]), ClassifierParams(code="raw"))
    assert raw.tolist() == [[-0.5, 1.0]]
