"""Spike counts as features: square root, then zero mean and unit variance of the training set.

The count of a Poisson process has a variance equal to its mean; its square root has a variance
near 1/4 whatever the rate (Bartlett 1936, Suppl. J. R. Stat. Soc. 3:68), so a linear readout need
not care which neuron fires more. Mean and scale are fitted on the training set only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray


def spike_counts(spikes: torch.Tensor) -> NDArray[np.int64]:
    """How often each neuron fired: [T, S, N] → int64 [S, N] on the CPU; signs are not counted."""
    if spikes.ndim != 3:
        raise ValueError(f"spikes must be [T, S, N], got shape {tuple(spikes.shape)}")
    counts: NDArray[np.int64] = (spikes != 0).sum(dim=0).cpu().numpy().astype(np.int64)
    return counts


def _checked(counts: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(counts, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] == 0:
        raise ValueError(f"counts must be [S, N] with S > 0, got shape {values.shape}")
    if not bool((values >= 0).all()):
        raise ValueError("counts must be >= 0 everywhere, got negative values or NaN")
    return values


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
        roots = np.sqrt(_checked(counts))
        deviation = roots.std(axis=0)
        mean = roots.mean(axis=0)
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
        features: NDArray[np.float32] = ((np.sqrt(values) - self.mean) / self.scale).astype(
            np.float32
        )
        return features
