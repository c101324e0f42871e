"""A signal through several codes: one lane each, above one common time axis.

A lane holds the signal, what was read back from the spikes, the band in which theory expects it,
and the spikes themselves below. The lanes share one plot, so that moving or zooming in time moves
all of them.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snncore.plots.base import COLOURS, INK, indexed_png, rgb_of
from snncore.plots.vega import ZOOM, Array, Chart, Key, axis, finite, layer, thin, ticks, tip

LANE_HEIGHT = 136  # px
LEGEND_HEIGHT, AXIS_HEIGHT = 44, 82  # px above and below the lanes
_HEAD, _CURVES, _GAP, _SPIKES = 0.16, 0.52, 0.04, 0.2  # of a lane: name, curves, raster
_MAX_POINTS = 1200  # of each line: three lanes stay quick to draw
_COLUMNS = 1500  # of a raster: more are thinner than a pixel of the page
_NARROW = 500  # a spike is at least one part in this of the width: a phone must not lose it
_CLEAN = "Without damage"
_MAX_ROWS = 24  # neurons of a raster
_PAPER = {False: (243, 246, 249), True: (26, 33, 43)}
_UP, _DOWN = COLOURS["spike"], COLOURS["minus"]


class Lane(NamedTuple):
    """One code's part of the chart: T samples, M neurons."""

    title: str
    signal: NDArray[np.float32]  # [T]
    decoded: NDArray[np.float32]  # [T]
    spikes: NDArray[np.int8]  # [T, M], −1, 0 or any positive count
    bound: float  # half width of the band around the signal; NaN for none
    numbers: str = ""  # beside the title, where there is room
    clean: NDArray[np.float32] | None = None  # [T], what would be read without the damage


def lanes_chart(
    lanes: Sequence[Lane], *, rate_hz: float = 0.0, first: int = 0, dark: bool = False
) -> Chart:
    """The lanes from top to bottom.

    Args:
        rate_hz: samples per second: the axis tells seconds, too; 0 where there is no such thing.
        first: number of the first sample within its recording, for the seconds.
    """
    names = {"Signal": INK[dark], "Read back": "voltage"}
    if any(lane.clean is not None for lane in lanes):
        names = {"Signal": INK[dark], _CLEAN: "reference", "Read back": "voltage"}
    if any(np.isfinite(lane.bound) for lane in lanes):
        names["Signal ± bound"] = "theory"
    signed = any((lane.spikes < 0).any() for lane in lanes)
    names["Spike, +1" if signed else "Spike"] = _UP
    if signed:
        names["Spike, −1"] = _DOWN
    colour = Key(names, columns={"signal": "width < 420 ? 2 : 5"})
    low, high = shown_range([lane.signal for lane in lanes], [lane.decoded for lane in lanes])
    x = _time(lanes[0].signal.size, rate_hz, first)
    data: dict[str, pd.DataFrame] = {}
    groups = [
        _lane(lane, k, len(lanes), x, (low, high), colour, data, dark=dark)
        for k, lane in enumerate(lanes)
    ]
    groups[0][0] = {**groups[0][0], "params": [ZOOM]}
    return {
        "datasets": data,
        "height": LANE_HEIGHT * len(lanes) + LEGEND_HEIGHT + AXIS_HEIGHT,
        "layer": [{"layer": group} for group in groups],
        "resolve": {"scale": {"y": "independent"}},
    }


def shown_range(
    signals: Sequence[NDArray[np.float32]], decoded: Sequence[NDArray[np.float32]]
) -> tuple[float, float]:
    """Lowest and highest value drawn: the signals with what was read back, as far as it is near.

    A decoder that has lost the signal drifts anywhere; it leaves the lane rather than flattening
    the others.
    """
    heard = finite(*signals)
    if heard.size == 0:
        return 0.0, 1.0
    low, high = float(heard.min()), float(heard.max())
    room = 0.35 * (high - low) or 0.1 * max(abs(high), 1.0)
    read = finite(*decoded)
    if read.size:
        low, high = (
            max(low - room, min(low, float(read.min()))),
            min(high + room, max(high, float(read.max()))),
        )
    edge = 0.04 * (high - low) or 0.1 * max(abs(high), 1.0)
    return low - edge, high + edge


def _time(steps: int, rate_hz: float, first: int) -> Chart:
    bounds = (0.0, float(max(1, steps)))
    count = {"expr": "width < 420 ? 4 : 9"}
    if rate_hz <= 0:
        return axis("x", "Time [samples]", bounds, format=",d", tickCount=count)
    seconds = f"format((datum.value + {first}) / {rate_hz:.10g}, '~g') + ' s'"
    return axis(
        "x",
        "Time [samples; seconds of the recording]",
        bounds,
        tickCount=count,
        labelExpr=f"[format(datum.value, ','), {seconds}]",
    )


