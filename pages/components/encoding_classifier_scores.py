"""Numbers of a trained classifier: accuracies beside their controls, learning, confusion."""

from __future__ import annotations

from collections.abc import Sequence

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


def headline(result: Result, network: str) -> None:
    """How the network that is looked at does; `network` is learnt, first or seed."""
    n, controls = len(result.parts.test), result.controls
    value, below = percent(result.test_accuracy), f"before learning {percent(controls.untrained)}"
    why = f"so the true share may be {3 / n:.0%} away (rule of three)"
    if result.test_error > 0:
        value = f"{100 * result.test_accuracy:.3g} ± {100 * result.test_error:.2g} %"
        why = "with the standard error √(p(1 − p)/n)"
    label = "Test points right"
    words = (
        f"Of {n} points that the network has not learnt from, {why}. Of the "
        f"{len(result.parts.train)} that it learns from: {percent(result.train_accuracy)}."
    )
    if network == "first":
        label, value = "Test points right, untrained", percent(controls.untrained)
        below = f"chance {percent(controls.chance)}"
        words = "Random weights; the neurons are named in the best way."
    elif network == "seed":
        label, value = "Points right, seed's neuron", percent(controls.seed_network)
        below = f"a straight line {percent(controls.raw_linear)}"
        words = (
            "Of all points, by the best rule on its spike count that there is, chosen with the "
            "answers known."
        )
    with st.container(key=f"{KEY}_numbers"):
        st.metric(label, value, delta=below, delta_arrow="off", delta_color="off", help=words)


def comparison(result: Result, *, learnt: bool) -> None:
    """Every control, and what the two ways to decide reach."""
    controls = result.controls
    rows = [
        ("Network, test points", result.test_accuracy),
        ("Network, training points", result.train_accuracy),
        ("Before learning", controls.untrained),
        ("Straight line: least squares on x, y", controls.raw_linear),
        ("Nearest mean of a class", controls.nearest_centroid),
        ("Seed's single neuron", controls.seed_network),
        ("Chance: always the largest class", controls.chance),
    ]
    st.markdown("##### Beside its controls")
    with st.container(key=f"{KEY}_controls"):
        st.markdown(_table(("", "correct"), [
            (f"**{name}**" if name.startswith("Network") else name, f"{100 * value:.1f} %")
            for name, value in rows[0 if learnt else 2 :]
        ]))  # fmt: skip
    st.caption(
        "The controls are judged on the test points. *Seed's single neuron*: random weights and no "
        "learning, as in a demonstration that many copy; judged on all points with the best rule "
        "on its count that there is."
    )
    if not learnt:
        return
    st.markdown("##### How long to listen")
    st.markdown(_table(("decided by", "correct", "time"), [
        (WAYS[score.decision], f"{100 * score.test_accuracy:.1f} %",
         f"{score.mean_steps:.1f} steps")
        for score in result.scores
    ]))  # fmt: skip
    st.caption(
        "The same spikes of the test points, read in two ways. Learning aimed at the way chosen "
        "under *Decision*; the other is what it gives besides."
    )


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table as Markdown, numbers to the right."""
    lines = [head, (":--", *("--:" for _ in head[1:])), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def learning(payload: Payload) -> None:
    """Loss and accuracy over the passes."""
    st.markdown("##### Learning")
    learning_charts(payload.snapshot.curves, "done")


def learning_charts(found: Curves, state: str) -> None:
    """The two charts, in the end or while it goes on."""
    passes = np.arange(1.0, len(found.loss) + 1)
    loss = curves(
        [Series("loss", passes, found.loss, colour="spike")], "passes", "loss per point",
        zero=True, height=210,
    )  # fmt: skip
    right = curves(
        [
            Series("training", passes, 100 * found.train_accuracy, colour="reference"),
            Series("test", found.test_epoch, 100 * found.test_accuracy, colour="voltage"),
        ],
        "passes", "correct [%]", y_span=(0.0, 103.0), y_values=[0, 25, 50, 75, 100], height=240,
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
    with left, st.container(key=f"{KEY}_live"):
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
