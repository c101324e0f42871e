"""Test signals in 0..1 for the signal codes: slow and fast, smooth and abrupt, full and sparse.

With u = t/T and c cycles, 0.5 + amplitude · w(u) with |w| ≤ 1:

    sine      sin 2πcu                            chirp    sin 2πcu², from 0 to twice the mean
    square    ±1, c periods                       triangle constant slopes
    steps     2c random levels of equal length
    trend     a rising line, 0.6 of the range; a sine and even noise, 0.2 each
    events    c bumps of random height and place on a flat ground
    noise     Gaussian, flat band up to 2c periods, scaled to its largest value
    speech    c syllables, each three harmonics of a pitch of 8 periods, loud in the middle

The step-wise, trended and event-like ones follow those by which Petro, Kasabov & Kiss 2020 (IEEE
TNNLS 31:358) compare codes. The random ones depend on the seed alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from snncore import rng
from snncore.params import Params, choice, integer, number

Tensor = torch.Tensor
SHAPES = (
    "sine", "chirp", "square", "triangle", "steps", "trend", "events", "noise", "speech",
)  # fmt: skip
RANDOM_SHAPES = ("steps", "trend", "events", "noise", "speech")
_PITCH, _HARMONICS = 8, 3


@dataclass(frozen=True)
class SignalParams(Params):
    """A wave around 0.5, sampled once per time step."""

    shape: str = choice(
        "chirp", SHAPES,
        "chirp: ever faster; steps: random levels; trend: slow, with noise; events: sparse bumps; "
        "noise: bandlimited; speech: syllables.",
    )  # fmt: skip
    n_samples: int = integer(
        400, 50, 20_000, "Length of the signal.", unit="steps", step=50, label="Length"
    )
    cycles: float = number(
        4.5,
        0.5,
        40.0,
        "Periods, pairs of levels, bumps or syllables in the whole signal.",
        step=0.5,
    )
    amplitude: float = number(0.4, 0.0, 0.5, "Largest distance from 0.5.", step=0.01)
    seed: int = integer(0, 0, (1 << 53) - 1, "Of the random shapes; the others have none.")


def make_signal(params: SignalParams) -> Tensor:
    """float32 [T, 1, 1] on the CPU, in 0..1."""
    u = torch.arange(params.n_samples, dtype=torch.float32) / params.n_samples
    if params.shape in ("sine", "chirp"):
        wave = torch.sin(2 * math.pi * params.cycles * (u * u if params.shape == "chirp" else u))
    elif params.shape == "square":
        wave = torch.where(params.cycles * u % 1.0 < 0.5, 1.0, -1.0)
    elif params.shape == "triangle":
        wave = 1.0 - 4.0 * ((params.cycles * u + 0.25) % 1.0 - 0.5).abs()
    else:
        wave = _RANDOM[params.shape](u, params.cycles, params.seed)
    middle = 0.5 + params.amplitude * wave
    return middle.clamp(0.0, 1.0).view(-1, 1, 1)  # rounding may lead a little outside


def _uniform(seed: int, *shape: int) -> Tensor:
    """Independent numbers in (0, 1)."""
    words = rng.draws(seed, rng.stream("signal"), torch.arange(1), 1, math.prod(shape))
    return rng.uniform(words).reshape(shape)


def _steps(u: Tensor, cycles: float, seed: int) -> Tensor:
    levels = 2.0 * _uniform(seed, max(1, round(2 * cycles))) - 1.0
    return levels[(u * len(levels)).to(torch.int64)]


def _trend(u: Tensor, cycles: float, seed: int) -> Tensor:
    noise = 2.0 * _uniform(seed, len(u)) - 1.0
    return 0.6 * (2.0 * u - 1.0) + 0.2 * torch.sin(2 * math.pi * cycles * u) + 0.2 * noise


def _events(u: Tensor, cycles: float, seed: int) -> Tensor:
    """Gaussian bumps, a tenth of the mean distance between them wide (two standard deviations)."""
    place, height = _uniform(seed, 2, max(1, round(cycles)))
    away = (u[:, None] - place) * (20.0 * cycles)
    bumps = (0.5 + 0.5 * height) * torch.exp(-0.5 * away * away)
    return 2.0 * bumps.max(dim=1).values - 1.0


def _noise(u: Tensor, cycles: float, seed: int) -> Tensor:
    """Whole periods only, so the band ends sharply; all below the Nyquist frequency."""
    count = max(1, min(round(2 * cycles), (len(u) - 1) // 2))
    words = rng.draws(seed, rng.stream("signal"), torch.arange(1), count, 2)[:, 0]
    sine, cosine = rng.normal(words)
    angle = 2 * math.pi * u[:, None] * torch.arange(1, count + 1)
    wave = (sine * torch.sin(angle) + cosine * torch.cos(angle)).sum(dim=1)
    return wave / wave.abs().max()


def _speech(u: Tensor, cycles: float, seed: int) -> Tensor:
    """The pitch is at most T/8 periods, so that the third harmonic has samples enough."""
    loud = torch.sin(math.pi * cycles * u) ** 2
    strength = 0.1 + 0.9 * _uniform(seed, math.ceil(cycles), _HARMONICS)  # of each syllable
    strength = strength / strength.sum(dim=1, keepdim=True)
    own = strength[(cycles * u).to(torch.int64).clamp_max(len(strength) - 1)]
    pitch = min(_PITCH * cycles, len(u) / 8)
    angle = 2 * math.pi * pitch * u[:, None] * torch.arange(1, _HARMONICS + 1)
    return loud * (own * torch.sin(angle)).sum(dim=1)


_RANDOM = {
    "steps": _steps, "trend": _trend, "events": _events, "noise": _noise, "speech": _speech,
}  # fmt: skip
