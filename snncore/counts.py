"""Spike counts as features: square root, then zero mean and unit variance of the training set.

The count of a Poisson process has a variance equal to its mean; its square root has a variance
near 1/4 whatever the rate (Bartlett 1936, Suppl. J. R. Stat. Soc. 3:68), so a linear readout need
not care which neuron fires more. Mean and scale are fitted on the training set only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from snncore.kernels import kernel_threads
from snncore.kernels import readout as kernels

_GREY = 1 / 255  # of the largest value: a deviation below one grey level is not blown up


def spike_counts(spikes: torch.Tensor) -> NDArray[np.int64]:
    """How often each neuron fired: [T, S, N] → int64 [S, N] on the CPU; signs are not counted."""
    if spikes.ndim != 3:
        raise ValueError(f"spikes must be [T, S, N], got shape {tuple(spikes.shape)}")
    counts: NDArray[np.int64] = (spikes != 0).sum(dim=0).cpu().numpy().astype(np.int64)
    return counts


def plain(counts: ArrayLike) -> NDArray[Any]:
    """Counts [S, N] as one of the types that the kernels know, without a copy where they are.

    uint8, uint16 and float32 stay; whole numbers within 0..65535 become uint16, all else float32.

    Raises:
        ValueError: not two-dimensional, or empty.
    """
    values = np.asarray(counts)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"counts must be [S, N] with S > 0 and N > 0, got shape {values.shape}")
    if values.dtype.kind not in "buif":
        raise ValueError(f"counts must be numbers, got {values.dtype}")
    if values.dtype not in (np.uint8, np.uint16, np.float32):
        whole = values.dtype.kind in "bui" and values.min() >= 0 and values.max() < 1 << 16
        values = values.astype(np.uint16 if whole else np.float32)
    return np.ascontiguousarray(values)


@dataclass(frozen=True, eq=False)
class CountScaler:
    """z = (√count − mean) / scale, with the mean and the scale of the training counts.

    A neuron whose training counts never vary has scale 1, so it contributes 0 there and stays
    finite elsewhere. Without the root it standardises grey values; there a deviation below a 255th
    of the largest value counts as that, or a pixel that is lit once would outweigh all. Made by
    `fit`.
    """

    mean: NDArray[np.float64]  # [N], of √count
    scale: NDArray[np.float64]  # [N], > 0
    root: bool = True

    @classmethod
    def fit(cls, counts: ArrayLike, *, root: bool = True) -> Self:
        """From training counts [S, N] ≥ 0 (any sign without the root).

        Raises:
            ValueError: not two-dimensional, empty, negative (with the root), NaN or infinite.
        """
        values = plain(counts)
        shape = (-(-len(values) // kernels.BLOCK), values.shape[1])
        total, squares, good = np.zeros(shape), np.zeros(shape), np.zeros(shape[0], np.int64)
        with kernel_threads(values.size):
            kernels.moments(values, root, total, squares, good)
        if not good.all():
            raise ValueError(_RULE[root])
        first = np.sqrt(values[0], dtype=np.float64) if root else values[0].astype(np.float64)
        shift = total.sum(axis=0) / len(values)
        variance = np.maximum(squares.sum(axis=0) / len(values) - shift**2, 0.0)
        mean, deviation = first + shift, np.sqrt(variance)
        if not root:
            floor = _GREY * float(np.abs(values).max())
            deviation = np.where(deviation > 0, np.maximum(deviation, floor), 0.0)
        return cls(mean, np.where(deviation > 0, deviation, 1.0), root)

    def transform(self, counts: ArrayLike) -> NDArray[np.float32]:
        """Features float32 [S, N] of counts [S, N]; `counts` is left as it is.

        Raises:
            ValueError: another number of neurons than fitted, negative, NaN or infinite.
        """
        values = self.checked(counts)
        features = np.empty(values.shape, np.float32)
        with kernel_threads(values.size):
            kernels.standardise(values, np.arange(len(values)), self.root, *self.folded, features)
        if not np.isfinite(features.sum(dtype=np.float64)):
            raise ValueError(_RULE[self.root])
        return features

    def checked(self, counts: ArrayLike) -> NDArray[Any]:
        """Counts as the kernels take them.

        Raises:
            ValueError: another number of neurons than fitted.
        """
        values = plain(counts)
        if values.shape[1] != self.mean.size:
            raise ValueError(
                f"counts must have {self.mean.size} neurons as fitted, got {values.shape[1]}"
            )
        return values

    @property
    def folded(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(mean, 1 / scale) float32 [N], as the kernels take them."""
        return self.mean.astype(np.float32), (1.0 / self.scale).astype(np.float32)


_RULE = {
    True: "counts must be >= 0 everywhere, got negative values, NaN or infinity",
    False: "counts must be finite everywhere, got NaN or infinity",
}
