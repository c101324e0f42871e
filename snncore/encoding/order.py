"""Codes by order: who fires before whom, and when a random train fires first.

Rank order (Thorpe & Gautrais 1998, "Rank order coding", in Computational Neuroscience: Trends in
Research, 113–118): the neurons of a picture fire in the order of their values, and only that order
counts. With r(x) the number of brighter neurons and n the number that fire,

    t = ⌊r T / n⌋                               spread evenly over the window, equals share a step
    x̂ = 1 − (r₋ + r₌/2) / N                    r₋ spikes came before this step, r₌ came in it

The step is the same for every strictly increasing change of the values that keeps 0, so neither
brightness nor contrast gets through: what is read back is the histogram-equalised picture, the
share of the N neurons that are darker (equals count half). Black is silent.

First spike: the first spike of a Bernoulli train with p = g x per step is at step t with the
probability p(1 − p)^t; the rest of the train is left out. One such time says little: the value
that makes it likeliest is x̂ = min(1, 1/(g (t + 1))), and 0 for silence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from snncore import rng
from snncore.encoding.code import Code, check_intensities, check_spikes, sample_numbers
from snncore.encoding.one_spike import first_spike, train
from snncore.encoding.rate import RateParams
from snncore.kernels.encode_first_spike import first_spikes
from snncore.params import Params, number

Tensor = torch.Tensor

_WORDS_AT_ONCE = 1 << 21  # random words in flight: 16 MB, whatever the number of steps


@dataclass(frozen=True)
class RankOrderParams(Params):
    """How many of the first take part."""

    share: float = number(
        1.0,
        0.001,
        1.0,
        "Only this share of the neurons fires: the brightest.",
        step=0.05,
        label="Share that fires",
    )


@dataclass(frozen=True)
class FirstSpikeParams(RateParams):
    """The Bernoulli train whose first spike is kept."""


def rank_order_steps(
    values: Tensor,
    params: RankOrderParams,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Step of each neuron's spike, int64 [B, N], −1 for silence, from values [B, N] in 0..1.

    A neuron fires if its value is above 0 and fewer than share·N are brighter.
    """
    del seed, samples
    values = check_intensities(values, n_steps).contiguous()
    neurons = values.shape[1]
    ordered = torch.sort(values, dim=1).values
    brighter = neurons - torch.searchsorted(ordered, values, right=True)
    fires = (values > 0) & (brighter < params.share * neurons)
    firing = fires.sum(dim=1, keepdim=True).clamp_min(1)
    steps = torch.div(brighter * n_steps, firing, rounding_mode="floor")
    return torch.where(fires, steps, torch.full_like(steps, -1))


