"""The LIF Playground's chart of the firing rate over the current (the f–I curve)."""

from __future__ import annotations

from typing import Any

import numpy as np

from snncore.playground import FICurve
from snncore.plots.base import COLOURS
from snncore.plots.vega import Chart, Key, axis, columns, layer, tip


def fi_chart(
    curve: FICurve,
    rate: float,
    *,
    behind: tuple[FICurve, float] | None = None,
    height: int = 320,
) -> Chart:
    """Simulated dots on the theoretical lines, and a diamond where the neuron is now.

    Args:
        rate: of the run, drawn at the mean current of its drive.
        behind: curve and rate of another setting, drawn grey behind this one.
    """
    names = {"Simulated": "voltage", "This run": "spike"}
    if curve.noisy_hz is not None:
        names = {"Theory with noise": "threshold", **names}
    if curve.line_hz is not None:
        names = {"Theory": "theory", **names}
    if behind is not None:
        names["A"] = "reference"
    lined = curve.line_hz is not None or curve.noisy_hz is not None or behind is not None
    colour = Key(
        names, columns={"expr": "width < 330 ? 2 : 4"}, symbol="stroke" if lined else "circle"
    )
    bounds = (float(curve.currents[0]), float(curve.currents[-1]))
    x = axis("i", "Constant current [nA]", bounds)
    rates = [r for r in (curve.line_hz, curve.noisy_hz, curve.measured_hz) if r is not None]
    if behind is not None and bounds[0] <= behind[0].operating_na <= bounds[1]:
        rates.append(np.array([behind[1]]))
    y = axis("f", "Firing rate [Hz]", (0.0, _top(*rates, [rate])))
    tips = [tip("i", "Current [nA]", ".3f"), tip("f", "Rate [Hz]", ".2f")]
    data = {
        "dots": columns({"i": curve.currents, "f": curve.measured_hz}),
        "here": columns({"i": [curve.operating_na], "f": [rate]}),
    }
    line = {"strokeWidth": 2.5, "clip": True}
    dot = {"filled": True, "opacity": 1, "clip": True}
    layers = []
    if np.isfinite(curve.onset_na) and bounds[0] <= curve.onset_na <= bounds[1]:
        data["onset"] = columns({"i": [curve.onset_na]})
        style = {"color": COLOURS["reference"], "strokeDash": [3, 3], "strokeWidth": 1.5}
        layers.append(
            layer("onset", "rule", style, x=x, tooltip=[tip("i", f"{curve.onset} [nA]", ".4f")])
        )
    if behind is not None:
        other, rate_a = behind
        best = other.noisy_hz if other.noisy_hz is not None else other.line_hz
        known = (other.line_currents, best) if best is not None else (
            other.currents, other.measured_hz)  # fmt: skip
        data["line_a"] = columns({"i": known[0], "f": known[1]})
        data["here_a"] = columns({"i": [other.operating_na], "f": [rate_a]})
        ghost = {"strokeWidth": 2, "strokeDash": [4, 3], "clip": True}
        hollow = {"filled": False, "strokeWidth": 2, "size": 150, "shape": "diamond", "clip": True}
        layers += [
            layer("line_a", "line", ghost, x=x, y=y, color=colour("A")),
            layer("here_a", "point", hollow, x=x, y=y, color=colour("A"), tooltip=tips),
        ]
    for name, label, values in (
        ("theory", "Theory", curve.line_hz),
        ("noisy", "Theory with noise", curve.noisy_hz),
    ):
        if values is not None:
            data[name] = columns({"i": curve.line_currents, "f": values})
            layers.append(layer(name, "line", line, x=x, y=y, color=colour(label)))
    layers += [
        layer("dots", "point", {**dot, "size": 32}, x=x, y=y, color=colour("Simulated"),
              tooltip=tips),
        layer("here", "point", {**dot, "size": 170, "shape": "diamond"}, x=x, y=y,
              color=colour("This run"), tooltip=tips),
    ]  # fmt: skip
    return {"datasets": data, "height": height, "layer": layers}


def _top(*values: Any) -> float:
    """Where an axis of rates ends: above the highest of `values`, and at 1 Hz at least."""
    joined = np.concatenate([np.asarray(v, dtype=np.float64) for v in values])
    return max(1.0, 1.08 * float(np.max(joined, where=np.isfinite(joined), initial=0.0)))
