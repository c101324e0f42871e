"""The synapses and the input of the spiking memory, in whole numbers where sums must be exact.

Patterns are ξ in -1..1: the ±1 of a binary picture, 2x - 1 of grey levels x. Synapses hold k = uξ
as whole numbers, u = 1 for binary and 255 for grey, so that Σ k v of spikes v in {-1, 0, 1} is a
whole number below 2**24: exact in float32 in any order of adding, hence the same spikes from a
matrix product, from the fused loop, on another device and in another batch.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from snncore import rng
from snncore.hopfield.patterns import Patterns, check_patterns, check_states
from snncore.hopfield.probes import Probes
from snncore.hopfield.spiking_params import SpikingParams

Tensor = torch.Tensor
LEVELS = 255  # steps of a grey synapse, as of a grey picture
MEAN_LEVELS = 256  # steps of the synapses of feed-forward inhibition
REFERENCE_OVERLAP = 0.4  # of a probe with 30 % flips: the evidence that takes `integration`
ALIKE = 1e-6  # mean squared difference below which no picture has a rival
TRACE_LEVELS = 1024  # steps of the feedback trace


class Network(NamedTuple):
    """P memory units and N pixels (for colour: numbers)."""

    mode: str
    rows: Tensor  # int8 (binary) or int16 (grey, rgb) [P, N]: k = u ξ
    levels: int  # u
    mean: Tensor  # int16 [N]: 256 × mean picture, 0 where a picture has no rival
    squares: Tensor  # int64 [P]: Σ k²
    contrast: float  # median over pictures of the mean of ½|ξ - ξ'|²/N to all pictures


class Input(NamedTuple):
    """What B probes bring, float32 unless noted."""

    cue: Tensor  # [B, N], current: of one input spike (binary) or of every step (grey)
    rate: Tensor  # int64 [B, N], binary: input spikes per step in 1/2**32; empty for grey
    gain: Tensor  # [B], g
    bias: Tensor  # [B, P], b
    scale: Tensor  # [B], spike rate that stands for ξ = 1 while the probe drives (κ)


def as_patterns(patterns: Patterns | Tensor) -> Patterns:
    """Patterns, also from bare ±1 states [P, N]."""
    if isinstance(patterns, torch.Tensor):
        check_states(patterns)
        return Patterns(patterns, (1, patterns.shape[1]), ("",) * len(patterns))
    check_patterns(patterns)
    return patterns


def as_probes(probes: Probes | Tensor, count: int) -> Probes:
    """Probes of `count` numbers each, also from a bare tensor, in which 0 is unknown."""
    if isinstance(probes, torch.Tensor):
        probes = Probes(probes.to(torch.float32), probes != 0)
    values = probes.values
    if values.ndim != 2 or values.shape[1] != count or not len(values):
        raise ValueError(f"probes must be [B, {count}] and not empty, got {tuple(values.shape)}")
    if probes.known.shape != values.shape:
        raise ValueError(
            f"known must be {list(values.shape)} like the probes, got {tuple(probes.known.shape)}"
        )
    if not bool(torch.isfinite(values).all()):
        raise ValueError("probes must be finite, got NaN or infinity")
    return probes


def check_run(
    count: int, samples: Tensor | None, keep: Tensor | None, shown: int, units: int
) -> Tensor:
    """The sample numbers of `count` probes, 0..count-1 by default; ValueError for what misfits."""
    if shown < 0 or units < 1:
        raise ValueError(f"shown must be >= 0 and units >= 1, got {shown} and {units}")
    for name, numbers in (("samples", samples), ("keep", keep)):
        if numbers is not None and numbers.shape != (count,):
            raise ValueError(f"{name} must have {count} entries, got {tuple(numbers.shape)}")
    return torch.arange(count) if samples is None else samples


def network(patterns: Patterns) -> Network:
    """The synapses that store `patterns`."""
    n = patterns.states.shape[1]
    if patterns.mode == "binary":
        rows, levels = patterns.states.to(torch.int8), 1
    else:
        scaled = (patterns.states.to(torch.float32) * (2.0 * LEVELS)).round() - LEVELS
        rows, levels = scaled.to(torch.int16), LEVELS
    squares = (rows.to(torch.int32) ** 2).sum(dim=1)
    real = rows.to(torch.float32) / levels
    mean = real.mean(dim=0)
    norm = squares.to(torch.float32) / (levels * levels * n)
    spread = 0.5 * (norm + norm.mean()) - real @ mean / n
    contrast = float(spread.median())
    if contrast < ALIKE:
        mean, contrast = torch.zeros_like(mean), max(float(norm.max()), ALIKE)
    return Network(
        patterns.mode,
        rows.contiguous(),
        levels,
        (mean * MEAN_LEVELS).round().to(torch.int16),
        squares,
        contrast,
    )


def _known_squares(net: Network, known: Tensor) -> Tensor:
    """Σ over the known pixels of k², int64 [B, P]; from two exact products of small numbers."""
    if bool(known.all()):
        return net.squares.expand(len(known), -1)
    k2 = net.rows.to(torch.int32) ** 2
    seen = known.to(torch.float32)
    high = seen @ (k2 >> 8).to(torch.float32).T
    low = seen @ (k2 & 255).to(torch.float32).T
    return high.to(torch.int64) * 256 + low.to(torch.int64)


def known_share(known: Tensor) -> Tensor:
    """What share of each probe is known, float32 [B]; of one without any pixel, one pixel's."""
    return known.sum(dim=1).clamp(min=1).to(torch.float32) / known.shape[1]


