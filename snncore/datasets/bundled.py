"""Image sets that come with the packages anyway: scikit-learn's digits, scikit-image's pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from snncore.datasets.images import ImageSet, Split, image_set, resize, to_grey

TEST_PER_CLASS = 40  # of about 180: 400 test digits, 1397 training digits
SKIMAGE_SIDE = 128
SKIMAGE_NAMES = ("astronaut", "camera", "coffee", "horse")


def digits(split: Split) -> ImageSet:
    """scikit-learn's 1797 digits of 8×8 pixels, grey levels 0..16 scaled to 0..255.

    Of each class 40 digits, evenly spaced in the file's order, are the test part. The file is
    ordered by writer, so the test part is stratified by class and nearly so by writer.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.round(bunch.images * (255.0 / 16.0)).astype(np.uint8)
    labels = np.asarray(bunch.target, dtype=np.int64)
    is_test = np.zeros(len(labels), dtype=bool)
    for digit in range(10):
        members = np.flatnonzero(labels == digit)
        steps = (2 * np.arange(TEST_PER_CLASS) + 1) * len(members) // (2 * TEST_PER_CLASS)
        is_test[members[steps]] = True
    chosen = is_test if split == "test" else ~is_test
    return image_set(
        "digits",
        images[chosen],
        labels[chosen],
        tuple(str(digit) for digit in range(10)),
        split,
        "Handwritten digits of 8×8 pixels that come with scikit-learn (Alpaydin & Kaynak 1998); "
        "1397 for training, 400 for testing.",
    )


def skimage_four(split: Split) -> ImageSet:
    """Four well-known pictures of scikit-image, square, 128×128 grey.

    Wide pictures lose their sides; the horse, a silhouette that fills its picture, is set on a
    white square instead.
    """
    from skimage import data

    pictures = [_square(np.asarray(getattr(data, name)()), name) for name in SKIMAGE_NAMES]
    return image_set(
        "skimage",
        np.stack([resize(to_grey(picture[None]), SKIMAGE_SIDE)[0] for picture in pictures]),
        np.arange(len(SKIMAGE_NAMES)),
        SKIMAGE_NAMES,
        split,
        "Astronaut, camera, coffee and horse of scikit-image, 128×128 grey; "
        "training and test part are the same four pictures.",
    )


def _square(picture: NDArray[np.uint8] | NDArray[np.bool_], name: str) -> NDArray[np.uint8]:
    """uint8 [side, side] or [side, side, 3] of a picture of any shape."""
    pixels = picture.astype(np.uint8) * 255 if picture.dtype == bool else picture.astype(np.uint8)
    height, width = pixels.shape[:2]
    if name == "horse":
        side = max(height, width)
        canvas = np.full((side, side), 255, dtype=np.uint8)
        top, left = (side - height) // 2, (side - width) // 2
        canvas[top : top + height, left : left + width] = pixels
        return canvas
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]
