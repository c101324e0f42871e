"""Points in the plane with their classes: blobs, moons, circles, spirals, and how they are split.

Blobs, moons and circles are scikit-learn's, with its own numbering of draws, so that
`make_blobs(200, centers=2, random_state=42)` is what everybody knows by that name. Spirals are
Archimedean, r = r₀ + K·c·u, φ = 2π(c·u + k/K) for u uniform in 0..1 on arm k of K: along any ray
neighbouring arms are 1 apart, and `noise` is the standard deviation of x and of y in that unit.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn import datasets

from snncore import rng
from snncore.classifier.params import ClassifierParams

Array = NDArray[np.float64]

MARGIN = 0.05  # of the range of the points, left free on each side of the square
CIRCLES_FACTOR = 0.5  # radius of the inner circle, the outer one's is 1
SPIRAL_START = 0.5  # r₀
SPIRAL_TURNS = 1.25  # c, turns of an arm


class Bounds(NamedTuple):
    """The unit square in the units of the data: its left, right, lower and upper edge."""

    x0: float
    x1: float
    y0: float
    y1: float

    def to_unit(self, data: NDArray[np.floating]) -> NDArray[np.float32]:
        """Points [S, 2] of the data in the unit square."""
        low, size = np.array([self.x0, self.y0]), np.array([self.x1 - self.x0, self.y1 - self.y0])
        return ((np.asarray(data, np.float64) - low) / size).astype(np.float32)

    def to_data(self, points: NDArray[np.floating]) -> Array:
        """The inverse of `to_unit`."""
        low, size = np.array([self.x0, self.y0]), np.array([self.x1 - self.x0, self.y1 - self.y0])
        return low + np.asarray(points, np.float64) * size


class Points(NamedTuple):
    """Points and classes; point i is sample number i, wherever it goes."""

    points: NDArray[np.float32]  # [S, 2] in the unit square
    labels: NDArray[np.int64]  # [S] in 0..K-1
    names: tuple[str, ...]  # of the K classes
    bounds: Bounds


class Split(NamedTuple):
    """Indices of the points to learn from and to test, both rising."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]


def fit_square(data: Array, labels: NDArray[np.int64], names: tuple[str, ...]) -> Points:
    """Points [S, 2] in any unit, scaled to the unit square with a margin, each axis for itself.

    Fitted on the places of all points, before any of them are kept for a test; labels play no part.
    """
    low, high = data.min(axis=0), data.max(axis=0)
    margin = MARGIN / (1 - 2 * MARGIN) * (high - low)
    x0, y0 = (float(v) for v in low - margin)
    x1, y1 = (float(v) for v in high + margin)
    bounds = Bounds(x0, x1, y0, y1)
    return Points(bounds.to_unit(data), labels.astype(np.int64), names, bounds)


def make_points(params: ClassifierParams) -> Points:
    """The generated points of `params`, the same for the same seed.

    Raises:
        ValueError: `data` is "own": those points come from a file.
    """
    n, noise, seed = params.n_points, params.noise, params.seed
    if params.data == "blobs":
        data, labels = datasets.make_blobs(
            n, centers=params.n_classes, cluster_std=noise, random_state=seed
        )
    elif params.data == "moons":
        data, labels = datasets.make_moons(n, noise=noise, random_state=seed)
    elif params.data == "circles":
        data, labels = datasets.make_circles(
            n, noise=noise, factor=CIRCLES_FACTOR, random_state=seed
        )
    elif params.data == "spirals":
        data, labels = _spirals(n, params.n_classes, noise, seed)
    else:
        raise ValueError('data "own" needs points of your own; give a file, or choose other data')
    return fit_square(data, labels, tuple(f"class {k + 1}" for k in range(params.n_classes)))


def _spirals(n: int, arms: int, noise: float, seed: int) -> tuple[Array, NDArray[np.int64]]:
    words = rng.draws(seed, rng.stream("points"), torch.arange(n), 3, 1)[0]
    labels = np.arange(n, dtype=np.int64) % arms
    turns = SPIRAL_TURNS * rng.uniform(words[:, 0]).numpy().astype(np.float64)
    radius = SPIRAL_START + arms * turns
    angle = 2 * math.pi * (turns + labels / arms)
    data = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return data + noise * rng.normal(words[:, 1:]).numpy(), labels


def split(points: Points, params: ClassifierParams) -> Split:
    """A random share of every class to test; at least one point of each stays to learn from."""
    order = rng.permutation(params.seed, rng.stream("order"), len(points.labels)).numpy()
    test = np.zeros(len(points.labels), np.bool_)
    for k in range(len(points.names)):
        members = order[points.labels[order] == k]
        test[members[: min(len(members) - 1, math.ceil(params.test_share * len(members)))]] = True
    return Split(np.flatnonzero(~test), np.flatnonzero(test))
