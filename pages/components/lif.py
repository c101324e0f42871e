"""Panels of the LIF Playground: cached runs, numbers, equation, figures, exports."""

from __future__ import annotations

import math
from typing import NamedTuple

import streamlit as st

from pages.components import controls
from pages.components.inline import inline
from pages.components.picture import picture
from pages.components.share import Download
from snncore.neurons import LIFParams
from snncore.params import Params, Value
from snncore.playground import (
    Bench,
    FICurve,
    Population,
    PopulationParams,
    Run,
    Summary,
    fi_curve,
    numpy_script,
    play,
    population,
)
from snncore.playground.single import csv_text
from snncore.plots import neuron as plots
from snncore.plots.base import pool_time, raster_png
from snncore.simulate import RunParams
from snncore.stimuli import StimulusParams

RASTER_COLUMNS = 466  # three pixels each: as wide as the page shows a picture unshrunk
DASH = "–"
FEW = "not enough spikes"

GROUPS: tuple[tuple[str, type[Params], tuple[str, ...]], ...] = (
    (
        "Drive",
        StimulusParams,
        ("current", "sigma_v", "amplitude", "frequency_hz", "phase", "step_current", "step_on",
         "step_off"),
    ),
    ("Neuron", LIFParams, ("tau_m", "r_m", "v_rest", "v_th", "v_reset", "t_ref")),
    ("", LIFParams, ("reset",)),
    ("Run", RunParams, ("duration", "dt", "seed")),
)  # fmt: skip


class Crowd(NamedTuple):
    """The population with its raster ready to show; the spikes themselves are not kept."""

    numbers: Population
    raster: bytes


@st.cache_data(max_entries=64, ttl=3600, max_size="64MB", show_spinner=False)
def cached_run(neuron: LIFParams, stimulus: StimulusParams, run: RunParams) -> Run:
    """One neuron's run."""
    return play(neuron, stimulus, run)


@st.cache_data(max_entries=64, ttl=3600, max_size="16MB", show_spinner=False)
def cached_curve(neuron: LIFParams, stimulus: StimulusParams, run: RunParams) -> FICurve:
    """The f–I curve; it depends on neither the duration nor the time course of the drive."""
    return fi_curve(neuron, stimulus, run)


@st.cache_data(max_entries=64, ttl=3600, max_size="64MB", show_spinner=False)
def cached_crowd(bench: Bench, dark: bool) -> Crowd:
    """The population and its raster."""
    crowd = population(*parts(bench), bench.size)
    raster = raster_png(pool_time(crowd.spikes, RASTER_COLUMNS), dark=dark, scale=3)
    return Crowd(crowd._replace(spikes=crowd.spikes[:0]), raster)


def parts(bench: Bench) -> tuple[LIFParams, StimulusParams, RunParams]:
    """What the engine takes."""
    return bench.part(LIFParams), bench.part(StimulusParams), bench.part(RunParams)


def all_controls(key: str) -> Bench:
    """Every parameter of the neuron, the drive and the run, in sight, and what they say."""
    values: dict[str, Value] = {}
    for title, cls, names in GROUPS:
        if title:
            st.markdown(f"**{title}**")
        drawn = controls.controls(cls, key, only=names, columns=min(2, len(names)))
        values |= {name: getattr(drawn, name) for name in names}
    return Bench.from_dict(values)


def _value(number: float, digits: int) -> str:
    return f"{number:.{digits}f}" if math.isfinite(number) else DASH


class Number(NamedTuple):
    """One entry of the row of numbers."""

    label: str
    value: str
    note: str
    help: str


_THEORY = {
    "exact": "closed form",
    "Siegert": "Siegert, noise",
    "quasi-static": "quasi-static",
    "none": "none: no reset",
}


