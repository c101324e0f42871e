"""The best that any network could do with a probe, and what doing nothing would score.

Which picture a probe came from can only be told from its likelihood. With all P pictures equally
likely, the posterior is softmax(log likelihood); its most likely pictures per pixel (bitwise
MAP) give the best pixel accuracy on average, its argmax (maximum likelihood) the most pictures
without a single wrong pixel. A network below the bound is at fault; at the bound, the noise is.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from snncore.hopfield.noise import NoiseParams, hidden_rows
from snncore.hopfield.patterns import check_states

Tensor = torch.Tensor
CERTAIN = 50.0  # β of noise that never lies: a single wrong known pixel costs a factor e**-100


class Bound(NamedTuple):
    """Answers of the optimal decoder."""

    pixels: Tensor  # int8 [B, N], bitwise MAP: the sign of the posterior mean
    picture: Tensor  # int64 [B], maximum likelihood: which stored picture
    posterior: Tensor  # float32 [B, P]


def bayes_beta(flips: float) -> float:
    """β = ½ ln((1-q)/q): the weight of one agreeing pixel when a share q of them is flipped.

    q = 0.5 gives 0 (nothing can be known); q = 0 and 1 are held at 1e-9 from the end.
    """
    if not 0.0 <= flips <= 1.0:
        raise ValueError(f"flips must be in 0..1, got {flips}")
    q = min(max(flips, 1e-9), 1.0 - 1e-9)
    return 0.5 * math.log((1.0 - q) / q)


def matched_beta(noise: NoiseParams) -> float:
    """The β with which softmax(β X S) is the posterior under `noise`."""
    if noise.kind == "flip":
        return bayes_beta(noise.strength)
    if noise.kind == "gaussian":  # |x - S|²/2σ² = const - x·S/σ², as all |x|² = N
        return min(1.0 / max(noise.strength, 1e-3) ** 2, CERTAIN)
    return CERTAIN  # known pixels are right, unknown ones are 0 and say nothing


def bound(patterns: Tensor, probes: Tensor, noise: NoiseParams, shape: tuple[int, int]) -> Bound:
    """The optimal decoder's answers for probes [B, N] of stored ±1 patterns [P, N].

    flip, gaussian, erase and occlude: posterior = softmax(β X S), β from `matched_beta`. black:
    the same after setting the painted rows to unknown, because the painter's rows are known.
    """
    check_states(patterns)
    x = patterns.to(torch.float32)
    seen = probes.to(torch.float32)
    hidden = hidden_rows(noise, shape)
    if noise.kind == "black" and hidden:
        seen = seen.clone()
        seen[:, seen.shape[1] - hidden * shape[1] :] = 0.0
    logits = matched_beta(noise) * (seen @ x.T)
    posterior = torch.softmax(logits, dim=1)
    pixels = torch.where(posterior @ x > 0, 1, -1).to(torch.int8)
    return Bound(pixels, logits.argmax(dim=1), posterior)


def background(patterns: Tensor) -> int:
    """The best constant picture: the value, -1 or +1, that most stored pixels have."""
    return 1 if int(patterns.to(torch.int64).sum()) > 0 else -1
