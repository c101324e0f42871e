"""The images of an experiment: grey pictures with labels, to learn from and to test on."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore import datasets


class Data(NamedTuple):
    """Grey images uint8 [S, H, W] and labels int64 [S], to train and to test on."""

    name: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    class_names: tuple[str, ...]


def load_data(name: str, limit: int = 0) -> Data:
    """Training and test images of a data set as grey pictures.

    Args:
        name: as in `datasets.load`.
        limit: at most so many training images, spread evenly over the set; 0 takes all.

    Raises:
        ValueError: no such data set, it is missing here, or its test images are not separate.
    """
    if name in ("skimage", "icons", "signs", "letters"):
        raise ValueError(
            f"data set {name!r} has one picture per class and no separate test images; "
            "train on digits, mnist, fashion, gtsrb or a .npz file"
        )
    return from_sets(datasets.load(name, "train"), datasets.load(name, "test"), limit)


def from_sets(first: datasets.ImageSet, second: datasets.ImageSet, limit: int = 0) -> Data:
    """Training and test images of two image sets (a user's file, say) as grey pictures."""
    if limit < 0:
        raise ValueError(f"limit must be >= 0 (0 takes all images), got {limit}")
    for part in (first, second):
        if len(part.images) < 2 or (part is first and len(np.unique(part.labels)) < 2):
            raise ValueError(
                f"the {part.split} part must hold at least 2 images, and the training images at "
                f"least 2 classes, got {len(part.images)} of {len(np.unique(part.labels))}"
            )
    if limit == 1:
        raise ValueError("limit must be 0 (all images) or at least 2, got 1")
    keep = np.arange(len(first.images))
    if 0 < limit < len(keep):
        keep = np.linspace(0, len(keep) - 1, limit).round().astype(np.int64)
    images = first.images if len(keep) == len(first.images) else first.images[keep]
    data = Data(
        first.name,
        datasets.to_grey(images),
        first.labels[keep],
        datasets.to_grey(second.images),
        second.labels,
        first.class_names,
    )
    if not data.train_images.any():
        raise ValueError(
            "the training images must not all be black: an input cell that sees nothing never "
            "spikes; check how the file was made (floats must be 0..1, not 0..255)"
        )
    return data


def images_sha256(data: Data) -> str:
    """Digest of the training images and labels: a run continues on these and no others."""
    digest = hashlib.sha256(repr(data.train_images.shape).encode())
    digest.update(np.ascontiguousarray(data.train_images).data)
    digest.update(np.ascontiguousarray(data.train_labels).data)
    return digest.hexdigest()
