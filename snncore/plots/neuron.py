"""The LIF Playground's chart of a run: voltage over current (`firing` draws the f–I curve).

It is a plain Vega-Lite specification (see `vega`): redrawn at every move of a slider, in a
millisecond. All panels of the trace stand in one plot, so that they share the time axis: each
vertical axis is made longer than its data, so that the data fill their own part of the height.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore.neurons import Variable
from snncore.playground import Run, Setup
from snncore.plots.base import COLOURS
from snncore.plots.vega import (
    ZOOM,
    Chart,
    Columns,
    Key,
    axis,
    columns,
    layer,
    span,
    thin,
    ticks,
    tip,
)

Array = NDArray[np.float64]

_MAX_MARKS = 1000  # spikes drawn: more would be thinner than a pixel
_SHADED = 250  # refractory periods are shaded up to this many spikes
_GAP = 0.06  # of the height, between two panels
_SHARES = {2: (0.22, 0.72), 3: (0.15, 0.21, 0.52)}  # of the height, the current's first
# Lines of one panel differ by colour and by dash.
_LINES = (("theory", [1, 0]), ("threshold", [6, 3]), ("current", [2, 2]))
MOVING_THRESHOLD = "theta"  # a variable of this name is drawn as the threshold


class _Panel(NamedTuple):
    """Where a panel stands in the plot and how its axis is drawn."""

    bounds: tuple[float, float]  # of the data
    share: tuple[float, float]  # of the height, from below
    title: str

    def y(self, field: str, count: int = 4) -> Chart:
        """The vertical axis of the field."""
        low, high = self.bounds
        bottom, top = self.share
        unit = (high - low) / (top - bottom)
        middle = {"expr": f"height * {1 - (bottom + top) / 2:.4g}"}  # of the plot without its axes
        return axis(
            field, self.title, (low - bottom * unit, high + (1 - top) * unit),
            values=ticks(low, high, count), titleY=middle, titleAnchor="middle", domain=False,
            minExtent=44, orient="left", format=".4~g", grid=True,
        )  # fmt: skip


def marks(times: Array, duration: float) -> NDArray[np.int64]:
    """Which spikes to draw: at most one in each of `_MAX_MARKS` slots."""
    slots = np.floor(times / duration * _MAX_MARKS).astype(np.int64)
    return np.unique(slots, return_index=True)[1]


def threshold(setup: Setup) -> float | None:
    """Where a spike begins (mV), None where a model has no fixed voltage for that."""
    neuron: Any = setup.neuron
    return next(
        (float(getattr(neuron, name)) for name in ("v_th", "v_c") if hasattr(neuron, name)), None
    )


def _threshold_name(setup: Setup) -> str:
    specs = type(setup.neuron).specs()
    return specs["v_th" if "v_th" in specs else "v_c"].label


def spike_strokes(setup: Setup, run: Run) -> tuple[Array, Array, float]:
    """Times of the spikes to draw, where their strokes begin, and where all of them end (mV).

    A model whose upstroke is cut at a peak reaches it inside a step: the stroke goes there from
    the voltage before. Otherwise the strokes stand above everything else.
    """
    which = marks(run.spike_times, float(run.t[-1]))
    times, before = run.spike_times[which], run.v[np.maximum(run.spike_steps[which] - 1, 0)]
    peak = getattr(setup.neuron, "v_peak", None)
    if peak is not None:
        return times, before, float(peak)
    high = max(float(run.v.max()), threshold(setup) or -np.inf)
    if MOVING_THRESHOLD in run.others:
        high = max(high, float(run.others[MOVING_THRESHOLD].max()))
    low = min(float(run.v.min()), getattr(setup.neuron, "v_reset", high))
    return times, np.full(times.size, high), high + 0.18 * max(high - low, 1e-3)


def panel_variables(setup: Setup) -> list[Variable]:
    """The further variables with a panel of their own: those with the unit of the first one."""
    others = [v for v in setup.kind.variables[1:] if v.name != MOVING_THRESHOLD]
    return [v for v in others if v.unit == others[0].unit]


def _titled(name: str, unit: str) -> str:
    return f"{name} [{unit}]" if unit else name


def trace_chart(setup: Setup, run: Run, *, behind: Run | None = None, height: int = 400) -> Chart:
    """Voltage with threshold and spikes, the model's further variables, the current.

    Args:
        behind: another run, drawn dashed and grey behind this one.
    """
    duration = float(run.t[-1])
    variables = panel_variables(setup)
    shares, edge, places = _SHARES[3 if variables else 2], 0.0, []
    for share in shares:
        places.append((edge, edge + share))
        edge += share + _GAP
    places[-1] = (places[-1][0], 1.0)
    x = axis("t", "Time [ms]", (0.0, duration))
    names = {"Voltage": "voltage", "Spike": "spike", "Drive": "current"}
    if threshold(setup) is not None:
        names[_threshold_name(setup)] = "threshold"
    if behind is not None:
        names["A"] = "reference"
    lines = {v.name: _LINES[k % len(_LINES)] for k, v in enumerate(variables)}
    names |= {name: colour for name, (colour, _) in lines.items()}
    colour = Key(names, columns={"expr": "width < 330 ? 3 : 9"})  # a phone's width
    data: dict[str, Columns] = {}
    layers = [
        {"layer": _voltage(setup, run, behind, x, colour, places[-1], data)},
        {"layer": _drive(run, x, colour, places[0], data)},
    ]
    if variables:
        unit = variables[0].unit
        title = _titled(" ".join(v.name for v in variables), unit)
        values = [run.others[v.name] for v in variables]
        panel = _Panel(span(*values), places[1], title)
        part = []
        for v in variables:
            t, y = thin(run.t, run.others[v.name])
            data[f"v_{v.name}"] = columns({"t": t, "y": y})
            style = {"strokeWidth": 1.5, "strokeDash": lines[v.name][1], "clip": True}
            part.append(
                layer(f"v_{v.name}", "line", style, x=x, y=panel.y("y", 3), color=colour(v.name))
            )
        layers.insert(1, {"layer": part})
    return {
        "datasets": data,
        "height": height,
        "layer": layers,
        "resolve": {"scale": {"y": "independent"}},
    }


def _voltage(
    setup: Setup,
    run: Run,
    behind: Run | None,
    x: Chart,
    colour: Key,
    share: tuple[float, float],
    data: dict[str, Columns],
) -> list[Chart]:
    """Voltage, threshold, refractory periods and spikes; tables go to `data`."""
    duration = float(run.t[-1])
    neuron: Any = setup.neuron
    level = threshold(setup)
    moving = run.others.get(MOVING_THRESHOLD)
    t_v, v = thin(run.t, run.v)
    times, base, top = spike_strokes(setup, run)
    shown = [
        float(v.min()),
        *(getattr(neuron, n) for n in ("v_reset", "v_rest") if hasattr(neuron, n)),
    ]
    if level is not None:
        shown.append(level)
    if behind is not None:
        shown += [float(behind.v.min()), float(behind.v.max())]
    low, top = min(shown), max(top, *shown)
    unit = setup.kind.variables[0].unit
    y = _Panel((low, top), share, _titled("Voltage", unit) if unit else "v [no unit]").y("v", 5)
    data["voltage"] = columns({"t": t_v, "v": v})
    data["spikes"] = columns({"t": times, "v": base, "top": top})
    layers = []
    t_ref = float(getattr(neuron, "t_ref", 0.0))
    if t_ref > 0 and 0 < len(run.spike_times) <= _SHADED:
        data["bands"] = columns(
            {"t": run.spike_times, "end": run.spike_times + t_ref, "v": low, "top": top}
        )
        style = {"color": COLOURS["reference"], "opacity": 0.25, "clip": True}
        layers.append(
            layer("bands", "rect", style, x=x, x2={"field": "end"}, y=y, y2={"field": "top"})
        )
    if behind is not None:
        t_a, v_a = thin(behind.t, behind.v)
        data["voltage_a"] = columns({"t": t_a, "v": v_a})
        ticks_a = behind.spike_times[marks(behind.spike_times, float(behind.t[-1]))]
        data["spikes_a"] = columns(
            {"t": ticks_a[ticks_a <= duration], "v": top - 0.03 * (top - low)}
        )
        ghost = {"strokeWidth": 1.5, "strokeDash": [4, 3], "clip": True}
        point = {"shape": "triangle-down", "filled": True, "size": 45, "opacity": 1, "clip": True}
        layers += [
            layer("voltage_a", "line", ghost, x=x, y=y, color=colour("A")),
            layer("spikes_a", "point", point, x=x, y=y, color=colour("A"),
                  tooltip=[tip("t", "Spike of A at [ms]", ".4f")]),
        ]  # fmt: skip
    dashed = {"strokeDash": [6, 4], "strokeWidth": 1.5, "clip": True}
    if moving is None and level is not None:
        data["threshold"] = columns({"v": [level]})
        layers.append(layer("threshold", "rule", dashed, y=y, color=colour(_threshold_name(setup))))
    elif moving is not None:
        t_m, values = thin(run.t, moving)
        data["threshold"] = columns({"t": t_m, "v": values})
        layers.append(
            layer("threshold", "line", dashed, x=x, y=y, color=colour(_threshold_name(setup)))
        )
    return [
        *layers,
        layer("voltage", "line", {"strokeWidth": 1.5, "clip": True},
              x=x, y=y, color=colour("Voltage")) | {"params": [ZOOM]},
        layer("spikes", "rule", {"strokeWidth": 2, "clip": True},
              x=x, y=y, y2={"field": "top"}, color=colour("Spike"),
              tooltip=[tip("t", "Spike at [ms]", ".4f")]),
    ]  # fmt: skip


def _drive(
    run: Run,
    x: Chart,
    colour: Key,
    share: tuple[float, float],
    data: dict[str, Columns],
) -> list[Chart]:
    """The current, and faint behind it the current with its noise."""
    middle = run.t - run.t[0] / 2
    t_i, current = thin(middle, run.current)
    t_w, wave = thin(middle, run.wave)
    low, high = float(current.min()), float(current.max())
    if high - low < 0.2:  # a constant needs a scale too
        low, high = min(low, 0.0), max(high, 0.1)
    y = _Panel((low, high), share, "Current [nA]").y("i", 3)
    data["wave"] = columns({"t": t_w, "i": wave})
    style = {"strokeWidth": 2, "interpolate": "step", "clip": True}
    layers = [layer("wave", "line", style, x=x, y=y, color=colour("Drive"))]
    if not np.array_equal(run.current, run.wave):
        data["noise"] = columns({"t": t_i, "i": current})
        faint = {"strokeWidth": 1, "opacity": 0.4, "clip": True}
        layers.insert(0, layer("noise", "line", faint, x=x, y=y, color=colour("Drive")))
    return layers
