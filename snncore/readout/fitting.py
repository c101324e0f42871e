"""Fit a linear readout to spike counts: penalty by validation, then all training samples.

Minimises, over weights W of the standardised features and intercepts b,

    mean over samples of the loss + λ/2·‖W‖²    (see `snncore.readout.passes` for the losses)

λ is per sample, so that it means the same for 1,000 and 60,000 samples. In scikit-learn's terms
C = 1/(λ S) for LinearSVC (squared hinge) and LogisticRegression, alpha = λ S/2 for Ridge.

A sixth of the samples, at most 10,000, is held out at random; penalties are tried from large to
small, each from the answer of the one before, until two in turn are worse than the best. The best
is fitted again on all samples. Labels of the held-out part choose the penalty only; the scaler
sees all training counts, which have no labels.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from snncore import rng
from snncore.counts import CountScaler, plain
from snncore.readout.linear import LinearReadout
from snncore.readout.minimise import Iterate, minimise
from snncore.readout.moments import Moments, Preconditioner
from snncore.readout.passes import KINDS, Evaluation, Passes, curvature

PENALTIES = {
    "ridge": (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001),
    "hinge": (1.0, 0.3, 0.1, 0.03, 0.01, 0.003),
    "logistic": (0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001),
}
HELD_OUT = 10_000  # samples at most that choose the penalty
CLOSED_FORM = 4096  # features up to which ridge regression is solved in closed form
MOST_FEATURES = 8192  # two matrices of features × features in float32: 540 MB
_SAMPLE = 12_288  # rows at most, of the preconditioner
_SMALLEST = 1e-12  # penalty; the largest is its inverse: all that float32 can weigh
_GLANCE = 2048  # rows at most, that tell how curved the loss is
_PREPARED, _CHOSEN = 0.2, 0.85  # progress when these are done; for the progress bar only
_EXPECTED = 12  # passes a penalty takes as a rule; for the progress bar only
_LIMIT = {"validation": 40, "final": 100}  # passes a penalty takes at most
_TOLERANCE = {"validation": 3e-3, "final": 1e-4}  # of the objective


class PathPoint(NamedTuple):
    """One penalty that was tried."""

    penalty: float
    accuracy: float  # of the samples it was fitted on
    validation_accuracy: float


class FitEpoch(NamedTuple):
    """Where a fit stands."""

    phase: str  # "prepare", "validation" or "final"
    penalty: float  # λ; 0 while preparing
    epoch: int  # steps taken at this penalty, each a pass over the samples; from 0
    epochs: int  # at most; it ends as soon as it has converged
    loss: float | None  # mean loss without the penalty; None: only a sign of life
    accuracy: float | None  # of the samples that are fitted
    validation_accuracy: float | None  # of those held out; None unless phase is "validation"
    progress: float  # 0..1 of the whole fit, an estimate that never falls
    path: tuple[PathPoint, ...]  # penalties tried so far
    model: LinearReadout | None = None  # the last item's, for features of `scaler`
    scaler: CountScaler | None = None  # the last item's
    converged: bool = True  # False: `epochs` steps were not enough, the loss was still falling


def fit(
    counts: ArrayLike,
    labels: ArrayLike,
    n_classes: int,
    kind: str = "ridge",
    *,
    penalties: Sequence[float] | None = None,
    root: bool = True,
    scaler: CountScaler | None = None,
    device: torch.device | str | None = None,
    seed: int = 0,
) -> Iterator[FitEpoch]:
    """Fit a readout; yields several times a second, the last item has `model` and `scaler`.

    Args:
        counts: [S, N], S >= 2, whole numbers 0..65535 or float32; they are not copied.
        labels: classes [S] in 0..n_classes-1.
        kind: "ridge", "hinge" or "logistic".
        penalties: λ to choose from, each in 1e-12..1e12; a single one is taken without
            validation. None: `PENALTIES`.
        root: take the square root of the counts (for raw pixels: False). Unused with a `scaler`.
        scaler: fitted before on these counts; None fits one.
        device: where to compute; None is the CPU.
        seed: of the held-out samples.

    Raises:
        ValueError: at the call, what is wrong with the input.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    values, classes = plain(counts), _checked_labels(labels, n_classes)
    if len(values) != len(classes):
        raise ValueError(
            f"counts and labels must be of as many samples, got {len(values)} and {len(classes)}"
        )
    if len(values) < 2:
        raise ValueError(f"the readout needs at least 2 training samples, got {len(values)}")
    if values.shape[1] > MOST_FEATURES:
        raise ValueError(
            f"counts must have at most {MOST_FEATURES} features for a readout, got "
            f"{values.shape[1]}, which need {8 * values.shape[1] ** 2 / 1e9:.1f} GB for their "
            "second moments; choose fewer neurons or filters, or a coarser grid"
        )
    path = sorted({float(p) for p in (PENALTIES[kind] if penalties is None else penalties)})[::-1]
    if not path or not all(_SMALLEST <= p <= 1.0 / _SMALLEST for p in path):
        raise ValueError(
            f"penalties must be in {_SMALLEST:g}..{1.0 / _SMALLEST:g}, at least one, "
            f"got {penalties}"
        )
    if scaler is None:
        scaler = CountScaler.fit(values, root=root)
    values = scaler.checked(values)
    passes = Passes(values, classes, n_classes, scaler, torch.device(device or "cpu"))
    return _Fit(passes, kind, path, scaler).run(*_split(len(values), seed))


