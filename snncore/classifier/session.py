"""The whole experiment: points, learning, map, scores and controls, as a generator of snapshots.

Stopping is not asking for the next snapshot. Labels of test points are used for scores only:
nothing is chosen or stopped by them. Their places are used once more: the unit square is fitted on
all points. The test is scored after passes that the parameters fix, so that equal trainings have
equal curves; the snapshots in between come by the clock and leave no trace.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import metrics, rng
from snncore.classifier import inputs as code
from snncore.classifier.answers import Model, Plane, Response, decision_map, respond
from snncore.classifier.controls import Controls, controls, named
from snncore.classifier.data import Points, Split, make_points, split
from snncore.classifier.decision import decide
from snncore.classifier.local_rule import delta
from snncore.classifier.network import Tensors, init_network, to_network, to_tensors
from snncore.classifier.params import ClassifierParams
from snncore.classifier.surrogate import Adam, gradient

BATCH = 32  # points per step of learning
_CELLS = 1 << 22  # input cells made at one time
_LOOKING = 4.0  # at least so many times as long as a snapshot takes is spent on learning
_SCORED = (4, 24)  # times that the test is scored after the start: least and most
_MAP = 1024  # cells of a snapshot's map, as reckoned with


class Curves(NamedTuple):
    """Learning so far. Training values are means over each pass, with the weights of that time."""

    loss: NDArray[np.float64]  # [E]
    train_accuracy: NDArray[np.float64]  # [E]
    test_epoch: NDArray[np.float64]  # [J] passes after which the test was scored, see `scored_at`
    test_accuracy: NDArray[np.float64]  # [J]; before learning with the neurons named as `untrained`


class DecisionScore(NamedTuple):
    """How the trained network does by one way to decide."""

    decision: str
    train_accuracy: float
    test_accuracy: float
    mean_steps: float  # time of the decision on test points


class Result(NamedTuple):
    """A trained classifier beside its controls; accuracies are fractions."""

    model: Model
    points: Points
    parts: Split
    train: Response
    test: Response
    train_accuracy: float
    test_accuracy: float
    test_error: float  # standard error of test_accuracy, √(p(1−p)/n)
    confusion: NDArray[np.int64]  # [K, K] of the test points: row = true, column = decided
    scores: tuple[DecisionScore, ...]  # by count and by first spike, the same network
    controls: Controls
    untrained: Model  # its neurons named to suit the training points
    curves: Curves
    seconds: float  # of learning, without what the caller did in between


class Snapshot(NamedTuple):
    """Where learning stands."""

    epoch: float  # passes done
    epochs: int
    loss: float  # per point, in the last whole pass; NaN before
    train_accuracy: float  # of the model as it is now
    test_accuracy: float
    plane: Plane  # small decision map
    model: Model
    curves: Curves
    seconds: float
    result: Result | None  # in the last one
    scored: bool  # at one of the passes that the parameters fix


def train(
    params: ClassifierParams,
    points: Points | None = None,
    *,
    device: torch.device | None = None,
    every_s: float = 0.25,
    map_size: int = 32,
) -> Iterator[Snapshot]:
    """Learn, from the untrained network to the result.

    Args:
        params: with `points` they determine the result.
        points: the user's own, for `data` "own" only (`read_points`).
        device: where to compute; the CPU by default.
        every_s: least time between snapshots, 0 for all of them; those at the passes of
            `scored_at` always come, the first of them untrained, the last one with the result.
        map_size: G of the snapshots' maps.

    Raises:
        ValueError: own points missing, or given where the data are generated.
    """
    if (points is None) == (params.data == "own"):
        raise ValueError(
            'own points go with data "own" and only with it; '
            + ("give a file" if points is None else f'set data to "own", got {params.data!r}')
        )
    return _train(params, points or make_points(params), device, every_s, map_size)


def _train(
    params: ClassifierParams,
    points: Points,
    device: torch.device | None,
    every_s: float,
    map_size: int,
) -> Iterator[Snapshot]:
    place = device or torch.device("cpu")
    parts = split(points, params)
    first = init_network(params, len(points.names))
    untrained = named(Model(params, first, points.names, points.bounds), points, parts)
    run = _Learning(params, points, parts, to_tensors(first, place))
    fixed = set(scored_at(params, parts))
    tested: dict[float, float] = {}
    spent, clock, due = 0.0, time.perf_counter(), 0.0

    def look(*, last: bool) -> Snapshot:
        nonlocal spent, clock
        model = untrained
        if run.epoch > 0:
            model = untrained._replace(network=to_network(run.tensors))
        answers = [respond(points.points[i], model, i, device=place) for i in parts]
        right = [
            metrics.accuracy(answer.winners, points.labels[i])
            for answer, i in zip(answers, parts, strict=True)
        ]
        if run.epoch in fixed:
            tested[run.epoch] = right[1]
        plane = decision_map(model, map_size, device=place)
        columns = (run.losses, run.right, list(tested), list(tested.values()))
        curves = Curves(*(np.array(column, np.float64) for column in columns))
        now = time.perf_counter()
        spent, clock = spent + now - clock, now
        result = None
        if last:
            result = _result(params, points, parts, model, untrained, answers, curves, spent)
        return Snapshot(
            run.epoch, params.epochs, run.losses[-1] if run.losses else float("nan"),
            right[0], right[1], plane, model, curves, spent, result, run.epoch in fixed,
        )  # fmt: skip

    for _ in run.pieces():
        if run.epoch == params.epochs > 0:
            break
        now = spent + time.perf_counter() - clock
        if now >= due or run.epoch in fixed:
            snapshot = look(last=False)
            due = spent + (max(every_s, _LOOKING * (spent - now)) if every_s else 0.0)
            yield snapshot
            clock = time.perf_counter()
    yield look(last=True)


def scored_at(params: ClassifierParams, parts: Split) -> list[int]:
    """Passes after which the test is scored: the start, the end, some between, denser at first.

    As many as cost about half of the learning, by the points that a network must answer: a look is
    at all points and a map; learning takes some three times as long for a point as an answer.
    """
    look = len(parts.train) + len(parts.test) + _MAP
    least, most = _SCORED
    n = min(most, max(least, 3 * len(parts.train) * params.epochs // (2 * look)))
    share = np.linspace(0, 1, n + 1) ** 2
    passes: list[int] = np.unique(np.rint(share * params.epochs)).astype(int).tolist()
    return passes


class _Learning:
    """The weights on their way; `pieces` goes on by some batches at a time."""

    def __init__(
        self, params: ClassifierParams, points: Points, parts: Split, tensors: Tensors
    ) -> None:
        self._params, self._train = params, parts.train
        self._place = tensors.w2.device
        self._n_points = len(points.labels)
        known = torch.from_numpy(points.points[parts.train]).to(self._place)
        self._values = code.channels(known, params)
        self._labels = torch.from_numpy(points.labels[parts.train]).to(self._place)
        self.tensors, self.epoch = tensors, 0.0
        self.losses: list[float] = []
        self.right: list[float] = []

    def pieces(self) -> Iterator[None]:
        """Yields before the first step of learning and after every piece."""
        params, n = self._params, len(self._train)
        rule = delta if params.rule == "local" else gradient
        adam = Adam(self.tensors)
        rows = params.n_steps if params.code == "rate" else 1
        piece = max(1, _CELLS // (rows * code.n_channels(params) * BATCH)) * BATCH
        total, done = params.epochs * -(-n // BATCH), 0
        numbered = torch.from_numpy(self._train).to(self._place)
        yield
        for epoch in range(params.epochs):
            order = rng.permutation(params.seed, rng.stream("order", epoch + 1), n)
            loss, right = 0.0, 0
            for start in range(0, n, piece):
                chosen = order[start : start + piece].to(self._place)
                # A pass has spikes of its own: point i is sample i + (pass + 1)·S.
                numbers = numbered[chosen] + (epoch + 1) * self._n_points
                drive = code.drive_of(self._values[chosen], params, numbers)
                labels = self._labels[chosen]
                for b in range(0, len(chosen), BATCH):
                    step = slice(b, b + BATCH)
                    found = rule(drive[:, step], labels[step], self.tensors, params)
                    rate = params.learning_rate * (1 - done / total)
                    if params.rule == "local":
                        moved = (
                            w - rate * c for w, c in zip(self.tensors, found.change, strict=True)
                        )
                        self.tensors = Tensors(*moved)
                    else:
                        self.tensors = adam.step(self.tensors, found.change, rate)
                    loss, right, done = loss + found.loss, right + found.right, done + 1
                self.epoch = epoch + (start + len(chosen)) / n
                if start + len(chosen) == n:
                    self.losses.append(loss / n)
                    self.right.append(right / n)
                yield


def _result(
    params: ClassifierParams,
    points: Points,
    parts: Split,
    model: Model,
    untrained: Model,
    answers: list[Response],
    curves: Curves,
    seconds: float,
) -> Result:
    labels = [points.labels[i] for i in parts]
    scores = []
    for way in ("count", "first"):
        made = [decide(way, params.n_steps, *answer[:4]) for answer in answers]
        known, asked = (metrics.accuracy(m.winners, y) for m, y in zip(made, labels, strict=True))
        scores.append(DecisionScore(way, known, asked, float(made[1].steps.mean())))
    train_accuracy, test_accuracy = (
        metrics.accuracy(a.winners, y) for a, y in zip(answers, labels, strict=True)
    )
    return Result(
        model=model,
        points=points,
        parts=parts,
        train=answers[0],
        test=answers[1],
        train_accuracy=train_accuracy,
        test_accuracy=test_accuracy,
        test_error=float(np.sqrt(test_accuracy * (1 - test_accuracy) / len(labels[1]))),
        confusion=metrics.confusion(answers[1].winners, labels[1], len(points.names)),
        scores=tuple(scores),
        controls=controls(points, parts, untrained),
        untrained=untrained,
        curves=curves,
        seconds=seconds,
    )
