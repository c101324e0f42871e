"""Numbers that judge a result: errors of pictures and signals, classification scores.

Every function takes arrays, changes none of them, and returns plain floats or small arrays. What
spikes tell is in `snncore.spike_trains`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


def rmse(reference: ArrayLike, estimate: ArrayLike) -> float:
    """Root mean square error of two non-empty arrays of one shape."""
    a, b = np.asarray(reference, dtype=np.float64), np.asarray(estimate, dtype=np.float64)
    if a.shape != b.shape or a.size == 0:
        raise ValueError(
            f"reference and estimate must have one non-empty shape, got {a.shape}, {b.shape}"
        )
    return float(np.sqrt(np.mean((a - b) ** 2)))


def psnr(reference: ArrayLike, estimate: ArrayLike, *, peak: float = 1.0) -> float:
    """Peak signal-to-noise ratio 20·log10(peak / RMSE) in dB; infinite for equal arrays."""
    error = rmse(reference, estimate)
    return math.inf if error == 0 else float(20 * np.log10(peak / error))


def snr(reference: ArrayLike, estimate: ArrayLike) -> float:
    """Signal-to-noise ratio 10·log10(var(reference) / MSE) in dB.

    The power of the signal is taken about its mean, so a constant offset counts as noise and not
    as signal. Infinite for equal arrays; NaN for a constant reference, which has no power.
    """
    error = rmse(reference, estimate) ** 2
    power = float(np.var(np.asarray(reference, dtype=np.float64)))
    if power == 0:
        return math.nan
    return math.inf if error == 0 else 10 * math.log10(power / error)


def r2(reference: ArrayLike, estimate: ArrayLike) -> float:
    """Coefficient of determination 1 − MSE / var(reference): 1 is perfect, 0 as good as the mean.

    NaN for a constant reference.
    """
    power = float(np.var(np.asarray(reference, dtype=np.float64)))
    return math.nan if power == 0 else 1.0 - rmse(reference, estimate) ** 2 / power


def max_error(reference: ArrayLike, estimate: ArrayLike) -> float:
    """Largest absolute difference of two non-empty arrays of one shape."""
    rmse(reference, estimate)  # checks the shapes
    a, b = np.asarray(reference, dtype=np.float64), np.asarray(estimate, dtype=np.float64)
    return float(np.abs(a - b).max())


SSIM_WINDOW = 7  # pixels, of the mean and the variance that SSIM compares


def ssim(reference: ArrayLike, estimate: ArrayLike) -> float:
    """Structural similarity of two grey pictures [H, W] in 0..1; 1 for equal pictures.

    Wang, Bovik, Sheikh & Simoncelli 2004, IEEE Trans. Image Processing 13:600, with windows of
    7×7 pixels as in scikit-image. NaN for a picture smaller than the window.
    """
    from skimage.metrics import structural_similarity

    a, b = np.asarray(reference, dtype=np.float64), np.asarray(estimate, dtype=np.float64)
    if a.ndim != 2 or a.shape != b.shape:
        raise ValueError(f"pictures must have one shape [H, W], got {a.shape}, {b.shape}")
    if min(a.shape) < SSIM_WINDOW:
        return math.nan
    return float(structural_similarity(a, b, data_range=1.0, win_size=SSIM_WINDOW))


def accuracy(predicted: ArrayLike, labels: ArrayLike) -> float:
    """Fraction of equal entries of two integer arrays [S]; a prediction of -1 is never right."""
    p, y = np.asarray(predicted), np.asarray(labels)
    if p.shape != y.shape or p.size == 0:
        raise ValueError(
            f"predicted and labels must have one non-empty shape, got {p.shape}, {y.shape}"
        )
    return float(np.mean((p == y) & (p >= 0)))


def confusion(predicted: ArrayLike, labels: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Confusion matrix [n_classes, n_classes]: row = true class, column = predicted class.

    Samples without a prediction (-1) are counted nowhere, so rows may sum to less than the class.

    Raises:
        ValueError: unequal shapes, a label outside 0..n_classes-1, or a prediction that is
            neither one of these nor -1.
    """
    p, y = np.asarray(predicted, dtype=np.int64), np.asarray(labels, dtype=np.int64)
    if p.shape != y.shape:
        raise ValueError(f"predicted and labels must have one shape, got {p.shape}, {y.shape}")
    for name, values, lowest in (("labels", y, 0), ("predicted", p, -1)):
        wrong = values[(values < lowest) | (values >= n_classes)]
        if wrong.size:
            raise ValueError(f"{name} must be in {lowest}..{n_classes - 1}, got {wrong[0]}")
    keep = p >= 0
    flat = np.bincount(y[keep] * n_classes + p[keep], minlength=n_classes * n_classes)
    return flat.reshape(n_classes, n_classes)


