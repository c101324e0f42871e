"""Spike counts of all images, and what the readouts make of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import datasets, distributed, readout
from snncore.counts import CountScaler
from snncore.experiment.data import Data
from snncore.experiment.result import FitPoint
from snncore.stdp import Layer, TrainParams
from snncore.stdp.train import count_type, counts, feature_count
from snncore.trained import TEST_SAMPLES

T = TypeVar("T")
_TOGETHER = 2048  # images that each of several processes counts before they exchange the counts
_MOST_PIXELS = 64 * 64  # larger pictures are made smaller for the raw-pixel control
Step = Generator[float, None, None]  # yields the fraction of a part that is done


class Counts:
    """Spike counts of the training and the test images: one array each, used again for the control.

    Processes that work together count a part of the images each; in the end all have all counts.
    """

    def __init__(self, data: Data, params: TrainParams, device: torch.device | None) -> None:
        self._data, self._params, self._device = data, params, device
        self.train: NDArray[Any] = np.empty((0, 0), np.uint8)  # [n_train, n_features]
        self.test: NDArray[Any] = np.empty((0, 0), np.uint8)

    def fill(self, layers: tuple[Layer, ...]) -> Iterator[float]:
        """Count with these layers, writing over what was counted before."""
        data = self._data
        n_train, n_test = len(data.train_images), len(data.test_images)
        for done in self._fill("train", layers, data.train_images, 0):
            yield done / (n_train + n_test)
        for done in self._fill("test", layers, data.test_images, TEST_SAMPLES):
            yield (n_train + done) / (n_train + n_test)

    def _fill(
        self, name: str, layers: tuple[Layer, ...], images: NDArray[np.uint8], first: int
    ) -> Iterator[int]:
        """Count `images`, numbered from `first`, into the array of this name; yields how many."""
        group, params, shape = distributed.current(), self._params, images.shape[1:]
        expected = (len(images), feature_count(params, *shape))
        if getattr(self, name).shape != expected:
            setattr(self, name, np.empty(expected, count_type(params, *shape)))
        into = getattr(self, name)
        at_once = len(images) if group.size == 1 else _TOGETHER * group.size
        for start in range(0, len(images), at_once):
            block = slice(start, min(start + at_once, len(images)))
            mine = group.part(block.stop - start)
            some, begin = images[block][mine], start + mine.start
            for done, part in counts(
                layers, some, params, first_sample=first + begin, device=self._device
            ):
                into[begin + done - len(part) : begin + done] = part
                yield min(start + done * group.size, block.stop)  # the others are as far, roughly
            group.fill_([into[block]], block.stop - start)


class Fitted(NamedTuple):
    """A linear readout and how it came about."""

    model: readout.LinearReadout
    scaler: CountScaler
    history: tuple[FitPoint, ...]
    path: tuple[tuple[float, float], ...]  # (penalty, validation accuracy)
    converged: bool


class Judged(NamedTuple):
    """What the readouts say of the test images."""

    fitted: Fitted
    labels: NDArray[np.int64]  # [n_features], the class each neuron answers most
    predictions: NDArray[np.int64]
    votes: NDArray[np.int64]
    weighted_votes: NDArray[np.int64]


def judge(
    counted: Counts,
    data: Data,
    params: TrainParams,
    device: torch.device | None,
    seen: Callable[[tuple[FitPoint, ...]], None],
) -> Generator[float, None, Judged]:
    """Fit all readouts on the training counts; predictions and votes for the test images.

    `seen` gets the history of the fit so far. Every network, and every control, gets the same
    penalties to choose from.
    """
    n_classes, y, kind = len(data.class_names), data.train_labels, params.readout
    fitted = yield from fit(counted.train, y, n_classes, kind, device, seen=seen)
    labels = readout.assign_labels(counted.train, y, n_classes)
    profiles = readout.class_profiles(counted.train, y, n_classes)
    scores = readout.scores(counted.test, fitted.model, fitted.scaler)
    return Judged(
        fitted,
        labels,
        scores.argmax(axis=1).astype(np.int64),
        readout.vote(counted.test, labels, n_classes),
        readout.weighted_vote(counted.test, profiles),
    )


def fit(
    features: NDArray[Any],
    labels: NDArray[np.int64],
    n_classes: int,
    kind: str,
    device: torch.device | None,
    *,
    root: bool = True,
    seen: Callable[[tuple[FitPoint, ...]], None] | None = None,
) -> Generator[float, None, Fitted]:
    """A linear readout with its penalty chosen inside the training set; yields its progress."""
    history: tuple[FitPoint, ...] = ()
    for step in readout.fit(features, labels, n_classes, kind, root=root, device=device):
        if step.loss is not None and step.accuracy is not None:
            held = math.nan if step.validation_accuracy is None else step.validation_accuracy
            history += (FitPoint(step.penalty, step.epoch, step.loss, step.accuracy, held),)
            if seen is not None:
                seen(history)
        if step.model is not None and step.scaler is not None:
            path = tuple((point.penalty, point.validation_accuracy) for point in step.path)
            return Fitted(step.model, step.scaler, history, path, step.converged)
        yield step.progress
    raise RuntimeError("the readout ended without a model")


def pixel_predictions(
    data: Data, params: TrainParams, device: torch.device | None
) -> Generator[float, None, NDArray[np.int64]]:
    """Classes of the test images by the same kind of readout on the raw pixels."""
    train, test = _pixels(data.train_images), _pixels(data.test_images)
    fitted = yield from fit(
        train, data.train_labels, len(data.class_names), params.readout, device, root=False
    )
    return readout.scores(test, fitted.model, fitted.scaler).argmax(axis=1).astype(np.int64)


def _pixels(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[S, pixels] of [S, H, W]; pictures of more than 64×64 pixels are made smaller first."""
    _, height, width = images.shape
    if height * width > _MOST_PIXELS:
        ratio = (_MOST_PIXELS / (height * width)) ** 0.5
        images = datasets.resize(images, (int(height * ratio), int(width * ratio)))
    return images.reshape(len(images), -1)


def into(made: list[T], steps: Generator[float, None, T]) -> Iterator[float]:
    """The steps of `steps`; what it returns at its end goes into `made`."""
    made.append((yield from steps))
