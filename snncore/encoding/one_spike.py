"""First spikes and counts; trains of one spike, for which its step stands.

The steps are int64 [B, M], −1 for silence. Codes of one spike per neuron give them without making
the train (`latency_steps`, `rank_order_steps`, … in the modules of the codes), so that an event
list costs what its spikes cost; `train` makes the dense spikes by writing one cell per spike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from snncore.encoding.code import check_spikes
from snncore.kernels import read_trains as kernel

Tensor = torch.Tensor

_STEPS_AT_ONCE = 32  # that the definition turns into numbers: four times the memory of a byte


def rounded_steps(times: Tensor, n_steps: int) -> Tensor:
    """Times in steps rounded half to even; −1 outside 0..T − 1 and for NaN or infinity."""
    steps = times.round()
    inside = (steps >= 0) & (steps < n_steps)
    return torch.where(inside, steps, torch.full_like(steps, -1.0)).to(torch.int64)


def train(steps: Tensor, n_steps: int) -> Tensor:
    """bool [T, B, M] with one spike at `steps` [B, M], none where it is −1."""
    spikes = torch.zeros((n_steps, *steps.shape), dtype=torch.uint8, device=steps.device)
    spikes.scatter_(0, steps.clamp_min(0)[None], (steps >= 0).to(torch.uint8)[None])
    return spikes.view(torch.bool)


def first_spike(spikes: Tensor) -> tuple[Tensor, Tensor]:
    """Step of the first spike (int64 [B, N], 0 if there is none) and whether there is one."""
    cells = _cells(check_spikes(spikes))
    if cells is None:
        fired = spikes != 0
        return fired.to(torch.uint8).argmax(dim=0), fired.any(dim=0)
    steps = _outer(cells, last=False).view(spikes.shape[1:])
    return steps.clamp_min(0).to(torch.int64), steps >= 0


def last_spike(spikes: Tensor) -> Tensor:
    """Step of the last spike, int64 [B, N]; 0 if there is none."""
    cells = _cells(check_spikes(spikes))
    if cells is None:
        back = (spikes != 0).flip(0)
        steps = spikes.shape[0] - 1 - back.to(torch.uint8).argmax(dim=0)
        return torch.where(back.any(dim=0), steps, torch.zeros_like(steps))
    return _outer(cells, last=True).view(spikes.shape[1:]).clamp_min(0).to(torch.int64)


def weighted_sum(spikes: Tensor, weights: Sequence[float]) -> Tensor:
    """Σ_t w_t·spikes[t], float32 [B, N]; `weights` are T numbers.

    Weights of 1 count the spikes; those in a step that holds several count all.
    """
    cells = _cells(check_spikes(spikes))
    if cells is not None:
        sums = torch.empty(cells.shape[1], dtype=torch.float32)
        kernel.weighted_sums(cells.numpy(), np.asarray(weights, dtype=np.float64), sums.numpy())
        return sums.view(spikes.shape[1:])
    row = torch.tensor(weights, dtype=torch.float32, device=spikes.device)
    total = torch.zeros(spikes.shape[1:], dtype=torch.float32, device=spikes.device)
    for first in range(0, spikes.shape[0], _STEPS_AT_ONCE):
        part = spikes[first : first + _STEPS_AT_ONCE].to(torch.float32)
        total = total + torch.tensordot(row[first : first + _STEPS_AT_ONCE], part, dims=1)
    return total


def spike_counts(spikes: Tensor) -> Tensor:
    """Spikes of each train, float32 [B, N] of whole numbers."""
    return weighted_sum(spikes, [1.0] * spikes.shape[0])


def _cells(spikes: Tensor) -> Tensor | None:
    """Spikes on the CPU as bytes [T, M] for the kernels; None where the definition computes."""
    if spikes.device.type != "cpu" or spikes.dtype not in (torch.bool, torch.uint8, torch.int8):
        return None
    byte = spikes.view(torch.uint8) if spikes.dtype == torch.bool else spikes
    return byte.contiguous().view(spikes.shape[0], -1)


def _outer(cells: Tensor, *, last: bool) -> Tensor:
    """int32 [M] from the kernel."""
    steps = torch.empty(cells.shape[1], dtype=torch.int32)
    kernel.outer_spikes(cells.numpy(), last, steps.numpy())
    return steps


def first_spike_mask(spikes: Tensor) -> Tensor:
    """Of trains [T, …] only the first spike of each, with its sign or count; the rest is 0.

    VanRullen & Thorpe 2001: a reader that waits for first spikes needs nothing else.

    Raises:
        ValueError: there is no time axis, or no step.
    """
    if spikes.ndim == 0 or spikes.shape[0] == 0:
        raise ValueError(f"spikes must be [T, …] with T >= 1, got shape {tuple(spikes.shape)}")
    first = (spikes != 0).to(torch.uint8).argmax(dim=0, keepdim=True)
    kept = torch.zeros_like(spikes)
    return kept.scatter_(0, first, spikes.gather(0, first))
