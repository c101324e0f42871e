"""Where the spike count changes, exactly: the staircase of a neuron under a constant drive.

With v ← β v + I from v = 0, threshold θ and reset to 0, the potential after n steps is
I (1 − βⁿ)/(1 − β). So the neuron fires every n steps, n the least with I ≥ I_n,

    I_n = θ (1 − β)/(1 − βⁿ),   n = ⌈ln(1 − θ(1−β)/I) / ln β⌉,   count = ⌊T/n⌋

and is silent for T steps below I_T. Where nothing is random and no hidden layer is between (codes
"constant" and "raw"), the drive is a function of the point, and the count of a class neuron
changes on the curves I(x, y) = I_n and nowhere else: straight lines for the raw code.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from skimage.measure import find_contours

from snncore.classifier.answers import Model
from snncore.classifier.params import THRESHOLD, ClassifierParams
from snncore.encoding import population

Array = NDArray[np.float64]

_GRID = 129  # points per side of the grid on which curves are looked for
_HALVINGS = 40  # of the distance of two grid points: 1e-14


class Level(NamedTuple):
    """From `drive` on the neuron fires every `period` steps, `spikes` times in T."""

    period: int
    spikes: int
    drive: float


class IsoLine(NamedTuple):
    """A piece of the curve on which a neuron's count becomes `spikes` (towards higher drive)."""

    period: int
    spikes: int
    drive: float
    path: Array  # [P, 2] points of the unit square


def iso_drives(beta: float, periods: int) -> list[float]:
    """I_1 … I_periods."""
    return [THRESHOLD * (1 - beta) / (1 - beta**n) for n in range(1, periods + 1)]


def firing_period(drive: float, beta: float) -> float:
    """Steps between spikes under a constant drive; infinite for a neuron that never fires."""
    if drive >= THRESHOLD:
        return 1.0
    if beta == 0 or drive <= THRESHOLD * (1 - beta):
        return math.inf
    period = math.log(1 - THRESHOLD * (1 - beta) / drive) / math.log(beta)
    return float(math.ceil(period - 1e-9))  # exact at I_n itself too


def levels(beta: float, n_steps: int) -> list[Level]:
    """The drives at which the count of T steps changes, highest first."""
    drives = iso_drives(beta, n_steps)
    changes = [n for n in range(1, n_steps + 1) if n_steps // n != n_steps // (n + 1)]
    if beta == 0:
        changes = [1]  # all the drives are θ: it fires always or never
    return [Level(n, n_steps // n, drives[n - 1]) for n in changes]


def has_lines(params: ClassifierParams) -> bool:
    """Whether the count of a class neuron is a known function of the point."""
    return params.hidden == 0 and params.code != "rate"


def drive_at(points: ArrayLike, model: Model, neuron: int) -> Array:
    """The constant drive I(x, y) of a class neuron at points [S, 2] of the unit square.

    Raises:
        ValueError: the drive is random, or comes from a hidden layer.
    """
    _check(model, neuron)
    xy = np.asarray(points, np.float64)
    return (
        _along(xy[:, 0], model, neuron, 0)
        + _along(xy[:, 1], model, neuron, 1)
        + float(model.network.bias[neuron])
    )


def _check(model: Model, neuron: int) -> None:
    if not has_lines(model.params):
        raise ValueError(
            "lines of equal count are known for the codes constant and raw without hidden "
            f"neurons, got code {model.params.code!r} and {model.params.hidden} hidden neurons"
        )
    if not 0 <= neuron < len(model.names):
        raise ValueError(f"neuron must be in 0..{len(model.names) - 1}, got {neuron}")


def _along(values: Array, model: Model, neuron: int, axis: int) -> Array:
    """The part of the drive that one coordinate gives: the codes treat x and y apart."""
    weights = model.network.weights[neuron].astype(np.float64).reshape(2, -1)[axis]
    if model.params.code == "raw":
        return weights[0] * (2 * values - 1)
    m = model.params.fields
    centres = population.centres(m, torch.device("cpu")).numpy().astype(np.float64)
    distance = (values[:, None] - centres) / population.width(m)
    return np.exp(-0.5 * distance**2) @ weights


def lines(model: Model, neuron: int, most: int | None = None) -> list[IsoLine]:
    """The exact curves of equal count of one class neuron inside the unit square.

    Args:
        most: so many counts at most, spread evenly over those that change inside; None: all.

    Raises:
        ValueError: see `drive_at`.
    """
    _check(model, neuron)
    steps = levels(model.params.beta, model.params.n_steps)
    if model.params.code == "raw":
        found = [(level, _segment(model, neuron, level.drive)) for level in steps]
        crossing = [IsoLine(*level, path) for level, path in found if len(path)]
        return crossing[:: _stride(len(crossing), most)]
    axis = np.linspace(0.0, 1.0, _GRID)
    field = (
        _along(axis, model, neuron, 0)[None, :]
        + _along(axis, model, neuron, 1)[:, None]
        + float(model.network.bias[neuron])
    )
    inside = [level for level in steps if field.min() < level.drive <= field.max()]
    return [
        IsoLine(*level, _refined(path, model, neuron, level.drive))
        for level in inside[:: _stride(len(inside), most)]
        for path in find_contours(field, level.drive)
    ]


def _stride(found: int, most: int | None) -> int:
    return 1 if most is None else max(1, -(-found // most))


def _refined(path: Array, model: Model, neuron: int, drive: float) -> Array:
    """Contour points (row, column), each on an edge of the grid, moved along it onto the curve."""
    low, high = (np.floor(path) / (_GRID - 1), np.ceil(path) / (_GRID - 1))
    below = drive_at(low[:, ::-1], model, neuron) < drive
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        same = ((drive_at(middle[:, ::-1], model, neuron) < drive) == below)[:, None]
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return ((low + high) / 2)[:, ::-1]


def _segment(model: Model, neuron: int, drive: float) -> Array:
    """The two ends of the straight line w·(2p − 1) + b = drive in the square, or none."""
    wx, wy = (2 * float(w) for w in model.network.weights[neuron])
    level = drive - float(model.network.bias[neuron]) + (wx + wy) / 2
    ends: set[tuple[float, float]] = set()
    for edge in (0.0, 1.0):
        if wy != 0 and 0 <= (y := (level - wx * edge) / wy) <= 1:
            ends.add((edge, y))
        if wx != 0 and 0 <= (x := (level - wy * edge) / wx) <= 1:
            ends.add((x, edge))
    return np.array([min(ends), max(ends)] if len(ends) > 1 else []).reshape(-1, 2)
