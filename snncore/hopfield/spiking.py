"""A dense associative memory of spiking neurons: one spiking memory unit per stored picture.

Two kinds of cells, all snnTorch `Leaky`, joined by ordinary two-body synapses only:

* visible: an ON and an OFF cell for each of N pixels, driven by the probe's pixel in random steps
  and by the memory units' feedback; v(t) = ON spikes - OFF spikes, in {-1, 0, 1};
* memory: one perfect integrator for each of P pictures. Each gathers the evidence
  J_μ(t) = g Σ_i (ξ_i^μ - ⟨ξ_i⟩) v_i(t)/N until one fires. Its spike silences the others
  (winner takes all) and its feedback overrides the probe: the picture is completed.

When the winner fires first is the reaction time: harder probes take longer. The same idea in
rates: Krotov & Hopfield 2021, "Large associative memory problem in neurobiology and machine
learning" (hidden memory units make dense memories of two-body synapses); the race to threshold:
Wang 2002, Neuron 36:955; a rising urgency that forces an answer: Cisek et al 2009, J. Neurosci.
29:11560.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import snntorch as snn
import torch
from snntorch._neurons.neurons import SpikingNeuron

from snncore import rng
from snncore.hopfield.patterns import check_states
from snncore.params import Params, flag, integer, number

Tensor = torch.Tensor
TRACE_STEPS = 1024.0  # the feedback trace counts in 1/1024, so its sums are exact in any order
REFERENCE_OVERLAP = 0.4  # of a probe with 30 % flips: the evidence that takes `integration` steps


@dataclass(frozen=True)
class SpikingParams(Params):
    """The spiking memory's time and synapses; time in simulation steps, voltage threshold 1."""

    time_steps: int = integer(
        32, 8, 400, "How long the network runs, T.", unit="steps", step=4, label="Time"
    )
    rate: float = number(
        0.5,
        0.0,
        1.0,
        "Probability per step that a pixel of the probe drives its cells.",
        step=0.05,
        lo_open=True,
        label="Input rate",
    )
    integration: float = number(
        0.5,
        0.05,
        1.0,
        "Share of the time in which a memory unit gathers evidence from a probe with 30 % flips.",
        step=0.05,
        label="Integration time",
    )
    urgency: float = number(
        0.75,
        0.1,
        1.0,
        "Share of the time by which rising urgency makes the leading unit fire.",
        step=0.05,
        label="Deadline",
    )
    w_in: float = number(
        1.2, 0.1, 10.0, "Synapse from the probe to its pixel's cells.", step=0.1, label="w_in"
    )
    w_feedback: float = number(
        3.0, 0.0, 10.0, "Synapse from a memory unit to the pixels.", step=0.1, label="w_fb"
    )
    w_inhibition: float = number(
        1.0, 0.0, 10.0, "Inhibition of the other memory units.", step=0.1, label="w_inh"
    )
    decay: float = number(
        0.5,
        0.0,
        1.0,
        "Membrane decay β per step of the visible cells.",
        step=0.05,
        label="β visible",
    )
    hard: bool = flag(
        True, "Only the highest memory unit may fire in a step.", label="Strict winner-take-all"
    )


class SpikingTrace(NamedTuple):
    """What the cells did: T steps, B probes, P memory units, V shown pixels."""

    readout: Tensor  # int8 [B, N], the answer: the sign of the spikes of the last third
    memory_spikes: Tensor  # bool [T, B, P]
    membrane: Tensor  # float32 [T, B, P], in units of the threshold
    visible_spikes: Tensor  # int8 [T, B, V]: 1 ON, -1 OFF, 0 silent
    visible_pixels: Tensor  # int64 [V], which pixels are shown
    overlap: Tensor  # float32 [T, B, P], ξ·v(t)/N
    decision_step: Tensor  # int64 [B], first memory spike, counted from 1; 0 if there was none
    winner: Tensor  # int64 [B], the memory unit that fired most; -1 if none fired
    spikes_per_pixel: Tensor  # float32 [B], visible spikes in all, over N
    synaptic_events: Tensor  # float32 [B], spikes × targets: P for a visible, N for a memory spike


def _leaky(
    beta: float, reset: str, device: torch.device, *, winner_only: bool = False
) -> snn.Leaky:
    """An snnTorch layer without gradient, not kept in snnTorch's process-wide list of layers."""
    layer = snn.Leaky(beta=beta, threshold=1.0, reset_mechanism=reset, surrogate_disable=True)
    layer.inhibition = winner_only  # as an argument it would warn on every construction
    SpikingNeuron.instances.remove(layer)  # or a long-lived server would collect them for ever
    return layer.to(device)


