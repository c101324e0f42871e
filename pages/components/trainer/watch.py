"""Watching a run: what the worker published last, from the bar down to single spikes.

Nothing goes blank: a phase that draws no pictures leaves the last ones of the phase before.
"""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from pages.components.chart import vega_chart
from pages.components.frame import is_dark
from pages.components.glossary import meaning
from pages.components.picture import picture
from pages.components.text import plain
from pages.components.trainer import job
from pages.components.trainer.payload import Payload, Pictures, Run
from snncore.experiment import Live
from snncore.plots import training_live as charts
from snncore.stdp import TrainParams


def live(payload: Payload, done: bool, wanted: Run) -> None:
    """The latest report, drawn in the job's panel."""
    if payload.run._replace(resumed="") != wanted._replace(resumed=""):
        when = "." if done else " once this run has ended."
        st.info(
            f"This run: {payload.run.words}. The controls say something else by now; *Start* "
            f"computes it{when}",
            icon=":material/history:",
        )
    if done:  # the results stand below
        return
    words = job.phase_words(payload.phase)
    if words:
        st.markdown(words)
    _facts(payload)
    if payload.problem:
        st.warning(payload.problem, icon=":material/hard_disk:")
    learnt(payload)
    _checkpoint(payload)


def _facts(payload: Payload) -> None:
    facts = [f"{payload.seen:,} of {payload.total:,} presentations learnt"]
    if payload.images_per_s > 0:
        facts.append(f"{payload.images_per_s:,.0f} images/s")
    if payload.phase == "learning" and payload.seen:
        facts.append(f"{payload.silent:.0%} of the images left the layer silent")
        if math.isfinite(payload.first_spike_ms):
            facts.append(f"first spike after {payload.first_spike_ms:.0f} ms")
    st.caption(" · ".join(facts))


def learnt(payload: Payload) -> None:
    """Fields, accuracy, wins, thresholds, weights, one image's spikes, the running confusion."""
    params, dark = payload.run.params, is_dark()
    units = "neurons" if params.layer == "dense" else "filters"
    left, right = st.columns([1, 1.15], gap="medium")
    if payload.pictures is not None:
        with left:
            _fields(payload.pictures, params, units)
    with right:
        _accuracy(payload, dark)
        if payload.live is not None and payload.live.fit:
            _readout(payload.live)
    if payload.seen:  # before that there is nothing to compare
        _balance(payload, params, units)
    if payload.pictures is not None:
        _spikes(payload.pictures, params, dark)
    if payload.live is not None and payload.live.confusion is not None:
        _confusion(payload)


def _balance(payload: Payload, params: TrainParams, units: str) -> None:
    """Who wins, with which thresholds, and whether the weights come to rest."""
    first, second, third = st.columns(3, gap="medium")
    with first:
        st.markdown("**Who wins**", help=meaning("Winner-take-all"))
        vega_chart(
            spec=charts.wins_curve(payload.wins, what=units),
            key="stdp_live_wins",
            width="stretch",
            alt=f"Wins of the {units} since the last picture, busiest first, beside equal shares: "
            f"the busiest has {payload.wins.max():,} of {payload.wins.sum():,}",
        )
        st.caption("Flat means that all share the work; the dashed line is an equal share.")
    with second:
        st.markdown("**Thresholds**", help=meaning("Homeostasis"))
        vega_chart(
            spec=charts.theta_histogram(payload.theta, params.theta, what=units),
            key="stdp_live_theta",
            width="stretch",
            alt=f"Histogram of the thresholds of the {units}, beside the value at the start: "
            f"from {payload.theta.min():.3g} to {payload.theta.max():.3g}",
        )
        st.caption("Who wins too often gets a higher threshold; the dashed line is the start.")
    with third:
        st.markdown("**Weights settle**")
        _change(payload)


def _fields(shown: Pictures, params: TrainParams, units: str) -> None:
    st.markdown("**Receptive fields**", help=meaning("Receptive field"))
    total = params.neurons if params.layer == "dense" else params.filters
    which = f"All {total}" if shown.shown == total else f"The first {shown.shown} of {total:,}"
    if params.retina == "on_off":
        colours = "orange: ON cells, blue: OFF cells"
    elif params.layer == "conv":
        colours = "orange: bright, blue: dark"
    else:
        colours = "white: strong weights"
    picture(
        shown.fields,
        caption=f"{which} {units}; {colours}. Noise turns into what each one looks for.",
        alt=f"Mosaic of the receptive fields of {shown.shown} {units}",
    )


def _accuracy(payload: Payload, dark: bool) -> None:
    found = payload.live
    st.markdown("**Right answers while learning**")
    if found is None or not len(found.accuracy):
        st.caption("The curve begins as soon as the first neurons have won.")
        return
    controls = [("untrained weights", np.asarray(found.untrained, dtype=np.float64))]
    flat = [("pixels", found.pixels), ("chance", found.chance)]
    controls += [(name, np.array([[0.0, v]])) for name, v in flat if math.isfinite(v)]
    vega_chart(
        spec=charts.accuracy_curve(
            np.asarray(found.accuracy, dtype=np.float64),
            controls,
            total=payload.total,
            dark=dark,
        ),
        key="stdp_live_accuracy",
        width="stretch",
        alt="Share of right answers over images seen, with its controls as dashed lines: "
        f"now {float(found.accuracy[-1, 1]):.0%}",
    )
    if found.kind == "vote":
        st.caption(
            "Each neuron is named after the class it won most so far, and tested on the images "
            "that come next; labels only keep the score. Only the first spike of an image counts "
            "here, for trained and untrained weights alike; the results count all."
        )
    else:
        st.caption(
            "A quick linear readout on a few hundred training images; labels only keep the score."
        )


