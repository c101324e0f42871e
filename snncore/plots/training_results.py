"""Figures of a finished STDP run: accuracies, confusion matrix, the readout's history, mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snncore.experiment import FitPoint
from snncore.plots.base import COLOURS, INK, mosaic
from snncore.plots.vega import Chart, Columns, Key, axis, columns, layer, span, ticks, tip

CELL = "cell"  # name of the selection that a click on the confusion matrix makes
MOST_NUMBERED = 12  # classes: the numbers of more would not fit into the cells


class Bar(NamedTuple):
    """One accuracy, a fraction, with its standard error (0: unknown)."""

    name: str
    accuracy: float
    error: float
    control: bool


def accuracy_dots(bars: Sequence[Bar], *, dark: bool = False) -> Chart:
    """Accuracies as dots with whiskers of two standard errors, values written beside them.

    The axis begins where the values are, so that differences can be seen: dots, not bars, whose
    lengths would mislead there.
    """
    right = np.array([bar.accuracy for bar in bars])
    error = np.array([bar.error for bar in bars])
    words = [f"{b.accuracy:.2%}" + (f" ± {b.error:.2%}" if b.error > 0 else "") for b in bars]
    table = {
        "name": np.array([bar.name for bar in bars], dtype=object),
        "accuracy": right,
        "error": error,
        "low": right - 2 * error,
        "high": np.minimum(right + 2 * error, 1.0),
        "words": np.array(words, dtype=object),
        "kind": np.array(["control" if bar.control else "network" for bar in bars], dtype=object),
    }
    low, high = span(table["low"], table["high"])
    low, high = max(0.0, low), high + 0.1 * (high - low)
    # The words stand where there is more room: a telephone leaves little.
    before = right < (low + high) / 2
    marks = [value for value in ticks(low, high, 5) if value <= 1.0]
    x = axis("accuracy", "test images answered right", (low, high), format="~%", values=marks)
    names: Chart = {
        "field": "name",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"labelLimit": 230, "grid": True, "labelFlush": False},
    }
    colour = {
        "field": "kind",
        "type": "nominal",
        "legend": None,
        "scale": {
            "domain": ["network", "control"],
            "range": [COLOURS["voltage"], COLOURS["reference"]],
        },
    }
    tips = [
        {"field": "name", "type": "nominal", "title": "what"},
        tip("accuracy", "right", ".2%"),
        tip("error", "standard error", ".2%"),
    ]
    return {
        "datasets": {
            "bars": table,
            "words left": _rows(table, before),
            "words right": _rows(table, ~before),
        },
        "height": {"step": 26},
        "layer": [
            layer(
                "bars",
                "rule",
                {"strokeWidth": 2},
                x={**x, "field": "low"},
                x2={"field": "high"},
                y=names,
                color=colour,
            ),
            layer(
                "bars",
                "point",
                {"filled": True, "size": 80},
                x=x,
                y=names,
                color=colour,
                tooltip=tips,
            ),
            *(
                layer(
                    f"words {align}",
                    "text",
                    {"align": align, "dx": dx, "color": INK[dark]},
                    x={**x, "field": end},
                    y=names,
                    text={"field": "words", "type": "nominal"},
                )
                for align, dx, end in (("left", 10, "high"), ("right", -10, "low"))
            ),
        ],
    }


def confusion_chart(
    matrix: NDArray[np.integer], names: Sequence[str], chosen: tuple[int, int] | None = None
) -> Chart:
    """Confusion matrix, row = true class; a click selects `CELL` with its `t` and `p`.

    Colour is the share of the true class, on a root scale: mistakes are few, and they are what
    one looks for. The chosen cell is framed.
    """
    total = np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    count = len(names)
    true, predicted = np.divmod(np.arange(count * count), count)
    table = columns(
        {
            "t": true,
            "p": predicted,
            "true": np.array(names, dtype=object)[true],
            "predicted": np.array(names, dtype=object)[predicted],
            "share": (matrix / total).ravel(),
            "images": matrix.ravel(),
        }
    )
    x: Chart = {
        "field": "p",
        "type": "ordinal",
        "title": "answer",
        "axis": _class_axis(names, angle=0 if max(map(len, names)) <= 3 else -45),
    }
    y: Chart = {"field": "t", "type": "ordinal", "title": "true class", "axis": _class_axis(names)}
    cells = layer(
        "cells",
        "rect",
        {"cursor": "pointer"},
        x=x,
        y=y,
        color={
            "field": "share",
            "type": "quantitative",
            "scale": {"type": "sqrt", "scheme": "viridis", "domain": [0, 1]},
            "legend": None,
        },
        tooltip=[
            {"field": "true", "type": "nominal", "title": "true class"},
            {"field": "predicted", "type": "nominal", "title": "answer"},
            tip("images", "images", ",.0f"),
            tip("share", "of the class", ".1%"),
        ],
    )
    select = {"type": "point", "fields": ["t", "p"], "toggle": False, "clear": False}
    cells["params"] = [{"name": CELL, "select": select}]
    layers = [cells]
    if count <= MOST_NUMBERED:
        layers.append(
            layer(
                "cells",
                "text",
                {"fontSize": 11},
                x=x,
                y=y,
                text={"field": "images", "type": "quantitative"},
                color={
                    "condition": {"test": "datum.share > 0.3", "value": "#101418"},
                    "value": "#F4F7FA",
                },
            )
        )
        layers[-1]["mark"]["interactive"] = False  # a click on the number means the cell
    data = {"cells": table}
    if chosen is not None:
        data["chosen"] = _rows(table, (true == chosen[0]) & (predicted == chosen[1]))
        layers.append(
            layer(
                "chosen",
                "rect",
                {"filled": False, "stroke": "#E69F00", "strokeWidth": 3, "interactive": False},
                x=x,
                y=y,
            )
        )
    height = 380 if count <= MOST_NUMBERED else 520
    return {"datasets": data, "height": height, "layer": layers}


def _rows(table: Columns, chosen: NDArray[np.bool_]) -> Columns:
    return {name: column[chosen] for name, column in table.items()}


def _class_axis(names: Sequence[str], *, angle: int = 0) -> Chart:
    """Labels that are the classes' names where the field is their number."""
    quoted = ",".join("'" + name.replace("\\", " ").replace("'", "’") + "'" for name in names)
    return {
        "labelExpr": f"[{quoted}][datum.value]",
        "labelAngle": angle,
        "labelLimit": 90,
        "labelOverlap": True,
        "labelFlush": False,
    }


