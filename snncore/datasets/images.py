"""What an image set is, and the few things that are done to its pictures: resize, grey, float."""

from __future__ import annotations

import hashlib
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Split = Literal["train", "test"]
MAX_SIDE = 1024  # pixels; nothing in the project needs larger pictures


class ImageSet(NamedTuple):
    """Pictures with labels; the arrays are read-only, because they are shared by all callers."""

    name: str
    images: NDArray[np.uint8]  # [S, H, W] grey or [S, H, W, 3] RGB
    labels: NDArray[np.int64]  # [S], 0..K-1
    class_names: tuple[str, ...]  # [K]
    split: str  # "train" or "test"
    source: str  # one sentence for the reader: where the pictures come from


class DatasetMissing(ValueError):
    """A data set that exists but cannot be read here; the message names the cure."""


def check_split(split: str) -> Split:
    """`split` if it is "train" or "test", else ValueError."""
    if split not in get_args(Split):
        raise ValueError(f"split must be train or test, got {split!r}")
    return "train" if split == "train" else "test"


def image_set(
    name: str,
    images: NDArray[np.uint8],
    labels: NDArray[Any],
    class_names: tuple[str, ...],
    split: Split,
    source: str,
) -> ImageSet:
    """An `ImageSet` whose arrays are checked, contiguous and read-only.

    Raises:
        ValueError: a shape or type that no caller could use, or a label without a class.
    """
    images = np.ascontiguousarray(check_images(images))
    labels = np.ascontiguousarray(labels, dtype=np.int64)
    if labels.shape != (len(images),):
        raise ValueError(f"labels must be [{len(images)}] like the images, got {labels.shape}")
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(class_names):
        raise ValueError(
            f"labels must be in 0..{len(class_names) - 1}, got {labels.min()}..{labels.max()}"
        )
    images, labels = images.view(), labels.view()
    images.flags.writeable = labels.flags.writeable = False
    return ImageSet(name, images, labels, class_names, split, source)


def check_images(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`images` if it is uint8 [S, H, W] or [S, H, W, 3], else ValueError."""
    rgb = images.ndim == 4 and images.shape[3] == 3
    if images.dtype != np.uint8 or not (images.ndim == 3 or rgb):
        raise ValueError(
            f"images must be uint8 [S, H, W] or [S, H, W, 3], got {images.dtype} {images.shape}"
        )
    return images


def resize(images: NDArray[np.uint8], size: int | tuple[int, int]) -> NDArray[np.uint8]:
    """Pictures of another size, by Pillow's antialiased triangle filter in integer arithmetic.

    Args:
        images: uint8 [S, H, W] or [S, H, W, 3].
        size: side in pixels, or (height, width); 1..1024.

    Returns:
        uint8 [S, height, width] or [S, height, width, 3]; equal on every machine.

    Raises:
        ValueError: wrong type or shape of images, or a size out of range.
    """
    check_images(images)
    sides = size if isinstance(size, tuple) else (size, size)
    whole = all(isinstance(side, int) and not isinstance(side, bool) for side in sides)
    if not (whole and len(sides) == 2 and all(1 <= side <= MAX_SIDE for side in sides)):
        raise ValueError(f"size must be whole numbers in 1..{MAX_SIDE} pixels, got {size!r}")
    height, width = sides
    out = np.empty((len(images), height, width, *images.shape[3:]), dtype=np.uint8)
    if images.shape[1:3] == (height, width):
        out[:] = images
        return out
    for k, picture in enumerate(images):
        shrunk = Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR)
        out[k] = np.asarray(shrunk)
    return out


def fitted_size(height: int, width: int, side: int) -> tuple[int, int]:
    """(height, width) shrunk in proportion until the longer is at most `side`; never enlarged."""
    scale = min(1.0, side / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def to_grey(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, rounded; grey pictures pass unchanged.

    uint8 [S, H, W, 3] or [S, H, W] → uint8 [S, H, W].
    """
    if check_images(images).ndim == 3:
        return images
    weights = np.array([299, 587, 114], dtype=np.uint32)
    out = np.empty(images.shape[:3], dtype=np.uint8)
    for k, picture in enumerate(images):  # one at a time: the products take four times the bytes
        out[k] = ((picture * weights).sum(axis=2) + 500) // 1000
    return out


def to_float(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Intensities 0..1 (float32, value / 255) of uint8 pictures of the same shape."""
    if images.dtype != np.uint8:
        raise ValueError(f"images must be uint8, got {images.dtype}")
    return images.astype(np.float32) / np.float32(255)


def fingerprint(pictures: ImageSet) -> str:
    """SHA-256 of pictures and labels: the identity of a set whatever it is called.

    Two files of the same name may differ; put this into a `params.digest` to tell them apart.
    """
    hasher = hashlib.sha256(repr(pictures.images.shape).encode())
    hasher.update(np.ascontiguousarray(pictures.images).data)
    hasher.update(np.ascontiguousarray(pictures.labels).data)
    return hasher.hexdigest()