def _arrivals(p: SpikingParams, seed: int, samples: Tensor, n: int) -> Tensor:
    """Which pixels drive in which step: bool [T, B, N], four steps from one 32-bit word."""
    limit = max(1, round(p.rate * 256))
    words = rng.draws(seed, rng.stream("recall"), samples, n, -(-p.time_steps // 4))
    parts = torch.stack([(words >> shift) & 0xFF for shift in (0, 8, 16, 24)], dim=1)
    return parts.reshape(-1, len(samples), n)[: p.time_steps] < limit


def spiking_recall(
    patterns: Tensor,
    probes: Tensor,
    params: SpikingParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
    shown: int = 100,
) -> SpikingTrace:
    """Run the spiking memory of ±1 patterns [P, N] on probes float32 [B, N].

        I(t)  = w_in e(t) + w_fb Xᵀ y(t-1)                  e: the probe in the driven steps,
                                                            saturating at ±1
        ON:  V ← βV + I,  OFF: V ← βV - I;  spike above 1, reset to zero
        J_μ(t) = g (ξ^μ - ⟨ξ⟩)·v(t)/N - w_inh Σ_{ν≠μ} z_ν(t-1) + z_μ(t-1) + u(t)
        U_μ   ← max(U_μ + J_μ, -1);  above 1: spike z, reset by subtraction in the next step
              (of several above 1 in one step only the highest spikes; all are reset, as snnTorch
              resets by the potential and not by the spike that inhibition leaves)
        y(t)  = ½ y(t-1) + ½ z(t)
        g     = 1/(t_int · rate · 0.4 · c · known share),  c = median_μ(1 - ξ^μ·⟨ξ⟩/N)

    ⟨ξ⟩, the mean picture, is feed-forward inhibition; the known share is divisive gain control for
    probes with unknown pixels; u(t) = 2t/t_u² (urgency) is equal for all units and sums to 1 at
    t_u, so it changes when the leader fires, not who leads. No N×N synapses: P·N are enough.

    Args:
        seed, samples: the drive of probe b depends on (seed, samples[b]); 0..B-1 if None.
        shown: how many pixels' spikes are recorded.
    """
    p = params or SpikingParams()
    check_states(patterns)
    x = patterns.to(torch.float32)
    count, n = x.shape
    batch, device = len(probes), probes.device
    if samples is None:
        samples = torch.arange(batch, device=device)
    cue = p.w_in * probes.to(torch.float32).clamp(-1.0, 1.0)
    known = (cue != 0).sum(dim=1).clamp(min=1).to(torch.float32) / n
    mean_overlap = (x @ x.T).mean(dim=1) / n
    distinct = 1.0 - float(mean_overlap.median())
    # A single picture has no rival from which the mean picture would tell it apart.
    mean_share, contrast = (1.0, distinct) if distinct > 1.0 / n else (0.0, 1.0)
    t_int = max(1.0, p.integration * p.time_steps)
    gain = 1.0 / (t_int * p.rate * REFERENCE_OVERLAP * contrast * known)[:, None]
    t_urgent = max(1.0, p.urgency * p.time_steps)

    visible = _leaky(p.decay, "zero", device)
    memory = _leaky(1.0, "subtract", device, winner_only=p.hard)
    pixels = torch.linspace(0, n - 1, min(shown, n), device=device).round().long()
    v_mem = torch.zeros(2, batch, n, device=device)
    u_mem = torch.zeros(batch, count, device=device)
    z = torch.zeros(batch, count, device=device)
    y = torch.zeros(batch, count, device=device)
    total = torch.zeros(batch, n, device=device)
    active = torch.zeros(batch, device=device)
    arrivals = _arrivals(p, seed, samples, n)
    window = max(4, p.time_steps // 3)
    spikes, membranes, seen, overlaps = [], [], [], []
    for t in range(p.time_steps):
        current = arrivals[t] * cue
        if t:
            current = current + p.w_feedback * (y @ x)
        s, v_mem = visible(torch.stack([current, -current]), v_mem)
        v = s[0] - s[1]
        dot = v @ x.T  # whole numbers: exact in any order
        evidence = (dot - mean_share * dot.sum(dim=1, keepdim=True) / count) / n
        drive = gain * evidence + 2.0 * (t + 1) / t_urgent**2
        lateral = (1.0 + p.w_inhibition) * z - p.w_inhibition * z.sum(dim=1, keepdim=True)
        z, u_mem = memory(drive + lateral, u_mem)
        u_mem = u_mem.clamp(min=-1.0)
        y = ((0.5 * y + 0.5 * z) * TRACE_STEPS).round() / TRACE_STEPS
        active += s.sum(dim=(0, 2))
        if t >= p.time_steps - window:
            total += v
        spikes.append(z > 0)
        membranes.append(u_mem)
        seen.append(v[:, pixels].to(torch.int8))
        overlaps.append(dot / n)

    fired = torch.stack(spikes)
    any_fired = fired.any(dim=2)
    counts = fired.sum(dim=0)
    decided = any_fired.any(dim=0)
    return SpikingTrace(
        readout=torch.where(total > 0, 1, -1).to(torch.int8),
        memory_spikes=fired,
        membrane=torch.stack(membranes),
        visible_spikes=torch.stack(seen),
        visible_pixels=pixels,
        overlap=torch.stack(overlaps),
        decision_step=torch.where(decided, any_fired.to(torch.int8).argmax(dim=0) + 1, 0),
        winner=torch.where(decided, counts.argmax(dim=1), -1),
        spikes_per_pixel=active / n,
        synaptic_events=active * count + counts.sum(dim=1) * float(n),
    )
