"""The decision map: which network and which view of it, the points, the place that was clicked."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
import streamlit as st

from pages.components import frame
from pages.components.chart import vega_chart
from pages.components.encoding_classifier_job import MAP
from pages.components.encoding_classifier_kept import (
    KEY,
    Frame,
    Payload,
    cached_for_all,
    cached_for_session,
    is_own,
)
from pages.components.inline import inline
from snncore import classifier
from snncore.classifier import ClassifierParams, Model, Plane, Points, Response, Result
from snncore.classifier.params import MAX_CLASSES
from snncore.params import Value
from snncore.plots import classifier as charts
from snncore.plots.vega import Chart

CHART = f"{KEY}_chart"
NET, VIEW, X, Y = f"{KEY}_net", f"{KEY}_map", f"{KEY}_px", f"{KEY}_py"
NETWORKS = {"learnt": "After learning", "first": "Before learning", "seed": "Seed's neuron"}
POINTS = ("test", "train", "both", "none")
_SAME = 2e-4  # a place typed with four decimals means the point or the cell's centre beside it
_MOST_LINES = 12
_WIDE = 145  # pixels of a selector: two stand beside each other


class Look(NamedTuple):
    """What is looked at: a network and its answers."""

    model: Model
    plane: Plane
    train: Response
    test: Response
    seed: bool  # the single untrained neuron, whose count is no class yet


class Place(NamedTuple):
    """The place whose spikes are looked at."""

    point: tuple[float, float]
    sample: int
    label: str  # the class of the point that stands there, "" where none does


def look_at(payload: Payload, network: str) -> Look:
    """The chosen network's answers."""
    result = result_of(payload)
    if network == "learnt":
        return Look(result.model, payload.plane, result.train, result.test, False)
    model = result.untrained if network == "first" else classifier.seed_model(result.points)
    cached = _own_look if is_own(payload) else _common_look
    return inline(lambda: cached(payload.identity, network, model, result))


def _look(identity: str, network: str, _model: Model, _result: Result) -> Look:
    parts, points = _result.parts, _result.points.points
    train, test = (classifier.respond(points[i], _model, i) for i in parts)
    plane = classifier.decision_map(_model, MAP)
    return Look(_model, plane, train, test, network == "seed")


_common_look, _own_look = cached_for_all(_look), cached_for_session(_look)


def result_of(payload: Payload) -> Result:
    """The result of a finished training."""
    result = payload.snapshot.result
    if result is None:
        raise ValueError("the training must have ended to be looked at")
    return result


def selectors(result: Result, *, learnt: bool) -> tuple[str, int | None, str]:
    """Which network, which neuron's count (None: the decision), which points."""
    with st.container(horizontal=True, gap="small", key=f"{KEY}_selectors"):
        network: Value = "first"  # the only one there is before any learning
        if learnt:
            network = _one_of("Network", list(NETWORKS), NET, NETWORKS.__getitem__)
        if network == "seed":
            neuron: int | None = 0
        else:
            views = list(range(len(result.model.names) + 1))
            neuron = int(_one_of("Colour", views, VIEW, view_words)) - 1
            neuron = None if neuron < 0 else neuron
        points = str(_one_of("Points", list(POINTS), f"{KEY}_show", str))
    return str(network), neuron, points


def view_words(number: int) -> str:
    """What a colouring is called: 0 the decision, else the spikes of a neuron."""
    return "decision" if number == 0 else f"spikes of neuron {number}"


def looks() -> dict[str, Value]:
    """The network and the view that are or, in a run that has only begun, will be looked at."""
    asked = st.query_params
    networks = {words: name for name, words in NETWORKS.items()}
    views = {view_words(k): k for k in range(MAX_CLASSES + 1)}
    first: dict[str, Value] = {
        NET: networks.get(asked.get(NET, ""), "learnt"), VIEW: views.get(asked.get(VIEW, ""), 0),
    }  # fmt: skip
    return {key: st.session_state.get(key, value) for key, value in first.items()}


def link() -> dict[str, object]:
    """What the address must carry of the look, in the words that it has for them."""
    state, found = st.session_state, dict[str, object]()
    network, view = state.get(NET, "learnt"), state.get(VIEW, 0)
    if network != "learnt":
        found[NET] = NETWORKS[network]
    if view != 0:
        found[VIEW] = view_words(view)
    for key, first in ((f"{KEY}_show", "test"), (X, 0.5), (Y, 0.5)):
        if state.get(key, first) != first:
            found[key] = state[key]
    return found


def _one_of(label: str, options: list, key: str, words) -> Value:  # type: ignore[no-untyped-def, type-arg]
    """A list whose choice stands in the address; what is not in it now becomes the first."""
    if st.session_state.get(key, options[0]) not in options:
        del st.session_state[key]
    chosen: Value = st.selectbox(
        label, options, key=key, bind="query-params", format_func=words, width=_WIDE
    )
    return chosen


