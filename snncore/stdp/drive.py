"""From images to the integers that decide the input spikes.

`poisson`: an input spikes in each step in which its random word is below its limit. Steps are
independent trials, which tends to a Poisson process as they get short. Limits come from the image
divided by its L2 norm, so bright and faint images drive the layer alike (the gain equalisation).

`latency`: an input of value v in 1..255 spikes once, in step ⌊(255 − v) T / 256⌋ of T: the
stronger, the earlier (Thorpe, Delorme & Van Rullen 2001; here linear in the value). Value 0 never
spikes. Nothing is drawn, and nothing is equalised but what the retina does.

Both are computed on the CPU from 8-bit values with correctly rounded operations only (integers,
square root, division), so they, and with them all input spikes, are the same whatever device,
batch size or thread count.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import retina, rng
from snncore.stdp.params import DRIVE_CAP, TrainParams
from snncore.stdp.state import Draw

Tensor = torch.Tensor
_CHUNK = 2048  # images of one pass of the retina


def channels(params: TrainParams) -> int:
    """Maps of a convolutional layer's input: ON and OFF, or intensity and its complement."""
    return {"raw": 2, "on_off": 2}[params.retina]


def input_size(height: int, width: int, params: TrainParams) -> int:
    """Number of inputs n_in of a dense layer for images of height × width pixels."""
    return height * width * (2 if params.retina == "on_off" else 1)


def _check(images: NDArray[np.uint8]) -> None:
    if images.ndim != 3 or images.dtype != np.uint8:
        raise ValueError(f"images must be uint8 [B, H, W], got {images.dtype} {images.shape}")


def _on_off(images: NDArray[np.uint8], params: TrainParams) -> NDArray[np.uint8]:
    """ON and OFF maps uint8 [B, 2, H, W], each image scaled to a maximum of 255."""
    half = math.ceil(1.5 * params.sigma_surround)  # σ 2 px: the 7×7 window of Kheradpisheh 2018
    side = min(images.shape[1:])
    if side <= half:
        raise ValueError(
            f"sigma_surround must be <= {max(side - 1, 0) / 1.5:.1f} px for images of {side} px, "
            f"got {params.sigma_surround} px"
        )
    receptive = retina.RetinaParams(
        sigma_centre=params.sigma_centre,
        sigma_surround=params.sigma_surround,
        size=max(3, 2 * half + 1),
        normalise=False,
    )
    maps = retina.on_off(torch.from_numpy(images.astype(np.float32) / 255.0), receptive).numpy()
    # A nearly uniform image is not blown up: one grey level of contrast responds with 4e-4.
    peak = np.maximum(maps.max(axis=(1, 2, 3), keepdims=True, initial=0.0), 1e-3)
    return np.rint(maps * (255.0 / peak)).astype(np.uint8)


def maps(images: NDArray[np.uint8], params: TrainParams) -> NDArray[np.uint8]:
    """Input cells of a convolutional layer, uint8 [B, C, H, W], of grey images uint8 [B, H, W].

    `raw`: the intensities v and their complement 255 − v, so that light on dark and dark on light
    both have a cell. `on_off`: the rectified difference-of-Gaussians responses, ON first.

    Raises:
        ValueError: another shape or type, or a retina wider than the image.
    """
    _check(images)
    if params.retina == "raw":
        return np.stack((images, 255 - images), axis=1)
    if len(images) == 0:
        return np.empty((0, 2, *images.shape[1:]), np.uint8)
    pieces = [_on_off(images[k : k + _CHUNK], params) for k in range(0, len(images), _CHUNK)]
    return np.concatenate(pieces)


def cells(images: NDArray[np.uint8], params: TrainParams) -> NDArray[np.uint8]:
    """Input cells of a dense layer, uint8 [B, n_in], of grey images uint8 [B, H, W].

    `raw`: the pixels. `on_off`: all ON cells, then all OFF cells, each image scaled to a maximum
    of 255 and rounded to 8 bits.

    Raises:
        ValueError: another shape or type, or a retina wider than the image.
    """
    _check(images)
    if params.retina == "raw":
        return images.reshape(len(images), images.shape[1] * images.shape[2])
    return maps(images, params).reshape(len(images), 2 * images.shape[1] * images.shape[2])


def limits(cell_values: NDArray[np.uint8], params: TrainParams) -> NDArray[np.uint32]:
    """Limits uint32 [B, n_in]: P(spike) = probability · min(cap, gain · c / ‖c‖₂) = limit / 2³².

    An empty image stays silent.
    """
    from snncore.kernels.dense_inputs import limits as fill

    out = np.empty(cell_values.shape, np.uint32)
    fill(cell_values, params.gain, DRIVE_CAP, params.probability * 2.0**32, out)
    return out


def spike_steps(cell_values: NDArray[np.uint8], n_steps: int) -> NDArray[np.uint32]:
    """One more than the step of each input's only spike, uint32 [B, n_in]; 0: it never spikes."""
    values = cell_values.astype(np.uint32)
    return np.where(values > 0, (255 - values) * np.uint32(n_steps) // 256 + 1, 0).astype(np.uint32)


def inputs(cell_values: NDArray[np.uint8], params: TrainParams, n_steps: int) -> NDArray[np.uint32]:
    """What decides the input spikes of a presentation of `n_steps`: uint32 [B, n_in].

    `limits` for the Poisson code, `spike_steps` for latency. 0 is an input that never spikes.
    """
    if params.code == "latency":
        return spike_steps(cell_values, n_steps)
    return limits(cell_values, params)


def input_spikes(values: Tensor, draw: Draw, n_steps: int, code: str = "poisson") -> Tensor:
    """Input spikes bool [T, B, n_in] on the device of `values`; the definition.

    Args:
        values: int64 [B, n_in] from `inputs`.
        draw: where the random words come from (not used by `latency`).
        n_steps: T.
        code: `poisson` or `latency`.
    """
    if code == "latency":
        steps = torch.arange(1, n_steps + 1, device=values.device)
        return values == steps.view(-1, 1, 1)
    words = rng.draws(
        draw.seed, draw.stream, draw.samples.to(values.device), values.shape[1], n_steps
    )
    return words < values.to(torch.int64)
