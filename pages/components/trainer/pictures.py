"""The pictures of a layer at one moment of a run, made in the worker's thread."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pages.components.trainer.payload import Frame, Pictures
from snncore.plots import base
from snncore.plots.training_fields import MAX_FIELDS, field_png, receptive_fields, win_map
from snncore.stdp import Snapshot, TrainParams
from snncore.stdp.train import present

_CELLS = 100  # rows of a raster at most: the most driven cells, the busiest neurons
_FILM, _FILM_FIELDS = 12, 36  # moments kept, and how many fields of each
_PLACES = 24  # filters whose places are shown


def field_shape(params: TrainParams, image_shape: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of one receptive field."""
    size = params.filter_size
    return (size, size) if params.layer == "conv" else image_shape


def fields_of(
    snapshot: Snapshot, params: TrainParams, shape: tuple[int, int], count: int
) -> NDArray[np.uint8]:
    """Mosaic of the first layer's receptive fields, uint8 RGB."""
    weights = snapshot.layer.weights[:count].cpu().numpy()
    return receptive_fields(weights, field_shape(params, shape), count=count)


def pictures(
    snapshot: Snapshot, params: TrainParams, image: NDArray[np.uint8], label: str
) -> Pictures:
    """One image on its way through the layer as it is now."""
    size = (image.shape[0], image.shape[1])
    weights = snapshot.layer.weights[:MAX_FIELDS].cpu().numpy()
    seen = present(snapshot.layers, image, params)
    steps = seen.inputs.shape[0]
    cells, inputs = seen.cells.reshape(-1), seen.inputs.reshape(steps, -1)
    busiest = np.sort(np.argsort(cells, kind="stable")[-_CELLS:])
    outputs, places = _outputs(seen, steps, params)
    answers = np.sort(np.argsort(outputs.sum(axis=0), kind="stable")[-_CELLS:])
    spike = base.COLOURS["spike"]
    # A short presentation is drawn with wider steps: rasters are wider than high, whatever T is.
    wide = max(1, round(1.3 * _CELLS / steps))
    spikes_in, spikes_out = (
        np.repeat(spikes, wide, axis=0) for spikes in (inputs[:, busiest], outputs[:, answers])
    )
    return Pictures(
        field_png(weights, field_shape(params, size), width=720),
        min(MAX_FIELDS, len(snapshot.layer.theta)),
        base.png(image, scale=max(1, 112 // image.shape[0])),
        label,
        (base.raster_png(spikes_in, scale=4), base.raster_png(spikes_in, dark=True, scale=4)),
        len(busiest),
        (
            base.raster_png(spikes_out, colour=spike, scale=4),
            base.raster_png(spikes_out, dark=True, colour=spike, scale=4),
        ),
        len(answers),
        int(outputs.sum() if places is None else len(seen.wins)),
        int(outputs.any(axis=0).sum()),
        places,
    )


def _outputs(seen: Any, steps: int, params: TrainParams) -> tuple[NDArray[np.bool_], bytes | None]:
    """Output spikes [T, units]; of filters also a picture of where they won."""
    if params.layer == "dense":
        return seen.outputs, None
    wins = seen.wins
    spikes = np.zeros((steps, params.filters), dtype=np.bool_)
    spikes[wins[:, 0], wins[:, 1]] = True
    height, width = seen.inputs.shape[-2:]
    rows, columns = height - params.filter_size + 1, width - params.filter_size + 1
    mosaic, _ = win_map(wins, _PLACES, (max(1, rows), max(1, columns)))
    return spikes, base.png(mosaic, scale=max(1, 360 // mosaic.shape[1]))


class Film:
    """The receptive fields at few moments, evenly spread from the first to the last."""

    def __init__(self) -> None:
        self._frames: list[Frame] = []
        self._every, self._next = 1, 0

    def see(self, snapshot: Snapshot, params: TrainParams, shape: tuple[int, int]) -> None:
        """Take the moment if it is its turn."""
        if self._frames and snapshot.seen <= self._frames[-1].seen:
            return
        if self._next > 0:
            self._next -= 1
            return
        mosaic = fields_of(snapshot, params, shape, _FILM_FIELDS)
        self._frames.append(Frame(snapshot.seen, base.png(mosaic)))
        self._next = self._every - 1
        if len(self._frames) > _FILM:  # twice as far apart from now on
            del self._frames[1:-1:2]
            self._every *= 2

    def frames(self) -> tuple[Frame, ...]:
        """What was taken, earliest first."""
        return tuple(self._frames)
