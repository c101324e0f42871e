"""A recurrent attractor of spiking neurons: pixels coupled to pixels, the classical Hopfield look.

N pairs of an ON and an OFF cell, snnTorch `Leaky`, coupled by the pseudo-inverse rule (or Hebb's)
in low-rank form. The probe drives them for a while; then it is taken away, and what the couplings
keep alive is the answer. The couplings: Personnaz, Guyon & Dreyfus 1985, J. Physique Lett. 46:359.
Spiking attractors: Gerstner & van Hemmen 1992, "Associative memory in a network of 'spiking'
neurons", Network 3:139.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

from snncore.hopfield.attractor_params import AttractorParams
from snncore.hopfield.attractor_steps import (
    Coupling,
    Record,
    Scalars,
    State,
    advance,
    coupling,
    make_drive,
    scalars,
    start,
)
from snncore.hopfield.patterns import Patterns
from snncore.hopfield.probes import Probes
from snncore.hopfield.spiking_network import as_patterns, as_probes, check_run
from snncore.hopfield.spiking_record import SpikingFrame, SpikingTrace, join

__all__ = ["AttractorParams", "attractor_recall", "attractor_stream"]

Tensor = torch.Tensor
CHUNK = 3_000_000  # numbers of a chunk of probes, about 100 MB of state and record
SETTLED = 0.9  # of the final overlap


class _Run(NamedTuple):
    net: Coupling
    patterns: Tensor
    drive: tuple[Tensor, Tensor]
    how: Scalars
    state: State
    record: Record
    seed: int
    samples: Tensor
    units: int
    keep: Tensor | None

    def to(self, first: int, last: int) -> None:
        advance(
            self.net, self.drive, self.how, self.state, self.record,
            first, last, self.seed, self.samples,
        )  # fmt: skip

    def readout(self, step: int) -> Tensor:
        if step < self.how.n_steps:
            return self.state.trace.sign().to(torch.int8)  # 0 where no cell has spiked yet
        return torch.where(self.state.total > 0, 1, -1).to(torch.int8)

    def alive(self) -> Tensor:
        """bool [B], whether any cell spiked while the answer was read."""
        return (self.state.total.abs() > self.how.n_steps).any(dim=1)

    def overlaps(self, shown: Tensor) -> Tensor:
        """ξ·r(t)/N with the shown pictures, float32 [T, B, K].

        Hebb: these are the numbers m. Pseudo-inverse: as Wξ = ξ, they are (Uξ/N)·m.
        """
        x, u = self.patterns.to(torch.float32), self.net.u.to(torch.float32)
        if self.net.levels == 1:
            turn = torch.eye(len(x), device=x.device)
        else:
            turn = (u @ x.T) / (self.net.levels * u.shape[1])
        return torch.stack([(m @ turn).gather(1, shown) for m in self.record.overlaps])

    def trace(self) -> SpikingTrace:
        rank, n = self.net.u.shape
        x = self.patterns.to(torch.float32)
        readout = self.readout(self.how.n_steps)
        match = readout.to(torch.float32) @ x.T
        best = match.argmax(dim=1)
        score = match.scatter(1, best[:, None], float("inf"))
        if self.keep is not None:
            score = score.scatter(1, self.keep.to(x.device)[:, None], float("inf"))
        kept = min(self.units, len(x))
        shown = torch.argsort(score, dim=1, descending=True, stable=True)[:, :kept]
        shown = shown.sort(dim=1).values
        overlap = self.overlaps(shown)
        column = (shown == best[:, None]).to(torch.int8).argmax(dim=1)
        course = overlap.gather(2, column.view(1, -1, 1).expand(len(overlap), -1, 1))[:, :, 0]
        settled = (course >= SETTLED * course[-1]).to(torch.int8).argmax(dim=0) + 1
        alive = self.alive()
        active = self.state.active.to(torch.float32)
        return SpikingTrace(
            readout=readout,
            memory_spikes=torch.zeros_like(overlap, dtype=torch.bool),
            membrane=self.record.membrane,
            visible_spikes=self.record.visible,
            visible_pixels=self.record.pixels,
            overlap=overlap,
            decision_step=torch.where(alive, settled, 0),
            winner=torch.where(alive, best, -1),
            spikes_per_pixel=active / n,
            synaptic_events=active * (2.0 * rank),
            units=shown,
            memory_counts=torch.zeros(match.shape, dtype=torch.int32, device=x.device),
        )


class _Task(NamedTuple):
    net: Coupling
    patterns: Tensor
    probes: Probes
    p: AttractorParams
    seed: int
    samples: Tensor
    shown: int
    units: int
    keep: Tensor | None

    def begin(self, rows: slice) -> _Run:
        probes, samples = self.probes.rows(rows), self.samples[rows]
        (rank, n), device = self.net.u.shape, self.net.u.device
        pixels = torch.linspace(0, n - 1, min(self.shown, n), device=device).round().long()
        how = scalars(self.net, self.p)
        size = (how.n_steps, len(samples))
        record = Record(
            pixels,
            torch.empty((*size, rank), device=device),
            torch.empty((*size, len(pixels)), dtype=torch.int8, device=device),
            torch.empty((*size, len(pixels)), device=device),
        )
        return _Run(
            self.net,
            self.patterns,
            make_drive(probes, self.p),
            how,
            start(self.net, how, self.seed, samples),
            record,
            self.seed,
            samples,
            self.units,
            None if self.keep is None else self.keep[rows],
        )


def _task(
    patterns: Patterns | Tensor, probes: Probes | Tensor, params: AttractorParams | None,
    seed: int, samples: Tensor | None, shown: int, units: int, keep: Tensor | None,
) -> _Task:  # fmt: skip
    stored = as_patterns(patterns)
    if stored.mode != "binary":
        raise ValueError(
            f"patterns must be binary for the spiking attractor, got {stored.mode}; "
            "the spiking memory (spiking_recall) stores grey levels and colours"
        )
    states = stored.states
    asked = as_probes(probes, states.shape[1]).to(states.device)
    numbers = check_run(len(asked.values), samples, keep, shown, units)
    p = params or AttractorParams()
    return _Task(
        coupling(states, p), states, asked, p, seed, numbers.to(states.device), shown, units, keep
    )


def attractor_recall(
    patterns: Patterns | Tensor,
    probes: Probes | Tensor,
    params: AttractorParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
    shown: int = 100,
    units: int = 64,
    keep: Tensor | None = None,
) -> SpikingTrace:
    """Run the spiking attractor of P binary patterns on B probes.

        r(t) = κ r(t-1) + (1 - κ) v(t)                       v = ON spikes - OFF spikes
        I(t) = (w_in / known share) e(t) + w_rec (W - (1 - D) diag W) r(t-1)
        ON:  V ← max(βV + I, -1),  OFF: V ← max(βV - I, -1);  spike above 1, reset to zero

    e(t), spikes of the probe's sign, arrive in the first `cue` of the time; then the network runs
    freely. Without the division by the known share a probe with few known pixels would never
    ignite. The answer is the sign of the spikes in the last third of the time.
    W = Xᵀ(XXᵀ)⁻¹X projects on the stored pictures, so each keeps itself alive; with Hebb's
    W = XᵀX/N pictures that are alike feed each other, and the network ends in a mixture.

    Args and errors as `spiking_recall`; patterns must be binary.
    """
    task = _task(patterns, probes, params, seed, samples, shown, units, keep)
    batch, n = task.probes.values.shape
    record = task.p.time_steps * (len(task.net.u) + min(len(task.patterns), units))
    chunk = max(1, CHUNK // max(n, record))
    parts = []
    for begin in range(0, batch, chunk):
        run = task.begin(slice(begin, begin + chunk))
        run.to(0, task.p.time_steps)
        parts.append(run.trace())
    return join(parts)


def attractor_stream(
    patterns: Patterns | Tensor,
    probes: Probes | Tensor,
    params: AttractorParams | None = None,
    *,
    every: int = 1,
    seed: int = 0,
    samples: Tensor | None = None,
    shown: int = 100,
    units: int = 64,
    keep: Tensor | None = None,
) -> Iterator[SpikingFrame | SpikingTrace]:
    """`attractor_recall` with the answers so far after every `every` steps; the trace comes last.

    Before the end the answer is the sign of the synaptic trace, and nothing counts as decided.
    """
    if every < 1:
        raise ValueError(f"every must be >= 1 steps, got {every}")
    task = _task(patterns, probes, params, seed, samples, shown, units, keep)
    run = task.begin(slice(None))
    for first in range(0, task.p.time_steps, every):
        last = min(first + every, task.p.time_steps)
        run.to(first, last)
        decided = run.alive() & (last == task.p.time_steps)
        yield SpikingFrame(last, run.readout(last), decided)
    yield run.trace()
