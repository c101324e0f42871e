"""One door to every layer: `params.layer` says which module learns, counts and shows.

`dense` neurons see the whole picture (`snncore.stdp.dense`); `conv` filters slide over it
(`snncore.stdp.conv`). Either way learning is a generator of immutable snapshots that the caller
drives. Stopping is not asking for the next snapshot; a stopped run continues from any snapshot as
if it had never stopped, because every draw is a function of (seed, epoch, image), not of history.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import rng
from snncore.stdp import conv_shape, drive
from snncore.stdp.features import count_spikes, prepare, present_dense
from snncore.stdp.params import TrainParams
from snncore.stdp.state import Draw, Layer
from snncore.stdp.state import Snapshot as Snapshot
from snncore.stdp.synapses import check_inputs

_COUNT_CELLS = 100_000  # neurons × images of one call while counting: it holds the kernels' lock


def _engine(params: TrainParams) -> ModuleType:
    """The module that computes a layer of this kind."""
    if params.layer == "conv":
        from snncore.stdp import conv

        return conv
    from snncore.stdp import dense

    return dense


def _as_tuple(layers: tuple[Layer, ...] | Layer) -> tuple[Layer, ...]:
    return (layers,) if isinstance(layers, Layer) else layers


def first_layers(images: NDArray[np.uint8], params: TrainParams) -> tuple[Layer, ...]:
    """The untrained layers for grey images uint8 [S, H, W]; the control of every result."""
    layers: tuple[Layer, ...] = _engine(params).first_layers(images, params)
    return layers


def first_layer(images: NDArray[np.uint8], params: TrainParams) -> Layer:
    """The first of `first_layers`."""
    return first_layers(images, params)[0]


def feature_count(params: TrainParams, height: int, width: int) -> int:
    """How many spike counts an image of height × width pixels gives."""
    if params.layer == "dense":
        return params.neurons
    return int(_engine(params).feature_count(params, height, width))


def count_type(params: TrainParams, height: int, width: int) -> type[np.unsignedinteger[Any]]:
    """Integers that hold every spike count; a dense neuron spikes at most once a step."""
    if params.layer == "dense":
        return np.uint8 if params.feature_steps <= 255 else np.uint16
    return conv_shape.count_type(conv_shape.shapes(params, height, width)[0], params.grid)


def memory_bytes(params: TrainParams, n_images: int, height: int, width: int) -> int:
    """Estimate of the peak memory of learning from, counting and reading out `n_images` images."""
    return int(_engine(params).memory_bytes(params, n_images, height, width))


def train(
    images: NDArray[np.uint8],
    params: TrainParams,
    *,
    device: torch.device | None = None,
    resume: Snapshot | None = None,
    every_s: float = 0.3,
) -> Iterator[Snapshot]:
    """Learn from images without labels.

    Args:
        images: grey, uint8 [S, H, W], S >= 1.
        params: with `images`, they determine the result.
        device: where to compute; the CPU by default.
        resume: continue after this snapshot (of a run with the same images and parameters, but
            for `epochs`).
        every_s: time between snapshots; the last one is always yielded.

    Raises:
        ValueError: images of a wrong type or shape, none at all, more pixels than a dense layer
            can count with, or a snapshot of another run.
    """
    if params.layer == "dense" and images.ndim == 3:
        height, width = images.shape[1:]
        check_inputs(drive.input_size(height, width, params))
    snapshots: Iterator[Snapshot] = _engine(params).train(
        images, params, device=device, resume=resume, every_s=every_s
    )
    return snapshots


class Presentation(NamedTuple):
    """One image on its way through a dense layer, weights frozen."""

    cells: NDArray[np.uint8]  # [n_in], what the input cells see
    inputs: NDArray[np.bool_]  # [T, n_in] input spikes
    outputs: NDArray[np.bool_]  # [T, n_out] spikes of the layer, competition on
    potentials: NDArray[np.float32]  # [T, n_out] just before the reset of the step


def present(
    layers: tuple[Layer, ...] | Layer,
    image: NDArray[np.uint8],
    params: TrainParams,
    *,
    sample: int = 0,
) -> Any:
    """Show one grey image uint8 [H, W] for `feature_steps`; `sample` numbers its random draws.

    Returns:
        A `Presentation`, or for filters a `snncore.stdp.conv.ConvPresentation`.
    """
    if params.layer == "conv":
        return _engine(params).present(_as_tuple(layers), image, params, sample=sample)
    values = drive.cells(image[None], params)
    limit = drive.inputs(values, params, params.feature_steps)
    draw = Draw(params.seed, rng.stream("feature_spikes"), torch.tensor([sample]))
    shown = present_dense(_as_tuple(layers)[0], limit, draw, params)
    return Presentation(values[0], shown.inputs, shown.outputs, shown.potentials)


def counts(
    layers: tuple[Layer, ...] | Layer,
    images: NDArray[np.uint8],
    params: TrainParams,
    *,
    first_sample: int = 0,
    device: torch.device | None = None,
) -> Iterator[tuple[int, Any]]:
    """Spike counts of `images` in pieces: (images done, counts uint8 or uint16 [b, n_features]).

    `first_sample` numbers the images for their random draws, so that training and test images,
    or two parts of one set, draw different spikes.
    """
    if params.layer == "conv":
        yield from _engine(params).counts(
            _as_tuple(layers), images, params, first_sample=first_sample, device=device
        )
        return
    layer = _as_tuple(layers)[0]
    layer = layer if device is None else layer.to(device)
    prepared = prepare(layer, params)
    stream = rng.stream("feature_spikes")
    at_once = max(16, _COUNT_CELLS // params.neurons)  # bounds time and memory, not the result
    for start in range(0, len(images), at_once):
        part = images[start : start + at_once]
        limit = drive.inputs(drive.cells(part, params), params, params.feature_steps)
        samples = torch.arange(first_sample + start, first_sample + start + len(part))
        done = start + len(part)
        draw = Draw(params.seed, stream, samples)
        yield done, count_spikes(layer, limit, draw, params, prepared)
