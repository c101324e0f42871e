"""The best setting of a code under a budget of spikes: its knob is turned until nothing is better.

A grid over the whole range, evenly spaced in the logarithm, then finer grids around the best point
that fits the budget: quality against a knob has several peaks, which a golden section search would
miss. The result is the best of all that were tried, the same every time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore.transmission.channel import Channel
from snncore.transmission.distortion import Over, Point, between, measured, reach, settings
from snncore.transmission.scores import Scores, scores

_GRID = 24  # settings of the first round
_FINER = 6  # settings on either side of the best, in each later round
_ROUNDS = 3


class Tuned(NamedTuple):
    """The best setting, and everything that was tried on the way, in that order."""

    channel: Channel
    knob: str
    setting: float
    scores: Scores
    tried: tuple[Point, ...]


class Search(NamedTuple):
    """How far a search is."""

    done: int  # settings tried
    total: int  # at most
    tuned: Tuned | None  # the answer, in the last result


def tune(
    values: NDArray[np.float32],
    channel: Channel,
    budget: float,
    *,
    over: Over = "knob",
    seed: int = 0,
    sample: int = 0,
) -> Iterator[Search]:
    """Searches the setting of the channel's knob with the best SNR at most `budget` spikes a value.

    A result after each setting, so that a search can be watched and stopped; the last one has the
    answer. Where the SNR is not defined (a constant input) the RMSE decides, which orders settings
    alike. A setting that sends no spike at all is no answer, unless no setting sends any.

    Args:
        values: a picture [H, W] or a signal [T].
        channel: code, other parameters and time.
        budget: spikes per value, > 0.
        over: "knob" turns the code's own parameter, "time" changes the length.

    Raises:
        ValueError: budget not > 0 (at the first result), or no setting that fits (at the last); the
            message names the cheapest.
    """
    if not (budget > 0 and math.isfinite(budget)):
        raise ValueError(f"budget must be > 0 spikes per value, got {budget}")
    tried: dict[float, Point] = {}
    done, total = 0, _GRID + 2 * _FINER * _ROUNDS + 1
    for number in range(1 + _ROUNDS):
        if number == 0:
            plan = settings(channel, _GRID, over)
        else:
            fitting = _fitting(tried, budget)
            around = _best(fitting) if fitting else _cheapest(tried)
            plan = _around(channel, around, sorted(tried))
        for knob, value, chosen in plan:
            if value not in tried:
                point = measured(values, knob, value, chosen, seed, sample)
                if point is not None:
                    tried[value] = point
                done += 1
                yield Search(done, total, None)
        if not tried:
            channel.send(values, seed=seed, first_sample=sample)  # says what is wrong
    fitting = _fitting(tried, budget)
    if not fitting:
        least = _cheapest(tried)
        raise ValueError(
            f"budget must be >= {least.spikes_per_value:.4g} spikes per value for {channel.code} "
            f"({least.knob} = {least.setting:.4g}), got {budget:g}; allow more or take another code"
        )
    best = _best(fitting)
    sent = best.channel.send(values, seed=seed, first_sample=sample)
    found = scores(sent, best.channel)
    tuned = Tuned(best.channel, best.knob, best.setting, found, tuple(tried.values()))
    yield Search(total, total, tuned)


def _firing(tried: dict[float, Point]) -> list[Point]:
    """The settings that send anything; all of them where none does (a constant signal)."""
    firing = [point for point in tried.values() if point.spikes_per_value > 0]
    return firing or list(tried.values())


def _fitting(tried: dict[float, Point], budget: float) -> list[Point]:
    return [point for point in _firing(tried) if point.spikes_per_value <= budget]


def _best(points: list[Point]) -> Point:
    """The least error; of equals the fewest spikes."""
    return min(points, key=lambda p: (p.rmse, p.spikes_per_value))


def _cheapest(tried: dict[float, Point]) -> Point:
    return min(_firing(tried), key=lambda p: (p.spikes_per_value, p.rmse))


def _around(channel: Channel, point: Point, known: list[float]) -> list[tuple[str, float, Channel]]:
    """Settings between a point and its neighbours, and beyond it where it is the outermost."""
    if not point.knob:
        return []
    at, here = known.index(point.setting), point.setting
    below = known[at - 1] if at > 0 else reach(channel, point.knob, here, up=False)
    above = known[at + 1] if at + 1 < len(known) else reach(channel, point.knob, here, up=True)
    down, up = (np.geomspace(end, here, _FINER + 1)[:-1] for end in (below, above))
    return between(channel, point.knob, [*down, *up])
