"""How long it has taken and how long it will: the fraction and the seconds left of a run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")


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
