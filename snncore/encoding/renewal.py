"""Rate codes of other regularity than chance: a clock, and gamma processes between the two.

    regular: t_k = (k − ½)/r or (k − 1)/r,  r = gain·x ≤ 1    CV = 0, Fano → 0
    gamma:   every k-th event of a Poisson process of rate k·r, r = max_rate·x
                                                              CV = 1/√k, Fano → 1/k

The more regular a train is, the better a count tells its rate. The gamma process starts at a
random place between two spikes (the first comes after 1 to k events, each as likely), so that it
is stationary and its mean count is r·T exactly; one that started with a spike would fire too
late by (1 − 1/k)/2 of a spike (Cox 1962, Renewal Theory, sections 2.2, 4.1). Cortical cells lie
between k = 1 and about 5 (Baker & Lemon 2000, J. Neurophysiol. 84:1770).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from snncore import rng
from snncore.encoding import clocks, laws
from snncore.encoding.code import Code, Law, check_intensities, check_spikes, sample_numbers
from snncore.encoding.poisson import PoissonParams
from snncore.kernels.exponential import UNIT
from snncore.params import Params, choice, integer, number

Tensor = torch.Tensor

PHASES = ("half", "zero")


@dataclass(frozen=True)
class RegularParams(Params):
    """How often a white pixel fires, and when all begin."""

    gain: float = number(
        1.0,
        1e-6,
        1.0,
        "Spikes per step at the value 1.",
        unit="spikes/step",
        step=0.05,
        label="Rate of white g",
    )
    phase: str = choice(
        "half",
        PHASES,
        "First spike after half a period, or at once: then all fire together in the first step.",
        label="First spike",
    )


@dataclass(frozen=True)
class GammaParams(PoissonParams):
    """How often a white pixel fires, and how regularly."""

    order: int = integer(4, 1, 20, "1 is Poisson; the larger, the more regular.", label="Order k")


def regular_marks(values: Tensor, params: RegularParams) -> clocks.Marks:
    """Marks one cycle apart, from half a cycle or none on."""
    begin = UNIT // 2 if params.phase == "half" else 0
    return clocks.Marks(0, torch.full_like(values, begin, dtype=torch.int64))


def regular_encode(
    values: Tensor,
    params: RegularParams | None = None,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Spikes at equal intervals 1/(gain·x): bool [T, B, N] from values [B, N] in 0..1.

    Deterministic: `seed` and `samples` are ignored. A value of 0 never fires.

    Raises:
        ValueError: values outside 0..1 or NaN, a bad shape or n_steps.
    """
    del seed
    params = params or RegularParams()
    values = check_intensities(values, n_steps)
    numbers = sample_numbers(samples, values.shape[0], values.device)
    rates = clocks.cycles(values * params.gain)
    spikes = clocks.dense(rates, regular_marks(values, params), n_steps, 0, numbers)
    return spikes.view(torch.bool)  # at most one cycle a step


def regular_decode(spikes: Tensor, params: RegularParams | None = None) -> Tensor:
    """Spikes per step over the gain, float32 [B, N]; off by at most 1/(2·gain·T).

    With phase zero a spike stands for the half period before it and the half after it, so half
    a spike is taken off the count.
    """
    params = params or RegularParams()
    counts = check_spikes(spikes).sum(dim=0, dtype=torch.int32).to(torch.float32)
    if params.phase == "zero":
        counts = (counts - 0.5).clamp_min(0.0)
    return counts / (spikes.shape[0] * params.gain)


def regular_bound(params: RegularParams, n_steps: int) -> float:
    """Half a spike in T steps."""
    return 0.5 / (params.gain * n_steps)


def regular_law(params: RegularParams, value: float, longest: int) -> Law:
    """Whole intervals on both sides of the period."""
    return laws.clock(params.gain * laws.check_value(value), longest)


def gamma_marks(values: Tensor, params: GammaParams, seed: int, samples: Tensor) -> clocks.Marks:
    """Every k-th event, after 0 to k − 1 others."""
    words = rng.draws(seed, rng.stream("encode_start"), samples, values.shape[1], 1)[0]
    return clocks.Marks(params.order, (words * params.order) >> 32)


def gamma_encode(
    values: Tensor,
    params: GammaParams | None = None,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Counts of a stationary gamma process of max_rate·x spikes per step: uint8 [T, B, N].

    Arguments and errors are those of `poisson_encode`; order 1 gives the same spikes.
    """
    params = params or GammaParams()
    values = check_intensities(values, n_steps)
    numbers = sample_numbers(samples, values.shape[0], values.device)
    rates = clocks.cycles(values * params.max_rate) * params.order
    marks = gamma_marks(values, params, seed, numbers)
    return clocks.dense(rates, marks, n_steps, seed, numbers)


def gamma_decode(spikes: Tensor, params: GammaParams | None = None) -> Tensor:
    """Spikes per step over the rate of white: unbiased, float32 [B, N].

    Its variance tends to x/(k·max_rate·T): 1/k of that of a Poisson train.
    """
    params = params or GammaParams()
    counts = check_spikes(spikes).sum(dim=0, dtype=torch.int32)
    return counts.to(torch.float32) / (spikes.shape[0] * params.max_rate)


def gamma_law(params: GammaParams, value: float, longest: int) -> Law:
    """Intervals of a gamma distribution of order k."""
    return laws.gamma(params.max_rate * laws.check_value(value), params.order, longest)


REGULAR = Code(
    name="regular",
    title="Regular rate",
    family="rate",
    equation=r"t_k = \frac{k - \frac12}{g\,x}, \qquad \hat x = \frac{1}{gT}\sum_{t=1}^{T} s_t",
    kind="intensity",
    silent_at_zero=True,
    stochastic=False,
    invertible=True,
    params=RegularParams,
    encode=regular_encode,
    decode=regular_decode,
    reference="Adrian & Zotterman 1926; Dayan & Abbott 2001, ch. 1",
    idea="The brighter a pixel, the faster its neuron ticks, as even as a clock.",
    partial="cut",
    knob="gain",
    law=regular_law,
    bound=regular_bound,
    bound_holds="for every value",
)

GAMMA = Code(
    name="gamma",
    title="Gamma",
    family="rate",
    equation=r"t_{j+1} = t_j - \frac{1}{k\,r\,x}\sum_{i=1}^{k} \ln U_{ji}, \qquad "
    r"\hat x = \frac{1}{rT}\sum_{t=1}^{T} n_t",
    kind="intensity",
    silent_at_zero=True,
    stochastic=True,
    invertible=True,
    params=GammaParams,
    encode=gamma_encode,
    decode=gamma_decode,
    reference="Cox 1962; Baker & Lemon 2000",
    idea="How often a neuron fires says how bright its pixel is; it fires more evenly than chance.",
    partial="cut",
    knob="max_rate",
    law=gamma_law,
)

CODES = (REGULAR, GAMMA)
