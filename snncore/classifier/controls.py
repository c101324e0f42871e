"""What a result must be compared with: the same points without learning, or without spikes."""

from __future__ import annotations

from itertools import permutations
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsClassifier

from snncore import metrics
from snncore.classifier import inputs as code
from snncore.classifier.answers import Model, respond
from snncore.classifier.data import Points, Split
from snncore.classifier.network import Network
from snncore.classifier.params import ClassifierParams
from snncore.classifier.seed import seed_accuracy

NEIGHBOURS = 5


class Controls(NamedTuple):
    """Accuracies; learnt from the training points, on the test points, but where said."""

    untrained: float  # the network before learning, its neurons named to suit the training points
    seed_network: float  # the demonstration's one neuron, best rule on its count, on all points
    raw_linear: float  # least squares on x, y and 1
    nearest_centroid: float  # of the training points of each class
    chance: float  # always the class that most training points have
    fields_linear: float  # least squares on what the network's inputs carry, and 1
    nearest_neighbours: float  # the majority of the 5 nearest training points


def controls(points: Points, parts: Split, untrained: Model) -> Controls:
    """All of them; test labels serve only to score. `untrained`: see `named`."""
    known, asked = points.points[parts.train], points.points[parts.test]
    taught, wanted = points.labels[parts.train], points.labels[parts.test]
    n_classes = len(points.names)
    centroids = np.stack([known[taught == k].mean(axis=0) for k in range(n_classes)])
    neighbours = KNeighborsClassifier(min(NEIGHBOURS, len(known))).fit(known, taught)
    guesses = {
        "untrained": respond(asked, untrained, parts.test).winners,
        "raw_linear": _linear(known, taught, asked, n_classes),
        "nearest_centroid": np.linalg.norm(asked[:, None] - centroids, axis=2).argmin(axis=1),
        "chance": np.full(len(wanted), np.bincount(taught).argmax()),
        "fields_linear": _linear(
            _carried(known, untrained.params), taught, _carried(asked, untrained.params), n_classes
        ),
        "nearest_neighbours": neighbours.predict(asked),
    }
    scores = {name: metrics.accuracy(guess, wanted) for name, guess in guesses.items()}
    return Controls(seed_network=seed_accuracy(points), **scores)


def named(untrained: Model, points: Points, parts: Split) -> Model:
    """The same network, its class neurons in the order that suits the training points best."""
    winners = respond(points.points[parts.train], untrained, parts.train).winners
    order = np.argsort(best_naming(winners, points.labels[parts.train], len(points.names)))
    hidden_weights, hidden_bias, weights, bias = untrained.network
    network = Network(hidden_weights, hidden_bias, weights[order], bias[order])
    for part in network:
        part.setflags(write=False)
    return untrained._replace(network=network)


def best_naming(
    winners: NDArray[np.int64], labels: NDArray[np.int64], n_classes: int
) -> NDArray[np.int64]:
    """Which class to call each neuron so that most labels are met, int64 [K]."""
    table = metrics.confusion(winners, labels, n_classes)
    names = permutations(range(n_classes))
    best = max(names, key=lambda naming: sum(table[naming[k], k] for k in range(n_classes)))
    return np.array(best, np.int64)


def _carried(points: NDArray[np.float32], params: ClassifierParams) -> NDArray[np.float32]:
    return code.channels(torch.from_numpy(points), params).numpy()


def _linear(
    known: NDArray[np.float32],
    labels: NDArray[np.int64],
    asked: NDArray[np.float32],
    n_classes: int,
) -> NDArray[np.int64]:
    """Classes by ordinary least squares of one-of-K targets on the columns and 1."""

    def with_one(columns: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.column_stack([columns.astype(np.float64), np.ones(len(columns))])

    weights = np.linalg.lstsq(with_one(known), np.eye(n_classes)[labels], rcond=None)[0]
    return (with_one(asked) @ weights).argmax(axis=1)
