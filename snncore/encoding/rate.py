"""Rate codes: the value is the probability of a spike in each step.

Each step is one Bernoulli draw, p = gain·x, so the intervals between spikes are geometric with
CV = √(1 − p), the count of T steps has mean pT and Fano factor 1 − p, and the limit of small p is
a Poisson process (Dayan & Abbott 2001, Theoretical Neuroscience, ch. 1; rates as the carrier:
Adrian & Zotterman 1926, J. Physiol. 61:151).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from snncore.encoding import laws
from snncore.encoding.bernoulli import draw_signed, draw_spikes
from snncore.encoding.code import (
    Code,
    Law,
    check_intensities,
    check_signal,
    check_spikes,
    sample_numbers,
)
from snncore.params import Params, integer, number

Tensor = torch.Tensor


@dataclass(frozen=True)
class RateParams(Params):
    """How often a white pixel fires."""

    gain: float = number(
        1.0,
        1e-6,
        1.0,
        "Probability of a spike per step at the value 1.",
        step=0.05,
        label="Gain g",
    )


@dataclass(frozen=True)
class WindowParams(Params):
    """The window of a decoder that averages over neighbouring steps."""

    window: int = integer(
        25,
        1,
        199,
        "Length of the moving average that decodes.",
        unit="steps",
        step=2,
        label="Window W",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.window % 2 == 0:
            raise ValueError(f"window must be odd, so that it has a centre, got {self.window}")


@dataclass(frozen=True)
class RateSignalParams(WindowParams, RateParams):
    """Time-varying rate and the window that reads it back."""


def check_unit_signal(signal: Tensor) -> Tensor:
    """float32 `signal` [T, B, N], after checking that it is in 0..1 everywhere."""
    signal = check_signal(signal)
    check_intensities(signal.reshape(len(signal), -1), len(signal))
    return signal


def rate_encode(
    values: Tensor,
    params: RateParams | None = None,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Independent spikes with probability gain·x per step.

    Args:
        values: [B, N] in 0..1.
        params: gain.
        n_steps: T.
        seed: 0..2**63-1.
        samples: int64 [B], the number of each row in its data set (default 0..B-1): the spikes of
            a row depend on its number, not on the batch that it is in.

    Returns:
        bool [T, B, N] on the device of `values`; a value of 0 never fires, 1 with gain 1 always.

    Raises:
        ValueError: values outside 0..1 (nothing is clipped) or NaN, a bad shape, seed or n_steps.
    """
    params = params or RateParams()
    values = check_intensities(values, n_steps)
    numbers = sample_numbers(samples, values.shape[0], values.device)
    return draw_spikes(values, params.gain, seed, numbers, n_steps)


def rate_decode(spikes: Tensor, params: RateParams | None = None) -> Tensor:
    """Mean over time divided by the gain: the unbiased estimate, float32 [B, N].

    Its standard deviation is √(p(1 − p)/T)/gain; with gain < 1 it can exceed 1.
    """
    params = params or RateParams()
    counts = check_spikes(spikes).sum(dim=0, dtype=torch.int32)
    return counts.to(torch.float32) / (spikes.shape[0] * params.gain)


def rate_signal_encode(
    signal: Tensor,
    params: RateSignalParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """A signal [T, B, N] in 0..1 as spikes with probability gain·s(t): bool [T, B, N].

    Raises:
        ValueError: values outside 0..1 or NaN, a bad shape or seed.
    """
    params = params or RateSignalParams()
    signal = check_unit_signal(signal)
    numbers = sample_numbers(samples, signal.shape[1], signal.device)
    return draw_signed(signal, 0.0, params.gain, 1.0, seed, numbers).view(torch.bool)


def rate_signal_decode(
    spikes: Tensor, params: RateSignalParams | None = None, header: Tensor | None = None
) -> Tensor:
    """Moving average of the spikes divided by the gain; `header` is not needed and ignored."""
    del header
    params = params or RateSignalParams()
    return moving_average(spikes, params.window) / params.gain


def moving_average(spikes: Tensor, window: int) -> Tensor:
    """Mean of the spikes over `window` (odd) steps around each step, float32 [T, B, N].

    At the ends the average is over the steps that exist.
    """
    spikes = check_spikes(spikes)
    steps, half = spikes.shape[0], window // 2
    total = torch.zeros((steps + 1, *spikes.shape[1:]), dtype=torch.int32, device=spikes.device)
    torch.cumsum(spikes, dim=0, dtype=torch.int32, out=total[1:])
    centre = torch.arange(steps, device=spikes.device)
    lower, upper = (centre - half).clamp_min(0), (centre + half + 1).clamp_max(steps)
    width = (upper - lower).to(torch.float32).view(-1, 1, 1)
    return (total[upper] - total[lower]).to(torch.float32) / width


def rate_law(params: RateParams, value: float, longest: int) -> Law:
    """Geometric intervals, also of a signal that stays constant."""
    return laws.bernoulli(params.gain * laws.check_value(value), longest)


RATE = Code(
    name="rate",
    title="Rate (Bernoulli)",
    family="rate",
    equation=r"P(s_t = 1) = g\,x, \qquad "
    r"\hat x = \frac{1}{gT}\sum_{t=1}^{T} s_t",
    kind="intensity",
    silent_at_zero=True,
    stochastic=True,
    invertible=True,
    params=RateParams,
    encode=rate_encode,
    decode=rate_decode,
    reference="Adrian & Zotterman 1926; Dayan & Abbott 2001, ch. 1",
    idea="How often a neuron fires says how bright its pixel is.",
    partial="cut",
    knob="gain",
    law=rate_law,
)

RATE_SIGNAL = Code(
    name="rate_signal",
    title="Rate of a signal (Bernoulli)",
    family="rate",
    equation=r"P(e_t = 1) = g\,s_t, \qquad "
    r"\hat s_t = \frac{1}{gW}\sum_{|u-t|\le W/2} e_u",
    kind="signal",
    silent_at_zero=True,
    stochastic=True,
    invertible=True,
    params=RateSignalParams,
    encode=rate_signal_encode,
    decode=rate_signal_decode,
    reference="Dayan & Abbott 2001, ch. 1",
    idea="The density of spikes around a moment says how large the signal is there.",
    partial="cut",
    knob="gain",
    law=rate_law,
)

CODES = (RATE, RATE_SIGNAL)
