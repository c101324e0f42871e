"""What a run is and what it gives: its length and grid, its voltages, spikes and spike times."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.params import Params, integer, number

Tensor = torch.Tensor
MAX_STEPS = 1_000_000


@dataclass(frozen=True)
class RunParams(Params):
    """How long, how fine, and with which random numbers."""

    duration: float = number(
        500, 1, 100_000, "How long the neuron is watched.", unit="ms", step=50,
        label="Duration",
    )  # fmt: skip
    dt: float = number(
        0.1, 0, 20, "Length of a step; the current is constant during it. Linear neurons are exact "
        "for any step, the others need a short one.",
        unit="ms", step=0.01, lo_open=True, label="Time step",
    )  # fmt: skip
    seed: int = integer(0, 0, 2**53 - 1, "Another seed, another noise; the same seed, the same.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.duration < self.dt:
            raise ValueError(f"duration must be >= dt ({self.dt:g} ms), got {self.duration:g}")
        if self.duration / self.dt > MAX_STEPS + 0.5:
            raise ValueError(
                f"duration / dt must be at most {MAX_STEPS:,} steps, got "
                f"{self.duration / self.dt:,.0f}; shorten the run or enlarge dt"
            )

    @property
    def n_steps(self) -> int:
        """Whole steps in the duration (the nearest number to duration / dt, at least 1)."""
        return max(1, math.floor(self.duration / self.dt + 0.5))


class SpikeEvents(NamedTuple):
    """The spikes one by one, [K], in order of step, sample, neuron, time; on the device."""

    step: Tensor  # int64: the step in which the spike happened, from 0
    sample: Tensor  # int64
    neuron: Tensor  # int64
    offset: Tensor  # ms since the beginning of the step, in [0, dt]: when V reached V_th


class Trace:
    """What happened. Time first; entry k is the end of step k, after any reset.

    Attributes:
        t: [T] ms, (k + 1)·dt.
        v: [T, B, N] mV; [0, B, N] where the run was told to keep no voltages.
        spikes: bool [T, B, N]: at least one spike in the step.
        counts: int64 [B, N]: all spikes, also several in one step.
        events: the spikes one by one; computed when first asked for.
        state: the model's own NamedTuple, to continue from.
        dt: ms.
        others: further variables by name, each [T, B, N].
    """

    def __init__(
        self,
        *,
        t: Tensor,
        v: Tensor,
        spikes: Tensor,
        counts: Tensor,
        events: SpikeEvents | Callable[[], SpikeEvents],
        state: Any,
        dt: float,
        others: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.t, self.v, self.spikes, self.counts = t, v, spikes, counts
        self.state, self.dt, self.others = state, dt, dict(others or {})
        self._events = events

    @property
    def events(self) -> SpikeEvents:
        """The spikes one by one."""
        if not isinstance(self._events, SpikeEvents):
            self._events = self._events()
        return self._events

    def spike_times(self, sample: int = 0, neuron: int = 0) -> NDArray[np.float64]:
        """Times in ms at which one neuron's voltage reached the threshold, float64 [K]."""
        e = self.events
        mine = (e.sample == sample) & (e.neuron == neuron)
        start = e.step[mine].cpu().numpy().astype(np.float64)
        return start * self.dt + e.offset[mine].cpu().numpy().astype(np.float64)
