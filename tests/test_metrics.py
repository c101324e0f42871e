"""Spike-train statistics and scores against values worked out by hand and against known laws."""

import math

import numpy as np
import pytest
import torch

from snncore import metrics, rng


def test_rate():
    assert metrics.rate_hz(20, 500) == 40.0
    assert metrics.rate_hz(0, 500) == 0.0
    for duration in (0, -1, math.nan):
        with pytest.raises(ValueError, match="duration must be > 0 ms"):
            metrics.rate_hz(1, duration)


def test_intervals_and_their_variation():
    times = [1.0, 3.0, 6.0, 12.0]  # intervals 2, 3, 6: mean 11/3, variance 26/9
    assert metrics.intervals(times).tolist() == [2.0, 3.0, 6.0]
    assert metrics.cv(times) == pytest.approx(math.sqrt(26 / 9) / (11 / 3))
    assert metrics.cv([0, 5, 10, 15]) == 0.0


@pytest.mark.parametrize("times", [[], [1.0], [1.0, 2.0], [3.0, 3.0, 3.0]])
def test_too_few_spikes_have_no_variation(times):
    assert math.isnan(metrics.cv(times))


def test_fano_factor_by_hand():
    assert metrics.fano([2, 4, 6]) == 1.0  # variance 4, mean 4
    assert metrics.fano([3, 3, 3]) == 0.0
    for counts in ([], [4], [0, 0, 0]):
        assert math.isnan(metrics.fano(counts))


def test_bernoulli_spikes_have_the_variation_and_the_fano_factor_of_the_law():
    p, steps, trains = 0.2, 2000, 400
    words = rng.draws(3, rng.stream("noise"), torch.zeros(1, dtype=torch.int64), trains, steps)
    spikes = (words[:, 0] < rng.threshold(torch.tensor(p))).numpy()
    # Geometric intervals: CV = √(1 − p); binomial counts: Fano = 1 − p, known to √(2/400) = 7 %.
    cvs = [metrics.cv(np.flatnonzero(spikes[:, k])) for k in range(trains)]
    assert np.mean(cvs) == pytest.approx(math.sqrt(1 - p), abs=0.01)
    assert metrics.fano(spikes.sum(axis=0)) == pytest.approx(1 - p, rel=0.25)


def test_dead_time_makes_spikes_regular_as_renewal_theory_says():
    u = rng.uniform(
        rng.draws(4, rng.stream("noise"), torch.zeros(1, dtype=torch.int64), 1, 40_000)
    ).flatten().double().numpy()  # fmt: skip
    times = np.cumsum(2.0 - 10.0 * np.log(u))  # λ = 100 Hz, 2 ms dead: r = 83.333 Hz
    assert metrics.rate_hz(len(times), times[-1]) == pytest.approx(83.333, rel=0.02)
    assert metrics.cv(times) == pytest.approx(0.8333, rel=0.03)


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


def test_inputs_stay_as_they_are():
    times = np.array([1.0, 4.0, 9.0, 16.0])
    kept = times.copy()
    metrics.cv(times), metrics.fano(times), metrics.intervals(times)
    assert np.array_equal(times, kept)


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
