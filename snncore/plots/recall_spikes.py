"""Figures of the spiking memories: rasters, the race of the membranes, reaction times."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snncore.plots.base import COLOURS, INK, indexed_png, rgb_of
from snncore.plots.vega import Array, Chart, Key, axis, layer, span, ticks, tip

# ON and OFF spikes need 3:1 on the raster's paper, light and dark.
ON = {False: "#B35900", True: "#E69F00"}
OFF = {False: "#0072B2", True: "#56B4E9"}
_PAPER = {False: (243, 246, 249), True: (26, 33, 43)}
_EXTENT = 74  # pixels left of both charts, so that their time axes are above each other
_CELLS, _GAP = 0.68, 0.06  # of the raster's height: the pixels, the space below them


def _picture(signed: NDArray[np.int8], *, dark: bool) -> bytes:
    """PNG of signed spikes [T, V]: one row a pixel, time to the right."""
    cells = signed.T
    kind = np.where(cells > 0, 1, 2 * (cells < 0))
    wide = max(1, 800 // max(1, cells.shape[1]))
    tall = max(1, 240 // max(1, cells.shape[0]))
    colours = [_PAPER[dark], rgb_of(ON[dark]), rgb_of(OFF[dark])]
    return indexed_png(kind.repeat(tall, axis=0).repeat(wide, axis=1), colours)


def _mark(data: dict[str, Any], x: Chart, step: float, text: str, *, dark: bool) -> list[Chart]:
    """A vertical line at `step` over the whole chart, with its name."""
    data["mark"] = pd.DataFrame({"x": [step], "text": [text]})
    style: Chart = {"strokeDash": [4, 3], "strokeWidth": 2, "color": INK[dark]}
    words: Chart = {"align": "left", "dx": 6, "fontSize": 12, "fontWeight": "bold", "y": 12}
    paper = f"rgb{_PAPER[dark]}"
    text_of = {"field": "text", "type": "nominal"}
    return [
        layer("mark", "rule", style, x=x),
        # a rim of paper, or the name could not be read on a block of spikes
        layer("mark", "text", words | {"stroke": paper, "strokeWidth": 6, "color": paper}, x=x,
              text=text_of),
        layer("mark", "text", words | {"color": INK[dark]}, x=x, text=text_of),
    ]  # fmt: skip


def order_of(readout: NDArray[Any]) -> NDArray[np.int64]:
    """Pixels from the brightest answer to the darkest, so that the answer shows as two blocks."""
    order: NDArray[np.int64] = np.argsort(-readout.astype(np.float64), kind="stable")
    return order


def raster_chart(
    signed: NDArray[np.int8],
    spikes: NDArray[np.bool_],
    names: Sequence[str],
    mark: tuple[float, str] | None = None,
    *,
    dark: bool = False,
    height: int = 340,
) -> Chart:
    """ON and OFF spikes of pixels above the spikes of memory units, on one time axis.

    Args:
        signed: int8 [T, V]: 1 ON, -1 OFF; the first pixel at the top.
        spikes: bool [T, K] of the memory units; K = 0 leaves them out.
        names: K names.
        mark: a step and its name, drawn over all.
    """
    steps, count = signed.shape
    units = spikes.shape[1]
    share = _CELLS if units else 1.0
    x = axis("x", "Time [steps]", (0.0, float(steps)), format="d", tickMinStep=1)
    pixels = axis(
        "row", "Pixels", (0.5 + count / share, 0.5), values=[], titleAnchor="end", domain=False,
        grid=False, minExtent=_EXTENT, orient="left",
    )  # fmt: skip
    image = {
        "url": "data:image/png;base64,"
        + base64.b64encode(_picture(signed, dark=dark)).decode("ascii"),
        "x": 0, "y": 0, "width": {"expr": "width"}, "height": {"expr": f"{share} * height"},
        "align": "left", "baseline": "top", "aspect": False, "smooth": False,
    }  # fmt: skip
    data: dict[str, Any] = {"one": pd.DataFrame({"row": [1.0], "x": [0.0]})}
    groups: list[Chart] = [
        {
            "layer": [
                layer("one", "image", image),
                layer("one", "point", {"opacity": 0, "size": 0}, x=x, y=pixels),
            ]
        }
    ]
    if units:
        t, unit = np.nonzero(spikes)
        data["units"] = pd.DataFrame(
            {
                "x": t + 0.5,
                "row": unit + 1.0,
                "step": t + 1,
                "name": [names[u] for u in unit.tolist()],
            }
        )
        room = 1.0 - _CELLS - _GAP
        label = json.dumps(list(names)).replace("</", "<\\/")
        rows = axis(
            "row", None, (0.5 + units, 0.5 + units - units / room),
            values=list(range(1, units + 1)), labelExpr=f"{label}[datum.value - 1]",
            labelLimit=_EXTENT - 8, domain=False, grid=False, minExtent=_EXTENT, orient="left",
            labelOverlap=False,
        )  # fmt: skip
        tick: Chart = {
            "thickness": 3, "size": 9, "orient": "vertical", "opacity": 1,
            "color": COLOURS["spike"],
        }  # fmt: skip
        groups.append(
            {
                "layer": [
                    layer(
                        "units", "tick", tick, x=x, y=rows,
                        tooltip=[{"field": "name", "title": "Memory unit"}, tip("step", "Step")],
                    )
                ]
            }
        )  # fmt: skip
    if mark is not None:
        groups.append({"layer": _mark(data, x, *mark, dark=dark)})
    return {
        "datasets": data,
        "height": height,
        "layer": groups,
        "resolve": {"scale": {"y": "independent"}},
    }


def course_chart(
    values: Array,
    names: Sequence[str],
    winner: int,
    title: str,
    *,
    level: tuple[float, str] | None = None,
    mark: tuple[float, str] | None = None,
    bounds: tuple[float, float] | None = None,
    dark: bool = False,
    height: int = 260,
) -> Chart:
    """Lines of values [T, K] over the steps, the winner's strong, below `raster_chart`.

    Args:
        winner: column that is drawn strong; -1 for none.
        level: a horizontal line and its name.
        bounds: of the vertical axis; lines are cut there.
    """
    steps, count = values.shape
    table = pd.DataFrame(
        {
            "x": np.repeat(np.arange(1, steps + 1) - 0.5, count),
            "step": np.repeat(np.arange(1, steps + 1), count),
            "y": values.reshape(-1),
            "unit": np.tile([f"{k}" for k in range(count)], steps),
            "name": np.tile(list(names), steps),
        }
    )
    strong = np.tile(np.arange(count) == winner, steps)
    data: dict[str, Any] = {"others": table[~strong], "winner": table[strong]}
    x = axis("x", "Time [steps]", (0.0, float(steps)), format="d", tickMinStep=1)
    low, high = bounds or span(values, zero=True)
    y = axis("y", title, (low, high), values=ticks(low, high, 5), minExtent=_EXTENT)
    key = Key(
        {"winner": "spike", "others": "reference"} | ({level[1]: "threshold"} if level else {})
    )
    tips = [{"field": "name", "title": "Picture"}, tip("step", "Step"), tip("y", title)]
    layers = [
        layer("others", "line", {"strokeWidth": 1, "opacity": 0.7, "clip": True}, x=x, y=y,
              detail={"field": "unit"}, color=key("others"), tooltip=tips),
        layer("winner", "line", {"strokeWidth": 2.5, "clip": True}, x=x, y=y,
              detail={"field": "unit"}, color=key("winner"), tooltip=tips),
    ]  # fmt: skip
    if level is not None:
        data["level"] = pd.DataFrame({"y": [level[0]]})
        layers.append(
            layer("level", "rule", {"strokeDash": [5, 4], "strokeWidth": 1.5}, y=y,
                  color=key(level[1]))
        )  # fmt: skip
    if mark is not None:
        layers += _mark(data, x, *mark, dark=dark)
    return {"datasets": data, "height": height, "layer": layers}


def reaction_chart(
    drift: Array,
    step: NDArray[np.integer],
    right: NDArray[np.bool_],
    theory: tuple[Array, Array],
    which: int,
    *,
    dark: bool = False,
    height: int = 300,
) -> Chart:
    """Decision steps of all probes over the drift of their leading unit, with the theory's line.

    Args:
        drift: thresholds per step [B].
        step: decision steps [B]; 0 (never) is left out.
        right: whether the winner was the right picture.
        theory: drift and expected step, any number of points.
        which: the probe that is ringed.
    """
    decided = step > 0
    table = pd.DataFrame(
        {"x": drift, "y": step, "right": right, "probe": np.arange(1, len(step) + 1)}
    )
    data: dict[str, Any] = {
        "right": table[decided & right],
        "wrong": table[decided & ~right],
        "here": table[decided & (np.arange(len(step)) == which)],
        "theory": pd.DataFrame({"x": theory[0], "y": theory[1]}),
    }
    x = axis("x", "Drift of the leading unit [thresholds per step]", span(drift, theory[0]))
    top = float(max([1.0, *step[decided].tolist(), *theory[1].tolist()]))
    y = axis("y", "Decision step", (0.0, 1.06 * top), format="d", tickMinStep=1)
    key = Key(
        {
            "right picture": "voltage", "wrong picture": "spike", "theory": "theory",
            "the chosen input": "threshold",
        },
        columns={"signal": "width < 420 ? 2 : 4"},
        symbol="circle",
    )  # fmt: skip
    tips = [tip("probe", "Input", "d"), tip("y", "Decision step", "d"), tip("x", "Drift")]
    dot: Chart = {"filled": True, "size": 42, "opacity": 0.65}
    return {
        "datasets": data,
        "height": height,
        "layer": [
            layer("theory", "line", {"strokeWidth": 2}, x=x, y=y, color=key("theory")),
            layer("right", "point", dot, x=x, y=y, color=key("right picture"), tooltip=tips),
            layer("wrong", "point", dot | {"shape": "diamond", "opacity": 0.9}, x=x, y=y,
                  color=key("wrong picture"), tooltip=tips),
            layer("here", "point", {"size": 170, "strokeWidth": 2.5, "filled": False}, x=x, y=y,
                  color=key("the chosen input"), tooltip=tips),
        ],
    }  # fmt: skip
