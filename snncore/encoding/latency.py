"""Latency codes: one spike per neuron, the earlier the brighter; a dark pixel is silent.

The first spikes of a population carry enough for a decision before any rate could be measured
(Thorpe 1990; VanRullen & Thorpe 2001, Neural Computation 13:1255, doi 10.1162/08997660152002852).

    linear:  t = (T − 1)(1 − x)                  every step stands for the same range of values
    RC:      t = τ ln(x / (x − θ)),  x > θ       when a membrane charging towards x crosses θ

Times are rounded to whole steps, half to even, as in snnTorch. What would fire after the last
step, and the value 0, stays silent. The RC form is the logarithmic latency; with τ fitted it uses
the whole window, which the form (T − 1) − ln(αx + 1) found elsewhere does not: it puts all of
0.01..1 into the first few steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from snncore.encoding.code import Code, check_intensities
from snncore.encoding.one_spike import first_spike, rounded_steps, train
from snncore.params import Params, flag, number

Tensor = torch.Tensor

GREY_LEVEL = 1.0 / 255.0


@dataclass(frozen=True)
class LatencyParams(Params):
    """Linear latency."""

    threshold: float = number(
        0.01,
        0.0,
        0.99,
        "Values below it are silent; 0 is silent always.",
        step=0.01,
        label="Threshold θ",
    )


@dataclass(frozen=True)
class LatencyRcParams(Params):
    """Latency of a membrane that charges towards the value."""

    threshold: float = number(
        0.1,
        1e-4,
        0.99,
        "Firing threshold; values up to it are silent.",
        step=0.01,
        label="Threshold θ",
    )
    fit: bool = flag(
        True,
        "Choose τ so that one grey level above the threshold fires in the last step.",
        label="Fit τ to the window",
    )
    tau: float = number(
        10.0,
        0.01,
        1000.0,
        "Time constant of the membrane when it is not fitted.",
        unit="steps",
        step=1.0,
        label="Time constant τ",
    )

    def tau_steps(self, n_steps: int) -> float:
        """The time constant in steps for a window of `n_steps`.

        Fitted: (T − 1) / ln((θ + 1/255) / (1/255)), independent of the data, so that one picture
        is encoded the same alone and in a batch.
        """
        if not self.fit:
            return self.tau
        return (n_steps - 1) / math.log((self.threshold + GREY_LEVEL) / GREY_LEVEL)


def linear_times(values: Tensor, n_steps: int) -> Tensor:
    """(T − 1)(1 − x) in steps, not rounded, for values of any shape."""
    return (n_steps - 1) * (1.0 - values)


def rc_times(values: Tensor, threshold: float, tau: float) -> Tensor:
    """τ ln(x/(x − θ)) in steps, not rounded; infinite for x ≤ θ."""
    above = values > threshold
    safe = torch.where(above, values, torch.ones_like(values))
    times = tau * torch.log(safe / (safe - threshold))
    return torch.where(above, times, torch.full_like(times, math.inf))


def latency_steps(
    values: Tensor,
    params: LatencyParams,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Step of each neuron's spike, int64 [B, N], −1 for silence; see `latency_encode`."""
    del seed, samples
    values = check_intensities(values, n_steps, least=2)
    fires = (values >= params.threshold) & (values > 0)
    times = torch.where(fires, linear_times(values, n_steps), torch.full_like(values, math.inf))
    return rounded_steps(times, n_steps)


