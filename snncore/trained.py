"""A trained network: what classifies an image, and how a run is written to and read from a file.

The same file holds a finished run (with its readouts) or an interrupted one (the layer and how
far it came), from which training continues as if it had never stopped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import checkpoint, readout
from snncore.counts import CountScaler
from snncore.params import Spec, check
from snncore.stdp import Layer, Snapshot, TrainParams, drive
from snncore.stdp.train import counts

KIND = "stdp-dense"
_SECONDS = Spec("float", "", unit="s", lo=0.0, hi=1e12)
TEST_SAMPLES = 1 << 30  # images outside the training set draw their spikes from here on


class Trained(NamedTuple):
    """Everything that classifies an image: the layer, the vote's labels, the linear readout."""

    params: TrainParams
    layer: Layer
    neuron_labels: NDArray[np.int64]  # [n_out], -1 for a neuron that no training image moved
    scaler: CountScaler
    linear: readout.LinearReadout
    class_names: tuple[str, ...]
    image_shape: tuple[int, int]


class Predicted(NamedTuple):
    """What a network says of S images."""

    classes: NDArray[np.int64]  # [S], by the linear readout
    votes: NDArray[np.int64]  # [S], by the vote; -1 where no labelled neuron fired
    scores: NDArray[np.float32]  # [S, C], of the linear readout
    counts: NDArray[np.uint16]  # [S, n_out] output spikes


class SavedRun(NamedTuple):
    """A training run from a file; `trained` is None if it had not reached its readout."""

    dataset: str
    n_images: int
    images_sha256: str  # of the training images and labels, so that no other ones are taken
    snapshot: Snapshot
    params: TrainParams
    trained: Trained | None


def predict(trained: Trained, images: NDArray[np.uint8]) -> Predicted:
    """Classify grey images uint8 [S, H, W] of the size that the layer was trained on.

    Raises:
        ValueError: no images, or images of another size.
    """
    if len(images) == 0 or images.shape[1:] != trained.image_shape:
        height, width = trained.image_shape
        raise ValueError(
            f"images must be [S, {height}, {width}] like the training images, got {images.shape}"
        )
    parts = counts(trained.layer, images, trained.params, first_sample=TEST_SAMPLES)
    counted = np.concatenate([part for _, part in parts])
    scores = trained.linear.scores(trained.scaler.transform(counted))
    votes = readout.vote(counted, trained.neuron_labels, len(trained.class_names))
    return Predicted(scores.argmax(axis=1).astype(np.int64), votes, scores, counted)


def save(
    target: Path | BinaryIO,
    dataset: str,
    n_images: int,
    params: TrainParams,
    snapshot: Snapshot,
    trained: Trained | None = None,
    *,
    images_sha256: str = "",
) -> None:
    """Write a run; a path is replaced in one step, so a crash leaves the old file whole.

    `images_sha256` (`experiment.images_sha256`) lets `--resume` notice other training images.
    """
    tensors = {
        "weights": snapshot.layer.weights.contiguous().cpu(),
        "theta": snapshot.layer.theta.cpu(),
    }
    meta: dict[str, Any] = {
        "dataset": dataset,
        "n_images": n_images,
        "images_sha256": images_sha256,
        "seen": snapshot.seen,
        "total": snapshot.total,
        "seconds": snapshot.seconds,
        "params": params.to_dict(),
    }
    if trained is not None:
        tensors |= {
            "neuron_labels": torch.from_numpy(trained.neuron_labels),
            "mean": torch.from_numpy(trained.scaler.mean.astype(np.float32)),
            "scale": torch.from_numpy(trained.scaler.scale.astype(np.float32)),
            "coef": torch.from_numpy(trained.linear.coef),
            "intercept": torch.from_numpy(trained.linear.intercept),
        }
        meta |= {
            "class_names": list(trained.class_names),
            "image_shape": list(trained.image_shape),
            "alpha": trained.linear.alpha,
        }
    checkpoint.save(target, KIND, tensors, meta)


