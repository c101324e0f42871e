"""Pictures to ±1 patterns: grey, shrink, threshold, flatten.

A pattern is a row of P×N numbers in {-1, +1}: +1 where the picture is brighter than its own
threshold, -1 (background) elsewhere. Nothing of size N×N follows from it anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.filters import threshold_otsu

from snncore.datasets.images import resize, to_grey
from snncore.params import Params, choice, integer

Tensor = torch.Tensor
MAX_SIDE = 256  # pixels; 200 pictures of this size are 13 million states, 52 MB in float32


@dataclass(frozen=True)
class PatternParams(Params):
    """Which pictures of a data set are stored, and how they become black and white."""

    count: int = integer(
        10, 1, 200, "How many pictures to store (fewer if the set has fewer).", label="Pictures"
    )
    size: int = integer(
        64,
        4,
        MAX_SIDE,
        "Longest side after shrinking; smaller pictures stay as they are.",
        unit="pixels",
        step=4,
        label="Size",
    )
    threshold: str = choice(
        "mean",
        ("mean", "otsu"),
        "Grey level above which a pixel counts as bright: the picture's mean, or Otsu's split.",
        label="Threshold",
    )
    pick: str = choice(
        "classes",
        ("classes", "first"),
        "One picture of each class in turn, or simply the first ones of the file.",
        label="Choose",
    )


class Patterns(NamedTuple):
    """P stored pictures of H×W pixels, N = H·W numbers each (3·H·W in colour)."""

    states: Tensor  # binary: int8 [P, N] of -1 and +1; grey, rgb: float32 [P, N] in 0..1
    shape: tuple[int, int]  # H, W
    names: tuple[str, ...]  # P captions
    mode: str = "binary"  # "binary", "grey" or "rgb" (channel last: N = H·W·3)

    @property
    def picture_shape(self) -> tuple[int, ...]:
        """Shape into which a row of `states` unfolds: (H, W), or (H, W, 3)."""
        return (*self.shape, 3) if self.mode == "rgb" else self.shape

    def to(self, device: torch.device) -> Patterns:
        """The same patterns with their states on `device`."""
        return self._replace(states=self.states.to(device))


def fit(image: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Any picture [h, w] or [h, w, 3] to grey [H, W]: its largest centred part of that aspect."""
    height, width = shape
    h, w = image.shape[:2]
    crop_w, crop_h = min(w, max(1, h * width // height)), min(h, max(1, w * height // width))
    top, left = (h - crop_h) // 2, (w - crop_w) // 2
    part = image[top : top + crop_h, left : left + crop_w]
    return resize(to_grey(part[None]), shape)[0]


def shrunk_shape(shape: tuple[int, int], size: int) -> tuple[int, int]:
    """(H, W) scaled so that the longest side is at most `size`; never enlarged."""
    scale = min(1.0, size / max(shape))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def binarise(images: NDArray[np.uint8], threshold: str = "mean") -> NDArray[np.int8]:
    """Grey uint8 [S, H, W] to ±1 int8 [S, H·W], each picture at its own threshold.

    Args:
        threshold: "mean" (the picture's mean grey) or "otsu" (Otsu 1979: the split with the
            largest variance between the two classes). A picture of one grey is all -1.
    """
    if threshold not in ("mean", "otsu"):
        raise ValueError(f"threshold must be one of mean, otsu, got {threshold!r}")
    flat = images.reshape(len(images), -1)
    if threshold == "mean":
        levels = flat.mean(axis=1, dtype=np.float64)
    else:
        levels = np.array(
            [threshold_otsu(row) if row.min() < row.max() else row.max() for row in flat],
            dtype=np.float64,
        )
    return np.where(flat > levels[:, None], 1, -1).astype(np.int8)


def choose(labels: NDArray[np.int64], count: int, pick: str = "classes") -> NDArray[np.int64]:
    """Indices of the pictures to store: the first of each class, then the second of each, …

    Args:
        labels: class of each picture [S].
        count: how many; fewer come back if the set has fewer.
        pick: "classes" or "first" (0, 1, 2, …).
    """
    if pick == "first":
        return np.arange(min(count, len(labels)))
    # rank[i] = how many of the same class come before picture i
    order = np.argsort(labels, kind="stable")
    ordered = labels[order]
    first = np.searchsorted(ordered, ordered)  # where the run of this class begins
    rank = np.empty(len(labels), dtype=np.int64)
    rank[order] = np.arange(len(labels)) - first
    chosen: NDArray[np.int64] = np.lexsort((labels, rank))[:count]
    return chosen


def make_patterns(
    images: NDArray[np.uint8],
    labels: NDArray[np.int64] | None = None,
    class_names: Sequence[str] = (),
    params: PatternParams | None = None,
) -> Patterns:
    """The patterns of a set of pictures, on the CPU.

    Args:
        images: uint8 [S, H, W] or [S, H, W, 3].
        labels: int64 [S]; without them the pictures are taken in order.
        class_names: names of the classes, for the captions.

    Raises:
        ValueError: not images, or labels of another length.
    """
    p = params or PatternParams()
    pick = p.pick
    if labels is None:
        labels, pick = np.arange(len(images)), "first"
    if len(labels) != len(images):
        raise ValueError(f"labels must have {len(images)} entries, got {len(labels)}")
    chosen = choose(labels, p.count, pick)
    pictures = to_grey(images[chosen])
    shape = shrunk_shape((pictures.shape[1], pictures.shape[2]), p.size)
    if shape != pictures.shape[1:]:
        pictures = resize(pictures, shape)
    names = tuple(
        str(class_names[k]) if 0 <= k < len(class_names) else f"picture {i + 1}"
        for i, k in enumerate(labels[chosen])
    )
    return Patterns(torch.from_numpy(binarise(pictures, p.threshold)), shape, names)


def check_states(states: Tensor, name: str = "patterns") -> None:
    """Raises ValueError unless `states` is a non-empty [P, N] of -1 and +1."""
    if states.ndim != 2 or 0 in states.shape:
        raise ValueError(f"{name} must be [P, N] and not empty, got {tuple(states.shape)}")
    if not bool(((states == 1) | (states == -1)).all()):
        raise ValueError(f"{name} must be -1 or +1 everywhere")
