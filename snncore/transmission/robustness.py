"""Spikes that come late, get lost or are added on the way, and what is then read back.

Each spike meets its fate by its own random numbers, a function of (seed, sample, neuron, step): it
does not depend on the other spikes, and a spike that is lost at 10 % is lost at 20 % too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import special

from snncore import metrics, rng
from snncore.kernels.event_words import event_words
from snncore.transmission.activity import spike_counts
from snncore.transmission.channel import Channel, Sent, Spikes

Kind = Literal["jitter", "delete", "insert"]
KINDS: dict[Kind, tuple[str, str]] = {  # name: (title, unit of its level)
    "jitter": ("Jitter of the spike times", "steps"),
    "delete": ("Share of the spikes lost", ""),
    "insert": ("Noise spikes per spike", ""),
}
MAX_JITTER = 10_000.0  # steps
_STEP_BITS = 24  # of a random counter of 32; the 255 copies of a spike in a step come above them


class Curve(NamedTuple):
    """Quality against damage: means over the seeds, and the standard errors of these means."""

    kind: Kind
    levels: NDArray[np.float64]  # [K]
    psnr_db: NDArray[np.float64]  # [K]; infinite for perfect copies
    psnr_error: NDArray[np.float64]  # [K]
    snr_db: NDArray[np.float64]  # [K]; NaN for a constant input
    snr_error: NDArray[np.float64]
    rmse: NDArray[np.float64]
    rmse_error: NDArray[np.float64]
    n_seeds: int


class _Events(NamedTuple):
    """Every spike of [T, S, M] as one row: int64 [K] each, sign of the dtype of the spikes."""

    step: NDArray[np.int64]
    sample: NDArray[np.int64]
    neuron: NDArray[np.int64]
    copy: NDArray[np.int64]  # 0 for the first spike of its cell, 1, … for more in the same step
    sign: NDArray[np.int64]


def jitter(spikes: Spikes, sigma: float, seed: int = 0, first_sample: int = 0) -> Spikes:
    """Each spike moved by a Gaussian of standard deviation `sigma`, rounded to whole steps.

    At the ends of the train the movement is reflected. Spikes of one neuron that meet in a step
    become one where a step holds one (bool), add up where it holds counts (uint8), and where it
    holds signs (int8) equal ones become one and opposite ones cancel.

    Args:
        spikes: [T, S, M].
        sigma: steps, 0..10,000.
        first_sample: number of the first sample, which the random numbers depend on.
    """
    _check("sigma", sigma, MAX_JITTER)
    events, steps = _events(spikes), len(spikes)
    words = _words(events, seed, "jitter", first_sample)
    place = (events.step + _whole_gaussian(words, sigma)) % (2 * steps)  # there and back again
    place = np.where(place < steps, place, 2 * steps - 1 - place)
    return _filled(spikes, events._replace(step=place))


def delete(spikes: Spikes, share: float, seed: int = 0, first_sample: int = 0) -> Spikes:
    """Each spike lost with probability `share` 0..1. Arguments as `jitter`."""
    _check("share", share, 1.0)
    events = _events(spikes)
    words = _words(events, seed, "deletion", first_sample)
    kept = words >= int(rng.threshold(torch.tensor(float(share))))
    return _filled(spikes, _Events(*(column[kept] for column in events)))


def insert(spikes: Spikes, share: float, seed: int = 0, first_sample: int = 0) -> Spikes:
    """Noise spikes, round(share·K) for the K spikes of each sample, anywhere in its T·M cells.

    Their signs are random where spikes have signs. A noise spike in a cell that is taken meets the
    one there as in `jitter`. `share` is 0..10; other arguments as `jitter`.
    """
    _check("share", share, 10.0)
    steps, samples, neurons = spikes.shape
    extra = np.rint(share * spike_counts(spikes).sum(axis=1)).astype(np.int64)
    sample = np.repeat(np.arange(samples), extra)
    number = np.concatenate([np.arange(k) for k in extra]) if samples else sample
    blank = np.zeros_like(sample)
    drawn = _Events(number, sample, blank, blank, blank)
    where = [_words(drawn, seed, "insertion", first_sample, word) for word in range(3)]
    sign = where[2] % 2 * 2 - 1 if spikes.dtype == np.int8 else np.ones_like(sample)
    # A word of 32 bits times the range, shifted back: uniform to 2**-32 per place.
    noise = _Events((where[0] * steps) >> 32, sample, (where[1] * neurons) >> 32, blank, sign)
    old = _events(spikes)
    return _filled(
        spikes, _Events(*(np.concatenate(pair) for pair in zip(old, noise, strict=True)))
    )


_DAMAGE: dict[Kind, Callable[[Spikes, float, int, int], Spikes]] = {
    "jitter": jitter,
    "delete": delete,
    "insert": insert,
}


def damaged(channel: Channel, sent: Sent, kind: Kind, level: float, seed: int = 0) -> Sent:
    """What arrives if the spikes are hurt on the way: the same values, other spikes and decoding.

    Raises:
        ValueError: an unknown kind, or a level outside its range.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, got {kind!r}")
    spikes = _DAMAGE[kind](sent.spikes, level, seed, sent.first_sample)
    back = channel.decode(torch.from_numpy(spikes), torch.tensor(sent.values))
    return Sent(sent.values, spikes, back.numpy(), None, sent.first_sample)


