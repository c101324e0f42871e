"""The middle of the trainer page: the estimate, Start and Cancel, the run, what came of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st

from pages.components.inline import inline
from pages.components.job_panel import job_panel
from pages.components.trainer import cost, job, restarted, resume, share, source, watch
from pages.components.trainer.controls import Chosen
from pages.components.trainer.kept import Finished
from pages.components.trainer.payload import Payload, Run, presentations
from pages.components.trainer.pictures import pictures
from pages.components.trainer.results_panel import results_panel
from snncore.experiment import Data, Live
from snncore.jobs import JobView, Ticket
from snncore.stdp import Snapshot
from snncore.stdp.train import first_layers

COMPACT = """<style>
.st-key-stdp__preset_names button {min-height: 1.7rem; padding: 0 0.55rem; font-size: 0.85rem;}
.st-key-stdp_main [data-testid="stMetricValue"] {font-size: 1.5rem;}
.katex-display {margin: 0.2em 0; padding: 0.2em 0;}
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] {padding-left: 1rem; padding-right: 1rem;}
  .st-key-stdp__preset_names [role="radiogroup"],
  .st-key-stdp__preset_names [data-testid="stButtonGroup"] > div {
    flex-wrap: wrap; row-gap: 4px;}
}
</style>"""


class Shown(NamedTuple):
    """What the middle of the page shows."""

    view: JobView | None
    resumes: bool  # Start would go on from a checkpoint


def middle(chosen: Chosen) -> Shown:
    """Draw it in the current container."""
    begin, start = resume.beginning(chosen)
    refused = cost.refusal(chosen.params, chosen.size)
    if refused:
        st.warning(refused, icon=":material/block:")
    else:
        st.caption(f":material/timer: {cost.words(chosen.params, chosen.size)}.")
    ahead = st.container()
    if words := resume.problem():
        st.warning(words, icon=":material/hourglass_disabled:")

    unusable = source.unusable()
    if unusable:
        with ahead:
            st.warning(f"{unusable} Take it away, or choose another one, to start.")

    def submit(owner: str) -> Ticket:
        if unusable:
            raise ValueError("Nothing was started: your own file cannot be used.")
        ticket = job.submit(owner, begin, chosen.size, chosen.upload, start)
        resume.started(begin)
        return ticket

    view = job_panel(
        job.PANEL,
        submit=submit,
        draw=lambda payload, done: _live(payload, done, begin),
        ticket_param=job.JOB,
        kind=job.KIND,
        gone=restarted.offer,
    )
    words = resume.start_words(chosen)
    if words and (view is None or not view.active):
        with ahead:
            st.caption(words)
            if start is not None:
                resume.start_over(begin)
    nothing = view is None or (job.payload_of(view) is None and not view.active)
    if nothing and start is not None and not refused:
        st.markdown("**Where it stands.** *Start* goes on from these weights.")
        watch.learnt(inline(lambda: reached(begin, start.snapshot.seen, start, chosen.upload)))
    elif nothing and chosen.upload is None and not refused:
        st.markdown(
            "**Before learning.** Weights are the mean picture times noise. Press *Start "
            "training* and watch them turn into what the layer sees most."
        )
        watch.learnt(inline(lambda: untrained(chosen.run)))
    payload = job.payload_of(view)
    if view is not None and payload is not None and payload.result is not None:
        results_panel(view)
    resume.resume_box(chosen, view)
    return Shown(view, bool(begin.resumed))


def _live(payload: object, done: bool, wanted: Run) -> None:
    if isinstance(payload, Payload):
        watch.live(payload, done, wanted)


@st.cache_data(max_entries=16, ttl=3600, max_size="16MB", show_spinner="Preparing the layer")
def untrained(run: Run) -> Payload:
    """The untrained layer and how it answers the first training image."""
    data = source.data_of(run, None)
    layers = first_layers(data.train_images, run.params)
    wins = np.zeros(len(layers[0].theta), np.int64)
    total = presentations(len(data.train_images), run.params)
    return _standing(run, data, Snapshot(0, total, layers, wins, 0.0, float("nan"), 0.0), None)


@st.cache_data(max_entries=8, ttl=3600, max_size="16MB", show_spinner="Reading the checkpoint")
def reached(run: Run, seen: int, _start: Finished, _upload: source.Upload | None) -> Payload:
    """The layer from which a run will go on, after `seen` presentations."""
    return _standing(run, source.data_of(run, _upload), _start.snapshot, _start.live)


def _standing(run: Run, data: Data, snapshot: Snapshot, live: Live | None) -> Payload:
    image = data.train_images[0]
    label = data.class_names[int(data.train_labels[0])]
    return Payload(
        run, "", snapshot.seen, snapshot.total, 0.0,
        pictures(snapshot, run.params, image, label),
        (), snapshot.wins, snapshot.layer.theta.cpu().numpy(), snapshot.silent,
        snapshot.first_spike_ms, live, data.class_names, len(data.train_images),
        len(data.test_images), (int(image.shape[0]), int(image.shape[1])),
    )  # fmt: skip


def how_it_learnt(view: JobView | None) -> None:
    """The history of a finished run, in an expander that costs nothing while it is closed."""
    payload = job.payload_of(view)
    if payload is None or payload.result is None:
        return
    box = st.expander(
        "How it learnt",
        icon=":material/history:",
        key=share.HOW,
        on_change="rerun",
        bind="query-params",
    )
    if box.open:
        with box:
            watch.how_it_learnt(payload)
