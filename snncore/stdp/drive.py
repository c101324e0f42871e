"""From images to the integer limits that decide the input spikes.

An input spikes in a step where its random word is below its limit. Limits are computed on the CPU
from 8-bit values with correctly rounded operations only (integer sums, square root, division), so
they, and with them all input spikes, are the same whatever device, batch size or thread count.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import retina
from snncore.stdp.params import DRIVE_CAP, TrainParams


def input_size(height: int, width: int, params: TrainParams) -> int:
    """Number of inputs n_in for images of height × width pixels."""
    return height * width * (2 if params.retina == "on_off" else 1)


def cells(images: NDArray[np.uint8], params: TrainParams) -> NDArray[np.uint8]:
    """Input cells [B, n_in] of grey images uint8 [B, H, W].

    `raw`: the pixels. `on_off`: the rectified DoG responses, all ON cells first, each image scaled
    to a maximum of 255 and rounded to 8 bits.
    """
    if images.ndim != 3 or images.dtype != np.uint8:
        raise ValueError(f"images must be uint8 [B, H, W], got {images.dtype} {images.shape}")
    if params.retina == "raw":
        return images.reshape(len(images), -1)
    maps = retina.on_off(torch.from_numpy(images.astype(np.float32) / 255.0), retina.RetinaParams())
    flat = maps.reshape(len(images), -1).numpy()
    peak = np.maximum(flat.max(axis=1, keepdims=True), 1e-3)
    return np.rint(flat * (255.0 / peak)).astype(np.uint8)


def limits(cell_values: NDArray[np.uint8], params: TrainParams) -> NDArray[np.uint32]:
    """Limits uint32 [B, n_in]: P(spike) = probability · min(cap, gain · c / ‖c‖₂) = limit / 2³².

    Dividing by the L2 norm gives bright and faint images the same drive; an empty image stays
    silent.
    """
    values = cell_values.astype(np.float64)
    norm = np.sqrt((values * values).sum(axis=1, keepdims=True))
    drive = np.minimum(DRIVE_CAP, params.gain * values / np.maximum(norm, 1.0))
    return np.minimum(np.floor(drive * (params.probability * 2.0**32)), 2.0**32 - 1).astype(
        np.uint32
    )
