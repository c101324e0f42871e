"""A quantity over two parameters: coloured cells, a colour bar, a theory line, the present place.

The cells are one picture inside the chart. As ten thousand marks of their own they would block the
browser for half a second at every redraw (measured); so a coarser grid of invisible cells carries
the tooltips.
"""

from __future__ import annotations

import base64
import functools
import itertools

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snncore.plots.base import INK, indexed_png, rgb_of
from snncore.plots.vega import Array, Chart, Key, axis, layer, tip

# Ten stops of viridis (Smith & van der Walt 2015), the sequential palette of the theme.
VIRIDIS = ("#440154", "#482878", "#3E4989", "#31688E", "#26828E", "#1F9E89", "#35B779",
           "#6DCD59", "#B4DE2C", "#FDE725")  # fmt: skip
EMPTY = (128, 136, 145)  # of cells without a value
# An orange, a pink and a pale grey, which viridis does not hold; in turn for the lines of a map.
_LINES = ("#FF8A3C", "#FF5FA2", "#C9D1D9")
_PICTURE = 600  # pixels, about: cells stay sharp when the browser stretches it
_LEVELS = 255  # colours that a map tells apart; one more is for cells without a value
_TIPS = 40  # tooltips per side at most


def heat_map(
    x: Array,
    y: Array,
    z: NDArray[np.floating],
    titles: tuple[str, str, str],
    *,
    lines: dict[str, tuple[Array, Array]] | None = None,
    here: tuple[float, float] | None = None,
    limits: tuple[float, float] | None = None,
    dark: bool = False,
    height: int = 520,
) -> Chart:
    """Cells of z [len(y), len(x)] around the values x and y (evenly spaced, ascending).

    Args:
        titles: of the x axis, the y axis and the colours, with units.
        lines: name → (x, y) of a theoretical boundary, NaN where it breaks; at most three.
        here: the place of the present setting.
        limits: what the darkest and the brightest colour mean; by default what `bounds` finds.

    Cells that are NaN are grey.
    """
    low, high = bounds(z) if limits is None else limits
    x_edges, y_edges = edges(x), edges(y)
    x_axis = axis("x", titles[0], (float(x_edges[0]), float(x_edges[-1])), grid=False)
    y_axis = axis("y", titles[1], (float(y_edges[0]), float(y_edges[-1])), grid=False)
    address = base64.b64encode(picture(z, low, high)).decode("ascii")
    colour = {
        "field": "z",
        "type": "quantitative",
        "scale": {"domain": [low, high], "range": list(VIRIDIS), "nice": False},
        "legend": {
            "title": titles[2],
            "orient": "bottom",  # beside the map it would take a third of a phone's width
            "direction": "horizontal",
            "gradientLength": 220,
            "titleLimit": 240,
            "gradientOpacity": 1,
        },
    }
    data = {"cells": _tips(x_edges, y_edges, z), "one": pd.DataFrame({"one": [0]})}
    image = {
        "url": f"data:image/png;base64,{address}",
        "x": 0,
        "y": 0,
        "width": {"expr": "width"},
        "height": {"expr": "height"},
        "align": "left",
        "baseline": "top",
        "aspect": False,
        "smooth": False,
    }
    layers = [
        layer("one", "image", image),
        layer(
            "cells", "rect", {"opacity": 0},
            x=x_axis, x2={"field": "x2"}, y=y_axis, y2={"field": "y2"}, fill=colour,
            tooltip=[tip("xc", titles[0]), tip("yc", titles[1]), tip("z", titles[2])],
        ),
    ]  # fmt: skip
    shown = {n: xy for n, xy in (lines or {}).items() if np.isfinite(xy[0] + xy[1]).any()}
    names = dict(zip(shown, itertools.cycle(_LINES), strict=False))
    if here is not None:
        names["Your setting"] = INK[dark]
    key = Key(names, columns={"signal": "width < 420 ? 1 : 2"})
    for k, (name, (along, up)) in enumerate(shown.items()):
        data[f"line{k}"] = pd.DataFrame({"x": along, "y": up, "k": np.arange(len(along))})
        layers.append(
            layer(f"line{k}", "line", {"strokeWidth": 2.5, "clip": True}, x=x_axis, y=y_axis,
                  color=key(name), order={"field": "k", "type": "quantitative"})
        )  # fmt: skip
    if here is not None:
        data["here"] = pd.DataFrame({"x": [here[0]], "y": [here[1]]})
        style = {"shape": "diamond", "size": 170, "opacity": 1, "clip": True,
                 "fill": INK[dark], "stroke": INK[not dark], "strokeWidth": 2}  # fmt: skip
        # Its legend entry needs an encoding of its own: a ring of no size in the entry's colour.
        layers.append(layer("here", "point", style, x=x_axis, y=y_axis))
        layers.append(layer("here", "point", {"size": 0}, x=x_axis, y=y_axis,
                            color=key("Your setting")))  # fmt: skip
    return {"datasets": data, "height": height, "layer": layers}


def bounds(z: NDArray[np.floating]) -> tuple[float, float]:
    """What the darkest and the brightest colour mean: from 0 where nothing is negative."""
    values = z[np.isfinite(z)]
    if values.size == 0:
        return 0.0, 1.0
    low, high = min(0.0, float(values.min())), float(values.max())
    return low, high if high > low else low + 1.0


def picture(z: NDArray[np.floating], low: float, high: float) -> bytes:
    """PNG of the cells, the first row at the bottom, viridis from `low` to `high`."""
    place = np.clip((np.nan_to_num(z, nan=low) - low) / (high - low), 0.0, 1.0)
    level = np.where(np.isfinite(z), np.rint(place * (_LEVELS - 1)), _LEVELS)
    return indexed_png(level[::-1], _palette(), scale=max(1, _PICTURE // max(z.shape)))


@functools.cache
def _palette() -> NDArray[np.uint8]:
    """`_LEVELS` steps of viridis, and the colour of what is empty."""
    stops = np.array([rgb_of(colour) for colour in VIRIDIS], dtype=float)
    at = np.linspace(0.0, len(stops) - 1, _LEVELS)
    rgb = [np.interp(at, np.arange(len(stops)), stops[:, k]) for k in range(3)]
    return np.vstack([np.rint(np.stack(rgb, axis=-1)), EMPTY]).astype(np.uint8)


def edges(values: Array) -> Array:
    """The borders of evenly spaced cells around `values` [K] → [K + 1]."""
    half = 0.5 * (values[1] - values[0]) if values.size > 1 else 0.5
    return np.append(values - half, values[-1] + half)


def _tips(x_edges: Array, y_edges: Array, z: NDArray[np.floating]) -> pd.DataFrame:
    """Blocks of cells with the value of their middle cell."""
    rows, columns = z.shape
    high, wide = -(-rows // _TIPS), -(-columns // _TIPS)
    r, c = (a.ravel() for a in np.mgrid[0:rows:high, 0:columns:wide])
    r2, c2 = np.minimum(r + high, rows), np.minimum(c + wide, columns)
    middle = (r + r2 - 1) // 2, (c + c2 - 1) // 2
    xc = 0.5 * (x_edges[middle[1]] + x_edges[middle[1] + 1])
    yc = 0.5 * (y_edges[middle[0]] + y_edges[middle[0] + 1])
    return pd.DataFrame(
        {
            "x": x_edges[c], "x2": x_edges[c2], "y": y_edges[r], "y2": y_edges[r2],
            "xc": xc, "yc": yc, "z": z[middle],
        }
    ).astype(np.float32)  # fmt: skip
