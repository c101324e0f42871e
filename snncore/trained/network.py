"""What classifies an image: the layers, the vote's labels and the linear readout of the counts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import readout
from snncore.counts import CountScaler
from snncore.stdp import Layer, TrainParams
from snncore.stdp.train import counts

TEST_SAMPLES = 1 << 30  # images outside the training set draw their spikes from here on


class Trained(NamedTuple):
    """Everything that classifies an image."""

    params: TrainParams
    layers: tuple[Layer, ...]  # one, or two for a second convolution
    neuron_labels: NDArray[np.int64]  # [n_features], -1 where no training image made a spike
    scaler: CountScaler
    linear: readout.LinearReadout
    class_names: tuple[str, ...]
    image_shape: tuple[int, int]

    @property
    def layer(self) -> Layer:
        """The first layer."""
        return self.layers[0]


class Predicted(NamedTuple):
    """What a network says of S images."""

    classes: NDArray[np.int64]  # [S], by the linear readout
    votes: NDArray[np.int64]  # [S], by the vote; -1 where no labelled neuron fired
    scores: NDArray[np.float32]  # [S, C], of the linear readout
    counts: NDArray[np.unsignedinteger]  # [S, n_features] output spikes


def predict(
    trained: Trained, images: NDArray[np.uint8], *, device: torch.device | None = None
) -> Predicted:
    """Classify grey images uint8 [S, H, W] of the size that the layer was trained on.

    Image s draws its spikes as number `TEST_SAMPLES` + s, as in the experiment's test.

    Raises:
        ValueError: no images, or images of another size.
    """
    if len(images) == 0 or images.shape[1:] != trained.image_shape:
        height, width = trained.image_shape
        raise ValueError(
            f"images must be [S, {height}, {width}] like the training images, got {images.shape}"
        )
    parts = counts(trained.layers, images, trained.params, first_sample=TEST_SAMPLES, device=device)
    counted = np.concatenate([part for _, part in parts])
    scores = trained.linear.scores(trained.scaler.transform(counted))
    votes = readout.vote(counted, trained.neuron_labels, len(trained.class_names))
    return Predicted(scores.argmax(axis=1).astype(np.int64), votes, scores, counted)
