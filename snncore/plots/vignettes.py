"""Small wide pictures that say at a glance what a page is about, drawn from computed arrays.

All are PNGs of one size (3 : 1, two pixels per point), in the colours of the light or dark theme,
without text: the words stand beside them, where screen readers and translators find them.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from snncore.plots.base import COLOURS, mosaic

WIDTH, HEIGHT = 720, 240
_MARGIN = 24
_FINE = 2  # lines are drawn larger and averaged down: smooth edges


def trace(
    v: NDArray[np.float32], spikes: NDArray[np.bool_], v_th: float, *, dark: bool = False
) -> bytes:
    """Voltage v [T] with its spikes bool [T] and the threshold `v_th` as a dashed line."""
    picture, draw = _canvas(dark, _FINE)
    wide, high, margin = WIDTH * _FINE, HEIGHT * _FINE, _MARGIN * _FINE
    x = np.linspace(margin, wide - margin, len(v))
    low = float(v.min())
    threshold_y = margin + 0.28 * (high - 2 * margin)
    scale = (high - margin - threshold_y) / max(v_th - low, 1e-6)
    y = threshold_y + (v_th - v) * scale
    for left in range(margin, wide - margin, 12 * _FINE):
        draw.line(
            (left, threshold_y, left + 6 * _FINE, threshold_y), COLOURS["threshold"], 2 * _FINE
        )
    draw.line(
        list(zip(x.tolist(), y.tolist(), strict=True)),
        _voltage(dark),
        3 * _FINE,
        joint="curve",
    )
    for at in x[spikes].tolist():
        draw.line((at, margin, at, threshold_y), COLOURS["spike"], 4 * _FINE)
    return _png(picture)


def code(image: NDArray[np.uint8], spikes: NDArray[np.bool_], *, dark: bool = False) -> bytes:
    """A grey image [H, W] and its spikes bool [T, N]: a row per pixel, time to the right."""
    picture, draw = _canvas(dark, 1)
    side = HEIGHT - 2 * _MARGIN
    picture.paste(_enlarged(image, side), (_MARGIN, _MARGIN))
    left, right = 2 * _MARGIN + side, WIDTH - _MARGIN
    steps, neurons = spikes.shape
    row, column = side / neurons, (right - left) / steps
    length = max(column, 5.0)
    for t, n in np.argwhere(spikes).tolist():
        x, y = left + t * column, _MARGIN + n * row
        draw.rectangle((x, y, min(x + length, right), y + max(row - 1, 1)), _voltage(dark))
    return _png(picture)


def stages(images: list[NDArray[np.uint8]], *, dark: bool = False) -> bytes:
    """Grey images [H, W] in a row, an arrow from each to the next."""
    picture, draw = _canvas(dark, 1)
    side = HEIGHT - 2 * _MARGIN
    pitch = (WIDTH - 2 * _MARGIN - side) // max(1, len(images) - 1)
    for k, image in enumerate(images):
        left = _MARGIN + k * pitch
        picture.paste(_enlarged(image, side), (left, _MARGIN))
        if k:
            x, y = left - (pitch - side) // 2, HEIGHT // 2
            draw.polygon(((x - 8, y - 14), (x + 12, y), (x - 8, y + 14)), COLOURS["reference"])
    return _png(picture)


def fields(tiles: NDArray[np.uint8], columns: int, *, dark: bool = False) -> bytes:
    """Grey tiles [K, h, w] in rows of `columns`, as large as fits."""
    picture, _ = _canvas(dark, 1)
    background = np.asarray(picture)[0, 0]
    grid = mosaic(tiles, columns)
    scale = min((WIDTH - 2 * _MARGIN) // grid.shape[1], (HEIGHT - 2 * _MARGIN) // grid.shape[0])
    scale = max(1, scale)
    rgb = np.repeat(grid[..., None], 3, axis=2)
    gaps = mosaic(np.zeros_like(tiles), columns, fill=255) == 255
    rgb[gaps] = background
    shown = Image.fromarray(rgb.repeat(scale, axis=0).repeat(scale, axis=1))
    picture.paste(shown, ((WIDTH - shown.width) // 2, (HEIGHT - shown.height) // 2))
    return _png(picture)


def _canvas(dark: bool, fine: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    colour = "#1A212B" if dark else "#F3F6F9"  # the themes' secondary background
    picture = Image.new("RGB", (WIDTH * fine, HEIGHT * fine), colour)
    return picture, ImageDraw.Draw(picture)


def _voltage(dark: bool) -> str:
    return "#56B4E9" if dark else COLOURS["voltage"]


def _enlarged(image: NDArray[np.uint8], side: int) -> Image.Image:
    """Square, pixels kept as squares when enlarging."""
    how = Image.Resampling.NEAREST if max(image.shape) <= side else Image.Resampling.BOX
    return Image.fromarray(image).convert("RGB").resize((side, side), how)


def _png(picture: Image.Image) -> bytes:
    if picture.size != (WIDTH, HEIGHT):
        picture = picture.resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()
