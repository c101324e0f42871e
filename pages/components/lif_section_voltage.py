"""Sections on where the voltage is, and on where it goes: its density and the phase plane."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from pages.components import lif_section_base as base
from pages.components.controls import control
from pages.components.lif_run import HASH
from pages.components.lif_section_base import Bench, Row
from snncore.neurons import LIFParams
from snncore.playground import Setup
from snncore.playground.density import Density, density
from snncore.playground.phase_plane import PhasePlane, PhasePlaneParams, phase_plane
from snncore.plots import phase
from snncore.plots.analysis import Mark, Series, curves
from snncore.plots.vega import Array
from snncore.stimuli import Recording
from snncore.theory.first_passage import clock_density


@st.cache_data(max_entries=32, ttl=3600, max_size="8MB", show_spinner=False, hash_funcs=HASH)
def cached_density(setup: Setup, recording: Recording | None) -> Density:
    """Histograms of the voltage with and without threshold."""
    return density(setup, recording)


def distribution(bench: Bench) -> None:
    """Where the voltage is: with the threshold, and with the threshold out of reach."""
    found = base.computed(lambda: cached_density(bench.setup, bench.recording))
    if found is None:
        return
    unit = bench.setup.kind.variables[0].unit
    per = f"1/{unit}" if unit else "1"
    series = []
    if found.free is not None and found.n_neurons > 1:
        series.append(Series("Without threshold", found.v, found.free, "current", "dots"))
    if found.gauss is not None:
        series.append(Series("Gauss (theory)", found.line_v, found.gauss, "reference", "dash"))
    edges = np.append(found.v - found.width / 2, found.v[-1] + found.width / 2)
    series.append(Series("With threshold", edges, found.density, "voltage", "bars"))
    if found.fokker_planck is not None:
        series.append(
            Series("Fokker–Planck (theory)", found.line_v, found.fokker_planck, "theory", "line")
        )
    clock = _clock(bench, found)
    if clock is not None:
        series.append(Series("Theory: rate / speed", found.line_v, clock, "theory", "line"))
    level = float(bench.setup.kind.level(bench.setup.neuron))
    shown = edges[0] <= level <= edges[-1]
    spec = curves(
        series,
        f"Voltage [{unit}]" if unit else "Voltage (no unit)",
        f"Density [{per}]",
        marks=[Mark("Threshold", level, "x", "threshold")] if shown else [],
        x_span=(float(edges[0]), float(edges[-1])),
        y_span=(0.0, _top(found)),
        height=340,
    )
    base.chart(
        spec,
        "density",
        f"Distribution of the voltage of the {bench.setup.kind.title} model: mean "
        f"{base.number(found.mean)} {unit}, standard deviation {base.number(found.std)} {unit}.",
    )
    if clock is not None:
        st.caption(
            "Without noise each voltage is passed once per interval: density = rate / speed."
        )
    elif found.gauss is None and found.fokker_planck is None:
        noisy = bench.setup.stimulus.is_noisy
        why = (
            "There is no theory for this neuron under this drive."
            if noisy
            else "Theory needs noise: add white noise to the drive."
        )
        st.caption(why + " The Gaussian is that of a passive membrane with a steady mean current.")
    base.table(_rows(found, unit))
    seconds = f"{found.duration / 1000:.3g} s"
    text = f"Of one run, {seconds} after the start has faded."
    if found.n_neurons > 1:
        text = (
            f"Of {found.n_neurons} neurons with independent noise, {seconds} each, after the "
            "start has faded."
        )
    if found.refractory > 0:
        text += " While refractory the voltage stands at the reset: that time is left out."
    if math.isfinite(found.gauss_distance):
        text += " Distances are the area between two densities: 0 is equal, 2 without overlap."
    st.caption(text)
    base.download(
        "lif_voltage",
        lambda: {
            "v": found.v,
            "density": found.density,
            **({} if found.free is None else {"density_without_threshold": found.free}),
        },
    )


def _clock(bench: Bench, found: Density) -> Array | None:
    """The density of a neuron that fires like a clock; None where it does not."""
    neuron, stimulus = bench.setup.neuron, bench.setup.stimulus
    if not isinstance(neuron, LIFParams) or neuron.reset != "value" or bench.recording is not None:
        return None
    if not stimulus.is_constant:
        return None
    line = clock_density(neuron, stimulus.current, found.line_v)
    return line if line.any() else None


def _top(found: Density) -> float:
    """End of the vertical axis; a spike of a single voltage must not flatten the rest."""
    lines = [a for a in (found.gauss, found.fokker_planck) if a is not None]
    if lines:
        return 1.25 * max(float(a.max()) for a in lines)
    return 1.1 * max(float(found.density.max()), 1e-9)


def _rows(found: Density, unit: str) -> list[Row]:
    u = f" [{unit}]" if unit else ""
    rows = []
    if found.free is not None and found.n_neurons > 1:
        rows += [
            Row(f"Mean without threshold{u}", found.free_mean, found.mean, absolute=True),
            Row(f"σ without threshold{u}", found.free_std, found.std),
        ]
    if found.refractory > 0 or math.isfinite(found.theory_refractory):
        rows.append(Row("Time spent refractory", found.refractory, found.theory_refractory))
    if math.isfinite(found.fokker_planck_distance):
        rows.append(Row("Distance to Fokker–Planck", found.fokker_planck_distance, 0.0))
    if math.isfinite(found.gauss_distance):
        rows.append(Row("Distance to Gauss", found.gauss_distance, 0.0))
    return rows


@st.cache_data(max_entries=32, ttl=3600, max_size="16MB", show_spinner=False, hash_funcs=HASH)
def cached_plane(setup: Setup, params: PhasePlaneParams, recording: Recording | None) -> PhasePlane:
    """The flow, its resting points and the run's way through it."""
    return phase_plane(setup, params, recording)


