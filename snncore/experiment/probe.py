"""Running accuracy of a convolutional layer: a small readout on some training images.

Now and then the spikes of a few hundred training images are counted; a ridge regression on the
square roots of the counts is fitted to one half of them and judged on the other. So few labels
make a lower accuracy than the final readout's, but the same for trained and untrained weights.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import rng
from snncore.experiment.data import Data
from snncore.stdp import Layer, TrainParams
from snncore.stdp.train import counts

_IMAGES = 600  # half of them are fitted, half of them judged
_PENALTY = 0.1  # of the ridge, in units of the mean variance of the features' products
_SAMPLES = 3 << 29  # their spikes are drawn as those of no other image


class Probe:
    """The same images for every call; `score` says how well a small readout does on them."""

    def __init__(self, data: Data, params: TrainParams, device: torch.device | None) -> None:
        n = len(data.train_images)
        chosen = rng.permutation(params.seed, rng.stream("order"), n).numpy()[:_IMAGES]
        self._images = data.train_images[chosen]
        self._labels = data.train_labels[chosen]
        self._n_classes = len(data.class_names)
        self._params, self._device = params, device

    def score(self, layers: tuple[Layer, ...]) -> float:
        """Fraction right of the held-out half with these layers' spike counts."""
        # Layers learn one after the other: the second is missing while the first one learns.
        params = self._params if len(layers) > 1 else replace(self._params, filters_2=0)
        parts = counts(layers, self._images, params, first_sample=_SAMPLES, device=self._device)
        return self._fit(np.sqrt(np.concatenate([part for _, part in parts]), dtype=np.float32))

    def pixels(self) -> float:
        """The same with the raw pixels instead of spike counts."""
        return self._fit(self._images.reshape(len(self._images), -1).astype(np.float32))

    def _fit(self, features: NDArray[np.float32]) -> float:
        half = max(1, len(features) // 2)
        mean, spread = features[:half].mean(axis=0), features[:half].std(axis=0)
        features = (features - mean) / np.where(spread > 0, spread, 1.0)
        gram = (features @ features[:half].T).astype(np.float64)
        fitted = gram[:half] + _PENALTY * np.trace(gram[:half]) / half * np.eye(half) + np.eye(half)
        targets = np.where(self._labels[:half, None] == np.arange(self._n_classes), 1.0, -1.0)
        scores = gram[half:] @ np.linalg.solve(fitted, targets)
        return float((scores.argmax(axis=1) == self._labels[half:]).mean())
