"""How a run is written to and read from a file.

The same file holds a finished run (with its readouts) or an interrupted one (the layers and how
far they came), from which training continues as if it had never stopped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import torch

from snncore import checkpoint, readout
from snncore.counts import CountScaler
from snncore.params import Spec, check
from snncore.stdp import Layer, Snapshot, TrainParams, drive
from snncore.stdp.conv_shape import CHANNELS, SIDE_2
from snncore.stdp.train import feature_count
from snncore.trained.network import Trained

KIND = "stdp"
_OLD_KIND = "stdp-dense"  # one dense layer, its parameters and counting those of session 1
_SECONDS = Spec("float", "", unit="s", lo=0.0, hi=1e12)
_ROUNDED = ("weights", "weights_2", "coef", "mean", "scale")  # what `half` stores in 16 bits
_FLOATS = (torch.float32, torch.float16)


class SavedRun(NamedTuple):
    """A training run from a file; `trained` is None if it had not reached its readout."""

    dataset: str
    n_images: int
    images_sha256: str  # of the training images and labels, so that no other ones are taken
    snapshot: Snapshot
    params: TrainParams
    trained: Trained | None
    figures: dict[str, float]  # what was measured of it, e.g. "test_accuracy"; may be empty
    rounded: bool = False  # its weights were rounded to 16 bits: no run continues from them
    note: str = ""  # a remark of who saved it


def save(
    target: Path | BinaryIO,
    dataset: str,
    n_images: int,
    params: TrainParams,
    snapshot: Snapshot,
    trained: Trained | None = None,
    *,
    images_sha256: str = "",
    figures: Mapping[str, float] | None = None,
    half: bool = False,
    note: str = "",
) -> None:
    """Write a run; a path is replaced in one step, so a crash leaves the old file whole.

    Args:
        target: path or binary file object.
        dataset: name of the images.
        n_images: how many of them it learns from.
        params: of the run.
        snapshot: where learning stands.
        trained: the readouts, when the run is finished.
        images_sha256: from `experiment.images_sha256`; lets `--resume` notice other images.
        figures: what was measured; values that are not finite are left out.
        half: weights in 16 instead of 32 bits: half the size, not for continuing.
        note: a remark that `load` hands back.

    Raises:
        ValueError: `half` for a run without readouts.
        OSError: the file cannot be written.
    """
    if half and trained is None:
        raise ValueError("half is for finished networks: a run continues from exact weights only")
    tensors = {}
    for suffix, layer in zip(("", "_2"), snapshot.layers, strict=False):
        tensors[f"weights{suffix}"] = layer.weights.contiguous().cpu()
        tensors[f"theta{suffix}"] = layer.theta.cpu()
    meta: dict[str, Any] = {
        "dataset": dataset,
        "n_images": n_images,
        "images_sha256": images_sha256,
        "seen": snapshot.seen,
        "total": snapshot.total,
        "seconds": snapshot.seconds,
        "params": params.to_dict(),
        "figures": {k: float(v) for k, v in (figures or {}).items() if math.isfinite(v)},
    }
    if note:
        meta["note"] = note
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
    if half:
        for name in _ROUNDED:
            if name in tensors:
                tensors[name] = tensors[name].to(torch.float16)
    checkpoint.save(target, KIND, tensors, meta)


def load(source: Path | bytes) -> SavedRun:
    """Read a run; nothing in the file is executed, every value is checked.

    Raises:
        ValueError: not such a file, another schema, missing or impossible values.
    """
    saved = checkpoint.load(source)
    if saved.kind == _OLD_KIND:
        raise ValueError(
            f"this checkpoint is of kind {_OLD_KIND!r}, made by an older version of this program "
            "whose networks count their spikes otherwise: train again (400 neurons take less "
            "than a minute), or open it with the version that wrote it"
        )
    if saved.kind != KIND:
        raise ValueError(f"this checkpoint is of kind {saved.kind!r}, but {KIND!r} is needed here")
    tensors, meta = saved.tensors, saved.meta
    try:
        params = TrainParams.from_dict(meta["params"])
        layers = _layers(tensors, params)
        seen, total = _whole(meta, "seen"), _whole(meta, "total", least=1)
        if seen > total:
            raise ValueError(f"checkpoint: seen must be <= total, got {seen} of {total}")
        if total % passes(params):
            raise ValueError(
                f"checkpoint: total must be a multiple of its {passes(params)} passes, got {total}"
            )
        n_out = layers[-1].theta.shape[0]
        seconds = float(check("checkpoint: seconds", meta["seconds"], _SECONDS))
        nan = float("nan")
        snapshot = Snapshot(seen, total, layers, np.zeros(n_out, np.int64), 0.0, nan, seconds)
        trained = _readouts(tensors, meta, params, layers) if "coef" in tensors else None
        return SavedRun(
            str(meta["dataset"]),
            _whole(meta, "n_images", least=1),
            str(meta.get("images_sha256", "")),
            snapshot,
            params,
            trained,
            _figures(meta.get("figures", {})),
            any(tensors[name].dtype == torch.float16 for name in _ROUNDED[:2] if name in tensors),
            str(meta.get("note", "")),
        )
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"checkpoint: a value is missing or malformed ({error!r})") from error


def passes(params: TrainParams) -> int:
    """Passes over the images that a run makes: filters of a second layer make their own."""
    return params.epochs * (2 if params.layer == "conv" and params.filters_2 > 0 else 1)


def _layers(tensors: dict[str, torch.Tensor], params: TrainParams) -> tuple[Layer, ...]:
    """The layers of a file, of the sizes that the parameters ask for."""
    # (neurons, inputs) of each layer; how many inputs a dense one has depends on the picture.
    sizes: tuple[tuple[int, int | None], ...] = ((params.neurons, None),)
    if params.layer == "conv":
        first = (params.filters, CHANNELS * params.filter_size**2)
        # Layers learn one after the other: the second is missing while the first one learns.
        both = params.filters_2 > 0 and ("weights_2" in tensors or "coef" in tensors)
        second = (params.filters_2, params.filters * SIDE_2**2)
        sizes = (first, second) if both else (first,)
    found = []
    for suffix, size in zip(("", "_2"), sizes, strict=False):
        weights = _checked(tensors, f"weights{suffix}", _FLOATS, size)
        theta = _checked(tensors, f"theta{suffix}", _FLOATS, size[:1])
        # A spike reads a column: stored transposed, as training does.
        found.append(Layer(weights.to(torch.float32).t().contiguous().t(), theta.float()))
    return tuple(found)


def _figures(values: Mapping[str, Any]) -> dict[str, float]:
    spec = Spec("float", "", lo=-1e12, hi=1e12)
    return {
        str(name): float(check(f"checkpoint: {name}", value, spec))
        for name, value in values.items()
    }


def _whole(meta: dict[str, Any], name: str, least: int = 0) -> int:
    """A counter of the file's description, checked."""
    spec = Spec("int", "", lo=least, hi=2**53)
    return int(check(f"checkpoint: {name}", meta[name], spec))


