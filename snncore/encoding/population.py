"""Population codes: m neurons share a value, each with its own Gaussian field.

Bohte, Kok & La Poutré 2002 (Neurocomputing 48:17): for values in 0..1 and m ≥ 3

    y_j(x) = exp(−(x − μ_j)²/2σ²),   μ_j = (2j − 3)/(2(m − 2)),  j = 1 … m,   σ = 1/(β(m − 2))

so that the outer two fields have their centres outside. The m neurons of a value are neighbours:
neuron i·m + j is field j of value i, both from 0.

    rate:     a spike per step with probability g·y
    latency:  one spike at round((T − 1)(1 − y)), none for y < θ

A centre of mass of the active fields is biased towards the middle near 0 and 1, where one side of
the fields is missing. The decoders look for the value that explains the spikes best: the
likeliest (rate), the least squares of the activities (latency), first on a grid of 16(m − 2) + 1
values and then by two Gauss–Newton steps from the best of them. Without any spike they say 0.5.

These codes are not silent at 0: black has its own neurons. Latencies tell little where one field
fires alone at its flat top, near each centre if exp(−β²/2) < θ: for θ = 0.1, β above 2.1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from snncore.encoding.code import Code, check_intensities
from snncore.encoding.one_spike import first_spike, rounded_steps, spike_counts, train
from snncore.encoding.rate import RateParams, rate_encode
from snncore.params import Params, integer, number

Tensor = torch.Tensor

_GRID_PER_FIELD = 16  # values that the decoders compare, per distance of two centres
_SCORES_AT_ONCE = 1 << 22  # rows × grid in flight: 16 MB
_SURE = 1e-6  # no probability of the decoder is nearer to 0 or 1: spikes may be lost on the way


@dataclass(frozen=True)
class PopulationParams(Params):
    """The fields."""

    fields: int = integer(8, 3, 64, "Neurons per value.", unit="neurons", label="Fields m")
    beta: float = number(
        1.5, 0.25, 5.0, "Sharpness: the width is 1/(β(m − 2)).", step=0.25, label="Sharpness β"
    )


@dataclass(frozen=True)
class PopulationRateParams(PopulationParams):
    """Fields read out by rates."""

    gain: float = number(
        0.5,
        0.001,
        1.0,
        "Probability of a spike per step at the centre of a field.",
        step=0.05,
        label="Gain g",
    )


@dataclass(frozen=True)
class PopulationLatencyParams(PopulationParams):
    """Fields read out by the time of one spike."""

    threshold: float = number(
        0.1, 0.0, 0.9, "Fields that answer less are silent.", step=0.05, label="Threshold θ"
    )


def spread(params: Params) -> int:
    """Neurons per value: m."""
    if not isinstance(params, PopulationParams):
        raise ValueError(f"params must be PopulationParams, got {type(params).__name__}")
    return params.fields


def centres(n_fields: int, device: torch.device | None = None) -> Tensor:
    """μ_j of the m fields over 0..1, float32 [m]; m ≥ 3."""
    if n_fields < 3:
        raise ValueError(f"n_fields must be >= 3, got {n_fields}")
    number_of = torch.arange(1, n_fields + 1, dtype=torch.float32, device=device)
    return (2.0 * number_of - 3.0) / (2.0 * (n_fields - 2))


def width(n_fields: int, beta: float = 1.5) -> float:
    """σ of the m fields over 0..1."""
    return 1.0 / (beta * (n_fields - 2))


def fields(values: Tensor, centres: Tensor, width: float) -> Tensor:
    """Gaussian activities exp(−(x − μ_j)²/2σ²), float32 [..., m] in 0..1.

    Args:
        values: [...], any finite numbers.
        centres: [m].
        width: σ > 0, in the unit of the values.
    """
    if not width > 0:
        raise ValueError(f"width must be > 0, got {width}")
    # contiguous: an exponential of strided numbers may round otherwise than of the same in a row
    distance = (values.to(torch.float32).contiguous()[..., None] - centres) / width
    return torch.exp(-0.5 * distance * distance)


def _activities(values: Tensor, params: PopulationParams) -> Tensor:
    """[B, N] → [B, N·m]."""
    where = centres(params.fields, values.device)
    return fields(values, where, width(params.fields, params.beta)).flatten(1)


def _grid(params: PopulationParams, device: torch.device) -> Tensor:
    """Values to compare, float32 [G] from 0 to 1: several on the flank of each field."""
    steps = _GRID_PER_FIELD * (params.fields - 2)
    return torch.arange(steps + 1, dtype=torch.float32, device=device) / steps


def _best(features: Tensor, weights: Tensor, bias: Tensor) -> Tensor:
    """Index of the highest features·weights + bias: [R, m], [m, G], [G] → int64 [R]."""
    rows = max(1, _SCORES_AT_ONCE // len(bias))
    parts = [(part @ weights + bias).argmax(dim=1) for part in torch.split(features, rows)]
    return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.int64, device=bias.device)


def _refined(
    start: Tensor, params: PopulationParams, residuals: Callable[[Tensor], tuple[Tensor, Tensor]]
) -> Tensor:
    """Two steps x += Σ w y' r / Σ w y'² from `start` [R], each at most ¼/(m − 2).

    residuals(activities [R, m]) gives r and the weights w, both [R, m].
    """
    where, sigma = centres(params.fields, start.device), width(params.fields, params.beta)
    longest = 0.25 / (params.fields - 2)
    x = start
    for _ in range(2):
        activities = fields(x, where, sigma)
        slope = activities * (where - x[:, None]) / sigma**2
        wrong, weight = residuals(activities)
        steepness = (weight * slope * slope).sum(dim=1)
        step = (weight * slope * wrong).sum(dim=1) / steepness.clamp_min(1e-12)
        x = (x + step.clamp(-longest, longest)).clamp(0.0, 1.0)
    return x


def population_rate_encode(
    values: Tensor,
    params: PopulationRateParams | None = None,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Independent spikes with probability gain·y_j(x): bool [T, B, N·m] from values [B, N].

    Raises:
        ValueError: values outside 0..1 or NaN, a bad shape, seed or n_steps.
    """
    params = params or PopulationRateParams()
    activities = _activities(check_intensities(values, n_steps), params)
    rate = RateParams(gain=params.gain)
    return rate_encode(activities, rate, n_steps=n_steps, seed=seed, samples=samples)


