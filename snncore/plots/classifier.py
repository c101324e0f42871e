"""The plane of the classifier: who wins where, how surely, the points, lines of equal count.

The coloured cells are one picture inside the chart, and invisible cells over it carry the tooltips
and take the clicks: a click selects the place as the parameter `PICK` with its x and y. Classes
differ in colour and in shape; everything else that matters is also said in words by the page.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snncore.classifier.answers import Plane
from snncore.plots.base import INK, png, rgb_of
from snncore.plots.heat import VIRIDIS
from snncore.plots.vega import Chart, axis, layer, tip

# Six colours for the light and six for the dark page, chosen to lie far from each other also for
# red-blind, green-blind and blue-blind eyes (CIELAB distance at least 10 after Machado et al.
# 2009) and at least 3:1 against the page (the pink 2.9:1).
_COLOURS = {
    False: ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8C5602", "#5A4FCF"),
    True: ("#56B4E9", "#E8702A", "#1FB58A", "#F2B8DA", "#F0E442", "#8470FF"),
}
CLASS_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
CLASS_SIGNS = ("●", "■", "▲", "◆", "✚", "▼")  # the shapes as letters
PICK = "pick"  # name of the selection that a click makes
HEIGHT = 400  # with legend and axis: the plane is about square in its column
_BAR = 70  # of the colour bar below the map
# Share of a class's colour at confidence 0 and 1: the ink of edges and rings keeps 3:1 on it.
_FAINTEST, _STRONGEST = 0.10, 0.55
_PICTURE = 512  # pixels, about
_PAPER = {False: (255, 255, 255), True: (14, 17, 23)}


class Dots(NamedTuple):
    """Points [S] to draw on the plane, and what became of them."""

    points: NDArray[np.floating]  # [S, 2]
    labels: NDArray[np.integer]
    winners: NDArray[np.integer]
    counts: NDArray[np.integer]  # [S, K]


def class_colours(dark: bool = False) -> tuple[str, ...]:
    """The colours of up to six classes on the light or the dark page."""
    return _COLOURS[dark]


def decision_map(
    plane: Plane,
    names: Sequence[str],
    *,
    neuron: int | None = None,
    dots: Dots | None = None,
    lines: Sequence[tuple[str, NDArray[np.floating]]] = (),
    picked: tuple[float, float] | None = None,
    titles: tuple[str, str] = ("x", "y"),
    dark: bool = False,
    height: int = HEIGHT,
) -> Chart:
    """The unit square coloured by the winning class, or by the spike count of one neuron.

    Args:
        names: of the K classes.
        neuron: colour by this neuron's count instead of by the winner.
        dots: points; those decided wrongly get a ring.
        lines: (label, path [P, 2]) drawn over the cells, the label on the path.
        picked: the place whose spikes are looked at, marked by crossed hairs.
        titles: of the two axes.
    """
    x = axis("x", titles[0], (0.0, 1.0), grid=False, tickCount=5)
    y = axis("y", titles[1], (0.0, 1.0), grid=False, tickCount=5)
    pixels = winner_picture(plane, dark=dark) if neuron is None else _count_picture(plane, neuron)
    data = {"one": pd.DataFrame({"one": [0]}), "cells": _cells(plane, names, neuron)}
    cells = layer(
        "cells",
        "rect",
        {"opacity": 0, "cursor": "crosshair"},
        x={**x, "field": "x1"},
        x2={"field": "x2"},
        y={**y, "field": "y1"},
        y2={"field": "y2"},
        tooltip=_cell_tips(plane, titles),
    )
    select = {"type": "point", "fields": ["x", "y"], "toggle": False, "clear": False}
    cells["params"] = [{"name": PICK, "select": select}]
    if neuron is not None:
        name = f"the neuron for {names[neuron]}" if plane.counts.shape[-1] > 1 else "the neuron"
        cells["encoding"]["fill"] = _count_key(plane, neuron, name)
    layers = [layer("one", "image", _image(pixels))]
    if lines:
        data["lines"], data["labels"] = _paths(lines)
        layers += _lines(x, y, dark=dark)
    layers.append(cells)  # over the lines: a click on one means the place
    if dots is not None:
        data["dots"], data["wrong"] = _dots(dots, names)
        layers += _points(x, y, names, titles, dark=dark)
    if picked is not None:
        data["here"] = pd.DataFrame({"x": [picked[0]], "y": [picked[1]]})
        layers += _hairs(x, y, dark=dark)
    colour_bar = 0 if neuron is None else _BAR
    # Half of the last number under the plane stands out to the right of it.
    room = {"left": 0, "top": 5, "right": 12, "bottom": 5}
    return {"datasets": data, "height": height + colour_bar, "layer": layers, "padding": room}


def winner_picture(plane: Plane, *, dark: bool = False) -> bytes:
    """PNG of the cells, row 0 at the bottom: colour of the winner, stronger when it is surer."""
    ink = np.array([rgb_of(colour) for colour in _COLOURS[dark]], dtype=float)[plane.winners]
    share = _FAINTEST + (_STRONGEST - _FAINTEST) * np.clip(plane.confidence, 0.0, 1.0)[..., None]
    mixed = np.array(_PAPER[dark]) * (1 - share) + ink * share
    return _png(np.rint(mixed).astype(np.uint8))


def _count_picture(plane: Plane, neuron: int) -> bytes:
    counts = plane.counts[..., neuron]
    stops = np.array([rgb_of(colour) for colour in VIRIDIS], dtype=float)
    place = counts / max(1, int(counts.max())) * (len(stops) - 1)
    mixed = [np.interp(place, np.arange(len(stops)), stops[:, k]) for k in range(3)]
    return _png(np.rint(np.stack(mixed, axis=-1)).astype(np.uint8))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    return png(np.ascontiguousarray(pixels[::-1]), scale=max(1, _PICTURE // len(pixels)))


def _image(picture: bytes) -> Chart:
    return {
        "url": f"data:image/png;base64,{base64.b64encode(picture).decode('ascii')}",
        "x": 0, "y": 0, "width": {"expr": "width"}, "height": {"expr": "height"},
        "align": "left", "baseline": "top", "aspect": False, "smooth": False,
    }  # fmt: skip


def _count_key(plane: Plane, neuron: int, name: str) -> Chart:
    top = max(1, int(plane.counts[..., neuron].max()))
    return {
        "field": "count",
        "type": "quantitative",
        "scale": {"domain": [0, top], "range": list(VIRIDIS), "nice": False},
        "legend": {
            "title": f"spikes of {name}",
            "orient": "bottom",
            "direction": "horizontal",
            "gradientLength": 220,
            "titleLimit": 240,
            "gradientOpacity": 1,
            "tickMinStep": 1,
        },
    }


def _cell_tips(plane: Plane, titles: tuple[str, str]) -> list[Chart]:
    """Of one neuron alone, its count; of several, also who wins."""
    spikes = {"field": "spikes", "type": "nominal", "title": "spikes"}
    where = [tip("x", titles[0], ".3f"), tip("y", titles[1], ".3f")]
    if plane.counts.shape[-1] == 1:
        return [spikes, *where]
    decision = {"field": "decision", "type": "nominal", "title": "decision"}
    return [decision, spikes, tip("confidence", "confidence", ".0%"), *where]


def _cells(plane: Plane, names: Sequence[str], neuron: int | None) -> pd.DataFrame:
    size = len(plane.winners)
    edge = np.arange(size) / size
    words = np.array(list(names), dtype=object)
    flat = plane.counts.reshape(size * size, -1)
    left, low = np.tile(edge, size), np.repeat(edge, size)
    return pd.DataFrame(
        {
            "x": (left + 0.5 / size).round(6), "y": (low + 0.5 / size).round(6),
            "x1": left, "x2": left + 1 / size, "y1": low, "y2": low + 1 / size,
            "decision": words[plane.winners.ravel()], "spikes": _joined(flat),
            "confidence": plane.confidence.ravel().astype(float),
            "count": flat[:, 0 if neuron is None else neuron],
        }
    )  # fmt: skip


def _joined(counts: NDArray[np.integer]) -> list[str]:
    return [" / ".join(map(str, row)) for row in counts.tolist()]


def _paths(
    lines: Sequence[tuple[str, NDArray[np.floating]]],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All points of all lines, and the place of each label."""
    tables, labels = [], []
    for number, (label, path) in enumerate(lines):
        table = pd.DataFrame({"x": path[:, 0].astype(float), "y": path[:, 1].astype(float)})
        tables.append(table.assign(k=np.arange(len(path)), line=number))
        # Labels of neighbouring lines stand at different shares of their length.
        at = (0.15 + 0.7 * (number + 0.5) / len(lines)) * (len(path) - 1)
        place = [float(np.interp(at, np.arange(len(path)), path[:, axis])) for axis in (0, 1)]
        labels.append((*place, label))
    return pd.concat(tables, ignore_index=True), pd.DataFrame(labels, columns=["x", "y", "label"])


