"""Rate against distortion: what quality a code reaches for how many spikes.

Each code is swept along the parameter that trades one for the other (`Code.knob`); a code without
one is given more or less time instead.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore import metrics
from snncore.transmission.activity import spike_counts
from snncore.transmission.channel import Channel

_REACH = 20.0  # how far a knob is turned from its default, up and down
_LONGER = 4.0  # how much more time a code without a knob gets
_SHORTER = 16.0


class Point(NamedTuple):
    """One setting of one code, and what it gave."""

    code: str
    channel: Channel
    knob: str  # the parameter that was set; "n_steps" or "window" for time; "" if nothing was
    setting: float
    spikes_per_value: float
    psnr_db: float  # infinite for a perfect copy
    snr_db: float  # NaN for a constant input
    rmse: float


class Sweep(NamedTuple):
    """The points found so far, in the order of the codes and of their settings."""

    points: tuple[Point, ...]
    done: int  # settings tried; refused ones give no point
    total: int


def settings(channel: Channel, n_points: int) -> list[tuple[str, float, Channel]]:
    """(knob, value, channel) for up to `n_points` settings, evenly spaced in the logarithm.

    Settings that the code or its time refuses are left out; whole numbers come once.
    """
    knob, low, high, whole = _range(channel)
    if not knob:
        return [("", math.nan, channel)]
    values = np.geomspace(low, high, n_points) if n_points > 1 else np.array([low])
    if whole:
        values = np.unique(np.rint(values))
    found = []
    for value in values.tolist():
        chosen = turned(channel, knob, value)
        if chosen is not None:
            found.append((knob, value, chosen))
    return found


def turned(channel: Channel, knob: str, value: float) -> Channel | None:
    """The channel with its knob at `value`; None if it refuses that."""
    try:
        if knob == "n_steps":
            return dataclasses.replace(channel, n_steps=int(value))
        if knob == "window":
            return dataclasses.replace(channel, window=int(value))
        params = dataclasses.replace(channel.params, **{knob: value})
        return dataclasses.replace(channel, params=params)
    except ValueError:
        return None


def measured(
    values: NDArray[np.float32], knob: str, setting: float, channel: Channel, seed: int, sample: int
) -> Point | None:
    """One point; None if the code refuses these values or this time with this setting."""
    try:
        sent = channel.send(values, seed=seed, first_sample=sample)
    except ValueError:
        return None
    spikes = int(spike_counts(sent.spikes).sum())
    return Point(
        channel.code,
        channel,
        knob,
        setting,
        spikes / sent.values.size,
        metrics.psnr(sent.values, sent.decoded),
        metrics.snr(sent.values, sent.decoded),
        metrics.rmse(sent.values, sent.decoded),
    )


def rate_distortion(
    values: NDArray[np.float32],
    channels: Sequence[Channel],
    *,
    n_points: int = 12,
    seed: int = 0,
    sample: int = 0,
) -> Iterator[Sweep]:
    """Sweeps one code after the other; each result holds all points so far.

    Args:
        values: a picture [H, W] or a signal [T], as the channels take it.
        channels: one for each code; their other parameters stay as they are.
        n_points: settings of each code.
        seed, sample: of the random spikes.

    Raises:
        ValueError: n_points < 1, at the first result.
    """
    if n_points < 1:
        raise ValueError(f"n_points must be >= 1, got {n_points}")
    plan = [one for channel in channels for one in settings(channel, n_points)]
    points: list[Point] = []
    for done, (knob, value, channel) in enumerate(plan, 1):
        point = measured(values, knob, value, channel, seed, sample)
        if point is not None:
            points.append(point)
        yield Sweep(tuple(points), done, len(plan))


def pareto(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points that no other beats in spikes and PSNR at once, by growing number of spikes."""
    front: list[Point] = []
    for point in sorted(points, key=lambda p: (p.spikes_per_value, -p.psnr_db)):
        if not front or point.psnr_db > front[-1].psnr_db:
            front.append(point)
    return tuple(front)


def _range(channel: Channel) -> tuple[str, float, float, bool]:
    """(knob, low, high, whole numbers): what is swept, and how far."""
    code = channel.kind
    if code.knob:
        spec, default = code.params.specs()[code.knob], getattr(code.params(), code.knob)
        low, high = max(spec.lo, default / _REACH), min(spec.hi, default * _REACH)
        return code.knob, low, high, spec.kind == "int"
    if channel.shape is not None:
        least = max(2.0, channel.n_steps / _SHORTER)
        return "n_steps", least, channel.n_steps * _LONGER, True
    if code.kind == "intensity":
        return "window", 2.0, max(2.0, channel.n_steps / 4), True
    return "", math.nan, math.nan, False