def robustness(
    channel: Channel,
    sent: Sent,
    levels: Sequence[float],
    kind: Kind = "jitter",
    seeds: Iterable[int] = range(3),
) -> Curve:
    """Quality of what is read back against the damage done to the spikes.

    Args:
        levels: of the damage: steps of jitter, share lost, or noise spikes per spike.
        seeds: of the damage; the error bars are over these. At level 0 nothing is drawn.
    """
    draws = tuple(seeds)
    if not draws or not len(levels):
        raise ValueError("seeds and levels must not be empty")
    rows = []
    for level in levels:
        found = []
        for seed in draws[: 1 if level == 0 else None]:
            back = damaged(channel, sent, kind, level, seed).decoded
            found.append((
                metrics.psnr(sent.values, back),
                metrics.snr(sent.values, back),
                metrics.rmse(sent.values, back),
            ))  # fmt: skip
        rows.append([_mean(np.array(column)) for column in zip(*found, strict=True)])
    table = np.array(rows)  # [K, 3, 2]
    return Curve(
        kind=kind,
        levels=np.array(levels, dtype=np.float64),
        psnr_db=table[:, 0, 0],
        psnr_error=table[:, 0, 1],
        snr_db=table[:, 1, 0],
        snr_error=table[:, 1, 1],
        rmse=table[:, 2, 0],
        rmse_error=table[:, 2, 1],
        n_seeds=len(draws),
    )


def _mean(values: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and its standard error; that of one value, or of infinite ones, is 0."""
    if values.size < 2 or not np.isfinite(values).all():
        return float(values.mean()), 0.0
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))


def _events(spikes: Spikes) -> _Events:
    if spikes.ndim != 3 or spikes.shape[0] == 0:
        raise ValueError(f"spikes must be [T, S, M] with T >= 1, got {spikes.shape}")
    if len(spikes) > 1 << _STEP_BITS:
        raise ValueError(
            f"spikes must have <= {1 << _STEP_BITS:,} steps to be changed, got {len(spikes):,}; "
            "take a part of them"
        )
    step, sample, neuron = np.nonzero(spikes)
    amount = spikes[step, sample, neuron].astype(np.int64)
    copy, sign = np.zeros_like(step), np.sign(amount)
    if spikes.dtype == np.uint8:
        step, sample, neuron, sign = (
            np.repeat(column, amount) for column in (step, sample, neuron, sign)
        )
        copy = np.arange(step.size) - np.repeat(np.cumsum(amount) - amount, amount)
    return _Events(step, sample, neuron, copy, sign)


def _words(
    events: _Events, seed: int, stream: str, first_sample: int, word: int = 0
) -> NDArray[np.int64]:
    """A random word for each spike, [K]."""
    words = np.empty(events.step.size, dtype=np.int64)
    key = tuple(np.uint32(half) for half in rng.split_seed(seed))
    counter = (events.step | events.copy << _STEP_BITS, events.neuron, events.sample + first_sample)
    event_words(*counter, np.uint32(rng.stream(stream)), *key, word, words)
    return words


def _whole_gaussian(words: NDArray[np.int64], sigma: float) -> NDArray[np.int64]:
    """A Gaussian of standard deviation `sigma`, rounded, from each random word.

    By comparison of whole numbers: k comes of the words between Φ((k − ½)/σ) and Φ((k + ½)/σ).
    """
    if sigma == 0:
        return np.zeros_like(words)
    reach = math.ceil(7 * sigma)  # Φ(−7) is far below 2**-32
    cuts = special.ndtr((np.arange(-reach, reach) + 0.5) / sigma)
    return np.searchsorted(np.rint(cuts * 2.0**32).astype(np.int64), words, side="right") - reach


def _filled(like: Spikes, events: _Events) -> Spikes:
    """Spikes of the shape and type of `like` from events, met as `jitter` says."""
    total = np.zeros(like.shape, dtype=np.int16)
    np.add.at(total, (events.step, events.sample, events.neuron), events.sign.astype(np.int16))
    if like.dtype == np.bool_:
        return total > 0
    if like.dtype == np.int8:
        return np.sign(total).astype(np.int8)
    if total.max(initial=0) > np.iinfo(np.uint8).max:
        raise ValueError(f"a step must hold <= 255 spikes of a neuron, got {total.max()}")
    return total.astype(np.uint8)


def _check(name: str, value: float, most: float) -> None:
    if not 0 <= value <= most:
        raise ValueError(f"{name} must be in 0..{most:g}, got {value}")
