"""Pieces of plain Vega-Lite charts: layers, axes, tooltips, legends, thinned lines.

A chart is a dictionary for `st.vega_lite_chart` with its data as tables in `datasets`: building
one takes about a millisecond, where Altair's objects take 20 to 100.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snncore.plots.base import COLOURS

Array = NDArray[np.float64]
Chart = dict[str, Any]
Columns = dict[str, NDArray[Any]]  # a table of a chart that is drawn at each move of a slider

MAX_POINTS = 2000  # of a line: more than the page has pixels
# Shift + wheel, so that a plain wheel goes on scrolling the page.
ZOOM: Chart = {
    "name": "move",
    "select": {"type": "interval", "encodings": ["x"], "zoom": "wheel![event.shiftKey]"},
    "bind": "scales",
}


def thin(x: Array, values: Array, limit: int = MAX_POINTS) -> tuple[Array, Array]:
    """At most `limit` of the points (x, values): the lowest and highest of each of limit/2 bins."""
    count = x.size
    if count <= limit:
        return x, values
    width = -(-count // (limit // 2))
    rows = -(-count // width)
    table = np.pad(values, (0, rows * width - count), mode="edge").reshape(rows, width)
    start = np.arange(rows) * width
    low = np.minimum(start + table.argmin(axis=1), count - 1)
    high = np.minimum(start + table.argmax(axis=1), count - 1)
    keep = np.unique(np.concatenate([low, high]))
    return x[keep], values[keep]


def columns(values: Mapping[str, ArrayLike]) -> Columns:
    """Columns of one length, a single number repeated; a pandas table takes half a millisecond."""
    arrays = np.broadcast_arrays(*map(np.asarray, values.values()))
    return dict(zip(values, arrays, strict=True))


def span(*values: ArrayLike, zero: bool = False, margin: float = 0.06) -> tuple[float, float]:
    """Lowest and highest finite of all `values`, with room around; (0, 1) where there is none."""
    joined = finite(*values)
    if joined.size == 0:
        return 0.0, 1.0
    low, high = float(joined.min()), float(joined.max())
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    room = margin * (high - low) or 0.05 * max(abs(high), 1.0)
    return (low if zero and low == 0 else low - room), (high if zero and high == 0 else high + room)


def finite(*values: ArrayLike) -> Array:
    """All finite numbers of all `values`, in one row."""
    joined = [np.zeros(0), *(np.asarray(v, dtype=np.float64).ravel() for v in values)]
    row = np.concatenate(joined)
    return row[np.isfinite(row)]


def ticks(low: float, high: float, count: int) -> list[float]:
    """Round numbers in [low, high], about `count` of them."""
    raw = max(high - low, 1e-9) / count
    power = 10.0 ** math.floor(math.log10(raw))
    unit = min((m for m in (1, 2, 5, 10) if m * power >= 0.7 * raw), default=10) * power
    first, last = math.ceil(low / unit - 1e-9), math.floor(high / unit + 1e-9)
    return [round(k * unit, 10) for k in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten in [low, high], every second where they are many, 1, 2, 5 where few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    parts = (1,) if last - first > 3 else (1, 2, 5)
    every = 2 if last - first > 7 else 1
    values = [m * 10.0**k for k in range(first, last + 1) if k % every == 0 for m in parts]
    return [float(f"{v:.10g}") for v in values if low * 0.999 <= v <= high * 1.001]


_LOG_LABEL = (
    "datum.value >= 0.001 && datum.value < 100000 "
    "? format(datum.value, '~g') : format(datum.value, '.0e')"
)


class Key:
    """The named colours of a chart, with a legend above it."""

    def __init__(
        self, names: dict[str, str], *, columns: int | Chart = 4, symbol: str = "stroke"
    ) -> None:
        """`names`: what the legend says → the colour's name in `COLOURS` or a hex colour."""
        self._scale = {
            "domain": list(names),
            "range": [COLOURS.get(colour, colour) for colour in names.values()],
        }
        self._legend = {
            "title": None,
            "orient": "top",
            "columns": columns,
            "columnPadding": 10,
            "labelLimit": 240,
            "symbolType": symbol,
            "symbolStrokeWidth": 3,
            "symbolOpacity": 1,
        }

    def __call__(self, name: str) -> Chart:
        """The colour encoding of the layer called `name`."""
        return {"datum": name, "type": "nominal", "scale": self._scale, "legend": self._legend}


def layer(data: str, mark: str, style: Chart | None = None, **encoding: Any) -> Chart:
    """One mark for the rows of the table `data`."""
    # A picture inside a chart has no words of its own: those are the chart's alternative text.
    silent = {"aria": False} if mark == "image" else {}
    return {
        "data": {"name": data},
        "mark": {"type": mark, **silent, **(style or {})},
        "encoding": encoding,
    }


def axis(
    name: str,
    title: str | None,
    bounds: tuple[float, float],
    *,
    log: bool = False,
    **options: Any,
) -> Chart:
    """A quantitative axis that shows exactly `bounds`; `options` are Vega-Lite's of the axis."""
    scale: Chart = {"domain": list(bounds), "nice": False}
    scale |= {"type": "log"} if log else {"zero": False}
    if log:
        options = {"values": log_ticks(*bounds), "labelExpr": _LOG_LABEL, **options}
    return {
        "field": name,
        "type": "quantitative",
        "title": title,
        "scale": scale,
        "axis": options,
    }


def tip(name: str, title: str, form: str = ".4~g") -> Chart:
    """One line of a tooltip."""
    return {"field": name, "type": "quantitative", "title": title, "format": form}
