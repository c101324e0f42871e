"""The course of a training: who learns from what, controls, snapshots, curves, pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from snncore import classifier
from snncore.classifier import (
    Bounds,
    ClassifierParams,
    Model,
    Points,
    Result,
    Snapshot,
    Split,
    answers,
    make_points,
    session,
    split,
    surrogate,
    train,
)
from snncore.classifier.controls import best_naming, controls, named
from snncore.classifier.network import init_network, to_tensors

SMALL = ClassifierParams(n_points=60, n_steps=15, epochs=4, fields=5)


def result_of(params: ClassifierParams, points: classifier.Points | None = None) -> Result:
    last = list(train(params, points, every_s=1e9))[-1]
    assert last.result is not None
    return last.result


def test_test_labels_have_no_part_in_learning(monkeypatch: pytest.MonkeyPatch) -> None:
    points = make_points(SMALL)
    own = ClassifierParams(**{**SMALL.to_dict(), "data": "own"})
    parts = split(points, own)
    monkeypatch.setattr(session, "split", lambda *_: parts)
    labels = points.labels.copy()
    labels[parts.test] = 1 - labels[parts.test]
    right, wrong = (result_of(own, points._replace(labels=y)) for y in (points.labels, labels))
    for a, b in zip(right.model.network, wrong.model.network, strict=True):
        assert np.array_equal(a, b)
    assert right.train_accuracy == wrong.train_accuracy
    assert wrong.test_accuracy == pytest.approx(1 - right.test_accuracy)
    assert np.array_equal(right.curves.loss, wrong.curves.loss)
    for a, b in zip(right.untrained.network, wrong.untrained.network, strict=True):
        assert np.array_equal(a, b)
    np.testing.assert_allclose(wrong.curves.test_accuracy, 1 - right.curves.test_accuracy)


def test_the_controls_learn_nothing_from_test_labels_either() -> None:
    """Two classes, test labels flipped: whoever learnt from training only is right where it was
    wrong. Random labels: a control that had seen the test points would be better than chance."""
    points = make_points(SMALL)
    rng = np.random.default_rng(1)
    for labels in (points.labels, rng.permutation(points.labels)):
        asked = points._replace(labels=labels)
        parts = split(asked, SMALL)
        flipped = labels.copy()
        flipped[parts.test] = 1 - flipped[parts.test]
        drawn = Model(SMALL, init_network(SMALL, 2), points.names, points.bounds)
        a, b = (
            controls(p, parts, named(drawn, p, parts))
            for p in (asked, asked._replace(labels=flipped))
        )
        for name, value in a._asdict().items():
            if name != "seed_network":  # by its definition on all points, with their labels known
                assert value == pytest.approx(1 - getattr(b, name)), name


def test_controls_of_points_that_are_reckoned_by_hand() -> None:
    """Four points on a line to learn from, three to test."""
    x = np.array([0.1, 0.2, 0.3, 0.9, 0.4, 0.53, 0.95])
    points = Points(
        np.stack([x, 0.3 + 0.1 * (np.arange(7) % 2)], axis=1).astype(np.float32),
        np.array([0, 0, 0, 1, 0, 1, 1]), ("a", "b"), Bounds(0.0, 1.0, 0.0, 1.0),
    )  # fmt: skip
    parts = Split(np.arange(4), np.arange(4, 7))
    drawn = Model(SMALL, init_network(SMALL, 2), points.names, points.bounds)
    found = controls(points, parts, named(drawn, points, parts))
    assert found.chance == 1 / 3  # "a" is the largest class in training, not in the test
    assert found.nearest_centroid == 2 / 3  # means 0.2, 0.9; of all points 0.53 would be "b"
    assert found.nearest_neighbours == 1 / 3  # all four are neighbours, three of them "a"


def test_the_curve_of_the_test_begins_with_the_named_network() -> None:
    for seed in (42, 0, 1):  # 42: as they are drawn, 30 % would be right
        result = result_of(ClassifierParams(epochs=1, seed=seed))
        assert result.curves.test_epoch[0] == 0
        assert result.curves.test_accuracy[0] == result.controls.untrained
        answer = classifier.respond(result.points.points, result.untrained)
        right = answer.winners[result.parts.train] == result.points.labels[result.parts.train]
        assert right.mean() >= 0.5  # the best of two namings


def test_the_test_is_scored_at_passes_that_the_clock_does_not_move(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    params = ClassifierParams(n_points=60, n_steps=5, epochs=30, fields=3)
    quiet = [s for s in train(params, every_s=1e9) if s.scored]
    last = quiet[-1]  # small steps in the end: the mean over the pass is the end's, other spikes
    assert last.train_accuracy > 0.8
    assert last.curves.train_accuracy[-1] == pytest.approx(last.train_accuracy, abs=0.15)
    ticks = iter(range(10**6))
    monkeypatch.setattr(session.time, "perf_counter", lambda: float(next(ticks)))
    slow = [s for s in train(params, every_s=0.5) if s.scored]
    assert [s.epoch for s in quiet] == [s.epoch for s in slow] == [0, 2, 8, 17, 30]
    for a, b in zip(quiet[-1].curves, slow[-1].curves, strict=True):
        assert np.array_equal(a, b)
    for one, two in zip(quiet, slow, strict=True):
        assert np.array_equal(one.plane.counts, two.plane.counts)


def test_a_pass_in_pieces_is_the_same_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    params = ClassifierParams(n_points=200, n_steps=5, epochs=3, fields=3)
    whole = result_of(params)
    monkeypatch.setattr(session, "_CELLS", 1)  # one batch at a time
    pieces = result_of(params)
    for a, b in zip(whole.model.network, pieces.model.network, strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(whole.curves.loss, pieces.curves.loss)


def test_each_pass_has_spikes_of_its_own_and_smaller_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, rates = [], []
    real, step = session.code.drive_of, session.Adam.step

    def drive_of(values: torch.Tensor, params: ClassifierParams, samples: torch.Tensor) -> Any:
        seen.append(samples.numpy().copy())
        return real(values, params, samples)

    def stepped(self: Any, tensors: Any, change: Any, rate: float) -> Any:
        rates.append(rate)
        return step(self, tensors, change, rate)

    monkeypatch.setattr(session.code, "drive_of", drive_of)
    monkeypatch.setattr(session.Adam, "step", stepped)
    params = ClassifierParams(n_points=200, n_steps=5, epochs=3, fields=3, learning_rate=0.03)
    run = session._Learning(
        params, points := make_points(params), parts := split(points, params),
        to_tensors(init_network(params, 2)),
    )  # fmt: skip
    list(run.pieces())
    numbers = np.concatenate(seen)
    assert len(np.unique(numbers)) == 3 * len(parts.train) and numbers.min() >= 200
    assert set(numbers % 200) == set(parts.train.tolist())
    # 140 points in 5 batches, 3 passes: a line from η to η/15
    np.testing.assert_allclose(rates, 0.03 * (15 - np.arange(15)) / 15)


def test_answers_in_pieces_have_the_spikes_of_their_own_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    params = ClassifierParams(n_points=400, n_steps=10, fields=4)
    points = make_points(params)
    model = Model(params, init_network(params, 2), points.names, points.bounds)
    whole = classifier.respond(points.points, model)
    monkeypatch.setattr(answers, "_CELLS", 1)  # 64 points at a time
    for a, b in zip(whole, classifier.respond(points.points, model), strict=True):
        assert np.array_equal(a, b)


def test_a_click_has_spikes_that_no_point_of_the_data_has() -> None:
    params = ClassifierParams(n_steps=50)
    points = make_points(params)
    model = Model(params, init_network(params, 2), points.names, points.bounds)
    at = points.points[0]
    usual = classifier.raster(at, model).inputs
    for sample in (0, classifier.MAP):
        assert not np.array_equal(usual, classifier.raster(at, model, sample).inputs)


def test_snapshots_begin_untrained_end_with_the_result_and_do_not_change() -> None:
    seen: list[Snapshot] = []
    copies = []
    for snapshot in train(SMALL, every_s=0.0, map_size=8):
        seen.append(snapshot)
        copies.append(snapshot.model.network.weights.copy())
    assert [s.epoch for s in seen] == [0, 1, 2, 3, 4]
    assert np.isnan(seen[0].loss) and all(np.isfinite(s.loss) for s in seen[1:])
    assert [s.result is None for s in seen] == [True] * 4 + [False]
    for snapshot, copy in zip(seen, copies, strict=True):
        assert np.array_equal(snapshot.model.network.weights, copy)
        assert snapshot.plane.winners.shape == (8, 8) and snapshot.plane.counts.shape == (8, 8, 2)
    last = seen[-1]
    assert last.result is not None and last.test_accuracy == last.result.test_accuracy
    assert len(last.curves.loss) == len(last.curves.train_accuracy) == 4
    assert last.curves.test_epoch.tolist() == [s.epoch for s in seen if s.scored]
    assert last.curves.test_accuracy.tolist() == [s.test_accuracy for s in seen if s.scored]
    assert seen[1].curves.test_epoch.tolist() == [0, 1]


@pytest.mark.parametrize("rule", ["surrogate", "local"])
def test_same_parameters_same_result_whoever_looks_on(rule: str) -> None:
    params = ClassifierParams(**{**SMALL.to_dict(), "rule": rule, "hidden": 4})
    once = result_of(params)
    often = list(train(params, every_s=0.0))[-1].result
    assert often is not None
    for a, b in zip(once.model.network, often.model.network, strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(once.test.counts, often.test.counts)
    for a, b in zip(once.curves, often.curves, strict=True):
        assert np.array_equal(a, b)
    assert once.controls == often.controls
    other = result_of(ClassifierParams(**{**params.to_dict(), "seed": 1}))
    assert not np.array_equal(once.model.network.weights, other.model.network.weights)


def test_best_naming_meets_most_labels() -> None:
    winners, labels = np.array([2, 2, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 2, 0])
    assert best_naming(winners, labels, 3).tolist() == [1, 2, 0]


def test_torch_path_of_a_whole_training_is_the_definition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on a device: the same result up to rounding, so for few passes the same accuracy."""
    params = ClassifierParams(**{**SMALL.to_dict(), "hidden": 4, "code": "constant"})
    fused = result_of(params)
    monkeypatch.setattr(session, "gradient", surrogate.gradient_torch)
    slow = result_of(params)
    for a, b in zip(fused.model.network, slow.model.network, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-3)
    assert fused.test_accuracy == pytest.approx(slow.test_accuracy, abs=0.06)
