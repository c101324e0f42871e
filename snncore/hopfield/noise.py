"""Damage to pictures, each kind named for what it does.

With strength s, and x the value of a pixel (±1 in binary, 0..1 in grey and each channel of rgb):

- flip: with probability s a pixel becomes its opposite, -x (binary) or 1 - x.
- reassign: with probability s a pixel gets a random new value: -1 or +1, or one of the 256 grey
  levels. In binary half of the new values are the old ones, so reassign:0.2 flips only 10 %.
- gaussian: x + σ n with n ~ N(0, 1), never clipped (clipping would darken and lighten pictures
  unequally); the sign of binary is then wrong with probability Φ(-1/σ).
- salt_pepper: with probability s a pixel becomes black or white; in binary the same as reassign.
- erase: with probability s a pixel becomes unknown.
- occlude: a part of the picture is painted over, which the network takes for the truth.
- crop: a part of the picture becomes unknown.
- blur: Gaussian blur with a standard deviation of s/4 of the longest side, mirrored at the border.
- shift: moved to the right by s of the width, around the edge.

A pixel of a colour picture is hit as a whole; new values and Gaussian noise differ by channel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch

from snncore import rng
from snncore.hopfield.patterns import Patterns
from snncore.hopfield.probes import Probes, unknown_value
from snncore.kernels import kernel_threads
from snncore.kernels.damage import four_words
from snncore.params import Params, Spec, check, choice, number, parse

Tensor = torch.Tensor
TITLES = {
    "flip": "Flipped pixels",
    "reassign": "Reassigned pixels",
    "gaussian": "Gaussian noise",
    "salt_pepper": "Salt and pepper",
    "erase": "Erased pixels",
    "occlude": "Painted over",
    "crop": "Cropped",
    "blur": "Blurred",
    "shift": "Shifted",
}
IDEAS = {
    "flip": "This share of the pixels becomes its opposite: black is white, light is dark.",
    "reassign": "This share of the pixels gets a random new value. In black and white half of the "
    "new values are the old ones, so 20 % flips only 10 %.",
    "gaussian": "Normal noise of standard deviation σ is added to every pixel; nothing is clipped. "
    "Black is -1 and white +1; in grey and colour black is 0 and white 1.",
    "salt_pepper": "This share of the pixels becomes black or white. In black and white that is "
    "the same as reassigned.",
    "erase": "This share of the pixels is unknown, and the network is told so.",
    "occlude": "A part of the picture is painted over. The network takes the paint for the truth.",
    "crop": "A part of the picture is unknown, and the network is told so.",
    "blur": "Gaussian blur; at full strength its σ is a quarter of the longest side.",
    "shift": "Moved to the right by this share of the width; what leaves comes in at the left.",
}
KINDS = tuple(IDEAS)
PLACES = ("bottom", "top", "left", "right", "centre", "block")
PAINTS = ("black", "white", "grey")
LEVELS = 256  # grey levels that `reassign` draws from
_AT_A_TIME = 1_000_000  # pixels; their draws take about 150 bytes each
_BINARY_PAINT = {"black": -1.0, "white": 1.0, "grey": 0.0}
_GREY_PAINT = {"black": 0.0, "white": 1.0, "grey": 0.5}


@dataclass(frozen=True)
class NoiseParams(Params):
    """What happens to a picture before the network sees it."""

    kind: str = choice("flip", KINDS, "What is done to each picture.", label="Damage")
    strength: float = number(
        0.3,
        0.0,
        10.0,
        "Share of the picture concerned (0 to 1); for gaussian the standard deviation σ.",
        step=0.05,
        label="Strength",
    )
    place: str = choice(
        "bottom",
        PLACES,
        "The part that is painted over or cropped; block: a rectangle somewhere, for each probe "
        "elsewhere.",
        label="Which part",
    )
    paint: str = choice("black", PAINTS, "The paint of painted-over parts.", label="Paint")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind != "gaussian" and self.strength > 1.0:
            raise ValueError(
                f"strength must be in 0..1 for {self.kind} (a share of the picture), "
                f"got {self.strength}"
            )

    @property
    def uses_place(self) -> bool:
        """Whether `place` has any effect."""
        return self.kind in ("occlude", "crop")

    @property
    def uses_paint(self) -> bool:
        """Whether `paint` has any effect."""
        return self.kind == "occlude"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The noise that `kind:strength[:place[:paint]]` spells; the inverse of `to_text`.

        Examples: "flip:0.3", "crop:0.5:top", "occlude:0.5:left:white".
        """
        kind, *rest = text.split(":")
        most = {"occlude": 3, "crop": 2}.get(kind, 1)
        if kind not in KINDS or not 1 <= len(rest) <= most:
            raise ValueError(
                f"noise must be KIND:STRENGTH with KIND one of {', '.join(KINDS)} (for example "
                "flip:0.3; crop:0.5:top and occlude:0.5:left:white name the part and the paint), "
                f"got {text!r}"
            )
        specs: dict[str, Spec] = cls.specs()
        strength = parse("noise strength", rest[0], specs["strength"])
        names = zip(("place", "paint"), rest[1:], strict=False)
        words = {name: str(check(name, value, specs[name])) for name, value in names}
        return cls(kind=kind, strength=float(strength), **words)

    def to_text(self) -> str:
        """`kind:strength`, with place and paint where they matter, as the command line takes it."""
        words = [self.kind, repr(self.strength)]
        painted = self.uses_paint and self.paint != "black"
        if painted or (self.uses_place and self.place != "bottom"):
            words.append(self.place)
        if painted:
            words.append(self.paint)
        return ":".join(words)