def numbers(summary: Summary) -> list[Number]:
    """Measured beside expected, in words where there is no number."""
    s = summary
    by_interval = s.compared == "interval_rate_hz"
    error, error_note = DASH, FEW
    if math.isfinite(s.relative_error):
        percent = 100 * s.relative_error
        error = f"{percent:+.2f} %" if abs(percent) < 10 else f"{percent:+.0f} %"
        error = "0 %" if percent == 0 else error
        error_note = "rate vs theory"
        if s.theory == "Siegert" and s.n_spikes > 0 and math.isfinite(s.theory_cv):
            error_note = f"chance: ±{100 * s.theory_cv / math.sqrt(s.n_spikes):.0f} %"
    elif s.theory == "none":
        error_note = "no theory"
    cv_note = f"theory {s.theory_cv:.3f}" if math.isfinite(s.theory_cv) else "of intervals"
    first, first_note = s.theory_first_spike_ms, "from the start"
    if math.isfinite(first):
        first_note = f"theory {first:.3f}"
    elif math.isnan(s.first_spike_ms):
        first_note = "no spike"
    return [
        Number("Spikes", f"{s.n_spikes:,}", f"{s.rate_hz:.4g} per second", "In the whole run."),
        Number(
            "Rate [Hz]",
            _value(s.interval_rate_hz if by_interval else s.rate_hz, 2),
            "1 / interval" if by_interval else "by counting",
            "Equal intervals are measured from spike to spike, irregular ones by counting.",
        ),
        Number(
            "Theory [Hz]",
            _value(s.theory_rate_hz, 2),
            _THEORY[s.theory],
            "In continuous time. A simulation that looks for spikes only at the end of each step "
            f"should give {_value(s.theory_grid_rate_hz, 2)} Hz."
            if math.isfinite(s.theory_grid_rate_hz)
            else "In continuous time.",
        ),
        Number(
            "Error",
            error,
            error_note,
            "Measured rate / theory − 1. It shrinks with the time step, and with noise with the "
            "length of the run.",
        ),
        Number(
            "CV",
            _value(s.cv, 3),
            cv_note if math.isfinite(s.cv) else FEW,
            "Standard deviation of the intervals over their mean: 0 is a clock, 1 is pure chance.",
        ),
        Number(
            "First spike [ms]",
            _value(s.first_spike_ms, 3),
            first_note,
            "When the voltage reaches the threshold, found inside the step in closed form.",
        ),
    ]


def number_row(summary: Summary) -> None:
    """The numbers side by side, wrapping where the screen is narrow."""
    with st.container(horizontal=True, horizontal_alignment="distribute", key="lif_numbers"):
        for n in numbers(summary):
            st.metric(
                n.label, n.value, n.note, help=n.help, width=122,
                delta_color="off", delta_arrow="off",
            )  # fmt: skip


def _signed(value: float, unit: str) -> str:
    return rf"{value:+g}\,\text{{{unit}}}"


def equation(bench: Bench, rate: float) -> None:
    """The model with the values of this moment, and the rate that follows from them."""
    b = bench
    drive = [rf"{b.current:g}"] if b.current or not (b.amplitude or b.step_current) else []
    if b.step_current:
        drive.append(rf"{b.step_current:+g}\,[{b.step_on:g}\le t<{b.step_off:g}]")
    if b.amplitude:
        angle = rf"2\pi\cdot {b.frequency_hz:g}\,\text{{Hz}}\cdot t"
        if b.phase:
            angle += rf"{b.phase:+g}^\circ"
        drive.append(rf"+{b.amplitude:g}\sin({angle})")
    if b.sigma_v:
        drive.append(r"+\xi(t)")
    st.latex(
        rf"{b.tau_m:g}\,\text{{ms}}\cdot\dot V = -(V {_signed(-b.v_rest, 'mV')}) "
        rf"+ {b.r_m:g}\,\text{{MΩ}}\cdot I(t)"
    )
    st.latex(rf"I(t) = {' '.join(drive).lstrip('+')}\ \text{{nA}}")
    mu = b.v_rest + b.r_m * b.current
    if b.reset == "none":
        st.caption("Without a reset the neuron fires at every step above the threshold.")
    elif b.amplitude or b.step_current:
        st.caption(
            "The drive changes in time: theory takes the rate of each moment's current and "
            f"averages it over the run, {rate:.2f} Hz. That is right for slow drives only."
        )
    elif b.sigma_v == 0 and mu > b.v_th:
        st.latex(
            r"f = \frac{1}{t_\text{ref} + \tau\ln\frac{\mu - V_\text{reset}}"
            r"{\mu - V_\text{th}}}"
        )
        st.latex(
            rf"f = \frac{{1}}{{{b.t_ref:g} + {b.tau_m:g}"
            rf"\ln\frac{{{mu - b.v_reset:g}}}{{{mu - b.v_th:g}}}\ \text{{ms}}}}"
            rf" = {rate:.2f}\,\text{{Hz}}"
        )
    elif b.sigma_v == 0:
        st.latex(
            rf"\mu = V_\text{{rest}} + R I = {mu:g}\,\text{{mV}} \le V_\text{{th}} = "
            rf"{b.v_th:g}\,\text{{mV}}"
        )
    else:
        st.latex(
            r"f = \Big[t_\text{ref} + \tau\sqrt{\pi}\!\int_{(V_\text{reset}-\mu)/\sigma}"
            r"^{(V_\text{th}-\mu)/\sigma}\! e^{u^2}(1+\operatorname{erf}u)\,du\Big]^{-1}"
            rf" = {rate:.2f}\,\text{{Hz}}"
        )
        st.caption(
            f"White noise ξ moves the voltage by σ = {b.sigma_v:g} mV for every time step; in the "
            f"integral σ√2 = {math.sqrt(2) * b.sigma_v:.3g} mV, and μ = {mu:g} mV."
        )


