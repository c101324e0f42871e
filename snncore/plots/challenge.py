"""The challenge's figure: the recording of the secret neuron, and the guess over it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from snncore.playground.challenge import Experiment, Recording
from snncore.plots.vega import ZOOM, Array, Chart, Key, axis, layer, thin, ticks, tip

SECRET, GUESS, CURRENT = "Secret", "Guess", "Current"
_VOLTAGE_SHARE, _CURRENT_SHARE = 0.72, 0.2  # of the height
_MAX_MARKS = 500  # spikes drawn of each neuron: more would be thinner than a pixel


def experiment_chart(result: Experiment, *, height: int = 360) -> Chart:
    """Both voltages with a row of spikes each, above the current, on one time axis."""
    duration = float(result.t[-1])
    colour = Key({SECRET: "voltage", GUESS: "spike", CURRENT: "current"}, columns=3)
    voltages = np.concatenate([result.secret.v, result.guess.v])
    low, high = float(voltages.min()), float(voltages.max())
    high = max(high, low + 2.0)  # a resting neuron needs a scale too
    low, high = low - 0.02 * (high - low), high + 0.02 * (high - low)
    row = 0.09 * (high - low)
    top = high + 3.4 * row
    x = axis("t", "Time [ms]", (0.0, duration))
    # Two panels in one plot, so that they share the width and the time axis: each vertical axis
    # is made longer than its data, the voltage's downwards, the current's upwards.
    y = axis(
        "v", "Voltage [mV]", (top - (top - low) / _VOLTAGE_SHARE, top),
        values=ticks(low, high, 5), titleAnchor="end", domain=False, minExtent=38,
    )  # fmt: skip
    t_secret, v_secret = thin(result.t, result.secret.v)
    t_guess, v_guess = thin(result.t, result.guess.v)
    data = {
        "secret": pd.DataFrame({"t": t_secret, "v": v_secret}),
        "guess": pd.DataFrame({"t": t_guess, "v": v_guess}),
        "secret_spikes": _row(result.secret, duration, high + 2.1 * row, row),
        "guess_spikes": _row(result.guess, duration, high + 0.8 * row, row),
    }
    reading = [tip("t", "Time [ms]", ".1f"), tip("v", "Voltage [mV]", ".1f")]
    line = {"strokeWidth": 2, "clip": True}
    stroke = {"strokeWidth": 2, "clip": True}
    voltage = [
        layer("secret", "line", line, x=x, y=y, color=colour(SECRET)) | {"params": [ZOOM]},
        layer("guess", "line", {**line, "strokeDash": [5, 3]}, x=x, y=y, color=colour(GUESS)),
        # Invisible, for reading values off the recording.
        layer("secret", "point", {"opacity": 0, "size": 120, "clip": True}, x=x, y=y,
              tooltip=reading),
        *(
            layer(f"{name}_spikes", "rule", stroke, x=x, y=y, y2={"field": "end"},
                  color=colour(label), tooltip=[tip("t", f"{label}: spike at [ms]", ".2f")])
            for name, label in (("secret", SECRET), ("guess", GUESS))
        ),
    ]  # fmt: skip
    t_i, current = thin(result.t - result.t[0] / 2, result.current)
    data["current"] = pd.DataFrame({"t": t_i, "i": current})
    i_low, i_high = _with_scale(current)
    y_i = axis(
        "i", "Current [nA]", (i_low, i_low + 1.08 * (i_high - i_low) / _CURRENT_SHARE),
        values=ticks(i_low, i_high, 3), titleAnchor="start", domain=False, minExtent=38,
        orient="left", format="~g",
    )  # fmt: skip
    step = {"strokeWidth": 2, "interpolate": "step", "clip": True}
    drive = [layer("current", "line", step, x=x, y=y_i, color=colour(CURRENT))]
    return {
        "datasets": data,
        "height": height,
        "layer": [{"layer": voltage}, {"layer": drive}],
        "resolve": {"scale": {"y": "independent"}},
    }


def _row(recording: Recording, duration: float, bottom: float, height: float) -> pd.DataFrame:
    """Strokes of one neuron's spikes: at most one in each of `_MAX_MARKS` slots."""
    times = recording.spike_times
    slots = np.floor(times / duration * _MAX_MARKS).astype(np.int64)
    first: NDArray[np.int64] = np.unique(slots, return_index=True)[1]
    return pd.DataFrame({"t": times[first], "v": bottom, "end": bottom + height})


def _with_scale(current: Array) -> tuple[float, float]:
    """Lowest and highest current; a constant one is shown against 0."""
    low, high = float(current.min()), float(current.max())
    return (low, high) if high - low >= 0.2 else (min(low, 0.0), max(high, 0.1))
