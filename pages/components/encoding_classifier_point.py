"""One point on its way through the network: its raster, counts, and why it is decided so."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.components import frame
from pages.components.chart import vega_chart
from pages.components.encoding_classifier_kept import KEY, shown
from pages.components.encoding_classifier_map import Look, Place
from snncore import classifier
from snncore.classifier import THRESHOLD, Raster
from snncore.plots.classifier import CLASS_SIGNS
from snncore.plots.classifier_raster import Trace, trace


def draw_point(look: Look, place: Place) -> Raster:
    """The figure of the point, and the decision in words."""
    found = classifier.raster(place.point, look.model, place.sample)
    names = [name if look.seed else f"{CLASS_SIGNS[k]} {name}"
             for k, name in enumerate(look.model.names)]  # fmt: skip
    steps = len(found.spikes)
    inputs = found.inputs if len(found.inputs) else np.tile(found.drive, (steps, 1))
    vega_chart(
        spec=trace(
            Trace(inputs.astype(float), found.hidden if found.hidden.shape[1] else None,
                  found.potentials, found.spikes,
                  -1 if look.seed else int(found.response.winners[0])),
            names, threshold=THRESHOLD, dark=frame.is_dark(),
        ),
        key=f"{KEY}_trace", width="stretch",
        alt="Spikes of the inputs and potentials of the class neurons over time at this point. "
        + _reason(found, look),
    )  # fmt: skip
    words = _reason(found, look)
    if place.label:
        words += f" This is a point of **{shown(place.label)}**"
        winner = look.model.names[int(found.response.winners[0])]
        told = "which is right" if winner == place.label else "so this is **wrong**"
        words += "." if look.seed else f", {told}."
    st.markdown(words)
    return found


def _reason(found: Raster, look: Look) -> str:
    """The decision and why, in a sentence or two."""
    response, params = found.response, look.model.params
    counts = response.counts[0]
    if look.seed:
        return (
            f"The neuron fires {times(int(counts[0]))} in {params.n_steps} steps. It knows no "
            "classes: only a threshold on this count could tell them."
        )
    names = [f"{CLASS_SIGNS[k]} {shown(name)}" for k, name in enumerate(look.model.names)]
    winner = int(response.winners[0])
    if not counts.any():
        return (
            f"No class neuron fires in {params.n_steps} steps; **{names[winner]}** came closest to "
            "the threshold at the end, so it is taken, with no confidence."
        )
    sure = f"Confidence {float(response.confidence[0]):.0%}"
    if params.decision == "first":
        return _first_words(response.first[0], names, winner, params.n_steps, sure)
    order = np.argsort(-counts, kind="stable")
    rival = int(order[0] if order[0] != winner else order[1])
    ahead = f"**{names[winner]}** fires {times(int(counts[winner]))}"
    if counts[rival] == counts[winner]:
        return (
            f"{ahead}, and so does {names[rival]}: the higher potential in the end decides for "
            f"**{names[winner]}**. {sure}."
        )
    return (
        f"{ahead}; the next, {names[rival]}, {times(int(counts[rival]))}. Most spikes win. "
        f"{sure} = (n₁ − n₂)/n₁."
    )


def _first_words(first: np.ndarray, names: list[str], winner: int, n_steps: int, sure: str) -> str:
    when = int(first[winner]) + 1
    others = [int(t) for k, t in enumerate(first) if k != winner and t >= 0]
    if not others:
        return f"**{names[winner]}** fires in step {when} of {n_steps}, no other does. {sure}."
    if min(others) + 1 == when:
        return (
            f"**{names[winner]}** fires in step {when}, in the same step as another: it went "
            f"further above the threshold. {sure}."
        )
    return (
        f"**{names[winner]}** fires first, in step {when} of {n_steps}; the next in step "
        f"{min(others) + 1}. {sure} = (t₂ − t₁)/T."
    )


def times(count: int) -> str:
    """A count in words."""
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")
