"""What every figure shares: the colour-blind-safe palette, PNG encoding, rasters and mosaics."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Okabe & Ito (2008), distinguishable with every common colour-vision deficiency; their orange,
# 2.3:1 on white, is replaced by a brown. The names say what a colour means on all pages. Each has
# at least 3:1 on the light and the dark background: enough for marks, not for text, which takes
# the theme's `INK` (no colour reaches 4.5:1 on both; a text mark without one is always black).
COLOURS = {
    "voltage": "#0072B2",
    "spike": "#D55E00",
    "theory": "#009E73",
    "threshold": "#CC79A7",
    "minus": "#B85C90",  # a spike of −1: at least 3:1 also on the tinted paper of a raster
    "current": "#8C5602",
    "reference": "#6B747E",
}
INK = {False: "#17212B", True: "#ECF1F5"}  # of text and fine lines, by `dark`
RASTER_INK = {False: "#0072B2", True: "#E69F00"}  # of spikes, by `dark`
MAX_RASTER_COLUMNS = 1400  # wider pictures are shrunk with blur by Streamlit: spikes would vanish


def png(pixels: NDArray[np.uint8], *, scale: int = 1) -> bytes:
    """PNG bytes of uint8 [H, W] grey or [H, W, 3] RGB, each pixel repeated `scale` times.

    Compression level 1: several times faster than the default and deterministic, so an unchanged
    picture is an unchanged file that the browser already has.
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3):
        raise ValueError(
            f"pixels must be uint8 [H, W] or [H, W, 3], got {pixels.dtype} {pixels.shape}"
        )
    if scale > 1:
        pixels = pixels.repeat(scale, axis=0).repeat(scale, axis=1)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def indexed_png(
    index: NDArray[np.integer] | NDArray[np.bool_],
    colours: Sequence[tuple[int, int, int]] | NDArray[np.uint8],
    *,
    scale: int = 1,
) -> bytes:
    """PNG bytes of the colours [at most 256, 3] numbered by `index` [H, W], as `png` makes it.

    A raster or a map has few colours: with a palette it takes a seventh of the time.
    """
    cells = index.astype(np.uint8)
    if scale > 1:
        cells = cells.repeat(scale, axis=0).repeat(scale, axis=1)
    image = Image.fromarray(np.ascontiguousarray(cells))
    image.putpalette(np.asarray(colours, dtype=np.uint8).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def rgb_of(colour: str) -> tuple[int, int, int]:
    """Red, green, blue of "#RRGGBB"."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def pool_time(spikes: NDArray[np.bool_], columns: int = MAX_RASTER_COLUMNS) -> NDArray[np.bool_]:
    """[T, N] → [at most `columns`, N]: a pooled bin has a spike if any of its steps has one."""
    steps = spikes.shape[0]
    if steps <= columns:
        return spikes
    width = -(-steps // columns)
    padded = np.zeros((-(-steps // width) * width, *spikes.shape[1:]), dtype=bool)
    padded[:steps] = spikes
    pooled: NDArray[np.bool_] = np.logical_or.reduce(
        padded.reshape(-1, width, *spikes.shape[1:]), axis=1
    )
    return pooled


def raster_png(
    spikes: NDArray[np.bool_],
    *,
    dark: bool = False,
    colour: str = "",
    scale: int = 0,
) -> bytes:
    """Spike raster of [T, N]: time to the right, neuron 0 at the top, one pixel block a spike."""
    cells = pool_time(spikes).T
    if scale <= 0:
        scale = max(1, min(8, MAX_RASTER_COLUMNS // max(1, cells.shape[1])))
    background = (26, 33, 43) if dark else (243, 246, 249)  # a shade off the page: shows the extent
    return indexed_png(cells, [background, rgb_of(colour or RASTER_INK[dark])], scale=scale)


def to_uint8(
    values: NDArray[np.float32], lo: float | None = None, hi: float | None = None
) -> NDArray[np.uint8]:
    """Grey levels of `values`, `lo` black and `hi` white (their minimum and maximum by default)."""
    low = float(values.min()) if lo is None else lo
    high = float(values.max()) if hi is None else hi
    span = high - low if high > low else 1.0
    return np.clip((values - low) * (255.0 / span), 0, 255).round().astype(np.uint8)


def mosaic(
    tiles: NDArray[np.uint8], columns: int = 0, *, gap: int = 1, fill: int = 128
) -> NDArray[np.uint8]:
    """One picture of K tiles [K, h, w] or [K, h, w, 3], `columns` to a row (near-square at 0)."""
    count, height, width = tiles.shape[:3]
    if columns <= 0:
        columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    shape = (rows * (height + gap) + gap, columns * (width + gap) + gap, *tiles.shape[3:])
    canvas = np.full(shape, fill, dtype=np.uint8)
    for k in range(count):
        y, x = gap + k // columns * (height + gap), gap + k % columns * (width + gap)
        canvas[y : y + height, x : x + width] = tiles[k]
    return canvas