class ClassReport(NamedTuple):
    """Scores of each class from a confusion matrix; a ratio without samples is 0."""

    precision: NDArray[np.float64]  # [C] right predictions of the class / predictions of it
    recall: NDArray[np.float64]  # [C] right predictions of the class / its samples
    f1: NDArray[np.float64]  # [C] harmonic mean of both
    support: NDArray[np.int64]  # [C] samples of the class, those without a prediction included
    accuracy: float
    macro: tuple[float, float, float]  # means over the classes of precision, recall, f1
    weighted: tuple[float, float, float]  # the same, weighted with the support


def class_report(matrix: ArrayLike, support: ArrayLike | None = None) -> ClassReport:
    """Per-class scores of a confusion matrix [C, C] (row = true class).

    Args:
        matrix: from `confusion`.
        support: samples of each class [C]. None: the rows' sums; give it where samples without a
            prediction (-1) are missing from the matrix, or recall ignores them.

    Raises:
        ValueError: not square, negative, or a support below the row's sum.
    """
    counts = _checked_confusion(matrix)
    right = counts.diagonal().astype(np.float64)
    rows = counts.sum(axis=1)
    total = rows if support is None else np.asarray(support, dtype=np.int64)
    if total.shape != rows.shape or bool((total < rows).any()):
        raise ValueError(
            f"support must be [{len(rows)}] and no less than the rows' sums, got {total.tolist()}"
        )
    precision = _ratio(right, counts.sum(axis=0))
    recall = _ratio(right, total)
    f1 = _ratio(2 * precision * recall, precision + recall)
    each = np.stack([precision, recall, f1])
    everyone = int(total.sum())
    weights = total / everyone if everyone else np.zeros(len(total))
    macro, weighted = each.mean(axis=1), each @ weights
    return ClassReport(
        precision,
        recall,
        f1,
        total.copy(),
        float(right.sum() / everyone) if everyone else math.nan,
        (float(macro[0]), float(macro[1]), float(macro[2])),
        (float(weighted[0]), float(weighted[1]), float(weighted[2])),
    )


class ConfusedPair(NamedTuple):
    """Samples of one class that were taken for another."""

    true: int
    predicted: int
    samples: int
    share: float  # of the true class's samples that have a prediction


def confused_pairs(matrix: ArrayLike, n: int = 10) -> list[ConfusedPair]:
    """The up to n largest entries off the diagonal of a confusion matrix, largest first.

    Equal counts: the larger share first, then in order of the classes. Pairs that never happened
    are left out, so the list may be empty.
    """
    counts = _checked_confusion(matrix)
    rows = counts.sum(axis=1)
    pairs = [
        ConfusedPair(int(t), int(p), int(counts[t, p]), float(counts[t, p] / rows[t]))
        for t, p in np.argwhere(counts)
        if t != p
    ]
    order = sorted(pairs, key=lambda pair: (-pair.samples, -pair.share, pair.true, pair.predicted))
    return order[:n]


def top_k(scores: ArrayLike, labels: ArrayLike, k: int) -> float:
    """Fraction of samples whose class is among the k highest of their scores [S, C].

    Of equal scores the lower class comes first, as with argmax, so k = 1 is the accuracy.

    Raises:
        ValueError: shapes do not fit, k is not in 1..C, a label is outside 0..C-1, NaN scores.
    """
    values, y = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.int64)
    if values.ndim != 2 or y.shape != (len(values),) or values.size == 0:
        raise ValueError(f"scores must be [S, C] and labels [S], got {values.shape} and {y.shape}")
    if not 1 <= k <= values.shape[1]:
        raise ValueError(f"k must be in 1..{values.shape[1]}, got {k}")
    if bool(((y < 0) | (y >= values.shape[1])).any()) or bool(np.isnan(values).any()):
        raise ValueError(f"labels must be in 0..{values.shape[1] - 1} and scores numbers")
    own = np.take_along_axis(values, y[:, None], axis=1)
    before = (values > own).sum(axis=1)
    before += ((values == own) & (np.arange(values.shape[1]) < y[:, None])).sum(axis=1)
    return float(np.mean(before < k))


def _checked_confusion(matrix: ArrayLike) -> NDArray[np.int64]:
    counts = np.asarray(matrix, dtype=np.int64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.size == 0:
        raise ValueError(f"a confusion matrix must be [C, C], got shape {counts.shape}")
    if counts.min() < 0:
        raise ValueError(f"a confusion matrix must be >= 0 everywhere, got {counts.min()}")
    return counts


def _ratio(a: NDArray[np.float64], b: NDArray[np.generic]) -> NDArray[np.float64]:
    """a / b, and 0 where b is 0."""
    below = b.astype(np.float64)
    return np.divide(a, below, out=np.zeros_like(a), where=below > 0)
