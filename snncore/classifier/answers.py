"""What a network answers: to points, on a grid over the plane, and to one point step by step."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from snncore.classifier import inputs as code
from snncore.classifier.data import Bounds
from snncore.classifier.decision import decide
from snncore.classifier.network import Network, run, run_traced, to_tensors
from snncore.classifier.params import ClassifierParams

_CELLS = 1 << 23  # input cells (steps × points × inputs) at one time: 8 MB of spikes


class Model(NamedTuple):
    """Everything that answers points: the network, and what its inputs and outputs mean."""

    params: ClassifierParams
    network: Network
    names: tuple[str, ...]  # of the class neurons
    bounds: Bounds  # the unit square in the units of the data


class Response(NamedTuple):
    """Answers to points [S] by class neurons [K]."""

    counts: NDArray[np.int32]  # [S, K]
    first: NDArray[np.int32]  # [S, K] step of the first spike, from 0; −1: none
    at_first: NDArray[np.float32]  # [S, K] potential there, before the reset
    potentials: NDArray[np.float32]  # [S, K] after the last step
    winners: NDArray[np.int64]  # [S]
    confidence: NDArray[np.float32]  # [S] in 0..1, see `decide`
    steps: NDArray[np.float32]  # [S] time of the decision


class Plane(NamedTuple):
    """Answers on a grid of G² points, cell centres; row 0 is at y = 0, column 0 at x = 0."""

    counts: NDArray[np.int32]  # [G, G, K]
    first: NDArray[np.int32]  # [G, G, K]
    winners: NDArray[np.int64]  # [G, G]
    confidence: NDArray[np.float32]  # [G, G]


class Raster(NamedTuple):
    """One point, step by step. Potentials are those before the reset; θ = 1."""

    drive: NDArray[np.float32]  # [M] what each input carries: spike probability, or current
    inputs: NDArray[np.bool_]  # [T, M] spikes; [0, M] where the inputs are currents
    hidden: NDArray[np.bool_]  # [T, H]
    spikes: NDArray[np.bool_]  # [T, K]
    potentials: NDArray[np.float32]  # [T, K]
    response: Response  # of this one point, [1, K]


def sample_numbers(first: int, n: int) -> NDArray[np.int64]:
    """Numbers of n points from `first` on."""
    return np.arange(first, first + n, dtype=np.int64)


def respond(
    points: ArrayLike,
    model: Model,
    samples: ArrayLike | None = None,
    *,
    device: torch.device | None = None,
) -> Response:
    """The answers to points of the unit square.

    Args:
        points: [S, 2] in 0..1.
        model: a `Result`'s or a `Snapshot`'s.
        samples: [S], the numbers of the points, on which their random spikes depend: i for point i
            of the data (the default).
        device: where to compute, the CPU by default.

    Raises:
        ValueError: a wrong shape, or points outside the square.
    """
    xy = np.asarray(points, np.float32)
    numbers = sample_numbers(0, len(xy)) if samples is None else np.asarray(samples, np.int64)
    place = device or torch.device("cpu")
    tensors, params = to_tensors(model.network, place), model.params
    rows = params.n_steps if params.code == "rate" else 1
    at_once = max(64, _CELLS // (rows * code.n_channels(params)))
    pieces = []
    for start in range(0, max(1, len(xy)), at_once):
        part = slice(start, start + at_once)
        ids = torch.from_numpy(numbers[part]).to(place)
        drive = code.drive(torch.from_numpy(xy[part]).to(place), params, ids)
        pieces.append([t.cpu().numpy() for t in run(drive, tensors, params)[:4]])
    counts, first, at_first, final = (np.concatenate(p) for p in zip(*pieces, strict=True))
    return _response(params, counts, first, at_first, final)


def _response(
    params: ClassifierParams,
    counts: NDArray[np.int32],
    first: NDArray[np.int32],
    at_first: NDArray[np.float32],
    final: NDArray[np.float32],
) -> Response:
    if counts.shape[1] == 1:  # a single neuron decides nothing: whoever reads it has a threshold
        none = np.zeros(len(counts), np.float32)
        winners = np.zeros(len(counts), np.int64)
        return Response(counts, first, at_first, final, winners, none, none + params.n_steps)
    made = decide(params.decision, params.n_steps, counts, first, at_first, final)
    return Response(counts, first, at_first, final, *made)


def grid(size: int) -> NDArray[np.float32]:
    """Cell centres of a size×size grid over the unit square, [size², 2], rows of equal y."""
    if size < 1:
        raise ValueError(f"size must be >= 1, got {size}")
    axis = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
    y, x = np.meshgrid(axis, axis, indexing="ij")
    return np.stack((x.ravel(), y.ravel()), axis=1)


def decision_map(model: Model, size: int = 64, *, device: torch.device | None = None) -> Plane:
    """The answers over the whole square; cell i (row by row) is sample `inputs.MAP` + i."""
    points = grid(size)
    answer = respond(points, model, sample_numbers(code.MAP, len(points)), device=device)
    return Plane(
        answer.counts.reshape(size, size, -1),
        answer.first.reshape(size, size, -1),
        answer.winners.reshape(size, size),
        answer.confidence.reshape(size, size),
    )


def raster(point: ArrayLike, model: Model, sample: int = code.CLICK) -> Raster:
    """One point (x, y) of the unit square, step by step.

    `sample` is its number: i for point i of the data, `inputs.MAP` + i for cell i of a map, so that
    the same spikes are seen as there.
    """
    xy = np.asarray(point, np.float32)
    if xy.shape != (2,):
        raise ValueError(f"point must be (x, y), got shape {xy.shape}")
    params, place = model.params, torch.from_numpy(xy[None])
    carried = code.channels(place, params)[0].numpy()
    drive = code.drive(place, params, torch.tensor([sample]))
    activity, steps = run_traced(drive, to_tensors(model.network), params)
    counts, first, at_first, final = (t.numpy() for t in activity[:4])
    inputs = drive[:, 0].numpy() if drive.dtype == torch.bool else np.empty((0, len(carried)), bool)
    return Raster(
        carried,
        inputs,
        steps.hidden_spikes[:, 0].numpy() > 0,
        steps.spikes[:, 0].numpy() > 0,
        steps.potentials[:, 0].numpy(),
        _response(params, counts, first, at_first, final),
    )


def cell_of(point: ArrayLike, size: int) -> int:
    """Number of the map's cell in which a point of the unit square lies."""
    x, y = (min(size - 1, max(0, math.floor(float(v) * size))) for v in np.asarray(point))
    return y * size + x
