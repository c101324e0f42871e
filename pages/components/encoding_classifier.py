"""The Classifier tab of Spike Encoding: points in the plane, spiking neurons that learn."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import streamlit as st

from pages.components import controls, undo
from pages.components import encoding_classifier_job as job
from pages.components import encoding_classifier_map as maps
from pages.components import encoding_classifier_scores as scores
from pages.components import encoding_classifier_words as words
from pages.components.controls import state_of
from pages.components.encoding_classifier_controls import (
    Chosen,
    choices,
    link,
    suited,
    unusable,
)
from pages.components.encoding_classifier_kept import KEY, Payload, recall, remember
from pages.components.encoding_classifier_point import draw_point
from pages.components.encoding_panel import View, npz
from pages.components.job_panel import job_panel
from pages.components.lesson import settings
from pages.components.sections import set_state
from pages.components.share import Download
from snncore.jobs import JobView
from snncore.plots.classifier import Dots
from snncore.plots.encoding_figures import Kind, map_figure
from snncore.plots.vega import Chart

_PRESET = f"{KEY}__preset"
_GO = f"{KEY}__go"  # a preset was pressed: train at once
_VAIN = f"{KEY}__vain"  # what the address asks for in vain, until it is said
_FIRST = state_of(KEY, suited("blobs")) | words.LOOK


def classifier_panel() -> View:
    """Controls, training, map, the spikes of a place, numbers; what the link and files hold."""
    # The control of an infinite number starts the run again: until then it is remembered.
    if _VAIN not in st.session_state:
        st.session_state[_VAIN] = unusable()
    bar = st.container()
    left, right = st.columns([1.1, 3], gap="medium")
    with left, settings("enc_k_side"):
        chosen = choices()
    with bar:  # after the controls, which know what the address says
        _presets(chosen)
        if vain := st.session_state[_VAIN]:
            st.session_state[_VAIN] = []
            st.warning(
                f"This address asks for what there is not here: {'; '.join(vain)}. The usual value "
                "is taken.",
                icon=":material/link_off:",
            )
    if chosen.problem:
        right.info(chosen.problem, icon=":material/info:")
        return _view(chosen, None)
    identity = job.identity_of(chosen.params, chosen.own)
    with right:
        payload, learnt, named = _training(identity, chosen)
        if payload is None:  # under way: the panel shows what there is
            return _view(chosen, named)
        figure = _plane(payload, chosen, learnt=learnt)
    _below(payload, learnt=learnt)
    return _view(chosen, named, _downloads(payload, figure))


def _presets(chosen: Chosen) -> None:
    """Settings worth seeing; the one that is shown is marked and says what to notice."""
    looks = maps.looks()
    active = words.active(chosen.params, looks)
    setting = None if chosen.problem else state_of(KEY, chosen.params) | looks
    controls.set_missing(_FIRST)
    with st.container(
        horizontal=True, gap="small", vertical_alignment="center", key=f"{KEY}__presets"
    ):
        st.session_state[_PRESET] = active
        st.pills(
            "Presets", list(words.PRESETS), key=_PRESET, on_change=_preset_chosen,
            label_visibility="collapsed", wrap=True,
        )  # fmt: skip
        undo.buttons(KEY, setting, set_state)
        st.button(
            "Reset", icon=":material/restart_alt:", key=f"{KEY}__reset", type="tertiary",
            help="Back to what the tab opens with.", on_click=_show, args=(words.FIRST, False),
        )  # fmt: skip
    if active:
        st.markdown(words.PRESETS[active].notice)


def _preset_chosen() -> None:
    name = st.session_state.get(_PRESET)
    if name:
        _show(name, True)


def _show(name: str, go: bool) -> None:
    """Callback: all controls as in that preset; `go` trains at once if it takes longer."""
    preset = words.PRESETS[name]
    values = state_of(KEY, words.preset_params(preset)) | words.LOOK | preset.look
    for key, value in values.items():
        st.session_state[key] = value
    st.session_state[_GO] = go


def _training(identity: str, chosen: Chosen) -> tuple[Payload | None, bool, str | None]:
    """What is shown (None while it trains), whether it has learnt, its name in the address."""
    params, points = chosen.params, chosen.points
    go = bool(st.session_state.pop(_GO, False))
    short = job.is_short(params, points)
    found = recall(identity)
    if found is None and short:
        found = job.trained(identity, params, points)
    if found is not None:
        named = job.name(identity, short=short)
        return found, True, named
    problem = job.settle(identity, params, points, start=go)
    if problem:
        st.warning(problem, icon=":material/hourglass_disabled:")
    view = job_panel(
        KEY,
        submit=lambda owner: job.submit(owner, identity, params, points),
        draw=lambda payload, final: _live(payload, identity, final=final),
        label="Train",
        ticket_param=job.JOB,
        kind=job.KIND,
    )
    if view is not None and view.key == identity:
        if view.active:
            return None, False, view.watch
        payload = _of(view)
        if payload is not None and payload.snapshot.result is not None:
            remember(payload)
            return payload, True, view.watch
    if view is None or not view.active:
        cancelled = view is not None and view.state == "cancelled"
        st.info(
            "**Not trained yet**: it was cancelled; below is the network before learning."
            if cancelled
            else "**Not trained yet**: the weights are random. Press *Train* and watch the map.",
            icon=":material/model_training:",
        )
    return job.untrained(identity, params, points), False, None


def _of(view: JobView) -> Payload | None:
    return None if view.snapshot is None else view.snapshot.payload


def _live(payload: Payload, identity: str, *, final: bool) -> None:
    current = payload.identity == identity
    if not final and (current or job.is_mine(payload.identity)):
        scores.live(payload, current=current)


def _plane(payload: Payload, chosen: Chosen, *, learnt: bool) -> Chart:
    """The map, and beside it the numbers and the spikes of one place; returns the map's figure."""
    result = maps.result_of(payload)
    plane, point = st.columns([1.25, 1], gap="medium")
    with plane:
        box = st.container()
        network, neuron, show = maps.selectors(result, learnt=learnt)
        past = scores.replay(payload) if learnt and network == "learnt" else None
    look = maps.look_at(payload, network)
    with point:
        scores.headline(result, network)
        raster = st.container()
        place = maps.place_boxes(result.points)
        with raster:
            found = draw_point(look, place)
    with box:
        figure = maps.map_chart(look, result, place, neuron=neuron, show=show, past=past)
        maps.draw_map(figure, scores.map_words(look, result, neuron, network, show))
        st.caption(maps.legend(look, neuron, past))
    with st.expander("Formulas with the numbers of this place", key=f"{KEY}_formulas"):
        words.formulas(look, place, found)
    return figure


