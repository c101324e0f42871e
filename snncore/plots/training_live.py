"""Live charts of an STDP run: accuracy over images seen, wins, thresholds, weights, confusion."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from snncore.plots.base import COLOURS, INK
from snncore.plots.vega import Array, Chart, Columns, Key, axis, columns, finite, layer, span, tip

_HEIGHT = 190


def accuracy_curve(
    accuracy: Array,
    controls: Sequence[tuple[str, Array]],
    *,
    total: int,
    title: str = "right answers",
    dark: bool = False,
) -> Chart:
    """Share of right answers over images seen, beside its controls.

    Args:
        accuracy: [k, 2] images seen and share 0..1.
        controls: (name, [k, 2] or one row); drawn dashed, the last value going on to the end.
        total: images that will be seen; the x axis shows all of them from the start.

    Every control is named at its line's right end.
    """
    held, names, ends = [np.empty((0, 2))], [], []
    for name, values in controls:
        if not len(values):
            continue
        start = values[:1] * [0.0, 1.0] if len(values) == 1 else values[:0]
        end = values[-1:] * [0.0, 1.0] + [float(total), 0.0]
        held.append(np.concatenate([start, values, end]))
        names += [name] * len(held[-1])
        ends.append((float(total), float(values[-1, 1]), f"{name} {values[-1, 1]:.0%}"))
    known = finite(accuracy[:, 1], *(values[:, 1] for _, values in controls))
    top = min(1.0, max(0.3, float(known.max()) + 0.08)) if known.size else 1.0
    lines = np.concatenate(held)
    x = axis("seen", "images seen", (0, max(1, total)), format="~s", tickCount=6)
    y = axis("accuracy", title, (0.0, top), format=".0%", tickCount=5)
    dashes = {"field": "name", "type": "nominal", "legend": None}
    return {
        "datasets": {
            "run": columns({"seen": accuracy[:, 0], "accuracy": accuracy[:, 1]}),
            "controls": columns(
                {
                    "seen": lines[:, 0],
                    "accuracy": lines[:, 1],
                    "name": np.array(names, dtype=object),
                }
            ),
            "ends": _apart(ends, 0.075 * top),
        },
        "height": 230,
        "layer": [
            layer(
                "controls",
                "line",
                {"color": COLOURS["reference"], "strokeDash": [5, 4], "strokeWidth": 1.6},
                x=x,
                y=y,
                detail=dashes,
                tooltip=[
                    {"field": "name", "type": "nominal", "title": "control"},
                    tip("accuracy", title, ".1%"),
                ],
            ),
            layer(
                "run",
                "line",
                {
                    "color": COLOURS["voltage"],
                    "strokeWidth": 2.4,
                    "point": {"size": 22, "color": COLOURS["voltage"]}
                    if len(accuracy) < 40
                    else False,
                },
                x=x,
                y=y,
                tooltip=[tip("seen", "images seen", ",.0f"), tip("accuracy", title, ".1%")],
            ),
            layer(
                "ends",
                "text",
                {"align": "right", "dx": -4, "color": INK[dark], "fontSize": 11},
                x=x,
                y={**y, "field": "place"},
                text={"field": "words", "type": "nominal"},
            ),
        ],
    }


def _apart(ends: list[tuple[float, float, str]], gap: float) -> Columns:
    """Words above the ends of their lines, moved up where they would cover each other."""
    rows, below = [], -math.inf
    for x, y, words in sorted(ends, key=lambda end: end[1]):
        place = max(y + 0.45 * gap, below + gap)
        rows.append((x, place, words))
        below = place
    return {
        "seen": np.array([x for x, _, _ in rows]),
        "place": np.array([place for _, place, _ in rows]),
        "words": np.array([words for _, _, words in rows], dtype=object),
    }


def wins_curve(wins: NDArray[np.integer], *, what: str = "neurons") -> Chart:
    """How often each neuron or filter won since the last picture, busiest first."""
    ordered = np.sort(np.asarray(wins, dtype=np.int64))[::-1]
    keep = np.unique(np.linspace(0, max(0, len(ordered) - 1), 300).round().astype(int))
    table = columns({"rank": keep + 1, "wins": ordered[keep] if len(ordered) else keep})
    fair = float(ordered.mean()) if len(ordered) else 0.0
    return {
        "datasets": {"wins": table, "fair": columns({"wins": [fair]})},
        "height": _HEIGHT,
        "layer": [
            layer(
                "wins",
                "area",
                {"color": COLOURS["voltage"], "opacity": 0.4, "line": {"color": "#0072B2"}},
                x=axis("rank", f"{what}, busiest first", (1, max(2, len(ordered))), tickMinStep=1),
                y=axis("wins", "wins", span(ordered, zero=True)),
                tooltip=[tip("rank", "place", "d"), tip("wins", "wins", "d")],
            ),
            layer(
                "fair",
                "rule",
                {"color": COLOURS["theory"], "strokeDash": [5, 4], "strokeWidth": 1.6},
                y={"field": "wins", "type": "quantitative"},
            ),
        ],
    }


def theta_histogram(theta: NDArray[np.floating], start: float, *, what: str = "neurons") -> Chart:
    """How many neurons have which threshold; the line marks where all of them began."""
    values = finite(theta)
    low, high = span(values, [start])
    counts, edges = np.histogram(values, bins=24, range=(low, high))
    table = columns({"from": edges[:-1], "to": edges[1:], "count": counts})
    return {
        "datasets": {"bars": table, "start": columns({"from": [start]})},
        "height": _HEIGHT,
        "layer": [
            layer(
                "bars",
                "rect",
                {"color": COLOURS["threshold"], "opacity": 0.85},
                x=axis("from", "threshold θ", (low, high)),
                x2={"field": "to"},
                y=axis("count", what, span(counts, zero=True)),
                y2={"datum": 0},
                tooltip=[tip("from", "from"), tip("to", "to"), tip("count", what, "d")],
            ),
            layer(
                "start",
                "rule",
                {"color": COLOURS["reference"], "strokeDash": [5, 4], "strokeWidth": 1.6},
                x={"field": "from", "type": "quantitative"},
            ),
        ],
    }


def change_curve(change: Array, *, total: int) -> Chart:
    """Mean |Δw| a presentation over images seen, on a logarithmic scale; zeros are left out."""
    kept = change[np.isfinite(change[:, 1]) & (change[:, 1] > 0)] if len(change) else change
    values = kept[:, 1] if len(kept) else np.array([1.0])
    low, high = float(values.min()) / 1.5, float(values.max()) * 1.5
    return {
        "datasets": {"change": columns({"seen": kept[:, 0], "change": kept[:, 1]})},
        "height": _HEIGHT,
        "layer": [
            layer(
                "change",
                "line",
                {
                    "color": COLOURS["spike"],
                    "strokeWidth": 2,
                    "point": {"size": 18, "color": COLOURS["spike"]} if len(kept) < 40 else False,
                },
                x=axis("seen", "images seen", (0, max(1, total)), format="~s", tickCount=6),
                y=axis("change", "mean |Δw|", (low, high), log=True),
                tooltip=[tip("seen", "images seen", ",.0f"), tip("change", "mean |Δw|")],
            )
        ],
    }


def confusion_now(matrix: NDArray[np.int64], names: Sequence[str]) -> Chart:
    """The running confusion matrix: share of the true class by row; images in the tooltip."""
    total = np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    k = len(names)
    table = columns(
        {
            "true": np.repeat(np.array(names, dtype=object), k),
            "predicted": np.tile(np.array(names, dtype=object), k),
            "share": (matrix / total).ravel(),
            "images": matrix.ravel(),
        }
    )
    return {
        "datasets": {"cells": table},
        "height": 260 if k <= 12 else 420,
        "layer": [
            layer(
                "cells",
                "rect",
                x={
                    "field": "predicted", "type": "nominal", "sort": None,
                    "title": "answered", "axis": {"labelAngle": 0, "labelLimit": 60},
                },
                y={"field": "true", "type": "nominal", "sort": None, "title": "true class"},
                color={
                    "field": "share", "type": "quantitative", "legend": None,
                    "scale": {"scheme": "viridis", "domain": [0, 1]},
                },
                tooltip=[
                    {"field": "true", "type": "nominal"},
                    {"field": "predicted", "type": "nominal"},
                    tip("images", "images", "d"),
                    tip("share", "of this class", ".0%"),
                ],
            )
        ],
    }  # fmt: skip


def epochs_chart(
    epochs: ArrayLike, loss: ArrayLike, held_out: ArrayLike, training: ArrayLike
) -> Chart:
    """The linear readout while it is fitted: loss, and its accuracy epoch by epoch.

    Args:
        epochs: number of each step, ascending.
        loss: of the training counts.
        held_out, training: shares of right answers 0..1; NaN where not measured.
    """
    at = np.asarray(epochs, dtype=np.float64)
    shares = {"held out": held_out, "fitted": training}
    table = pd.concat(
        pd.DataFrame({"epoch": at, "share": np.asarray(values, np.float64), "name": name})
        for name, values in shares.items()
    ).dropna()
    losses = np.asarray(loss, dtype=np.float64)
    x = axis("epoch", "step of the fit", (float(at[0]), max(float(at[-1]), float(at[0]) + 1)))
    key = Key({"held out": "theory", "fitted": "voltage", "loss": "spike"})
    layers = [
        layer(
            name,
            "line",
            {"strokeWidth": 2, "point": {"size": 18}},
            x=x,
            y=axis("share", "right answers", span(table["share"]), format=".0%", orient="left"),
            color=key(name),
        )
        for name in shares
    ]
    layers.append(
        layer(
            "loss",
            "line",
            {"strokeDash": [4, 3], "strokeWidth": 1.6},
            x=x,
            y=axis("loss", "loss", span(losses, zero=True), orient="right", grid=False),
            color=key("loss"),
        )
    )
    return {
        "datasets": {
            **{name: table[table["name"] == name] for name in shares},
            "loss": pd.DataFrame({"epoch": at, "loss": losses}),
        },
        "height": 210,
        "layer": layers,
        "resolve": {"scale": {"y": "independent"}},
    }
