"""The retina's first spikes: ON and OFF cells fire the earlier, the stronger their response.

VanRullen & Thorpe 2001 (Neural Computation 13:1255) and Delorme & Thorpe 2001 (Neural Networks
14:795): difference-of-Gaussians cells (`snncore.retina`) answer a picture, r = K x, and each sends
one spike. With the strongest response of the picture scaled to 1:

    t = (T − 1)(1 − |r|),  |r| ≥ θ,    ON cells where r > 0, OFF cells where r < 0

The decoder turns the times into r and looks for the picture behind it. K with mirrored borders is
diagonal in the cosine transform that belongs to them (DCT-I), with the transfer function

    λ(k, l) = G_c(k) G_c(l) − G_s(k) G_s(l)

so that the Wiener estimate is x̂_kl = λ S r_kl / (λ² S + n): S = s/ω² is the spectrum of natural
pictures (Field 1987, J. Opt. Soc. Am. A 4:2379), s what makes λ²S as strong as the response that
came, and n the noise of rounding and of the threshold. The retina leaves out the mean, λ(0, 0) = 0,
and the scaling leaves out the contrast: the estimate is stretched to 0..1, and no more is promised.
A uniform picture is silent and reads back as 0.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from snncore.encoding.code import Code
from snncore.encoding.one_spike import first_spike, rounded_steps, train
from snncore.params import Params, integer, number
from snncore.retina import RetinaParams, gaussian, on_off

Tensor = torch.Tensor


@dataclass(frozen=True)
class RetinaLatencyParams(Params):
    """Receptive field and threshold of the ganglion cells."""

    sigma_centre: float = number(
        1.0, 0.1, 20.0, "Width of the centre.", unit="px", step=0.1, label="Centre σ_c"
    )
    sigma_surround: float = number(
        2.0, 0.1, 40.0, "Width of the surround.", unit="px", step=0.1, label="Surround σ_s"
    )
    size: int = integer(7, 3, 61, "Side of the square window (odd).", unit="px", step=2)
    threshold: float = number(
        0.01,
        0.0,
        0.99,
        "Responses below this part of the strongest are silent.",
        step=0.01,
        label="Threshold θ",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.retina()

    def retina(self) -> RetinaParams:
        """The cells, scaled to the strongest of each picture; ValueError where they cannot be."""
        return RetinaParams(self.sigma_centre, self.sigma_surround, self.size, normalise=True)


def retina_latency_steps(
    pictures: Tensor,
    params: RetinaLatencyParams,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Step of each cell's spike, int64 [B, 2·H·W] (ON, then OFF), −1 for silence."""
    del seed, samples
    if isinstance(n_steps, bool) or not isinstance(n_steps, int) or n_steps < 2:
        raise ValueError(f"n_steps must be a whole number >= 2, got {n_steps!r}")
    response = on_off(pictures, params.retina()).flatten(1)
    fires = (response >= params.threshold) & (response > 0)
    times = (n_steps - 1) * (1.0 - response)
    return rounded_steps(torch.where(fires, times, torch.full_like(times, -1.0)), n_steps)


