"""Figures of the picture tab: rasters, pictures read back, spike counts, cost against quality."""

from __future__ import annotations

import base64
import io
import math
import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.plots import heat
from snncore.plots.base import COLOURS, INK, RASTER_INK, indexed_png, png, rgb_of, to_uint8
from snncore.plots.vega import Chart, axis, columns, layer, span, ticks, tip
from snncore.retina import on_off

RASTER_HEIGHT = 190  # px on the page, with the axis
Spikes = NDArray[np.bool_] | NDArray[np.uint8] | NDArray[np.int8]

_COLUMNS = 640  # more steps than this share a column of a raster
_PAPER = {False: (243, 246, 249), True: (26, 33, 43)}  # a shade off the page: shows the extent
_TALL = 400  # px of the raster's file, about: each neuron has a whole number of rows
_LOCK = threading.Lock()  # matplotlib is not thread-safe


class Panel(NamedTuple):
    """One code's part of the exported figure."""

    title: str
    decoded: NDArray[np.float32]  # [H, W]
    spikes: Spikes  # [T, rows], those of the raster
    note: str  # its numbers


def picture(values: NDArray[np.float32], *, side: int = 256) -> bytes:
    """PNG of values [H, W], 0 black and 1 white, about `side` px large.

    What was read back may leave 0..1: it is shown as black or white there.
    """
    return png(to_uint8(values, 0.0, 1.0), scale=max(1, side // max(values.shape)))


def retina_picture(values: NDArray[np.float32]) -> bytes:
    """PNG of the retina's ON map and OFF map of a picture [H, W], side by side.

    Responses are shown by their square root, so that faint edges are seen, too.

    Raises:
        ValueError: the picture is too small for the receptive field.
    """
    both = np.sqrt(on_off(torch.tensor(values)[None])[0].numpy())
    gap = np.full((both.shape[1], max(1, both.shape[2] // 16)), 0.5, dtype=np.float32)
    return picture(np.concatenate((both[0], gap, both[1]), axis=1))


def count_picture(counts: NDArray[np.int64], most: int) -> bytes:
    """PNG of spike counts [H, W]: dark violet for 0, yellow for `most` ≥ 1."""
    return heat.picture(counts[::-1].astype(float), 0.0, float(max(1, most)))


def raster_picture(spikes: Spikes, *, dark: bool) -> bytes:
    """PNG of a raster [T, rows]: time to the right, row 0 at the top, −1 in a second colour.

    Where several steps share a column it shows a spike if any of them has one.
    """
    group = max(1, -(-len(spikes) // _COLUMNS))
    starts = np.arange(0, len(spikes), group)
    up = np.logical_or.reduceat(spikes > 0, starts, axis=0).T
    down = np.logical_or.reduceat(spikes < 0, starts, axis=0).T
    sign = np.where(up, 2, down)
    tall, wide = max(1, _TALL // len(up)), max(1, _COLUMNS // up.shape[1])
    colours = [_PAPER[dark], rgb_of(COLOURS["minus"]), rgb_of(RASTER_INK[dark])]
    return indexed_png(sign.repeat(tall, axis=0).repeat(wide, axis=1), colours)


def raster_chart(spikes: Spikes, *, dark: bool, height: int = RASTER_HEIGHT) -> Chart:
    """The same over an axis in steps, as every code on the page has it."""
    address = base64.b64encode(raster_picture(spikes, dark=dark)).decode("ascii")
    image = {
        "url": f"data:image/png;base64,{address}", "x": 0, "y": 0,
        "width": {"expr": "width"}, "height": {"expr": "height"},
        "align": "left", "baseline": "top", "aspect": False, "smooth": False,
    }  # fmt: skip
    n_steps = len(spikes)
    x = axis("step", "time [steps]", (0.0, float(n_steps)), values=ticks(0, n_steps, 4), grid=False)
    return {
        "datasets": {"one": columns({"step": [0.0]})},
        "height": height,
        "layer": [layer("one", "image", image), layer("one", "point", {"opacity": 0}, x=x)],
    }


def tradeoff(
    letters: Sequence[str],
    titles: Sequence[str],
    cost: Sequence[float],
    psnr_db: Sequence[float],
    *,
    dark: bool = False,
) -> Chart:
    """What each code costs (spikes per pixel, logarithmic) against what it keeps (PSNR in dB).

    A code without a spike and a perfect copy have no place on these axes and are left out.
    """
    rows = [
        (slot, title, spikes, quality)
        for slot, title, spikes, quality in zip(letters, titles, cost, psnr_db, strict=True)
        if spikes > 0 and math.isfinite(quality)
    ]
    slots, codes, costs, gains = zip(*rows, strict=True) if rows else ((), (), (), ())
    low, high = (min(costs), max(costs)) if rows else (0.1, 10.0)
    x = axis("cost", "spikes per pixel", (low / 3, high * 3), log=True, grid=False)
    x["axis"] |= {"labelOverlap": True}
    y = axis("psnr", "PSNR [dB]", span(gains, margin=0.25))
    tips = [
        {"field": "code", "type": "nominal", "title": "code"},
        tip("cost", "spikes per pixel", ".3~g"),
        tip("psnr", "PSNR [dB]", ".1f"),
    ]
    dots = {"filled": True, "size": 90, "opacity": 1, "color": COLOURS["spike"]}
    text = {"dx": 11, "fontWeight": "bold", "color": INK[dark]}
    return {
        "datasets": {
            "codes": columns({"slot": slots, "code": codes, "cost": costs, "psnr": gains})
        },
        "height": 190,
        "layer": [
            layer("codes", "point", dots, x=x, y=y, tooltip=tips),
            layer("codes", "text", text, x=x, y=y, text={"field": "slot", "type": "nominal"}),
        ],
    }


def figure(
    original: NDArray[np.float32], what: str, panels: Sequence[Panel], kind: str = "png"
) -> bytes:
    """PNG or SVG for a report: the original; below each code its picture read back and raster."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shades = np.array(
        [rgb_of(COLOURS["minus"]), (255, 255, 255), rgb_of(RASTER_INK[False])], dtype=np.uint8
    )
    with _LOCK:
        fig = Figure(figsize=(2.6 * (1 + len(panels)), 4.6), layout="constrained", dpi=160)
        FigureCanvasAgg(fig)
        axes = fig.subplots(2, 1 + len(panels), squeeze=False, height_ratios=[1.5, 1])
        _image(axes[0, 0], original, f"Original: {what}")
        axes[1, 0].set_axis_off()
        for k, panel in enumerate(panels, start=1):
            _image(axes[0, k], panel.decoded, panel.title)
            axes[0, k].set_xlabel(panel.note, fontsize=8)
            signs = np.sign(panel.spikes.astype(np.int16)).T  # of bool and of counts too
            axes[1, k].imshow(
                shades[signs + 1], aspect="auto",
                interpolation="none", extent=(0, len(panel.spikes), signs.shape[0], 0),
            )  # fmt: skip
            axes[1, k].set_yticks([])
            axes[1, k].set_xlabel("time [steps]")
        axes[1, min(1, len(panels))].set_ylabel("neurons")
        buffer = io.BytesIO()
        fig.savefig(buffer, format=kind)
        return buffer.getvalue()


def _image(axes: object, values: NDArray[np.float32], title: str) -> None:
    axes.imshow(values, cmap="gray", vmin=0, vmax=1, interpolation="none")  # type: ignore[attr-defined]
    axes.set_title(title, fontsize=9)  # type: ignore[attr-defined]
    axes.set_xticks([])  # type: ignore[attr-defined]
    axes.set_yticks([])  # type: ignore[attr-defined]
