"""The retina: difference-of-Gaussians ON and OFF channels of pictures.

A ganglion cell compares the light at the centre of its receptive field with the light around it
(Rodieck 1965, Vision Res. 5:583; the model of Kheradpisheh et al. 2018 and Falez et al. 2019):

    r = x * (G(σ_centre) − G(σ_surround)),   ON = max(r, 0),   OFF = max(−r, 0)

Both Gaussians are cut to the same window and sum to 1, so a uniformly lit picture says nothing.
Borders are mirrored without repeating the edge pixel, which keeps that true up to the edge.

The convolution is separable and written as shifted products and sums in a fixed order, not as a
library convolution: the response of a picture is then the same, bit for bit, whatever batch it is
in, and so are the spikes drawn from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from snncore.params import Params, flag, integer, number

Tensor = torch.Tensor

# Rounding leaves about 1e-7 of a uniform grey; below this a response is set to exactly 0, so that
# `normalise` can never amplify rounding into a picture. One grey level of 256 responds with 4e-4.
SILENT_BELOW = 1e-6
_CPU_CHUNK = 1 << 17  # pixels in flight on a CPU: half a megabyte, so every pass stays in cache


@dataclass(frozen=True)
class RetinaParams(Params):
    """Receptive field of the ganglion cells (Kheradpisheh et al. 2018: σ 1 and 2, 7×7 window)."""

    sigma_centre: float = number(
        1.0, 0.1, 20.0, "Width of the centre.", unit="px", step=0.1, label="Centre σ"
    )
    sigma_surround: float = number(
        2.0, 0.1, 40.0, "Width of the surround.", unit="px", step=0.1, label="Surround σ"
    )
    size: int = integer(7, 3, 61, "Side of the square window (odd).", unit="px", step=2)
    normalise: bool = flag(
        True,
        "Scale each picture so that its strongest response is 1.",
        label="Scale each picture to 1",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size % 2 == 0:
            raise ValueError(f"size must be odd, got {self.size}")
        if self.sigma_centre >= self.sigma_surround:
            raise ValueError(
                "sigma_centre must be < sigma_surround, "
                f"got {self.sigma_centre} and {self.sigma_surround} px"
            )


def gaussian(sigma: float, size: int) -> list[float]:
    """The `size` weights of exp(−x²/2σ²) at whole x around 0, summing to 1."""
    half = size // 2
    weights = [math.exp(-(x * x) / (2 * sigma**2)) for x in range(-half, half + 1)]
    total = math.fsum(weights)
    return [w / total for w in weights]


def dog_kernel(params: RetinaParams) -> Tensor:
    """Centre minus surround on the window, float32 [size, size] on the CPU; sums to 0 (1e-7)."""
    centre = torch.tensor(gaussian(params.sigma_centre, params.size), dtype=torch.float32)
    surround = torch.tensor(gaussian(params.sigma_surround, params.size), dtype=torch.float32)
    return torch.outer(centre, centre) - torch.outer(surround, surround)


def _blur(padded: Tensor, weights: list[float]) -> Tensor:
    """`padded` [B, H + size − 1, W + size − 1] under the separable window, [B, H, W]."""
    for dim in (1, 2):
        half = len(weights) // 2
        length = padded.shape[dim] - 2 * half
        total = padded.narrow(dim, half, length) * weights[half]
        for k in range(half):  # the window is symmetric: one product for both sides
            pair = padded.narrow(dim, k, length) + padded.narrow(dim, 2 * half - k, length)
            total = total + pair * weights[k]
        padded = total
    return padded


def _respond(images: Tensor, params: RetinaParams) -> Tensor:
    half = params.size // 2
    padded = functional.pad(images[:, None], (half, half, half, half), mode="reflect")[:, 0]
    response = _blur(padded, gaussian(params.sigma_centre, params.size)) - _blur(
        padded, gaussian(params.sigma_surround, params.size)
    )
    response = torch.where(response.abs() < SILENT_BELOW, torch.zeros_like(response), response)
    if params.normalise:
        peak = response.abs().amax(dim=(1, 2), keepdim=True)
        response = response / torch.where(peak > 0, peak, torch.ones_like(peak))
    return torch.stack((response.clamp_min(0.0), (-response).clamp_min(0.0)), dim=1)


def on_off(images: Tensor, params: RetinaParams | None = None) -> Tensor:
    """ON and OFF responses of pictures, computed on the device of `images`.

    Args:
        images: [B, H, W], floating point in 0..1, or uint8 (divided by 255).
        params: receptive field; the default is σ 1 and 2 px in a 7×7 window, normalised.

    Returns:
        float32 [B, 2, H, W] in 0..1: channel 0 ON, channel 1 OFF; at most one of the two is
        above 0 at a pixel. Exactly 0 for a uniform picture. Equal for a batch and for its
        pictures one by one.

    Raises:
        ValueError: wrong number of dimensions, a picture too small for the window, or values
            outside 0..1 or NaN.
    """
    params = params or RetinaParams()
    if images.ndim != 3:
        raise ValueError(f"images must be [B, H, W], got shape {tuple(images.shape)}")
    count, height, width = images.shape
    if min(height, width) <= params.size // 2:
        raise ValueError(
            f"images must be larger than {params.size // 2} px on each side for a window of "
            f"{params.size} px, got {height}×{width} (height × width); "
            "choose a smaller size of the window (3 px at least) or a larger picture"
        )
    if images.dtype == torch.uint8:
        pixels = images.to(torch.float32) / 255.0
    elif images.dtype.is_floating_point:
        pixels = images.to(torch.float32)
        if not bool(((pixels >= 0) & (pixels <= 1)).all()):
            raise ValueError("images must be in 0..1 everywhere, got values outside or NaN")
    else:
        raise ValueError(f"images must be floating point or uint8, got {images.dtype}")
    if count == 0:
        return pixels.new_zeros((0, 2, height, width))
    chunk = count
    if pixels.device.type == "cpu":
        chunk = max(1, _CPU_CHUNK // (height * width))
    return torch.cat([_respond(part, params) for part in torch.split(pixels, chunk)])
