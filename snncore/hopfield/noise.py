"""Corrupting pictures: flipped pixels, Gaussian noise, unknown pixels, hidden or blackened parts.

A probe is float32 [B, N]: the picture's ±1, changed; 0 means "unknown", which a network can tell
from a wrong value. `flip:0.3` names a kind and its strength.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch

from snncore import rng
from snncore.params import Params, Spec, choice, number, parse

Tensor = torch.Tensor
KINDS = ("flip", "gaussian", "erase", "occlude", "black")


@dataclass(frozen=True)
class NoiseParams(Params):
    """What happens to a picture before the network sees it."""

    kind: str = choice(
        "flip",
        KINDS,
        "flip: pixels swap black and white; gaussian: grey noise is added; erase: pixels become "
        "unknown; occlude: the lower part is unknown; black: the lower part is painted black.",
        label="Noise",
    )
    strength: float = number(
        0.3,
        0.0,
        10.0,
        "Share of the pixels concerned (0 to 1); for gaussian the standard deviation σ, in units "
        "of the pixel value 1.",
        step=0.05,
        label="Strength",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind != "gaussian" and self.strength > 1.0:
            raise ValueError(
                f"strength must be <= 1 for {self.kind} (a share of the pixels), "
                f"got {self.strength}"
            )

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The noise that `kind:strength` spells, such as "flip:0.3"; the inverse of `to_text`."""
        kind, colon, strength = text.partition(":")
        if not colon or kind not in KINDS:
            raise ValueError(
                f"noise must be KIND:STRENGTH with KIND one of {', '.join(KINDS)} "
                f"(for example flip:0.3), got {text!r}"
            )
        spec: Spec = cls.specs()["strength"]
        return cls(kind=kind, strength=float(parse("noise strength", strength, spec)))

    def to_text(self) -> str:
        """`kind:strength`, as the command line takes it."""
        return f"{self.kind}:{self.strength!r}"


def hidden_rows(noise: NoiseParams, shape: tuple[int, int]) -> int:
    """How many rows, counted from the bottom, `occlude` and `black` take away."""
    return round(noise.strength * shape[0]) if noise.kind in ("occlude", "black") else 0


def corrupt(
    states: Tensor,
    shape: tuple[int, int],
    noise: NoiseParams,
    *,
    seed: int,
    samples: Tensor | None = None,
) -> Tensor:
    """Probes float32 [B, N] from ±1 pictures [B, N]; the argument stays as it is.

    flip: s → -s with probability q = strength. gaussian: s + σ n, n ~ N(0, 1). erase: s → 0 with
    probability strength. occlude, black: the lower `strength` of the rows becomes 0 or -1.

    Args:
        shape: H, W with H·W = N.
        samples: int64 [B], the number of each probe, on which its draws depend (0..B-1 if None).
    """
    count, n = states.shape
    if shape[0] * shape[1] != n:
        raise ValueError(f"shape {shape[0]}×{shape[1]} must have {n} pixels")
    probes = states.to(torch.float32, copy=True)
    hidden = hidden_rows(noise, shape)
    if noise.kind in ("occlude", "black"):
        if hidden:
            probes[:, n - hidden * shape[1] :] = 0.0 if noise.kind == "occlude" else -1.0
        return probes
    if samples is None:
        samples = torch.arange(count, device=states.device)
    words = rng.draws(seed, rng.stream("noise"), samples, n, 1)[0]
    if noise.kind == "gaussian":
        return probes + noise.strength * rng.normal(words)
    hit = words < rng.threshold(torch.tensor(noise.strength, device=states.device))
    return torch.where(hit, -probes if noise.kind == "flip" else torch.zeros_like(probes), probes)
