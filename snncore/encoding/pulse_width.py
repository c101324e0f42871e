"""Pulse-width modulation: one spike per period, and its place in the period is the value.

    c_t = 1 − (k + ½)/P,  k = t mod P;   the first step of a period with s_t ≥ c_t fires

A sawtooth falls from 1 to 0 once per period of P steps, and the signal is compared with it; the
spike is the edge of the pulse (Arriandiaga et al. 2020, IEEE TNNLS 31:3900, whose saw rises: here
it falls, so that large values are early and 0 never fires). At the spike the signal is between
c_t and the carrier one step before, so the value is known to ±1/(2P), and at the very moment of the
spike: a signal that moves is sampled at uneven times. Between them it is read back in straight
lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from snncore.encoding import fused
from snncore.encoding.code import Code, check_intensities, check_signal, check_spikes
from snncore.kernels import encode_signal, read_signal
from snncore.params import Params, integer

Tensor = torch.Tensor


@dataclass(frozen=True)
class PulseWidthParams(Params):
    """The period of the sawtooth."""

    period: int = integer(
        20,
        2,
        1000,
        "Steps per spike, and as many values that it can tell apart.",
        unit="steps",
        label="Period P",
    )


def carrier(params: PulseWidthParams) -> Tensor:
    """One period of the falling sawtooth, float32 [P]: 1 − (k + ½)/P."""
    return 1.0 - (torch.arange(params.period, dtype=torch.float32) + 0.5) / params.period


def pulse_width_encode(
    signal: Tensor,
    params: PulseWidthParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """A spike where the signal first reaches the falling sawtooth, in each period.

    Args:
        signal: [T, B, N] in 0..1.
        params: the period.
        seed, samples: ignored, the code is deterministic.

    Returns:
        bool [T, B, N], at most one per period; values below 1/(2P) are silent.

    Raises:
        ValueError: values outside 0..1 or NaN, a bad shape.
    """
    del seed, samples
    params = params or PulseWidthParams()
    signal = check_signal(signal)
    check_intensities(signal.reshape(len(signal), -1), len(signal))
    saw = carrier(params).to(signal.device)
    if signal.device.type == "cpu":
        return fused.run(encode_signal.pulse_width, signal, saw.numpy(), dtype=np.bool_)
    return _pulse_width_torch(signal, saw)


def _pulse_width_torch(signal: Tensor, saw: Tensor) -> Tensor:
    """The definition, on any device."""
    steps, period = len(signal), len(saw)
    count = -(-steps // period)
    reached = signal >= saw.repeat(count)[:steps].view(-1, 1, 1)
    padded = torch.cat((reached, reached.new_zeros((count * period - steps, *reached.shape[1:]))))
    blocks = padded.view(count, period, *reached.shape[1:])
    first = blocks & (blocks.cumsum(dim=1, dtype=torch.int32) == 1)
    return first.reshape(padded.shape)[:steps]


def pulse_width_decode(
    spikes: Tensor, params: PulseWidthParams | None = None, header: Tensor | None = None
) -> Tensor:
    """Straight lines through one value per period, float32 [T, B, N].

    A spike gives the value c + 1/(2P) at its step, a whole period of silence 0 at its last step;
    before the first of these points and after the last the signal is flat. An unfinished period
    without a spike says nothing. If spikes were added on the way, the first of a period counts.
    `header` is not needed and ignored.
    """
    del header
    params = params or PulseWidthParams()
    fired = check_spikes(spikes) > 0
    if fired.device.type == "cpu":
        return fused.run(read_signal.pulse_width, fired, params.period, dtype=np.float32)
    return _pulse_width_decode_torch(fired, params.period)


def _pulse_width_decode_torch(fired: Tensor, period: int) -> Tensor:
    """The definition, on any device; fired bool [T, B, N]."""
    steps = len(fired)
    count = -(-steps // period)
    padded = torch.cat((fired, fired.new_zeros((count * period - steps, *fired.shape[1:]))))
    blocks = padded.view(count, period, *fired.shape[1:]).to(torch.uint8)
    any_, place = blocks.max(dim=1)  # the first of equal ones: the first spike
    place = torch.where(any_ > 0, place, period - 1)
    value = torch.where(any_ > 0, 1.0 - place.to(torch.float32) / period, 0.0)
    starts = torch.arange(count, device=fired.device).view(-1, 1, 1) * period
    at = (starts + place).to(torch.float32)  # [count, B, N], rising
    if steps % period and count > 1:  # the unfinished period repeats what is known
        value[-1] = torch.where(any_[-1] > 0, value[-1], value[-2])
    now = torch.arange(steps, device=fired.device, dtype=torch.float32).view(-1, 1, 1)
    own = torch.arange(steps, device=fired.device) // period
    left = own.view(-1, 1, 1) - (now < at[own]).to(torch.int64)  # the point before or at now
    right = (left + 1).clamp_max(count - 1)
    left = left.clamp_min(0)
    t0, t1 = at.gather(0, left), at.gather(0, right)
    part = ((now - t0) / (t1 - t0).clamp_min(1.0)).clamp(0.0, 1.0)
    return value.gather(0, left) * (1.0 - part) + value.gather(0, right) * part


def value_bound(params: PulseWidthParams) -> float:
    """Largest error of a value at the step of its spike: 1/(2P)."""
    return 0.5 / params.period


PULSE_WIDTH = Code(
    name="pulse_width",
    title="Pulse width",
    family="pulse",
    equation=r"s_t \ge c_t = 1 - \frac{(t \bmod P)+\frac12}{P} \Rightarrow "
    r"e_t = 1 \text{ (once per period)}, \qquad \hat s_t = 1 - \frac{t \bmod P}{P}",
    kind="signal",
    silent_at_zero=True,
    stochastic=False,
    invertible=True,
    params=PulseWidthParams,
    encode=pulse_width_encode,
    decode=pulse_width_decode,
    reference="Arriandiaga et al. 2020",
    idea="One spike per period: the earlier in it, the larger the signal at that moment.",
    knob="period",
)

CODES = (PULSE_WIDTH,)
