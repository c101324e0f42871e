"""First spikes and counts; trains of one spike, for which its step stands.

The steps are int64 [B, M], −1 for silence. Codes of one spike per neuron give them without making
the train (`latency_steps`, `rank_order_steps`, … in the modules of the codes), so that an event
list costs what its spikes cost; `train` makes the dense spikes by writing one cell per spike.
"""

from __future__ import annotations

import torch

from snncore.encoding.code import check_spikes

Tensor = torch.Tensor


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
    fired = check_spikes(spikes) if spikes.dtype == torch.bool else check_spikes(spikes) != 0
    step = torch.full(fired.shape[1:], -1, dtype=torch.int32, device=fired.device)
    for t in range(fired.shape[0] - 1, -1, -1):  # five times faster on a CPU than argmax over T
        step.masked_fill_(fired[t], t)
    return step.clamp_min(0).to(torch.int64), step >= 0


def spike_counts(spikes: Tensor) -> Tensor:
    """Spikes of each train, int32 [B, N]; a step that holds several counts them all."""
    counts = torch.zeros(check_spikes(spikes).shape[1:], dtype=torch.int32, device=spikes.device)
    for now in spikes:  # a sum over T reads along the long stride: several times slower on a CPU
        counts += now.to(torch.int32)
    return counts


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
