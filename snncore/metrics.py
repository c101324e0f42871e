"""Numbers that judge a result: errors of pictures and signals, classification scores.

Every function takes arrays, changes none of them, and returns plain floats or small arrays. What
spikes tell is in `snncore.spike_trains`.
"""

from __future__ import annotations

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
    return float("inf") if error == 0 else float(20 * np.log10(peak / error))


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
