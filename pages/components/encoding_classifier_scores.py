"""Numbers of a trained classifier: accuracies beside their controls, learning, confusion."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.components import frame
from pages.components.encoding_classifier_job import KEY, Frame, Payload
from pages.components.encoding_classifier_map import result_of
from snncore.classifier import Curves, Result
from snncore.plots import classifier as charts
from snncore.plots.analysis import Series, curves

WAYS = {"count": "most spikes", "first": "first spike"}


def percent(value: float) -> str:
    """A fraction as per cent with one decimal at most."""
    return f"{100 * value:.3g} %"


def headline(result: Result, *, learnt: bool) -> None:
    """The numbers that matter most, side by side."""
    controls = result.controls
    chance = f"± {100 * result.test_error:.2g}"
    rows: list[tuple[str, str, str]] = [
        ("Test", f"{100 * result.test_accuracy:.3g} {chance} %",
         f"Of {len(result.parts.test)} points that the network has not learnt from, with the "
         "standard error √(p(1 − p)/n)."),
        ("Training", percent(result.train_accuracy),
         f"Of the {len(result.parts.train)} points that it learns from."),
        ("Before learning", percent(controls.untrained),
         "Control: the same network with its first, random weights on the test points, its "
         "neurons named in the best way."),
        ("Line through x, y", percent(controls.raw_linear),
         "Control: least squares on the plain coordinates, no neurons at all, on the test points."),
        ("Chance", percent(controls.chance), "Share of the largest class among the test points."),
    ]  # fmt: skip
    if not learnt:
        del rows[2]
    with st.container(horizontal=True, gap="small", key=f"{KEY}_numbers"):
        for label, value, why in rows:
            st.metric(label, value, help=why, width="content")


def comparison(result: Result, *, learnt: bool) -> None:
    """Every control, what it is, and what the two ways to decide reach."""
    controls = result.controls
    n = len(result.parts.test)
    rows = [
        *([("This network", result.test_accuracy, "test points")] if learnt else []),
        ("Same network before learning", controls.untrained, "test points, neurons named at best"),
        ("Least squares on x and y", controls.raw_linear, "test points, no neurons"),
        ("Nearest mean of a class", controls.nearest_centroid, "test points, no neurons"),
        ("Seed's single neuron", controls.seed_network, "all points, best rule on its count"),
        ("Always the largest class", controls.chance, "test points"),
    ]
    lines = ["| | correct | on |", "|:--|--:|:--|"]
    lines += [f"| {name} | {100 * value:.1f} % | {on} |" for name, value, on in rows]
    st.markdown("##### Beside its controls")
    with st.container(key=f"{KEY}_controls"):
        st.markdown("\n".join(lines))
    if learnt:
        first = {score.decision: score for score in result.scores}
        table = ["| decided by | test | time |", "|:--|--:|--:|"]
        table += [
            f"| {WAYS[way]} | {100 * first[way].test_accuracy:.1f} % | "
            f"{first[way].mean_steps:.1f} steps |"
            for way in WAYS
        ]
        st.markdown("\n".join(table))
        st.caption(
            f"The same spikes read in two ways, on {n} test points. Learning aims at the way "
            "chosen under *Decision*; the other is what it gives besides."
        )


def learning(payload: Payload) -> None:
    """Loss and accuracy over the passes."""
    st.markdown("##### Learning")
    learning_charts(payload.snapshot.curves, "done")


def learning_charts(found: Curves, state: str) -> None:
    """The two charts, in the end or while it goes on."""
    passes = np.arange(1.0, len(found.loss) + 1)
    loss = curves(
        [Series("loss", passes, found.loss, colour="spike")], "passes", "loss per point",
        zero=True, height=170,
    )  # fmt: skip
    right = curves(
        [
            Series("training points", passes, 100 * found.train_accuracy, colour="reference"),
            Series("test points", found.test_epoch, 100 * found.test_accuracy, colour="voltage"),
        ],
        "passes", "correct [%]", y_span=(0.0, 103.0), y_values=[0, 25, 50, 75, 100], height=210,
    )  # fmt: skip
    final = float(found.test_accuracy[-1])
    st.vega_lite_chart(
        spec=right, width="stretch", key=f"{KEY}_right_{state}",
        alt=f"Share of points decided correctly over the passes; test points now {final:.1%}.",
    )  # fmt: skip
    if len(passes):
        st.vega_lite_chart(
            spec=loss, width="stretch", key=f"{KEY}_loss_{state}",
            alt=f"Loss over the passes, from {found.loss[0]:.3g} to {found.loss[-1]:.3g}.",
        )  # fmt: skip


def confusion(result: Result) -> None:
    """Which class is taken for which."""
    st.markdown("##### Confusion of the test points")
    names = result.points.names
    st.vega_lite_chart(
        spec=charts.confusion(result.confusion, names, dark=frame.is_dark()),
        width="stretch", key=f"{KEY}_confusion",
        alt="Numbers of test points by true class in rows and decision in columns.",
    )  # fmt: skip


def replay(payload: Payload) -> Frame | None:
    """A slider over the maps that were kept; None at the end, where the fine map is shown."""
    frames = payload.frames
    if len(frames) < 2:
        return None
    index = st.select_slider(
        "Look back: the map after so many passes", list(range(len(frames))),
        value=len(frames) - 1, key=f"{KEY}__frame_{payload.identity[:8]}",
        format_func=lambda k: f"{frames[k].epoch:.3g}",
    )  # fmt: skip
    return None if index == len(frames) - 1 else frames[int(index)]


def live(payload: Payload, *, mine: bool) -> None:
    """While it learns: the map as it is now, and the curves so far."""
    if not mine:
        st.caption(
            "This training is of an earlier setting. Cancel it to train the one that is set now."
        )
    snapshot = payload.snapshot
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        plane = charts.Plane(
            snapshot.plane.winners, snapshot.plane.confidence, snapshot.plane.counts
        )
        figure = charts.decision_map(
            plane, snapshot.model.names, dots=payload.dots, dark=frame.is_dark()
        )
        st.vega_lite_chart(
            spec=figure, width="stretch", key=f"{KEY}_live_map",
            alt=f"Decision map after {snapshot.epoch:.1f} passes.",
        )  # fmt: skip
    with right:
        learning_charts(snapshot.curves, "live")


def finished(payload: Payload) -> bool:
    """Whether there was any learning to show."""
    return bool(result_of(payload).curves.loss.size)
