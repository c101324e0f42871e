"""The way of one probe, picture by picture, for an animation or a strip of film."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.device import choose_device
from snncore.hopfield import SpikingTrace
from snncore.recall_lab import scores
from snncore.recall_lab.ask import Ask
from snncore.recall_lab.networks import MOMENTS, Moment
from snncore.recall_lab.session import Answer, network


class Frame(NamedTuple):
    """One picture of the way."""

    step: int
    pixels: NDArray[np.float32]  # [N], about -1..1 (0..1 for grey and rgb)
    energy: float | None
    overlap: float  # with the probe's picture
    flips: int  # pixels that changed since the frame before


def _way(
    ask: Ask, answer: Answer, which: int, device: torch.device | None, moments: int = 1
) -> list[Moment]:
    """All moments of probe `which`: the states that it had in the whole batch."""
    if not 0 <= which < len(answer.result.targets):
        raise ValueError(
            f"which must be in 0..{len(answer.result.targets) - 1}, the probes, got {which}"
        )
    where = device or choose_device().device
    stored = answer.patterns.to(where)
    probe = answer.probes.rows(slice(which, which + 1)).to(where)
    number = torch.tensor([which], device=where)
    goal = answer.result.targets[which : which + 1].to(where)
    memory = network(ask, stored, moments=moments)
    return list(memory.run(probe, seed=ask.seed, samples=number, targets=goal))


def film(
    ask: Ask, answer: Answer, which: int, *, count: int = 60, device: torch.device | None = None
) -> tuple[Frame, ...]:
    """At most `count` evenly spaced moments of probe `which`, from the input to the answer.

    Args:
        ask, answer: a question and what `experiment` found.
    """
    if count < 2:
        raise ValueError(f"count must be >= 2, the input and the answer, got {count}")
    way = _way(ask, answer, which, device, MOMENTS)
    wanted = answer.patterns.states[answer.result.targets[which]][None].to(way[0].states.device)
    picks = sorted({round(float(k)) for k in np.linspace(0, len(way) - 1, count)})
    frames: list[Frame] = []
    for k in picks:
        moment = way[k]
        pixels = moment.states[0].cpu().numpy().astype(np.float32)
        before = frames[-1].pixels if frames else pixels
        frames.append(
            Frame(
                moment.step,
                pixels,
                None if moment.energy is None else float(moment.energy[0]),
                float(scores.overlap(moment.states, wanted, answer.patterns.mode)[0]),
                int(np.count_nonzero(_shade(pixels, ask) != _shade(before, ask))),
            )
        )
    return tuple(frames)


def _shade(pixels: NDArray[np.float32], ask: Ask) -> NDArray[np.bool_] | NDArray[np.float32]:
    return pixels > 0 if ask.mode == "binary" else np.rint(pixels * 255)


def spikes_of(
    ask: Ask, answer: Answer, which: int, *, device: torch.device | None = None
) -> SpikingTrace | None:
    """The whole spike record of probe `which` (B = 1), recorded anew; None without spikes."""
    return _way(ask, answer, which, device)[-1].spikes
