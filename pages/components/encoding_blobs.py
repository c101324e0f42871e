"""The blobs panel of the Spike Encoding page: points classified by spike count."""

from __future__ import annotations

import json
from dataclasses import dataclass

import streamlit as st

from pages.components import controls, frame
from pages.components.encoding_panel import View, npz
from pages.components.inline import inline
from pages.components.share import Download
from snncore import blobs
from snncore.blobs import BlobParams, BlobResult, Response
from snncore.params import Value, integer
from snncore.plots import encoding as plots

KEY = "enc_b"


@dataclass(frozen=True)
class PageParams(BlobParams):
    """As much of the engine's ranges as answers within the move of a slider."""

    n_points: int = integer(
        200, 20, 600, "Points to learn from; as many again to test.", step=20, label="Points"
    )
    n_steps: int = integer(
        50, 5, 100, "Time that the neurons have.", unit="steps", step=5, label="Time"
    )
    copies: int = integer(
        4, 1, 6, "Input neurons per channel: more of them, less noise.", label="Input copies"
    )


@st.cache_data(max_entries=32, ttl=3600, show_spinner=False)
def run(params: PageParams) -> tuple[BlobResult, Response]:
    """The trained classifier and its decision map."""
    result = blobs.classify(params)
    return result, blobs.decision_map(result.weights, params)


def blobs_panel() -> View:
    """Parameters, decision map with points, accuracies beside their controls, weights."""
    first = controls.state_of(KEY, PageParams()) | {f"{KEY}_show": "test", f"{KEY}_map": 0}
    choices = {name: first | changes for name, changes in _choices().items()}
    controls.preset_row("enc_blobs", choices, first)
    left, right = st.columns([1, 3.2], gap="large")
    with left:
        params = controls.controls(PageParams, KEY)
    result, grid = inline(lambda: run(params))
    with right:
        _scores(result)
        neuron, show = _choose_view(params.n_classes)
        lines = []
        if neuron is not None and params.encoder == "constant":
            lines = [
                (f"every {line.period} steps: {line.spikes} spikes", *line[2:])
                for line in blobs.iso_lines(result.weights, params, neuron)
            ]
        figure = plots.decision_map(
            result, grid, neuron=neuron, lines=lines, show=show, dark=frame.is_dark()
        )
        plane, words = st.columns([2, 1], gap="medium")
        with plane:
            st.altair_chart(
                figure, width="stretch", key=f"{KEY}_chart",
                alt="Decision map: the plane coloured by the class whose neuron fires most",
            )  # fmt: skip
            st.caption(_legend(neuron, params.encoder))
        with words:
            _network(result, params)
    link: dict[str, object] = dict(controls.link_params(KEY, params))
    link |= {
        f"{KEY}_show": None if show == "test" else show,
        f"{KEY}_map": None if neuron is None else view_title(neuron + 1),
    }
    words = ", ".join(f"{name}={value!r}" for name, value in params.changed().items())
    command = (
        'python -c "from snncore.blobs import BlobParams, classify; '
        f'print(classify(BlobParams({words})).test_accuracy)"'
    )

    def arrays() -> bytes:
        points = result.blobs
        return npz({
            "train_points": points.train_points, "train_labels": points.train_labels,
            "test_points": points.test_points, "test_labels": points.test_labels,
            "weights": result.weights, "test_counts": result.test.counts,
            "map_counts": grid.counts, "map_winners": grid.winners,
        })  # fmt: skip

    return View(command, link, [
        Download("Points, weights, counts (NPZ)", arrays, "blobs.npz", "application/zip"),
        Download("Decision map (Vega-Lite)", lambda: json.dumps(figure.to_dict()).encode(),
                 "blobs.vl.json", "application/json"),
    ])  # fmt: skip


def _choices() -> dict[str, dict[str, Value]]:
    return {
        "Untrained": {f"{KEY}_epochs": 0},
        "In a hurry": {f"{KEY}_n_steps": 10, f"{KEY}_copies": 1},
        "Four classes": {f"{KEY}_n_classes": 4, f"{KEY}_spread": 0.07},
        "Exact staircase": {
            f"{KEY}_encoder": "constant", f"{KEY}_n_classes": 2, f"{KEY}_map": 1,
        },
    }  # fmt: skip


def view_title(number: int) -> str:
    """What a colouring of the map is called: 0 the decision, else a neuron."""
    return "Decision" if number == 0 else f"Neuron {number}"


def _choose_view(n_classes: int) -> tuple[int | None, str]:
    """Which neuron's count colours the map (None: the winner's), and which points are drawn."""
    key = f"{KEY}_map"
    if int(st.session_state.get(key, 0) or 0) > n_classes:
        st.session_state[key] = 0
    with st.container(horizontal=True, gap="medium"):
        view = st.segmented_control(
            "Colour", range(n_classes + 1), default=0, required=True, key=key, bind="query-params",
            format_func=view_title,
        )  # fmt: skip
        show = st.segmented_control(
            "Points", ("test", "train", "none"), default="test", required=True,
            key=f"{KEY}_show", bind="query-params",
        )  # fmt: skip
    return (int(view) - 1 if view else None), str(show or "test")


def _legend(neuron: int | None, encoder: str) -> str:
    dots = "Ringed points are decided wrongly. Hover for the spike counts."
    if neuron is None:
        return f"Colour: the class whose neuron fires most; stronger: more spikes. {dots}"
    text = f"Stronger colour: neuron {neuron + 1} fires more often. {dots}"
    if encoder == "constant":
        return f"{text} Dashed: exact lines w·a = θ(1−β)/(1−βⁿ) from which it fires every n steps."
    return f"{text} With a constant input the exact lines of equal count are drawn."


def _scores(result: BlobResult) -> None:
    """Accuracies beside their controls."""
    rows = (
        ("Test", result.test_accuracy, "Points that the network has not learnt from."),
        ("Training", result.train_accuracy, "Points that it has learnt from."),
        ("Untrained", result.control_accuracy,
         "Control: random weights on the test points, neurons named in the best way."),
        ("Optimum", result.nearest_centre_accuracy,
         "Nearest true centre on the test points: about what no method can beat."),
        ("Chance", result.chance, "Share of the largest class."),
    )  # fmt: skip
    with st.container(horizontal=True, gap="small"):
        for label, value, why in rows:
            st.metric(label, f"{100 * value:.3g} %", help=why, width="content")


def _network(result: BlobResult, params: BlobParams) -> None:
    """Equation, weights, and how the decision is made."""
    st.latex(r"\small v \leftarrow \beta v + \textstyle\sum_f w_f a_f")
    st.latex(r"\small v \ge 1 \Rightarrow \text{spike},\ v = 0")
    st.latex(rf"\small \beta = {params.beta:g},\quad T = {params.n_steps}")
    st.altair_chart(
        plots.weights(result.weights, dark=frame.is_dark()), width="stretch",
        key=f"{KEY}_weights", alt="Weights of each class neuron for the four channels",
    )  # fmt: skip
    st.caption(
        f"Weights after {params.epochs} passes of the delta rule on spike counts (orange excites, "
        "blue inhibits). Most spikes win; equal counts are decided by the higher final potential."
    )
    st.caption(
        "Random weights are no classifier: in a well-known two-cloud demonstration, the best "
        "threshold on an untrained neuron's count reaches 84 %."
    )
