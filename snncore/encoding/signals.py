"""Test signals in 0..1 for the signal codes: slow and fast, smooth and abrupt."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from snncore.params import Params, choice, integer, number

Tensor = torch.Tensor
SHAPES = ("sine", "chirp", "square", "triangle")


@dataclass(frozen=True)
class SignalParams(Params):
    """A wave around 0.5, sampled once per time step."""

    shape: str = choice(
        "chirp", SHAPES, "sine; chirp: ever faster; square: jumps; triangle: constant slope."
    )
    n_samples: int = integer(
        400, 50, 2000, "Length of the signal.", unit="steps", step=50, label="Length"
    )
    cycles: float = number(4.5, 0.5, 40.0, "Periods in the whole signal.", step=0.5)
    amplitude: float = number(0.4, 0.0, 0.5, "Largest distance from 0.5.", step=0.01)


def make_signal(params: SignalParams) -> Tensor:
    """float32 [T, 1, 1] on the CPU: 0.5 + amplitude · wave(2π · phase).

    The phase is cycles·u for u = t/T; the chirp's is cycles·u², so that its frequency grows from 0
    to twice the mean.
    """
    u = torch.arange(params.n_samples, dtype=torch.float32) / params.n_samples
    phase = params.cycles * (u * u if params.shape == "chirp" else u)
    if params.shape in ("sine", "chirp"):
        wave = torch.sin(2 * math.pi * phase)
    elif params.shape == "square":
        wave = torch.where(phase % 1.0 < 0.5, torch.ones_like(phase), -torch.ones_like(phase))
    else:
        wave = 1.0 - 4.0 * ((phase + 0.25) % 1.0 - 0.5).abs()
    return (0.5 + params.amplitude * wave).clamp(0.0, 1.0).view(-1, 1, 1)