def rank_order_encode(
    pictures: Tensor,
    params: RankOrderParams | None = None,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """One spike per neuron in the order of the values: bool [T, B, N].

    Args:
        pictures: [B, H, W] (or [B, N]) in 0..1; the order is that within each picture.
        n_steps: T ≥ 1; with fewer steps than neurons several share a step.

    Deterministic: `seed` and `samples` are ignored.

    Raises:
        ValueError: values outside 0..1 or NaN, a bad shape or n_steps.
    """
    del seed, samples
    if pictures.ndim not in (2, 3):
        raise ValueError(f"pictures must be [B, H, W], got shape {tuple(pictures.shape)}")
    values = pictures.flatten(1)
    return train(rank_order_steps(values, params or RankOrderParams(), n_steps=n_steps), n_steps)


def rank_order_decode(
    spikes: Tensor, params: RankOrderParams | None = None, shape: tuple[int, int] | None = None
) -> Tensor:
    """The histogram-equalised values: float32 [B, N], 0 for silence.

    Reads the order alone; what has fired keeps its value while later spikes come in. `shape` is
    not needed and ignored.
    """
    del params, shape
    step, fired = first_spike(spikes)
    count, neurons = step.shape
    per_step = torch.zeros((count, spikes.shape[0]), dtype=torch.int64, device=step.device)
    per_step.scatter_add_(1, step, fired.to(torch.int64))
    middle = per_step.cumsum(dim=1) - per_step + 0.5 * per_step.to(torch.float32)
    values = 1.0 - middle.gather(1, step) / neurons
    return torch.where(fired, values, torch.zeros_like(values))


def first_spike_steps(
    values: Tensor,
    params: FirstSpikeParams,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Step of each neuron's spike, int64 [B, N], −1 for silence; see `first_spike_encode`."""
    values = check_intensities(values, n_steps)
    numbers = sample_numbers(samples, values.shape[0], values.device)
    limits = rng.threshold(values * params.gain)
    if limits.device.type != "cpu":
        return _first_steps_torch(limits, seed, numbers, n_steps)
    rng.check_samples(numbers)
    steps = np.empty(limits.shape, dtype=np.int64)
    key = tuple(np.uint32(word) for word in rng.split_seed(seed))
    words = limits.contiguous().numpy().astype(np.uint64)
    rows = numbers.numpy().astype(np.uint32)
    first_spikes(words, rows, np.uint32(rng.stream("encode")), *key, n_steps, steps)
    return torch.from_numpy(steps)


def _first_steps_torch(limits: Tensor, seed: int, samples: Tensor, n_steps: int) -> Tensor:
    """The definition, on any device: random words of a few steps at a time, compared."""
    count, neurons = limits.shape
    block = max(4, _WORDS_AT_ONCE // max(1, count * neurons) // 4 * 4)
    steps = torch.full_like(limits, -1)
    for first in range(0, n_steps, block):
        length = min(block, n_steps - first)
        words = rng.draws(seed, rng.stream("encode"), samples, neurons, length, first=first)
        step, fired = first_spike(words < limits)
        steps = torch.where((steps < 0) & fired, first + step, steps)
    return steps


def first_spike_encode(
    values: Tensor,
    params: FirstSpikeParams | None = None,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """The first spike of a Bernoulli train with p = gain·x: bool [T, B, N].

    The draws are those of `rate_encode` with the same gain and seed, whose later spikes are
    missing here. Values, seed and samples as there; a value of 0 never fires.

    Raises:
        ValueError: values outside 0..1 or NaN, a bad shape, seed or n_steps.
    """
    params = params or FirstSpikeParams()
    steps = first_spike_steps(values, params, n_steps=n_steps, seed=seed, samples=samples)
    return train(steps, n_steps)


def first_spike_decode(spikes: Tensor, params: FirstSpikeParams | None = None) -> Tensor:
    """The likeliest value, min(1, 1/(gain·(t + 1))), 0 for silence: float32 [B, N]."""
    params = params or FirstSpikeParams()
    step, fired = first_spike(check_spikes(spikes))
    values = (1.0 / (params.gain * (step.to(torch.float32) + 1.0))).clamp_max(1.0)
    return torch.where(fired, values, torch.zeros_like(values))


RANK_ORDER = Code(
    name="rank_order",
    title="Rank order",
    family="order",
    equation=r"t = \left\lfloor \frac{r(x)\,T}{n} \right\rfloor, \qquad "
    r"\hat x = 1-\frac{r_{-}+\frac12 r_{=}}{N}",
    kind="picture",  # the order is that of all pixels: one neuron alone has none
    silent_at_zero=True,
    stochastic=False,
    invertible=False,
    params=RankOrderParams,
    encode=rank_order_encode,
    decode=rank_order_decode,
    reference="Thorpe & Gautrais 1998",
    idea="Only the order of the spikes counts, so any contrast gives the same spikes.",
    knob="share",
)

FIRST_SPIKE = Code(
    name="first_spike",
    title="First spike of a random train",
    family="order",
    equation=r"P(t) = g x\,(1-g x)^t, \qquad \hat x = \min\left(1, \frac{1}{g\,(t+1)}\right)",
    kind="intensity",
    silent_at_zero=True,
    stochastic=True,
    invertible=False,
    params=FirstSpikeParams,
    encode=first_spike_encode,
    decode=first_spike_decode,
    reference="VanRullen & Thorpe 2001",
    idea="A bright pixel's random train tends to start earlier; only its first spike is kept.",
    knob="gain",
)

CODES = (RANK_ORDER, FIRST_SPIKE)
