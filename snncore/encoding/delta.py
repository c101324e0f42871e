"""Delta codes: a spike says that the signal has changed by θ, its sign says in which direction.

    delta:          s_t − s_{t−1} ≥ θ → +1,  ≤ −θ → −1        reference: the previous sample
    send-on-delta:  s_t > b + θ → +1, b += θ;  s_t < b − θ → −1, b −= θ       reference: what was
                                                                              sent so far
The first forgets: a slope below θ per step never fires and its reconstruction drifts without
bound. The second remembers: |s − ŝ| ≤ θ as long as no step of the signal exceeds θ (faster is
slope overload). Send-on-delta: Miskowicz 2006, Sensors 6:49; as step-forward: Kasabov et al. 2016,
Neural Networks 78:1; an event camera does it in every pixel (Lichtsteiner et al. 2008).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from snncore.encoding import fused
from snncore.encoding.code import Code, check_intensities, check_signal, check_spikes
from snncore.kernels import encode_signal
from snncore.params import Params, flag, number

Tensor = torch.Tensor


@dataclass(frozen=True)
class SendOnDeltaParams(Params):
    """The change that is worth a spike."""

    threshold: float = number(
        0.05,
        1e-6,
        10.0,
        "Change that makes a spike, in units of the signal.",
        step=0.01,
        label="Threshold θ",
    )


@dataclass(frozen=True)
class DeltaParams(SendOnDeltaParams):
    """Delta modulation against the previous sample."""

    padding: bool = flag(
        True,
        "The first sample is its own predecessor (else 0 is).",
        label="First sample is silent",
    )
    off_spikes: bool = flag(True, "Falling steps make spikes of −1.", label="OFF spikes")


@dataclass(frozen=True)
class FadeInParams(Params):
    """The brightness step of a picture that fades in."""

    threshold: float = number(
        0.1,
        1e-4,
        1.0,
        "Growth of the light that makes a spike.",
        step=0.01,
        label="Threshold θ",
    )


def delta_encode(
    signal: Tensor,
    params: DeltaParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Spikes where the signal jumps by at least θ from one sample to the next.

    Args:
        signal: [T, B, N], any finite values.
        params: θ, what precedes the first sample, and whether falling steps fire.
        seed, samples: ignored, the code is deterministic.

    Returns:
        int8 [T, B, N] of −1, 0, +1.

    Raises:
        ValueError: NaN or infinite values, a bad shape.
    """
    del seed, samples
    params = params or DeltaParams()
    signal = check_signal(signal)
    first = signal[:1] if params.padding else torch.zeros_like(signal[:1])
    if signal.device.type == "cpu":
        rise = np.full(first.numel(), params.threshold, np.float32)
        fall = -rise if params.off_spikes else np.full_like(rise, -np.inf)
        before = first.detach().reshape(-1).numpy()
        return fused.run(encode_signal.delta, signal, before, rise, fall, False)
    return _delta_torch(signal, first, params)


def _delta_torch(signal: Tensor, first: Tensor, params: DeltaParams) -> Tensor:
    """The definition, on any device."""
    step = signal - torch.cat((first, signal[:-1]))
    spikes = (step >= params.threshold).to(torch.int8)
    if params.off_spikes:
        spikes -= (step <= -params.threshold).to(torch.int8)
    return spikes


