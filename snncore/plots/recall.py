"""Figures of the Hopfield page: pictures with their wrong pixels, and overlap while it settles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from snncore import datasets
from snncore.plots.base import COLOURS, indexed_png, png
from snncore.plots.vega import Chart, axis, layer, span, tip
from snncore.recall_lab.scores import TOLERANCE

WRONG, UNKNOWN = COLOURS["spike"], COLOURS["reference"]
OFF = TOLERANCE  # a grey level further from the original is called wrong
LINES = 60  # of a chart: more cannot be told apart
TILE = 176  # pixels of a tile's longer side, at least: twice what a page shows, for fine screens
_FEW = 16  # colours: such a picture takes at most half a byte for each pixel, however large it is


def _ink(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def tile(
    states: NDArray[Any],
    shape: tuple[int, int],
    *,
    mode: str = "binary",
    known: NDArray[np.bool_] | None = None,
    truth: NDArray[Any] | None = None,
    side: int = TILE,
) -> NDArray[np.uint8]:
    """RGB [h, w, 3] of one picture as a row of numbers [N].

    Binary: -1 black, +1 white; values beyond ±1 widen the grey scale. Grey and rgb: 0 black,
    1 full; what lies outside is clipped for display.

    Args:
        mode: "binary", "grey" or "rgb" (channel last).
        known: bool [N]; pixels that are not known are grey-blue. Without it, exactly 0 means
            unknown in a binary picture.
        truth: the picture that it should be [N]; wrong pixels are orange: the other colour in a
            binary picture. In the others, where nearly all may be off by more than `OFF` in some
            channel, they are tinted half orange, so that the picture is still seen.
        side: small pictures are enlarged, by whole numbers, to at least this many pixels; 0 leaves
            them as they are.
    """
    channels = 3 if mode == "rgb" else 1
    values = states.astype(np.float32).reshape(*shape, channels)
    if mode == "binary":
        reach = max(1.0, float(np.abs(values).max()))
        levels = (values / reach + 1.0) / 2.0
    else:
        levels = np.clip(values, 0.0, 1.0)
    rgb = np.repeat(np.round(levels * 255).astype(np.uint8), 3 // channels, axis=2)
    if known is not None:
        rgb[~known.reshape(*shape, channels).all(axis=2)] = _ink(UNKNOWN)
    elif mode == "binary":
        rgb[values[..., 0] == 0] = _ink(UNKNOWN)
    if truth is not None:
        wrong, ink = wrong_pixels(states, truth, shape, mode), np.array(_ink(WRONG), dtype=np.uint8)
        rgb[wrong] = ink if mode == "binary" else rgb[wrong] // 2 + ink // 2
    scale = max(1, -(-side // max(shape)))
    return rgb.repeat(scale, axis=0).repeat(scale, axis=1)


def thumbnail(
    states: NDArray[Any],
    shape: tuple[int, int],
    *,
    mode: str = "binary",
    known: NDArray[np.bool_] | None = None,
    truth: NDArray[Any] | None = None,
    side: int,
) -> bytes:
    """PNG of a `tile` in its own pixels, as few bytes as it takes: dozens are sent at a time.

    Args:
        side: pictures with more than a few colours are shrunk until the longer side is at most
            this. Marks are shrunk with the picture: a single wrong pixel becomes a tint.
    """
    rgb = tile(states, shape, mode=mode, known=known, truth=truth, side=0)
    if mode != "rgb":
        small = _paletted(rgb, _FEW if max(shape) > side else 256)
        if small:
            return small
    rgb = datasets.resize(rgb[None], datasets.fitted_size(*shape, side))[0]
    plain = mode != "rgb" and bool((rgb[..., 0] == rgb[..., 1]).all())
    return png(np.ascontiguousarray(rgb[..., 1]) if plain else rgb)


def _paletted(rgb: NDArray[np.uint8], most: int) -> bytes:
    """PNG with a palette of a grey picture with marks; b"" where it has more than `most` colours.

    Red and green tell all colours of such a picture apart: greys, inks and tints of greys.
    """
    code = rgb[..., 0].astype(np.int32) * 256 + rgb[..., 1]
    used, first, place = np.unique(code, return_index=True, return_inverse=True)
    if len(used) > most:
        return b""
    return indexed_png(place.reshape(code.shape), rgb.reshape(-1, 3)[first])


def wrong_pixels(
    states: NDArray[Any], truth: NDArray[Any], shape: tuple[int, int], mode: str = "binary"
) -> NDArray[np.bool_]:
    """Which pixels [H, W] differ from `truth`: in sign, or by more than `OFF` in some channel."""
    if mode == "binary":
        return (np.sign(states) != truth).reshape(shape)
    apart = np.abs(states.astype(np.float32) - truth).reshape(*shape, -1)
    return (apart > OFF).any(axis=2)


def sheet(
    rows: Sequence[Sequence[NDArray[np.uint8]]],
    names: Sequence[str],
    scores: Sequence[str],
    *,
    labels: Sequence[str] = ("original", "corrupted", "recalled"),
    title: str = "",
) -> bytes:
    """PNG for a report: one row of pictures for each label, names above, scores below.

    Args:
        rows: equally large tiles, as many in each row as there are names.
        scores: below each column; several lines are separated by "\\n".
        title: a line above all.
    """
    height, width = rows[0][0].shape[:2]
    left, gap, line = 110, 8, 24
    head = line * (1 + bool(title))
    foot = line * max((score.count("\n") + 1 for score in scores), default=1)
    size = (left + len(names) * (width + gap), head + len(rows) * (height + gap) + foot)
    canvas = Image.new("RGB", size, (255, 255, 255))
    draw = ImageDraw.Draw(canvas)
    font, ink = ImageFont.load_default(15), (40, 40, 40)
    if title:
        draw.text((8, 3), title, fill=ink, font=font)
    for r, row in enumerate(rows):
        y = head + r * (height + gap)
        draw.text((8, y + height // 2 - 8), labels[r], fill=ink, font=font)
        for k, one in enumerate(row):
            canvas.paste(Image.fromarray(one), (left + k * (width + gap), y))
    for k, (name, score) in enumerate(zip(names, scores, strict=True)):
        x = left + k * (width + gap) + width // 2
        word = name if len(name) * 8 <= width else name[: max(3, width // 8 - 1)] + "…"
        draw.text((x, head - line + 3), word, fill=ink, font=font, anchor="ma")
        for i, text in enumerate(score.split("\n")):
            y = head + len(rows) * (height + gap) + i * line
            draw.text((x, y), text, fill=ink, font=font, anchor="ma")
    return png(np.asarray(canvas))


def live_chart(overlap: NDArray[np.float32]) -> Chart:
    """Mean overlap [S] of the pictures being answered, step by step so far."""
    table = pd.DataFrame({"step": np.arange(len(overlap)), "overlap": overlap.astype(np.float64)})
    return {
        "datasets": {"curve": table},
        "height": 150,
        "layer": [
            layer(
                "curve",
                "line",
                {"color": COLOURS["voltage"], "strokeWidth": 2},
                x=axis("step", "step", (0, max(1, len(overlap) - 1)), tickMinStep=1),
                y=axis("overlap", "mean overlap", span(overlap, [1.0])),
            )
        ],
    }


def overlap_chart(
    overlap: NDArray[np.float32],
    at: Sequence[int],
    exact: NDArray[np.bool_],
    x_title: str,
) -> Chart:
    """Overlap [S, B] of every answer with its picture over the steps; at most `LINES` of them.

    Args:
        at: S steps that the rows are of.
        exact: bool [B]; lines of recalled pictures are green, the others red.
        x_title: what a step is.
    """
    chosen = np.linspace(0, overlap.shape[1] - 1, min(LINES, overlap.shape[1])).round().astype(int)
    steps = np.unique(np.linspace(0, len(overlap) - 1, min(120, len(overlap))).round().astype(int))
    values = overlap[np.ix_(steps, chosen)]
    moments = np.asarray(at)[steps]
    table = pd.DataFrame(
        {
            "step": np.repeat(moments, len(chosen)),
            "overlap": values.reshape(-1).astype(np.float64),
            "picture": np.tile(chosen + 1, len(steps)),
            "answer": np.tile(np.where(exact[chosen], "recalled", "not recalled"), len(steps)),
        }
    )
    colour = {
        "field": "answer",
        "type": "nominal",
        "title": None,
        "scale": {
            "domain": ["recalled", "not recalled"],
            "range": [COLOURS["theory"], COLOURS["spike"]],
        },
        "legend": {"orient": "top"},
    }
    return {
        "datasets": {"lines": table},
        "height": 220,
        "layer": [
            layer(
                "lines",
                "line",
                {"strokeWidth": 1.3, "opacity": 0.7},
                x=axis("step", x_title, (0, max(1, int(at[-1]))), tickMinStep=1),
                y=axis("overlap", "overlap with its picture", span(values, [1.0])),
                color=colour,
                detail={"field": "picture", "type": "nominal"},
                tooltip=[
                    tip("picture", "picture"),
                    tip("step", x_title),
                    tip("overlap", "overlap"),
                ],
            )
        ],
    }
