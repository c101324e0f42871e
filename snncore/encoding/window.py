"""Codes by comparison with statistics of the signal itself.

    threshold-based:  s_{t+1} − s_t > ϑ → +1,  < −ϑ → −1,     ϑ = |mean Δ| + f·std Δ
    moving window:    s_t > b_t + θ → +1,  < b_t − θ → −1,    b_t = mean of the w samples before t

The first (Delbruck & Lichtsteiner 2007; Petro, Kasabov & Kiss 2020, IEEE TNNLS 31:358) fits its
threshold to each signal, which its decoder must therefore be told; the sources write mean Δ, not
its size, and then a falling signal gets a negative threshold and spikes of the wrong sign. Like
delta modulation it forgets what it did not send. The second is from Kasabov et al. 2016, Neural
Networks 78:1; the sources read it back as s₀ + θ·Σ e ("sum"), but what it compares with is a mean,
and the inverse of that is ŝ_t = mean of the w values of ŝ before t, plus θ e_t ("window").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from snncore.encoding import fused
from snncore.encoding.code import Code, check_signal, check_spikes
from snncore.encoding.delta import SendOnDeltaParams, delta_decode
from snncore.kernels import encode_signal, read_signal
from snncore.params import Params, choice, integer, number

Tensor = torch.Tensor


@dataclass(frozen=True)
class ThresholdBasedParams(Params):
    """How far from the usual a change must be."""

    factor: float = number(
        0.5,
        0.0,
        10.0,
        "Standard deviations above the mean change that make a spike.",
        step=0.1,
        label="Factor f",
    )


@dataclass(frozen=True)
class MovingWindowParams(SendOnDeltaParams):
    """The distance from the recent mean that is worth a spike."""

    window: int = integer(
        5, 1, 100, "Samples whose mean is compared with.", unit="steps", label="Window w"
    )
    decoder: str = choice(
        "window",
        ("window", "sum"),
        "window: onto the mean of what was read; sum: the published s₀ + θ·Σ e, which overshoots.",
    )


def threshold_based_header(signal: Tensor, params: Params) -> Tensor:
    """What the decoder is told: the first sample and the threshold ϑ, float32 [2, B, N]."""
    if not isinstance(params, ThresholdBasedParams):
        raise ValueError(f"params must be ThresholdBasedParams, got {type(params).__name__}")
    signal = check_signal(signal)
    step = signal[1:] - signal[:-1]
    if not len(step):  # one sample has no changes
        return torch.cat((signal[:1], torch.zeros_like(signal[:1])))
    mean = step.mean(dim=0)
    spread = (step - mean).square().mean(dim=0).sqrt()
    return torch.stack((signal[0], mean.abs() + params.factor * spread))


def threshold_based_encode(
    signal: Tensor,
    params: ThresholdBasedParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Spikes where the change to the next sample is larger than |mean| + f·std of all changes.

    Args:
        signal: [T, B, N], any finite values.
        params: the factor f.
        seed, samples: ignored, the code is deterministic.

    Returns:
        int8 [T, B, N] of −1, 0, +1; nothing follows the last sample, so it is silent. The spike
        stands before the change, as published: the threshold needs the whole signal anyway.

    Raises:
        ValueError: NaN or infinite values, a bad shape.
    """
    del seed, samples
    params = params or ThresholdBasedParams()
    signal = check_signal(signal)
    size = threshold_based_header(signal, params)[1]
    if signal.device.type == "cpu":
        rise = size.detach().reshape(-1).numpy()
        return fused.run(encode_signal.delta, signal, np.zeros_like(rise), rise, -rise, True)
    return _threshold_based_torch(signal, size)


def _threshold_based_torch(signal: Tensor, size: Tensor) -> Tensor:
    """The definition, on any device."""
    step = signal[1:] - signal[:-1]
    spikes = (step > size).to(torch.int8) - (step < -size).to(torch.int8)
    last = torch.zeros(signal[:1].shape, dtype=torch.int8, device=signal.device)
    return torch.cat((spikes, last))


def threshold_based_decode(
    spikes: Tensor, params: ThresholdBasedParams | None = None, header: Tensor | None = None
) -> Tensor:
    """s₀ + ϑ·Σ_{u<t} e_u, float32 [T, B, N].

    Args:
        spikes: [T, B, N] of −1, 0, +1.
        params: not needed, the threshold is in the header.
        header: first sample and threshold [2, B, N], from `threshold_based_header`.

    Raises:
        ValueError: there is no such header.
    """
    del params
    spikes = check_spikes(spikes)
    if header is None or header.shape != (2, *spikes.shape[1:]):
        raise ValueError(
            "header must be [2, B, N], the first sample and the threshold, got "
            f"{None if header is None else tuple(header.shape)}; take it from "
            "threshold_based_header"
        )
    level = spikes.cumsum(dim=0, dtype=torch.int32).to(torch.float32)
    level = torch.cat((torch.zeros_like(level[:1]), level[:-1]))
    return header[0] + header[1] * level


