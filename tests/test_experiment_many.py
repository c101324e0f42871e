"""Several seeds, curves of trained against untrained, memory asked for before the start."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from snncore import datasets, experiment, readout
from snncore.stdp import TrainParams

PARAMS = TrainParams(neurons=20, batch=25)


@pytest.fixture(scope="module")
def data() -> experiment.Data:
    return experiment.load_data("digits", 300)


def test_seeds_give_mean_and_sample_deviation_of_what_single_runs_give(
    data: experiment.Data,
) -> None:
    reports = list(experiment.run_seeds(data, PARAMS, [3, 5, 8]))
    fractions = [report.fraction for report in reports]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert all(report.summary is None for report in reports[:-1])
    last = reports[-1]
    assert last.summary is not None and len(last.done) == 3
    right = [result.test_accuracy for result in last.done]
    assert len({result.weights_sha256 for result in last.done}) == 3
    found = last.summary["test_accuracy"]
    assert found.values == tuple(right)
    assert found.mean == pytest.approx(statistics.mean(right))
    assert found.std == pytest.approx(statistics.stdev(right)) and found.std > 0
    pixels = last.summary["control_pixels_accuracy"]
    assert (
        pixels.std == pytest.approx(0.0, abs=1e-12) and pixels.mean > 0.5
    )  # the pixels have no seed
    one = list(experiment.run(data, replace(PARAMS, seed=5), controls=False, live=False))[-1]
    assert one.result is not None and one.result.test_accuracy == right[1]


def test_one_seed_has_no_deviation_and_none_or_twice_the_same_is_refused(
    data: experiment.Data,
) -> None:
    (row,) = experiment.summarise([{"a": 2.0}]).values()
    assert row.mean == 2.0 and math.isnan(row.std)
    assert experiment.summarise([{"a": 1.0, "b": 1.0}, {"a": 2.0}]).keys() == {"a"}
    for seeds in ([], [1, 1]):
        with pytest.raises(ValueError, match="seeds must be at least one, all different"):
            next(experiment.run_seeds(data, PARAMS, seeds))


def test_the_curve_over_sizes_holds_the_figures_of_single_runs(data: experiment.Data) -> None:
    settings = [PARAMS, replace(PARAMS, neurons=40)]
    points = list(experiment.size_curve(data, settings))
    assert [(p.value, p.weights) for p in points] == [
        (20, "trained"), (20, "untrained"), (40, "trained"), (40, "untrained"),
    ]  # fmt: skip
    result = list(experiment.run(data, PARAMS, live=False))[-1].result
    assert result is not None and points[-1].fraction == 1.0
    assert points[0].readout_accuracy == result.test_accuracy
    assert points[1].vote_accuracy == result.control_untrained_vote_accuracy


def test_more_labels_read_the_same_counts_better(data: experiment.Data) -> None:
    points = list(experiment.label_curve(data, PARAMS, [30, 300], draws=2))
    assert [(p.weights, p.value, p.draw) for p in points] == [
        ("trained", 30, 0), ("trained", 30, 1), ("trained", 300, 0),
        ("untrained", 30, 0), ("untrained", 30, 1), ("untrained", 300, 0),
    ]  # fmt: skip
    few = np.mean([p.readout_accuracy for p in points if p.value == 30])
    many = np.mean([p.readout_accuracy for p in points if p.value == 300])
    assert many > few + 0.1  # ten times the labels
    assert points[0].readout_accuracy != points[1].readout_accuracy  # other labels
    result = list(experiment.run(data, PARAMS, live=False, pixels_accuracy=0.0))[-1].result
    assert result is not None and points[2].readout_accuracy == result.test_accuracy
    assert points[5].readout_accuracy == result.control_untrained_accuracy
    for number in (19, 301):
        with pytest.raises(ValueError, match=rf"labels must be in 20..300, got {number}"):
            next(experiment.label_curve(data, PARAMS, [number]))


def test_the_controls_choose_from_the_same_penalties_as_the_network(
    data: experiment.Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    fit = readout.fit

    def seen(*features: Any, **options: Any) -> Iterator[readout.FitEpoch]:
        asked.append(options.get("penalties"))
        return fit(*features, **options)

    monkeypatch.setattr(readout, "fit", seen)
    assert list(experiment.run(data, PARAMS, live=False))[-1].result is not None
    assert asked == [None, None, None]  # trained, untrained, pixels: all of them


def test_a_run_that_does_not_fit_is_refused_with_both_numbers(
    data: experiment.Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = TrainParams(neurons=6400)
    with pytest.raises(ValueError, match=r"needs about \d+\.\d GB .* and 1\.0 GB are there"):
        experiment.check_memory(large, 600_000, 10_000, 28, 28, lent=10**9)
    experiment.check_memory(PARAMS, 1397, 400, 8, 8, lent=10**9)
    need = experiment.needed_bytes(large, 60_000, 10_000, 28, 28)
    assert 70_000 * 6400 < need < 4e9  # the counts alone, and what the machine of a reader has
    wide = TrainParams(layer="conv", filters=512, grid=5)
    with pytest.raises(ValueError, match=r"at most 8,192 spike counts .* got 12,800, .* 1\.3 GB"):
        experiment.check_memory(wide, 100, 100, 28, 28, lent=10**10)
    monkeypatch.setattr("snncore.device.memory_bytes", lambda: 1 << 20)
    with pytest.raises(ValueError, match="take fewer neurons"):
        experiment.run(data, PARAMS)


def grey(value: int, n: int = 12) -> experiment.Data:
    """Two classes of one grey level each, made by hand."""
    labels = np.arange(n) % 2
    images = np.full((n, 8, 8), value, np.uint8)
    return experiment.Data("made", images, labels, images, labels, ("a", "b"))


@pytest.mark.parametrize("layer", ["dense", "conv"])
@pytest.mark.parametrize("kind", ["ridge", "hinge"])
def test_black_images_among_others_and_equal_images_end_in_a_result(layer: str, kind: str) -> None:
    made = grey(0)
    made.train_images[6:] = 200
    theta = 10.0 if layer == "dense" else 2.0  # small filters of even grey
    params = TrainParams(
        layer=layer, neurons=5, filters=4, filter_size=3, grid=2, batch=5, readout=kind, theta=theta
    )
    result = list(experiment.run(made, params))[-1].result
    assert result is not None and 0.0 <= result.test_accuracy <= 1.0
    assert math.isfinite(result.mean_spikes)


def set_of(images: np.ndarray, labels: np.ndarray, split: str) -> datasets.ImageSet:
    names = tuple(str(k) for k in range(int(labels.max()) + 1))
    return datasets.ImageSet("made", images, labels, names, split, "made here")


def test_data_that_cannot_be_learnt_says_why() -> None:
    images, labels = np.full((6, 8, 8), 9, np.uint8), np.arange(6) % 2
    good = set_of(images, labels, "train")
    with pytest.raises(ValueError, match="must not all be black"):
        experiment.from_sets(set_of(0 * images, labels, "train"), good)
    with pytest.raises(ValueError, match="at least 2 classes, got 6 of 1"):
        experiment.from_sets(set_of(images, 0 * labels, "train"), good)
    with pytest.raises(ValueError, match="at least 2 images"):
        experiment.from_sets(set_of(images[:1], labels[:1], "train"), good)


def test_three_images_are_enough_for_a_result() -> None:
    images = np.zeros((3, 8, 8), np.uint8)
    for k in range(3):
        images[k, 2 * k : 2 * k + 3] = 255
    first = set_of(images, np.array([0, 1, 0]), "train")
    result = list(experiment.run(experiment.from_sets(first, first), PARAMS))[-1].result
    assert result is not None and result.confusion.sum() == 3
