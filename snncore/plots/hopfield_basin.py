"""Basins of attraction and phase diagrams: what is recalled over two parameters, with borders."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from snncore.plots.heat import heat_map
from snncore.plots.vega import Array, Chart

_MOST_COLUMNS = 256


def share_map(
    x: Array,
    y: Array,
    share: NDArray[np.floating],
    titles: tuple[str, str, str],
    *,
    lines: Mapping[str, tuple[Array, Array]] | None = None,
    here: tuple[float, float] | None = None,
    dark: bool = False,
    height: int = 540,
) -> Chart:
    """A share or an overlap, 0 to 1, over two parameters; cells not computed yet are grey.

    Args:
        x, y: middles of the cells, ascending; the rows evenly spaced.
        share: [len(y), len(x)], NaN where unknown.
        lines: borders in the plane, at most three.
        here: the page's own setting; left out where it lies outside.

    The colours always mean 0 to 1, so that a map which is still filling keeps them.
    """
    if here is not None and not (_within(here[0], x) and _within(here[1], y)):
        here = None
    across, cells = evenly(x, share)
    return heat_map(
        across, y, cells, titles, lines=dict(lines or {}), here=here, limits=(0.0, 1.0), dark=dark,
        height=height,
    )  # fmt: skip


def border(x: Array, y: Array, share: NDArray[np.floating], level: float = 0.5) -> Array:
    """For each column the largest y up to which `share` stays at or above `level` [len(x)].

    Linear between the cells; NaN where a column starts below the level or is unknown there, and
    at its last y where it never falls below.
    """
    found = np.full(len(x), np.nan)
    for k in range(len(x)):
        known = np.flatnonzero(np.isfinite(share[:, k]))
        if not known.size or share[known[0], k] < level:
            continue
        below = known[share[known, k] < level]
        if not below.size:
            found[k] = y[known[-1]]
            continue
        high = int(below[0])
        low = int(known[known < high][-1])
        a, b = float(share[low, k]), float(share[high, k])
        found[k] = y[low] + (a - level) / (a - b) * (y[high] - y[low])
    return found


def _within(value: float, axis: Array) -> bool:
    half = 0.5 * (axis[1] - axis[0]) if len(axis) > 1 else 0.5
    return bool(axis[0] - half <= value <= axis[-1] + half)


def filled(share: NDArray[np.floating]) -> NDArray[np.float64]:
    """A map computed coarse to fine, its open cells like the nearest known ones."""
    known = np.isfinite(share)
    if known.all() or not known.any():
        return np.asarray(share, dtype=np.float64)
    every = np.argwhere(np.ones(share.shape, dtype=np.bool_))
    where = np.argwhere(known)
    nearest = np.asarray(cKDTree(where).query(every)[1], dtype=np.int64)
    return np.asarray(share, dtype=np.float64)[known][nearest].reshape(share.shape)


def evenly(x: Array, share: NDArray[np.floating]) -> tuple[Array, NDArray[np.float64]]:
    """Columns at uneven places x, ascending, as evenly spaced ones: each like the nearest.

    Loads are whole numbers of pictures, so the steps between them differ.
    """
    steps = np.diff(x)
    values = np.asarray(share, dtype=np.float64)
    if not steps.size or steps.max() - steps.min() < 0.02 * steps.mean():
        return np.asarray(x, dtype=np.float64), values
    count = min(_MOST_COLUMNS, round(float(x[-1] - x[0]) / float(steps.min())) + 1)
    grid = np.linspace(float(x[0]), float(x[-1]), count)
    nearest = np.abs(grid[:, None] - np.asarray(x, dtype=np.float64)[None]).argmin(axis=1)
    return grid, values[:, nearest]
