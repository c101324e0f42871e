"""The way of one probe, picture by picture, for an animation or a strip of film."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

from snncore.hopfield.patterns import Patterns
from snncore.hopfield.recall import RecallParams, trajectory
from snncore.hopfield.spiking import SpikingParams, spiking_recall

Tensor = torch.Tensor


class Frame(NamedTuple):
    """One picture of an animation."""

    step: int
    pixels: Tensor  # float32 [N] in -1..1


def frames(
    patterns: Patterns,
    probe: Tensor,
    params: RecallParams | None = None,
    *,
    spiking: SpikingParams | None = None,
    seed: int = 0,
    sample: int = 0,
) -> Iterator[Frame]:
    """The way of one probe [N], step by step; the same as in a batch with the same `sample`.

    For the spiking memory a frame shows the visible spikes of the last third of the time so far,
    ON minus OFF per step, scaled to its largest value.
    """
    p, how = params or RecallParams(), spiking or SpikingParams()
    one = probe.to(patterns.states.device, torch.float32)[None]
    if p.rule != "spiking":
        for step in trajectory(patterns.states, one, p, seed=seed):
            yield Frame(step.step, step.states[0])
        return
    n = one.shape[1]
    number_of = torch.tensor([sample], device=one.device)
    trace = spiking_recall(patterns.states, one, how, seed=seed, samples=number_of, shown=n)
    spikes = trace.visible_spikes[:, 0].to(torch.float32)
    window = max(4, how.time_steps // 3)
    yield Frame(0, one[0])
    for t in range(1, len(spikes) + 1):
        total = spikes[max(0, t - window) : t].sum(dim=0)
        yield Frame(t, total / total.abs().max().clamp(min=1.0))
