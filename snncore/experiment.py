"""A whole STDP experiment: learn without labels, count spikes, read out, and run the controls.

A generator of progress reports, driven by the command line and by the trainer page alike. Every
result stands beside its controls: the same pipeline with untrained weights (thresholds adapted
the same way), and the same readout on the raw pixels.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import datasets, metrics, readout
from snncore.counts import CountScaler
from snncore.stdp import Layer, Snapshot, TrainParams, train
from snncore.stdp.train import counts
from snncore.trained import TEST_SAMPLES, Trained

# Rough shares of the work, for the progress bar.
_SHARES = {"learning": 0.3, "counting": 0.3, "untrained": 0.35, "pixels": 0.05}
_TEXTS = {
    "counting": "Counting output spikes",
    "untrained": "Control: counting the spikes of untrained weights",
    "pixels": "Control: the same readout on raw pixels",
}


class Data(NamedTuple):
    """Grey images uint8 [S, H, W] and labels int64 [S], to train and to test on."""

    name: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    class_names: tuple[str, ...]


class Result(NamedTuple):
    """What a finished experiment found out; accuracies are fractions of the test images."""

    trained: Trained
    test_accuracy: float  # linear readout of the spike counts
    vote_accuracy: float  # unsupervised vote
    control_untrained_accuracy: float
    control_untrained_vote_accuracy: float
    control_pixels_accuracy: float
    chance: float  # share of the largest class among the test images
    confusion: NDArray[np.int64]  # of the linear readout, row = true
    vote_confusion: NDArray[np.int64]
    mean_spikes: float  # output spikes per test image
    train_seconds: float
    train_images_per_s: float
    total_seconds: float
    weights_sha256: str
    votes_sha256: str


class Progress(NamedTuple):
    """A report from a running experiment; `result` is set in the last one only."""

    fraction: float
    phase: str
    text: str
    snapshot: Snapshot | None = None
    result: Result | None = None


def load_data(name: str, limit: int = 0) -> Data:
    """Training and test images of a data set as grey pictures.

    Args:
        name: as in `datasets.load`.
        limit: at most so many training images, spread evenly over the set; 0 takes all.

    Raises:
        ValueError: no such data set, it is missing here, or its test images are not separate.
    """
    if name in ("skimage", "icons", "signs"):
        raise ValueError(
            f"data set {name!r} has one picture per class and no separate test images; "
            "train on digits, mnist, fashion, gtsrb or a .npz file"
        )
    return from_sets(datasets.load(name, "train"), datasets.load(name, "test"), limit)


def from_sets(first: datasets.ImageSet, second: datasets.ImageSet, limit: int = 0) -> Data:
    """Training and test images of two image sets (a user's file, say) as grey pictures."""
    if limit < 0:
        raise ValueError(f"limit must be >= 0 (0 takes all images), got {limit}")
    for part in (first, second):
        if len(part.images) < 2 or (part is first and len(np.unique(part.labels)) < 2):
            raise ValueError(
                f"the {part.split} part must hold at least 2 images, and the training images at "
                f"least 2 classes, got {len(part.images)} of {len(np.unique(part.labels))}"
            )
    if limit == 1:
        raise ValueError("limit must be 0 (all images) or at least 2, got 1")
    keep = np.arange(len(first.images))
    if 0 < limit < len(keep):
        keep = np.linspace(0, len(keep) - 1, limit).round().astype(np.int64)
    return Data(
        first.name,
        datasets.to_grey(first.images[keep]),
        first.labels[keep],
        datasets.to_grey(second.images),
        second.labels,
        first.class_names,
    )


def images_sha256(data: Data) -> str:
    """Digest of the training images and labels: a run continues on these and no others."""
    digest = hashlib.sha256(repr(data.train_images.shape).encode())
    digest.update(np.ascontiguousarray(data.train_images).data)
    digest.update(np.ascontiguousarray(data.train_labels).data)
    return digest.hexdigest()


def weights_sha256(layer: Layer) -> str:
    """Digest of the weights and thresholds, byte for byte."""
    digest = hashlib.sha256(layer.weights.contiguous().cpu().numpy().tobytes())
    digest.update(layer.theta.cpu().numpy().tobytes())
    return digest.hexdigest()


class _Counted(NamedTuple):
    train: NDArray[np.uint16]
    test: NDArray[np.uint16]


def run(
    data: Data,
    params: TrainParams,
    *,
    device: torch.device | None = None,
    resume: Snapshot | None = None,
) -> Iterator[Progress]:
    """Learn, count, read out, compare; see the module's head."""
    began = time.perf_counter()
    before = 0 if resume is None else resume.seen
    snapshot = yield from _learn(data, params, device, resume)
    counted = yield from _count(data, params, snapshot, snapshot.layer, "counting")
    trained, predicted, voted = _read_out(snapshot.layer, counted, data, params)

    frozen = TrainParams.from_dict({**params.to_dict(), "rate_first": 0.0, "rate_last": 0.0})
    control = snapshot
    for control in train(data.train_images, frozen, device=device):
        yield Progress(
            _fraction("untrained", 0.4 * control.seen / control.total),
            "untrained",
            "Control: untrained weights, adapting thresholds only",
            snapshot,
        )
    untrained = yield from _count(data, params, snapshot, control.layer, "untrained")
    _, control_predicted, control_voted = _read_out(control.layer, untrained, data, params)

    yield Progress(_fraction("pixels", 0.0), "pixels", _TEXTS["pixels"], snapshot)
    y, n_classes = data.test_labels, len(data.class_names)
    result = Result(
        trained=trained,
        test_accuracy=metrics.accuracy(predicted, y),
        vote_accuracy=metrics.accuracy(voted, y),
        control_untrained_accuracy=metrics.accuracy(control_predicted, y),
        control_untrained_vote_accuracy=metrics.accuracy(control_voted, y),
        control_pixels_accuracy=metrics.accuracy(_pixel_control(data, n_classes), y),
        chance=float(np.bincount(y, minlength=n_classes).max() / len(y)),
        confusion=metrics.confusion(predicted, y, n_classes),
        vote_confusion=metrics.confusion(voted, y, n_classes),
        mean_spikes=float(counted.test.sum(axis=1).mean()),
        train_seconds=snapshot.seconds,
        train_images_per_s=(snapshot.seen - before) / max(snapshot.seconds, 1e-9),
        total_seconds=time.perf_counter() - began,
        weights_sha256=weights_sha256(snapshot.layer),
        votes_sha256=hashlib.sha256(voted.astype(np.int64).tobytes()).hexdigest(),
    )
    yield Progress(1.0, "done", "Done", snapshot, result)


def _fraction(phase: str, part: float) -> float:
    """Fraction of the whole work when `part` (0..1) of a phase is done."""
    names = list(_SHARES)
    return sum(_SHARES[name] for name in names[: names.index(phase)]) + _SHARES[phase] * part


def _learn(
    data: Data, params: TrainParams, device: torch.device | None, resume: Snapshot | None
) -> Generator[Progress, None, Snapshot]:
    """Train, reporting; returns the last snapshot."""
    snapshot = resume
    before = 0 if resume is None else resume.seen
    for snapshot in train(data.train_images, params, device=device, resume=resume):
        speed = (snapshot.seen - before) / max(snapshot.seconds, 1e-9)
        yield Progress(
            _fraction("learning", snapshot.seen / snapshot.total),
            "learning",
            f"Learning, {snapshot.seen:,} of {snapshot.total:,} images, {speed:,.0f} a second",
            snapshot,
        )
    if snapshot is None:
        raise ValueError("there was nothing to learn: no images")
    return snapshot


def _count(
    data: Data, params: TrainParams, snapshot: Snapshot, layer: Layer, phase: str
) -> Generator[Progress, None, _Counted]:
    """Spike counts of all images, reporting on the way."""
    n_train = len(data.train_images)
    total = n_train + len(data.test_images)
    begin = 0.4 if phase == "untrained" else 0.0  # before it, the control's thresholds adapt
    pieces: list[NDArray[np.uint16]] = []
    for images, sample, done_before in (
        (data.train_images, 0, 0),
        (data.test_images, TEST_SAMPLES, n_train),
    ):
        for done, part in counts(layer, images, params, first_sample=sample):
            pieces.append(part)
            so_far = done_before + done
            yield Progress(
                _fraction(phase, begin + (1 - begin) * so_far / total),
                phase,
                f"{_TEXTS[phase]}, {so_far:,} of {total:,} images",
                snapshot,
            )
    both = np.concatenate(pieces)
    return _Counted(both[:n_train], both[n_train:])


def _read_out(
    layer: Layer, counted: _Counted, data: Data, params: TrainParams
) -> tuple[Trained, NDArray[np.int64], NDArray[np.int64]]:
    """Fit both readouts on the training counts; predictions and votes for the test images."""
    n_classes = len(data.class_names)
    labels = readout.assign_labels(counted.train, data.train_labels, n_classes)
    scaler = CountScaler.fit(counted.train)
    linear = readout.fit_linear(scaler.transform(counted.train), data.train_labels, n_classes)
    shape = (data.train_images.shape[1], data.train_images.shape[2])
    trained = Trained(params, (layer,), labels, scaler, linear, data.class_names, shape)
    predicted = linear.predict(scaler.transform(counted.test))
    return trained, predicted, readout.vote(counted.test, labels, n_classes)


def _pixel_control(data: Data, n_classes: int) -> NDArray[np.int64]:
    """Predictions of the same linear readout on standardised raw pixels."""

    features = data.train_images.reshape(len(data.train_images), -1).astype(np.float32)
    mean = features.mean(axis=0)
    scale = np.maximum(features.std(axis=0), 1.0)  # a pixel that never varies stays silent
    features -= mean  # in place: this is the largest array of the whole experiment
    features /= scale
    linear = readout.fit_linear(features, data.train_labels, n_classes)
    test = data.test_images.reshape(len(data.test_images), -1).astype(np.float32)
    return linear.predict((test - mean) / scale)
