"""Rate against distortion: what quality a code reaches for how many spikes.

Each code is swept along the parameter that trades one for the other (`Code.knob`), or along time:
longer trains for a picture, longer windows where an intensity code carries a signal.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from snncore import metrics
from snncore.transmission.activity import spike_counts
from snncore.transmission.channel import Channel

Over = Literal["knob", "time"]
_REACH = 20.0  # how far a knob is turned from its default, up and down
_LONGER = 4.0  # how much more time than the channel has
_SHORTER = 16.0
_TIMES = ("n_steps", "window")


class Point(NamedTuple):
    """One setting of one code, and what it gave."""

    code: str
    channel: Channel
    knob: str  # the parameter that was set; "n_steps" or "window" for time; "" for nothing
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


def settings(
    channel: Channel, n_points: int, over: Over = "knob"
) -> list[tuple[str, float, Channel]]:
    """(knob, value, channel) for up to `n_points` settings, evenly spaced in the logarithm.

    Settings that the code or its time refuses are left out; whole numbers come once. Where there
    is nothing to turn (the time of a signal code on a signal) it is the channel alone.
    """
    knob, low, high = _range(channel, over)
    if not knob:
        return [("", math.nan, channel)]
    return between(channel, knob, np.geomspace(low, high, n_points) if n_points > 1 else [low])


def between(
    channel: Channel, knob: str, values: Iterable[float]
) -> list[tuple[str, float, Channel]]:
    """(knob, value, channel) for those of `values` that the channel takes, ascending."""
    wanted = np.array(list(values))
    if knob in _TIMES or channel.kind.params.specs()[knob].kind == "int":
        wanted = np.rint(wanted)
    found = []
    for value in np.unique(wanted).tolist():
        chosen = turned(channel, knob, value)
        if chosen is not None:
            found.append((knob, value, chosen))
    return found


def reach(channel: Channel, knob: str, value: float, up: bool) -> float:
    """How far beyond `value` a search may go: within the parameter's range; times stay."""
    if knob in _TIMES:
        return value
    spec = channel.kind.params.specs()[knob]
    return min(spec.hi, value * _REACH) if up else max(spec.lo, value / _REACH)


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
    over: Over = "knob",
    seed: int = 0,
    sample: int = 0,
) -> Iterator[Sweep]:
    """Sweeps one code after the other; each result holds all points so far.

    Args:
        values: a picture [H, W] or a signal [T], as the channels take it.
        channels: one for each code; their other parameters stay as they are.
        n_points: settings of each code.
        over: "knob" turns the code's own parameter, "time" changes the length.
        seed, sample: of the random spikes.

    Raises:
        ValueError: n_points < 1 or an unknown `over`, at the first result.
    """
    if n_points < 1:
        raise ValueError(f"n_points must be >= 1, got {n_points}")
    plan = [one for channel in channels for one in settings(channel, n_points, over)]
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


def _range(channel: Channel, over: Over) -> tuple[str, float, float]:
    """(knob, low, high): what is swept, and how far."""
    if over not in get_args(Over):
        raise ValueError(f"over must be knob or time, got {over!r}")
    code = channel.kind
    if over == "knob" and code.knob:
        default = float(getattr(code.params(), code.knob))
        low = reach(channel, code.knob, default, up=False)
        return code.knob, low, reach(channel, code.knob, default, up=True)
    if channel.shape is not None:
        return "n_steps", max(2.0, channel.n_steps / _SHORTER), channel.n_steps * _LONGER
    if code.kind == "intensity":
        return "window", 2.0, max(2.0, channel.n_steps / 4)
    return "", math.nan, math.nan