def _lane(
    lane: Lane,
    k: int,
    count: int,
    x: Chart,
    span: tuple[float, float],
    colour: Key,
    data: dict[str, pd.DataFrame],
    *,
    dark: bool,
) -> list[Chart]:
    """The layers of lane k, whose vertical scale is stretched so that it lands in its place."""
    low, high = span
    unit = (high - low) / _CURVES  # of one whole lane
    bottom, top = high - unit * (count - k - _HEAD), high + unit * (k + _HEAD)
    y = axis(
        "y", "Value", (bottom, top),
        values=ticks(low, high, 4), domain=False, orient="left", minExtent=42, format="~g",
        titleY=_part(k + _HEAD + _CURVES / 2, count), titleAnchor="middle",
    )  # fmt: skip
    layers: list[Chart] = []
    steps = np.arange(lane.signal.size, dtype=np.float64)
    signal = lane.signal.astype(np.float64)
    if np.isfinite(lane.bound):
        at, middle = thin(steps, signal, _MAX_POINTS)
        data[f"band{k}"] = pd.DataFrame({
            "x": at,
            "y": np.clip(middle - lane.bound, low, high),
            "top": np.clip(middle + lane.bound, low, high),
        })  # fmt: skip
        style: Chart = {"opacity": 0.25, "clip": True, "interpolate": "step-after"}
        layers.append(
            layer(f"band{k}", "area", style, x=x, y=y, y2={"field": "top"},
                  color=colour("Signal ± bound"))
        )  # fmt: skip
    lines = {"Signal": (signal, 1.4), _CLEAN: (lane.clean, 1.4), "Read back": (lane.decoded, 2.0)}
    for name, (values, width) in lines.items():
        if values is None:
            continue
        table = f"{name[:4].strip().lower()}{k}"
        data[table] = _line(steps, np.asarray(values, dtype=np.float64), low, high)
        style = {"strokeWidth": width, "clip": True, "interpolate": "step-after"}
        layers.append(
            layer(table, "line", style, x=x, y=y, color=colour(name),
                  order={"field": "x", "type": "quantitative"},
                  tooltip=[tip("x", "Sample", ",d"), tip("value", name)])
        )  # fmt: skip
    data[f"name{k}"] = pd.DataFrame({"title": [lane.title], "numbers": [lane.numbers]})
    place: Chart = {
        "x": 4, "y": _part(k + 0.6 * _HEAD, count), "align": "left", "baseline": "middle",
        "fontWeight": "bold", "fontSize": 13, "color": INK[dark],
    }  # fmt: skip
    aside = place | {
        "x": {"expr": "width - 4"}, "align": "right", "fontWeight": "normal",
        "opacity": {"expr": "width < 480 ? 0 : 1"},
    }  # fmt: skip
    layers += [
        layer(f"name{k}", "text", place, text={"field": "title", "type": "nominal"}),
        layer(f"name{k}", "text", aside, text={"field": "numbers", "type": "nominal"}),
        layer(f"name{k}", "image", _picture(lane, k, count, dark=dark)),
    ]
    return layers


def _line(steps: Array, values: Array, low: float, high: float) -> pd.DataFrame:
    """Points of a line; a value outside the lane is drawn at its edge and told by the tooltip."""
    known = np.isfinite(values)
    at, shown = thin(steps[known], values[known], _MAX_POINTS)
    return pd.DataFrame({"x": at, "y": np.clip(shown, low, high), "value": shown})


def _part(lanes: float, count: int) -> Chart:
    """So many lanes in pixels: the browser takes legend and axis off the chart's height."""
    return {"expr": f"height * {lanes / count:.8f}"}


def _picture(lane: Lane, k: int, count: int, *, dark: bool) -> Chart:
    """The raster, which moves and zooms with the time axis."""
    code = base64.b64encode(raster(lane.spikes, dark=dark)).decode("ascii")
    end = lane.signal.size
    return {
        "url": f"data:image/png;base64,{code}",
        "x": {"expr": "scale('x', 0)"},
        "width": {"expr": f"scale('x', {end}) - scale('x', 0)"},
        "y": _part(k + _HEAD + _CURVES + _GAP, count),
        "height": _part(_SPIKES, count),
        "align": "left",
        "baseline": "top",
        "aspect": False,
        "smooth": False,
        "clip": True,
    }


def raster(spikes: NDArray[np.int8], *, dark: bool) -> bytes:
    """PNG of spikes [T, M]: a row per neuron, the first one at the top.

    Where some are negative, a row has two halves: +1 stands in the upper one, −1 in the lower, so
    that colour is not needed to tell them.
    """
    neurons = spikes.shape[1]
    rows = np.arange(neurons)
    if neurons > _MAX_ROWS:
        rows = (np.arange(_MAX_ROWS) * neurons) // _MAX_ROWS
    up, down = _pool(spikes[:, rows] > 0), _pool(spikes[:, rows] < 0)
    half = max(2, 60 // (2 * len(rows)))  # pixels
    picture = np.zeros((len(rows), 2 * half + 1, up.shape[0]), dtype=np.uint8)
    middle = half if down.any() else 2 * half
    for row in range(len(rows)):
        picture[row, :middle, up[:, row]] = 1
        picture[row, middle : 2 * half, down[:, row]] = 2
    colours = [_PAPER[dark], rgb_of(_UP), rgb_of(_DOWN)]
    return indexed_png(picture.reshape(-1, up.shape[0]), colours)


def _pool(spikes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """[T, M] → [at most `_COLUMNS`, M], each spike wide enough to be seen."""
    width = -(-spikes.shape[0] // _COLUMNS)
    starts = np.arange(0, spikes.shape[0], width)
    cells: NDArray[np.bool_] = np.logical_or.reduceat(spikes, starts, axis=0)
    wide = cells.copy()
    for shift in range(1, -(-len(cells) // _NARROW)):
        wide[shift:] |= cells[:-shift]
    return wide