def _checked(
    tensors: dict[str, torch.Tensor],
    name: str,
    dtypes: tuple[torch.dtype, ...],
    shape: tuple[int | None, ...],
) -> torch.Tensor:
    """Tensor `name` if it has such a type and this shape (None: any size)."""
    tensor = tensors[name]
    fits = len(tensor.shape) == len(shape) and all(
        (want is None and size > 0) or want == size
        for want, size in zip(shape, tensor.shape, strict=True)
    )
    if tensor.dtype not in dtypes or not fits:
        raise ValueError(
            f"checkpoint: {name} must be {dtypes[0]} {shape}, "
            f"got {tensor.dtype} {tuple(tensor.shape)}"
        )
    return tensor


def _readouts(
    tensors: dict[str, torch.Tensor],
    meta: dict[str, Any],
    params: TrainParams,
    layers: tuple[Layer, ...],
) -> Trained:
    """The part of a file that a finished run has."""
    names = tuple(str(name) for name in meta["class_names"])
    n_classes = len(names)
    if not 1 <= n_classes <= 1000 or any(len(n) > 80 or not n.isprintable() for n in names):
        raise ValueError(
            "checkpoint: class_names must be 1 to 1000 printable words of <= 80 letters"
        )
    side = Spec("int", "", unit="px", lo=1, hi=1024)
    height, width = (int(check("checkpoint: image_shape", n, side)) for n in meta["image_shape"])
    n_in = drive.input_size(height, width, params)
    if params.layer == "dense" and layers[0].weights.shape[1] != n_in:
        raise ValueError(
            f"checkpoint: {layers[0].weights.shape[1]} inputs do not fit images of "
            f"{(height, width)} pixels"
        )
    n_features = feature_count(params, height, width)
    labels = _checked(tensors, "neuron_labels", (torch.int64,), (n_features,))
    if int(labels.min()) < -1 or int(labels.max()) >= n_classes:
        raise ValueError(f"checkpoint: neuron_labels must be in -1..{n_classes - 1}")
    scale = _checked(tensors, "scale", _FLOATS, (n_features,))
    if float(scale.min()) <= 0:
        raise ValueError(f"checkpoint: scale must be > 0, got {float(scale.min())}")
    mean = _checked(tensors, "mean", _FLOATS, (n_features,))
    coef = _checked(tensors, "coef", _FLOATS, (n_classes, n_features))
    intercept = _checked(tensors, "intercept", _FLOATS, (n_classes,))
    alpha = Spec("float", "", lo=0.0, hi=1e300)
    return Trained(
        params,
        layers,
        labels.numpy(),
        CountScaler(mean.numpy().astype(np.float64), scale.numpy().astype(np.float64)),
        readout.LinearReadout(
            coef.float().numpy(),
            intercept.float().numpy(),
            float(check("checkpoint: alpha", meta["alpha"], alpha)),
        ),
        names,
        (height, width),
    )
