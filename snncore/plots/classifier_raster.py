"""One point on its way through the network: input spikes, hidden spikes, class neurons, counts.

All on one time axis. Bands lie below each other on one vertical axis in pixels, because a chart
that fills its column's width cannot be put together from several.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snncore.plots.base import COLOURS, INK, RASTER_INK
from snncore.plots.classifier import class_colours
from snncore.plots.vega import Chart, axis, layer, ticks, tip

_INPUT, _HIDDEN, _CLASS, _GAP, _AXIS = 84, 56, 44, 8, 58  # heights in pixels
_MARGIN = 0.32  # of the time, right of it: the counts stand there
_PEAK = 1.3  # thresholds: a potential that jumps higher is cut off there
_SHOWN = 64  # rows of a band at most: more are thinner than a pixel


class Trace(NamedTuple):
    """What one point made the network do in T steps."""

    inputs: NDArray[np.floating]  # [T, M], spikes as 0 and 1, or currents
    hidden: NDArray[np.bool_] | None  # [T, H]
    potentials: NDArray[np.floating]  # [T, K], before the reset
    spikes: NDArray[np.bool_]  # [T, K]
    winner: int


def trace(found: Trace, names: Sequence[str], *, threshold: float, dark: bool = False) -> Chart:
    """The rasters over the potentials of the class neurons with threshold, spikes and counts.

    Args:
        names: of the K classes.
    """
    steps, classes = found.spikes.shape
    bands: list[tuple[str, float, float]] = []  # label, top, bottom
    top = 0.0
    parts = [("input", _INPUT), *([("hidden", _HIDDEN)] if found.hidden is not None else [])]
    for name, height in [*parts, *((name, _CLASS) for name in names)]:
        bands.append((name, top, top + height))
        top += height + _GAP
    total = top - _GAP
    x = axis("x", "time [steps]", (0.0, steps * (1 + _MARGIN)), grid=False,
             values=ticks(0.0, steps, 5), titleAnchor="start")  # fmt: skip
    centres = [0.5 * (low + high) for _, low, high in bands]
    label = "".join(
        f"datum.value == {c:g} ? {_quoted(name)} : "
        for c, (name, _, _) in zip(centres, bands, strict=True)
    )
    y = axis("y", None, (total, 0.0), values=centres, labelExpr=label + "''", grid=False,
             ticks=False, domain=False, labelLimit=90)  # fmt: skip
    data = {"bands": pd.DataFrame([(0, steps, a, b) for _, a, b in bands],
                                  columns=["x", "x2", "y", "y2"])}  # fmt: skip
    paper = {"color": "#1A212B" if dark else "#F3F6F9"}
    ends = {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
    layers = [layer("bands", "rect", paper, x=x, y=y, **ends)]
    data["inputs"], layers = _band(found.inputs, bands[0], "inputs", x, y, layers, dark)
    if found.hidden is not None:
        data["hidden"], layers = _band(found.hidden, bands[1], "hidden", x, y, layers, dark)
    first = len(bands) - classes
    peak = _PEAK * threshold
    for k in range(classes):
        _, upper, lower = bands[first + k]
        scale = (lower - upper - 3) / peak
        tables = _neuron(found, k, upper, lower, scale, threshold)
        for name, table in tables.items():
            data[f"{name}{k}"] = table
        ink = class_colours(dark)[k]
        dashed = {"color": COLOURS["threshold"], "strokeDash": [4, 3], "strokeWidth": 1.2}
        layers += [
            layer(f"theta{k}", "rule", dashed, x=x, y=y, x2={"field": "x2"}),
            layer(f"v{k}", "line", {"color": ink, "strokeWidth": 1.6}, x=x, y=y,
                  order={"field": "k", "type": "quantitative"}),
            layer(f"spike{k}", "rule", {"color": ink, "strokeWidth": 2.2}, x=x, y=y,
                  y2={"field": "y2"}, tooltip=[tip("x", "spike in step", "d")]),
        ]  # fmt: skip
    data["counts"] = _counts(found, names, bands[first:])
    words = {"align": "left", "dx": 6, "fontSize": 12, "color": INK[dark]}
    bold = {"condition": {"test": "datum.wins", "value": "bold"}, "value": "normal"}
    text = {"field": "text", "type": "nominal"}
    layers.append(layer("counts", "text", words, x=x, y=y, text=text, fontWeight=bold))
    return {"datasets": data, "height": total + _AXIS, "layer": layers}


def _quoted(text: str) -> str:
    """A string of Vega's expression language that spells `text`."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return "'" + plain.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _band(
    values: NDArray[np.generic],
    band: tuple[str, float, float],
    name: str,
    x: Chart,
    y: Chart,
    layers: list[Chart],
    dark: bool,
) -> tuple[pd.DataFrame, list[Chart]]:
    """Marks of a population [T, M]: a stroke per spike, or the current as strength of colour."""
    _, upper, lower = band
    steps, rows = values.shape
    keep = np.arange(rows) if rows <= _SHOWN else (np.arange(_SHOWN) * rows) // _SHOWN
    shown = np.asarray(values, dtype=float)[:, keep]
    tall = (lower - upper) / len(keep)
    times, cells = np.nonzero(shown)
    table = pd.DataFrame(
        {
            "x": times.astype(float), "x2": times + 1.0, "row": keep[cells] + 1,
            "y": upper + cells * tall + 0.08 * tall, "y2": upper + (cells + 0.92) * tall,
            "value": shown[times, cells],
        }
    )  # fmt: skip
    tips = [tip("row", f"{name} neuron", "d"), tip("x", "step", "d"), tip("value", "input")]
    ends = {"y2": {"field": "y2"}}
    spikes_only = bool(((shown == 0) | (shown == 1)).all())
    if not spikes_only:  # constant currents: a bar as long as the whole time, fainter for less
        table = table[table["x"] == 0].assign(x2=float(steps))
        most = max(1e-9, float(np.abs(shown).max()))
        shade = {"field": "value", "type": "quantitative", "legend": None,
                 "scale": {"domain": [0, most], "range": [0, 1]}}  # fmt: skip
        mark = layer(name, "rect", {"color": RASTER_INK[dark]}, x=x, y=y, x2={"field": "x2"},
                     opacity=shade, tooltip=tips[::2], **ends)  # fmt: skip
    else:
        table["x"] += 0.5
        mark = layer(name, "rule", {"color": RASTER_INK[dark], "strokeWidth": 1.6}, x=x, y=y,
                     tooltip=tips[:2], **ends)  # fmt: skip
    return table, [*layers, mark]