def damage(
    patterns: Patterns,
    noise: NoiseParams,
    *,
    targets: Tensor | None = None,
    seed: int,
    samples: Tensor | None = None,
) -> Probes:
    """Damaged copies of stored pictures; the patterns stay as they are.

    Args:
        targets: int64 [B], which picture each probe is made from; each one once if None.
        seed: of the draws.
        samples: int64 [B], the number of each probe, on which alone its draws depend (0..B-1 if
            None).

    Returns:
        B probes on the device of the patterns; grey values may leave 0..1 (gaussian).
    """
    states = patterns.states
    if targets is None:
        targets = torch.arange(len(states), device=states.device)
    if samples is None:
        samples = torch.arange(len(targets), device=states.device)
    if samples.shape != targets.shape:
        raise ValueError(
            f"samples must have {len(targets)} entries, as targets, got {tuple(samples.shape)}"
        )
    clean = states[targets].to(torch.float32)
    whole = torch.ones_like(clean, dtype=torch.bool)
    if noise.kind in ("blur", "shift"):
        return Probes(operate(clean, patterns, noise), whole)
    if noise.uses_place:
        part = region(patterns, noise, seed=seed, samples=samples)
        if noise.kind == "crop":
            return Probes(clean.masked_fill(part, unknown_value(patterns.mode)), ~part)
        paints = _BINARY_PAINT if patterns.mode == "binary" else _GREY_PAINT
        return Probes(clean.masked_fill(part, paints[noise.paint]), whole, part)
    step = max(1, _AT_A_TIME // clean.shape[1])
    for k in range(0, len(clean), step):
        rows = slice(k, k + step)
        clean[rows], whole[rows] = _pixelwise(clean[rows], patterns, noise, seed, samples[rows])
    return Probes(clean, whole)


def _pixelwise(
    clean: Tensor, patterns: Patterns, noise: NoiseParams, seed: int, samples: Tensor
) -> tuple[Tensor, Tensor]:
    """Values and known of the kinds that draw for each pixel, on pictures [B, N]."""
    channels, binary = patterns.channels, patterns.mode == "binary"
    pixels = clean.shape[1] // channels
    words = _four_words(seed, samples, pixels)

    def by_channel(first: int) -> Tensor:
        """Words [B, N], one for each number, from the four of its pixel."""
        return words[first : first + channels].permute(1, 2, 0).reshape(clean.shape)

    whole = torch.ones_like(clean, dtype=torch.bool)
    if noise.kind == "gaussian":
        return clean + noise.strength * rng.normal(by_channel(0)), whole
    share = torch.tensor(noise.strength, device=clean.device)
    hit = (words[0] < rng.threshold(share)).repeat_interleave(channels, dim=1)
    if noise.kind == "erase":
        return clean.masked_fill(hit, unknown_value(patterns.mode)), ~hit
    if noise.kind == "flip":
        new = -clean if binary else 1.0 - clean
    elif binary:  # reassign and salt_pepper: black or white
        new = torch.where(words[1] < 1 << 31, 1.0, -1.0)
    elif noise.kind == "salt_pepper":
        new = (words[1] < 1 << 31).to(torch.float32).repeat_interleave(channels, dim=1)
    else:
        new = (by_channel(1) * LEVELS >> 32).to(torch.float32) / (LEVELS - 1)
    return torch.where(hit, new, clean), whole


def _four_words(seed: int, samples: Tensor, pixels: int) -> Tensor:
    """Draws 0..3 of each pixel of each sample, int64 [4, B, pixels]."""
    number = rng.stream("noise")
    if samples.device.type != "cpu":
        return rng.draws(seed, number, samples, pixels, 4)
    rng.check_samples(samples)
    out = np.empty((4, len(samples), pixels), dtype=np.int64)
    low, high = (np.uint32(word) for word in rng.split_seed(seed))
    with kernel_threads():
        four_words(samples.to(torch.int64).numpy(), np.uint32(number), low, high, out)
    return torch.from_numpy(out)


def region(
    patterns: Patterns, noise: NoiseParams, *, seed: int = 0, samples: Tensor | None = None
) -> Tensor:
    """The part that `occlude` and `crop` take, bool [B, N]; [1, N] where all probes share it.

    bottom, top, left, right: `strength` of the rows or columns, rounded. centre, block: a
    rectangle of the picture's aspect and `strength` of its area, in the middle or anywhere.
    """
    height, width = patterns.shape
    device = patterns.states.device
    row = torch.arange(height, device=device)[None, :, None]
    column = torch.arange(width, device=device)[None, None, :]
    rows, columns = round(noise.strength * height), round(noise.strength * width)
    if noise.place == "bottom":
        part = (row >= height - rows) & (column >= 0)
    elif noise.place == "top":
        part = (row < rows) & (column >= 0)
    elif noise.place == "left":
        part = (row >= 0) & (column < columns)
    elif noise.place == "right":
        part = (row >= 0) & (column >= width - columns)
    else:
        side = math.sqrt(noise.strength)
        rows, columns = round(side * height), round(side * width)
        top = torch.tensor([[[(height - rows) // 2]]], device=device)
        left = torch.tensor([[[(width - columns) // 2]]], device=device)
        if noise.place == "block":
            if samples is None:
                raise ValueError("samples must be given: a block lies elsewhere in each probe")
            words = rng.draws(seed, rng.stream("noise"), samples, 1, 2)[:, :, 0, None, None]
            top = words[0] * (height - rows + 1) >> 32
            left = words[1] * (width - columns + 1) >> 32
        part = (row >= top) & (row < top + rows) & (column >= left) & (column < left + columns)
    flat = part.reshape(len(part), -1).repeat_interleave(patterns.channels, dim=1)
    return flat if samples is None else flat.expand(len(samples), -1)


def operate(states: Tensor, patterns: Patterns, noise: NoiseParams) -> Tensor:
    """`blur` or `shift` of pictures float [B, N] that have the shape of `patterns`."""
    height, width = patterns.shape
    grid = states.to(torch.float32).reshape(len(states), height, width, patterns.channels)
    if noise.kind == "shift":
        moved = torch.roll(grid, round(noise.strength * width), dims=2)
        return moved.reshape(states.shape)
    sigma = 0.25 * noise.strength * max(height, width)
    down = _blur_matrix(height, sigma, states.device)
    across = _blur_matrix(width, sigma, states.device)
    blurred = torch.einsum("ih,bhwc,jw->bijc", down, grid, across)
    return blurred.reshape(states.shape)


def _blur_matrix(n: int, sigma: float, device: torch.device) -> Tensor:
    """float32 [n, n]: a Gaussian of ±4 σ along a line mirrored at its ends; rows sum to 1."""
    reach = math.ceil(4.0 * sigma)
    offsets = torch.arange(-reach, reach + 1)
    weights = torch.exp(-0.5 * (offsets / max(sigma, 1e-6)) ** 2)
    weights = weights / weights.sum()
    place = (torch.arange(n)[:, None] + offsets) % (2 * n)
    folded = torch.where(place < n, place, 2 * n - 1 - place)
    matrix = torch.zeros(n, n)
    matrix.scatter_add_(1, folded, weights.expand(n, -1))
    return matrix.to(device)