def _lines(x: Chart, y: Chart, *, dark: bool) -> list[Chart]:
    """Fine lines in the page's ink on a broader line of its paper: seen on every colour."""
    order = {"order": {"field": "k", "type": "quantitative"},
             "detail": {"field": "line", "type": "nominal"}}  # fmt: skip
    ink, paper = INK[dark], "#0E1117" if dark else "#FFFFFF"
    words = {"fontSize": 12, "fontWeight": "bold", "clip": True}
    text = {"field": "label", "type": "nominal"}
    halo = {**words, "color": paper, "stroke": paper, "strokeWidth": 4}
    return [
        layer("lines", "line", {"color": paper, "strokeWidth": 2.6, "opacity": 0.6, "clip": True},
              x=x, y=y, **order),
        layer("lines", "line", {"color": ink, "strokeWidth": 1.2, "clip": True}, x=x, y=y, **order),
        layer("labels", "text", halo, x=x, y=y, text=text),
        layer("labels", "text", {**words, "color": ink}, x=x, y=y, text=text),
    ]  # fmt: skip


def _dots(dots: Dots, names: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    words = np.array(list(names), dtype=object)
    table = pd.DataFrame(
        {
            "x": dots.points[:, 0].astype(float), "y": dots.points[:, 1].astype(float),
            "class": words[dots.labels], "decision": words[dots.winners],
            "spikes": _joined(dots.counts),
        }
    )  # fmt: skip
    return table, table[dots.labels != dots.winners].reset_index(drop=True)


def _points(
    x: Chart, y: Chart, names: Sequence[str], titles: tuple[str, str], *, dark: bool
) -> list[Chart]:
    """The points in their classes' colours and shapes, and a ring around each wrong one."""
    legend = {"title": None, "orient": "top", "symbolSize": 120, "labelLimit": 110, "columns": 3,
              "symbolOpacity": 1}  # fmt: skip
    count = len(names)
    colour = {"field": "class", "type": "nominal", "legend": legend,
              "scale": {"domain": list(names), "range": list(_COLOURS[dark][:count])}}  # fmt: skip
    shape = {**colour, "scale": {"domain": list(names), "range": list(CLASS_SHAPES[:count])}}
    tips = [{"field": f, "type": "nominal", "title": f} for f in ("class", "decision", "spikes")]
    tips += [tip("x", titles[0], ".3f"), tip("y", titles[1], ".3f")]
    style = {"filled": True, "size": 56, "opacity": 1, "stroke": INK[dark], "strokeWidth": 0.9,
             "clip": True}  # fmt: skip
    ring = {"shape": "circle", "filled": False, "size": 170, "strokeWidth": 1.8, "opacity": 1,
            "color": INK[dark], "clip": True}  # fmt: skip
    return [
        layer("dots", "point", style, x=x, y=y, color=colour, shape=shape, tooltip=tips),
        layer("wrong", "point", ring, x=x, y=y, tooltip=tips),
    ]


def _hairs(x: Chart, y: Chart, *, dark: bool) -> list[Chart]:
    """The place that is looked at: a large cross with a light border, seen on every colour."""
    mark = {"shape": "cross", "size": 200, "opacity": 1, "filled": True, "clip": True}
    return [
        layer("here", "point", {**mark, "fill": INK[dark], "stroke": INK[not dark],
                                "strokeWidth": 2}, x=x, y=y)
    ]  # fmt: skip


def confusion(matrix: NDArray[np.integer], names: Sequence[str], *, dark: bool = False) -> Chart:
    """Counts of points by true class (rows) and decision (columns), shaded by share of the row."""
    k = len(names)
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    words = np.array(list(names), dtype=object)
    table = pd.DataFrame(
        {
            "true": np.repeat(words, k), "decided": np.tile(words, k),
            "share": share.ravel(), "points": matrix.ravel(),
        }
    )  # fmt: skip
    rows = {"field": "true", "type": "nominal", "sort": None, "title": "true class"}
    across = {"field": "decided", "type": "nominal", "sort": None, "title": "decision",
              "axis": {"labelAngle": 0, "orient": "top", "labelLimit": 70}}  # fmt: skip
    paper = "#0E1117" if dark else "#FFFFFF"
    shade = {
        "field": "share", "type": "quantitative", "legend": None,
        "scale": {"domain": [0, 1], "range": [paper, "#0072B2"], "interpolate": "rgb"},
    }  # fmt: skip
    ink = {"condition": {"test": "datum.share > 0.55", "value": "#FFFFFF"}, "value": INK[dark]}
    tips = [
        {"field": "true", "type": "nominal", "title": "true class"},
        {"field": "decided", "type": "nominal", "title": "decision"},
        tip("points", "points", "d"), tip("share", "of this class", ".1%"),
    ]  # fmt: skip
    return {
        "datasets": {"table": table},
        "height": 34 * k + 80,  # with the axes
        "layer": [
            layer("table", "rect", {"stroke": "#808891", "strokeWidth": 0.6},
                  x=across, y=rows, color=shade, tooltip=tips),
            layer("table", "text", {"fontSize": 13}, x=across, y=rows, color=ink,
                  text={"field": "points", "type": "quantitative", "format": "d"}),
        ],
    }  # fmt: skip
