"""What each neuron or filter looks for, as small colour pictures, one by one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ON, OFF = (242.0, 158.0, 56.0), (75.0, 163.0, 227.0)  # orange and blue of the two channels
_SHADES = 12  # of each of two channels in `field_index`


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
    level = _levels(weights, shape)
    colours = np.array([(255.0,) * 3] if level.shape[1] == 1 else [ON, OFF])
    rgb = np.einsum("nchw,ck->nhwk", level, colours)
    tiles: NDArray[np.uint8] = np.clip(rgb, 0.0, 255.0).round().astype(np.uint8)
    return tiles


def field_index(
    weights: NDArray[np.float32], shape: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """`field_tiles` in few colours: uint8 [n, H, W], and the colours [K <= 255, 3] that it numbers.

    One channel has 64 shades of grey, each of two 12 shades. A picture of them has a third of the
    bytes, which counts where it is sent to fifty people again and again.
    """
    level = _levels(weights, shape)
    if level.shape[1] == 1:
        grey = np.linspace(0.0, 255.0, 64).round().astype(np.uint8)
        return (level[:, 0] * 63).round().astype(np.uint8), np.stack([grey] * 3, axis=1)
    steps = (level * (_SHADES - 1)).round().astype(np.uint8)
    shares = np.stack(np.divmod(np.arange(_SHADES**2), _SHADES), axis=1) / (_SHADES - 1)
    colours = np.clip(shares @ np.array([ON, OFF]), 0.0, 255.0).round().astype(np.uint8)
    index: NDArray[np.uint8] = steps[:, 0] * np.uint8(_SHADES) + steps[:, 1]
    return index, colours


def _levels(weights: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """[n, C, H, W], each neuron from 0 to 1 of its own maximum; refusals of `field_tiles`."""
    height, width = shape
    channels, rest = divmod(weights.shape[1], height * width)
    if rest or channels not in (1, 2):
        raise ValueError(
            f"weights must have {height * width} or twice as many inputs per neuron, "
            f"got {weights.shape[1]}"
        )
    fields = weights.reshape(-1, channels, height, width)
    peak = np.maximum(fields.max(axis=(1, 2, 3), keepdims=True), 1e-6)
    level: NDArray[np.float32] = np.clip(fields / peak, 0.0, 1.0)
    return level
