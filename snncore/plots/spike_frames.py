"""Where in a picture its spikes stand: frames over time, counts, and rows for a raster.

The neurons of a channel are brought back to the pixels that they belong to: those of a population
code are added up, OFF cells of the retina count as −1, and a line camera's sensors write into the
column that passes them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from snncore.transmission import Channel

RASTER_ROWS = 200
Spikes = NDArray[np.bool_] | NDArray[np.uint8] | NDArray[np.int8]


def merged(n_steps: int, most: int) -> int:
    """How many steps a frame holds so that there are at most `most` frames."""
    return max(1, -(-n_steps // max(1, most)))


def frames(spikes: Spikes, channel: Channel, *, group: int = 1) -> NDArray[np.int16]:
    """Sums of signed spikes at each pixel over `group` steps: int16 [F, H, W].

    Args:
        spikes: [T, M] of one picture.
        channel: the code that made them, with the shape of the picture.
    """
    height, width = _shape(channel)
    n_steps = len(spikes)
    count = -(-n_steps // group)
    starts = np.arange(0, n_steps, group)
    if channel.kind.kind == "signal":  # a line camera: rows of spikes, each step in its column
        out = np.zeros((count, width, height), dtype=np.int16)
        steps = np.arange(n_steps)
        np.add.at(out, (steps // group, column(steps, n_steps, width)), spikes)
        return out.transpose(0, 2, 1)
    sums = np.add.reduceat(spikes, starts, axis=0, dtype=np.int16)
    if on_off(channel):
        on, off = sums[:, : height * width], sums[:, height * width :]
        return (on - off).reshape(count, height, width)
    return sums.reshape(count, height, width, -1).sum(axis=3, dtype=np.int16)


def counts(spikes: Spikes, channel: Channel) -> NDArray[np.int64]:
    """Spikes of either sign at each pixel, [H, W]."""
    height, width = _shape(channel)
    each = np.abs(spikes.astype(np.int16, copy=False)) if spikes.dtype == np.int8 else spikes
    if channel.kind.kind == "signal":
        out = np.zeros((height, width), dtype=np.int64)
        steps = np.arange(len(spikes))
        np.add.at(out.T, column(steps, len(spikes), width), each)
        return out
    total = each.sum(axis=0, dtype=np.int64)
    if on_off(channel):
        return total.reshape(2, height, width).sum(axis=0)
    return total.reshape(height, width, -1).sum(axis=2)


def on_off(channel: Channel) -> bool:
    """Whether its neurons are first the ON cells of all pixels and then the OFF cells."""
    return channel.kind.family == "retina"


def column(steps: NDArray[np.int64], n_steps: int, width: int) -> NDArray[np.int64]:
    """The column of the picture that a line camera sees at each of these steps."""
    return np.minimum(steps * width // n_steps, width - 1)


def raster_rows(
    spikes: Spikes, values: NDArray[np.float32], channel: Channel, *, by_brightness: bool = True
) -> NDArray[np.int64]:
    """Which neurons a raster shows, top first: all, or `RASTER_ROWS` of them evenly spaced.

    Args:
        spikes: [T, M] of one picture.
        values: the picture [H, W].
        by_brightness: the neurons of the brightest pixel at the top, and of the retina's cells
            those that fire, the earliest at the top. A line camera's rows keep their places.
    """
    if channel.kind.kind == "signal":
        order = np.arange(spikes.shape[1])
    elif on_off(channel):
        order = np.arange(spikes.shape[1])
        if by_brightness:
            fired = np.flatnonzero(spikes.any(axis=0))
            order = fired[np.argsort(spikes[:, fired].argmax(axis=0), kind="stable")]
            order = order if order.size else np.arange(1)
    else:
        flat = values.ravel()
        pixels = np.argsort(-flat, kind="stable") if by_brightness else np.arange(flat.size)
        each = spikes.shape[1] // flat.size
        most = max(1, RASTER_ROWS // each)
        if pixels.size > most:
            pixels = pixels[(np.arange(most) * pixels.size) // most]
        order = (pixels[:, None] * each + np.arange(each)).ravel()
    if order.size <= RASTER_ROWS:
        return order
    return order[(np.arange(RASTER_ROWS) * order.size) // RASTER_ROWS]


def _shape(channel: Channel) -> tuple[int, int]:
    if channel.shape is None:
        raise ValueError("channel must carry a picture, got a signal; give it a shape")
    return channel.shape
