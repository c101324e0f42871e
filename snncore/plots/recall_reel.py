"""The way of one probe as pictures and curves, small enough to be sent to a browser at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import datasets
from snncore.hopfield import SpikingTrace
from snncore.recall_lab import Answer, Ask, film, scores, spikes_of

FRAMES = 60  # pictures at most
GREY_SIDE = 128  # longest side of grey and colour pictures: their bytes hardly deflate
RACERS = 8  # memory units whose potential is drawn
RACE_POINTS = 200  # of each of these curves
_HALF = np.float32(127.5)


class Racer(NamedTuple):
    """Potential of one memory unit over time, in units of its threshold."""

    name: str
    role: str  # "target", "winner" (where it is another one) or "other"
    steps: NDArray[np.int64]  # [K]
    values: NDArray[np.float32]  # [K]


class Reel(NamedTuple):
    """F moments of one probe; pictures are uint8 [H, W] or [H, W, 3], black 0 and white 255."""

    target: str  # name of the picture that the probe was made from
    steps: NDArray[np.int64]  # [F], updates or time steps; 0 is the probe
    of: int  # steps that there were, the probe among them; more than F where some are left out
    binary: bool  # whether pixels are either black or white
    numbers: int  # N, pixels (of a colour picture three for each)
    frames: NDArray[np.uint8]  # [F, H, W] or [F, H, W, 3]
    stored: NDArray[np.uint8]  # the picture that was stored
    given: NDArray[np.uint8]  # the probe
    known: NDArray[np.bool_]  # [H, W], where the probe says anything
    overlap: NDArray[np.float64]  # [F], with the target
    right: NDArray[np.float64]  # [F], share of right pixels
    flips: NDArray[np.int64]  # [F], pixels that changed since the frame before
    rival: str  # name of the other picture that is most like the answer; "" where there is none
    rival_overlap: NDArray[np.float64]  # [F], or empty
    energy: NDArray[np.float64]  # [F], or empty where the rule has none
    racers: tuple[Racer, ...]  # of spiking memories with memory units
    decision: int  # time step of the first memory spike; 0 where there is none
    shrunk: bool  # whether the pictures were made smaller


def reel(ask: Ask, answer: Answer, which: int) -> Reel:
    """The way of probe `which` of an answer, recalled once more with the same draws.

    Raises:
        ValueError: there is no such probe.
    """
    way = film(ask, answer, which, count=FRAMES)
    patterns, result = answer.patterns, answer.result
    states = torch.from_numpy(np.stack([frame.pixels for frame in way]))
    goal = int(result.targets[which])
    right = scores.right(states, patterns.states[goal][None], patterns.mode)
    other = _rival(states[-1:], patterns.states, goal, patterns.mode)
    against = (
        scores.overlap(states, patterns.states[other][None], patterns.mode).numpy()
        if other >= 0
        else np.zeros(0)
    )
    known = answer.probes.known[which].reshape(*patterns.shape, -1).any(dim=2).numpy()
    shape = patterns.picture_shape
    side = max(patterns.shape)
    shrinks = patterns.mode != "binary" and side > GREY_SIDE
    racers, decision = _race(ask, answer, which, goal)

    def pictures(values: torch.Tensor) -> NDArray[np.uint8]:
        array = _bytes(values.to(torch.float32).numpy(), patterns.mode).reshape(-1, *shape)
        if not shrinks:
            return array
        return datasets.resize(array, datasets.fitted_size(*patterns.shape, GREY_SIDE))

    frames = pictures(states)
    if shrinks:
        rows, columns = (_spread(frames.shape[1 + k], known.shape[k]) for k in (0, 1))
        known = known[np.ix_(rows, columns)]
    energies = [frame.energy for frame in way]
    return Reel(
        patterns.names[goal],
        np.array([frame.step for frame in way]),
        way[-1].step + 1,
        patterns.mode == "binary",
        patterns.states.shape[1],
        frames,
        pictures(patterns.states[goal][None])[0],
        pictures(answer.probes.values[which][None])[0],
        known,
        np.array([frame.overlap for frame in way]),
        right.to(torch.float32).mean(dim=1).numpy().astype(np.float64),
        np.array([frame.flips for frame in way]),
        patterns.names[other] if other >= 0 else "",
        against.astype(np.float64),
        np.array([] if None in energies else energies, dtype=np.float64),
        racers,
        decision,
        shrinks,
    )


def _spread(count: int, of: int) -> NDArray[np.int64]:
    """`count` evenly spaced places of `of`."""
    return np.arange(count) * of // count


def _bytes(values: NDArray[np.float32], mode: str) -> NDArray[np.uint8]:
    """Grey levels to look at: beyond black and white there is nothing to see."""
    levels = (values + 1) * _HALF if mode == "binary" else values * np.float32(255)
    return np.rint(np.clip(levels, 0, 255)).astype(np.uint8)


def _rival(last: torch.Tensor, stored: torch.Tensor, goal: int, mode: str) -> int:
    """The stored picture other than `goal` that the last moment is most like; -1 if alone."""
    if len(stored) < 2:
        return -1
    others = torch.arange(len(stored)) != goal
    found = int(scores.nearest(last, stored[others], mode))
    return found + (found >= goal)


def _race(ask: Ask, answer: Answer, which: int, goal: int) -> tuple[tuple[Racer, ...], int]:
    """Potentials of the target, the winner and those that came closest, and the decision step."""
    trace, row = _trace(ask, answer, which)
    if trace is None:
        return (), 0
    decision = int(trace.decision_step[row])
    potentials = trace.membrane[:, row].numpy()
    units = trace.units[row].tolist()
    winner = int(trace.winner[row])
    rank = {goal: 2, winner: 1} | ({goal: 2} if winner == goal else {})
    peaks = potentials.max(axis=0, initial=-np.inf)
    order = sorted(range(len(units)), key=lambda k: (rank.get(units[k], 0), peaks[k]), reverse=True)
    n_steps = len(potentials)
    points = np.unique(np.linspace(0, n_steps - 1, min(n_steps, RACE_POINTS)).astype(np.int64))
    racers = tuple(
        Racer(
            answer.patterns.names[units[k]],
            "target" if units[k] == goal else "winner" if units[k] == winner else "other",
            points + 1,
            potentials[points, k],
        )
        for k in order[:RACERS]
    )
    return racers, decision


def _trace(ask: Ask, answer: Answer, which: int) -> tuple[SpikingTrace | None, int]:
    """A record that has the probe, and its row there."""
    held = answer.result.spikes
    if held is None or which < answer.result.recorded:
        return held, which
    return spikes_of(ask, answer, which), 0
