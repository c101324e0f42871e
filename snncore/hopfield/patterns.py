"""The pictures that a memory stores, as rows of numbers.

binary: a pattern is N numbers in {-1, +1}, +1 where the picture is brighter than a threshold.
grey and rgb: N numbers in 0..1, the picture's intensities (rgb: three a pixel, channel last).
Nothing of size N×N follows from them anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import rng
from snncore.datasets.images import resize, to_float, to_grey
from snncore.hopfield.pictures import (
    THRESHOLDS,
    binarise,
    choose,
    contrast,
    fit,
    scaled_shape,
    to_rgb,
)
from snncore.params import Params, choice, integer

Tensor = torch.Tensor
MODES = ("binary", "grey", "rgb")
PICKS = ("classes", "first", "contrast")
MIN_SIDE, MAX_SIDE = 4, 256  # pixels, of the longest side
MAX_NUMBERS = 60_000_000  # P·N; 240 MB in float32


@dataclass(frozen=True)
class PatternParams(Params):
    """Which pictures of a data set are stored, and as what."""

    count: int = integer(
        10, 1, 20_000, "How many pictures to store (fewer if the set has fewer).", label="Pictures"
    )
    offset: int = integer(
        0, 0, 100_000, "How many pictures of the order to leave out first.", label="Start at"
    )
    size: int = integer(
        0,
        0,
        MAX_SIDE,
        "Longest side to which the pictures are shrunk or enlarged, from 4; 0 leaves them as "
        "they are.",
        unit="pixels",
        step=4,
        label="Size",
    )
    mode: str = choice(
        "binary",
        MODES,
        "binary: each pixel black or white; grey: its grey level; rgb: its colour.",
        label="Colours",
    )
    threshold: str = choice(
        "mean",
        THRESHOLDS,
        "Grey level above which a pixel is white: the picture's mean, Otsu's split of the picture, "
        "or the mean around the pixel (a quarter of the picture wide).",
        label="Threshold",
    )
    pick: str = choice(
        "classes",
        PICKS,
        "classes: one picture of each class in turn; first: in the order of the file; contrast: "
        "the most contrasted picture of each class.",
        label="Choose",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if 0 < self.size < MIN_SIDE:
            raise ValueError(f"size must be 0 (as stored) or >= {MIN_SIDE} pixels, got {self.size}")


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

    @property
    def channels(self) -> int:
        """Numbers a pixel: 3 in colour, else 1."""
        return 3 if self.mode == "rgb" else 1

    def to(self, device: torch.device) -> Patterns:
        """The same patterns with their states on `device`."""
        return self._replace(states=self.states.to(device))


def make_patterns(
    images: NDArray[np.uint8],
    labels: NDArray[np.int64] | None = None,
    class_names: Sequence[str] = (),
    params: PatternParams | None = None,
) -> Patterns:
    """The patterns of a set of pictures, on the CPU.

    Args:
        images: uint8 [S, H, W] or [S, H, W, 3].
        labels: int64 [S]; without them all pictures are of one class.
        class_names: names of the classes, for the captions.

    Raises:
        ValueError: not images, labels of another length, an offset beyond the last picture, or
            more numbers than `MAX_NUMBERS`.
    """
    p = params or PatternParams()
    unnamed = labels is None
    if labels is None:
        labels = np.zeros(len(images), dtype=np.int64)
    if len(labels) != len(images):
        raise ValueError(f"labels must have {len(images)} entries, got {len(labels)}")
    if not len(images):
        raise ValueError("images must hold at least one picture, got none")
    if p.offset >= len(images):
        raise ValueError(f"offset must be < {len(images)}, the number of pictures, got {p.offset}")
    contrasts = contrast(images) if p.pick == "contrast" else None
    chosen = choose(labels, p.count, p.pick, p.offset, contrasts)
    shape = scaled_shape((images.shape[1], images.shape[2]), p.size, MAX_SIDE)
    numbers = len(chosen) * shape[0] * shape[1] * (3 if p.mode == "rgb" else 1)
    if numbers > MAX_NUMBERS:
        raise ValueError(
            f"pictures × numbers for each must be <= {MAX_NUMBERS:,}, got {numbers:,}; "
            "choose fewer pictures or a smaller size"
        )
    pictures = to_rgb(images[chosen]) if p.mode == "rgb" else to_grey(images[chosen])
    names = tuple(
        str(class_names[k]) if not unnamed and 0 <= k < len(class_names) else f"picture {i + 1}"
        for i, k in enumerate(labels[chosen])
    )
    return Patterns(_states(resize(pictures, shape), p.mode, p.threshold), shape, names, p.mode)


def _states(pictures: NDArray[np.uint8], mode: str, threshold: str) -> Tensor:
    """[P, N] of pictures that have their final size."""
    if mode == "binary":
        return torch.from_numpy(binarise(pictures, threshold))
    return torch.from_numpy(to_float(pictures).reshape(len(pictures), -1))


def with_own(
    patterns: Patterns,
    own: Sequence[NDArray[np.uint8]],
    threshold: str = "mean",
    names: Sequence[str] = (),
) -> Patterns:
    """`patterns` with a user's own pictures before them, in the mode and shape of the others.

    Args:
        own: uint8 [h, w] or [h, w, 3], of any size; their largest centred part is taken.
        threshold: for binary patterns.
        names: captions of the own pictures; "yours 1", … without.
    """
    if not own:
        return patterns
    if names and len(names) != len(own):
        raise ValueError(f"names must have {len(own)} entries, got {len(names)}")
    ready = np.stack([fit(picture, patterns.shape, patterns.mode) for picture in own])
    states = _states(ready, patterns.mode, threshold).to(patterns.states.device)
    captions = tuple(names) or tuple(f"yours {k + 1}" for k in range(len(own)))
    return patterns._replace(
        states=torch.cat([states, patterns.states]), names=captions + patterns.names
    )


def random_patterns(
    count: int,
    shape: tuple[int, int],
    seed: int = 0,
    *,
    activity: float = 0.5,
    overlap: float = 0.0,
) -> Patterns:
    """Random black and white patterns, alike to a chosen degree.

    Each pixel is white with probability `activity`. With probability √overlap a pixel is that of
    a template which all patterns share, so `overlap` is the correlation of a pixel in two
    patterns, and for activity ½ their mean overlap ξ·ξ'/N.

    Args:
        count: P >= 1.
        shape: H, W.
        activity: 0..1.
        overlap: 0..1; at 1 all patterns are equal.
    """
    if count < 1 or min(shape) < 1:
        raise ValueError(f"count and shape must be >= 1, got {count} and {shape}")
    for name, value in (("activity", activity), ("overlap", overlap)):
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"{name} must be in 0..1, got {value}")
    n = shape[0] * shape[1]
    if count * n > MAX_NUMBERS:
        raise ValueError(f"count × pixels must be <= {MAX_NUMBERS:,}, got {count * n:,}")
    white = rng.threshold(torch.tensor(activity))
    shared = rng.threshold(torch.tensor(overlap**0.5))
    number = rng.stream("patterns")
    states = torch.empty((count, n), dtype=torch.int8)
    template = rng.draws(seed, number, torch.tensor([0]), n, 1)[0] < white
    step = max(1, 500_000 // n)  # the draws take about 200 bytes a pixel
    for start in range(0, count, step):
        samples = torch.arange(start, min(start + step, count)) + 1
        words = rng.draws(seed, number, samples, n, 2)
        bright = torch.where(words[1] < shared, template, words[0] < white)
        states[start : start + step] = torch.where(bright, 1, -1)
    return Patterns(states, shape, tuple(f"random {k + 1}" for k in range(count)))


def check_states(states: Tensor, name: str = "patterns") -> None:
    """Raises ValueError unless `states` is a non-empty [P, N] of -1 and +1."""
    if states.ndim != 2 or 0 in states.shape:
        raise ValueError(f"{name} must be [P, N] and not empty, got {tuple(states.shape)}")
    if not bool((states.abs() == 1).all()):
        raise ValueError(f"{name} must be -1 or +1 everywhere")


def check_patterns(patterns: Patterns) -> None:
    """Raises ValueError unless the states are what mode and shape say."""
    if patterns.mode not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}, got {patterns.mode!r}")
    states = patterns.states
    n = patterns.shape[0] * patterns.shape[1] * patterns.channels
    if states.ndim != 2 or not len(states) or not n or states.shape[1] != n:
        raise ValueError(
            f"patterns must be [P, {n}] for {patterns.mode} pictures of "
            f"{patterns.shape[0]}×{patterns.shape[1]} and not empty, got {tuple(states.shape)}"
        )
    if patterns.mode == "binary":
        check_states(states)
    elif not bool(((states >= 0) & (states <= 1)).all()):
        raise ValueError("patterns must be in 0..1 everywhere")
