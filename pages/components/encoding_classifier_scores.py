"""Numbers of a trained classifier: accuracies beside their controls, learning, confusion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from pages.components import frame
from pages.components.chart import vega_chart
from pages.components.encoding_classifier_kept import KEY, Frame, Payload
from pages.components.encoding_classifier_map import NETWORKS, Look
from snncore.classifier import Result
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
        ("Before learning, neurons named in the best way", controls.untrained),
        ("The same inputs, linear readout", controls.fields_linear),
        ("Straight line: least squares on x, y", controls.raw_linear),
        ("Nearest mean of a class", controls.nearest_centroid),
        ("5 nearest neighbours: about the best possible", controls.nearest_neighbours),
        ("Always the largest class of the training points", controls.chance),
        ("Seed's single neuron, on all points, best threshold", controls.seed_network),
    ]
    st.markdown("##### Beside its controls")
    with st.container(key=f"{KEY}_controls"):
        st.markdown(_table(("", "correct"), [
            (f"**{name}**" if name.startswith("Network") else name, f"{100 * value:.1f}\u00a0%")
            for name, value in rows[0 if learnt else 2 :]
        ]))  # fmt: skip
    st.caption(
        "All but the last are judged on the test points. *Linear readout*: least squares on the "
        "strength of every field, without spikes. *Seed's single neuron*: random weights and no "
        "learning, as in a demonstration that many copy; its rule is chosen with the answers known."
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
    learning_charts(payload, "done")


def learning_charts(payload: Payload, state: str) -> None:
    """The two charts, in the end or while it goes on."""
    snapshot = payload.snapshot
    found, span = snapshot.curves, (0.0, max(1.0, snapshot.model.params.epochs))
    passes = np.arange(1.0, len(found.loss) + 1)
    loss = curves(
        [Series("loss", passes, found.loss, colour="spike")], "passes", "loss per point",
        zero=True, x_span=span, height=210,
    )  # fmt: skip
    test = 100 * found.test_accuracy
    right = curves(
        [
            Series("training", passes, 100 * found.train_accuracy, colour="reference"),
            Series("test", found.test_epoch, test, colour="voltage"),
            Series("test", found.test_epoch, test, colour="voltage", kind="dots"),
        ],
        "passes", "correct [%]", x_span=span, y_span=(0.0, 103.0), y_values=[0, 25, 50, 75, 100],
        height=240,
    )  # fmt: skip
    final = float(found.test_accuracy[-1])
    vega_chart(
        spec=right, width="stretch", key=f"{KEY}_right_{state}",
        alt=f"Share of points decided correctly over the passes; test points now {final:.1%}.",
    )  # fmt: skip
    if len(passes):
        vega_chart(
            spec=loss, width="stretch", key=f"{KEY}_loss_{state}",
            alt=f"Loss over the passes, from {found.loss[0]:.3g} to {found.loss[-1]:.3g}.",
        )  # fmt: skip


def confusion(result: Result) -> None:
    """Which class is taken for which."""
    st.markdown("##### Confusion of the test points")
    names = result.points.names
    rows = "; ".join(
        f"of {sum(row)} of {name}: " + ", ".join(f"{n} as {taken}" for n, taken in counts)
        for name, row in zip(names, result.confusion.tolist(), strict=True)
        if (counts := [(n, names[k]) for k, n in enumerate(row) if n])
    )
    vega_chart(
        spec=charts.confusion(result.confusion, names, dark=frame.is_dark()),
        width="stretch", key=f"{KEY}_confusion",
        alt=f"Test points by true class and decision: {rows}.",
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


def map_words(look: Look, result: Result, neuron: int | None, network: str, show: str) -> str:
    """The map for those who do not see it: what is drawn, and how many points are wrong."""
    names = result.points.names
    name = NETWORKS[network].lower()
    if neuron is not None:
        counts = look.plane.counts[..., neuron]
        whose = "the neuron" if look.seed else f"the neuron for {names[neuron]}"
        return (
            f"Map of the plane, {name}: {whose} fires {counts.min()} to {counts.max()} times, "
            f"{counts.mean():.1f} on average."
        )
    cells = np.bincount(look.plane.winners.ravel(), minlength=len(names)) / look.plane.winners.size
    shares = ", ".join(f"{name} {share:.0%}" for name, share in zip(names, cells, strict=True))
    test = result.points.labels[result.parts.test]
    right = int((look.test.winners == test).sum())
    return (
        f"Decision map of the plane, {name}. Share of the plane by class: {shares}. "
        f"{right} of {len(test)} test points are right ({right / len(test):.1%})"
        + (", ringed if wrong." if show in ("test", "both") else ".")
    )


def live(payload: Payload, *, current: bool) -> None:
    """While it learns: the map as it is now, and the curves so far."""
    if not current:
        st.caption(
            "This training is of an earlier setting. Cancel it to train the one that is set now."
        )
    snapshot = payload.snapshot
    left, right = st.columns([1.25, 1], gap="medium")
    with left, st.container(key=f"{KEY}_live"):
        figure = charts.decision_map(
            snapshot.plane, snapshot.model.names, dots=payload.dots, dark=frame.is_dark()
        )
        vega_chart(
            spec=figure, width="stretch", key=f"{KEY}_live_map",
            alt=f"Decision map after {snapshot.epoch:.1f} passes; "
            f"{snapshot.test_accuracy:.1%} of the test points are right.",
        )  # fmt: skip
    with right:
        learning_charts(payload, "live")
