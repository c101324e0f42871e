"""Spike counts as features: square root, then zero mean and unit variance of the training set.

The count of a Poisson process has a variance equal to its mean; its square root has a variance
near 1/4 whatever the rate (Bartlett 1936, Suppl. J. R. Stat. Soc. 3:68), so a linear readout need
not care which neuron fires more. Mean and scale are fitted on the training set only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

_CELLS = 1 << 18  # counts that are in float64 at one time, 2 MB; all of them may be 100 times that


def spike_counts(spikes: torch.Tensor) -> NDArray[np.int64]:
    """How often each neuron fired: [T, S, N] → int64 [S, N] on the CPU; signs are not counted."""
    if spikes.ndim != 3:
        raise ValueError(f"spikes must be [T, S, N], got shape {tuple(spikes.shape)}")
    counts: NDArray[np.int64] = (spikes != 0).sum(dim=0).cpu().numpy().astype(np.int64)
    return counts


def _checked(counts: ArrayLike) -> NDArray[Any]:
    values = np.asarray(counts)
    if values.ndim != 2 or values.shape[0] == 0:
        raise ValueError(f"counts must be [S, N] with S > 0, got shape {values.shape}")
    return values


def _roots(values: NDArray[Any]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Square roots of counts [S, N] in pieces of some rows: (which rows, their roots)."""
    rows = max(1, _CELLS // max(1, values.shape[1]))
    for start in range(0, len(values), rows):
        piece = values[start : start + rows].astype(np.float64)
        if not bool((piece >= 0).all()):
            raise ValueError("counts must be >= 0 everywhere, got negative values or NaN")
        yield slice(start, start + len(piece)), np.sqrt(piece, out=piece)


@dataclass(frozen=True, eq=False)
class CountScaler:
    """z = (√count − mean) / scale, with the mean and the scale of the training counts.

    A neuron whose training counts never vary has scale 1, so it contributes 0 there and stays
    finite elsewhere. Made by `fit`.
    """

    mean: NDArray[np.float64]  # [N], of √count
    scale: NDArray[np.float64]  # [N], > 0

    @classmethod
    def fit(cls, counts: ArrayLike) -> Self:
        """From training counts [S, N] ≥ 0.

        Raises:
            ValueError: not two-dimensional, empty, negative or NaN.
        """
        values = _checked(counts)
        total = np.zeros(values.shape[1])
        for _, roots in _roots(values):
            total += roots.sum(axis=0)
        mean = total / len(values)
        squares = np.zeros(values.shape[1])
        for _, roots in _roots(values):
            roots -= mean
            squares += np.square(roots, out=roots).sum(axis=0)
        deviation = np.sqrt(squares / len(values))
        # Rounding of the mean leaves a deviation of about 1e-16 of it where nothing varies.
        constant = deviation <= 1e-9 * np.maximum(mean, 1.0)
        return cls(mean, np.where(constant, 1.0, deviation))

    def transform(self, counts: ArrayLike) -> NDArray[np.float32]:
        """Features float32 [S, N] of counts [S, N]; `counts` is left as it is.

        Raises:
            ValueError: another number of neurons than fitted, negative or NaN.
        """
        values = _checked(counts)
        if values.shape[1] != self.mean.size:
            raise ValueError(
                f"counts must have {self.mean.size} neurons as fitted, got {values.shape[1]}"
            )
        features = np.empty(values.shape, np.float32)
        for rows, roots in _roots(values):
            roots -= self.mean
            roots /= self.scale
            features[rows] = roots
        return features
