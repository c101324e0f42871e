"""Running accuracy while a dense layer learns: the winners vote with labels of their own past.

A neuron's label is the class that it won most often lately: each of its wins multiplies what it
remembers by 0.9 and adds 1 to the class of the image, so about its last ten wins count. Each
presentation is judged before its label is remembered (prequential evaluation: Dawid 1984, J. R.
Stat. Soc. A 147:278), in groups of 100. Learning sees none of this. From the second pass on the
labels remembered are of the same images, so the figure is a training figure; the test comes after.
"""

from __future__ import annotations

from copy import copy

import numpy as np
from numpy.typing import NDArray

_GROUP = 100  # presentations judged by the same labels
_MEMORY = 0.9  # what a win leaves of a neuron's older wins
_WINDOW = 2000  # presentations in the confusion matrix
_SCORED = 1000  # presentations in a point of the curve
MAX_POINTS = 400


class Curve:
    """A curve of at most `MAX_POINTS` points; when it is full, every second one goes."""

    def __init__(self) -> None:
        self._points: list[tuple[float, float]] = []
        self._every, self._skipped = 1, 0

    def add(self, x: float, y: float) -> None:
        """One more point; x must not fall."""
        self._skipped += 1
        if self._skipped < self._every and self._points:
            return
        self._skipped = 0
        self._points.append((x, y))
        if len(self._points) == MAX_POINTS:
            self._points = self._points[1::2]
            self._every *= 2

    def extend(self, points: NDArray[np.float32]) -> None:
        """The points [k, 2] of another curve, before one's own."""
        for x, y in points:
            self.add(float(x), float(y))

    def array(self) -> NDArray[np.float32]:
        """float32 [k, 2]."""
        return np.array(self._points, np.float32).reshape(-1, 2)


class RunningVote:
    """See the module's head; independent of how the presentations are cut into calls."""

    def __init__(self, labels: NDArray[np.int64], n_classes: int, n_out: int) -> None:
        self._labels = labels
        self._tallies = np.zeros((n_out, n_classes), np.float32)
        self._waiting: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        self._n_waiting = 0
        self._true = np.empty(0, np.int64)
        self._guessed = np.empty(0, np.int64)

    def see(self, samples: NDArray[np.int64], winners: NDArray[np.int64]) -> None:
        """Who won which image, both int64 [m]; -1 where nobody spiked."""
        self._waiting.append((samples, winners))
        self._n_waiting += len(samples)
        if self._n_waiting < _GROUP:
            return
        shown = np.concatenate([pair[0] for pair in self._waiting])
        won = np.concatenate([pair[1] for pair in self._waiting])
        whole = len(shown) // _GROUP * _GROUP
        for start in range(0, whole, _GROUP):
            part = slice(start, start + _GROUP)
            self._judge(self._labels[shown[part]], won[part])
        self._waiting = [(shown[whole:], won[whole:])]
        self._n_waiting = len(shown) - whole

    def _judge(self, true: NDArray[np.int64], winners: NDArray[np.int64]) -> None:
        known = self._tallies.max(axis=1) > 0
        label_of = np.where(known, self._tallies.argmax(axis=1), -1)
        guessed = np.where(winners >= 0, label_of[winners], -1)
        self._true = np.concatenate([self._true, true])[-_WINDOW:]
        self._guessed = np.concatenate([self._guessed, guessed])[-_WINDOW:]
        heard = winners >= 0
        wins = np.bincount(winners[heard], minlength=len(known))
        self._tallies *= (_MEMORY**wins).astype(np.float32)[:, None]
        np.add.at(self._tallies, (winners[heard], true[heard]), 1.0)

    def copy(self) -> RunningVote:
        """One that goes on from here by itself."""
        twin = copy(self)
        twin._tallies, twin._waiting = self._tallies.copy(), list(self._waiting)
        return twin

    @property
    def judged(self) -> int:
        """How many presentations the accuracy rests on."""
        return len(self._true)

    @property
    def accuracy(self) -> float:
        """Fraction right of the last thousand presentations; NaN before there are any."""
        if len(self._true) == 0:
            return float("nan")
        return float((self._true == self._guessed)[-_SCORED:].mean())

    def confusion(self) -> NDArray[np.int64]:
        """[C, C], row = true, of about the last two thousand; without those that got no answer."""
        n = self._tallies.shape[1]
        told = self._guessed >= 0
        flat = np.bincount(self._true[told] * n + self._guessed[told], minlength=n * n)
        return flat.reshape(n, n)
