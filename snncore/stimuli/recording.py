"""A current of the user's own: times and values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Recording:
    """A current over time; equal and hashed by its numbers.

    A value holds until the next row, the last one as long as the one before it; outside the
    recording the current is 0.
    """

    name: str
    t: Array  # [K] ms, rising
    current: Array  # [K] nA
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        numbers = np.ascontiguousarray(np.stack([self.t, self.current]), dtype=np.float64)
        numbers.setflags(write=False)
        object.__setattr__(self, "t", numbers[0])
        object.__setattr__(self, "current", numbers[1])
        object.__setattr__(self, "digest", hashlib.sha256(numbers.tobytes()).hexdigest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recording) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def end(self) -> float:
        """When the last value ends, in ms."""
        return float(2.0 * self.t[-1] - self.t[-2])

    def at(self, times: Array) -> Array:
        """The current (nA) at `times` (ms, any shape)."""
        row = np.searchsorted(self.t, times, side="right") - 1
        inside = (row >= 0) & (times < self.end)
        return np.where(inside, self.current[np.maximum(row, 0)], 0.0)