def input_spikes(probes: Probes, rate: float, w_in: float) -> tuple[Tensor, Tensor]:
    """Current of an input spike float32 [B, N] and spikes per step int64 [B, N], in 1/2**32.

    A spike has the sign of the probe's value, and spikes are as many as the value is large. A
    probe's mean size counts as 1 (divisive gain control): ±1 arrives `rate` times a step, and
    graded values (Gaussian noise, blur) keep their weight up to 1/rate times the mean.
    """
    size = torch.where(probes.known, probes.values.abs(), 0.0)
    fixed = (size * 65536.0).round().to(torch.int64).sum(dim=1)  # whole: exact in any order
    count = probes.known.sum(dim=1).clamp(min=1)
    mean = (fixed.to(torch.float32) / 65536.0 / count).clamp(min=1e-6)[:, None]
    cue = torch.where(probes.known, probes.values.sign(), 0.0) * w_in
    return cue, rng.threshold((rate * (size / mean)).clamp(max=1.0))


def _binary_input(net: Network, probes: Probes, p: SpikingParams) -> Input:
    cue, rate = input_spikes(probes, p.rate, p.w_in)
    t_int = p.integration * p.time_steps
    gain = 1.0 / (t_int * p.rate * REFERENCE_OVERLAP * net.contrast * known_share(probes.known))
    bias = torch.zeros(len(cue), len(net.rows), device=cue.device)
    return Input(cue, rate, gain, bias, torch.full_like(gain, p.rate))


def _grey_input(net: Network, probes: Probes, p: SpikingParams) -> Input:
    """A constant current κ(2x - 1), κ such that no cell must fire more than once a step.

    Evidence is the distance form: Σ κ k (2x - 1) - ½κ Σ k² over the known pixels, in which the
    brightest picture has no advantage.
    """
    n = net.rows.shape[1]
    centred = torch.where(probes.known, 2.0 * probes.values - 1.0, 0.0)
    scale = 1.0 / centred.abs().amax(dim=1).clamp(min=2.0)
    t_int = p.integration * p.time_steps
    gain = 1.0 / (t_int * scale * net.contrast * known_share(probes.known))
    squares = _known_squares(net, probes.known)
    count = squares.shape[1]
    above = (squares * count - squares.sum(dim=1, keepdim=True)).to(torch.float32)
    bias = above * (scale / (2.0 * LEVELS * LEVELS * n * count))[:, None]
    nothing = torch.zeros(len(centred), 0, dtype=torch.int64, device=centred.device)
    return Input(scale[:, None] * centred, nothing, gain, bias, scale)


def make_input(net: Network, probes: Probes, p: SpikingParams) -> Input:
    """The input of probes [B, N], from parameters that are concrete (`by_mode`)."""
    if net.mode == "binary":
        return _binary_input(net, probes, p)
    return _grey_input(net, probes, p)


def matches(net: Network, probes: Probes) -> Tensor:
    """How well each stored picture matches each probe before any spike, float32 [B, P]."""
    x = net.rows.to(torch.float32) / net.levels
    if net.mode == "binary":
        return torch.where(probes.known, probes.values, 0.0) @ x.T
    centred = torch.where(probes.known, 2.0 * probes.values - 1.0, 0.0)
    squares = _known_squares(net, probes.known).to(torch.float32) / (LEVELS * LEVELS)
    return centred @ x.T - 0.5 * squares
