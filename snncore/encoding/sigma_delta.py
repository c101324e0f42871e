"""Sigma-delta: the sum of the spikes follows the sum of the signal.

    Σ_t = Σ_{t−1} + (s_t − c) − q·e_t,   e_t = +1 if the sum would reach q/2, −1 if it would fall
                                         below −q/2

The error is added up and sent as soon as it is worth a spike of size q, so what one spike gets
wrong the next ones make good: rounding error is moved to high frequencies, where the decoder, a
moving average over W steps, does not hear it (Inose & Yasuda 1963, Proc. IEEE 51:1524, with three
levels, so that silence is a value too). As long as |s − c| ≤ q the sum stays within ±q/2, and
therefore the mean over any W successive steps is off by at most q/W (`mean_bound`), whatever the
signal does within them. A larger signal overloads: the sum runs away.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from snncore.encoding import fused
from snncore.encoding.code import Code, check_signal
from snncore.encoding.rate import moving_average
from snncore.kernels import encode_signal
from snncore.params import Params, integer, number

Tensor = torch.Tensor


@dataclass(frozen=True)
class SigmaDeltaParams(Params):
    """The size of a spike, its zero, and the window that reads it back."""

    unit: float = number(
        0.5,
        1e-6,
        10.0,
        "What one spike stands for; at least the largest distance from the centre.",
        step=0.05,
        label="Unit q",
    )
    centre: float = number(
        0.5,
        -10.0,
        10.0,
        "Value of silence: above it spikes are +1, below −1.",
        step=0.05,
        label="Centre c",
    )
    window: int = integer(
        25, 1, 999, "Length of the moving average that decodes.", unit="steps", step=2,
        label="Window W",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.window % 2 == 0:
            raise ValueError(f"window must be odd, so that it has a centre, got {self.window}")


def sigma_delta_encode(
    signal: Tensor,
    params: SigmaDeltaParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Spikes whose sum, q for each, follows the sum of signal − centre.

    Args:
        signal: [T, B, N], any finite values; within centre ± q there is no overload.
        params: q and the centre.
        seed, samples: ignored, the code is deterministic.

    Returns:
        int8 [T, B, N] of −1, 0, +1.

    Raises:
        ValueError: NaN or infinite values, a bad shape.
    """
    del seed, samples
    params = params or SigmaDeltaParams()
    signal = check_signal(signal)
    if signal.device.type == "cpu":
        return fused.run(
            encode_signal.sigma_delta, signal, params.centre, params.unit, params.unit / 2
        )
    return _sigma_delta_torch(signal, params)


def _sigma_delta_torch(signal: Tensor, params: SigmaDeltaParams) -> Tensor:
    """The definition, on any device."""
    half = params.unit / 2
    sums = torch.zeros_like(signal[0])
    spikes = torch.empty(signal.shape, dtype=torch.int8, device=signal.device)
    for t in range(len(signal)):
        sums = sums + (signal[t] - params.centre)
        spikes[t] = (sums >= half).to(torch.int8) - (sums < -half).to(torch.int8)
        sums = sums - params.unit * spikes[t]
    return spikes


def sigma_delta_decode(
    spikes: Tensor, params: SigmaDeltaParams | None = None, header: Tensor | None = None
) -> Tensor:
    """c + q times the centred moving average of the spikes over W steps, float32 [T, B, N].

    At the ends the average is over the steps that exist. `header` is not needed and ignored.
    """
    del header
    params = params or SigmaDeltaParams()
    return params.centre + params.unit * moving_average(spikes, params.window)


def mean_bound(params: SigmaDeltaParams, n_steps: int) -> float:
    """Largest error of the mean over `n_steps` successive steps, q/n, without overload."""
    return params.unit / n_steps


SIGMA_DELTA = Code(
    name="sigma_delta",
    title="Sigma-delta",
    family="delta",
    equation=r"\Sigma \mathrel{+}= s_t - c,\quad \Sigma \ge \tfrac q2 \Rightarrow e_t = +1,\ "
    r"\Sigma < -\tfrac q2 \Rightarrow e_t = -1,\quad \Sigma \mathrel{-}= q\,e_t, \qquad "
    r"\hat s_t = c + \frac qW\sum_{|u-t|\le W/2} e_u",
    kind="signal",
    silent_at_zero=False,
    stochastic=False,
    invertible=True,
    params=SigmaDeltaParams,
    encode=sigma_delta_encode,
    decode=sigma_delta_decode,
    reference="Inose & Yasuda 1963",
    idea="What one spike gets wrong the next ones make good: their mean is the signal's.",
    knob="unit",
)

CODES = (SIGMA_DELTA,)
