"""Errors and scores against values worked out by hand."""

import math

import pytest

from snncore import metrics


def test_picture_errors():
    assert metrics.rmse([0, 0], [3, 4]) == pytest.approx(math.sqrt(12.5))
    assert metrics.psnr([0.0, 0.0], [0.1, -0.1]) == pytest.approx(20.0)
    assert metrics.psnr([1, 2], [1, 2]) == math.inf
    with pytest.raises(ValueError, match="must have one non-empty shape"):
        metrics.rmse([1, 2], [1, 2, 3])


def test_accuracy_counts_a_missing_answer_as_wrong():
    assert metrics.accuracy([1, -1, 2, 0], [1, -1, 2, 1]) == 0.5
    with pytest.raises(ValueError, match="non-empty"):
        metrics.accuracy([], [])


def test_confusion_has_true_classes_in_rows():
    table = metrics.confusion([0, 1, 1, -1], [0, 0, 1, 1], 2)
    assert table.tolist() == [[1, 1], [0, 1]]


@pytest.mark.parametrize(
    ("predicted", "labels", "message"),
    [
        ([0, 1], [0, 2], "labels must be in 0..1, got 2"),
        ([0, 1], [0, -1], "labels must be in 0..1, got -1"),
        ([0, 2], [0, 1], "predicted must be in -1..1, got 2"),
        ([-2, 1], [0, 1], "predicted must be in -1..1, got -2"),
    ],
)
def test_classes_that_do_not_exist_are_named(predicted, labels, message):
    with pytest.raises(ValueError, match=message):
        metrics.confusion(predicted, labels, 2)


def test_errors_of_nothing_are_refused():
    for score in (metrics.rmse, metrics.psnr):
        with pytest.raises(ValueError, match="one non-empty shape"):
            score([], [])