def latency_encode(
    values: Tensor,
    params: LatencyParams | None = None,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """One spike at (T − 1)(1 − x): bool [T, B, N] from values [B, N] in 0..1, T ≥ 2.

    White fires in step 0; values below `threshold`, and 0, never fire. Deterministic: `seed` and
    `samples` are ignored.

    Raises:
        ValueError: values outside 0..1 or NaN, a bad shape, n_steps < 2.
    """
    del seed, samples
    return train(latency_steps(values, params or LatencyParams(), n_steps=n_steps), n_steps)


def latency_decode(spikes: Tensor, params: LatencyParams | None = None) -> Tensor:
    """1 − t/(T − 1) of the first spike, 0 for silence: float32 [B, N], off by ≤ 1/(2(T − 1))."""
    del params
    step, fired = first_spike(spikes)
    if spikes.shape[0] < 2:
        raise ValueError("spikes must have at least 2 steps to tell one latency from another")
    values = 1.0 - step.to(torch.float32) / (spikes.shape[0] - 1)
    return torch.where(fired, values, torch.zeros_like(values))


def latency_bound(params: LatencyParams, n_steps: int) -> float:
    """Half a step of time, or the threshold where that is more: below it all is silent."""
    return max(0.5 / max(1, n_steps - 1), params.threshold)


def latency_rc_steps(
    values: Tensor,
    params: LatencyRcParams,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Step of each neuron's spike, int64 [B, N], −1 for silence; see `latency_rc_encode`."""
    del seed, samples
    # contiguous: a logarithm of strided numbers may round otherwise than of the same in a row
    values = check_intensities(values, n_steps, least=2).contiguous()
    times = rc_times(values, params.threshold, params.tau_steps(n_steps))
    return rounded_steps(times, n_steps)


def latency_rc_encode(
    values: Tensor,
    params: LatencyRcParams | None = None,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """One spike at τ ln(x/(x − θ)): bool [T, B, N] from values [B, N] in 0..1, T ≥ 2.

    x ≤ θ never reaches the threshold, and what would reach it after the last step is silent too.
    Deterministic: `seed` and `samples` are ignored.

    Raises:
        ValueError: values outside 0..1 or NaN, a bad shape, n_steps < 2.
    """
    del seed, samples
    return train(latency_rc_steps(values, params or LatencyRcParams(), n_steps=n_steps), n_steps)


def latency_rc_decode(spikes: Tensor, params: LatencyRcParams | None = None) -> Tensor:
    """θ/(1 − e^{−t/τ}) of the first spike, at most 1, and 0 for silence: float32 [B, N]."""
    params = params or LatencyRcParams()
    step, fired = first_spike(spikes)
    ratio = step.to(torch.float32) / params.tau_steps(max(2, spikes.shape[0]))
    charged = -torch.expm1(-ratio)
    values = torch.where(
        charged > params.threshold, params.threshold / charged, torch.ones_like(charged)
    )
    return torch.where(fired, values, torch.zeros_like(values))


def latency_rc_bound(params: LatencyRcParams, n_steps: int) -> float:
    """Largest distance of a value from θ/(1 − e^{−t/τ}) of the step t that it fires in.

    Step t holds the values whose time rounds to it, of t − ½ to t + ½; silence holds all below
    those of the last step, and reads back as 0.
    """
    tau = params.tau_steps(max(2, n_steps))

    def value(time: float) -> float:
        charged = -math.expm1(-time / tau)
        return params.threshold / charged if charged > params.threshold else 1.0

    worst = value(n_steps - 0.5)
    for step in range(n_steps):
        centre = value(step)
        worst = max(worst, value(max(0.0, step - 0.5)) - centre, centre - value(step + 0.5))
    return worst


LATENCY = Code(
    name="latency",
    title="Latency (linear)",
    family="latency",
    equation=r"t = (T-1)\,(1-x), \qquad \hat x = 1-\frac{t}{T-1}",
    kind="intensity",
    silent_at_zero=True,
    stochastic=False,
    invertible=True,
    params=LatencyParams,
    encode=latency_encode,
    decode=latency_decode,
    reference="Thorpe 1990; VanRullen & Thorpe 2001",
    idea="One spike per pixel: the brighter, the earlier.",
    knob="threshold",
    bound=latency_bound,
    bound_holds="for every value",
    partial="wait",
)

LATENCY_RC = Code(
    name="latency_rc",
    title="Latency (RC)",
    family="latency",
    equation=r"t = \tau\,\ln\frac{x}{x-\theta}, \qquad \hat x = \frac{\theta}{1-e^{-t/\tau}}",
    kind="intensity",
    silent_at_zero=True,
    stochastic=False,
    invertible=True,
    params=LatencyRcParams,
    encode=latency_rc_encode,
    decode=latency_rc_decode,
    reference="VanRullen & Thorpe 2001; latency of snnTorch (Eshraghian et al. 2023)",
    idea="One spike per pixel, when a leaky membrane charged by it reaches the threshold.",
    knob="threshold",
    bound=latency_rc_bound,
    bound_holds="for every value",
    partial="wait",
)

CODES = (LATENCY, LATENCY_RC)
