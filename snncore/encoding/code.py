"""What every spike code is: a description with an encoder and its decoder, and the shared checks.

An *intensity* code turns each value of [B, N] in 0..1 into a spike train [T, B, N]; a *signal*
code turns each sample of a signal [T, B, N] into a spike or none. Every code can be undone:

    encode(values, params, n_steps=T, seed=…, samples=…) → spikes,  decode(spikes, params) → values
    encode(signal, params, seed=…, samples=…) → spikes,             decode(spikes, params, start)

Deterministic codes take `seed` and `samples` too and ignore them, so that callers treat all alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from snncore.params import Params

Tensor = torch.Tensor


@dataclass(frozen=True, slots=True)
class Code:
    """One spike code of the registry.

    Attributes:
        name: the word for links and the command line.
        title: the name to read.
        equation: LaTeX, in the symbols of `params`.
        kind: "intensity" ([B, N] → [T, B, N] bool) or "signal" ([T, B, N] → [T, B, N]).
        silent_at_zero: whether an input of 0 never makes a spike.
        stochastic: whether the seed matters.
        params: its parameter set.
        encode, decode: see the head of this module.
        source: where the code comes from.
        idea: one sentence on what carries the information.
    """

    name: str
    title: str
    equation: str
    kind: Literal["intensity", "signal"]
    silent_at_zero: bool
    stochastic: bool
    params: type[Params]
    encode: Callable[..., Tensor]
    decode: Callable[..., Tensor]
    source: str
    idea: str


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
    if not bool(((values >= 0) & (values <= 1)).all()):
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