def load(source: Path | bytes) -> SavedRun:
    """Read a run; nothing in the file is executed, every value is checked.

    Raises:
        ValueError: not such a file, another schema, missing or impossible values.
    """
    saved = checkpoint.load(source, KIND)
    tensors, meta = saved.tensors, saved.meta
    try:
        params = TrainParams.from_dict(meta["params"])
        n_out = params.neurons
        weights = _checked(tensors, "weights", torch.float32, (n_out, None))
        # A spike reads a column: stored transposed, as training does.
        layer = Layer(
            weights.t().contiguous().t(), _checked(tensors, "theta", torch.float32, (n_out,))
        )
        snapshot = Snapshot(
            _count(meta, "seen"),
            _count(meta, "total", least=1),
            (layer,),
            np.zeros(params.neurons, np.int64),
            0.0,
            float("nan"),
            float(check("checkpoint: seconds", meta["seconds"], _SECONDS)),
        )
        trained = _readouts(tensors, meta, params, layer) if "coef" in tensors else None
        return SavedRun(
            str(meta["dataset"]),
            _count(meta, "n_images", least=1),
            str(meta.get("images_sha256", "")),
            snapshot,
            params,
            trained,
        )
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(f"checkpoint: a value is missing or malformed ({error!r})") from error


def _count(meta: dict[str, Any], name: str, least: int = 0) -> int:
    """A counter of the file's description, checked."""
    spec = Spec("int", "", lo=least, hi=2**53)
    return int(check(f"checkpoint: {name}", meta[name], spec))


def _checked(
    tensors: dict[str, torch.Tensor],
    name: str,
    dtype: torch.dtype,
    shape: tuple[int | None, ...],
) -> torch.Tensor:
    """Tensor `name` if it has this type and shape (None: any size)."""
    tensor = tensors[name]
    fits = len(tensor.shape) == len(shape) and all(
        want in (None, size) for want, size in zip(shape, tensor.shape, strict=True)
    )
    if tensor.dtype != dtype or not fits:
        raise ValueError(
            f"checkpoint: {name} must be {dtype} {shape}, got {tensor.dtype} {tuple(tensor.shape)}"
        )
    return tensor


def _readouts(
    tensors: dict[str, torch.Tensor], meta: dict[str, Any], params: TrainParams, layer: Layer
) -> Trained:
    """The part of a file that a finished run has."""
    n_out, names = params.neurons, tuple(str(name) for name in meta["class_names"])
    n_classes = len(names)
    if not 1 <= n_classes <= 1000 or any(len(n) > 80 or not n.isprintable() for n in names):
        raise ValueError(
            "checkpoint: class_names must be 1 to 1000 printable words of <= 80 letters"
        )
    shape = (int(meta["image_shape"][0]), int(meta["image_shape"][1]))
    if min(shape) < 1 or layer.weights.shape[1] != drive.input_size(*shape, params):
        raise ValueError(
            f"checkpoint: {layer.weights.shape[1]} inputs do not fit images of {shape} pixels"
        )
    labels = _checked(tensors, "neuron_labels", torch.int64, (n_out,))
    if int(labels.min()) < -1 or int(labels.max()) >= n_classes:
        raise ValueError(f"checkpoint: neuron_labels must be in -1..{n_classes - 1}")
    scale = _checked(tensors, "scale", torch.float32, (n_out,))
    if float(scale.min()) <= 0:
        raise ValueError(f"checkpoint: scale must be > 0, got {float(scale.min())}")
    return Trained(
        params,
        layer,
        labels.numpy(),
        CountScaler(
            _checked(tensors, "mean", torch.float32, (n_out,)).numpy().astype(np.float64),
            scale.numpy().astype(np.float64),
        ),
        readout.LinearReadout(
            _checked(tensors, "coef", torch.float32, (n_classes, n_out)).numpy(),
            _checked(tensors, "intercept", torch.float32, (n_classes,)).numpy(),
            float(meta["alpha"]),
        ),
        names,
        shape,
    )
