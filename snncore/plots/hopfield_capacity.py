"""Capacity of associative memories: simulated points with error bars over theory curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from snncore.plots.analysis import Series, curves
from snncore.plots.base import COLOURS, INK
from snncore.plots.vega import Array, Chart, Key, layer, tip

# What was simulated is dots of one set of colours, theory is lines of another; both in turn.
SIMULATED = ("voltage", "spike", "threshold")
THEORY = ("theory", "current", "reference")


class Points(NamedTuple):
    """What was measured of one rule: [K] each."""

    name: str
    x: Array
    y: Array
    error: Array  # standard error; NaN where there is none


class Line(NamedTuple):
    """A theory curve [K], NaN where it does not exist."""

    name: str
    x: Array
    y: Array


def capacity_chart(
    points: Sequence[Points],
    theory: Sequence[Line],
    titles: tuple[str, str],
    *,
    marks: Sequence[tuple[str, float]] = (),
    y_span: tuple[float, float] | None = (-0.04, 1.06),
    log: bool = False,
    dark: bool = False,
    height: int = 360,
) -> Chart:
    """Points with bars of one standard error, theory as lines, limits as named vertical lines.

    Args:
        titles: of the horizontal and the vertical axis, with units.
        marks: name → place on the horizontal axis; those outside the points' range are left out.
        y_span: ends of the vertical axis; by default room around 0 to 1, for shares and overlaps.
        log: a logarithmic horizontal axis.
    """
    across = [np.asarray(p.x, dtype=np.float64) for p in points]
    across += [np.asarray(line.x, dtype=np.float64) for line in theory]
    x_span = _span(across, log)
    shown = [
        *(
            Series(line.name, line.x, line.y, THEORY[k % len(THEORY)])
            for k, line in enumerate(theory)
        ),
        *(
            Series(p.name, p.x, p.y, SIMULATED[k % len(SIMULATED)], "dots")
            for k, p in enumerate(points)
        ),
    ]
    spec = curves(
        shown, *titles, x_span=x_span, y_span=y_span, log_x=log, height=height,
        columns={"signal": "width < 420 ? 1 : 3"},
    )  # fmt: skip
    if spec["layer"]:
        _add_errors(spec, points, titles)
        _add_limits(spec, [m for m in marks if x_span[0] <= m[1] <= x_span[1]], dark)
    return spec


def _add_limits(spec: Chart, marks: Sequence[tuple[str, float]], dark: bool) -> None:
    """Dashed lines over the whole height, each with its name along it."""
    x = spec["layer"][0]["encoding"]["x"]
    for k, (name, at) in enumerate(marks):
        spec["datasets"][f"m{k}"] = pd.DataFrame({"x": [at], "name": [name]})
        dashed: Chart = {"strokeDash": [6, 4], "strokeWidth": 1.6, "color": COLOURS["reference"]}
        words: Chart = {"angle": 270, "align": "left", "baseline": "bottom", "dx": 4, "dy": -3,
                        "color": INK[dark], "fontSize": 11, "y": "height"}  # fmt: skip
        text = {"field": "name", "type": "nominal"}
        spec["layer"].append(layer(f"m{k}", "rule", dashed, x=x))
        spec["layer"].append(layer(f"m{k}", "text", words, x=x, text=text))


def _add_errors(spec: Chart, points: Sequence[Points], titles: tuple[str, str]) -> None:
    """A vertical line of one standard error up and down on every point that has one."""
    first = spec["layer"][0]["encoding"]
    x, y = first["x"], first["y"]
    scale = first["color"]["scale"]  # every layer has the same
    names = dict(zip(scale["domain"], scale["range"], strict=True))
    key = Key(names, columns={"signal": "width < 420 ? 1 : 3"})
    for k, p in enumerate(points):
        bars = _bars(p)
        if bars.empty or p.name not in names:
            continue
        spec["datasets"][f"e{k}"] = bars
        spec["layer"].append(
            layer(
                f"e{k}", "rule", {"strokeWidth": 1.6, "clip": True}, x=x, y={**y, "field": "low"},
                y2={"field": "high"}, color=key(p.name),
                tooltip=[tip("x", titles[0]), tip("y", titles[1]), tip("error", "standard error")],
            )
        )  # fmt: skip


def _bars(p: Points) -> pd.DataFrame:
    table = pd.DataFrame({"x": p.x, "y": p.y, "error": p.error}, dtype=np.float64)
    table = table[np.isfinite(table).all(axis=1) & (table["error"] > 0)]
    return table.assign(low=table["y"] - table["error"], high=table["y"] + table["error"])


def _span(across: Sequence[Array], log: bool) -> tuple[float, float]:
    joined = np.concatenate([np.zeros(0), *across])
    joined = joined[np.isfinite(joined) & ((joined > 0) | (not log))]
    if not joined.size:
        return (0.1, 1.0) if log else (0.0, 1.0)
    low, high = float(joined.min()), float(joined.max())
    if log:
        return low / 1.25, high * 1.25
    room = 0.03 * (high - low) or 0.5
    return (0.0 if 0 <= low <= 0.2 * high else low - room), high + room
