"""A current of the user's own: times and values, from a file or from arrays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from snncore.datasets.csv_text import LARGEST
from snncore.stimuli.csv_file import read_csv

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Recording:
    """A current over time; equal and hashed by its numbers (`digest`), whatever its name.

    Between rows the previous value holds, as an amplifier's output does; the last value holds as
    long as the one before it, so rows in equal distances all last the same. Outside the recording
    the current is 0. Steps of a run take the value at their middle.

    Args:
        name: for people, e.g. the file's name.
        t: float [K] ms, rising, K >= 2.
        current: float [K] nA.
        units: what the file was understood to be in, for people.

    Raises:
        ValueError: the shapes differ or hold fewer than two rows, a number is not finite or huge,
            or the time does not rise.
    """

    name: str
    t: Array
    current: Array
    units: str = "ms, nA"
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        t, current = (np.asarray(part, dtype=np.float64) for part in (self.t, self.current))
        if t.ndim != 1 or t.shape != current.shape or t.size < 2:
            raise ValueError(
                f"t and current must be [K] with at least two rows, got {t.shape} and "
                f"{current.shape}"
            )
        numbers = np.stack([t, current])
        if not (np.abs(numbers) <= LARGEST).all():
            raise ValueError(f"t and current must be finite and within ±{LARGEST:g} everywhere")
        if not (np.diff(t) > 0).all():
            raise ValueError("t must rise from row to row; sort the rows by time")
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

    @property
    def summary(self) -> str:
        """One sentence for the page: how it was understood."""
        return (
            f"{self.name}: {self.t.size:,} rows, {self.t[0]:.6g} to {self.end:.6g} ms, "
            f"{self.current.min():.4g} to {self.current.max():.4g} nA (read as {self.units})"
        )

    def at(self, times: Array) -> Array:
        """The current (nA) at `times` (ms, any shape)."""
        row = np.searchsorted(self.t, times, side="right") - 1
        inside = (row >= 0) & (times < self.end)
        return np.where(inside, self.current[np.maximum(row, 0)], 0.0)

    @classmethod
    def from_csv(
        cls, data: bytes, name: str, time_unit: str = "ms", current_unit: str = "nA"
    ) -> Self:
        """A recording from the bytes of a text file (`csv_file` says what such a file may be).

        Args:
            data: the file's content, at most 32 MB and a million lines.
            name: of the file, for people.
            time_unit: "s", "ms" or "µs"; the file's own header goes before it.
            current_unit: "A", "mA", "µA", "nA" or "pA"; likewise.

        Raises:
            ValueError: what is wrong, in which line, and what to do about it.
        """
        table = read_csv(data, time_unit, current_unit)
        return cls(name, table.t, table.current, f"{table.time_unit}, {table.current_unit}")
