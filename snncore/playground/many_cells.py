"""Simulate the cells of a two-parameter map, some rows at a time.

A cell's current is what its stimulus says: a waveform, noise with a memory, and white noise whose
strength depends on the cell's membrane. `simulate.many` takes a shared current and one more signal
with a factor per neuron, which costs a fraction of a current of its own for each. So wherever only
one of the two differs between cells (white noise by its strength, or the waveform in proportion to
a parameter), that form is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.playground.setup import Setup
from snncore.simulate import many
from snncore.stimuli import StimulusParams, drive, white_noise

if TYPE_CHECKING:
    from snncore.stimuli import Recording

Array = NDArray[np.float64]
Noise = tuple[NDArray[np.float32], Array]

_WHITE = ("sigma_v", "noise_intensity")
# Rows of LIF neurons at a time: about 20 ms of a short run, never above a second (4 ns a step);
# the other models take longer for one row.
_ROWS, _STEPS_AT_ONCE = 10, 250_000_000


class Cells(NamedTuple):
    """Two parameters, their values, and which settings are possible."""

    x_name: str
    x: Array  # [n]
    y_name: str
    y: Array  # [m]
    valid: NDArray[np.bool_]  # [m, n]


class Found(NamedTuple):
    """Spike statistics of some rows, each [rows, n]; NaN where not possible or too few spikes."""

    counts: Array
    first_ms: Array
    mean_isi_ms: Array
    cv: Array


def count_cells(
    setup: Setup, cells: Cells, recording: Recording | None = None
) -> Iterator[tuple[int, Found]]:
    """(number of the first row, statistics) of one group of rows after the other."""
    setup.stimulus.white_std(setup.membrane, setup.run.dt)  # names what does not go together
    at_once = 1
    if setup.model == "lif":
        fit = _STEPS_AT_ONCE // (setup.run.n_steps * cells.x.size)
        at_once = min(_ROWS, max(1, fit))
    source = _Source(setup, cells, recording)
    for first in range(0, cells.y.size, at_once):
        yield first, _group(source, first, min(first + at_once, cells.y.size))


def _group(source: _Source, first: int, end: int) -> Found:
    """Statistics of rows first..end−1; row by row where they have no common form."""
    cells = source.cells
    row, column = np.nonzero(cells.valid[first:end])
    shape = (end - first, cells.x.size)
    tables = Found(*(np.full(shape, np.nan) for _ in Found._fields))
    if row.size == 0:
        return tables
    signal = source.signal(row + first, column)
    if signal is None:
        parts = [_group(source, k, k + 1) for k in range(first, end)]
        return Found(*(np.concatenate(tables) for tables in zip(*parts, strict=True)))
    for table, values in zip(tables, _simulated(source, signal, row + first, column), strict=True):
        table[row, column] = values
    return tables


def _simulated(
    source: _Source, signal: _Signal, row: NDArray[np.int64], column: NDArray[np.int64]
) -> Found:
    """Statistics of the cells (row, column), [M] each; NaN for those that the model refuses."""
    setup = source.setup
    table = {
        name: values
        for name, values in source.values(row, column).items()
        if name in setup.neuron.specs()
    }
    noise = None if signal.factor is None else (signal.shape, signal.factor)
    try:
        r = many(setup.model, setup.neuron, table, signal.current, setup.run.dt, noise=noise)
    except ValueError:
        if row.size == 1:
            return Found(*(np.full(1, np.nan) for _ in Found._fields))
        # Some cell is beyond the model (a step far above its time constants): halve until found.
        half = row.size // 2
        parts = [
            _simulated(source, signal.part(cut), row[cut], column[cut])
            for cut in (slice(None, half), slice(half, None))
        ]
        return Found(*(np.concatenate(pair) for pair in zip(*parts, strict=True)))
    return Found(r.count.astype(np.float64), r.first_ms, r.mean_isi_ms, r.cv)


class _Signal(NamedTuple):
    """The drive of M cells: current + factor·shape."""

    current: Array  # [T, 1] or [T, M]
    shape: NDArray[np.float32]  # [T]
    factor: Array | None  # [M]; None: nothing to add

    def part(self, cut: slice) -> _Signal:
        """The drive of some of the cells."""
        own = self.current if self.current.shape[1] == 1 else self.current[:, cut]
        return _Signal(own, self.shape, None if self.factor is None else self.factor[cut])


class _Source:
    """Makes the drive of any cells of one map."""

    def __init__(self, setup: Setup, cells: Cells, recording: Recording | None) -> None:
        self.setup, self.cells, self.recording = setup, cells, recording
        self.steps, self.dt = setup.run.n_steps, setup.run.dt
        where = torch.zeros(1, dtype=torch.int64)
        z = white_noise(self.steps, 1, seed=setup.run.seed, samples=where)
        self.z = z[:, 0, 0].numpy()
        self.none = np.zeros(self.steps, dtype=np.float32)

    def values(self, row: NDArray[np.int64], column: NDArray[np.int64]) -> dict[str, Array]:
        """The two parameters of the cells (row, column), [M] each."""
        return {self.cells.x_name: self.cells.x[column], self.cells.y_name: self.cells.y[row]}

    def signal(self, row: NDArray[np.int64], column: NDArray[np.int64]) -> _Signal | None:
        """The drive of the cells; None where several rows have no common form."""
        values = self.values(row, column)
        white = self._white(values)
        moving = {
            name: numbers
            for name, numbers in values.items()
            if name in StimulusParams.specs() and name not in _WHITE and np.ptp(numbers) > 0
        }
        first = {
            name: float(numbers[0])
            for name, numbers in values.items()
            if name in StimulusParams.specs()
        }
        if not moving:
            base = self.wave(first)[:, None]
            return _Signal(base, self.z, white if white.any() else None)
        uniform = bool(np.ptp(white) == 0)
        if len(moving) == 1 and uniform:
            ((name, numbers),) = moving.items()
            low, high = float(numbers.min()), float(numbers.max())
            between = low + 0.37 * (high - low)
            a, b, c = (self.wave({**first, name: v}) for v in (low, high, between))
            if np.abs(a + 0.37 * (b - a) - c).max() <= 1e-12 * (1.0 + np.abs(b).max()):
                current = (a + white[0] * self.z)[:, None]
                unit = (b - a).astype(np.float32)
                return _Signal(current, unit, (numbers - low) / (high - low))
        if row[0] != row[-1]:
            return None
        columns = np.stack(
            [self.wave({name: float(v[m]) for name, v in values.items() if name in first})
             for m in range(row.size)], axis=1,
        )  # fmt: skip
        return _Signal(columns, self.z, white if white.any() else None)

    def wave(self, stimulus: dict[str, float]) -> Array:
        """The current without white noise, [T]; that with a memory is the same in all cells."""
        changes: dict[str, Any] = {**stimulus, **dict.fromkeys(_WHITE, 0.0)}
        smooth = replace(self.setup.stimulus, **changes)
        run = self.setup.run
        current = drive(smooth, None, self.steps, self.dt, seed=run.seed, recording=self.recording)
        return current[:, 0, 0].numpy().astype(np.float64)

    def _white(self, values: dict[str, Array]) -> Array:
        """Standard deviation (nA) of the white noise of each cell, [M]."""
        size = next(iter(values.values())).size
        neuron, stimulus = self.setup.neuron, self.setup.stimulus
        sigma = values.get("sigma_v", np.full(size, stimulus.sigma_v))
        by_intensity = values.get("noise_intensity", np.full(size, stimulus.noise_intensity))
        total = by_intensity / np.sqrt(self.dt)
        membrane = self.setup.membrane
        if membrane is None or not sigma.any():
            return total
        full = {**neuron.to_dict(), **{k: v for k, v in values.items() if k in neuron.specs()}}
        own = self.setup.kind.membrane(_Fields(full)) or membrane
        # `stimuli.voltage_std` of 1 nA, for many membranes.
        reach = own.r_m * np.sqrt(np.tanh(self.dt / (2.0 * np.asarray(own.tau_m))))
        return np.hypot(sigma / reach, total)


class _Fields:
    """A parameter set some of whose fields are arrays."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)
