"""Figures of the STDP trainer: receptive fields, rasters, neuron activity, confusion matrix."""

from __future__ import annotations

import io
import threading
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snncore.plots.base import COLOURS, INK, mosaic

MAX_FIELDS = 144  # more fields than this are too small to read on a page
_FIGURE_LOCK = threading.Lock()  # matplotlib's font cache is shared by all threads


def receptive_fields(
    weights: NDArray[np.float32], shape: tuple[int, int], *, count: int = MAX_FIELDS
) -> NDArray[np.uint8]:
    """One picture of what the first `count` neurons look for, uint8 [H', W', 3].

    Args:
        weights: [n_out, n_in]; n_in = H·W for raw pixels, 2·H·W for ON and OFF cells.
        shape: (H, W) of the images.

    Each field is scaled to its own maximum. Raw fields run from black to white; ON/OFF fields
    show ON weights in orange and OFF weights in blue.
    """
    height, width = shape
    fields = weights[:count].reshape(min(count, len(weights)), -1, height, width)
    if fields.shape[1] not in (1, 2):
        raise ValueError(f"weights must have {height * width} or twice as many inputs per neuron")
    peak = np.maximum(fields.max(axis=(1, 2, 3), keepdims=True), 1e-6)
    level = np.clip(fields / peak, 0.0, 1.0)
    if fields.shape[1] == 1:
        grey = (level[:, 0] * 255).round().astype(np.uint8)
        return mosaic(np.repeat(grey[..., None], 3, axis=3), fill=90)
    on, off = (np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)]) for c in _ON_OFF)
    rgb = level[:, 0, ..., None] * on + level[:, 1, ..., None] * off
    return mosaic(np.clip(rgb, 0, 255).round().astype(np.uint8), fill=90)


_ON_OFF = ("#F29E38", "#4BA3E3")


def wins_chart(wins: NDArray[np.int64]) -> Any:
    """How often each neuron spiked first since the last report: are all of them in use?"""
    table = pd.DataFrame({"neuron": np.arange(len(wins)), "wins": np.sort(wins)[::-1]})
    return (
        alt.Chart(table)
        .mark_area(line={"color": COLOURS["voltage"]}, color=COLOURS["voltage"], opacity=0.35)
        .encode(
            x=alt.X("neuron:Q", title="neurons, busiest first", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("wins:Q", title="first spikes"),
        )
        .properties(height=190)
    )


def accuracy_chart(rows: list[tuple[str, float, str]], *, dark: bool = False) -> Any:
    """Horizontal bars of (name, accuracy 0..1, group), the values written beside them."""
    table = pd.DataFrame(rows, columns=["name", "accuracy", "group"])
    base = alt.Chart(table).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=260)),
        x=alt.X(
            "accuracy:Q",
            title="correct test images",
            scale=alt.Scale(domain=[0, 1.08]),
            axis=alt.Axis(format=".0%", values=[0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        ),
    )
    bars = base.mark_bar(height=18, cornerRadiusEnd=3).encode(
        color=alt.Color(
            "group:N",
            scale=alt.Scale(
                domain=["network", "control"], range=[COLOURS["voltage"], COLOURS["reference"]]
            ),
            legend=None,
        )
    )
    text = base.mark_text(align="left", dx=5, color=INK[dark]).encode(
        text=alt.Text("accuracy:Q", format=".1%")
    )
    return (bars + text).properties(height=alt.Step(26))


def confusion_chart(matrix: NDArray[np.int64], names: tuple[str, ...]) -> Any:
    """Confusion matrix in per cent of the true class, for up to 12 classes with the numbers."""
    total = np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    share = matrix / total
    k = len(names)
    table = pd.DataFrame(
        {
            "true": np.repeat(np.array(names, dtype=object), k),
            "predicted": np.tile(np.array(names, dtype=object), k),
            "share": share.ravel(),
            "images": matrix.ravel(),
        }
    )
    base = alt.Chart(table).encode(
        x=alt.X("predicted:N", sort=None, title="predicted class", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("true:N", sort=None, title="true class"),
        tooltip=["true:N", "predicted:N", "images:Q", alt.Tooltip("share:Q", format=".1%")],
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            "share:Q",
            scale=alt.Scale(scheme="viridis", domain=[0, 1]),
            legend=None,
        )
    )
    if k <= 12:
        numbers = base.mark_text(fontSize=11).encode(
            text=alt.Text("images:Q"),
            color=alt.condition(alt.datum.share > 0.55, alt.value("#101418"), alt.value("#F4F7FA")),
        )
        return (cells + numbers).properties(height=380)
    return alt.layer(cells).properties(height=520)


def confusion_figure(
    matrix: NDArray[np.int64], names: tuple[str, ...], *, title: str = "", file_format: str = "svg"
) -> bytes:
    """The confusion matrix as a publication figure (SVG, PNG or PDF bytes), drawn by seaborn."""
    import seaborn as sns
    from matplotlib.figure import Figure

    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    with _FIGURE_LOCK:
        figure = Figure(figsize=(6.4, 5.4), layout="constrained")
        axes: Any = figure.subplots()
        sns.heatmap(
            share,
            ax=axes,
            cmap="viridis",
            vmin=0,
            vmax=1,
            square=True,
            annot=matrix if len(names) <= 12 else False,
            fmt="d",
            xticklabels=names,
            yticklabels=names,
            cbar_kws={"label": "share of the true class"},
        )
        axes.set(xlabel="predicted class", ylabel="true class", title=title)
        buffer = io.BytesIO()
        figure.savefig(buffer, format=file_format, dpi=200)
    return buffer.getvalue()
