"""What each neuron or filter looks for, as small colour pictures, one by one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ON, OFF = (242.0, 158.0, 56.0), (75.0, 163.0, 227.0)  # orange and blue of the two channels


def field_tiles(weights: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Receptive fields as pictures, uint8 [n, H, W, 3].

    Args:
        weights: [n, C·H·W] with C = 1 (raw intensities) or 2 (ON and OFF cells, or the intensity
            and its complement).
        shape: (H, W): of the images for a dense layer, of the filter for a convolutional one.

    Each field is scaled to its own maximum. One channel runs from black to white; of two, the
    first is orange and the second blue.

    Raises:
        ValueError: the weights do not make up one or two such pictures a neuron.
    """
    height, width = shape
    channels, rest = divmod(weights.shape[1], height * width)
    if rest or channels not in (1, 2):
        raise ValueError(
            f"weights must have {height * width} or twice as many inputs per neuron, "
            f"got {weights.shape[1]}"
        )
    fields = weights.reshape(-1, channels, height, width)
    peak = np.maximum(fields.max(axis=(1, 2, 3), keepdims=True), 1e-6)
    level = np.clip(fields / peak, 0.0, 1.0)
    colours = np.array([(255.0,) * 3] if channels == 1 else [ON, OFF])
    rgb = np.einsum("nchw,ck->nhwk", level, colours)
    tiles: NDArray[np.uint8] = np.clip(rgb, 0.0, 255.0).round().astype(np.uint8)
    return tiles
