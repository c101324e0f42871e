"""Image sets that this project draws itself, 64×64 pixels: icons, letters (grey), signs (RGB).

They are always there, need no licence and no file, and are alike on every machine but for the
rounding of Pillow's antialiasing between its versions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from snncore.datasets.canvas import Canvas, Colour
from snncore.datasets.icons import ICONS, PAPER
from snncore.datasets.images import ImageSet, Split, image_set
from snncore.datasets.letters import ALPHABET, LETTERS
from snncore.datasets.signs import SIGNS, SKY

Drawing = tuple[str, Callable[[Canvas], None]]


def icons(split: Split) -> ImageSet:
    """Sixteen white icons on black, one class each."""
    return image_set(
        "icons",
        _draw(ICONS, PAPER),
        np.arange(len(ICONS)),
        tuple(name for name, _ in ICONS),
        split,
        f"{len(ICONS)} icons of 64×64 pixels drawn by this program, one of each; "
        "training and test part are the same pictures.",
    )


def signs(split: Split) -> ImageSet:
    """Road signs in colour on a plain sky, one class each."""
    return image_set(
        "signs",
        _draw(SIGNS, SKY),
        np.arange(len(SIGNS)),
        tuple(name for name, _ in SIGNS),
        split,
        f"{len(SIGNS)} European road signs of 64×64 pixels drawn by this program, one of each; "
        "training and test part are the same pictures.",
    )


def letters(split: Split) -> ImageSet:
    """The capital letters, white on black, one class each."""
    return image_set(
        "letters",
        _draw(LETTERS, PAPER),
        np.arange(len(LETTERS)),
        tuple(ALPHABET),
        split,
        f"{len(LETTERS)} capital letters of 64×64 pixels drawn by this program, one of each; "
        "training and test part are the same pictures.",
    )


def _draw(drawings: Sequence[Drawing], background: Colour) -> NDArray[np.uint8]:
    """uint8 [K, 64, 64] or [K, 64, 64, 3], one picture for each drawing."""
    pictures = []
    for _, draw in drawings:
        canvas = Canvas(background)
        draw(canvas)
        pictures.append(canvas.pixels())
    return np.stack(pictures)
