"""What the chosen network computes, with the page's own numbers, and the rule's STDP window."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import streamlit as st

from pages.components import sight
from pages.components.chart import vega_chart
from pages.components.text import plain
from snncore.plots.training_rule import stdp_window
from snncore.plots.vega import Chart
from snncore.stdp import TrainParams
from snncore.stdp.rules import RULES, W_MAX


def equations(params: TrainParams) -> None:
    """Neuron, rule and window side by side, once they come in sight."""
    st.subheader("What it computes", anchor=False)
    if not sight.is_seen("stdp_equations", "the equations"):
        return
    first, second, third = st.columns([1, 1.1, 1.1], gap="medium")
    with first:
        _neuron(params)
    with second:
        _rule(params)
    with third:
        _window(params)


def _neuron(params: TrainParams) -> None:
    st.latex(r"x_i[t] = a\,x_i[t-1] + s_i[t]")
    st.latex(r"u_j[t] = \textstyle\sum_i w_{ji}\,x_i[t]")
    st.latex(rf"a = e^{{-{params.dt:g}/{params.tau_m:g}}} = {params.leak:.3f}")
    if params.code == "poisson":
        spikes = (
            f"Each input cell spikes at random (Poisson) at up to {params.max_rate_hz:g} Hz, with "
            f"probability {params.probability:.2f} a step of {params.dt:g} ms."
        )
    else:
        spikes = "Each input cell spikes once, the brighter the earlier (latency)."
    places = (
        f" {params.filters} filters of {params.filter_size} × {params.filter_size} pixels compete "
        f"at each place; wins are summed over {params.grid} × {params.grid} fields."
        if params.layer == "conv"
        else ""
    )
    st.markdown(
        f"{spikes} The trace *x* remembers recent spikes; the potential *u* is their weighted "
        f"sum.{places} {_COMPETITION[params.competition].format(k=params.winners)}"
    )


_COMPETITION = {
    "winner": "The first to reach its threshold wins, inhibits all others, and learns.",
    "k_winners": "The first {k} to reach their thresholds learn.",
    "lateral": "A spike takes some potential from all others; every spike learns.",
    "none": "Nobody inhibits anybody; every spike learns.",
}


def _rule(params: TrainParams) -> None:
    rule = RULES[params.rule]
    st.latex(rule.equation)
    budget = r",\quad \lVert w_j\rVert_2 = 1" if rule.budget else ""
    st.latex(rf"\eta:\; {params.rate_first:g} \to {params.rate_last:g}{budget}")
    st.markdown(f"**{rule.label}.** {rule.sentence}")
    st.markdown(f"Comes to rest at: {plain_math(rule.fixed_point)}")
    homeostasis = (
        f"Thresholds start at θ = {params.theta:g}; each batch of {params.batch} moves them by "
        f"{params.theta_rate:g} of that towards equal shares of wins."
        if rule.homeostasis and params.theta_rate
        else "Thresholds stay as they are: no homeostasis."
    )
    st.caption(f"{homeostasis} Source: {plain(rule.source[:80])}"
               f"{plain(rule.source[80:160]) if len(rule.source) > 80 else ''}.")  # fmt: skip


def plain_math(text: str) -> str:
    """A sentence of the engine with symbols such as * and | as they are."""
    return text.replace("*", r"\*").replace("[", r"\[").replace("$", r"\$")


def _window(params: TrainParams) -> None:
    rule = RULES[params.rule]
    vega_chart(
        spec=_chart(params.rule, params.tau_m, params.rate_first),
        key="stdp_window",
        width="stretch",
        alt=f"STDP window of the rule {rule.label}: change of a weight over the time between the "
        "input's and the neuron's spike, for a weak, a middle and a strong weight",
    )
    st.caption(
        f"One pair of spikes, τ = {params.tau_m:g} ms, η = {params.rate_first:g}: to the right the "
        "input came first. Above zero the weight grows. Where the lines differ, the change depends "
        "on the weight: that is what keeps it within bounds."
    )


@lru_cache(64)
def _chart(name: str, tau_m: float, rate: float) -> Chart:
    """The same for everybody who has these values; nobody changes it."""
    reach = 4.0 * tau_m
    lags = np.concatenate([np.linspace(-reach, -1e-6, 100), np.linspace(0.0, reach, 101)])
    weights = {
        f"w = {share * W_MAX:.3g}": RULES[name].window(lags, tau_m, rate, weight=share * W_MAX)
        for share in (0.2, 0.5, 0.8)
    }
    return stdp_window(lags, weights)
