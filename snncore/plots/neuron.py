"""Figures of the LIF Playground: voltage over current, the f–I curve, the population's rate.

Altair charts for the page, one matplotlib figure for export. Every line is thinned to at most
`MAX_POINTS` points without losing a peak.
"""

from __future__ import annotations

import io
import threading
from typing import Any, Literal

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snncore.neurons import LIFParams
from snncore.playground import FICurve, Population, Run
from snncore.plots.base import COLOURS

Array = NDArray[np.float64]

Chart = alt.LayerChart | alt.FacetChart  # what alt.layer returns

MAX_POINTS = 2000
_MAX_MARKS = 1000  # spikes drawn: more would be thinner than a pixel
_SHADED = 250  # refractory periods are shaded up to this many spikes
_VOLTAGE_SHARE, _CURRENT_SHARE = 0.7, 0.22  # of the height
_EXTENT = 38  # pixels for the labels of every time chart's y axis: the time axes line up
_LOCK = threading.Lock()  # matplotlib is not thread-safe


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


def _key(names: dict[str, str], columns: int = 4) -> alt.Color:
    """A legend of the named colours above the chart."""
    return alt.Color(
        "series:N",
        scale=alt.Scale(domain=list(names), range=list(names.values())),
        legend=alt.Legend(
            title=None,
            orient="top",
            symbolType="stroke",
            symbolStrokeWidth=3,
            symbolOpacity=1,
            columns=columns,
        ),
    )


def _frame(series: str, **columns: Any) -> pd.DataFrame:
    return pd.DataFrame({**columns, "series": series})


def trace_chart(run: Run, neuron: LIFParams, *, height: int = 400) -> Chart:
    """Voltage with threshold and spikes above, the current below, on one time axis."""
    duration = float(run.t[-1])
    t_v, v = thin(run.t, run.v)
    low = min(float(v.min()), neuron.v_reset, neuron.v_rest)
    high = max(float(v.max()), neuron.v_th)
    top = high + 0.25 * (high - low)
    v_scale = alt.Scale(domain=[top - (top - low) / _VOLTAGE_SHARE, top], nice=False, zero=False)
    middle = run.t - run.t[0] / 2
    t_i, current = thin(middle, run.current)
    t_w, wave = thin(middle, run.wave)
    i_low, i_high = float(current.min()), float(current.max())
    if i_high - i_low < 0.2:  # a constant needs a scale too
        i_low, i_high = min(i_low, 0.0), max(i_high, 0.1)
    i_scale = alt.Scale(
        domain=[i_low, i_low + (i_high - i_low) * 1.08 / _CURRENT_SHARE], nice=False, zero=False
    )
    names = {
        "Voltage": COLOURS["voltage"],
        "Threshold": COLOURS["threshold"],
        "Spike": COLOURS["spike"],
        "Current": COLOURS["current"],
    }
    x = alt.X("t:Q", title="Time [ms]", scale=alt.Scale(domain=[0, duration], nice=False))
    y_v = alt.Y(
        "v:Q", scale=v_scale, title="Voltage [mV]",
        axis=alt.Axis(values=_ticks(low, high, 5), titleAnchor="end", domain=False,
                      minExtent=_EXTENT),
    )  # fmt: skip
    y_i = alt.Y(
        "i:Q", scale=i_scale, title="Current [nA]",
        axis=alt.Axis(values=_ticks(i_low, i_high, 3), titleAnchor="start", domain=False,
                      minExtent=_EXTENT, orient="left"),
    )  # fmt: skip
    # Shift + wheel, so that a plain wheel goes on scrolling the page.
    zoom = alt.selection_interval(
        name="time", bind="scales", encodings=["x"], zoom="wheel![event.shiftKey]"
    )
    spikes = _marks(run.spike_times, duration)
    layers = [
        alt.Chart(_frame("Threshold", v=[neuron.v_th]))
        .mark_rule(strokeDash=[6, 4], strokeWidth=1.5)
        .encode(y=y_v, color=_key(names)),
        alt.Chart(_frame("Voltage", t=t_v, v=v))
        .mark_line(strokeWidth=1.5, clip=True)
        .encode(x=x, y=y_v, color=_key(names))
        .add_params(zoom),
        alt.Chart(_frame("Spike", t=spikes, v=neuron.v_th, top=top))
        .mark_rule(strokeWidth=2, clip=True)
        .encode(
            x=x, y=y_v, y2="top:Q", color=_key(names),
            tooltip=[alt.Tooltip("t:Q", title="Spike at [ms]", format=".4f")],
        ),
    ]  # fmt: skip
    if neuron.t_ref > 0 and 0 < len(run.spike_times) <= _SHADED:
        bands = pd.DataFrame(
            {"t": run.spike_times, "end": run.spike_times + neuron.t_ref, "v": low, "top": top}
        )
        layers.insert(
            0,
            alt.Chart(bands)
            .mark_rect(color=COLOURS["reference"], opacity=0.25, clip=True)
            .encode(x=x, x2="end:Q", y=y_v, y2="top:Q"),
        )
    voltage = alt.layer(*layers)
    drive = [
        alt.Chart(_frame("Current", t=t_w, i=wave))
        .mark_line(strokeWidth=2, interpolate="step", clip=True)
        .encode(x=x, y=y_i, color=_key(names))
    ]
    if not np.array_equal(run.current, run.wave):  # noise, faint, behind what it is added to
        drive.insert(
            0,
            alt.Chart(_frame("Current", t=t_i, i=current))
            .mark_line(strokeWidth=1, opacity=0.4, clip=True)
            .encode(x=x, y=y_i, color=_key(names)),
        )
    return (
        alt.layer(voltage, alt.layer(*drive))
        .resolve_scale(y="independent")
        .properties(height=height)
    )


