"""The equations of the LIF Playground with the numbers of this moment."""

from __future__ import annotations

import math

import streamlit as st

from pages.components.lif_models import dynamics
from snncore.neurons import LIFParams
from snncore.playground import Setup, Summary
from snncore.stimuli import Recording, StimulusParams


def equation(setup: Setup, recording: Recording | None, summary: Summary) -> None:
    """The model, its drive, and what theory makes of both."""
    rows = [*dynamics(setup.neuron), *drive_rows(setup.stimulus, recording is not None)]
    st.latex(r"\begin{aligned}" + r"\\[2pt]".join(rows) + r"\end{aligned}")
    formula = _closed_form(setup, recording, summary)
    if formula:
        st.latex(formula)
    st.caption(theory_words(setup, recording, summary))


def drive_rows(s: StimulusParams, with_file: bool) -> list[str]:
    """I(t) as the sum of the parts that are on, in nA; a few parts to a row."""
    terms = []
    if s.current:
        terms.append(f"{s.current:+g}")
    if s.step_current:
        terms.append(rf"{s.step_current:+g}\,[{s.step_on:g}\le t<{s.step_off:g}]")
    if s.ramp_current:
        terms.append(rf"{s.ramp_current:+g}\,\text{{ramp}}_{{{s.ramp_on:g}}}^{{{s.ramp_off:g}}}")
    if s.pulse_current:
        every = rf"{s.pulse_width:g}/{s.pulse_period:g}\,\text{{ms}}"
        terms.append(rf"{s.pulse_current:+g}\,\text{{pulse}}_{{{every}}}")
    if s.amplitude:
        angle = rf"2\pi\cdot {s.frequency_hz:g}\,\text{{Hz}}\cdot t"
        if s.phase:
            angle += rf"{s.phase:+g}^\circ"
        terms.append(rf"+{s.amplitude:g}\sin({angle})")
        if s.sine_offset:
            terms.append(f"{s.sine_offset:+g}")
    if s.chirp_current:
        span = rf"{s.chirp_from_hz:g}\to {s.chirp_to_hz:g}\,\text{{Hz}}"
        terms.append(rf"+{s.chirp_current:g}\sin\phi_{{{span}}}(t)")
    if with_file:
        terms.append(rf"{s.csv_gain:+g}\,I_\text{{file}}(t)")
    if s.is_white:
        terms.append(r"+\xi(t)")
    if s.ou_std:
        terms.append(rf"+\eta_{{{s.ou_std:g}}}(t)")
    if s.syn_current:
        terms.append(rf"{s.syn_current:+g}\textstyle\sum_k e^{{-(t-t_k)/{s.syn_tau:g}}}")
    terms = terms or ["0"]
    terms[0] = terms[0].removeprefix("+")
    rows = [" ".join(terms[k : k + 2]) for k in range(0, len(terms), 2)]
    rows[-1] += r"\ \text{nA}"
    return [rf"I(t) &= {rows[0]}", *(rf"&\quad {row}" for row in rows[1:])]


def _closed_form(setup: Setup, recording: Recording | None, summary: Summary) -> str:
    """The rate as a formula with its numbers, where the LIF neuron has one."""
    n, s = setup.neuron, setup.stimulus
    if type(n) is not LIFParams or n.reset == "none" or recording is not None:
        return ""
    mu = n.v_rest + n.r_m * s.current
    if summary.theory == "exact" and mu > n.v_th:
        fraction = rf"\frac{{{mu - n.v_reset:g}}}{{{mu - n.v_th:g}}}"
        return (
            r"f = \frac{1}{t_\text{ref} + \tau\ln\frac{\mu - V_\text{reset}}{\mu - V_\text{th}}}"
            rf" = \frac{{1}}{{({n.t_ref:g} + {n.tau_m:g}\ln{fraction})\,\text{{ms}}}}"
            rf" = {summary.theory_rate_hz:.2f}\,\text{{Hz}}"
        )
    if summary.theory == "exact":
        return (
            rf"\mu = V_\text{{rest}} + R I = {mu:g}\,\text{{mV}} \le V_\text{{th}} = "
            rf"{n.v_th:g}\,\text{{mV}}\ \Rightarrow\ f = 0"
        )
    if summary.theory == "Siegert" and math.isfinite(summary.theory_rate_hz):
        return (
            r"f = \Big[t_\text{ref} + \tau\sqrt{\pi}\!\int_{(V_\text{reset}-\mu)/\sqrt 2\sigma}"
            r"^{(V_\text{th}-\mu)/\sqrt 2\sigma}\! e^{u^2}(1+\operatorname{erf}u)\,du\Big]^{-1}"
            rf" = {summary.theory_rate_hz:.2f}\,\text{{Hz}}"
        )
    return ""


def theory_words(setup: Setup, recording: Recording | None, summary: Summary) -> str:
    """One sentence: which theory of the rate holds here, and what it is worth."""
    s = setup.stimulus
    if getattr(setup.neuron, "reset", "") == "none":
        return "Without a reset the neuron fires at every step above the threshold."
    if summary.theory == "exact":
        return "The current is constant, so the rate follows from the equation in closed form."
    if summary.theory == "quadrature":
        return (
            "The current is constant: the rate is the time from reset to spike, which is an "
            "integral or a root of the equation, computed as a number."
        )
    if summary.theory == "Siegert":
        membrane = setup.membrane
        if membrane is None:
            return "White noise on a steady current: Siegert's rate."
        sigma = s.sigma_v_total(membrane, setup.run.dt)
        return (
            f"White noise ξ alone moves the voltage by σ = {sigma:.3g} mV, for every time step; "
            "Siegert's formula gives the mean rate."
        )
    if summary.theory == "quasi-static":
        return (
            "The drive changes in time: theory takes the rate of each moment's current and "
            f"averages it over the run, {summary.theory_rate_hz:.2f} Hz. That is right for slow "
            "drives only."
        )
    if recording is not None or not s.is_constant:
        return "For this model under a changing drive there is no theory of the rate."
    return "For this model there is no formula of the rate; where firing sets in is known."
