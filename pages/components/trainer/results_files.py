"""Files of a finished run beside its checkpoint: features, figures, accuracies, answers."""

from __future__ import annotations

import io
import threading

import numpy as np

from pages.components.sections import csv_bytes
from pages.components.share import Download
from pages.components.trainer import kept
from pages.components.trainer.job import payload_of
from pages.components.trainer.payload import Payload
from pages.components.trainer.results_words import bars
from pages.components.trainer.source import shape_of_tests, test_images
from snncore import trained
from snncore.jobs import JobView
from snncore.plots import training_figure as figure
from snncore.plots.base import mosaic, png
from snncore.plots.training_tiles import field_tiles
from snncore.trained import Trained

_BINARY = "application/octet-stream"
_counting = threading.Lock()  # features are counted for one visitor at a time


def downloads(view: JobView | None) -> list[Download]:
    """Files of a finished run; each is made when it is asked for."""
    payload = payload_of(view)
    if payload is None or payload.result is None:
        return []
    result, names = payload.result, payload.class_names
    files = [
        Download("Accuracies (CSV)", lambda: accuracies(payload), "accuracies.csv", "text/csv"),
        Download("Test answers (CSV)", lambda: answers(payload), "answers.csv", "text/csv"),
        *(
            Download(
                f"Confusion matrix ({kind.upper()})",
                lambda kind=kind: figure.confusion_figure(
                    result.confusion, names, file_format=kind
                ),
                f"confusion.{kind}",
                mime,
            )
            for kind, mime in (("svg", "image/svg+xml"), ("png", "image/png"))
        ),
    ]
    found = kept.get(payload.run.identity)
    if found is not None and found.trained is not None:
        files = [*_of_network(found.trained, payload), *files]
    return files


def _of_network(net: Trained, payload: Payload) -> list[Download]:
    """What needs the weights, which are kept for a while only."""
    files = [
        Download("Receptive fields (PNG)", lambda: fields(net), "fields.png", "image/png"),
    ]
    if shape_of_tests(payload.run) == tuple(net.image_shape):
        files.append(
            Download(
                "Features of the test images (NPZ)",
                lambda: features(payload, net),
                "features.npz",
                _BINARY,
            )
        )
    if net.params.layer == "dense":
        files.append(Download("NIR graph (.nir)", lambda: nir(net), "stdp.nir", _BINARY))
    return files


def accuracies(payload: Payload) -> bytes:
    """Names, accuracies and standard errors."""
    if payload.result is None:
        raise ValueError("the run has no result yet")
    rows = bars(payload.result, payload.n_test)
    return csv_bytes({
        "name": np.array([row.name.replace(",", " ") for row in rows]),
        "accuracy": np.array([row.accuracy for row in rows]),
        "standard_error": np.array([row.error for row in rows]),
        "control": np.array([int(row.control) for row in rows]),
    })  # fmt: skip


def answers(payload: Payload) -> bytes:
    """What both readouts answered to each test image, as numbers of classes; −1: none."""
    if payload.result is None:
        raise ValueError("the run has no result yet")
    columns = {
        "image": np.arange(payload.n_test),
        "readout": payload.result.predictions,
        "vote": payload.result.votes,
    }
    try:
        tests = test_images(payload.run)
    except ValueError:
        tests = None
    if tests is not None and len(tests.labels) == payload.n_test:
        columns["true"] = tests.labels
    return csv_bytes(columns)


def fields(net: Trained) -> bytes:
    """All receptive fields or filters in one picture."""
    shape = net.image_shape
    if net.params.layer == "conv":
        shape = (net.params.filter_size, net.params.filter_size)
    tiles = field_tiles(net.layer.weights.cpu().numpy(), (shape[0], shape[1]))
    picture = mosaic(tiles, fill=90)
    return png(picture, scale=max(1, 1200 // picture.shape[1]))


def features(payload: Payload, net: Trained) -> bytes:
    """Spike counts of the test images with their labels, computed now: seconds for MNIST's."""
    tests = test_images(payload.run)
    if tests is None:
        raise ValueError("the test images of this run are not here")
    with _counting:
        found = trained.predict(net, tests.images)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        counts=found.counts,
        labels=tests.labels,
        scores=found.scores,
        predictions=found.classes,
        votes=found.votes,
    )
    return buffer.getvalue()


def nir(net: Trained) -> bytes:
    """The dense layer in the Neuromorphic Intermediate Representation."""
    buffer = io.BytesIO()
    trained.export_nir(net, buffer)
    return buffer.getvalue()