def _rates(*values: Any) -> alt.Scale:
    """An axis of rates from 0 to the highest of `values`, but at least to 1 Hz."""
    joined = np.concatenate([np.asarray(v, dtype=np.float64) for v in values])
    highest = float(np.max(joined, where=np.isfinite(joined), initial=0.0))
    return alt.Scale(domain=[0, max(1.0, 1.08 * highest)], nice=False)


def fi_chart(curve: FICurve, current: float, rate: float, *, height: int = 320) -> Chart:
    """Simulated dots on the theoretical lines, and a diamond where the neuron is now."""
    names = {"Theory": COLOURS["theory"]}
    lines = [_frame("Theory", i=curve.line_currents, f=curve.exact_hz)]
    if curve.noisy_hz is not None:
        names["Theory with noise"] = COLOURS["threshold"]
        lines.append(_frame("Theory with noise", i=curve.line_currents, f=curve.noisy_hz))
    names |= {"Simulated": COLOURS["voltage"], "This run": COLOURS["spike"]}
    x = alt.X(
        "i:Q", title="Constant current [nA]",
        scale=alt.Scale(domain=[float(curve.currents[0]), float(curve.currents[-1])], nice=False),
    )  # fmt: skip
    y = alt.Y("f:Q", title="Firing rate [Hz]", scale=_rates(*(line["f"] for line in lines), [rate]))
    colour = _key(names, columns=2)
    tip = [
        alt.Tooltip("series:N", title=" "),
        alt.Tooltip("i:Q", title="Current [nA]", format=".3f"),
        alt.Tooltip("f:Q", title="Rate [Hz]", format=".2f"),
    ]
    theory = alt.Chart(pd.concat(lines)).mark_line(strokeWidth=2.5).encode(x=x, y=y, color=colour)
    dots = (
        alt.Chart(_frame("Simulated", i=curve.currents, f=curve.measured_hz))
        .mark_point(filled=True, size=32, opacity=0.9)
        .encode(x=x, y=y, color=colour, tooltip=tip)
    )
    here = (
        alt.Chart(_frame("This run", i=[current], f=[rate]))
        .mark_point(shape="diamond", filled=True, size=170, opacity=1)
        .encode(x=x, y=y, color=colour, tooltip=tip)
    )
    return alt.layer(theory, dots, here).properties(height=height)


def population_chart(crowd: Population, *, height: int = 190) -> Chart:
    """Rate of the population in each bin, with the quasi-static theory over it."""
    names = {
        "Population rate [Hz]": COLOURS["voltage"],
        "Theory [Hz]": COLOURS["theory"],
    }
    x = alt.X("t:Q", title="Time [ms]", scale=alt.Scale(domain=[0, crowd.duration], nice=False))
    # Labels inside the plot: its time axis is as wide as the raster above it.
    inside = alt.Axis(
        title=None, labelAlign="left", labelBaseline="bottom", labelPadding=-4, ticks=False,
        domain=False, tickCount=3, zindex=1,
    )  # fmt: skip
    y = alt.Y("f:Q", scale=_rates(crowd.rate_hz, crowd.theory_hz), axis=inside)
    measured = (
        alt.Chart(_frame("Population rate [Hz]", t=crowd.bins, f=crowd.rate_hz))
        .mark_line(strokeWidth=1.5, interpolate="step")
        .encode(x=x, y=y, color=_key(names))
    )
    theory = (
        alt.Chart(_frame("Theory [Hz]", t=crowd.bins, f=crowd.theory_hz))
        .mark_line(strokeWidth=2.5, strokeDash=[6, 3])
        .encode(x=x, y=y, color=_key(names))
    )
    return alt.layer(measured, theory).properties(height=height)


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
