"""What STDP is worth: trained against untrained over the layer's size and the number of labels."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from snncore import metrics, readout, rng
from snncore.experiment.data import Data
from snncore.experiment.measure import Counts, fit
from snncore.experiment.run import run
from snncore.experiment.watching import frozen
from snncore.stdp import Layer, TrainParams, train


class CurvePoint(NamedTuple):
    """Accuracies on the test images at one place of a curve."""

    value: int  # filters, neurons or labels
    seed: int
    draw: int  # which random choice of labelled images; 0 for the other curves
    weights: str  # "trained" or "untrained"
    readout_accuracy: float
    vote_accuracy: float
    fraction: float  # of the whole curve that is done


def size_curve(
    data: Data,
    settings: Sequence[TrainParams],
    *,
    device: torch.device | None = None,
) -> Iterator[CurvePoint]:
    """Trained and untrained accuracy of one run for each of `settings` (sizes, seeds)."""
    for number, params in enumerate(settings):
        value = params.neurons if params.layer == "dense" else params.filters
        for report in run(data, params, device=device, live=False, pixels_accuracy=math.nan):
            result = report.result
            if result is None:
                continue
            for weights, right, vote in (
                ("trained", result.test_accuracy, result.vote_accuracy),
                (
                    "untrained",
                    result.control_untrained_accuracy,
                    result.control_untrained_vote_accuracy,
                ),
            ):
                done = (number + 1) / len(settings)
                yield CurvePoint(value, params.seed, 0, weights, right, vote, done)


def label_curve(
    data: Data,
    params: TrainParams,
    labels: Sequence[int],
    *,
    draws: int = 3,
    device: torch.device | None = None,
) -> Iterator[CurvePoint]:
    """Accuracy against the number of labelled images; STDP learns from all images without labels.

    The same counts are read out with the labels of 100, 1,000 … images, drawn at random `draws`
    times (once for all images), so that the error bars are those of the labels.

    Raises:
        ValueError: a number of labels below two per class or above the training images.
    """
    n, n_classes = len(data.train_images), len(data.class_names)
    for number in labels:
        if not 2 * n_classes <= number <= n:
            raise ValueError(f"labels must be in {2 * n_classes}..{n}, got {number}")
    counted, done = Counts(data, params, device), 0
    total = 2 * sum(1 if number == n else draws for number in labels)
    for weights, own in (("trained", params), ("untrained", frozen(params))):
        for _ in counted.fill(_learnt(data, own, device)):
            pass
        for number in labels:
            for draw in range(1 if number == n else draws):
                order = rng.permutation(params.seed, rng.stream("points", draw), n).numpy()
                chosen = np.sort(order[:number])
                right, vote = _last(_read(counted, chosen, data, params, device))
                done += 1
                yield CurvePoint(number, params.seed, draw, weights, right, vote, done / total)


def _learnt(data: Data, params: TrainParams, device: torch.device | None) -> tuple[Layer, ...]:
    snapshots = list(train(data.train_images, params, device=device, every_s=1e9))
    return snapshots[-1].layers


def _read(
    counted: Counts,
    chosen: np.ndarray,
    data: Data,
    params: TrainParams,
    device: torch.device | None,
) -> Generator[float, None, tuple[float, float]]:
    """Readout and vote accuracy with the labels of the chosen training images only."""
    features, y = counted.train[chosen], data.train_labels[chosen]
    n_classes = len(data.class_names)
    fitted = yield from fit(features, y, n_classes, params.readout, device)
    guessed = readout.scores(counted.test, fitted.model, fitted.scaler).argmax(axis=1)
    neurons = readout.assign_labels(features, y, n_classes)
    voted = readout.vote(counted.test, neurons, n_classes)
    return metrics.accuracy(guessed, data.test_labels), metrics.accuracy(voted, data.test_labels)


def _last(steps: Generator[float, None, tuple[float, float]]) -> tuple[float, float]:
    """What `steps` returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: tuple[float, float] = end.value
            return found