def _neuron(
    found: Trace, k: int, upper: float, lower: float, scale: float, threshold: float
) -> dict[str, pd.DataFrame]:
    """Tables of one class neuron: its potential, threshold and spikes."""
    fired = found.spikes[:, k]
    v = np.clip(found.potentials[:, k], 0.0, _PEAK * threshold)  # below rest is drawn as rest
    middle = np.arange(len(v)) + 0.5
    # After a spike the line falls to 0 in the same step.
    times = np.repeat(middle, 1 + fired)
    values = np.repeat(v, 1 + fired)
    values[np.cumsum(1 + fired)[fired] - 1] = 0.0
    level, when = lower - scale * threshold, middle[fired]
    return {
        "theta": pd.DataFrame({"x": [0.0], "x2": [float(len(v))], "y": [level]}),
        "v": pd.DataFrame({"x": np.append(0.0, times),
                           "y": np.append(lower, lower - scale * values),
                           "k": np.arange(len(times) + 1)}),
        "spike": pd.DataFrame({"x": when, "y": np.full(when.size, upper + 1.0),
                               "y2": np.full(when.size, level)}),
    }  # fmt: skip


def _counts(
    found: Trace, names: Sequence[str], bands: Sequence[tuple[str, float, float]]
) -> pd.DataFrame:
    wins = np.arange(len(names)) == found.winner
    text = [
        f"{n}{' wins' if won else ''}"
        for n, won in zip(found.spikes.sum(axis=0).tolist(), wins, strict=True)
    ]
    return pd.DataFrame(
        {"x": float(len(found.spikes)), "y": [0.5 * (a + b) for _, a, b in bands], "text": text,
         "wins": wins}
    )  # fmt: skip
