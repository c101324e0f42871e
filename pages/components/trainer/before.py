"""The trainer page's own pieces: presets, uploads, the live picture, the result."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import streamlit as st

from pages.components.frame import is_dark
from pages.components.inline import inline
from pages.components.picture import picture
from pages.components.share import Download
from pages.components.text import plain
from pages.components.trainer_job import DataChoice, Payload, Summary, Upload, Views, views
from snncore import datasets, experiment, trained
from snncore.jobs import JobView
from snncore.params import choice, integer
from snncore.plots import base, training
from snncore.stdp import TrainParams
from snncore.stdp.train import first_layer, present


@dataclass(frozen=True)
class PageParams(TrainParams):
    """The page opens with the DoG retina and a run that suits the small bundled digits."""

    neurons: int = integer(100, 10, 1600, "LIF neurons in the layer.", step=10)
    epochs: int = integer(10, 1, 50, "Passes over the training images.")
    retina: str = choice(
        "on_off",
        ("raw", "on_off"),
        "Input cells: the raw intensities, or difference-of-Gaussians ON and OFF cells.",
        label="Retina",
    )

    def engine(self) -> TrainParams:
        """The same values for the engine and the command line."""
        return TrainParams.from_dict(self.to_dict())


PRESETS = {
    "Quick look": PageParams(neurons=40, epochs=3),
    "DoG retina, 100 neurons": PageParams(),
    "Raw pixels, 100 neurons": PageParams(retina="raw"),
    "400 neurons": PageParams(neurons=400, batch=100, retina="raw"),
    "No learning (control)": PageParams(rate_first=0.0, rate_last=0.0),
}


def checked_upload(file: Any) -> Upload | None:
    """An uploaded .npz that can be trained on; otherwise says why and returns None.

    A file is checked once, not at every rerun of the page.
    """
    if file is None:
        return None
    known = st.session_state.get("stdp_checked")
    if known is None or known[0] != file.file_id:
        known = (file.file_id, *_check(file))
        st.session_state["stdp_checked"] = known
    _, facts, words = known
    (st.error if facts is None else st.success)(words)
    return None if facts is None else Upload(file.getvalue(), *facts)


def _check(file: Any) -> tuple[tuple[str, int, int] | None, str]:
    """(digest, images, pixels) of a good file, else None; and what to tell the visitor."""
    try:
        datasets.files.check_upload("npz", file.size)
        data = file.getvalue()
        first, second = datasets.files.read_npz(data)
        experiment.from_sets(first, second)  # can it be learnt at all?
    except ValueError as error:
        return None, f"Your file cannot be used: {error}"
    images, (height, width) = len(first.images) + len(second.images), first.images.shape[1:3]
    return (
        (hashlib.sha256(data).hexdigest(), images, height * width),
        f"Your file holds {len(first.images):,} training and {len(second.images):,} test images. "
        "Press Start to train on it.",
    )


class Preview(NamedTuple):
    """What the page shows before anything has run."""

    views: Views
    n_train: int
    n_test: int


@st.cache_data(max_entries=32, ttl=3600, show_spinner="Loading the pictures")
def preview(data_choice: DataChoice, params: TrainParams) -> Preview:
    """The untrained layer and how it answers the first test image."""
    data = experiment.load_data(data_choice.dataset, data_choice.limit)
    layer = first_layer(data.train_images, params)
    image, label = data.test_images[0], data.class_names[int(data.test_labels[0])]
    fields = training.receptive_fields(layer.weights.numpy(), image.shape)
    return Preview(
        views(fields, present(layer, image, params), image, label),
        len(data.train_images),
        len(data.test_images),
    )


def draw_preview(shown: Preview, params: TrainParams) -> None:
    """The working example that the page opens with."""
    st.markdown(
        f"**Before learning.** {shown.n_train:,} training and {shown.n_test:,} test images; the "
        "weights are the mean picture times noise. Press *Start training* to watch them change."
    )
    _draw_views(shown.views, params, "before learning")


def draw(payload: Payload, done: bool, wanted: TrainParams) -> None:
    """The live picture of a run, and its result once there is one; `wanted`: the controls now."""
    params = payload.params
    if params != wanted:
        epochs = "1 pass" if params.epochs == 1 else f"{params.epochs} passes"
        st.info(
            f"This run: {params.neurons} neurons, {epochs}, {params.retina} input, seed "
            f"{params.seed}, on {payload.data_name}. The controls were changed since; press Start "
            "to run with them.",
            icon=":material/history:",
        )
    if payload.summary is not None:
        _draw_summary(payload.summary)
    _draw_views(payload.views, params, "")
    if not done:
        quiet = f"{payload.silent:.0%} of the images left the layer silent"
        wait = payload.first_spike_ms
        first = "" if math.isnan(wait) else f"; first spike after {wait:.0f} ms"
        st.caption(f"Since the last picture: {quiet}{first}.")
    st.markdown("**Who spikes first.** A flat curve means that all neurons share the work.")
    st.altair_chart(
        training.wins_chart(payload.wins),
        width="stretch",
        alt="First spikes of each neuron since the last picture, busiest first",
    )


def _draw_views(shown: Views, params: TrainParams, remark: str) -> None:
    most = training.MAX_FIELDS
    rows = f" (the {most} busiest)" if params.neurons > most else ""
    left, right = st.columns([1, 1], gap="medium")
    with left:
        st.markdown("**Receptive fields** · the weights of each neuron")
        on_off = params.retina == "on_off"
        colours = "orange: ON cells, blue: OFF cells" if on_off else "white: strong"
        picture(
            shown.fields,
            caption=f"The first {min(params.neurons, most)} neurons; {colours}.",
            alt="Mosaic of the receptive fields of the neurons",
        )
    with right:
        st.markdown(f"**One test image** · a “{plain(shown.label)}” in spikes")
        first, second = st.columns([1, 2.4], gap="small", vertical_alignment="center")
        with first:
            picture(shown.image, caption="image", alt="The test image", width="content")
        with second:
            picture(
                shown.inputs[is_dark()],
                caption=f"Input spikes: one row per cell (the {shown.shown_cells} most driven), "
                f"{params.feature_steps * params.dt:.0f} ms from left to right",
                alt="Raster of the input spikes",
            )
        picture(
            shown.outputs[is_dark()],
            caption=f"Output spikes, one row per neuron{rows}: {shown.spikes} from {shown.active} "
            f"of {params.neurons} neurons" + (f", {remark}" if remark else ""),
            alt="Raster of the output spikes",
        )


def _draw_summary(summary: Summary) -> None:
    cards = st.columns(4)
    gain = summary.test_accuracy - summary.untrained_accuracy
    cards[0].metric("Readout", f"{summary.test_accuracy:.1%}", f"{gain:+.1%}", help=_GAIN)
    cards[1].metric("Vote", f"{summary.vote_accuracy:.1%}", help=_VOTE)
    cards[2].metric("Raw pixels", f"{summary.pixels_accuracy:.1%}", help=_PIXELS)
    cards[3].metric("Images/s", f"{summary.images_per_s:,.0f}", help=_SPEED)
    st.markdown("**Correct on the test images**, beside the controls")
    st.altair_chart(
        training.accuracy_chart(summary.rows, dark=is_dark()),
        width="stretch",
        alt="Accuracies of the network and of its controls",
    )
    error = (summary.test_accuracy * (1 - summary.test_accuracy) / summary.n_test) ** 0.5
    st.caption(
        f"{summary.n_test:,} test images, so ± {error:.1%} (one standard error). Labels of the "
        f"{summary.n_train:,} training images are used by the readouts only."
    )
    st.markdown("**Confusion matrix** of the linear readout, in images")
    st.altair_chart(
        training.confusion_chart(summary.confusion, summary.class_names),
        width="stretch",
        alt="Confusion matrix: true class by row, predicted class by column",
    )


_GAIN = (
    "Test images that a linear readout of the spike counts gets right, and what learning added: "
    "the difference to the same network with untrained weights."
)
_VOTE = "Each neuron votes for the class it answered most while training; no readout is trained."
_PIXELS = "The same linear readout on the raw pixels, without any spiking neuron."
_SPEED = "Training images learnt per second, without the readouts and controls."


def downloads(view: JobView | None) -> list[Download]:
    """Files of a finished run."""
    payload = None if view is None or view.snapshot is None else view.snapshot.payload
    if payload is None or payload.summary is None:
        return []
    summary = payload.summary
    rows = "\n".join(f'"{name}",{value:.6f},{group}' for name, value, group in summary.rows)
    return [
        Download("Network (.safetensors)", summary.model, "stdp.safetensors", _BINARY),
        Download(
            "Accuracies (CSV)",
            f"name,accuracy,group\n{rows}\n".encode(),
            "accuracies.csv",
            "text/csv",
        ),
        Download(
            "Receptive fields (PNG)", base.png(payload.fields, scale=4), "fields.png", "image/png"
        ),
        Download(
            "Confusion matrix (SVG)",
            lambda: training.confusion_figure(summary.confusion, summary.class_names),
            "confusion.svg",
            "image/svg+xml",
        ),
    ]


_BINARY = "application/octet-stream"


def try_network() -> None:
    """Classify the visitor's picture with a network from a file."""
    st.markdown(
        "A network that was exported here or written by `python -m snncore train --out FILE` "
        "classifies a picture of yours. Nothing in the file is executed."
    )
    left, right = st.columns(2)
    model = left.file_uploader(
        "Network (.safetensors, at most 64 MB)", type=[".safetensors"], key="stdp_model"
    )
    own = right.file_uploader(
        "Picture (PNG or JPEG, at most 10 MB)",
        type=[".png", ".jpg", ".jpeg"],
        key="stdp_picture",
        max_upload_size=10,
    )
    invert = st.toggle(
        "The picture is dark on white", key="stdp_invert", help="MNIST is white on dark."
    )
    if model is None or own is None:
        return
    asked = (model.file_id, own.file_id, invert)
    known = st.session_state.get("stdp_answer")
    if known is None or known[0] != asked:
        known = (asked, inline(lambda: _classify(model.getvalue(), own.getvalue(), invert)))
        st.session_state["stdp_answer"] = known
    answer = known[1]
    picture(
        answer.seen,
        caption="as the network sees it",
        alt="The uploaded picture at the size of the network's images",
        width="content",
    )
    st.markdown(
        f"Linear readout: **{plain(answer.readout)}** · vote: **{plain(answer.vote)}** · "
        f"{answer.spikes} output spikes"
    )


class Answer(NamedTuple):
    """What a network says of one picture."""

    seen: bytes
    readout: str
    vote: str
    spikes: int


def _classify(model: bytes, data: bytes, invert: bool) -> Answer:
    saved = trained.load(model)
    if saved.trained is None:
        raise ValueError("this file holds an unfinished run, which cannot classify yet")
    grey = datasets.to_grey(datasets.files.read_image(data)[None])
    small = datasets.resize(grey, saved.trained.image_shape)
    if invert:
        small = 255 - small
    found = trained.predict(saved.trained, small)
    names = saved.trained.class_names
    return Answer(
        base.png(small[0], scale=max(1, 140 // small.shape[1])),
        names[int(found.classes[0])],
        names[int(found.votes[0])] if found.votes[0] >= 0 else "no answer",
        int(found.counts.sum()),
    )
