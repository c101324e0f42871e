"""Figures of the LIF Playground: voltage over current, the f–I curve, the population's rate.

The charts are plain Vega-Lite specifications with their data in `datasets`, for
`st.vega_lite_chart`. Altair would write the same ones, but takes 110 ms to build and validate the
trace's; this is redrawn at every move of a slider and takes 1 ms. Every line is thinned to at most
`MAX_POINTS` points without losing a peak. One matplotlib figure is for export.
"""

from __future__ import annotations

import io
import threading
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snncore.neurons import LIFParams
from snncore.playground import FICurve, Population, Run
from snncore.plots.base import COLOURS

Array = NDArray[np.float64]
Chart = dict[str, Any]  # a Vega-Lite specification

MAX_POINTS = 2000
_MAX_MARKS = 1000  # spikes drawn: more would be thinner than a pixel
_SHADED = 250  # refractory periods are shaded up to this many spikes
_VOLTAGE_SHARE, _CURRENT_SHARE = 0.7, 0.22  # of the height
_LOCK = threading.Lock()  # matplotlib is not thread-safe
# Shift + wheel, so that a plain wheel goes on scrolling the page.
_ZOOM = {
    "name": "time",
    "select": {"type": "interval", "encodings": ["x"], "zoom": "wheel![event.shiftKey]"},
    "bind": "scales",
}


