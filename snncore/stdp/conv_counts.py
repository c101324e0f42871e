"""What filters say of pictures: their spikes summed over fields, or one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import rng
from snncore.stdp import conv_features, drive
from snncore.stdp.conv_features import Wins
from snncore.stdp.conv_shape import PIECE, POOL, count_type, fields, for_depth, shapes
from snncore.stdp.params import TrainParams
from snncore.stdp.state import Draw, Layer


class ConvPresentation(NamedTuple):
    """One image on its way through the filters, weights frozen."""

    cells: NDArray[np.uint8]  # [C, H, W], what the input cells see
    inputs: NDArray[np.bool_]  # [T, C, H, W] input spikes
    wins: NDArray[np.int16]  # [n, 4]: step, filter, row and column of each spike of the first layer


def _all_wins(
    layers: tuple[Layer, ...],
    images: NDArray[np.uint8],
    draw: Draw,
    params: TrainParams,
) -> list[Wins]:
    """Spikes of each layer's filters for a batch of images."""
    looks = shapes(params, *images.shape[1:])
    maps = drive.maps(images, params)
    values = drive.inputs(maps.reshape(len(images), -1), params, params.feature_steps)
    wins = [conv_features.find_wins(layers[0], values, looks[0], draw, params)]
    if len(looks) == 2:
        values = conv_features.earliest(wins[0], params.filters, looks[0], POOL)
        own = for_depth(params, 1)
        wins.append(conv_features.find_wins(layers[1], values, looks[1], draw, own))
    return wins


def counts(
    layers: tuple[Layer, ...],
    images: NDArray[np.uint8],
    params: TrainParams,
    *,
    first_sample: int = 0,
    device: torch.device | None = None,
) -> Iterator[tuple[int, NDArray[Any]]]:
    """Spikes of each filter in each of grid × grid fields: (images done, counts [b, features]).

    Field after field, filters of the second layer after all of the first; uint8 where the largest
    possible count fits, else uint16. `first_sample` numbers the images for their random draws.
    """
    looks = shapes(params, *images.shape[1:])
    if len(layers) != len(looks):
        raise ValueError(f"layers must be {len(looks)}, got {len(layers)}: train to the end")
    layers = tuple(layer if device is None else layer.to(device) for layer in layers)
    stream = rng.stream("feature_spikes")
    kind = count_type(looks[0], params.grid)
    for start in range(0, len(images), PIECE):
        part = images[start : start + PIECE]
        samples = torch.arange(first_sample + start, first_sample + start + len(part))
        wins = _all_wins(layers, part, Draw(params.seed, stream, samples), params)
        sums = [
            conv_features.tally(found, len(layer.theta), look, params.grid).astype(kind, copy=False)
            for found, layer, look in zip(wins, layers, looks, strict=True)
        ]
        yield start + len(part), sums[0] if len(sums) == 1 else np.concatenate(sums, axis=1)


def present(
    layers: tuple[Layer, ...], image: NDArray[np.uint8], params: TrainParams, *, sample: int = 0
) -> ConvPresentation:
    """Show one grey image uint8 [H, W] for `feature_steps`; `sample` numbers its random draws."""
    look = shapes(params, *image.shape)[0]
    maps = drive.maps(image[None], params)
    values = drive.inputs(maps.reshape(1, -1), params, params.feature_steps)
    draw = Draw(params.seed, rng.stream("feature_spikes"), torch.tensor([sample]))
    inputs = drive.input_spikes(
        torch.from_numpy(values.astype(np.int64)), draw, params.feature_steps, params.code
    )
    first = layers[0].to(torch.device("cpu"))
    wins = conv_features.find_wins(first, values, look, draw, params)
    filters, steps = wins.filters[0].numpy(), wins.steps[0].numpy()
    place, order = np.nonzero(filters >= 0)
    table = np.stack(
        (
            steps[place, order],
            filters[place, order],
            place // look.columns,
            place % look.columns,
        ),
        axis=1,
    ).astype(np.int16)
    table = table[np.argsort(table[:, 0], kind="stable")]
    return ConvPresentation(maps[0], inputs[:, 0].numpy().reshape(-1, *maps.shape[1:]), table)


def win_features(
    wins: NDArray[np.int16], params: TrainParams, height: int, width: int
) -> NDArray[np.int64]:
    """Which feature each win of `present` adds 1 to, int64 [n]; those of the first layer.

    The counts up to a step are therefore `np.bincount` of the wins until then.
    """
    look = shapes(params, height, width)[0]
    field = fields(look, params.grid)[wins[:, 2].astype(np.int64) * look.columns + wins[:, 3]]
    result: NDArray[np.int64] = field * params.filters + wins[:, 1]
    return result


def filter_images(layer: Layer, params: TrainParams) -> NDArray[np.float32]:
    """Weights of the first layer's filters as pictures, float32 [filters, channels, K, K]."""
    side = params.filter_size
    return layer.weights.cpu().numpy().reshape(len(layer.theta), -1, side, side)
