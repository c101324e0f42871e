"""Spikes as a list of events: what they are for most uses, at a cost of the spikes, not of T·N.

A sparse train of T steps and N neurons is T·N zeros with a few ones among them. As a list it
takes a row per spike, and the codes below make those rows without the zeros:

    rate                                 geometric jumps from spike to spike (`bernoulli`): the
                                         same law as the dense form, but other draws
    poisson, regular, gamma, lif         the same spikes as the dense form, at their exact times
    codes of one spike per neuron        the same spikes: one step each
    all others                           the dense form, read out: costs T·N as it does
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from snncore.encoding import clocks, get_code
from snncore.encoding.bernoulli import list_spikes
from snncore.encoding.code import check_intensities, check_spikes, sample_numbers
from snncore.encoding.integrate import LIFCodeParams, lif_marks
from snncore.encoding.latency import latency_rc_steps, latency_steps
from snncore.encoding.order import RankOrderParams, first_spike_steps, rank_order_steps
from snncore.encoding.poisson import PoissonParams, poisson_marks
from snncore.encoding.population import population_latency_steps
from snncore.encoding.rate import RateParams
from snncore.encoding.renewal import GammaParams, RegularParams, gamma_marks, regular_marks
from snncore.encoding.retina_latency import retina_latency_steps
from snncore.params import Params

Tensor = torch.Tensor


class Events(NamedTuple):
    """K spikes in the order of row, neuron and time, on one device; all [K].

    step: int32, 0..T − 1.
    sample: int32, the row of the batch, 0..B − 1.
    neuron: int32, 0..M − 1.
    sign: int8, −1 or +1.
    time: float32, in steps: exact, step ≤ time ≤ step + 1, where the code knows it
        (`EXACT_TIMES`), else the step.
    """

    step: Tensor
    sample: Tensor
    neuron: Tensor
    sign: Tensor
    time: Tensor


def encode_events(
    code_name: str,
    values: Tensor,
    params: Params | None = None,
    *,
    n_steps: int | None = None,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Events:
    """The spikes of `values` as a list; see the head of this module for what it costs.

    All but those of `rate` are the spikes of the code's own `encode` with the same arguments.

    Args:
        code_name: name in `encoding.CODES`.
        values: [B, N] in 0..1, pictures [B, H, W] or a signal [T, B, N], as the code takes them.
        params: of the code; None for its defaults.
        n_steps: T; for a signal it is known, and None.
        seed: 0..2**63-1.
        samples: int64 [B], the number of each row in its data set (default 0..B-1).

    Raises:
        ValueError: as `encode` of the code, or `n_steps` given for a signal or missing else.
    """
    code = get_code(code_name)
    params = code.params() if params is None else params
    if not isinstance(params, code.params):
        raise ValueError(
            f"code {code_name} takes {code.params.__name__}, got {type(params).__name__}"
        )
    if code.kind == "signal":
        if n_steps is not None:
            raise ValueError(f"n_steps must be None for a signal (it has {len(values)})")
        return from_dense(code.encode(values, params, seed=seed, samples=samples))
    if n_steps is None:
        raise ValueError(f"n_steps must be given for code {code_name}")
    if code_name in _TRAINS:
        checked = check_intensities(values, n_steps)
        numbers = sample_numbers(samples, len(checked), checked.device)
        train = _TRAINS[code_name](checked, params, n_steps, seed, numbers)
        return Events(*train[:3], torch.ones_like(train.step, dtype=torch.int8), train.time)
    if code_name in _STEPS:
        steps = _STEPS[code_name](values, params, n_steps=n_steps, seed=seed, samples=samples)
        return from_steps(steps)
    return from_dense(code.encode(values, params, n_steps=n_steps, seed=seed, samples=samples))


def from_steps(steps: Tensor) -> Events:
    """Events of neurons that fire once at most: int64 [B, M], −1 for silence."""
    sample, neuron = (steps >= 0).nonzero(as_tuple=True)
    step = steps[sample, neuron]
    return _plain(step, sample, neuron, torch.ones_like(step))


def from_dense(spikes: Tensor) -> Events:
    """Events of spikes [T, B, M]; a step with n spikes gives n of them, at the same time.

    Costs T·B·M, like the spikes themselves.
    """
    spikes = check_spikes(spikes)
    sample, neuron, step = spikes.permute(1, 2, 0).nonzero(as_tuple=True)
    amount = spikes[step, sample, neuron].to(torch.int64)
    times = amount.abs()
    columns = torch.stack((step, sample, neuron, amount.sign())).repeat_interleave(times, dim=1)
    return _plain(*columns.unbind())


def to_dense(
    events: Events, shape: tuple[int, int, int], dtype: torch.dtype = torch.bool
) -> Tensor:
    """Spikes [T, B, M] of a list: bool for any, uint8 for how many, int8 for the sum of signs.

    Raises:
        ValueError: another type, or an event outside of `shape`.
    """
    if dtype not in (torch.bool, torch.uint8, torch.int8):
        raise ValueError(f"dtype must be torch.bool, uint8 or int8, got {dtype}")
    places = (events.step, events.sample, events.neuron)
    for name, place, size in zip(("step", "sample", "neuron"), places, shape, strict=True):
        if len(place) and not 0 <= int(place.min()) <= int(place.max()) < size:
            raise ValueError(f"{name} must be in 0..{size - 1}, got {int(place.max())}")
    spikes = torch.zeros(shape, dtype=torch.int8, device=events.step.device)
    spikes = spikes.view(torch.uint8) if dtype == torch.uint8 else spikes
    index = tuple(place.to(torch.int64) for place in places)
    spikes.index_put_(index, events.sign.to(spikes.dtype), accumulate=True)
    return spikes != 0 if dtype == torch.bool else spikes


def in_time(events: Events) -> Events:
    """The same events in the order of time, as a stream; those at one time as they were."""
    order = torch.argsort(events.time, stable=True)
    return Events(*(column[order] for column in events))


def _plain(step: Tensor, sample: Tensor, neuron: Tensor, sign: Tensor) -> Events:
    return Events(
        step.to(torch.int32),
        sample.to(torch.int32),
        neuron.to(torch.int32),
        sign.to(torch.int8),
        step.to(torch.float32),
    )


def _rate(
    values: Tensor, params: RateParams, n_steps: int, seed: int, numbers: Tensor
) -> clocks.Train:
    return list_spikes(values, params.gain, seed, numbers, n_steps)


def _poisson(
    values: Tensor, params: PoissonParams, n_steps: int, seed: int, numbers: Tensor
) -> clocks.Train:
    rates = clocks.cycles(values * params.max_rate)
    return clocks.listed(rates, poisson_marks(values), n_steps, seed, numbers)


def _gamma(
    values: Tensor, params: GammaParams, n_steps: int, seed: int, numbers: Tensor
) -> clocks.Train:
    rates = clocks.cycles(values * params.max_rate) * params.order
    return clocks.listed(rates, gamma_marks(values, params, seed, numbers), n_steps, seed, numbers)


def _regular(
    values: Tensor, params: RegularParams, n_steps: int, seed: int, numbers: Tensor
) -> clocks.Train:
    rates = clocks.cycles(values * params.gain)
    return clocks.listed(rates, regular_marks(values, params), n_steps, seed, numbers)


def _lif(
    values: Tensor, params: LIFCodeParams, n_steps: int, seed: int, numbers: Tensor
) -> clocks.Train:
    rates, marks = lif_marks(values, params)
    return clocks.listed(rates, marks, n_steps, seed, numbers)


def _rank_order(pictures: Tensor, params: RankOrderParams, **more: Any) -> Tensor:
    return rank_order_steps(pictures.flatten(1), params, **more)


_TRAINS: dict[str, Callable[..., clocks.Train]] = {
    "rate": _rate,
    "poisson": _poisson,
    "gamma": _gamma,
    "regular": _regular,
    "lif": _lif,
}
_STEPS: dict[str, Callable[..., Any]] = {
    "latency": latency_steps,
    "latency_rc": latency_rc_steps,
    "first_spike": first_spike_steps,
    "rank_order": _rank_order,
    "population_latency": population_latency_steps,
    "retina_latency": retina_latency_steps,
}
EXACT_TIMES = ("poisson", "gamma", "regular", "lif")
