"""Pictures of a learning layer: receptive fields and filters, and the raster of one image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from snncore.plots.base import indexed_png, mosaic
from snncore.plots.training_tiles import field_index, field_tiles

MAX_FIELDS = 144  # more fields than this are too small to read on a page
_GAP = 90  # grey of the lines between the fields


def receptive_fields(
    weights: NDArray[np.float32], shape: tuple[int, int], *, count: int = MAX_FIELDS
) -> NDArray[np.uint8]:
    """One picture of what the first `count` neurons or filters look for, uint8 [H', W', 3].

    Args:
        weights: [n_out, C·H·W] with C = 1 (raw intensities) or 2 (ON and OFF cells, or the
            intensity and its complement).
        shape: (H, W): of the images for a dense layer, of the filter for a convolutional one.

    Each field is scaled to its own maximum. One channel runs from black to white; of two, the
    first is orange and the second blue.

    Raises:
        ValueError: the weights do not make up one or two such pictures a neuron.
    """
    return mosaic(field_tiles(weights[:count], shape), fill=_GAP)


def field_png(
    weights: NDArray[np.float32],
    shape: tuple[int, int],
    *,
    count: int = MAX_FIELDS,
    width: int = 0,
) -> bytes:
    """`receptive_fields` in few colours as PNG bytes, enlarged to nearly `width` pixels."""
    index, colours = field_index(weights[:count], shape)
    together = mosaic(index, fill=len(colours))
    lines = np.full((1, 3), _GAP, dtype=np.uint8)
    return indexed_png(
        together, np.concatenate([colours, lines]), scale=max(1, width // together.shape[1])
    )


def win_map(
    wins: NDArray[np.int16], count: int, shape: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Where in the picture the busiest filters won: a mosaic, and which filters these are.

    Args:
        wins: [n, 4]: step, filter, row, column of every win.
        count: how many filters are shown at most.
        shape: rows and columns of places.

    Returns:
        grey mosaic uint8 [H', W'], black where a filter never won, white where it won most; and
        the filters' numbers, busiest first.
    """
    if not len(wins):
        return np.zeros((1, 1), np.uint8), np.empty(0, np.int64)
    total = np.bincount(wins[:, 1])
    busiest = np.argsort(-total, kind="stable")[:count]
    busiest = busiest[total[busiest] > 0]
    tiles = np.zeros((len(busiest), *shape), np.float64)
    for k, number in enumerate(busiest):
        own = wins[wins[:, 1] == number]
        np.add.at(tiles[k], (own[:, 2], own[:, 3]), 1.0)
    tiles *= 255.0 / tiles.max()
    return mosaic(tiles.round().astype(np.uint8), fill=_GAP), busiest.astype(np.int64)