def moving_window_encode(
    signal: Tensor,
    params: MovingWindowParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Spikes where the signal is more than θ above or below its recent mean.

    The mean is of the w samples before, or of those that there are; the first sample is silent.
    Arguments, result and errors as `threshold_based_encode`, with θ and w in `params`.
    """
    del seed, samples
    params = params or MovingWindowParams()
    signal = check_signal(signal)
    if signal.device.type == "cpu":
        window = min(params.window, signal.shape[0])
        return fused.run(encode_signal.moving_window, signal, window, params.threshold)
    return _moving_window_torch(signal, params)


def _moving_window_torch(signal: Tensor, params: MovingWindowParams) -> Tensor:
    """The definition, on any device: the nearest sample is added first."""
    base = torch.zeros_like(signal)
    for k in range(1, min(params.window, len(signal) - 1) + 1):
        base[k:] += signal[:-k]
    steps = torch.arange(len(signal), device=signal.device, dtype=torch.float32)
    base = base / steps.clamp(1, params.window).view(-1, 1, 1)
    base[0] = signal[0]
    up, down = signal > base + params.threshold, signal < base - params.threshold
    return up.to(torch.int8) - down.to(torch.int8)


def moving_window_decode(
    spikes: Tensor, params: MovingWindowParams | None = None, header: Tensor | None = None
) -> Tensor:
    """The signal read back, float32 [T, B, N]; see the head of this module for both ways.

    Args:
        spikes: [T, B, N] of −1, 0, +1.
        params: the θ and w that encoded, and which decoder.
        header: the first sample [1, B, N]; 0 without it.
    """
    params = params or MovingWindowParams()
    if params.decoder == "sum":
        return delta_decode(spikes, SendOnDeltaParams(params.threshold), header)
    pushes = check_spikes(spikes).to(torch.float32) * params.threshold
    start = torch.zeros_like(pushes[0]) if header is None else header[0].to(torch.float32)
    if pushes.device.type == "cpu":
        flat = np.ascontiguousarray(start.detach().numpy()).reshape(-1)
        window = min(params.window, len(pushes))
        return fused.run(read_signal.moving_window, pushes, flat, window, dtype=np.float32)
    return _read_moving_window_torch(pushes, start, params.window)


def _read_moving_window_torch(pushes: Tensor, start: Tensor, window: int) -> Tensor:
    """The definition, on any device."""
    signal = torch.zeros_like(pushes)
    signal[0] = pushes[0] + start
    recent = signal[0].clone()  # sum of the samples in the window
    for t in range(1, len(pushes)):
        signal[t] = recent / min(t, window) + pushes[t]
        recent = recent + signal[t]
        if t >= window:
            recent = recent - signal[t - window]
    return signal


THRESHOLD_BASED = Code(
    name="threshold_based",
    title="Threshold-based representation",
    family="delta",
    equation=r"\pm(s_{t+1} - s_t) > \vartheta \Rightarrow \pm 1,\quad "
    r"\vartheta = |\overline{\Delta s}| + f\,\sigma_{\Delta s}, \qquad "
    r"\hat s_t = s_0 + \vartheta\sum_{u<t} e_u",
    kind="signal",
    silent_at_zero=True,
    stochastic=False,
    invertible=False,
    params=ThresholdBasedParams,
    encode=threshold_based_encode,
    decode=threshold_based_decode,
    reference="Delbruck & Lichtsteiner 2007; Petro, Kasabov & Kiss 2020",
    idea="A spike says that the signal changes faster than it usually does.",
    header=threshold_based_header,
    knob="factor",
)

MOVING_WINDOW = Code(
    name="moving_window",
    title="Moving window",
    family="delta",
    equation=r"\pm(s_t - b_t) > \theta \Rightarrow \pm 1,\quad "
    r"b_t = \frac1w\sum_{k=1}^{w} s_{t-k}, \qquad "
    r"\hat s_t = \frac1w\sum_{k=1}^{w} \hat s_{t-k} + \theta e_t",
    kind="signal",
    silent_at_zero=True,
    stochastic=False,
    invertible=False,
    params=MovingWindowParams,
    encode=moving_window_encode,
    decode=moving_window_decode,
    reference="Kasabov et al. 2016",
    idea="A spike says that the signal has left its recent mean.",
    knob="threshold",
)

CODES = (THRESHOLD_BASED, MOVING_WINDOW)
