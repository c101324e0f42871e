"""Pictures made ready to be stored: cut to a shape, enlarged or shrunk, black and white.

The three thresholds: the picture's mean; Otsu's (1979, IEEE Trans. SMC 9:62) split with the
largest variance between the two sides; the mean of the pixel's neighbourhood ("local"), which
keeps what is inside the bright and inside the dark parts of an unevenly lit picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu

from snncore.datasets.images import resize, to_grey

THRESHOLDS = ("mean", "otsu", "local")
BLOCKS = 4  # the neighbourhood of "local" is a quarter of the picture's longest side
_AT_A_TIME = 4_000_000  # pixels; the sums of "local" take 30 bytes for each


def fit(image: NDArray[np.uint8], shape: tuple[int, int], mode: str = "grey") -> NDArray[np.uint8]:
    """Any picture [h, w] or [h, w, 3] to [H, W]: its largest centred part of that aspect.

    With mode "rgb" to [H, W, 3], a grey picture to three equal channels.
    """
    height, width = shape
    h, w = image.shape[:2]
    crop_w, crop_h = min(w, max(1, h * width // height)), min(h, max(1, w * height // width))
    top, left = (h - crop_h) // 2, (w - crop_w) // 2
    part = image[None, top : top + crop_h, left : left + crop_w]
    return resize(to_rgb(part) if mode == "rgb" else to_grey(part), shape)[0]


def to_rgb(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 [S, H, W] to [S, H, W, 3] of equal channels; pictures in colour pass unchanged."""
    return images if images.ndim == 4 else np.repeat(images[..., None], 3, axis=3)


def scaled_shape(shape: tuple[int, int], size: int, largest: int) -> tuple[int, int]:
    """(H, W) with `size` pixels on the longest side, enlarged if need be.

    size 0 keeps the shape unless a side is above `largest`, to which it is then shrunk.
    """
    longest = max(shape)
    scale = (size or min(longest, largest)) / longest
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def block_size(shape: tuple[int, int]) -> int:
    """Side of the neighbourhood of the local threshold: odd, at least 3 pixels."""
    return max(3, 2 * (max(shape) // (2 * BLOCKS)) + 1)


def binarise(images: NDArray[np.uint8], threshold: str = "mean") -> NDArray[np.int8]:
    """Grey uint8 [S, H, W] to ±1 int8 [S, H·W]: +1 where brighter than the threshold.

    Args:
        threshold: "mean" or "otsu" (of each picture), "local" (the mean of the square of
            `block_size` pixels around each pixel). A picture of one grey level is all -1.
    """
    if threshold not in THRESHOLDS:
        raise ValueError(f"threshold must be one of {', '.join(THRESHOLDS)}, got {threshold!r}")
    flat = images.reshape(len(images), -1)
    if threshold == "local":
        step = max(1, _AT_A_TIME // max(1, flat.shape[1]))
        parts = [_local(images[k : k + step]) for k in range(0, len(images), step)]
        bright = np.concatenate(parts) if parts else flat > 0
    elif threshold == "mean":
        bright = flat > flat.mean(axis=1, dtype=np.float64)[:, None]
    else:
        levels = [threshold_otsu(row) if row.min() < row.max() else row.max() for row in flat]
        bright = flat > np.array(levels, dtype=np.float64)[:, None]
    return np.where(bright, 1, -1).astype(np.int8)


def _local(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Brighter than the mean of its block [S, H·W]; the border is mirrored.

    In whole numbers (pixel · area > sum of the block), so that a flat region is never bright.
    """
    count, height, width = images.shape
    block = block_size((height, width))
    half = block // 2
    padded = np.pad(images, ((0, 0), (half, half), (half, half)), mode="symmetric")
    sums = np.zeros((count, height + block, width + block), dtype=np.int64)
    np.cumsum(np.cumsum(padded, axis=1, dtype=np.int64), axis=2, out=sums[:, 1:, 1:])
    around = (
        sums[:, block:, block:]
        - sums[:, :-block, block:]
        - sums[:, block:, :-block]
        + sums[:, :-block, :-block]
    )
    bright: NDArray[np.bool_] = images.astype(np.int64) * block**2 > around
    return bright.reshape(count, -1)


def contrast(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Standard deviation of each picture's grey levels [S]."""
    step = max(1, _AT_A_TIME // max(1, images[0].size))
    parts = [to_grey(images[k : k + step]) for k in range(0, len(images), step)]
    return np.concatenate([part.std(axis=(1, 2), dtype=np.float64) for part in parts])


def choose(
    labels: NDArray[np.int64],
    count: int,
    pick: str = "classes",
    offset: int = 0,
    contrasts: NDArray[np.float64] | None = None,
) -> NDArray[np.int64]:
    """Indices of the pictures to store: the first of each class, then the second of each, …

    Args:
        labels: class of each picture [S].
        count: how many; fewer come back if the set has fewer.
        pick: "classes"; "first" (0, 1, 2, …); "contrast" (the most contrasted of each class, then
            the second most of each, …).
        offset: how many of that order to leave out first.
        contrasts: [S], for "contrast".
    """
    if pick == "first":
        return np.arange(offset, min(offset + count, len(labels)))
    if pick == "contrast":
        if contrasts is None:
            raise ValueError("contrasts must be given to pick by contrast")
        order = np.lexsort((-contrasts, labels))
    else:
        order = np.argsort(labels, kind="stable")
    # rank[i] = how many of the same class come before picture i
    ordered = labels[order]
    first = np.searchsorted(ordered, ordered)  # where the run of this class begins
    rank = np.empty(len(labels), dtype=np.int64)
    rank[order] = np.arange(len(labels)) - first
    chosen: NDArray[np.int64] = np.lexsort((labels, rank))[offset : offset + count]
    return chosen
