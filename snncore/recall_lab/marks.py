"""The marks of some probes: what their answers, the bound and the baselines score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from snncore.hopfield import (
    NoiseParams,
    Patterns,
    Probes,
    as_is,
    background,
    bound,
)
from snncore.hopfield.tolerant import most_within
from snncore.recall_lab import scores
from snncore.recall_lab.networks import Moment

Tensor = torch.Tensor


class Marks(NamedTuple):
    """n probes; the last seven have no columns (are [0]) for binary pictures."""

    recalled: Tensor  # int8 or float32 [n, N]
    status: Tensor  # int8 [n]
    pixels: Tensor  # float32 [n], share of right pixels
    exact: Tensor  # bool [n]
    overlap: Tensor  # float32 [n]
    nearest: Tensor  # int64 [n]
    bound_pixel: Tensor  # int8 or float32 [n, N], of which most pixels are right
    bound_picture: Tensor  # int64 [n]
    posterior: Tensor  # float32 [n, P], or [n, 0] where it is not kept
    bound_pixels: Tensor  # float32 [n]
    bound_exact: Tensor  # bool [n], of the likeliest picture
    probe_pixels: Tensor  # float32 [n]
    probe_exact: Tensor  # bool [n]
    background_pixels: Tensor  # float32 [n]
    psnr: Tensor  # float32 [n] dB
    probe_psnr: Tensor
    bound_psnr: Tensor  # of the least mean squared error
    background_psnr: Tensor
    ssim: Tensor  # float32, NaN where not taken
    probe_ssim: Tensor


def answer_of(states: Tensor, mode: str) -> Tensor:
    """The picture that a memory's state stands for: ±1 (what is undecided is dark), or 0..1."""
    if mode == "binary":
        return torch.where(states > 0, 1, -1).to(torch.int8)
    return states.clamp(0.0, 1.0)


def mark(
    patterns: Patterns,
    probes: Probes,
    noise: NoiseParams,
    targets: Tensor,
    last: Moment,
    *,
    posterior: bool,
    ssim: int,
) -> Marks:
    """Score the last moment of some probes against the pictures `targets` [n].

    No single picture is the best possible under every score. In grey the most pixels within the
    tolerance come from `most_within`, the least squared error from the mean of the posterior, and
    the most right pictures from the likeliest one: each score of the bound is that of its own best.

    Args:
        posterior: whether the bound's posterior is kept.
        ssim: of how many of the probes the structural similarity is taken.
    """
    mode, stored = patterns.mode, patterns.states
    wanted = stored[targets]
    answers = answer_of(last.states, mode)
    best = bound(patterns, probes, noise)
    shown = as_is(patterns, probes)
    if mode != "binary":
        shown = shown.clamp(0.0, 1.0)  # noise is clipped only where it is looked at
    constant = torch.full_like(wanted, background(patterns))

    pixels = best.pixels
    if mode != "binary":
        pixels = most_within(best.posterior, stored, best.pixels, scores.TOLERANCE)
    named = scores.right(stored[best.picture], wanted, mode).all(dim=1)

    def share(good: Tensor) -> Tensor:
        return good.to(torch.float32).mean(dim=1)

    def decibel(picture: Tensor) -> Tensor:
        return scores.psnr(picture, wanted) if mode != "binary" else picture.new_zeros(0)

    def alike(picture: Tensor) -> Tensor:
        if mode == "binary":
            return picture.new_zeros(0)
        return torch.from_numpy(scores.ssim(picture, wanted, patterns.picture_shape, ssim))

    right = scores.right(answers, wanted, mode)
    seen = scores.right(shown, wanted, mode)
    return Marks(
        recalled=answers,
        status=last.status,
        pixels=share(right),
        exact=right.all(dim=1),
        overlap=scores.overlap(answers, wanted, mode),
        nearest=scores.nearest(answers, stored, mode),
        bound_pixel=pixels,
        bound_picture=best.picture,
        posterior=best.posterior if posterior else best.posterior.new_zeros(len(targets), 0),
        bound_pixels=share(scores.right(pixels, wanted, mode)),
        bound_exact=named,
        probe_pixels=share(seen),
        probe_exact=seen.all(dim=1),
        background_pixels=share(scores.right(constant, wanted, mode)),
        psnr=decibel(answers),
        probe_psnr=decibel(shown),
        bound_psnr=decibel(best.pixels),
        background_psnr=decibel(constant),
        ssim=alike(answers),
        probe_ssim=alike(shown),
    )


def join(parts: Sequence[Marks]) -> Marks:
    """The marks of all parts, on the CPU."""
    return Marks(
        *(torch.cat([tensor.cpu() for tensor in column]) for column in zip(*parts, strict=True))
    )
