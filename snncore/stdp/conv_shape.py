"""Shapes of convolutional layers: locations, taps, fields of the grid, memory."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore import kernels
from snncore.stdp.params import DRIVE_CAP, TrainParams

CHANNELS = 2  # maps of a picture: ON and OFF, or the intensities and their complement
PATCHES = 32  # patches of an image that the filters learn from
POOL = 2  # locations of the first layer, in a row, that one cell of the second sees as one
SIDE_2 = 3  # taps in a row of a filter of the second layer
PIECE = 250  # images of one call while counting: it holds the kernels' lock


class Shape(NamedTuple):
    """What a layer of filters looks at: maps of height × width, filters of side × side taps."""

    channels: int
    height: int
    width: int
    side: int

    @property
    def rows(self) -> int:
        """Locations of a filter from top to bottom."""
        return self.height - self.side + 1

    @property
    def columns(self) -> int:
        """Locations of a filter from left to right."""
        return self.width - self.side + 1

    @property
    def taps(self) -> int:
        """Inputs of a filter."""
        return self.channels * self.side**2


def fields(shape: Shape, grid: int) -> NDArray[np.int64]:
    """Which of grid × grid fields each location is in, int64 [L]; sizes differ by one at most."""
    row = np.arange(shape.rows) * grid // shape.rows
    column = np.arange(shape.columns) * grid // shape.columns
    return (row[:, None] * grid + column).ravel().astype(np.int64)


def shapes(params: TrainParams, height: int, width: int) -> tuple[Shape, ...]:
    """What each layer looks at, for images of height × width pixels.

    Raises:
        ValueError: the picture is smaller than a filter, or has fewer locations than the grid.
    """
    first = Shape(CHANNELS, height, width, params.filter_size)
    smallest = min(first.rows, first.columns)
    if smallest < 1:
        raise ValueError(
            f"filter_size must be <= {min(height, width)} for images of {height}×{width} px, "
            f"got {params.filter_size}"
        )
    if params.grid > smallest:
        raise ValueError(
            f"grid must be <= {smallest}, the locations of a {params.filter_size} px filter in "
            f"images of {height}×{width} px, got {params.grid}; take a smaller grid or filter"
        )
    _check_spikes(first, params)
    if params.filters_2 == 0:
        return (first,)
    second = Shape(params.filters, first.rows // POOL, first.columns // POOL, SIDE_2)
    if min(second.rows, second.columns) < params.grid:
        raise ValueError(
            f"a second layer needs at least {params.grid} × {params.grid} locations, got "
            f"{second.rows} × {second.columns}; take a smaller grid or filters_2 = 0"
        )
    _check_spikes(second, for_depth(params, 1))
    return first, second


def _most_spikes(shape: Shape, params: TrainParams) -> int:
    """Input spikes that one picture can have while counting."""
    cells = shape.channels * shape.height * shape.width
    return cells if params.code == "latency" else cells * params.feature_steps


def _check_spikes(shape: Shape, params: TrainParams) -> None:
    """Each spike is handed to K² locations; the kernel numbers these with 32 bits."""
    handed = _most_spikes(shape, params) * shape.side**2
    if handed >= 2**31:
        raise ValueError(
            f"pictures of {shape.height}×{shape.width} px could hand {handed:,} spikes to filters "
            f"of {shape.side} px, and 2,147,483,647 can be numbered: take smaller pictures or "
            "filters, fewer feature_steps, or the latency code"
        )


def _spike_lists(shape: Shape, params: TrainParams) -> int:
    """Bytes that one thread of the kernel needs for a picture's spikes, at the highest drive."""
    most = _most_spikes(shape, params)
    chance = 1.0 if params.code == "latency" else min(1.0, DRIVE_CAP * params.probability)
    return 16 * most + int(8 * most * chance) * shape.side**2


def feature_count(params: TrainParams, height: int, width: int) -> int:
    """How many numbers an image of height × width pixels gives: (filters + filters_2)·grid²."""
    shapes(params, height, width)
    return (params.filters + params.filters_2) * params.grid**2


def memory_bytes(params: TrainParams, n_images: int, height: int, width: int) -> int:
    """Estimate of the peak memory of learning, counting and reading out, in bytes."""
    looks = shapes(params, height, width)
    features = feature_count(params, height, width)
    batch = max(params.batch * PATCHES * look.taps * 12 for look in looks)
    # The second layer learns from the first one's spikes in a whole batch of pictures.
    at_once = max(PIECE, params.batch) if len(looks) == 2 else PIECE
    cells = sum(look.channels * look.height * look.width for look in looks)
    wins = sum(at_once * look.rows * look.columns * params.winners * 4 for look in looks)
    wins += at_once * cells * 4
    lists = (_spike_lists(look, for_depth(params, k)) for k, look in enumerate(looks))
    wins += max(lists) * kernels.thread_count()
    counts = n_images * features * np.dtype(count_type(looks[0], params.grid)).itemsize
    return batch + wins + counts + 12 * features**2 + 64 * 2**20


def count_type(shape: Shape, grid: int) -> type[np.uint8] | type[np.uint16]:
    """Integers that hold the largest number of wins of one filter in one field."""
    largest = -(-shape.rows // grid) * -(-shape.columns // grid)
    return np.uint8 if largest < 256 else np.uint16


def for_depth(params: TrainParams, depth: int) -> TrainParams:
    """The parameters of layer 0 or 1: the second gets spike times, whatever the code."""
    if depth == 0:
        return params
    return replace(params, code="latency", steps=params.feature_steps)
