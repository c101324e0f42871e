"""Step by step: the run played in the browser, with the numbers of each step.

A window of at most `MAX_STEPS` steps is sent once; play, pause, step and scrub then happen in the
visitor's browser (`lif_player.js`), so the server has no part in it. The LIF neuron is shown as a
leaky bucket: water level = voltage, inflow = current, hole = leak, overflow = spike, lid =
refractory period.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components.controls import controls
from pages.components.players import player_component
from snncore.neurons import LIFParams
from snncore.params import Params, number
from snncore.playground import Run, Setup

KEY = "lif_player"  # of the controls, and of their names in the address
MAX_STEPS = 2000
_LEAD = 200  # steps shown before the first spike
_DIGITS = 7  # of the largest number of a curve: more than the page shows

_component = player_component("lif_player", Path(__file__), "step", "lif_player_words.js")


@dataclass(frozen=True)
class PlayerParams(Params):
    """Which part of a long run is played."""

    start: float = number(
        0, 0, 100_000, f"The player holds {MAX_STEPS:,} steps. 0: from the start of the run, or "
        "from just before a late first spike.",
        unit="ms", step=10, label="From",
    )  # fmt: skip


def player(setup: Setup, run: Run, dark: bool) -> None:
    """Draw the player for `run`, with a choice of its window where the run is longer."""
    first = first_step(run)
    if run.t.size > MAX_STEPS:
        chosen = controls(PlayerParams, KEY, columns=3)
        start = round(chosen.start / setup.run.dt)
        if 0 < start < run.t.size:
            first = start
    _component(key="lif_player_view", data=payload(setup, run, first) | {"dark": dark})
    st.caption(
        "Space plays and pauses, the arrow keys step (with Shift ten steps), S goes to the next "
        "spike; or click into the trace. Everything runs in your browser."
    )


def first_step(run: Run) -> int:
    """Where the window begins by itself: at the start, or just before a late first spike."""
    if run.spike_steps.size == 0 or run.spike_steps[0] < MAX_STEPS:
        return 0
    return int(min(run.spike_steps[0] - _LEAD, run.t.size - MAX_STEPS))


def payload(setup: Setup, run: Run, first: int) -> dict[str, Any]:
    """What the browser gets: at most `MAX_STEPS` steps from step `first`, as plain JSON.

    Entry k of a curve is the end of step first + k; `before` is the state at the window's start.
    """
    last = min(first + MAX_STEPS, run.t.size)
    kind = setup.kind
    curves = [run.v, *(run.others[variable.name] for variable in kind.variables[1:])]
    start: list[float | None] = [None] * len(curves)
    if first > 0:
        start = [float(curve[first - 1]) for curve in curves]
    elif kind.rest is not None:
        start = [float(value) for value in kind.rest(setup.neuron)]
    elif isinstance(setup.neuron, LIFParams):
        start = [setup.neuron.v_rest]
    inside = (run.spike_steps >= first) & (run.spike_steps < last)
    past = np.flatnonzero(run.spike_steps < first)
    return {
        "model": kind.title,
        "dt": setup.run.dt,
        "first": first,
        "steps": last - first,
        "total": run.t.size,
        "current": _short(run.current[first:last]),
        "variables": [
            {
                "label": variable.label,
                "unit": variable.unit,
                "before": before,
                "values": _short(curve[first:last]),
            }
            for variable, curve, before in zip(kind.variables, curves, start, strict=True)
        ],
        "level": _finite(kind.level(setup.neuron)),
        "spikes": {
            "steps": (run.spike_steps[inside] - first).tolist(),
            "times": np.round(run.spike_times[inside], 9).tolist(),
            "last_step": int(run.spike_steps[past[-1]] - first) if past.size else None,
            "last_time": float(run.spike_times[past[-1]]) if past.size else None,
        },
        "lif": _lif(setup),
    }


def _lif(setup: Setup) -> dict[str, Any] | None:
    """The parameters of the bucket; None for other models."""
    neuron = setup.neuron
    if not isinstance(neuron, LIFParams):
        return None
    return {
        "tau_m": neuron.tau_m,
        "r_m": neuron.r_m,
        "v_rest": neuron.v_rest,
        "v_reset": neuron.v_reset,
        "v_th": neuron.v_th,
        "t_ref": neuron.t_ref,
        "reset": neuron.reset,
        "grid": neuron.on_grid,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _short(values: NDArray[np.float64]) -> list[float]:
    """Rounded to `_DIGITS` digits of the largest: a third of the bytes."""
    peak = float(np.abs(values).max(initial=0.0))
    decimals = _DIGITS - 1 - math.floor(math.log10(peak)) if peak > 0 else 0
    rounded: list[float] = np.round(values, min(decimals, 15)).tolist()
    return rounded