def fit_last(
    counts: ArrayLike, labels: ArrayLike, n_classes: int, kind: str = "ridge", **options: Any
) -> FitEpoch:
    """`fit`, driven to its end: the item with `model` and `scaler`."""
    *_, last = fit(counts, labels, n_classes, kind, **options)
    return last


def _checked_labels(labels: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    if n_classes < 1:
        raise ValueError(f"n_classes must be >= 1, got {n_classes}")
    classes = np.asarray(labels)
    if classes.ndim != 1 or classes.dtype.kind not in "bui":
        raise ValueError(
            f"labels must be whole numbers [S], got {classes.dtype} of shape {classes.shape}"
        )
    classes = np.ascontiguousarray(classes, np.int64)
    wrong = classes[(classes < 0) | (classes >= n_classes)]
    if wrong.size:
        raise ValueError(f"labels must be in 0..{n_classes - 1}, got {wrong[0]}")
    return classes


def _split(n_samples: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(fitted, held out) sample numbers, each in ascending order."""
    order = rng.permutation(seed, rng.stream("order"), n_samples).numpy()
    n_held = max(1, min(HELD_OUT, n_samples // 6))
    return np.sort(order[n_held:]), np.sort(order[:n_held])


class _Fit:
    """The state of one fit: what was tried, and how much of it is done."""

    def __init__(
        self, passes: Passes, kind: str, penalties: list[float], scaler: CountScaler
    ) -> None:
        self.passes, self.kind, self.penalties, self.scaler = passes, kind, penalties, scaler
        self.closed = kind == "ridge" and passes.n_features <= CLOSED_FORM
        self.moments = Moments(passes)
        self.path: tuple[PathPoint, ...] = ()
        self._made: tuple[float, float, Preconditioner | None] = (0.0, 0.0, None)

    def run(
        self, part: NDArray[np.int64], held: NDArray[np.int64]
    ) -> Generator[FitEpoch, None, None]:
        """Validation, if there is something to choose, and the final fit."""
        every = np.sort(np.concatenate([part, held]))
        choose = len(self.penalties) > 1
        first = part if choose else every
        if not self.closed:
            first = first[:: -(-len(first) // _SAMPLE)]
        for share in self.moments.add(first):
            yield FitEpoch("prepare", 0.0, 0, 0, None, None, None, _PREPARED * share, self.path)
        weights = torch.zeros(
            self.passes.n_classes, self.passes.n_features + 1, device=self.passes.device
        )
        best = self.penalties[0]
        if choose:
            best, weights = yield from self._choose(part, held, weights)
            if self.closed:
                for share in self.moments.add(held):
                    yield FitEpoch(
                        "prepare", 0.0, 0, 0, None, None, None, _CHOSEN + 0.05 * share, self.path
                    )
        begin = 0.9 if choose else _PREPARED
        weights, last = yield from self._fitted("final", best, weights, every, None, begin, 1.0)
        w = weights.cpu().numpy()
        model = LinearReadout(np.ascontiguousarray(w[:, :-1]), w[:, -1].copy(), best)
        yield last._replace(progress=1.0, model=model, scaler=self.scaler)

    def _choose(
        self, part: NDArray[np.int64], held: NDArray[np.int64], weights: torch.Tensor
    ) -> Generator[FitEpoch, None, tuple[float, torch.Tensor]]:
        """The penalty with the most held-out samples right, the largest of equals; its weights."""
        best, best_weights, best_right, worse = self.penalties[0], weights, -1.0, 0
        width = (_CHOSEN - _PREPARED) / len(self.penalties)
        for index, penalty in enumerate(self.penalties):
            begin = _PREPARED + index * width
            weights, last = yield from self._fitted(
                "validation", penalty, weights, part, held, begin, begin + width
            )
            right, fitted = last.validation_accuracy or 0.0, last.accuracy or 0.0
            self.path = (*self.path, PathPoint(penalty, fitted, right))
            worse += 1
            if right > best_right:
                best, best_weights, best_right, worse = penalty, weights, right, 0
            if worse == 2:
                break
        return best, best_weights

    def _fitted(
        self,
        phase: str,
        penalty: float,
        weights: torch.Tensor,
        rows: NDArray[np.int64],
        held: NDArray[np.int64] | None,
        begin: float,
        end: float,
    ) -> Generator[FitEpoch, None, tuple[torch.Tensor, FitEpoch]]:
        """Fit one penalty on some rows, from `weights`; the answer and its last state."""
        alive = FitEpoch(phase, penalty, 0, _LIMIT[phase], None, None, None, begin, self.path)
        if self.closed:
            steps = self._closed_form(penalty, rows)
        else:
            glance = rows[:: -(-len(rows) // _GLANCE)]
            steps = minimise(
                self.passes, self.kind, rows, weights, penalty,
                lambda at: self._preconditioner(at, glance, penalty),
                tolerance=_TOLERANCE[phase], limit=_LIMIT[phase],
            )  # fmt: skip
        last, epoch = alive, 0
        for item in steps:
            if item is None:
                yield alive
                continue
            weights, right = item.weights, None
            if held is not None:
                right = yield from self._accuracy(weights, held, alive)
            progress = begin + (end - begin) * (1.0 - math.exp(-2.0 * epoch / _EXPECTED))
            last = alive._replace(
                epoch=epoch, loss=item.loss, accuracy=item.accuracy, validation_accuracy=right,
                progress=progress, converged=item.converged,
            )  # fmt: skip
            alive = alive._replace(epoch=epoch, progress=progress)
            yield last
            epoch += 1
        return weights, last

    def _accuracy(
        self, weights: torch.Tensor, rows: NDArray[np.int64], alive: FitEpoch
    ) -> Generator[FitEpoch, None, float]:
        run = self.passes.run(self.kind, weights, rows, back=False)
        while True:
            try:
                next(run)
            except StopIteration as end:
                found: Evaluation = end.value
                return found.accuracy
            yield alive

    def _closed_form(
        self, penalty: float, rows: NDArray[np.int64]
    ) -> Generator[Iterate | None, None, None]:
        weights = self.moments.ridge(penalty)
        yield None
        run = self.passes.run(self.kind, weights, rows, back=False)
        found = yield from run
        yield Iterate(weights, float(found.loss.sum()), found.accuracy, True, True)

    def _preconditioner(
        self, weights: torch.Tensor, rows: NDArray[np.int64], penalty: float
    ) -> Preconditioner:
        """The last one, unless the penalty or the curvature over some rows has changed much."""
        z = torch.addmm(weights[:, -1], self.passes.features(rows), weights[:, :-1].T)
        bend = max(curvature(self.kind, z, self.passes.labels(rows)), 1e-3)
        used, at, made = self._made
        if made is None or at != penalty or not 0.6 < bend / used < 1.6:
            self._made = (0.0, 0.0, None)  # frees the matrix before the next is made
            made = self.moments.preconditioner(bend, penalty)
            self._made = (bend, penalty, made)
        return made
