"""Numbers that judge a result: errors of pictures and signals, classification scores.

Every function takes arrays, changes none of them, and returns plain floats or small arrays. What
spikes tell is in `snncore.spike_trains`.
"""

from __future__ import annotations

import math

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
