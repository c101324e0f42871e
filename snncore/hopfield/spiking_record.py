"""What a spiking memory reports: the answer, and a record of its cells small enough to keep."""

from __future__ import annotations

from typing import NamedTuple

import torch

Tensor = torch.Tensor


class SpikingTrace(NamedTuple):
    """What the cells did: T steps, B probes, P memory units of which K are shown, V pixels shown.

    The K shown units are those that match the probe best, the winner always among them; all P in
    their order where P <= K. The spiking attractor has no memory units: its K columns are stored
    pictures, none of which spikes, its overlaps are those of the synaptic trace r(t), its winner is
    the picture most like the answer (-1 if the network fell silent), and its decision step the
    first at which that overlap reached nine tenths of its final value.
    """

    readout: Tensor  # the answer [B, N]: int8 ±1, or float32 0..1 for grey and colour
    memory_spikes: Tensor  # bool [T, B, K]
    membrane: Tensor  # float32 [T, B, K], in thresholds; attractor: [T, B, V], of the ON cells
    visible_spikes: Tensor  # int8 [T, B, V]: 1 ON, -1 OFF, 0 silent
    visible_pixels: Tensor  # int64 [V], which pixels are shown
    overlap: Tensor  # float32 [T, B, K], ξ·v(t)/|ξ|²
    decision_step: Tensor  # int64 [B], first memory spike, counted from 1; 0 if there was none
    winner: Tensor  # int64 [B], the memory unit that fired most; -1 if none fired
    spikes_per_pixel: Tensor  # float32 [B], visible spikes in all, over N
    synaptic_events: Tensor  # float32 [B], spikes × targets: P for a visible, N for a memory
    #     spike; attractor: 2 K' through its K' factors (an N×N matrix would take N - 1)
    units: Tensor  # int64 [B, K], the memory unit of each column, rising
    memory_counts: Tensor  # int32 [B, P], spikes of every memory unit

    def overlap_with(self, targets: Tensor) -> Tensor:
        """Overlap with one stored picture for each probe, float32 [T, B], from targets int64 [B].

        Raises:
            ValueError: a target is not among the shown units; `keep` makes sure that it is.
        """
        here = self.units == targets.to(self.units.device)[:, None]
        if not bool(here.any(dim=1).all()):
            raise ValueError("targets must be among the recorded units; pass them as keep=")
        column = here.to(torch.int8).argmax(dim=1).view(1, -1, 1).expand(len(self.overlap), -1, 1)
        return self.overlap.gather(2, column)[:, :, 0]


class SpikingFrame(NamedTuple):
    """The answer so far, while the network runs."""

    step: int  # steps done, 1..T
    readout: Tensor  # [B, N], as the final one; before it, 0 in a binary one: no majority yet
    decided: Tensor  # bool [B], whether a memory unit has fired


def join(parts: list[SpikingTrace]) -> SpikingTrace:
    """One trace of several chunks of probes."""
    if len(parts) == 1:
        return parts[0]
    joined = {}
    for name in SpikingTrace._fields:
        columns = [getattr(part, name) for part in parts]
        axis = 1 if columns[0].ndim == 3 else 0
        joined[name] = columns[0] if name == "visible_pixels" else torch.cat(columns, dim=axis)
    return SpikingTrace(**joined)
