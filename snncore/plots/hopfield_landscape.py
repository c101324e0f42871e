"""The energy surface over two overlaps, with contour lines and a recall's way through it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from skimage.measure import find_contours

from snncore.plots.analysis import Mark, Series, curves
from snncore.plots.base import INK
from snncore.plots.heat import heat_map
from snncore.plots.vega import Array, Chart, layer, tip

_LEVELS = 12  # contour lines
_APART = 0.08  # of the plot, between the labels of start and end
_PATH = "#FF8A3C"  # an orange, which the map's colours do not hold


def surface_chart(
    m_a: Array,
    m_b: Array,
    energy: NDArray[np.floating],
    titles: tuple[str, str, str],
    *,
    path: NDArray[np.floating] | None = None,
    stored: tuple[tuple[str, float, float], ...] = (),
    dark: bool = False,
    height: int = 540,
) -> Chart:
    """Energy [len(m_b), len(m_a)] as cells and contour lines; NaN where no state can be.

    Args:
        titles: of the two axes and of the colours, with units.
        path: [S, 2], the overlaps of one recall with a and b, start first.
        stored: (name, m_a, m_b) of pictures to mark.
    """
    low, high = _limits(energy)
    spec = heat_map(
        m_a, m_b, energy, titles, limits=(low, high), dark=dark, height=height
    )  # fmt: skip
    cells = spec["layer"][1]["encoding"]
    x, y = cells["x"], cells["y"]
    spec["datasets"]["contours"] = _contours(m_a, m_b, energy, low, high)
    spec["layer"].append(
        layer(
            "contours", "line", {"strokeWidth": 0.8, "opacity": 0.55, "color": "#FFFFFF",
                                 "clip": True},
            x={**x, "field": "x"}, y={**y, "field": "y"},
            detail={"field": "line", "type": "nominal"},
            order={"field": "k", "type": "quantitative"},
        )
    )  # fmt: skip
    if path is not None and len(path):
        _add_path(spec, x, y, np.asarray(path, dtype=np.float64), dark)
    if stored:
        _add_stored(spec, x, y, stored)
    return spec


def _limits(energy: NDArray[np.floating]) -> tuple[float, float]:
    values = energy[np.isfinite(energy)]
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    return low, high if high > low else low + 1.0


def _contours(
    m_a: Array, m_b: Array, energy: NDArray[np.floating], low: float, high: float
) -> pd.DataFrame:
    """Points of the lines of equal energy (marching squares), in the units of the axes."""
    parts: list[pd.DataFrame] = []
    if min(energy.shape) >= 2:
        for level in np.linspace(low, high, _LEVELS + 2)[1:-1]:
            for line in find_contours(np.asarray(energy, dtype=np.float64), level):
                x = np.interp(line[:, 1], np.arange(len(m_a)), m_a)
                y = np.interp(line[:, 0], np.arange(len(m_b)), m_b)
                at = {"x": x, "y": y, "line": len(parts), "k": np.arange(len(x))}
                parts.append(pd.DataFrame(at))
    return pd.concat(parts) if parts else pd.DataFrame({"x": [], "y": [], "line": [], "k": []})


def _add_path(spec: Chart, x: Chart, y: Chart, path: NDArray[np.float64], dark: bool) -> None:
    table = pd.DataFrame({"x": path[:, 0], "y": path[:, 1], "k": np.arange(len(path))})
    spec["datasets"]["path"] = table
    spec["datasets"]["ends"] = table.iloc[[0, -1]].assign(
        text=["start", "end"], shape=["circle", "diamond"]
    )
    place = {"x": {**x, "field": "x"}, "y": {**y, "field": "y"}}
    tips = [tip("k", "step", "d"), tip("x", "overlap with a", ".3f"),
            tip("y", "overlap with b", ".3f")]  # fmt: skip
    order = {"field": "k", "type": "quantitative"}
    spec["layer"] += [
        layer("path", "line", {"strokeWidth": 3, "color": _PATH, "clip": True}, **place,
              order=order),
        layer("path", "point", {"filled": True, "size": 36, "color": _PATH, "opacity": 1,
                                "clip": True}, **place, tooltip=tips),
        layer("ends", "point", {"filled": True, "size": 190, "opacity": 1, "fill": INK[dark],
                                "stroke": _PATH, "strokeWidth": 2.5, "clip": True}, **place,
              shape={"field": "shape", "type": "nominal", "scale": None}, tooltip=tips),
    ]  # fmt: skip
    across, up = (spec["layer"][1]["encoding"][name]["scale"]["domain"] for name in "xy")
    ends = spec["datasets"]["ends"]
    moved = max(
        abs(float(ends[name].iloc[1] - ends[name].iloc[0])) / (span[1] - span[0])
        for name, span in (("x", across), ("y", up))
    )
    for k, one in enumerate(("start", "end")):
        if k == 0 and moved < _APART:  # one label would cover the other
            continue
        at = ends.iloc[[k]]
        spec["datasets"][one] = at
        share = (at["x"].iloc[0] - across[0]) / (across[1] - across[0])
        high = (at["y"].iloc[0] - up[0]) / (up[1] - up[0]) > 0.85
        style = {"align": "left" if share < 0.2 else "right" if share > 0.8 else "center",
                 "dy": 20 if high else -18, "fontWeight": "bold", "fontSize": 13}  # fmt: skip
        words = {"field": "text", "type": "nominal"}
        halo = {**style, "stroke": "#17212B", "strokeWidth": 3, "fill": "#17212B"}
        spec["layer"].append(layer(one, "text", halo, **place, text=words))
        spec["layer"].append(layer(one, "text", {**style, "fill": "#FFFFFF"}, **place, text=words))


def _add_stored(
    spec: Chart, x: Chart, y: Chart, stored: tuple[tuple[str, float, float], ...]
) -> None:
    names, across, up = zip(*stored, strict=True)
    spec["datasets"]["stored"] = pd.DataFrame({"x": across, "y": up, "text": names})
    place = {"x": {**x, "field": "x"}, "y": {**y, "field": "y"}}
    tips = [{"field": "text", "type": "nominal", "title": "stored"}]
    spec["layer"].append(
        layer("stored", "point", {"shape": "cross", "size": 130, "filled": True, "opacity": 1,
                                  "fill": "#FFFFFF", "stroke": "#17212B", "strokeWidth": 1.2,
                                  "clip": True}, **place, tooltip=tips)
    )  # fmt: skip


def barrier_chart(
    position: Array,
    energy: Array,
    low: Array,
    high: Array,
    titles: tuple[str, str],
    *,
    height: int = 260,
) -> Chart:
    """Energy [K] on the way from one stored picture to another, its top marked.

    Args:
        position: how far along [K].
        low, high: the spread over several orders of flipping, drawn as a band.
    """
    marks = []
    if np.isfinite(energy).any():
        marks = [Mark("Top of the barrier", float(position[int(np.nanargmax(energy))]))]
    line = Series("Energy", position, energy, low=low, high=high)
    ends = (float(position[0]), float(position[-1]))
    return curves([line], *titles, marks=marks, x_span=ends, height=height)
