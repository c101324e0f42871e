"""The trainer's computation as a job: what is run, what each report shows, what it returns."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from snncore import datasets, experiment, trained
from snncore.jobs import Progress, Ticket, get_manager
from snncore.params import Params, choice, digest
from snncore.plots import base, training
from snncore.stdp import TrainParams
from snncore.stdp.train import Presentation, present

DATASETS = ("digits", "mnist", "fashion", "gtsrb")
_SHOWN_CELLS = 100  # rows of the input raster: the most driven cells


@dataclass(frozen=True)
class DataChoice(Params):
    """Which pictures to learn."""

    dataset: str = choice("digits", DATASETS, "Pictures to learn.", label="Data set")
    images: str = choice(
        "all",
        ("all", "1000", "2000", "5000", "10000", "20000"),
        "How many training images, spread over the set.",
        label="Training images",
    )

    @property
    def limit(self) -> int:
        """For the engine: 0 takes all."""
        return 0 if self.images == "all" else int(self.images)


class Upload(NamedTuple):
    """A user's file that was read and found good."""

    data: bytes
    sha256: str
    images: int  # training and test
    pixels: int  # of one image


class Summary(NamedTuple):
    """A finished run without its images and weights."""

    rows: list[tuple[str, float, str]]
    test_accuracy: float
    vote_accuracy: float
    untrained_accuracy: float
    pixels_accuracy: float
    train_seconds: float
    images_per_s: float
    n_train: int
    n_test: int
    confusion: np.ndarray
    vote_confusion: np.ndarray
    class_names: tuple[str, ...]
    model: bytes  # the network as a checkpoint file


class Payload(NamedTuple):
    """One picture of a run, ready to show; made once, shared between visitors, never changed."""

    params: TrainParams  # of this run, whatever the page's controls say by now
    data_name: str
    seen: int
    total: int
    fields: np.ndarray  # RGB mosaic of the receptive fields
    views: Views
    wins: np.ndarray
    silent: float
    first_spike_ms: float
    summary: Summary | None


class Views(NamedTuple):
    """The pictures of one test image and of the layer, PNG; rasters for the light and the dark."""

    fields: bytes
    image: bytes
    label: str
    shown_cells: int
    inputs: tuple[bytes, bytes]
    outputs: tuple[bytes, bytes]
    spikes: int
    active: int


def views(fields: np.ndarray, example: Presentation, image: np.ndarray, label: str) -> Views:
    """Draw once what every visitor looks at."""
    busiest = np.sort(np.argsort(example.cells, kind="stable")[-_SHOWN_CELLS:])
    answers = np.argsort(example.outputs.sum(axis=0), kind="stable")[-training.MAX_FIELDS :]
    inputs, outputs = example.inputs[:, busiest], example.outputs[:, np.sort(answers)]
    spike = base.COLOURS["spike"]
    return Views(
        base.png(fields, scale=max(1, 720 // fields.shape[1])),
        base.png(image, scale=max(1, 112 // image.shape[0])),
        label,
        len(busiest),
        (base.raster_png(inputs, scale=4), base.raster_png(inputs, dark=True, scale=4)),
        (
            base.raster_png(outputs, colour=spike, scale=6),
            base.raster_png(outputs, dark=True, colour=spike, scale=6),
        ),
        int(example.outputs.sum()),
        int(example.outputs.any(axis=0).sum()),
    )


def submit(
    owner: str, data_choice: DataChoice, params: TrainParams, upload: Upload | None
) -> Ticket:
    """Ask for a run; identical runs (same data, parameters and seed) are computed once."""
    if upload is None:
        identity: Any = [data_choice.dataset, data_choice.limit]
    else:
        identity = [upload.sha256, data_choice.limit]
    key = digest("stdp", identity, params)
    return get_manager().submit(
        owner,
        key,
        lambda: _run(data_choice, params, upload),
        _memory(data_choice, params, upload),
        held_bytes=0 if upload is None else len(upload.data),
    )


def _memory(data_choice: DataChoice, params: TrainParams, upload: Upload | None) -> int:
    """Bytes that a run may need: images, counts as features, and pixels as features."""
    sizes = {"digits": (1_797, 64), "gtsrb": (52_000, 1024)}
    images, pixels = sizes.get(data_choice.dataset, (70_000, 784))
    if upload is not None:
        images, pixels = upload.images, upload.pixels
    if data_choice.limit:
        images = min(images, data_choice.limit + images // 7)
    return images * (pixels * 10 + params.neurons * 20)


def _run(data_choice: DataChoice, params: TrainParams, upload: Upload | None) -> Iterator[Progress]:
    yield Progress(0.0, "Loading the pictures and warming up the kernels")
    data = _data(data_choice, upload)
    name = data_choice.dataset if upload is None else "your file"
    shape = (data.train_images.shape[1], data.train_images.shape[2])
    image = data.test_images[0]
    label = data.class_names[int(data.test_labels[0])]
    payload: Payload | None = None
    for report in experiment.run(data, params):
        snapshot = report.snapshot
        if snapshot is not None and (
            report.phase == "learning" or payload is None or report.result is not None
        ):
            fields = training.receptive_fields(snapshot.layer.weights.cpu().numpy(), shape)
            payload = Payload(
                params,
                name,
                snapshot.seen,
                snapshot.total,
                fields,
                views(fields, present(snapshot.layer, image, params), image, label),
                snapshot.wins,
                snapshot.silent,
                snapshot.first_spike_ms,
                None,
            )
        if report.result is not None and payload is not None and snapshot is not None:
            buffer = io.BytesIO()
            trained.save(
                buffer,
                data.name,
                len(data.train_images),
                params,
                snapshot,
                report.result.trained,
                images_sha256=experiment.images_sha256(data),
            )
            payload = payload._replace(summary=_summary(report.result, data, buffer.getvalue()))
        yield Progress(report.fraction, report.text, payload)


def _data(data_choice: DataChoice, upload: Upload | None) -> experiment.Data:
    if upload is None:
        return experiment.load_data(data_choice.dataset, data_choice.limit)
    return experiment.from_sets(*datasets.files.read_npz(upload.data), data_choice.limit)


def _summary(result: experiment.Result, data: experiment.Data, model: bytes) -> Summary:
    return Summary(
        [
            ("Spike counts → linear readout", result.test_accuracy, "network"),
            ("Spike counts → vote", result.vote_accuracy, "network"),
            ("Untrained weights → linear readout", result.control_untrained_accuracy, "control"),
            ("Untrained weights → vote", result.control_untrained_vote_accuracy, "control"),
            ("Raw pixels → linear readout", result.control_pixels_accuracy, "control"),
            ("Always the commonest class", result.chance, "control"),
        ],
        result.test_accuracy,
        result.vote_accuracy,
        result.control_untrained_accuracy,
        result.control_pixels_accuracy,
        result.train_seconds,
        result.train_images_per_s,
        len(data.train_images),
        len(data.test_images),
        result.confusion,
        result.vote_confusion,
        data.class_names,
        model,
    )