def retina_latency_encode(
    pictures: Tensor,
    params: RetinaLatencyParams | None = None,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """One spike of the ON or the OFF cell of a pixel, or none: bool [T, B, 2·H·W].

    Args:
        pictures: [B, H, W] in 0..1, each side longer than half the window.
        n_steps: T ≥ 2.

    Neurons 0..H·W − 1 are the ON cells row by row, the rest the OFF cells. Deterministic: `seed`
    and `samples` are ignored.

    Raises:
        ValueError: values outside 0..1 or NaN, a bad shape, a picture too small for the window.
    """
    del seed, samples
    params = params or RetinaLatencyParams()
    return train(retina_latency_steps(pictures, params, n_steps=n_steps), n_steps)


def decoded_response(spikes: Tensor, shape: tuple[int, int]) -> Tensor:
    """The signed response r that the spikes tell, float32 [B, H, W] in −1..1; 0 for silence.

    Raises:
        ValueError: the spikes are not [T ≥ 2, B, 2·H·W].
    """
    height, width = shape
    step, fired = first_spike(spikes)
    if spikes.shape[0] < 2 or spikes.shape[2] != 2 * height * width:
        raise ValueError(
            f"spikes must be [T, B, {2 * height * width}] with T >= 2 for a picture of "
            f"{height}×{width}, got shape {tuple(spikes.shape)}"
        )
    strength = 1.0 - step.to(torch.float32) / (spikes.shape[0] - 1)
    strength = torch.where(fired, strength, torch.zeros_like(strength))
    on, off = strength.view(-1, 2, height, width).unbind(dim=1)
    return on - off


def _cosines(length: int, device: torch.device) -> Tensor:
    """DCT-I of a line mirrored without repeating its ends, [L, L]; its square is 2(L − 1)·1."""
    place = torch.arange(length, device=device)
    # k·n as whole numbers: the cosine of a large angle would lose digits
    turn = (place[:, None] * place[None]) % (2 * (length - 1))
    matrix = 2.0 * torch.cos(turn.to(torch.float32) * (math.pi / (length - 1)))
    matrix[:, 0] *= 0.5
    matrix[:, -1] *= 0.5
    return matrix


def _transfer(weights: list[float], cosines: Tensor) -> Tensor:
    """What a symmetric window does to each cosine, [L]: w₀ + Σ 2 w_d cos(πkd/(L − 1))."""
    half = len(weights) // 2
    gain = torch.full((cosines.shape[0],), weights[half], device=cosines.device)
    for d in range(1, half + 1):
        wave = cosines[:, d] if d < cosines.shape[0] - 1 else 2.0 * cosines[:, d]
        gain = gain + weights[half + d] * wave
    return gain


def retina_latency_decode(
    spikes: Tensor, params: RetinaLatencyParams | None = None, shape: tuple[int, int] = (0, 0)
) -> Tensor:
    """The picture up to brightness and contrast, stretched to 0..1: float32 [B, H·W].

    Args:
        spikes: [T, B, 2·H·W] of `retina_latency_encode`.
        shape: (H, W).

    Raises:
        ValueError: the spikes do not fit the shape, or the shape not the window.
    """
    params = params or RetinaLatencyParams()
    height, width = shape
    if min(height, width) <= params.size // 2:
        raise ValueError(
            f"shape must be larger than {params.size // 2} px on each side for a window of "
            f"{params.size} px, got {height}×{width} (height × width); "
            "choose a smaller size of the window (3 px at least) or a larger picture"
        )
    response = decoded_response(spikes, shape)
    down, across = _cosines(height, spikes.device), _cosines(width, spikes.device)
    centre = gaussian(params.sigma_centre, params.size)
    surround = gaussian(params.sigma_surround, params.size)
    transfer = torch.outer(_transfer(centre, down), _transfer(centre, across)) - torch.outer(
        _transfer(surround, down), _transfer(surround, across)
    )
    transfer[0, 0] = 0.0  # exactly: the mean does not get through
    picture = _wiener(response, transfer, (down, across), spikes.shape[0], params.threshold)
    low = picture.amin(dim=(1, 2), keepdim=True)
    spread = picture.amax(dim=(1, 2), keepdim=True) - low
    stretched = (picture - low) / torch.where(spread > 0, spread, torch.ones_like(spread))
    grey = torch.full_like(stretched, 0.5)
    return torch.where(spread > 0, stretched, grey).flatten(1)


def _wiener(
    response: Tensor,
    transfer: Tensor,
    cosines: tuple[Tensor, Tensor],
    n_steps: int,
    threshold: float,
) -> Tensor:
    """The estimate of x from r, [B, H, W], in the unit of the response."""
    down, across = cosines
    size = 4.0 * (len(down) - 1) * (len(across) - 1)
    turns_down = torch.linspace(0, math.pi, len(down), device=response.device)
    turns_across = torch.linspace(0, math.pi, len(across), device=response.device)
    omega2 = turns_down[:, None] ** 2 + turns_across[None] ** 2
    omega2[0, 0] = omega2[0, 1]  # no spectrum is infinite; the transfer is 0 there anyway
    passed = (transfer * transfer / omega2).mean()
    strength = response.square().mean(dim=(1, 2), keepdim=True) / passed
    noise = 1.0 / (12.0 * (n_steps - 1) ** 2) + threshold**2 / 3.0
    spectrum = strength / omega2
    gain = transfer * spectrum / (transfer * transfer * spectrum + noise)
    return down @ (gain * (down @ response @ across.T)) @ across.T / size


RETINA_LATENCY = Code(
    name="retina_latency",
    title="Retina (ON/OFF latency)",
    family="retina",
    equation=r"r = x * (G_{\sigma_c}-G_{\sigma_s}),\; t = (T-1)\left(1-\frac{|r|}{\max|r|}\right),"
    r" \qquad \hat x_\omega = \frac{\lambda S}{\lambda^2 S + n}\,\hat r_\omega",
    kind="picture",
    silent_at_zero=True,
    stochastic=False,
    invertible=False,
    params=RetinaLatencyParams,
    encode=retina_latency_encode,
    decode=retina_latency_decode,
    reference="VanRullen & Thorpe 2001; Delorme & Thorpe 2001",
    idea="Cells for brighter and for darker than around fire, the strongest contrast first.",
    spread=lambda params: 2,
    knob="threshold",
)

CODES = (RETINA_LATENCY,)
