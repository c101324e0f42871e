"""The confusion matrix of an STDP run as a figure for print."""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snncore.plots.training_results import MOST_NUMBERED

_FIGURE_LOCK = threading.Lock()  # matplotlib's font cache is shared by all threads


def confusion_figure(
    matrix: NDArray[np.integer],
    names: Sequence[str],
    *,
    title: str = "",
    file_format: str = "svg",
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
            annot=matrix if len(names) <= MOST_NUMBERED else False,
            fmt="d",
            xticklabels=list(names),
            yticklabels=list(names),
            cbar_kws={"label": "share of the true class"},
        )
        axes.set(xlabel="answer", ylabel="true class", title=title)
        buffer = io.BytesIO()
        figure.savefig(buffer, format=file_format, dpi=200)
    return buffer.getvalue()
