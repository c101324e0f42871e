"""What an answer is worth: right pixels, overlap, PSNR and SSIM, for each of B probes.

Binary pictures (±1) are right or wrong pixel by pixel. Grey levels are numbers: a pixel counts as
right within `TOLERANCE`. Signal-to-noise ratios are capped at `CAP_DB`. That of many answers is
taken from their mean squared error: a mean of decibels would reward whoever guesses, right for
once without any error, above the answer that errs least (and no closed form knows its best).
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import metrics

Tensor = torch.Tensor
# Of grey levels in 0..1: 10 of 255. Where the spiking memory names the right picture, no pixel that
# it reads from 60 steps of spikes is off by more than 0.021 (MNIST, Fashion, GTSRB, photographs).
TOLERANCE = 0.04
CAP_DB = 99.0
SSIM_PROBES = 1000  # of which SSIM is taken: 0.3 ms each, so at most a third of a second


def right(answers: Tensor, wanted: Tensor, mode: str) -> Tensor:
    """bool [B, N]: which pixels are right (within `TOLERANCE` unless mode is binary)."""
    if mode == "binary":
        return (answers > 0) == (wanted > 0)
    return (answers.to(torch.float32) - wanted).abs() <= TOLERANCE


def overlap(states: Tensor, wanted: Tensor, mode: str) -> Tensor:
    """float32 [B]: 1 for the picture itself, -1 for its negative.

    binary: s·ξ/N of states in -1..1. grey, rgb: 1 - 2·mean|s - ξ|, which is the same number for
    pictures of black and white only.
    """
    a, w = states.to(torch.float32), wanted.to(torch.float32)
    return (a * w).mean(dim=1) if mode == "binary" else 1.0 - 2.0 * (a - w).abs().mean(dim=1)


def psnr(answers: Tensor, wanted: Tensor) -> Tensor:
    """float32 [B]: peak signal-to-noise ratio of pictures in 0..1 in dB, at most `CAP_DB`."""
    mse = ((answers.to(torch.float32) - wanted) ** 2).mean(dim=1)
    return (-10.0 * torch.log10(mse.clamp(min=1e-12))).clamp(max=CAP_DB)


def pooled(decibels: Tensor) -> float:
    """The ratio in dB of many pictures together, from their mean squared error; NaN of none."""
    errors = 10.0 ** (-0.1 * decibels.cpu().numpy().astype(np.float64))
    return -10.0 * math.log10(errors.mean()) if len(errors) else math.nan


def ssim(
    answers: Tensor, wanted: Tensor, picture_shape: tuple[int, ...], most: int = 1000
) -> NDArray[np.float32]:
    """float32 [B]: structural similarity, the mean over the three channels of a colour picture.

    NaN for pictures smaller than the window, and beyond the first `most` probes.
    """
    found = np.full(len(answers), np.nan, dtype=np.float32)
    a = answers[:most].cpu().numpy().reshape(-1, *picture_shape)
    w = wanted[:most].cpu().numpy().reshape(a.shape)
    for k, (mine, true) in enumerate(zip(a, w, strict=True)):
        if mine.ndim == 2:
            found[k] = metrics.ssim(true, mine)
        else:
            found[k] = np.mean([metrics.ssim(true[..., c], mine[..., c]) for c in range(3)])
    return found


def nearest(answers: Tensor, patterns: Tensor, mode: str) -> Tensor:
    """int64 [B]: the stored picture that each answer is most like (least squares)."""
    x = patterns.to(torch.float32)
    match = answers.to(torch.float32) @ x.T
    if mode != "binary":  # all ±1 pictures have the same norm, grey ones do not
        match = match - 0.5 * (x * x).sum(dim=1)
    return match.argmax(dim=1)


def mean(values: Tensor) -> float:
    """The mean of the numbers among them, in double precision; NaN where there is none."""
    numbers = values.cpu().numpy().astype(np.float64)
    numbers = numbers[~np.isnan(numbers)]
    return float(numbers.mean()) if len(numbers) else math.nan