def map_chart(
    look: Look,
    result: Result,
    place: Place,
    *,
    neuron: int | None,
    show: str,
    past: Frame | None,
) -> Chart:
    """The figure of the map; `past` is an earlier state of it."""
    return charts.decision_map(
        look.plane if past is None else past.plane,
        result.points.names,
        neuron=neuron,
        dots=dots_of(look, result, show),
        lines=lines_of(look.model, neuron) if past is None else [],
        picked=place.point,
        dark=frame.is_dark(),
    )


def lines_of(model: Model, neuron: int | None) -> list[tuple[str, np.ndarray]]:
    """The exact lines of equal count of one neuron, where they exist; the labels are counts."""
    if neuron is None or not classifier.has_lines(model.params):
        return []
    network = model.network
    key = hashlib.sha256(network.weights.tobytes() + network.bias.tobytes()).hexdigest()
    return inline(lambda: _lines(key, model.params, neuron, model))


@cached_for_session
def _lines(
    weights: str, params: ClassifierParams, neuron: int, _model: Model
) -> list[tuple[str, np.ndarray]]:
    found = classifier.lines(_model, neuron, most=_MOST_LINES)
    return [(str(line.spikes), line.path) for line in found]


def dots_of(look: Look, result: Result, show: str) -> charts.Dots | None:
    """The points to draw, with the answers of the network."""
    parts = {"test": [1], "train": [0], "both": [0, 1]}.get(show, [])
    if not parts:
        return None
    index = np.concatenate([result.parts[p] for p in parts])
    answers = [(look.train, look.test)[p] for p in parts]
    labels = result.points.labels[index]
    winners = np.concatenate([answer.winners for answer in answers])
    return charts.Dots(
        result.points.points[index], labels, labels if look.seed else winners,
        np.concatenate([answer.counts for answer in answers]),
    )  # fmt: skip


def legend(look: Look, neuron: int | None, past: Frame | None) -> str:
    """What the colours, rings and lines mean."""
    if past is not None:
        return f"The map after {past.epoch:.3g} passes; the rest of the page is of the end."
    click = "**Click anywhere** to see the spikes of that place."
    if look.seed:
        return (
            f"Brighter: more spikes. The lines are exact: w·(x, y) = θ(1−β)/(1−βⁿ), their numbers "
            f"the spikes from there on. {click}"
        )
    if neuron is None:
        return f"Colour: the class that wins; stronger: surer. Ringed points are wrong. {click}"
    text = "Brighter: the neuron fires more often."
    if classifier.has_lines(look.model.params):
        text += " The lines are the exact formula, their numbers the spikes from there on."
    return f"{text} {click}"


def draw_map(figure: Chart, words: str) -> None:
    """The chart; a click on it sets the place."""
    vega_chart(
        spec=figure, key=CHART, on_select=_clicked, selection_mode=[charts.PICK],
        width="stretch", alt=words,
    )  # fmt: skip


def _clicked() -> None:
    """Callback of a click on the map: its place goes into the two number boxes."""
    state = st.session_state.get(CHART) or {}
    chosen = (state.get("selection") or {}).get(charts.PICK) or []
    if not chosen:
        return
    for key, name in ((X, "x"), (Y, "y")):
        value = chosen[0].get(name)
        if isinstance(value, (int, float)) and 0 <= value <= 1:
            st.session_state[key] = round(float(value), 4)


def place_boxes(points: Points) -> Place:
    """The place as two numbers, for the keyboard and for the address."""
    values = [
        column.number_input(
            f"Place {name}", 0.0, 1.0, 0.5, 0.01, format="%.4f", key=key, bind="query-params",
            help="Click on the map, or type a place of the unit square.",
        )
        for column, name, key in zip(st.columns(2, gap="small"), "xy", (X, Y), strict=True)
    ]  # fmt: skip
    return find_place(values[0], values[1], points)


def find_place(x: float, y: float, points: Points) -> Place:
    """The point of the data, or the cell of the map, that has its centre there; else just there."""
    distance = np.abs(points.points - np.array([x, y], np.float32)).max(axis=1)
    nearest = int(distance.argmin())
    if distance[nearest] < _SAME:
        exact = points.points[nearest]
        name = points.names[points.labels[nearest]]
        return Place((float(exact[0]), float(exact[1])), nearest, name)
    cell = classifier.cell_of((x, y), MAP)
    centre = ((cell % MAP + 0.5) / MAP, (cell // MAP + 0.5) / MAP)
    if max(abs(centre[0] - x), abs(centre[1] - y)) < _SAME:
        return Place(centre, classifier.MAP + cell, "")
    return Place((x, y), classifier.CLICK, "")