def flow(bench: Bench) -> None:
    """The phase plane of two variables, or the phase line of the voltage alone."""
    variables = bench.setup.kind.variables
    if len(variables) > 2:
        base.hint(
            f"The {bench.setup.kind.title} model has {len(variables)} variables: its flow does not "
            "fit on a plane. Choose a model with one or two, for example the adaptive exponential "
            "or the FitzHugh–Nagumo model."
        )
        return
    params = _plane_controls()
    found = base.computed(lambda: cached_plane(bench.setup, params, bench.recording))
    if found is None:
        return
    titles = [f"{v.label} [{v.unit}]" if v.unit else v.label for v in variables]
    if len(titles) == 1:
        unit = variables[0].unit
        spec = phase.line(found, titles[0], f"dV/dt [{unit}/ms]", dark=bench.dark)
        alt = "Phase line: how fast the voltage moves at each voltage, with resting points."
        words = (
            "Where the line is above zero the voltage rises, below it falls; where it crosses zero "
            "downwards the voltage rests."
        )
    else:
        spec = phase.plane(found, (titles[0], titles[1]), dark=bench.dark)
        alt = "Phase plane: nullclines, flow, resting points and the trajectory of this run."
        words = "Arrows show where the state goes from each place. Where both lines meet, it rests."
    base.chart(spec, "phase_plane", alt)
    which = "mean current" if params.level == "mean" else f"current at {params.at:g} ms"
    st.caption(
        f"Under the {which}, {found.current:.4g} nA. {words} Filled: stable. Open: unstable."
    )
    st.markdown(_rest_table(found, titles))
    base.download(
        "lif_phase_plane",
        lambda: {
            "t_ms": found.t,
            "v": found.trajectory_v,
            **({} if found.trajectory_w is None else {found.second or "w": found.trajectory_w}),
        },
    )


def _plane_controls() -> PhasePlaneParams:
    """Which current; the moment only where it matters."""
    specs, defaults = PhasePlaneParams.specs(), PhasePlaneParams().to_dict()
    left, right, _ = st.columns([1, 1, 2])
    values = {}
    with left:
        values["level"] = control("level", specs["level"], defaults["level"], "lif_plane")
    if values["level"] == "time":
        with right:
            values["at"] = control("at", specs["at"], defaults["at"], "lif_plane")
    return PhasePlaneParams(**values)


def _rest_table(found: PhasePlane, titles: list[str]) -> str:
    """Resting points with the eigenvalues that decide what they are."""
    if not found.rests:
        return "**No resting point**: under this current the neuron cannot stand still."
    lines = [
        f"| Resting point | {' | '.join(titles)} | Eigenvalues [1/ms] |",
        f"| --- | {'---: | ' * len(titles)}--- |",
    ]
    for r in found.rests:
        never = r.beyond and math.isfinite(found.reset)
        kind = f"{r.kind}, above the threshold: never reached" if never else r.kind
        place = [r.v] if math.isnan(r.second) else [r.v, r.second]
        numbers = " | ".join(base.number(value) for value in place)
        lines.append(f"| {kind} | {numbers} | {_eigenvalues(r.eigenvalues)} |")
    return "\n".join(lines)


def _eigenvalues(values: tuple[complex, ...]) -> str:
    first = values[0]
    if abs(first.imag) > 1e-12:
        return f"{base.number(first.real, 3)} ± {base.number(abs(first.imag), 3)} i"
    return ", ".join(base.number(v.real, 3) for v in values)
