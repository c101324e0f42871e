"""Section: how much the time step matters, for this neuron's integrator and for forward Euler."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import streamlit as st

from pages.components import lif_section_base as base
from pages.components.lif_run import DASH, HASH
from pages.components.lif_section_base import Bench
from snncore.playground import Setup
from snncore.playground.convergence import (
    Convergence,
    ConvergenceParams,
    Method,
    convergence,
)
from snncore.plots.analysis import Mark, Series, curves
from snncore.plots.vega import Array, Chart
from snncore.stimuli import Recording

_COLOURS = ("voltage", "spike", "threshold")
_SHAPES = ("dots", "diamond", "dots")
_FLOOR = 1e-10  # of the errors that are drawn: below it is rounding


@st.cache_data(max_entries=32, ttl=3600, max_size="4MB", show_spinner=False, hash_funcs=HASH)
def cached_convergence(
    setup: Setup, params: ConvergenceParams, recording: Recording | None
) -> Convergence:
    """Errors of each integrator at several steps."""
    return convergence(setup, params, recording)


def accuracy(bench: Bench) -> None:
    """Errors of spike times and voltages against dt, and the rate that each step gives."""
    with st.container(width=340):
        params = base.controls(ConvergenceParams, "lif_accuracy")
    if params is None:
        return
    quiet = _without_noise(bench.setup)
    found = base.computed(lambda: cached_convergence(quiet, params, bench.recording))
    if found is None:
        return
    if bench.setup.stimulus.is_noisy:
        st.caption("Without the noise of the drive: noise would hide the error of the integrator.")
    left, right = st.columns(2, gap="medium")
    with left:
        if found.reference_times.size == 0:
            base.too_few(bench, "No spikes to compare")
        else:
            base.chart(
                _errors(found, "spike_error", "Error of the spike times [ms]", bench.setup.run.dt),
                "accuracy_spikes",
                "Error of the spike times against the time step, one line per integrator.",
            )
    unit = bench.setup.kind.variables[0].unit
    with right:
        title = f"Error of the voltage [{unit}]" if unit else "Error of the voltage"
        base.chart(
            _errors(found, "voltage_error", title, bench.setup.run.dt),
            "accuracy_voltage",
            "Error of the voltage against the time step, one line per integrator.",
        )
    st.markdown(_table(found, bench.setup.run.dt))
    st.caption(
        f"Against the {found.reference}, over {found.duration:g} ms. A method of order p has "
        "errors that fall as dt to the power p: a straight line of slope p. Errors below 10⁻¹⁰ "
        "are rounding and drawn at that height. Voltages are compared before the first spike, "
        "spike times over the spikes that both have."
    )
    base.download("lif_accuracy", lambda: _columns(found))


def _without_noise(setup: Setup) -> Setup:
    """The setting with the noise off: equal questions find each other's answer in the cache."""
    off = {"sigma_v": 0.0, "noise_intensity": 0.0, "ou_std": 0.0, "syn_current": 0.0}
    return dataclasses.replace(setup, stimulus=dataclasses.replace(setup.stimulus, **off))


def _errors(found: Convergence, which: str, title: str, dt: float) -> Chart:
    series = []
    for k, method in enumerate(found.methods):
        error: Array = getattr(method, which)
        seen = np.isfinite(error)
        height = np.maximum(error[seen], _FLOOR)
        colour = _COLOURS[k % len(_COLOURS)]
        series.append(Series(method.name, found.dt[seen], height, colour, "line"))
        series.append(Series(method.name, found.dt[seen], height, colour, _SHAPES[k % 3]))
    return curves(
        series,
        "Time step dt [ms]",
        title,
        marks=[Mark("Your dt", dt, "x", "reference")],
        log_x=True,
        log_y=True,
        columns=2,
        height=320,
    )


def _table(found: Convergence, dt: float) -> str:
    """Rates at the page's own step, and orders, per integrator."""
    here = int(np.argmin(np.abs(found.dt - dt)))
    lines = [
        f"| At dt = {found.dt[here]:g} ms | Rate [Hz] | Error | Order, spikes | Order, V |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    truth = found.reference_rate_hz
    for m in found.methods:
        error = base.error_words(base.Row("", _rate(m, here), truth if truth > 0 else math.nan))
        lines.append(
            f"| {m.name} | {base.number(_rate(m, here))} | {error} "
            f"| {_order(m.spike_slope, m.spike_error)} "
            f"| {_order(m.voltage_slope, m.voltage_error)} |"
        )
    reference = base.number(truth) if truth > 0 else DASH
    lines.append(f"| *{found.reference}* | {reference} | | | |")
    return "\n".join(lines)


def _rate(method: Method, k: int) -> float:
    rate = float(method.rate_hz[k])
    return rate if rate > 0 else math.nan


def _order(slope: float, error: Array) -> str:
    if math.isfinite(slope):
        return f"{slope:.2f}"
    seen = error[np.isfinite(error)]
    return "exact" if seen.size and seen.max() < 1e-8 else DASH


def _columns(found: Convergence) -> dict[str, Array]:
    columns = {"dt_ms": found.dt}
    for m in found.methods:
        name = m.name.replace(" ", "_")
        columns[f"{name}_spike_error_ms"] = m.spike_error
        columns[f"{name}_voltage_error"] = m.voltage_error
        columns[f"{name}_rate_hz"] = m.rate_hz
    return columns
