"""The two example programs that this page grew from, as what they compute, for comparison.

Both were run and taken apart; what follows is their effect, in low-rank form, not their code.

`seed_gaussian_sync`: three pictures, Hebb's couplings, a probe of ±1 plus Gaussian noise, and one
synchronous step. The original builds W (N×N).

`seed_rate_lif`: "spiking" by name. A rate code turns a ±1 picture into a constant input (a white
pixel fires in every step, a black one never), leaky cells turn that into a membrane that alternates
between 1 and 1.9, and one product of the couplings with the membrane of the last step gives the
answer. No spike enters the answer and none is fed back; spikes are only counted. Running longer
gives the same picture and more spikes.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from snncore.hopfield.patterns import Patterns
from snncore.hopfield.probes import Probes
from snncore.hopfield.spiking_network import as_patterns, as_probes

Tensor = torch.Tensor
BETA = 0.9  # membrane decay of the cells of `seed_rate_lif`; threshold 1, reset to zero


class SeedRateLif(NamedTuple):
    """What `seed_rate_lif` gives."""

    readout: Tensor  # int8 [B, N]
    spikes: Tensor  # int64 [B], counted, never used


def _binary(patterns: Patterns | Tensor, probes: Probes | Tensor) -> tuple[Tensor, Probes]:
    stored = as_patterns(patterns)
    if stored.mode != "binary":
        raise ValueError(f"patterns must be binary for this program, got {stored.mode}")
    states = stored.states.to(torch.float32)
    return states, as_probes(probes, states.shape[1]).to(states.device)


def seed_gaussian_sync(patterns: Patterns | Tensor, probes: Probes | Tensor) -> Tensor:
    """One synchronous Hebb step from a probe as it is: sgn(W s), W = Σ ξξᵀ without its diagonal.

    h = Xᵀ(X s) - P s. Unknown pixels are 0; where h is 0 the pixel counts as black.

    Args:
        patterns: P binary patterns.
        probes: B probes, ±1 with noise added; graded values are not rounded.

    Returns:
        int8 ±1 [B, N].
    """
    x, asked = _binary(patterns, probes)
    s = torch.where(asked.known, asked.values, 0.0)
    h = (s @ x.T) @ x - len(x) * s
    return torch.where(h > 0, 1, -1).to(torch.int8)


def seed_rate_lif(
    patterns: Patterns | Tensor,
    probes: Probes | Tensor,
    steps: int = 10,
    theta: float = 0.0,
) -> SeedRateLif:
    """One covariance step from the white pixels alone: sgn(V W b - θ).

    b is 1 for a white pixel and 0 for a black or unknown one. V is the membrane of a white pixel's
    cell in the last step: driven by 1 with decay 0.9 it is 1, 1.9 (a spike, reset to zero), 1, 1.9,
    … so V = 1.9 after an even number of steps and 1 after an odd one.
    W = Σ (ξ - ρ)(ξ - ρ)ᵀ/P without its diagonal, ρ the mean of all pixels of all pictures.

    Args:
        steps: length of the rate code; changes the spike count, never the picture (for θ = 0).
        theta: threshold of the answer.
    """
    if steps < 1:
        raise ValueError(f"steps must be >= 1, got {steps}")
    x, asked = _binary(patterns, probes)
    b = (asked.known & (asked.values > 0)).to(torch.float32)
    d = x - x.mean()
    membrane = 1.0 if steps % 2 else 1.0 + BETA
    h = ((b @ d.T) @ d - (d * d).sum(dim=0) * b) / len(x)
    readout = torch.where(membrane * h > theta, 1, -1).to(torch.int8)
    return SeedRateLif(readout, b.sum(dim=1).to(torch.int64) * (steps // 2))
