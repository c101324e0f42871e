"""A user's own picture as the training images are: grey, light on dark, sized and centred.

MNIST's digits were cut out, scaled to fit a box of 20×20 pixels with their proportions kept, and
placed in 28×28 pixels with their centre of mass in the middle (LeCun, Bottou, Bengio & Haffner
1998, Proc. IEEE 86:2278, section III.A). A network that learnt such digits reads a drawing well
only after the same steps, so `prepare` takes them one by one and says which it took.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from snncore import datasets

_BOX = 20 / 28  # the longer side of an MNIST digit, as a fraction of the picture
_INK = 0.1  # of the strongest ink: fainter is paper, when the digit is cut out
_FAINT = 8  # grey levels: a picture with less contrast is empty


class Prepared(NamedTuple):
    """A picture that a network can be shown, and what was done to it."""

    image: NDArray[np.uint8]  # [h, w]
    steps: tuple[str, ...]  # in plain words, in order
    inverted: bool


def prepare(
    image: NDArray[np.uint8],
    shape: tuple[int, int] = (28, 28),
    dataset: str = "mnist",
    *,
    invert: bool | None = None,
) -> Prepared:
    """Bring one picture into the form of a data set's images.

    Args:
        image: uint8 [H, W] grey or [H, W, 3] RGB, any size.
        shape: height and width of the network's images.
        dataset: "mnist": paper taken off, cut out, 20/28 of the side, centred by mass. "digits"
            (scikit-learn's): the same, but it fills the whole side. Any other: resized only.
        invert: True for dark ink on light paper, False for light on dark; None looks at the frame
            of the picture: paper is what is there. Other data sets are inverted when asked only.

    Raises:
        ValueError: not a uint8 picture, or an empty one.
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.size == 0:
        raise ValueError(
            f"image must be uint8 [H, W] or [H, W, 3], got {image.dtype} {image.shape}"
        )
    steps = ["turned to grey"] if image.ndim == 3 else []
    grey = datasets.to_grey(image[None])[0]
    if dataset not in ("mnist", "digits"):
        if invert:
            grey, steps = (255 - grey).astype(np.uint8), [*steps, "inverted"]
        if grey.shape != shape:
            steps.append(f"resized to {shape[1]}×{shape[0]} pixels")
        return Prepared(datasets.resize(grey[None], shape)[0], tuple(steps), bool(invert))
    frame = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(frame))
    if invert is None:
        invert = paper > 127
    if invert:
        steps.append("inverted: ink is light on dark")
    ink = np.clip((paper - grey) if invert else (grey - paper), 0.0, None)
    strongest = float(ink.max())
    if strongest < _FAINT:
        return Prepared(np.zeros(shape, np.uint8), (*steps, "found no ink: empty"), invert)
    ink *= 255.0 / strongest
    if paper not in (0.0, 255.0) or strongest < 255:
        steps.append("paper taken off, strongest ink set to 255")
    part = _cut_out(ink)
    box = _BOX if dataset == "mnist" else 1.0
    side = tuple(max(1, round(box * length)) for length in shape)
    scaled = _fit(part, (side[0], side[1]))
    steps.append(f"cut out and scaled to fit {side[1]}×{side[0]} pixels, proportions kept")
    placed = _placed(scaled, shape, by_mass=dataset == "mnist")
    middle = "its centre of mass" if dataset == "mnist" else "its box"
    steps.append(f"placed with {middle} in the middle of {shape[1]}×{shape[0]} pixels")
    return Prepared(placed, tuple(steps), invert)


def _cut_out(ink: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The smallest box that holds all clear ink."""
    clear = ink > 255.0 * _INK
    rows, columns = np.flatnonzero(clear.any(axis=1)), np.flatnonzero(clear.any(axis=0))
    return np.rint(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]).astype(np.uint8)


def _fit(part: NDArray[np.uint8], box: tuple[int, int]) -> NDArray[np.uint8]:
    """`part` scaled with its proportions kept, as large as fits into `box`."""
    ratio = min(box[0] / part.shape[0], box[1] / part.shape[1])
    size = tuple(max(1, round(ratio * length)) for length in part.shape)
    if size == part.shape:
        return part
    # Pillow widens its kernel when it makes a picture smaller, so lines are not lost.
    small = Image.fromarray(part).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return np.asarray(small, np.uint8)


def _placed(part: NDArray[np.uint8], shape: tuple[int, int], *, by_mass: bool) -> NDArray[np.uint8]:
    """`part` on black with its centre (of mass, or of its box) in the middle, all of it inside."""
    page = np.zeros(shape, np.uint8)
    corner = []
    for axis, length in enumerate(shape):
        size = part.shape[axis]
        mass = part.sum(axis=1 - axis, dtype=np.float64)
        centre = (size - 1) / 2
        if by_mass and mass.sum() > 0:
            centre = float((mass * np.arange(size)).sum() / mass.sum())
            # MNIST's middle is pixel 14 of 28, counted from 0.
            corner.append(round(length / 2 - centre))
        else:
            corner.append(round((length - 1) / 2 - centre))
        corner[axis] = min(max(corner[axis], 0), length - size)
    page[corner[0] : corner[0] + part.shape[0], corner[1] : corner[1] + part.shape[1]] = part
    return page
