"""Spikes of many rows over time, with rates below them on the same time axis."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snncore.plots.analysis import Series
from snncore.plots.base import RASTER_INK, indexed_png, rgb_of
from snncore.plots.vega import Array, Chart, Key, axis, layer, span, ticks, tip

COLUMNS = 640  # of the picture: more are thinner than a pixel of the page
_RASTER, _RATE = 0.56, 0.36  # of the height; a gap remains
_PAPER = {False: (243, 246, 249), True: (26, 33, 43)}  # a shade off the page: shows the extent


def raster_over_rate(
    cells: NDArray[np.bool_],
    duration: float,
    row_title: str,
    rates: Sequence[Series],
    *,
    rate_title: str = "Rate [Hz]",
    dark: bool = False,
    height: int = 420,
) -> Chart:
    """Raster of cells [rows, columns], the first row at the top, over lines of rates in Hz.

    The raster is one picture: as marks of their own, some ten thousand spikes would block the
    browser.
    """
    rows = cells.shape[0]
    image = {
        "url": "data:image/png;base64,"
        + base64.b64encode(_picture(cells, dark=dark)).decode("ascii"),
        "x": 0,
        "y": 0,
        "width": {"expr": "width"},
        "height": {"expr": f"{_RASTER} * height"},
        "align": "left",
        "baseline": "top",
        "aspect": False,
        "smooth": False,
    }
    x = axis("x", "Time [ms]", (0.0, duration))
    upper = axis(
        "row", row_title, (0.5 + rows / _RASTER, 0.5),
        values=[1, *(v for v in ticks(1, rows, 4) if v > 1)], format="d",
        titleAnchor="end", domain=False, grid=False, minExtent=40, orient="left",
    )  # fmt: skip
    values = [v for s in rates for v in (s.y, s.high) if v is not None]
    top = max(1.0, span(*values, zero=True)[1] if values else 1.0)
    lower = axis(
        "y", rate_title, (0.0, top / _RATE), values=ticks(0.0, top, 3),
        titleAnchor="start", domain=False, minExtent=40, orient="left",
    )  # fmt: skip
    colour = Key({s.name: s.colour for s in rates}, columns=3)
    data = {"one": pd.DataFrame({"row": [1.0], "x": [0.0]})}
    panel: list[Chart] = []
    for k, s in enumerate(rates):
        if s.low is not None and s.high is not None:
            data[f"b{k}"] = pd.DataFrame({"x": s.x, "y": s.low, "top": s.high})
            panel.append(
                layer(f"b{k}", "area", {"opacity": 0.22, "interpolate": "step", "clip": True},
                      x=x, y=lower, y2={"field": "top"}, color=colour(s.name))
            )  # fmt: skip
    for k, s in enumerate(rates):
        data[f"s{k}"] = pd.DataFrame({"x": s.x, "y": s.y})
        style: Chart = {"strokeWidth": 2.0, "clip": True}
        if s.kind == "dash":
            style["strokeDash"] = [6, 3]
        if s.kind == "step":
            style |= {"interpolate": "step", "strokeWidth": 1.5}
        panel.append(
            layer(f"s{k}", "line", style, x=x, y=lower, color=colour(s.name),
                  tooltip=[tip("x", "Time [ms]"), tip("y", rate_title)])
        )  # fmt: skip
    spikes = [
        layer("one", "image", image),
        layer("one", "point", {"opacity": 0, "size": 0}, x=x, y=upper),  # holds the row axis
    ]
    return {
        "datasets": data,
        "height": height,
        "layer": [{"layer": spikes}, {"layer": panel}],
        "resolve": {"scale": {"y": "independent"}},
    }


def cells_of_trains(trains: Sequence[Array], duration: float) -> NDArray[np.bool_]:
    """Cells [rows, columns] of spike times in ms, one array per row."""
    cells = np.zeros((len(trains), COLUMNS), dtype=bool)
    for row, train in zip(cells, trains, strict=True):
        row[np.clip((train / duration * COLUMNS).astype(np.int64), 0, COLUMNS - 1)] = True
    return cells


def _picture(cells: NDArray[np.bool_], *, dark: bool) -> bytes:
    # Three columns wide: a phone shows every second or third column, and must not lose a spike.
    wide = cells.copy()
    wide[:, 1:] |= cells[:, :-1]
    wide[:, :-1] |= cells[:, 1:]
    tall = max(1, round(240 / cells.shape[0]))
    rows = wide.repeat(tall, axis=0)
    if tall >= 4:  # a gap between rows, so that they can be told apart
        rows[tall - 1 :: tall] = False
    return indexed_png(rows, [_PAPER[dark], rgb_of(RASTER_INK[dark])])