def _below(payload: Payload, *, learnt: bool) -> None:
    """Learning, controls, confusion."""
    result = maps.result_of(payload)
    left, right = st.columns(2, gap="large")
    with left:
        scores.comparison(result, learnt=learnt)
    with right:
        if learnt:
            scores.learning(payload)
            scores.confusion(result)


def _view(chosen: Chosen, named: str | None, downloads: list[Download] | None = None) -> View:
    missing = ""
    if chosen.params.data == "own":
        missing = "Your points are not in this link: whoever opens it must choose the file, too."
    return View(_command(chosen), _link(chosen, named), downloads or [], missing)


def _link(chosen: Chosen, named: str | None) -> dict[str, object]:
    # A training of own points is nobody else's: its name stays out of the link.
    shared = None if chosen.params.data == "own" else named
    return {**link(chosen.params), **maps.link(), job.JOB: shared}


def _command(chosen: Chosen) -> str:
    params, parts = chosen.params, ["python -m snncore classify"]
    first = suited(params.data).to_dict()
    own = params.data == "own"
    parts.append("--points FILE.csv" if own else f"--data {params.data}")
    left_out = {"data"} | ({"noise", "n_points", "n_classes"} if own else set())  # of made points
    for name, value in params.to_dict().items():
        if name not in left_out and value != first[name]:
            word = f"{value:.10g}" if isinstance(value, float) else str(value)
            parts.append(f"--{name.replace('_', '-')} {word}")
    return " ".join(parts)


def _downloads(payload: Payload, figure: Chart) -> list[Download]:
    result = maps.result_of(payload)

    def drawn(kind: Kind) -> bytes:
        dots = Dots(
            result.points.points[result.parts.test], result.points.labels[result.parts.test],
            result.test.winners, result.test.counts,
        )  # fmt: skip
        return map_figure(payload.plane, result.points.names, dots, kind)

    def arrays() -> bytes:
        network = result.model.network
        return npz({
            "points": result.points.points, "labels": result.points.labels,
            "train": result.parts.train, "test": result.parts.test,
            "hidden_weights": network.hidden_weights, "hidden_bias": network.hidden_bias,
            "weights": network.weights, "bias": network.bias,
            "test_counts": result.test.counts, "confusion": result.confusion,
            "map_counts": payload.plane.counts, "map_winners": payload.plane.winners,
            "map_confidence": payload.plane.confidence,
        })  # fmt: skip

    return [
        Download("Points, weights, map (NPZ)", arrays, "classifier.npz", "application/zip"),
        Download("Points and decisions (CSV)", lambda: _table(payload), "classifier.csv",
                 "text/csv"),
        Download("Decision map (PNG)", lambda: drawn("png"), "classifier.png", "image/png"),
        Download("Decision map (SVG)", lambda: drawn("svg"), "classifier.svg", "image/svg+xml"),
        Download("Decision map (Vega-Lite)", lambda: _spec(figure), "classifier.vl.json",
                 "application/json"),
    ]  # fmt: skip


def _table(payload: Payload) -> bytes:
    """One row per point, in the units of the data."""
    result = maps.result_of(payload)
    names = result.points.names
    counts = [f"spikes {k + 1}" for k in range(len(names))]
    rows = [",".join(["x", "y", "class", "part", "decision", "confidence", *counts])]
    for part, index, answer in (
        ("train", result.parts.train, result.train), ("test", result.parts.test, result.test),
    ):  # fmt: skip
        places = result.points.bounds.to_data(result.points.points[index])
        for i, (x, y) in enumerate(places.tolist()):
            cells = [
                f"{x:.8g}", f"{y:.8g}", _cell(names[result.points.labels[index[i]]]), part,
                _cell(names[answer.winners[i]]), f"{answer.confidence[i]:.4f}",
                *map(str, answer.counts[i].tolist()),
            ]  # fmt: skip
            rows.append(",".join(cells))
    return ("\n".join(rows) + "\n").encode()


def _cell(text: str) -> str:
    """A word as a cell of a CSV file; one that a spreadsheet would compute is led by a quote.

    Numbers stay as they are: a spreadsheet reads them as themselves.
    """
    if text[:1] in ("=", "+", "-", "@", "\t") and not _is_number(text):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n') else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _spec(figure: Chart) -> bytes:
    """The chart as a file that stands alone."""
    data = {name: table.to_dict("records") for name, table in figure["datasets"].items()}
    whole: dict[str, Any] = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json", "width": 430,
        **figure, "datasets": data,
    }  # fmt: skip
    return json.dumps(whole, default=_plain).encode()


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
