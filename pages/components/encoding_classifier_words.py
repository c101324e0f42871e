"""The classifier in words: formulas with the live numbers, and the presets with what to notice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import streamlit as st

from pages.components.encoding_classifier_controls import suited
from pages.components.encoding_classifier_job import PageParams
from pages.components.encoding_classifier_kept import KEY, shown
from pages.components.encoding_classifier_map import Look, Place
from snncore import classifier
from snncore.classifier import Raster
from snncore.classifier.local_rule import HIGH, LOW
from snncore.classifier.params import THRESHOLD
from snncore.classifier.surrogate import SLOPE
from snncore.encoding import population
from snncore.params import Value


class Preset(NamedTuple):
    """A setting of the page, and what to notice in it."""

    data: str
    changes: dict[str, Value]  # fields that differ from the data set's own
    notice: str
    look: dict[str, Value] = {}  # noqa: RUF012 - never changed; other keys of the page


FIRST = "2 clouds"  # what the tab opens with
PRESETS: dict[str, Preset] = {
    "2 clouds": Preset(
        "blobs", {},
        "One neuron per class sees where a point lies through overlapping fields. Click between "
        "the clouds: both neurons fire, and the map is pale where they fire equally often.",
    ),
    "6 clouds": Preset(
        "blobs", {"n_classes": 6, "n_points": 600},
        "Six neurons share the plane. A straight line is of no use here; the clouds overlap, so "
        "some points cannot be known.",
    ),
    "Moons": Preset(
        "moons", {},
        "A straight line gets 88 %. The fields bend the border, with no hidden layer.",
    ),
    "Circles": Preset(
        "circles", {},
        "A line does no better than chance. A neuron that dislikes the fields at the edge is "
        "enough: it likes the middle.",
    ),
    "Spirals": Preset(
        "spirals", {},
        "x and y must be known together, and a sum of fields of x and of y cannot tell that: a "
        "hidden layer can. Set *Hidden neurons* to 0 and train again.",
    ),
    "Local rule": Preset(
        "spirals", {"rule": "local"},
        "The same spirals without a gradient: every synapse knows only its own two neurons, so the "
        "hidden layer stays random. Compare with *Spirals*.",
    ),
    "First spike": Preset(
        "moons", {"decision": "first"},
        "The first neuron to fire decides after a few steps instead of all of them. The table "
        "below shows what that speed costs.",
    ),
    "Staircase": Preset(
        "blobs", {"code": "constant"},
        "A constant current has no chance in it: the lines are the formula, the colours the "
        "simulation. Spikes come in whole numbers, so the count is a staircase.",
        {f"{KEY}_map": 1},
    ),
    "Seed": Preset(
        "blobs", {},
        "A demonstration that many copy: one neuron, random weights, no learning. The best "
        "threshold on its count gets 84 %, a straight line 100 %.",
        {f"{KEY}_net": "seed", f"{KEY}_px": 0.8, f"{KEY}_py": 0.2},
    ),
}  # fmt: skip
LOOK: dict[str, Value] = {
    f"{KEY}_net": "learnt", f"{KEY}_map": 0, f"{KEY}_show": "test",
    f"{KEY}_px": 0.5, f"{KEY}_py": 0.5,
}  # fmt: skip


def preset_params(preset: Preset) -> PageParams:
    """The parameters that a preset sets."""
    return PageParams(**(suited(preset.data).to_dict() | preset.changes))


def active(params: PageParams, looks: Mapping[str, Value]) -> str | None:
    """The preset that the page shows, if it is one; the place on the map does not count."""
    for name, preset in PRESETS.items():
        wanted = {f"{KEY}_net": "learnt"} | {k: v for k, v in preset.look.items() if k in looks}
        same = all(looks[key] == value for key, value in wanted.items())
        if same and params == preset_params(preset):
            return name
    return None


def formulas(look: Look, place: Place, found: Raster) -> None:
    """Input, neuron, decision and rule with the numbers of this network and this point."""
    params, network = look.model.params, look.model.network
    st.markdown("##### How it decides")
    if params.code == "raw":
        st.latex(r"\small a = (2x-1,\ 2y-1)")
    else:
        means = (
            "spikes with this probability in each step"
            if params.code == "rate"
            else ("feeds it in as a constant current")
        )
        width = population.width(params.fields)
        st.latex(
            r"\small a_m = \exp\left(-\frac{(x-\mu_m)^2}{2\sigma^2}\right),\quad "
            rf"\sigma = {width:.3f},\quad m = 1 \ldots {params.fields} \text{{ for }} x,"
            rf"\ {params.fields} \text{{ for }} y"
        )
        st.caption(
            f"A *receptive field* is the place that an input neuron answers to. Each {means}."
        )
    st.latex(
        rf"\small v_k \leftarrow {params.beta:g}\, v_k + I_k,\qquad "
        rf"v_k \ge {THRESHOLD:g} \Rightarrow "
        r"\text{spike},\ v_k = 0"
    )
    layer = "h" if params.hidden and not look.seed else "m"
    st.latex(rf"\small I_k = b_k + \sum_{{{layer}}} w_{{k{layer}}}\, a_{{{layer}}}")
    if not params.hidden:
        drive = network.bias + network.weights @ found.drive
        st.markdown(_drive_words(look, place, drive, params))
    if not look.seed:
        _rule(params)


def _drive_words(look: Look, place: Place, drive: np.ndarray, params: PageParams) -> str:
    x, y = place.point
    mean = "mean " if params.code == "rate" else ""
    parts = []
    for name, value in zip(look.model.names, drive.tolist(), strict=True):
        period = classifier.firing_period(value, params.beta)
        if period <= params.n_steps:
            n = int(period)
            rhythm = (
                f"every step{'' if n == 1 else f' {n} steps'}" if n == 1 else f"every {n} steps"
            )
            told = f"{rhythm}, {params.n_steps // n} times in {params.n_steps}"
        else:
            told = "too little to fire"
        parts.append(f"{shown(name)} **{value:.3g}** ({told})")
    lead = f"Here, at ({x:.3f}, {y:.3f}), the {mean}drive is " + "; ".join(parts) + "."
    if params.code == "rate":
        return (
            lead + " In brackets what that drive would do if it were constant; chance adds to it."
        )
    return lead + r" Exactly $n = \lceil \ln(1-(1-\beta)/I)/\ln\beta \rceil$ steps between spikes."


def _rule(params: PageParams) -> None:
    st.markdown("##### How it learns")
    if params.rule == "local":
        st.latex(r"\small \Delta w_{km} = \eta\,(n^*_k - n_k)\,\bar a_m")
        st.caption(
            f"The delta rule (Widrow & Hoff 1960), η = {params.learning_rate:g}: a neuron that "
            f"fired n times but should have fired n* ({HIGH * params.n_steps:g} for its own class, "
            f"{LOW * params.n_steps:g} else) changes the synapses that were active. Each synapse "
            "knows all three; nothing is sent back. η falls to 0 in a line over the passes."
            + (" The weights of the hidden neurons stay as they were drawn." * bool(params.hidden))
        )
        return
    st.latex(
        r"\small \Delta w \propto -\frac{\partial L}{\partial w},\qquad "
        r"\frac{\partial s}{\partial v} := "
        rf"\frac{{1}}{{(1+{SLOPE:g}\,|v-{THRESHOLD:g}|)^2}}"
    )
    st.caption(
        "A spike is all or nothing and has no slope; learning puts a smooth one in its place, the "
        "*surrogate gradient* (Neftci et al. 2019), and follows it back through all steps "
        f"(η = {params.learning_rate:g}, falling to 0). L is the cross entropy of the "
        + (
            "spike counts."
            if params.decision == "count"
            else "spikes, each worth half as much with every step after the first of all: "
            "who fires late hardly counts."
        )
    )
