"""The network that this one grew out of, faithfully: one neuron, random weights, no learning.

A well-known demonstration feeds (x, y) of two clouds as a constant current w·(x, y) into one leaky
neuron, v ← 0.8 v + I, θ = 1, reset to 0, ten steps, with w drawn by numpy from seed 42, and calls
the spike count a classification. Its input is not scaled and its weights have not learnt, so whole
regions of one class share the counts of the other: no threshold on the count separates them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from snncore.classifier.answers import Model, respond
from snncore.classifier.data import Points
from snncore.classifier.network import Network
from snncore.classifier.params import ClassifierParams

# numpy.random.RandomState(42).uniform(-1, 1, 2)
WEIGHTS = (-0.250919762305275, 0.9014286128198323)


def seed_model(points: Points) -> Model:
    """That network over the square of `points`: one neuron, raw code, the data's own units.

    The raw inputs are 2u − 1 of the square; a change of weights and bias undoes that exactly.
    """
    x0, x1, y0, y1 = points.bounds
    reach = np.array([(x1 - x0) / 2, (y1 - y0) / 2])
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    w = np.array(WEIGHTS)
    network = Network(
        np.empty((0, 2), np.float32),
        np.empty(0, np.float32),
        (w * reach).astype(np.float32)[None],
        np.array([w @ middle], np.float32),
    )
    params = ClassifierParams(code="raw", n_steps=10, beta=0.8, hidden=0, epochs=0)
    return Model(params, network, ("the neuron",), points.bounds)


def seed_accuracy(points: Points) -> float:
    """The best that its spike count can do on these very points.

    Two classes: over all thresholds on the count and both namings. More: each count is called the
    class that is most frequent there, which no rule on the count can better.
    """
    counts = respond(points.points, seed_model(points)).counts[:, 0]
    if len(points.names) > 2:
        right = sum(np.bincount(points.labels[counts == n]).max() for n in np.unique(counts))
        return float(right / len(counts))
    return best_threshold(counts, points.labels)


def best_threshold(counts: NDArray[np.integer], labels: NDArray[np.int64]) -> float:
    """Accuracy of the best rule "class 1 where count >= c", or its opposite; labels 0 and 1."""
    right = [float(np.mean((counts >= c) == (labels == 1))) for c in range(int(counts.max()) + 2)]
    return max(max(right), 1 - min(right))