def thin(t: Array, values: Array, limit: int = MAX_POINTS) -> tuple[Array, Array]:
    """At most `limit` of the points (t, values): the lowest and highest of each of limit/2 bins."""
    count = t.size
    if count <= limit:
        return t, values
    width = -(-count // (limit // 2))
    rows = -(-count // width)
    table = np.pad(values, (0, rows * width - count), mode="edge").reshape(rows, width)
    start = np.arange(rows) * width
    low = np.minimum(start + table.argmin(axis=1), count - 1)
    high = np.minimum(start + table.argmax(axis=1), count - 1)
    keep = np.unique(np.concatenate([low, high]))
    return t[keep], values[keep]


def _marks(times: Array, duration: float) -> Array:
    """Spike times to draw: at most one in each of `_MAX_MARKS` slots."""
    slots = np.floor(times / duration * _MAX_MARKS).astype(np.int64)
    return times[np.unique(slots, return_index=True)[1]]


def _ticks(low: float, high: float, count: int) -> list[float]:
    """Round numbers in [low, high], about `count` of them."""
    raw = max(high - low, 1e-9) / count
    power = 10.0 ** np.floor(np.log10(raw))
    unit = min((m for m in (1, 2, 5, 10) if m * power >= 0.7 * raw), default=10) * power
    first, last = np.ceil(low / unit - 1e-9), np.floor(high / unit + 1e-9)
    return [round(float(k * unit), 10) for k in np.arange(first, last + 1)]


class _Key:
    """The named colours of a chart, with a legend above it."""

    def __init__(self, names: dict[str, str], columns: int = 4) -> None:
        self._scale = {"domain": list(names), "range": [COLOURS[c] for c in names.values()]}
        self._legend = {
            "title": None,
            "orient": "top",
            "columns": columns,
            "columnPadding": 7,
            "symbolType": "stroke",
            "symbolStrokeWidth": 3,
            "symbolOpacity": 1,
        }

    def __call__(self, name: str) -> dict[str, Any]:
        """The colour encoding of the layer called `name`."""
        return {"datum": name, "type": "nominal", "scale": self._scale, "legend": self._legend}


def _layer(data: str, mark: str, style: dict[str, Any], **encoding: Any) -> Chart:
    return {
        "data": {"name": data},
        "mark": {"type": mark, **style},
        "encoding": encoding,
    }


def _field(name: str, title: str | None, span: tuple[float, float], **axis: Any) -> dict[str, Any]:
    """A quantitative axis that shows exactly `span`."""
    return {
        "field": name,
        "type": "quantitative",
        "title": title,
        "scale": {"domain": list(span), "nice": False, "zero": False},
        "axis": axis,
    }


def _tip(name: str, title: str, digits: int) -> dict[str, Any]:
    return {"field": name, "type": "quantitative", "title": title, "format": f".{digits}f"}


def trace_chart(run: Run, neuron: LIFParams, *, height: int = 400) -> Chart:
    """Voltage with threshold and spikes above, the current below, on one time axis."""
    duration = float(run.t[-1])
    t_v, v = thin(run.t, run.v)
    low = min(float(v.min()), neuron.v_reset, neuron.v_rest)
    high = max(float(v.max()), neuron.v_th)
    top = high + 0.25 * (high - low)
    middle = run.t - run.t[0] / 2
    t_i, current = thin(middle, run.current)
    t_w, wave = thin(middle, run.wave)
    i_low, i_high = float(current.min()), float(current.max())
    if i_high - i_low < 0.2:  # a constant needs a scale too
        i_low, i_high = min(i_low, 0.0), max(i_high, 0.1)
    spikes = _marks(run.spike_times, duration)
    data = {
        "voltage": pd.DataFrame({"t": t_v, "v": v}),
        "threshold": pd.DataFrame({"v": [neuron.v_th]}),
        "spikes": pd.DataFrame({"t": spikes, "v": neuron.v_th, "top": top}),
        "wave": pd.DataFrame({"t": t_w, "i": wave}),
    }
    colour = _Key(
        {"Voltage": "voltage", "Threshold": "threshold", "Spike": "spike", "Drive": "current"}
    )
    x = _field("t", "Time [ms]", (0.0, duration))
    # Two panels in one plot, so that they share the width and the time axis: each vertical axis
    # is made longer than its data, the voltage's downwards, the current's upwards.
    y_v = _field(
        "v", "Voltage [mV]", (top - (top - low) / _VOLTAGE_SHARE, top),
        values=_ticks(low, high, 5), titleAnchor="end", domain=False, minExtent=38,
    )  # fmt: skip
    y_i = _field(
        "i", "Current [nA]", (i_low, i_low + 1.08 * (i_high - i_low) / _CURRENT_SHARE),
        values=_ticks(i_low, i_high, 3), titleAnchor="start", domain=False, minExtent=38,
        orient="left", format="~g",
    )  # fmt: skip
    voltage = [
        _layer("threshold", "rule", {"strokeDash": [6, 4], "strokeWidth": 1.5},
               y=y_v, color=colour("Threshold")),
        _layer("voltage", "line", {"strokeWidth": 1.5, "clip": True},
               x=x, y=y_v, color=colour("Voltage")) | {"params": [_ZOOM]},
        _layer("spikes", "rule", {"strokeWidth": 2, "clip": True},
               x=x, y=y_v, y2={"field": "top"}, color=colour("Spike"),
               tooltip=[_tip("t", "Spike at [ms]", 4)]),
    ]  # fmt: skip
    drive = [
        _layer("wave", "line", {"strokeWidth": 2, "interpolate": "step", "clip": True},
               x=x, y=y_i, color=colour("Drive")),
    ]  # fmt: skip
    if neuron.t_ref > 0 and 0 < len(run.spike_times) <= _SHADED:
        data["bands"] = pd.DataFrame(
            {"t": run.spike_times, "end": run.spike_times + neuron.t_ref, "v": low, "top": top}
        )
        style = {"color": COLOURS["reference"], "opacity": 0.25, "clip": True}
        voltage.insert(
            0,
            _layer("bands", "rect", style, x=x, x2={"field": "end"}, y=y_v, y2={"field": "top"}),
        )
    if not np.array_equal(run.current, run.wave):  # noise, faint, behind what it is added to
        data["noise"] = pd.DataFrame({"t": t_i, "i": current})
        style = {"strokeWidth": 1, "opacity": 0.4, "clip": True}
        drive.insert(0, _layer("noise", "line", style, x=x, y=y_i, color=colour("Drive")))
    return {
        "datasets": data,
        "height": height,
        "layer": [{"layer": voltage}, {"layer": drive}],
        "resolve": {"scale": {"y": "independent"}},
    }


def fi_chart(curve: FICurve, current: float, rate: float, *, height: int = 320) -> Chart:
    """Simulated dots on the theoretical lines, and a diamond where the neuron is now."""
    names = {"Theory": "theory", "Simulated": "voltage", "This run": "spike"}
    columns = 3
    if curve.noisy_hz is not None:
        names, columns = {"Theory": "theory", "Theory with noise": "threshold", **names}, 2
    colour = _Key(names, columns)
    rates = [curve.exact_hz, curve.measured_hz, [rate]]
    x = _field("i", "Constant current [nA]", (float(curve.currents[0]), float(curve.currents[-1])))
    y = _field("f", "Firing rate [Hz]", (0.0, _top(*rates)))
    tip = [_tip("i", "Current [nA]", 3), _tip("f", "Rate [Hz]", 2)]
    data = {
        "theory": pd.DataFrame({"i": curve.line_currents, "f": curve.exact_hz}),
        "dots": pd.DataFrame({"i": curve.currents, "f": curve.measured_hz}),
        "here": pd.DataFrame({"i": [current], "f": [rate]}),
    }
    line = {"strokeWidth": 2.5, "clip": True}
    dot = {"filled": True, "opacity": 1}
    layers = [
        _layer("theory", "line", line, x=x, y=y, color=colour("Theory")),
        _layer("dots", "point", {**dot, "size": 32}, x=x, y=y, color=colour("Simulated"),
               tooltip=tip),
        _layer("here", "point", {**dot, "size": 170, "shape": "diamond"}, x=x, y=y,
               color=colour("This run"), tooltip=tip),
    ]  # fmt: skip
    if curve.noisy_hz is not None:
        data["noisy"] = pd.DataFrame({"i": curve.line_currents, "f": curve.noisy_hz})
        layers.insert(1, _layer("noisy", "line", line, x=x, y=y, color=colour("Theory with noise")))
    return {"datasets": data, "height": height, "layer": layers}


def population_chart(crowd: Population, *, height: int = 220) -> Chart:
    """Rate of the population in each bin, with the quasi-static theory over it."""
    top = _top(crowd.rate_hz, crowd.theory_hz)
    colour = _Key({"Population rate [Hz]": "voltage", "Theory [Hz]": "theory"})
    x = _field("t", "Time [ms]", (0.0, crowd.duration))
    # Labels inside the plot: its time axis is as wide as the raster above it.
    y = _field(
        "f", None, (0.0, top), values=_ticks(0.0, top, 2)[1:], labelAlign="left",
        labelBaseline="bottom", labelPadding=-4, ticks=False, domain=False, zindex=1,
    )  # fmt: skip
    layers = [
        _layer("measured", "line", {"strokeWidth": 1.5, "interpolate": "step"},
               x=x, y=y, color=colour("Population rate [Hz]")),
        _layer("theory", "line", {"strokeWidth": 2.5, "strokeDash": [6, 3]},
               x=x, y=y, color=colour("Theory [Hz]")),
    ]  # fmt: skip
    data = {
        "measured": pd.DataFrame({"t": crowd.bins, "f": crowd.rate_hz}),
        "theory": pd.DataFrame({"t": crowd.bins, "f": crowd.theory_hz}),
    }
    return {"datasets": data, "height": height, "layer": layers}


def _top(*values: Any) -> float:
    """Where an axis of rates ends: above the highest of `values`, and at 1 Hz at least."""
    joined = np.concatenate([np.asarray(v, dtype=np.float64) for v in values])
    return max(1.0, 1.08 * float(np.max(joined, where=np.isfinite(joined), initial=0.0)))


def figure(run: Run, neuron: LIFParams, kind: Literal["png", "svg"]) -> bytes:
    """The trace as a file for a report or a slide."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    duration = float(run.t[-1])
    with _LOCK:
        fig = Figure(figsize=(8, 4.5), layout="constrained", dpi=200)
        FigureCanvasAgg(fig)
        upper, lower = fig.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        upper.plot(*thin(run.t, run.v), color=COLOURS["voltage"], linewidth=1)
        upper.axhline(neuron.v_th, color=COLOURS["threshold"], linestyle="--", linewidth=1)
        top = neuron.v_th + 0.25 * (neuron.v_th - neuron.v_reset)
        upper.vlines(
            _marks(run.spike_times, duration), neuron.v_th, top,
            color=COLOURS["spike"], linewidth=1.2,
        )  # fmt: skip
        upper.set_ylabel("Voltage [mV]")
        lower.plot(
            *thin(run.t, run.current), color=COLOURS["current"], linewidth=1, drawstyle="steps-pre"
        )
        lower.set_ylabel("Current [nA]")
        lower.set_xlabel("Time [ms]")
        lower.set_xlim(0, duration)
        for axes in (upper, lower):
            axes.spines[["top", "right"]].set_visible(False)
        buffer = io.BytesIO()
        # No date inside: the same run gives the same file.
        fig.savefig(buffer, format=kind, metadata={"Date": None} if kind == "svg" else None)
        return buffer.getvalue()
