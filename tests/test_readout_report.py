"""Per-class scores, confused pairs and top-k against scikit-learn and hand-made matrices."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import classification_report, top_k_accuracy_score

from snncore import metrics


def test_the_report_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, 400)
    predicted = np.where(rng.random(400) < 0.6, labels, rng.integers(0, 4, 400))  # never class 4
    predicted[labels == 4] = 0
    expected = classification_report(labels, predicted, output_dict=True, zero_division=0)
    report = metrics.class_report(metrics.confusion(predicted, labels, 5))
    for c in range(5):
        got = (report.precision[c], report.recall[c], report.f1[c], report.support[c])
        row = expected[str(c)]
        assert got == pytest.approx(
            (row["precision"], row["recall"], row["f1-score"], row["support"])
        )
    for name, mean in (("macro avg", report.macro), ("weighted avg", report.weighted)):
        row = expected[name]
        assert mean == pytest.approx((row["precision"], row["recall"], row["f1-score"]))
    assert report.accuracy == pytest.approx(expected["accuracy"])


def test_samples_without_a_prediction_lower_recall_once_their_number_is_known() -> None:
    matrix = metrics.confusion([0, -1, 1, 1], [0, 0, 1, 1], 2)
    assert metrics.class_report(matrix).recall.tolist() == [1.0, 1.0]
    report = metrics.class_report(matrix, support=[2, 2])
    assert report.recall.tolist() == [0.5, 1.0]
    assert report.accuracy == 0.75


def test_pairs_come_in_order_of_their_samples() -> None:
    matrix = [[5, 2, 0], [0, 7, 2], [3, 0, 1]]
    pairs = metrics.confused_pairs(matrix)
    assert [(p.true, p.predicted, p.samples) for p in pairs] == [(2, 0, 3), (0, 1, 2), (1, 2, 2)]
    assert pairs[0].share == 0.75
    assert len(metrics.confused_pairs(matrix, 1)) == 1
    assert metrics.confused_pairs(np.eye(3, dtype=int)) == []


def test_top_k_is_that_of_scikit_learn_and_the_accuracy_for_one() -> None:
    rng = np.random.default_rng(1)
    scores, labels = rng.normal(size=(300, 6)), rng.integers(0, 6, 300)
    for k in range(1, 6):
        expected = top_k_accuracy_score(labels, scores, k=k, labels=np.arange(6))
        assert metrics.top_k(scores, labels, k) == pytest.approx(expected)
    assert metrics.top_k(scores, labels, 6) == 1.0
    ties = np.zeros((4, 3))  # argmax takes class 0
    assert metrics.top_k(ties, [0, 1, 2, 0], 1) == 0.5
    assert metrics.top_k(ties, [0, 1, 2, 0], 2) == 0.75


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: metrics.class_report([[1, 2]]), r"must be \[C, C\]"),
        (lambda: metrics.class_report([[-1]]), ">= 0 everywhere"),
        (lambda: metrics.class_report([[3]], support=[2]), "no less than the rows' sums"),
        (lambda: metrics.confused_pairs([1, 2]), r"must be \[C, C\]"),
        (lambda: metrics.top_k([[1.0, 2.0]], [0], 3), r"k must be in 1\.\.2, got 3"),
        (lambda: metrics.top_k([[1.0, 2.0]], [2], 1), r"labels must be in 0\.\.1"),
        (lambda: metrics.top_k([[1.0, np.nan]], [0], 1), "scores numbers"),
    ],
)
def test_what_cannot_be_judged_is_named(call, words) -> None:
    with pytest.raises(ValueError, match=words):
        call()
