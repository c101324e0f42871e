"""Signals in lanes and the classifier's map as files for a report or a slide."""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from snncore.classifier.answers import Plane
from snncore.plots.base import COLOURS
from snncore.plots.classifier import CLASS_SHAPES, Dots, class_colours, winner_picture
from snncore.plots.encoding_signal import Lane

Kind = Literal["png", "svg"]
_LOCK = threading.Lock()  # matplotlib is not thread-safe
_MARKERS = dict(zip(CLASS_SHAPES, ("o", "s", "^", "D", "P", "v"), strict=True))


def lanes_figure(lanes: Sequence[Lane], kind: Kind, *, first: int = 0) -> bytes:
    """Each code below the other: the signal, what was read back, and the spikes.

    Args:
        first: number of the first sample within its recording.
    """
    with _LOCK:
        fig = _figure((8.0, 2.3 * len(lanes)))
        heights = [2.2, 1.0] * len(lanes)
        rows = fig.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)
        for k, lane in enumerate(lanes):
            curves, raster = rows[2 * k, 0], rows[2 * k + 1, 0]
            t = first + np.arange(lane.signal.size)
            if np.isfinite(lane.bound):
                band = (lane.signal - lane.bound, lane.signal + lane.bound)
                curves.fill_between(t, *band, color=COLOURS["theory"], alpha=0.2, linewidth=0)
            curves.plot(t, lane.signal, color="black", linewidth=1, label="signal")
            curves.plot(t, lane.decoded, color=COLOURS["voltage"], linewidth=1, label="read back")
            curves.set_title(f"{lane.title}: {lane.numbers}", fontsize=9, loc="left")
            for sign, colour in ((1, COLOURS["spike"]), (-1, COLOURS["minus"])):
                step, neuron = np.nonzero(np.sign(lane.spikes) == sign)
                # Thousands of strokes are pixels in an SVG, too: no viewer is quick with so many.
                raster.plot(
                    first + step, neuron, "|", color=colour, markersize=6, rasterized=True
                )  # fmt: skip
            raster.set(yticks=[], ylim=(lane.spikes.shape[1] - 0.5, -0.5), ylabel="spikes")
        rows[0, 0].legend(frameon=False, fontsize=8, loc="upper right")
        rows[-1, 0].set_xlabel("sample")
        return _bytes(fig, kind)


def map_figure(plane: Plane, names: Sequence[str], dots: Dots | None, kind: Kind) -> bytes:
    """The plane in the colours of the winners; the points, ringed where the answer is wrong."""
    from matplotlib.image import imread

    with _LOCK:
        fig = _figure((5.6, 4.6))
        axes: Any = fig.subplots()
        picture = imread(io.BytesIO(winner_picture(plane)), format="png")
        axes.imshow(picture, extent=(0, 1, 0, 1), interpolation="none")
        for k, (name, colour) in enumerate(zip(names, class_colours(), strict=False)):
            of_class = [] if dots is None else dots.points[dots.labels == k]
            x, y = np.asarray(of_class, dtype=float).reshape(-1, 2).T
            marker = _MARKERS[CLASS_SHAPES[k]]
            axes.scatter(x, y, s=16, color=colour, marker=marker, label=name)
        if dots is not None and (wrong := dots.winners != dots.labels).any():
            axes.scatter(
                *dots.points[wrong].T, s=70, facecolors="none", edgecolors="black", label="wrong"
            )
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="x", ylabel="y")
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        return _bytes(fig, kind)


def _figure(size: tuple[float, float]) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    fig = Figure(figsize=size, layout="constrained", dpi=200)
    FigureCanvasAgg(fig)
    return fig


def _bytes(fig: Any, kind: Kind) -> bytes:
    buffer = io.BytesIO()
    fig.savefig(buffer, format=kind)
    return buffer.getvalue()
