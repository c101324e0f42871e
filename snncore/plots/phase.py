"""The flow of a neuron: the phase plane of two variables, the phase line of the voltage alone."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from snncore.playground.phase_plane import PhasePlane
from snncore.plots.base import COLOURS, INK
from snncore.plots.vega import Array, Chart, Key, axis, layer, tip

_LENGTH = 0.75  # of an arrow, in distances between arrows
_HEAD = 0.32  # of its length


def plane(found: PhasePlane, titles: tuple[str, str], *, dark: bool, height: int = 440) -> Chart:
    """Nullclines, arrows, trajectory and resting points of a model with two variables.

    Raises:
        ValueError: `found` has one variable only.
    """
    w, dw, course = found.w, found.dw, found.trajectory_w
    first_line, second_line = found.v_nullcline, found.w_nullcline
    if w is None or dw is None or course is None or first_line is None or second_line is None:
        raise ValueError("found must have two variables for a plane, got one; draw a line")
    v_span, w_span = _ends(found.v), _ends(w)
    x, y = axis("x", titles[0], v_span, grid=False), axis("y", titles[1], w_span, grid=False)
    names = {
        f"{_short(titles[0])} stands still": COLOURS["voltage"],
        f"{_short(titles[1])} stands still": COLOURS["spike"],
        "This run": INK[dark],
        "Threshold": COLOURS["threshold"],
    }
    first, second, run, threshold = names
    if not v_span[0] <= found.threshold <= v_span[1]:
        del names[threshold]
    key = Key(names, columns=2)
    data = {
        "arrows": _path(*_arrows((found.v, w), (found.dv, dw))),
        "first": _path(*first_line),
        "second": _path(*second_line),
        "run": _path(*_without_jumps(found.trajectory_v, course, found.reset)),
    }
    order = {"field": "k", "type": "quantitative"}

    def line(name: str, style: Chart, colour: Chart | None = None) -> Chart:
        shown = {"x": x, "y": y, "order": order}
        if colour is not None:
            shown["color"] = colour
        return layer(name, "line", {"clip": True, "invalid": "break-paths-show-domains", **style},
                     **shown)  # fmt: skip

    layers = [
        line("arrows", {"strokeWidth": 1, "color": COLOURS["reference"], "opacity": 0.75}),
        line("run", {"strokeWidth": 1.3, "opacity": 0.85}, key(run)),
        line("first", {"strokeWidth": 2.5}, key(first)),
        line("second", {"strokeWidth": 2.5, "strokeDash": [7, 3]}, key(second)),
    ]
    if threshold in names:
        data["threshold"] = pd.DataFrame({"x": [found.threshold]})
        style: Chart = {"strokeDash": [6, 4], "strokeWidth": 1.8}
        layers.append(layer("threshold", "rule", style, x=x, color=key(threshold)))
    layers += _rests(found, x, y, data, dark=dark)
    return {"datasets": data, "height": height, "layer": layers}


def line(found: PhasePlane, title: str, rate_title: str, *, dark: bool, height: int = 340) -> Chart:
    """dV/dt against V: to the right where it is positive; resting points where it is zero."""
    v_span = _ends(found.v)
    low, high = _visible(found)
    x, y = axis("x", title, v_span, grid=False), axis("y", rate_title, (low, high))
    names = {"Flow": COLOURS["voltage"], "This run": INK[dark]}
    marks = {"Threshold": (found.threshold, "threshold"), "Reset": (found.reset, "reference")}
    marks = {n: m for n, m in marks.items() if v_span[0] <= m[0] <= v_span[1]}
    names |= {n: COLOURS[m[1]] for n, m in marks.items()}
    key = Key(names, columns=2)
    at = np.linspace(*v_span, 23)[1:-1]
    direction = np.interp(at, found.v, found.dv)
    # The part of the line that this run visits.
    seen = (found.v >= found.trajectory_v.min()) & (found.v <= found.trajectory_v.max())
    data = {
        "flow": pd.DataFrame({"x": found.v, "y": found.dv}),
        "run": pd.DataFrame({"x": found.v[seen], "y": np.zeros(int(seen.sum()))}),
        "zero": pd.DataFrame({"y": [0.0]}),
        "right": pd.DataFrame({"x": at[direction > 0], "y": 0.0}),
        "left": pd.DataFrame({"x": at[direction < 0], "y": 0.0}),
    }
    arrow: Chart = {"filled": True, "size": 55, "color": COLOURS["voltage"], "opacity": 1}
    layers = [
        layer("zero", "rule", {"color": COLOURS["reference"], "strokeWidth": 1}, y=y),
        layer("run", "line", {"strokeWidth": 4, "opacity": 0.5, "clip": True}, x=x, y=y,
              color=key("This run")),
        layer("flow", "line", {"strokeWidth": 2.5, "clip": True}, x=x, y=y, color=key("Flow"),
              tooltip=[tip("x", title), tip("y", rate_title)]),
        layer("right", "point", {**arrow, "shape": "triangle-right"}, x=x, y=y),
        layer("left", "point", {**arrow, "shape": "triangle-left"}, x=x, y=y),
    ]  # fmt: skip
    for k, (name, (where, _)) in enumerate(marks.items()):
        data[f"m{k}"] = pd.DataFrame({"x": [where]})
        style: Chart = {"strokeDash": [6, 4], "strokeWidth": 1.8}
        layers.append(layer(f"m{k}", "rule", style, x=x, color=key(name)))
    layers += _rests(found, x, y, data, dark=dark)
    return {"datasets": data, "height": height, "layer": layers}


def _rests(
    found: PhasePlane, x: Chart, y: Chart, data: dict[str, pd.DataFrame], *, dark: bool
) -> list[Chart]:
    """Resting points: filled where stable, open where not."""
    layers = []
    for name, stable in (("stable", True), ("unstable", False)):
        points = [r for r in found.rests if r.kind.startswith("stable") == stable]
        if not points:
            continue
        second = [0.0 if math.isnan(r.second) else r.second for r in points]
        data[name] = pd.DataFrame(
            {"x": [r.v for r in points], "y": second, "kind": [r.kind for r in points]}
        )
        style: Chart = {
            "shape": "circle", "size": 130, "opacity": 1, "clip": True, "strokeWidth": 2.5,
            "stroke": INK[dark], "fill": INK[dark] if stable else INK[not dark],
        }  # fmt: skip
        layers.append(
            layer(name, "point", style, x=x, y=y,
                  tooltip=[{"field": "kind", "title": "Resting point"}, tip("x", "V")])
        )  # fmt: skip
    return layers


def _arrows(axes: tuple[Array, Array], flow: tuple[Array, Array]) -> tuple[Array, Array]:
    """One broken line of all arrows: shaft, head, gap; their length is the same everywhere."""
    v_span, w_span = _ends(axes[0]), _ends(axes[1])
    width, height = v_span[1] - v_span[0], w_span[1] - w_span[0]
    v, w = np.meshgrid(*axes)
    across, up = flow[0] / width, flow[1] / height
    size = np.maximum(np.hypot(across, up), 1e-300)
    length = _LENGTH / (axes[0].size - 1)
    a, b = (across / size * length).ravel(), (up / size * length).ravel()
    tail_x, tail_y = (v.ravel() - v_span[0]) / width - a / 2, (w.ravel() - w_span[0]) / height
    tail_y = tail_y - b / 2
    tip_x, tip_y = tail_x + a, tail_y + b
    back_x, back_y = tip_x - _HEAD * a, tip_y - _HEAD * b
    gap = np.full(a.size, np.nan)
    xs = [tail_x, tip_x, back_x - 0.6 * _HEAD * b, tip_x, back_x + 0.6 * _HEAD * b, gap]
    ys = [tail_y, tip_y, back_y + 0.6 * _HEAD * a, tip_y, back_y - 0.6 * _HEAD * a, gap]
    return (
        np.stack(xs, axis=1).ravel() * width + v_span[0],
        np.stack(ys, axis=1).ravel() * height + w_span[0],
    )


def _without_jumps(v: Array, w: Array, reset: float) -> tuple[Array, Array]:
    """The trajectory with a gap at each reset; NaN where the model has none."""
    if np.isfinite(reset):
        falls = np.flatnonzero(np.diff(v) < -0.2 * np.ptp(v)) + 1
        v, w = np.insert(v, falls, np.nan), np.insert(w, falls, np.nan)
    return v, w


def _path(x: Array, y: Array) -> pd.DataFrame:
    return pd.DataFrame({"x": x, "y": y, "k": np.arange(len(x))}).astype(
        {"x": np.float32, "y": np.float32}
    )


def _ends(values: Array) -> tuple[float, float]:
    return float(values[0]), float(values[-1])


def _visible(found: PhasePlane) -> tuple[float, float]:
    """The speeds that matter: the exponential rise before a spike would flatten all the rest.

    A fast rise takes little time, so it counts little among the speeds at equal times of the run.
    """
    speeds = np.abs(np.interp(found.trajectory_v, found.v, found.dv))
    usual = 4.0 * float(np.percentile(speeds, 75)) or 1.0
    low, high = max(float(found.dv.min()), -usual), min(float(found.dv.max()), usual)
    low, high = min(low, 0.0), max(high, 0.0)
    room = 0.08 * (high - low) or 1.0
    return low - room, high + room


def _short(title: str) -> str:
    """A title without its unit."""
    return title.split(" [")[0]