def _change(payload: Payload) -> None:
    found = payload.live
    if found is None or not len(found.change):
        st.caption("The curve begins with the second report.")
        return
    vega_chart(
        spec=charts.change_curve(np.asarray(found.change, dtype=np.float64), total=payload.total),
        key="stdp_live_change",
        width="stretch",
        alt="Mean change of a weight per presentation over images seen, logarithmic: "
        f"now {found.change[-1][-1]:.2g}",
    )
    st.caption("Mean |Δw| a presentation falls as the learning rate does: they come to rest.")


def _spikes(shown: Pictures, params: TrainParams, dark: bool) -> None:
    st.markdown(f"**One training image in spikes** · a “{plain(shown.label)}”")
    first, second, third = st.columns([0.5, 1.5, 1.5], gap="small", vertical_alignment="top")
    with first:
        picture(
            shown.image,
            caption="the image",
            alt=f"The training image, of class {shown.label}",
            width="content",
        )
        if shown.places is not None:
            picture(
                shown.places,
                caption="where the busiest filters won",
                alt="Places in the picture at which the busiest filters won",
            )
    span = params.feature_steps * params.dt
    with second:
        picture(
            shown.inputs[dark],
            caption=f"Input: the {shown.shown_cells} most driven cells, a row each; time to the "
            f"right, {span:.0f} ms",
            alt=f"Raster of the input spikes of {shown.shown_cells} cells over {span:.0f} ms",
        )
    with third:
        units = "neurons" if params.layer == "dense" else "filters"
        spikes = "spikes" if params.layer == "dense" else "wins"
        picture(
            shown.outputs[dark],
            caption=f"Output: {shown.spikes:,} {spikes} of {shown.active} {units}, a row each (the "
            f"{shown.shown_units} busiest); time to the right, {span:.0f} ms",
            alt=f"Raster of the {shown.spikes:,} output {spikes} of {shown.active} {units}",
        )


def _confusion(payload: Payload) -> None:
    found = payload.live
    if found is None or found.confusion is None or not found.confusion.sum():
        return
    left, right = st.columns([1.4, 1], gap="medium", vertical_alignment="center")
    with left:
        st.markdown("**Confusion so far**", help=meaning("Confusion matrix"))
        vega_chart(
            spec=charts.confusion_now(found.confusion, payload.class_names),
            key="stdp_live_confusion",
            width="stretch",
            alt="Running confusion matrix of the last training images, true class by row: "
            f"{np.trace(found.confusion) / found.confusion.sum():.0%} on the diagonal",
        )
    right.caption(
        f"The last {int(found.confusion.sum()):,} training images: rows are what was shown, "
        "columns what the vote of the neurons said. A bright diagonal is right; look for pairs "
        "that share strokes."
    )


def _readout(found: Live) -> None:
    st.markdown("**Linear readout, step by step**", help=meaning("Readout"))
    rows = found.fit
    vega_chart(
        spec=charts.epochs_chart(
            np.arange(1, len(rows) + 1),
            [row.loss for row in rows],
            [row.validation_accuracy for row in rows],
            [row.accuracy for row in rows],
        ),
        key="stdp_live_readout",
        width="stretch",
        alt="Loss and accuracy of the linear readout over the steps of its fit: accuracy now "
        f"{rows[-1].accuracy:.0%}",
    )
    st.caption("Penalties are tried on held-out training images, then all are used with the best.")


def _checkpoint(payload: Payload) -> None:
    if not payload.seen:
        return
    identity = payload.run.identity
    st.download_button(
        "Download checkpoint so far",
        lambda: job.checkpoint(identity),
        file_name=f"stdp-{payload.seen}.safetensors",
        mime="application/octet-stream",
        icon=":material/download:",
        key="stdp__checkpoint_now",
        on_click="ignore",
        type="tertiary",
    )


def how_it_learnt(payload: Payload) -> None:
    """A finished run's own history: few moments of the fields, and the curves as they ended."""
    film = payload.film
    if len(film) > 1:
        seen = [frame.seen for frame in film]
        at = st.select_slider(
            "Images seen", seen, value=seen[-1], key="stdp__film",
            format_func=lambda n: f"{n:,}", help="The first receptive fields at this moment.",
        )  # fmt: skip
        frame = film[seen.index(at)] if at in seen else film[-1]
        with st.columns([1, 1])[0]:  # on a phone all of the width
            picture(
                frame.fields,
                caption=f"After {frame.seen:,} images.",
                alt=f"Receptive fields after {frame.seen:,} images",
            )
    learnt(payload)
