"""What a result must be compared with: the same points without learning, or without spikes."""

from __future__ import annotations

from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore import metrics
from snncore.classifier.answers import Model, respond
from snncore.classifier.data import Points, Split
from snncore.classifier.seed import seed_accuracy


class Controls(NamedTuple):
    """Accuracies; on the test points but where said."""

    untrained: float  # the network before learning, its neurons named to suit the training points
    seed_network: float  # the demonstration's one neuron, best rule on its count, on all points
    raw_linear: float  # least squares on x, y and 1
    nearest_centroid: float  # of the training points of each class
    chance: float  # share of the largest class


def controls(points: Points, parts: Split, untrained: Model) -> Controls:
    """All of them; test labels serve only to score."""
    known, asked = points.points[parts.train], points.points[parts.test]
    taught, wanted = points.labels[parts.train], points.labels[parts.test]
    n_classes = len(points.names)
    naming = best_naming(respond(known, untrained, parts.train).winners, taught, n_classes)
    guessed = naming[respond(asked, untrained, parts.test).winners]
    centroids = np.stack([known[taught == k].mean(axis=0) for k in range(n_classes)])
    nearest = np.linalg.norm(asked[:, None] - centroids, axis=2).argmin(axis=1)
    return Controls(
        untrained=metrics.accuracy(guessed, wanted),
        seed_network=seed_accuracy(points),
        raw_linear=metrics.accuracy(_linear(known, taught, asked, n_classes), wanted),
        nearest_centroid=metrics.accuracy(nearest, wanted),
        chance=float(np.bincount(wanted).max() / len(wanted)),
    )


def best_naming(
    winners: NDArray[np.int64], labels: NDArray[np.int64], n_classes: int
) -> NDArray[np.int64]:
    """Which class to call each neuron so that most labels are met, int64 [K]."""
    table = metrics.confusion(winners, labels, n_classes)
    names = permutations(range(n_classes))
    best = max(names, key=lambda naming: sum(table[naming[k], k] for k in range(n_classes)))
    return np.array(best, np.int64)


def _linear(
    known: NDArray[np.float32],
    labels: NDArray[np.int64],
    asked: NDArray[np.float32],
    n_classes: int,
) -> NDArray[np.int64]:
    """Classes by ordinary least squares of one-of-K targets on (x, y, 1)."""

    def with_one(points: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.column_stack([points.astype(np.float64), np.ones(len(points))])

    weights = np.linalg.lstsq(with_one(known), np.eye(n_classes)[labels], rcond=None)[0]
    return (with_one(asked) @ weights).argmax(axis=1)