def curve_panel(bench: Bench, rate: float) -> None:
    """The f–I curve of the neuron, with this run's place on it."""
    neuron = bench.part(LIFParams)
    # Only what the curve depends on: a new duration or sine finds the curve in the cache.
    flat = StimulusParams(current=bench.current, sigma_v=bench.sigma_v)
    run = RunParams(dt=bench.dt, duration=max(1000.0, bench.dt), seed=bench.seed)
    curve = inline(lambda: cached_curve(neuron, flat, run))
    st.vega_lite_chart(
        spec=plots.fi_chart(curve, bench.current, rate, height=300),
        key="lif_fi_chart",
        alt="Firing rate over constant current: simulated dots on the theoretical line.",
    )
    text = (
        f"Firing rate over constant current; each dot is {curve.duration / 1000:.2g} s of "
        f"simulation. Without noise the neuron is silent up to the rheobase, "
        f"{(bench.v_th - bench.v_rest) / bench.r_m:.4g} nA."
    )
    if curve.exact_hz[-1] * bench.dt > 30:
        text += (
            " Dots stay below the line where an interval is only a few time steps long: "
            "shorten the time step."
        )
    if bench.amplitude or bench.step_current:
        text += " The diamond is this run's mean rate, drawn at the constant part of its drive."
    st.caption(text)


def crowd_panel(bench: Bench, dark: bool) -> None:
    """Many neurons with independent noise: raster, rate and theory."""
    crowd = inline(lambda: cached_crowd(bench, dark))
    n = crowd.numbers
    source = (
        f"each with independent noise of {n.sigma_v:g} mV"
        if bench.sigma_v
        else f"each with {n.sigma_v:g} mV of independent noise, because the drive above has none"
    )
    cut = "" if n.duration >= bench.duration - bench.dt else f" First {n.duration:g} ms."
    st.caption(
        f"{bench.size} equal neurons under the drive above, {source}. One row per neuron, one "
        f"mark per spike, 0 to {n.duration:g} ms.{cut}"
    )
    picture(
        crowd.raster, alt="Spike raster of the population: one row per neuron, time to the right."
    )
    st.vega_lite_chart(
        spec=plots.population_chart(n),
        key="lif_population_chart",
        alt="Firing rate of the population over time, with its theory.",
    )
    cv = f"{n.cv:.2f}" if math.isfinite(n.cv) else FEW
    fano = f"{n.fano:.2f}" if math.isfinite(n.fano) else FEW
    st.caption(
        f"Mean rate {n.mean_rate_hz:.1f} Hz in bins of {n.bin_width:.3g} ms; CV of the intervals "
        f"{cv}; Fano factor of the counts {fano}. The theory is Siegert's rate for the drive of "
        "each moment on this time grid: it holds once the start is forgotten, and for drives "
        "slower than the neuron."
    )


def command(bench: Bench) -> str:
    """The command line of this run."""
    words = [
        f"--{name.replace('_', '-')} {f'{value:.10g}' if isinstance(value, float) else value}"
        for name, value in bench.changed().items()
        if name not in PopulationParams.specs()
    ]
    return " ".join(["python -m snncore lif", *words])


def exports(bench: Bench) -> list[Download]:
    """Files made when they are asked for, from the full run."""
    run = parts(bench)
    return [
        Download("Trace (CSV)", lambda: csv_text(play(*run)).encode(), "lif.csv", "text/csv"),
        Download(
            "Program (Python, numpy only)",
            lambda: numpy_script(*run).encode(),
            "lif_run.py",
            "text/x-python",
        ),
        Download(
            "Figure (PNG)", lambda: plots.figure(play(*run), run[0], "png"), "lif.png",
            "image/png",
        ),
        Download(
            "Figure (SVG)", lambda: plots.figure(play(*run), run[0], "svg"), "lif.svg",
            "image/svg+xml",
        ),
    ]  # fmt: skip
