"""Curves and spike records of probes that were answered in parts, put together again."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from snncore.hopfield import SpikingTrace
from snncore.recall_lab.networks import Moment

Tensor = torch.Tensor
RECORD_BYTES = 8_000_000  # of spikes and potentials kept, whatever the number of probes
EACH = ("readout", "decision_step", "winner", "spikes_per_pixel", "synaptic_events")


class Curves:
    """Overlap, energy and Lyapunov function along the moments of one part."""

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.overlap: list[Tensor] = []
        self.energy: list[Tensor] = []
        self.lyapunov: list[Tensor] = []

    def add(self, moment: Moment, overlap: Tensor) -> None:
        """Take one moment in."""
        self.steps.append(moment.step)
        self.overlap.append(overlap)
        if moment.energy is not None:
            self.energy.append(moment.energy)
        if moment.lyapunov is not None:
            self.lyapunov.append(moment.lyapunov)


def join_curves(parts: Sequence[Curves], name: str) -> Tensor:
    """One curve of all parts, float32 [S, B]; a part that came to rest earlier stays as it was."""
    rows = [getattr(part, name) for part in parts]
    longest = max(len(row) for row in rows)
    if not longest:
        return torch.zeros(0, sum(len(part.overlap[0]) for part in parts))
    return torch.cat(
        [torch.stack([*row, *[row[-1]] * (longest - len(row))]).cpu() for row in rows], dim=1
    )


def record_bytes(trace: SpikingTrace) -> int:
    """What the record of one probe takes, without its answer."""
    held = sum(
        value.numel() * value.element_size()
        for name, value in trace._asdict().items()
        if name not in (*EACH, "visible_pixels")
    )
    return max(1, held // len(trace.winner))


def first_rows(trace: SpikingTrace, count: int) -> SpikingTrace:
    """The record of the first `count` probes alone."""

    def cut(name: str, value: Tensor) -> Tensor:
        if name == "visible_pixels":
            return value
        return (value[:, :count] if value.ndim == 3 else value[:count]).cpu().clone()

    return SpikingTrace(**{name: cut(name, value) for name, value in trace._asdict().items()})


class Records:
    """Spike records of one part after the other: whole ones of the first probes only."""

    def __init__(self) -> None:
        self.kept = 0  # probes with a whole record
        self._first: SpikingTrace | None = None
        self._each: list[dict[str, Tensor]] = []

    def add(self, trace: SpikingTrace | None) -> None:
        """Take in the record of a part; None of a memory that does not spike."""
        if trace is None:
            return
        self._each.append({name: getattr(trace, name).cpu() for name in EACH})
        if self._first is None:
            self.kept = min(len(trace.winner), max(1, RECORD_BYTES // record_bytes(trace)))
            self._first = first_rows(trace, self.kept)

    def joined(self) -> SpikingTrace | None:
        """The record of the first probes, with the numbers that there are for every probe."""
        if self._first is None:
            return None
        every = {name: torch.cat([part[name] for part in self._each]) for name in EACH}
        return self._first._replace(**every)