def population_rate_decode(spikes: Tensor, params: PopulationRateParams | None = None) -> Tensor:
    """The likeliest value given the count of each neuron: float32 [B, N] in 0..1.

    log L(x) = Σ_j c_j ln p_j(x) + (T − c_j) ln(1 − p_j(x)),  p = g·y.
    """
    params = params or PopulationRateParams()
    counts = _grouped(spike_counts(spikes), params.fields)
    rows, steps = counts.flatten(0, 1), spikes.shape[0]

    def probability(activities: Tensor) -> Tensor:
        return (params.gain * activities).clamp(_SURE, 1.0 - _SURE)

    def residuals(activities: Tensor) -> tuple[Tensor, Tensor]:
        p = probability(activities)
        return rows / (steps * params.gain) - activities, 1.0 / (p * (1.0 - p))

    grid = _grid(params, spikes.device)
    p = probability(_activities(grid[:, None], params).T)
    miss = torch.log1p(-p)
    start = grid[_best(rows, torch.log(p) - miss, steps * miss.sum(dim=0))]
    found = _refined(start, params, residuals).view(counts.shape[:2])
    return torch.where(counts.sum(dim=2) > 0, found, 0.5)


def population_latency_steps(
    values: Tensor,
    params: PopulationLatencyParams,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Step of each neuron's spike, int64 [B, N·m], −1 for silence."""
    del seed, samples
    activities = _activities(check_intensities(values, n_steps, least=2), params)
    times = (n_steps - 1) * (1.0 - activities)
    silent = activities < params.threshold
    return rounded_steps(torch.where(silent, torch.full_like(times, -1.0), times), n_steps)


def population_latency_encode(
    values: Tensor,
    params: PopulationLatencyParams | None = None,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """One spike at round((T − 1)(1 − y_j(x))): bool [T, B, N·m] from values [B, N] in 0..1.

    Deterministic: `seed` and `samples` are ignored.

    Raises:
        ValueError: values outside 0..1 or NaN, a bad shape, n_steps < 2.
    """
    del seed, samples
    params = params or PopulationLatencyParams()
    return train(population_latency_steps(values, params, n_steps=n_steps), n_steps)


def population_latency_decode(
    spikes: Tensor, params: PopulationLatencyParams | None = None
) -> Tensor:
    """The value whose activities are nearest to those of the first spikes: float32 [B, N].

    Least squares over the m fields of a value, a silent one counted as 0 on both sides; the last
    steps look at those that fired alone.
    """
    params = params or PopulationLatencyParams()
    step, fired = first_spike(spikes)
    activity = 1.0 - step.to(torch.float32) / max(1, spikes.shape[0] - 1)
    seen = _grouped(torch.where(fired, activity, torch.zeros_like(activity)), params.fields)
    rows = seen.flatten(0, 1)

    def residuals(activities: Tensor) -> tuple[Tensor, Tensor]:
        return rows - activities, (rows > 0).to(torch.float32)

    grid = _grid(params, spikes.device)
    templates = _activities(grid[:, None], params).T
    templates = torch.where(templates < params.threshold, 0.0, templates)
    start = grid[_best(rows, 2.0 * templates, -(templates * templates).sum(dim=0))]
    found = _refined(start, params, residuals).view(seen.shape[:2])
    any_spike = _grouped(fired, params.fields).sum(dim=2) > 0
    return torch.where(any_spike, found, 0.5)


def _grouped(per_neuron: Tensor, n_fields: int) -> Tensor:
    """[B, N·m] → float32 [B, N, m]."""
    count, neurons = per_neuron.shape
    if neurons % n_fields:
        raise ValueError(f"spikes must have a multiple of {n_fields} neurons, got {neurons}")
    return per_neuron.to(torch.float32).view(count, neurons // n_fields, n_fields)


POPULATION_RATE = Code(
    name="population_rate",
    title="Population (rate)",
    family="population",
    equation=r"P(s_{t,j} = 1) = g\,e^{-(x-\mu_j)^2/2\sigma^2}, \qquad "
    r"\hat x = \arg\max_x \ln L(x \mid s)",
    kind="intensity",
    silent_at_zero=False,
    stochastic=True,
    invertible=True,
    params=PopulationRateParams,
    encode=population_rate_encode,
    decode=population_rate_decode,
    reference="Bohte, Kok & La Poutré 2002",
    idea="Which of several neurons fires says what the value is; each has its favourite.",
    spread=spread,
    partial="cut",
    knob="gain",
)

POPULATION_LATENCY = Code(
    name="population_latency",
    title="Population (latency)",
    family="population",
    equation=r"t_j = (T-1)\left(1-e^{-(x-\mu_j)^2/2\sigma^2}\right), \qquad "
    r"\hat x = \arg\min_x \sum_j \left(\hat y_j - y_j(x)\right)^2",
    kind="intensity",
    silent_at_zero=False,
    stochastic=False,
    invertible=True,
    params=PopulationLatencyParams,
    encode=population_latency_encode,
    decode=population_latency_decode,
    reference="Bohte, Kok & La Poutré 2002",
    idea="The neuron whose favourite is nearest to the value fires first.",
    spread=spread,
    knob="threshold",
)

CODES = (POPULATION_RATE, POPULATION_LATENCY)
