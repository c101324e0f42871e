"""Memories side by side: pixels right and exact pictures of each, against the best possible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snncore.plots.base import INK, png
from snncore.plots.vega import Chart, Key, axis, layer, tip

_ROW, _AROUND = 30, 230  # pixels of one memory; of the legend (on a phone) and the axis
_FRAME = 128  # grey level
_PIXELS, _EXACT = "Pixels right", "Pictures without an error"


class Score(NamedTuple):
    """What one memory reached; shares 0 to 1."""

    title: str
    pixels: float
    exact: float


def compare_chart(
    scores: Sequence[Score],
    limits: Sequence[tuple[str, float]],
    *,
    dark: bool = False,
) -> Chart:
    """A row for each memory: a dot for pixels right, a diamond for exact pictures.

    Args:
        limits: name → pixels right of the best possible, the input, a blank picture: dashed lines.
    """
    titles = [s.title for s in scores]
    data = {
        "scores": pd.DataFrame(
            {
                "title": titles,
                "pixels": [100 * s.pixels for s in scores],
                "exact": [100 * s.exact for s in scores],
            }
        )
    }
    names = {_PIXELS: "voltage", _EXACT: "spike"}
    colours = ("theory", "threshold", "reference")
    names |= {name: colours[k % 3] for k, (name, _) in enumerate(limits)}
    key = Key(names, columns={"signal": "width < 420 ? 1 : 3"}, symbol="circle")
    row: Chart = {
        "field": "title",
        "type": "nominal",
        "title": None,
        "sort": titles,
        "axis": {"labelLimit": 190, "grid": True, "labelColor": INK[dark]},
    }
    x = axis("pixels", "Share [%]", (0.0, 101.5))
    tips = [
        {"field": "title", "type": "nominal", "title": "Memory"},
        tip("pixels", f"{_PIXELS} [%]"),
        tip("exact", f"{_EXACT} [%]"),
    ]
    layers: list[Chart] = []
    for k, (name, share) in enumerate(limits):
        data[f"m{k}"] = pd.DataFrame({"pixels": [100 * share]})
        dashed: Chart = {"strokeDash": [6, 4], "strokeWidth": 1.8}
        layers.append(layer(f"m{k}", "rule", dashed, x=x, color=key(name)))
    for field, name, shape in (("pixels", _PIXELS, "circle"), ("exact", _EXACT, "diamond")):
        style = {"filled": True, "size": 110, "shape": shape, "opacity": 0.95}
        layers.append(
            layer("scores", "point", style, x={**x, "field": field}, y=row, color=key(name),
                  tooltip=tips)
        )  # fmt: skip
    return {"datasets": data, "height": _ROW * len(scores) + _AROUND, "layer": layers}


def thumbnail(
    values: NDArray[Any], shape: tuple[int, ...], mode: str = "binary", *, side: int = 96
) -> bytes:
    """PNG of one picture [N] with sharp pixels, its longest side at least `side`, in a thin frame.

    The frame keeps a white picture apart from a white page, and a black one from a dark page.

    Args:
        shape: (H, W), or (H, W, 3) for colour.
        mode: "binary" values are ±1 (0: unknown, grey); others 0 to 1, clipped for display.
    """
    grey = (values.astype(np.float32) + 1) / 2 if mode == "binary" else values
    pixels = np.rint(255 * np.clip(grey, 0.0, 1.0)).astype(np.uint8).reshape(shape)
    scale = max(1, -(-side // max(shape[:2])))
    large = pixels.repeat(scale, axis=0).repeat(scale, axis=1)
    around = ((1, 1), (1, 1), (0, 0))[: large.ndim]
    return png(np.pad(large, around, constant_values=_FRAME))
