"""Points in the plane, classified by counting spikes.

A point (x, y) of the unit square drives four channels, x, 1 − x, y and 1 − y (ON and OFF), each
carried by `copies` input neurons. One leaky integrate-and-fire neuron per class adds them up,

    v ← β v + Σ_f w_f a_f,   spike when v ≥ θ, then v ← 0

and the class whose neuron fires most often in T steps wins; equal counts are decided by the higher
final potential. The weights are learnt with the delta rule on spike counts (Widrow & Hoff 1960):
a neuron that fired too rarely strengthens the channels that were active, one that fired too often
weakens them. Random weights, from which they start, are the control.

For a constant drive I the count is known exactly (a staircase): a spike every
n = ⌈ln(1 − θ(1−β)/I) / ln β⌉ steps, so the lines of equal count are w·a = θ(1−β)/(1−βⁿ).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import permutations
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import encoding, metrics, rng
from snncore.kernels.blobs import integrate
from snncore.params import Params, choice, integer, number

Tensor = torch.Tensor

THRESHOLD = 1.0
CHANNELS = ("x", "1−x", "y", "1−y")
RADIUS = 0.27  # of the circle on which the centres of the classes lie
_HIGH, _LOW = 0.4, 0.1  # spikes per step wanted from the right and from the wrong neurons
_RATE_OF_LEARNING = 1.5
_TRIES = 16  # draws of a point until it lies inside the square
_FIXED = 1 << 12  # channel activity in whole units of 1/4096: sums are exact in any order
# The first sample number of each set of points: their input spikes never coincide.
_FIRST = {"train": 0, "test": 1 << 30, "map": 1 << 31}


@dataclass(frozen=True)
class BlobParams(Params):
    """The task, its encoding into spikes, and the neurons."""

    n_classes: int = integer(3, 2, 4, "Number of clouds of points.", label="Classes")
    n_points: int = integer(
        200, 20, 2000, "Points to learn from; as many again to test.", step=20, label="Points"
    )
    spread: float = number(0.09, 0.01, 0.2, "Standard deviation of each cloud.", step=0.01)
    encoder: str = choice(
        "rate",
        ("rate", "constant"),
        "Random spikes, or their mean as a constant current.",
        label="Input",
    )
    n_steps: int = integer(
        50, 5, 200, "Time that the neurons have.", unit="steps", step=5, label="Time"
    )
    copies: int = integer(
        4, 1, 8, "Input neurons per channel: more of them, less noise.", label="Input copies"
    )
    beta: float = number(
        0.8, 0.0, 0.99, "Share of the potential kept per step.", step=0.01, label="Leak β"
    )
    epochs: int = integer(
        40, 0, 200, "Passes over the training points.", step=5, label="Learning passes"
    )
    seed: int = integer(0, 0, 2**31 - 1, "Number that fixes points, weights and spikes.")


class Blobs(NamedTuple):
    """Points float32 [S, 2] in the unit square and their classes int64 [S]."""

    train_points: NDArray[np.float32]
    train_labels: NDArray[np.int64]
    test_points: NDArray[np.float32]
    test_labels: NDArray[np.int64]
    centres: NDArray[np.float32]  # [K, 2]


class Response(NamedTuple):
    """What the class neurons did: spike counts and final potentials [S, K], winners [S]."""

    counts: NDArray[np.int64]
    potentials: NDArray[np.float32]
    winners: NDArray[np.int64]


class BlobResult(NamedTuple):
    """A trained classifier beside its controls; accuracies are fractions of the points."""

    blobs: Blobs
    weights: NDArray[np.float32]  # [K, 4], channels as in CHANNELS
    train_accuracy: float
    test_accuracy: float
    control_accuracy: float  # test points, random weights, neurons named in the best way
    nearest_centre_accuracy: float  # test points, knowing the true centres: about the best possible
    chance: float  # share of the largest class among the test points
    train: Response
    test: Response


def make_blobs(params: BlobParams) -> Blobs:
    """Normal clouds around centres on a circle, turned by a random angle; classes in turn.

    A point outside the square is drawn again.
    """
    total = 2 * params.n_points
    words = rng.draws(params.seed, rng.stream("points"), torch.arange(total + 1), 2 * _TRIES, 1)[0]
    turn = float(rng.uniform(words[-1, :1])) * 2 * math.pi
    angles = turn + 2 * math.pi * np.arange(params.n_classes) / params.n_classes
    centres = 0.5 + RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    labels = np.arange(total, dtype=np.int64) // 2 % params.n_classes
    steps = rng.normal(words[:-1]).numpy().reshape(total, _TRIES, 2).astype(np.float64)
    tries = centres[labels][:, None, :] + params.spread * steps
    inside = ((tries >= 0) & (tries <= 1)).all(axis=2)
    first = inside.argmax(axis=1)  # 0 where every try failed: that one is moved to the edge
    points = np.clip(tries[np.arange(total), first], 0.0, 1.0).astype(np.float32)
    return Blobs(points[0::2], labels[0::2], points[1::2], labels[1::2], centres.astype(np.float32))


def channels(points: Tensor) -> Tensor:
    """(x, 1 − x, y, 1 − y) of points [S, 2] in the unit square: float32 [S, 4]."""
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"points must be [S, 2], got shape {tuple(points.shape)}")
    x, y = points[:, 0], points[:, 1]
    return torch.stack((x, 1 - x, y, 1 - y), dim=1)


def _activity(points: Tensor, params: BlobParams, first: int) -> Tensor:
    """Input per step and channel: float32 [T, S, 4] in 0..1, or [1, S, 4] when constant."""
    values = channels(points)
    if params.encoder == "constant":
        return values[None]
    samples = torch.arange(first, first + len(points), device=points.device)
    spikes = encoding.rate_encode(
        values.repeat_interleave(params.copies, dim=1),
        n_steps=params.n_steps,
        seed=params.seed,
        samples=samples,
    )
    grouped = spikes.view(params.n_steps, len(points), 4, params.copies)
    activity = grouped.sum(dim=3, dtype=torch.int32).to(torch.float32) / params.copies
    # In memory [T, 4, S], as the fused loop reads it in every pass.
    return activity.transpose(1, 2).contiguous().transpose(1, 2)


def _integrate(activity: Tensor, weights: Tensor, params: BlobParams) -> tuple[Tensor, Tensor]:
    """Spike counts int64 [S, K] and final potentials [S, K] of the class neurons."""
    if activity.device.type != "cpu":
        return _integrate_torch(activity, weights, params)
    counts = np.zeros((len(weights), activity.shape[1]), np.int32)
    potentials = np.zeros(counts.shape, np.float32)
    integrate(
        activity.transpose(1, 2).contiguous().numpy(),
        weights.contiguous().numpy(),
        *(np.float32(value) for value in (params.beta, THRESHOLD)),
        params.n_steps,
        counts,
        potentials,
    )
    return torch.from_numpy(counts).T.to(torch.int64), torch.from_numpy(potentials).T


def _integrate_torch(
    activity: Tensor, weights: Tensor, params: BlobParams
) -> tuple[Tensor, Tensor]:
    """The definition, on any device; products in a fixed order: the same in any batch."""
    drive = activity[:, :, :1] * weights[:, 0]
    for f in range(1, 4):
        drive = drive + activity[:, :, f : f + 1] * weights[:, f]
    potential = torch.zeros_like(drive[0])
    counts = torch.zeros(drive.shape[1:], dtype=torch.int64, device=drive.device)
    for t in range(params.n_steps):
        potential = params.beta * potential + drive[t if len(drive) > 1 else 0]
        fired = potential >= THRESHOLD
        counts = counts + fired
        potential = torch.where(fired, torch.zeros_like(potential), potential)
    return counts, potential


def _winners(counts: Tensor, potentials: Tensor) -> Tensor:
    best = counts == counts.amax(dim=1, keepdim=True)
    lowest = torch.full_like(potentials, -math.inf)
    return torch.where(best, potentials, lowest).argmax(dim=1)


def _response(activity: Tensor, weights: Tensor, params: BlobParams) -> Response:
    counts, potentials = _integrate(activity, weights, params)
    parts = (counts, potentials, _winners(counts, potentials))
    return Response(*(part.cpu().numpy() for part in parts))


def respond(
    points: Tensor, weights: Tensor, params: BlobParams, *, first_sample: int = 0
) -> Response:
    """Counts, potentials and winners for points [S, 2] in the unit square, on their device.

    Args:
        points: float32 [S, 2].
        weights: float32 [K, 4].
        params: encoder, steps, leak, seed.
        first_sample: number of the first point; point i is encoded as sample first_sample + i.

    Raises:
        ValueError: a shape is wrong or a point lies outside the square.
    """
    if weights.ndim != 2 or weights.shape[1] != 4:
        raise ValueError(f"weights must be [K, 4], got shape {tuple(weights.shape)}")
    if not bool(((points >= 0) & (points <= 1)).all()):
        raise ValueError("points must be in 0..1 everywhere, got values outside or NaN")
    activity = _activity(points.to(torch.float32), params, first_sample)
    return _response(activity, weights.to(activity), params)


def random_weights(params: BlobParams) -> Tensor:
    """The weights before learning, uniform in 0..0.5, from the seed: float32 [K, 4]."""
    words = rng.draws(params.seed, rng.stream("weights"), torch.arange(params.n_classes), 4, 1)
    return 0.5 * rng.uniform(words[0])


def learn(activity: Tensor, labels: Tensor, weights: Tensor, params: BlobParams) -> Tensor:
    """Weights [K, 4] after `epochs` passes of the delta rule over the training points."""
    mean = (activity.mean(dim=0) * _FIXED).round().to(torch.int64)  # [S, 4]
    high, low = round(_HIGH * params.n_steps), round(_LOW * params.n_steps)
    wanted = torch.full((len(labels), len(weights)), low, dtype=torch.int64, device=labels.device)
    wanted.scatter_(1, labels[:, None], high)
    scale = _RATE_OF_LEARNING / (len(labels) * params.n_steps * _FIXED)
    for _ in range(params.epochs):
        error = wanted - _integrate(activity, weights, params)[0]
        change = torch.stack([(error[:, k : k + 1] * mean).sum(dim=0) for k in range(len(weights))])
        weights = weights + scale * change.to(torch.float32)
    return weights


def _best_naming(response: Response, labels: NDArray[np.int64], n_classes: int) -> tuple[int, ...]:
    """Which class to call each neuron so that most labels are met."""
    table = metrics.confusion(response.winners, labels, n_classes)
    names = permutations(range(n_classes))
    return max(names, key=lambda naming: sum(table[naming[k], k] for k in range(n_classes)))


def classify(params: BlobParams, device: torch.device | None = None) -> BlobResult:
    """Draw the points, learn the weights, and judge them against their controls."""
    device = device or torch.device("cpu")
    blobs = make_blobs(params)
    train_in = _activity(torch.from_numpy(blobs.train_points).to(device), params, _FIRST["train"])
    test_in = _activity(torch.from_numpy(blobs.test_points).to(device), params, _FIRST["test"])
    untrained = random_weights(params).to(device)
    labels = torch.from_numpy(blobs.train_labels).to(device)
    weights = learn(train_in, labels, untrained, params)
    train, test = (_response(a, weights, params) for a in (train_in, test_in))
    naming = np.array(
        _best_naming(_response(train_in, untrained, params), blobs.train_labels, params.n_classes)
    )
    control = naming[_response(test_in, untrained, params).winners]
    distance = np.linalg.norm(blobs.test_points[:, None] - blobs.centres[None], axis=2)
    return BlobResult(
        blobs=blobs,
        weights=weights.cpu().numpy(),
        train_accuracy=metrics.accuracy(train.winners, blobs.train_labels),
        test_accuracy=metrics.accuracy(test.winners, blobs.test_labels),
        control_accuracy=metrics.accuracy(control, blobs.test_labels),
        nearest_centre_accuracy=metrics.accuracy(distance.argmin(axis=1), blobs.test_labels),
        chance=float(np.bincount(blobs.test_labels).max() / len(blobs.test_labels)),
        train=train,
        test=test,
    )


def decision_map(weights: NDArray[np.float32], params: BlobParams, size: int = 64) -> Response:
    """The response on a grid of `size`² points, cell centres, row 0 at y = 0: arrays [size², …]."""
    axis = (torch.arange(size, dtype=torch.float32) + 0.5) / size
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    points = torch.stack((x.reshape(-1), y.reshape(-1)), dim=1)
    return respond(points, torch.from_numpy(weights), params, first_sample=_FIRST["map"])


def firing_period(drive: float, beta: float, threshold: float = THRESHOLD) -> float:
    """Steps between spikes under a constant drive, n = ⌈ln(1 − θ(1−β)/I) / ln β⌉; inf if silent."""
    if drive >= threshold:
        return 1.0
    if beta == 0 or drive <= threshold * (1 - beta):
        return math.inf
    period = math.log(1 - threshold * (1 - beta) / drive) / math.log(beta)
    return float(math.ceil(period - 1e-9))  # exact at the boundaries of `iso_drives` too


def iso_drives(beta: float, periods: int, threshold: float = THRESHOLD) -> list[float]:
    """The least drive that fires every n steps, θ(1−β)/(1−βⁿ), for n = 1..periods."""
    return [threshold * (1 - beta) / (1 - beta**n) for n in range(1, periods + 1)]


class IsoLine(NamedTuple):
    """Where a class neuron begins to fire every `period` steps: a segment in the unit square."""

    period: int
    spikes: int  # in the T steps, from this line on
    x0: float
    y0: float
    x1: float
    y1: float


def iso_lines(
    weights: NDArray[np.float32], params: BlobParams, neuron: int, periods: int = 8
) -> list[IsoLine]:
    """The exact lines w·a = I_n of one neuron under constant drive, clipped to the square."""
    w = [float(v) for v in weights[neuron]]
    slope_x, slope_y, offset = w[0] - w[1], w[2] - w[3], w[1] + w[3]
    lines = []
    drives = iso_drives(params.beta, min(periods, params.n_steps))
    for period, drive in enumerate(drives, start=1):
        level = drive - offset  # slope_x·x + slope_y·y = level
        ends: set[tuple[float, float]] = set()
        for edge in (0.0, 1.0):
            if slope_y != 0 and 0 <= (y := (level - slope_x * edge) / slope_y) <= 1:
                ends.add((edge, y))
            if slope_x != 0 and 0 <= (x := (level - slope_y * edge) / slope_x) <= 1:
                ends.add((x, edge))
        if len(ends) >= 2:
            first, last = min(ends), max(ends)
            lines.append(IsoLine(period, params.n_steps // period, *first, *last))
    return lines
