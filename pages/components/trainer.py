"""The trainer page's own pieces: presets, uploads, the live picture, the result."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from snncore import datasets, experiment, trained
from snncore.jobs import JobView
from snncore.params import choice, integer
from snncore.plots import base, training
from snncore.stdp import TrainParams
from snncore.stdp.train import Presentation, first_layer, present

from .frame import is_dark
from .picture import picture
from .share import Download
from .trainer_job import DataChoice, Payload, Summary, Upload

_SHOWN_CELLS = 100  # rows of the input raster: the most driven cells


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

    fields: np.ndarray
    example: Presentation
    image: np.ndarray
    label: str
    n_train: int
    n_test: int


@st.cache_data(max_entries=16, ttl=3600, show_spinner=False)
def preview(data_choice: DataChoice, params: TrainParams) -> Preview:
    """The untrained layer and how it answers the first test image."""
    data = experiment.load_data(data_choice.dataset, data_choice.limit)
    layer = first_layer(data.train_images, params)
    shape = (data.train_images.shape[1], data.train_images.shape[2])
    return Preview(
        training.receptive_fields(layer.weights.numpy(), shape),
        present(layer, data.test_images[0], params),
        data.test_images[0],
        data.class_names[int(data.test_labels[0])],
        len(data.train_images),
        len(data.test_images),
    )


def draw_preview(shown: Preview, params: TrainParams) -> None:
    """The working example that the page opens with."""
    st.markdown(
        f"**Before learning.** {shown.n_train:,} training and {shown.n_test:,} test images; the "
        "weights are the mean picture times noise. Press *Start training* to watch them change."
    )
    _draw_state(shown.fields, shown.example, shown.image, shown.label, params, trained_yet=False)


def draw(payload: Payload, done: bool, params: TrainParams) -> None:
    """The live picture of a run, and its result once there is one."""
    if payload.summary is not None:
        _draw_summary(payload.summary)
    _draw_state(
        payload.fields, payload.example, payload.image, payload.label, params, trained_yet=True
    )
    if not done:
        quiet = f"{payload.silent:.0%} of the images left the layer silent"
        st.caption(
            f"Since the last picture: {quiet}; first spike after {payload.first_spike_ms:.0f} ms."
        )
    st.markdown("**Who spikes first.** A flat curve means that all neurons share the work.")
    st.altair_chart(training.wins_chart(payload.wins), width="stretch")


def _draw_state(
    fields: np.ndarray,
    example: Presentation,
    image: np.ndarray,
    label: str,
    params: TrainParams,
    *,
    trained_yet: bool,
) -> None:
    left, right = st.columns([1, 1], gap="medium")
    with left:
        st.markdown("**Receptive fields** · the weights of each neuron")
        on_off = params.retina == "on_off"
        colours = "orange: ON cells, blue: OFF cells" if on_off else "white: strong"
        picture(
            base.png(fields, scale=max(1, 720 // fields.shape[1])),
            caption=f"The first {min(params.neurons, training.MAX_FIELDS)} neurons; {colours}.",
            alt="Mosaic of the receptive fields of the neurons",
        )
    with right:
        st.markdown(f"**One test image** · a “{label}” in spikes")
        busiest = np.sort(np.argsort(example.cells, kind="stable")[-_SHOWN_CELLS:])
        first, second = st.columns([1, 2.4], gap="small", vertical_alignment="center")
        with first:
            picture(
                base.png(image, scale=max(1, 112 // image.shape[0])),
                caption="image",
                alt=f"The test image, a {label}",
                width="content",
            )
        with second:
            picture(
                base.raster_png(example.inputs[:, busiest], dark=is_dark(), scale=4),
                caption=f"Input spikes: one row per cell (the {len(busiest)} most driven), "
                f"{params.feature_steps * params.dt:.0f} ms from left to right",
                alt="Raster of the input spikes",
            )
        spikes, active = int(example.outputs.sum()), int(example.outputs.any(axis=0).sum())
        picture(
            base.raster_png(
                example.outputs[:, : training.MAX_FIELDS],
                dark=is_dark(),
                colour=base.COLOURS["spike"],
                scale=6,
            ),
            caption=f"Output spikes, one row per neuron: {spikes} from {active} of "
            f"{params.neurons} neurons" + ("" if trained_yet else ", before learning"),
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
    st.altair_chart(training.accuracy_chart(summary.rows), width="stretch")
    error = (summary.test_accuracy * (1 - summary.test_accuracy) / summary.n_test) ** 0.5
    st.caption(
        f"{summary.n_test:,} test images, so ± {error:.1%} (one standard error). Labels of the "
        f"{summary.n_train:,} training images are used by the readouts only."
    )
    st.markdown("**Confusion matrix** of the linear readout, in images")
    st.altair_chart(
        training.confusion_chart(summary.confusion, summary.class_names), width="stretch"
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
    picture = right.file_uploader(
        "Picture (PNG or JPEG, at most 10 MB)", type=[".png", ".jpg", ".jpeg"], key="stdp_picture"
    )
    invert = st.toggle(
        "The picture is dark on white", key="stdp_invert", help="MNIST is white on dark."
    )
    if model is None or picture is None:
        return
    try:
        saved = trained.load(model.getvalue())
        if saved.trained is None:
            raise ValueError("this file holds an unfinished run, which cannot classify yet")
        image = datasets.to_grey(datasets.files.read_image(picture.getvalue())[None])
        small = datasets.resize(image, saved.trained.image_shape)
        if invert:
            small = 255 - small
        found = trained.predict(saved.trained, small)
    except ValueError as error:
        st.error(str(error))
        return
    names = saved.trained.class_names
    vote = names[int(found.votes[0])] if found.votes[0] >= 0 else "no answer"
    picture(
        base.png(small[0], scale=max(1, 140 // small.shape[1])),
        caption="as the network sees it",
        alt="The uploaded picture at the size of the network's images",
        width="content",
    )
    st.markdown(
        f"Linear readout: **{names[int(found.classes[0])]}** · vote: **{vote}** · "
        f"{int(found.counts.sum())} output spikes"
    )
