"""One whole experiment, as the page and the command line run it: damage, recall, score."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.device import choose_device
from snncore.hopfield.frames import frames
from snncore.hopfield.noise import NoiseParams, corrupt
from snncore.hopfield.patterns import Patterns
from snncore.hopfield.recall import Recall, RecallParams, recall
from snncore.hopfield.rules import Preflight, preflight
from snncore.hopfield.spiking import SpikingParams

Tensor = torch.Tensor


class Answer(NamedTuple):
    """Everything that one experiment found out, on the CPU."""

    patterns: Patterns
    probes: Tensor  # float32 [B, N]
    result: Recall
    flight: Preflight

    @property
    def untouched(self) -> float:
        """Share of probes that the damage left as they were."""
        wanted = self.patterns.states[self.result.targets]
        return float((self.probes == wanted).all(dim=1).float().mean())


def to_cpu(value: Any) -> Any:
    """A tuple with named fields, and those within it, with all tensors on the CPU."""
    if isinstance(value, torch.Tensor):
        return value.cpu()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(to_cpu(item) for item in value))
    return value


def experiment(
    patterns: Patterns,
    noise: NoiseParams,
    params: RecallParams,
    spiking: SpikingParams | None = None,
    *,
    seed: int = 0,
    trials: int = 1,
    device: torch.device | None = None,
) -> Answer:
    """Damage each stored picture `trials` times and recall it.

    Args:
        seed: of the damage and of the spiking memory's input.
        device: where to compute; the one of `choose_device` if None.
    """
    stored = patterns.to(device or choose_device().device)
    targets = torch.arange(len(stored.states), device=stored.states.device).repeat(trials)
    probes = corrupt(stored.states[targets], stored.shape, noise, seed=seed)
    result = recall(
        stored, probes, params, noise=noise, spiking=spiking, seed=seed, targets=targets
    )
    answer: Answer = to_cpu(Answer(stored, probes, result, preflight(stored.states)))
    return answer


def film(
    answer: Answer,
    which: int,
    params: RecallParams,
    spiking: SpikingParams,
    *,
    seed: int = 0,
    count: int = 7,
) -> list[tuple[int, NDArray[np.float32]]]:
    """At most `count` moments (step, states [N]) of probe `which`, from the input to the answer."""
    probe = answer.probes[which]
    way = list(frames(answer.patterns, probe, params, spiking=spiking, seed=seed, sample=which))
    picks = sorted({round(float(k)) for k in np.linspace(0, len(way) - 1, count)})
    return [(way[k].step, way[k].pixels.numpy()) for k in picks]
