"""How long it has taken and how long it will: the fraction and the seconds left of a run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TypeVar

from snncore.experiment.data import Data
from snncore.stdp import TrainParams
from snncore.stdp.train import feature_count

T = TypeVar("T")
_FLOPS = 2e10  # float operations a second that a readout is guessed to reach


def guess(data: Data, params: TrainParams, controls: bool) -> dict[str, float]:
    """Seconds of each phase before anything is known."""
    n, (height, width) = len(data.train_images), data.train_images.shape[1:]
    features = feature_count(params, height, width)
    passes = features if params.readout == "ridge" else 200 * len(data.class_names)
    read = 0.2 + 2.0 * n * features * passes / _FLOPS
    own = {"watching": 0.5, "learning": 2.0, "counting": 2.0, "readout": read}
    pixel_read = read * min(1.0, height * width / features)
    control = {"c_learning": 2.0, "c_counting": 2.0, "c_readout": read, "pixels": pixel_read}
    return {**own, **(control if controls else dict.fromkeys(control, 0.0))}


class Pace:
    """Images a second, without what came before the first report: it may have waited."""

    def __init__(self, before: int) -> None:
        self._before, self._first = before, (before, 0.0)

    def now(self, seen: int, seconds: float) -> float:
        """After `seen` images and `seconds` of work."""
        images, spent = seen - self._first[0], seconds - self._first[1]
        if self._first[0] == self._before:
            self._first = (seen, seconds)
        return images / max(spent, 1e-9)


class Clock:
    """Seconds of work done and expected in each phase.

    Expectations start as guesses and are replaced by what was measured as soon as it is. Only
    time inside `timed` counts: a caller that is slow to ask for the next report costs nothing.
    """

    def __init__(self, expected: dict[str, float]) -> None:
        self.expected = dict(expected)  # phase → seconds left in it
        self.spent = {phase: 0.0 for phase in expected}
        self._fraction = 0.0

    def timed(self, phase: str, items: Iterator[T]) -> Iterator[T]:
        """`items`, their making counted as work of `phase`."""
        while True:
            began = time.perf_counter()
            try:
                item = next(items)
            except StopIteration:
                return
            finally:
                self.spent[phase] += time.perf_counter() - began
            yield item

    def left(self) -> float:
        """Seconds expected until the end."""
        return sum(self.expected.values())

    def fraction(self) -> float:
        """Work done of all work, 0..1; never falls, even if more turns out to be left."""
        done = sum(self.spent.values())
        now = done / max(done + self.left(), 1e-9)
        self._fraction = max(self._fraction, min(now, 1.0))
        return self._fraction
