"""Errors and scores against values worked out by hand."""

import math

import numpy as np
import pytest

from snncore import metrics


def test_picture_errors():
    assert metrics.rmse([0, 0], [3, 4]) == pytest.approx(math.sqrt(12.5))
    assert metrics.psnr([0.0, 0.0], [0.1, -0.1]) == pytest.approx(20.0)
    assert metrics.psnr([1, 2], [1, 2]) == math.inf
    with pytest.raises(ValueError, match="must have one non-empty shape"):
        metrics.rmse([1, 2], [1, 2, 3])


def test_signal_errors_are_measured_about_the_mean():
    signal, estimate = [0.0, 1.0, 0.0, 1.0], [0.1, 0.9, 0.1, 0.9]
    assert metrics.snr(signal, estimate) == pytest.approx(10 * math.log10(0.25 / 0.01))
    assert metrics.r2(signal, estimate) == pytest.approx(0.96)
    assert metrics.max_error(signal, estimate) == pytest.approx(0.1)
    lifted = [s + 100 for s in signal]  # an offset of both changes nothing
    assert metrics.snr(lifted, [e + 100 for e in estimate]) == pytest.approx(13.979, abs=1e-3)
    assert metrics.snr(signal, signal) == math.inf and metrics.r2(signal, signal) == 1
    assert metrics.r2(signal, [0.5] * 4) == pytest.approx(0)
    assert math.isnan(metrics.snr([1, 1], [0, 1])) and math.isnan(metrics.r2([1, 1], [0, 1]))


def test_structural_similarity_knows_equal_pictures_and_its_closed_form():
    """Of two constant pictures a, b: (2ab + C₁)/(a² + b² + C₁) with C₁ = 0.01² (Wang 2004)."""
    picture = np.linspace(0, 1, 144).reshape(12, 12)
    assert metrics.ssim(picture, picture) == pytest.approx(1)
    assert metrics.ssim(picture, 1 - picture) < 0
    dark, light = np.full((9, 9), 0.2), np.full((9, 9), 0.6)
    assert metrics.ssim(dark, light) == pytest.approx((0.24 + 1e-4) / (0.4 + 1e-4))
    assert math.isnan(metrics.ssim(np.zeros((6, 90)), np.zeros((6, 90))))
    with pytest.raises(ValueError, match="must have one shape"):
        metrics.ssim(np.zeros(9), np.zeros(9))


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