def send_on_delta_encode(
    signal: Tensor,
    params: SendOnDeltaParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Spikes where the signal leaves the band ±θ around what was sent so far.

    The level sent is s₀ + kθ with a whole k, so rounding does not add up. Arguments, result and
    errors as `delta_encode`; the first sample is the starting level and silent.
    """
    del seed, samples
    params = params or SendOnDeltaParams()
    signal = check_signal(signal)
    if signal.device.type == "cpu":
        return fused.run(encode_signal.send_on_delta, signal, params.threshold)
    return _send_on_delta_torch(signal, params.threshold)


def _send_on_delta_torch(signal: Tensor, theta: float) -> Tensor:
    """The definition, on any device."""
    start = signal[0]
    level = torch.zeros_like(start)  # k: whole numbers, exact in float32 up to 2**24
    spikes = torch.zeros(signal.shape, dtype=torch.int8, device=signal.device)
    for t in range(1, signal.shape[0]):
        up = signal[t] > start + (level + 1.0) * theta
        down = signal[t] < start + (level - 1.0) * theta
        event = up.to(torch.int8) - down.to(torch.int8)
        spikes[t] = event
        level = level + event
    return spikes


def delta_decode(
    spikes: Tensor, params: SendOnDeltaParams | None = None, header: Tensor | None = None
) -> Tensor:
    """start + θ·Σ spikes, float32 [T, B, N]: the decoder of both signal codes.

    Args:
        spikes: [T, B, N] of −1, 0, +1.
        params: the θ that encoded (`DeltaParams` or `SendOnDeltaParams`).
        header: the first sample [1, B, N]; 0 without it, and always 0 for `delta_encode` without
            padding, whose first spike already stands for it.
    """
    params = params or SendOnDeltaParams()
    level = check_spikes(spikes).cumsum(dim=0, dtype=torch.int32).to(torch.float32)
    signal = level * params.threshold
    if header is None or (isinstance(params, DeltaParams) and not params.padding):
        return signal
    return signal + header.to(torch.float32)


def send_on_delta_bound(params: SendOnDeltaParams, n_steps: int) -> float:
    """|s − ŝ| ≤ θ while no step of the signal exceeds θ, whatever the number of steps."""
    del n_steps
    return params.threshold


def slow_enough(signal: Tensor, params: SendOnDeltaParams) -> bool:
    """Whether no step of the signal [T, …] exceeds θ, but for its rounding to float32."""
    if signal.shape[0] < 2:
        return True
    rounding = 1e-6 * float(signal.abs().max())
    return float(signal.diff(dim=0).abs().max()) <= params.threshold + rounding


def fade_in_encode(
    values: Tensor,
    params: FadeInParams | None = None,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Send-on-delta of a picture that fades in, light x·t/T at step t = 1..T, from darkness.

    Every pixel fires each time its light has grown by more than θ, about x/θ times in all.

    Args:
        values: [B, N] in 0..1.
        params: θ.
        n_steps: T, at least 1/θ, so that no pixel grows by more than θ in a step.
        seed, samples: ignored, the code is deterministic.

    Returns:
        bool [T, B, N].

    Raises:
        ValueError: values outside 0..1 or NaN, a bad shape, n_steps < 1/θ.
    """
    del seed, samples
    params = params or FadeInParams()
    values = check_intensities(values, n_steps)
    if n_steps * params.threshold < 1.0 - 1e-9:
        raise ValueError(
            f"n_steps must be >= 1/threshold = {1 / params.threshold:.4g}, got {n_steps}; "
            "use more steps or a larger threshold, or bright pixels overload"
        )
    clock = torch.arange(n_steps + 1, device=values.device, dtype=torch.float32) / n_steps
    if values.device.type == "cpu":
        flat = np.ascontiguousarray(values.detach().numpy()).reshape(-1)
        spikes = np.empty((n_steps, flat.size), dtype=np.bool_)
        encode_signal.fade_in(flat, clock[1:].numpy(), np.float32(params.threshold), spikes)
        return torch.from_numpy(spikes).reshape(n_steps, *values.shape)
    light = clock.view(-1, 1, 1) * values[None]
    return _send_on_delta_torch(light, params.threshold)[1:] > 0


def fade_in_bound(params: FadeInParams, n_steps: int) -> float:
    """Largest error: θ where silence may hide it, whatever the number of steps."""
    del n_steps
    return params.threshold


def fade_in_decode(spikes: Tensor, params: FadeInParams | None = None) -> Tensor:
    """(k + ½)θ for k spikes, at most 1, and 0 for silence: float32 [B, N].

    k spikes mean kθ < x ≤ (k + 1)θ, so the middle is off by at most θ/2 (θ for silence).
    """
    params = params or FadeInParams()
    counts = check_spikes(spikes).sum(dim=0, dtype=torch.int32).to(torch.float32)
    middle = ((counts + 0.5) * params.threshold).clamp_max(1.0)
    return torch.where(counts > 0, middle, torch.zeros_like(middle))


DELTA = Code(
    name="delta",
    title="Delta modulation (previous sample)",
    family="delta",
    equation=r"s_t - s_{t-1} \ge \theta \Rightarrow +1,\quad \le -\theta \Rightarrow -1, \qquad "
    r"\hat s_t = s_0 + \theta\sum_{u\le t} e_u",
    kind="signal",
    silent_at_zero=True,
    stochastic=False,
    invertible=False,
    params=DeltaParams,
    encode=delta_encode,
    decode=delta_decode,
    reference="de Jager 1952; spikegen.delta of snnTorch (Eshraghian et al. 2023)",
    idea="A spike says that the signal has just jumped; slow drifts go unnoticed.",
    knob="threshold",
)

SEND_ON_DELTA = Code(
    name="send_on_delta",
    title="Send-on-delta (step-forward)",
    family="delta",
    equation=r"s_t > b+\theta \Rightarrow b\leftarrow b+\theta,\quad "
    r"s_t < b-\theta \Rightarrow b\leftarrow b-\theta, \qquad \hat s_t = b",
    kind="signal",
    silent_at_zero=True,
    stochastic=False,
    invertible=True,
    params=SendOnDeltaParams,
    encode=send_on_delta_encode,
    decode=delta_decode,
    reference="Miskowicz 2006; Kasabov et al. 2016 (step-forward); Lichtsteiner et al. 2008",
    idea="A spike says that the signal has moved by θ since the last one, however slowly.",
    knob="threshold",
    bound=send_on_delta_bound,
    bound_holds="no step of the signal exceeds θ",
    bound_if=slow_enough,
)

FADE_IN = Code(
    name="fade_in",
    title="Delta (fade-in)",
    family="delta",
    equation=r"\tfrac{t}{T}x > b+\theta \Rightarrow b \mathrel{+}= \theta, \qquad "
    r"\hat x = (k+\tfrac12)\,\theta",
    kind="intensity",
    silent_at_zero=True,
    stochastic=False,
    invertible=True,
    params=FadeInParams,
    encode=fade_in_encode,
    decode=fade_in_decode,
    reference="Miskowicz 2006; Lichtsteiner et al. 2008 (event camera)",
    idea="The picture fades in; each pixel fires whenever its light has grown by θ.",
    knob="threshold",
    bound=fade_in_bound,
    bound_holds="for every value",
)

CODES = (DELTA, SEND_ON_DELTA, FADE_IN)
