"""What every spike code is: a description with an encoder and its decoder, and the shared checks.

An *intensity* code turns each value of [B, N] in 0..1 into spikes [T, B, N·spread]; a *picture*
code looks at neighbouring pixels too, [B, H, W] → [T, B, M]; a *signal* code turns each sample of
a signal [T, B, N] into a spike or none:

    encode(values, params, n_steps=T, seed=…, samples=…) → spikes,  decode(spikes, params) → values
    encode(pictures, params, n_steps=T, seed=…, samples=…) → spikes,
                                                 decode(spikes, params, (H, W)) → values [B, H·W]
    encode(signal, params, seed=…, samples=…) → spikes,     decode(spikes, params, header) → signal

The `header` of a signal code is what its decoder must be told beside the spikes, [K, B, N]: by
default the first sample. Deterministic codes take `seed` and `samples` too and ignore them, so
that callers treat all alike. Spikes are bool, uint8 where a step may hold several, or int8 of
−1, 0, +1 where they have a sign.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.params import Params

Tensor = torch.Tensor


Kind = Literal["intensity", "picture", "signal"]
FAMILIES = (
    "rate", "latency", "order", "phase", "burst", "population", "delta", "pulse", "filter",
    "integrate", "retina",
)  # fmt: skip


class Law(NamedTuple):
    """What theory says of the spike train of one constant value, in steps.

    intervals[k − 1] is the probability of an interval of k steps, for k = 1, 2, …; its sum falls
    short of 1 by what lies beyond. fano is the limit of long windows.
    """

    name: str
    rate: float  # spikes per step
    cv: float
    fano: float
    intervals: NDArray[np.float64]


def one_each(params: Params) -> int:
    """One neuron per value: the `spread` of most codes."""
    del params
    return 1


def first_sample(signal: Tensor, params: Params) -> Tensor:
    """The header of most signal codes: their first sample, [1, B, N]."""
    del params
    return signal[:1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One spike code of the registry.

    Attributes:
        name: the word for links and the command line.
        title: the name to read.
        family: one of `FAMILIES`.
        equation: LaTeX, in the symbols of `params`; encoder and decoder parted by ", \\qquad ".
        kind: "intensity", "picture" or "signal", see the head of this module.
        silent_at_zero: whether an input of 0 never makes a spike.
        stochastic: whether the seed matters.
        invertible: whether the values come back, to within quantisation and sampling noise. A
            code that is not may still have a decoder, whose picture is only alike.
        params: its parameter set.
        encode, decode: see the head of this module.
        reference: where the code comes from (author, year).
        idea: one sentence on what carries the information.
        spread: neurons per value.
        header: what the decoder of a signal code is told beside the spikes.
        partial: how a decoder reads the first t steps alone: "cut" the train there, because it
            divides by its length; "mask" the rest as silence; or "wait": a neuron that has not
            fired yet has a value below the one that fires now, so half of that one is read.
        knob: the field of `params` that trades spikes for quality; "" if only the time does.
        law: the law of the intervals of a constant value, (params, value, longest interval) → Law;
            None where there is none in closed form.
        bound: largest error that theory allows, (params, n_steps) → |x − x̂|; None where unknown.
            For signal codes it holds while the signal keeps the condition that `bound_holds` names.
        bound_holds: the condition of the bound, in words.
        bound_if: whether a signal [T, …] keeps it, (signal, params) → bool; None: all values do.
    """

    name: str
    title: str
    family: str
    equation: str
    kind: Kind
    silent_at_zero: bool
    stochastic: bool
    invertible: bool
    params: type[Params]
    encode: Callable[..., Tensor]
    decode: Callable[..., Tensor]
    reference: str
    idea: str
    spread: Callable[[Params], int] = one_each
    header: Callable[[Tensor, Params], Tensor] = first_sample
    partial: Literal["cut", "mask", "wait"] = "mask"
    knob: str = ""
    law: Callable[..., Law] | None = None
    bound: Callable[..., float] | None = None
    bound_holds: str = ""
    bound_if: Callable[..., bool] | None = None


def check_intensities(values: Tensor, n_steps: int, *, least: int = 1) -> Tensor:
    """float32 `values` [B, N], after checking that they are intensities and T is enough.

    Raises:
        ValueError: shape, type, a value outside 0..1 or NaN, or n_steps < `least`.
    """
    if isinstance(n_steps, bool) or not isinstance(n_steps, int) or n_steps < least:
        raise ValueError(f"n_steps must be a whole number >= {least}, got {n_steps!r}")
    if values.ndim != 2:
        raise ValueError(f"values must be [B, N], got shape {tuple(values.shape)}")
    if not values.dtype.is_floating_point:
        raise ValueError(f"values must be floating point in 0..1, got {values.dtype}")
    if values.numel():
        low, high = torch.aminmax(values)  # one pass; both are NaN if any value is
        if not bool((low >= 0) & (high <= 1)):
            raise ValueError("values must be in 0..1 everywhere, got values outside or NaN")
    return values.to(torch.float32)


def check_signal(signal: Tensor) -> Tensor:
    """float32 `signal` [T, B, N], after checking that it is finite.

    Raises:
        ValueError: shape, type, fewer than one sample, NaN or infinite values.
    """
    if signal.ndim != 3 or signal.shape[0] == 0:
        raise ValueError(f"signal must be [T, B, N] with T >= 1, got shape {tuple(signal.shape)}")
    if not signal.dtype.is_floating_point:
        raise ValueError(f"signal must be floating point, got {signal.dtype}")
    if not bool(torch.isfinite(signal).all()):
        raise ValueError("signal must be finite everywhere, got NaN or infinite values")
    return signal.to(torch.float32)


def check_spikes(spikes: Tensor) -> Tensor:
    """`spikes`, after checking that they are [T, B, N] with T ≥ 1."""
    if spikes.ndim != 3 or spikes.shape[0] == 0:
        raise ValueError(f"spikes must be [T, B, N] with T >= 1, got shape {tuple(spikes.shape)}")
    return spikes


def sample_numbers(samples: Tensor | None, count: int, device: torch.device) -> Tensor:
    """The random streams of a batch: `samples` int64 [B], or 0..B-1."""
    if samples is None:
        return torch.arange(count, device=device)
    if samples.shape != (count,) or samples.dtype != torch.int64:
        raise ValueError(
            f"samples must be int64 [{count}], got {samples.dtype} {tuple(samples.shape)}"
        )
    return samples.to(device)
