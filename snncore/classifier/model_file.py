"""A trained classifier as a file: weights in safetensors, all else in its description."""

from __future__ import annotations

import os
from typing import Any, BinaryIO

import numpy as np
import torch

from snncore import checkpoint
from snncore.classifier.answers import Model
from snncore.classifier.data import Bounds
from snncore.classifier.inputs import n_channels
from snncore.classifier.network import Network
from snncore.classifier.params import MAX_CLASSES, ClassifierParams

KIND = "classifier"


def save_model(target: str | os.PathLike[str] | BinaryIO, model: Model) -> None:
    """Write `model`; a file appears complete or not at all."""
    parts = {
        name: torch.from_numpy(np.array(part))
        for name, part in model.network._asdict().items()
        if part.size  # without a hidden layer two of them are empty
    }
    meta = {
        "params": model.params.to_dict(),
        "names": list(model.names),
        "bounds": list(model.bounds),
    }
    checkpoint.save(target, KIND, parts, meta)


def load_model(source: str | os.PathLike[str] | bytes | BinaryIO) -> Model:
    """The inverse of `save_model`.

    Raises:
        ValueError: not such a file, damaged, or its parts do not fit each other.
        FileNotFoundError: the path does not exist.
    """
    found = checkpoint.load(source, KIND)
    params, names, bounds = _described(found.meta)
    n_in, n_hidden, n_out = n_channels(params), params.hidden, len(names)
    shapes: dict[str, tuple[int, ...]] = {
        "hidden_weights": (n_hidden, n_in),
        "hidden_bias": (n_hidden,),
        "weights": (n_out, n_hidden or n_in),
        "bias": (n_out,),
    }
    parts = []
    for name, shape in shapes.items():
        tensor = found.tensors.get(name, torch.empty(0))
        if 0 in shape:
            parts.append(np.empty(shape, np.float32))
            continue
        if tensor.dtype != torch.float32 or tuple(tensor.shape) != shape:
            raise ValueError(
                f"{name} must be float32 {list(shape)} for these parameters, got "
                f"{tensor.dtype} {list(tensor.shape)}; save the file again"
            )
        parts.append(tensor.numpy())
    return Model(params, Network(*parts), names, bounds)


def _described(meta: dict[str, Any]) -> tuple[ClassifierParams, tuple[str, ...], Bounds]:
    params, names, bounds = (meta.get(key) for key in ("params", "names", "bounds"))
    if not isinstance(params, dict):
        raise ValueError("params must describe the classifier; save the file again")
    if not isinstance(names, list) or not 2 <= len(names) <= MAX_CLASSES:
        raise ValueError(f"names must be of 2 to {MAX_CLASSES} classes; save the file again")
    if not isinstance(bounds, list) or [type(b) for b in bounds] != [float] * 4:
        raise ValueError("bounds must be four numbers; save the file again")
    square = Bounds(*bounds)
    if not (square.x0 < square.x1 and square.y0 < square.y1):
        raise ValueError(f"bounds must rise, got {tuple(square)}; save the file again")
    return ClassifierParams.from_dict(params), tuple(str(n) for n in names), square
