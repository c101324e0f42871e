"""Charts of the analyses: any number of curves, bands, bars and marks on two labelled axes.

One builder serves all of them, so that simulation, theory and control look the same everywhere:
what was simulated is drawn as dots or a line in blue, theory as a green line over it, a control or
an expectation of pure chance as a dashed grey line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from snncore.plots.vega import (
    MAX_POINTS,
    ZOOM,
    Array,
    Chart,
    Key,
    axis,
    finite,
    layer,
    span,
    thin,
    tip,
)

Kind = Literal["line", "dash", "step", "dots", "diamond", "bars"]
MAX_DOTS = 600  # more overlap, and each is an element of its own in the browser


class Series(NamedTuple):
    """One curve: x and y [K]; for bars, x holds the K + 1 edges."""

    name: str
    x: Array
    y: Array
    colour: str = "voltage"  # name in `COLOURS` or a hex colour
    kind: Kind = "line"
    low: Array | None = None  # [K], a band from low to high
    high: Array | None = None


class Mark(NamedTuple):
    """A straight line over the whole plot at one value of x or y."""

    name: str
    at: float
    along: Literal["x", "y"] = "x"
    colour: str = "reference"


def curves(
    series: Sequence[Series],
    x_title: str,
    y_title: str,
    *,
    marks: Sequence[Mark] = (),
    x_span: tuple[float, float] | None = None,
    y_span: tuple[float, float] | None = None,
    zero: bool = False,
    log_x: bool = False,
    log_y: bool = False,
    height: int = 280,
    columns: int | Chart = 3,
    zoom: bool = False,
    y_values: Sequence[float] | None = None,
) -> Chart:
    """The chart of all `series` that have a finite point, and of the `marks`.

    Args:
        zero: the vertical axis starts at 0.
        log_x, log_y: logarithmic axes; points that are not positive are left out.
        columns: entries of the legend in one row.
        zoom: drag moves and Shift + wheel zooms along x.
        y_values: where the vertical axis has its ticks.
    """
    kept = [part for s in series if (part := _drawable(s, log_x, log_y)) is not None]
    lines = [m for m in marks if np.isfinite(m.at)]
    if x_span is None:
        across = [s.x for s in kept] + [[m.at] for m in lines if m.along == "x"]
        x_span = _log_span(*across) if log_x else span(*across, margin=0.0)
    if y_span is None:
        up = [v for s in kept for v in (s.y, s.low, s.high) if v is not None]
        up += [np.array([m.at]) for m in lines if m.along == "y"]
        y_span = _log_span(*up) if log_y else span(*up, zero=zero)
    names = {s.name: s.colour for s in kept} | {m.name: m.colour for m in lines}
    colour = Key(names, columns=columns)
    x = axis("x", x_title, x_span, log=log_x)
    extra = {} if y_values is None else {"values": list(y_values)}
    y = axis("y", y_title, y_span, log=log_y, **extra)
    data: dict[str, pd.DataFrame] = {}
    layers: list[Chart] = []
    for k, s in enumerate(kept):
        if s.low is not None and s.high is not None:
            data[f"b{k}"] = pd.DataFrame({"x": s.x, "y": s.low, "top": s.high})
            style = {"opacity": 0.22, "clip": True}
            layers.append(
                layer(f"b{k}", "area", style, x=x, y=y, y2={"field": "top"}, color=colour(s.name))
            )
    for k, s in enumerate(kept):
        data[f"s{k}"], mark = _table(s), _mark(s, x, y, colour, f"s{k}", x_title, y_title)
        layers.append(mark)
    for k, m in enumerate(lines):
        data[f"m{k}"] = pd.DataFrame({m.along: [m.at]})
        where = {"x": x} if m.along == "x" else {"y": y}
        dashed: Chart = {"strokeDash": [6, 4], "strokeWidth": 1.8, "clip": True}
        layers.append(layer(f"m{k}", "rule", dashed, **where, color=colour(m.name)))
    if zoom and layers:
        layers[0] = {**layers[0], "params": [ZOOM]}
    return {"datasets": data, "height": height, "layer": layers}


def _drawable(s: Series, log_x: bool, log_y: bool) -> Series | None:
    """`s` without the points that cannot be drawn, thinned; None if none is left."""
    x, y = np.asarray(s.x, dtype=np.float64), np.asarray(s.y, dtype=np.float64)
    if s.kind == "bars":
        return s._replace(x=x, y=y) if y.size and np.isfinite(y).any() else None
    keep = np.isfinite(x) & np.isfinite(y)
    keep &= (x > 0) if log_x else True
    keep &= (y > 0) if log_y else True
    low = None if s.low is None else np.asarray(s.low, dtype=np.float64)
    high = None if s.high is None else np.asarray(s.high, dtype=np.float64)
    if low is not None and high is not None:
        keep &= np.isfinite(low) & np.isfinite(high)
        low, high = low[keep], high[keep]
    x, y = x[keep], y[keep]
    if x.size == 0:
        return None
    limit = MAX_DOTS if s.kind in ("dots", "diamond") else MAX_POINTS
    if x.size > limit:
        if low is not None or s.kind in ("dots", "diamond"):  # evenly: nothing to tie peaks to
            pick = np.linspace(0, x.size - 1, limit).astype(np.int64)
            x, y = x[pick], y[pick]
            low = None if low is None else low[pick]
            high = None if high is None else high[pick]
        else:
            x, y = thin(x, y, limit)
    return s._replace(x=x, y=y, low=low, high=high)


def _table(s: Series) -> pd.DataFrame:
    if s.kind == "bars":
        return pd.DataFrame({"x": s.x[:-1], "end": s.x[1:], "y": s.y, "zero": 0.0})
    return pd.DataFrame({"x": s.x, "y": s.y})


def _mark(
    s: Series, x: Chart, y: Chart, colour: Key, data: str, x_title: str, y_title: str
) -> Chart:
    tips = [tip("x", x_title), tip("y", y_title)]
    style: Chart = {"clip": True}
    if s.kind == "bars":
        style["opacity"] = 0.75
        return layer(
            data, "rect", style, x=x, x2={"field": "end"}, y=y, y2={"field": "zero"},
            color=colour(s.name), tooltip=tips,
        )  # fmt: skip
    if s.kind in ("dots", "diamond"):
        round_one = s.kind == "dots"
        style |= {"filled": True, "opacity": 0.7, "size": 34 if round_one else 130}
        style["shape"] = "circle" if round_one else "diamond"
        return layer(data, "point", style, x=x, y=y, color=colour(s.name), tooltip=tips)
    style["strokeWidth"] = 1.5 if s.kind == "step" else 2.0
    if s.kind == "dash":
        style["strokeDash"] = [6, 4]
    if s.kind == "step":
        style["interpolate"] = "step-after"
    order = {"field": "x", "type": "quantitative"}
    return layer(data, "line", style, x=x, y=y, color=colour(s.name), order=order)


def _log_span(*values: ArrayLike) -> tuple[float, float]:
    joined = finite(*values)
    joined = joined[joined > 0]
    if joined.size == 0:
        return 0.1, 1.0
    low, high = float(joined.min()), float(joined.max())
    return (low / 1.25, high * 1.25) if low < high else (low / 3, high * 3)