def fit_chart(history: Sequence[FitPoint]) -> Chart:
    """Accuracy of the linear readout over its passes: of what it fits, and of what is held out."""
    table = pd.DataFrame(history, columns=FitPoint._fields)
    table["pass"] = np.arange(1, len(table) + 1)
    held = table[np.isfinite(table["validation_accuracy"])]
    low, high = span(table["accuracy"].to_numpy(), held["validation_accuracy"].to_numpy())
    key = Key({"fitted": "voltage", "held out": "spike"})
    x = axis("pass", "pass over the counts", (1, max(2, len(table))))
    y = axis("accuracy", "right", (low, high), format=".1%", tickCount=5)
    tips = [
        tip("penalty", "penalty", ".1e"),
        tip("epoch", "pass with this penalty", ".0f"),
        tip("loss", "loss"),
        tip("accuracy", "fitted part right", ".2%"),
        tip("validation_accuracy", "held-out part right", ".2%"),
    ]
    points = {"point": {"size": 20}, "strokeWidth": 1.5}
    return {
        "datasets": {"fitted": table, "held": held},
        "height": 200,
        "layer": [
            layer("fitted", "line", points, x=x, y=y, color=key("fitted"), tooltip=tips),
            layer(
                "held",
                "line",
                points,
                x=x,
                y={**y, "field": "validation_accuracy"},
                color=key("held out"),
                tooltip=tips,
            ),
        ],
    }


def penalty_chart(path: Sequence[tuple[float, float]], chosen: float) -> Chart:
    """Accuracy of the held-out part for each penalty; the chosen one is marked."""
    table = pd.DataFrame(path, columns=["penalty", "accuracy"]).sort_values("penalty")
    low, high = span(table["accuracy"].to_numpy())
    first, last = float(table["penalty"].min()), float(table["penalty"].max())
    x = axis("penalty", "penalty λ", (first / 1.5, last * 1.5), log=True)
    y = axis("accuracy", "held-out part right", (low, high), format=".1%", tickCount=5)
    tips = [tip("penalty", "penalty", ".2e"), tip("accuracy", "held-out part right", ".2%")]
    return {
        "datasets": {"path": table, "best": table[table["penalty"] == chosen]},
        "height": 200,
        "layer": [
            layer(
                "path",
                "line",
                {"point": True, "color": COLOURS["voltage"]},
                x=x,
                y=y,
                tooltip=tips,
            ),
            layer(
                "best",
                "point",
                {"size": 160, "color": COLOURS["spike"], "strokeWidth": 2},
                x=x,
                y=y,
                tooltip=tips,
            ),
        ],
    }


def image_mosaic(images: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Grey pictures [S, H, W] side by side, `columns` to a row."""
    return mosaic(images, columns, gap=2, fill=110)


def profile_chart(values: NDArray[np.floating], names: Sequence[str]) -> Chart:
    """Mean spikes of one neuron for each class, as bars."""
    table = pd.DataFrame({"class": list(names), "spikes": np.asarray(values, dtype=np.float64)})
    return {
        "datasets": {"profile": table},
        "height": 150,
        "layer": [
            layer(
                "profile",
                "bar",
                {"color": COLOURS["voltage"]},
                x={
                    "field": "class",
                    "type": "nominal",
                    "sort": None,
                    "title": None,
                    "axis": {"labelAngle": 0 if max(map(len, names)) <= 3 else -45},
                },
                y={"field": "spikes", "type": "quantitative", "title": "mean spikes"},
                tooltip=[
                    {"field": "class", "type": "nominal", "title": "class"},
                    tip("spikes", "mean spikes", ".3~g"),
                ],
            )
        ],
    }
