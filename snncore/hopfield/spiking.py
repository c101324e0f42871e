"""A dense associative memory of spiking neurons: one spiking memory unit per stored picture.

Two kinds of cells, all snnTorch `Leaky`, joined by ordinary two-body synapses only:

* visible: an ON and an OFF cell for each of N pixels, driven by the probe's pixel and by the memory
  units' feedback; v(t) = ON spikes - OFF spikes, in {-1, 0, 1};
* memory: one perfect integrator for each of P pictures. Each gathers the evidence
  J_μ(t) = g [Σ_i (ξ_i^μ - ⟨ξ_i⟩) v_i(t)/N - b_μ] until one fires. Its spike silences the others
  (winner takes all) and its feedback overrides the probe: the picture is completed.

When the winner fires first is the reaction time: harder probes take longer. The same idea in
rates: Krotov & Hopfield 2021, "Large associative memory problem in neurobiology and machine
learning" (hidden memory units make dense memories of two-body synapses); the race to threshold:
Wang 2002, Neuron 36:955; a rising urgency that forces an answer: Cisek et al 2009, J. Neurosci.
29:11560; the distance form of the evidence: Millidge et al 2022, "Universal Hopfield networks".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

from snncore.hopfield.patterns import Patterns
from snncore.hopfield.probes import Probes
from snncore.hopfield.spiking_network import (
    Input,
    Network,
    as_patterns,
    as_probes,
    check_run,
    make_input,
    matches,
    network,
)
from snncore.hopfield.spiking_params import SpikingParams
from snncore.hopfield.spiking_record import SpikingFrame, SpikingTrace, join
from snncore.hopfield.spiking_steps import (
    Record,
    Scalars,
    State,
    advance,
    readout,
    scalars,
    start,
)

__all__ = ["SpikingFrame", "SpikingParams", "SpikingTrace", "spiking_recall", "spiking_stream"]

Tensor = torch.Tensor
CHUNK = 3_000_000  # cells of a chunk of probes, about 100 MB of state


class Run(NamedTuple):
    """Everything that a chunk of probes needs to go on."""

    net: Network
    drive: Input
    how: Scalars
    state: State
    record: Record
    seed: int
    samples: Tensor

    def to(self, first: int, last: int) -> None:
        """Steps first..last-1 (from 0)."""
        advance(
            self.net, self.drive, self.how, self.state, self.record,
            first, last, self.seed, self.samples,
        )  # fmt: skip


def _units(net: Network, probes: Probes, count: int, keep: Tensor | None) -> Tensor:
    """The memory units to record: those that match best, `keep` among them; int64 [B, K]."""
    many, batch = len(net.rows), len(probes.values)
    if count >= many:
        return torch.arange(many, device=net.rows.device).expand(batch, -1).contiguous()
    score = matches(net, probes)
    if keep is not None:
        score = score.scatter(1, keep.to(score.device)[:, None], float("inf"))
    best = torch.argsort(score, dim=1, descending=True, stable=True)[:, :count]
    return best.sort(dim=1).values


def _begin(
    net: Network, probes: Probes, p: SpikingParams, seed: int, samples: Tensor, shown: int,
    units: Tensor,
) -> Run:  # fmt: skip
    n, device = net.rows.shape[1], net.rows.device
    batch, kept = units.shape
    pixels = torch.linspace(0, n - 1, min(shown, n), device=device).round().long()
    size = (p.time_steps, batch, kept)
    record = Record(
        units,
        pixels,
        torch.empty(size, device=device),
        torch.empty(size, dtype=torch.bool, device=device),
        torch.empty(size, device=device),
        torch.empty((p.time_steps, batch, len(pixels)), dtype=torch.int8, device=device),
    )
    how = scalars(net, p)
    drive = make_input(net, probes, p)
    return Run(net, drive, how, start(net, how, seed, samples), record, seed, samples)


def _trace(run: Run) -> SpikingTrace:
    state, record = run.state, run.record
    count, n = run.net.rows.shape
    active = state.active.to(torch.float32)
    return SpikingTrace(
        readout=readout(state, run.drive, run.how, run.how.n_steps),
        memory_spikes=record.spikes,
        membrane=record.membrane,
        visible_spikes=record.visible,
        visible_pixels=record.pixels,
        overlap=record.overlap,
        decision_step=state.decided,
        winner=torch.where(state.decided > 0, state.counts.argmax(dim=1), -1),
        spikes_per_pixel=active / n,
        synaptic_events=active * count + state.counts.sum(dim=1) * float(n),
        units=record.units,
        memory_counts=state.counts,
    )


def _finish(run: Run, probes: Probes, p: SpikingParams) -> SpikingTrace:
    """The trace; a winner that was not recorded takes the place of the last recorded unit.

    A run is a function of its arguments, so those few probes are simply run again.
    """
    trace = _trace(run)
    missing = (trace.winner >= 0) & ~(trace.units == trace.winner[:, None]).any(dim=1)
    if not bool(missing.any()):
        return trace
    again = missing.nonzero()[:, 0]
    units = trace.units.clone()
    score = matches(run.net, probes.rows(again)).gather(1, units[again])
    worst = score.argmin(dim=1)
    units[again, worst] = trace.winner[again]
    units = units.sort(dim=1).values
    shown = len(run.record.pixels)
    part = _begin(run.net, probes.rows(again), p, run.seed, run.samples[again], shown, units[again])
    part.to(0, p.time_steps)
    for name in ("membrane", "spikes", "overlap"):
        getattr(run.record, name)[:, again] = getattr(part.record, name)
    run.record.units[again] = units[again]
    return _trace(run)


class _Task(NamedTuple):
    net: Network
    probes: Probes
    p: SpikingParams
    seed: int
    samples: Tensor
    shown: int
    units: int
    keep: Tensor | None

    def begin(self, rows: slice) -> tuple[Run, Probes]:
        probes = self.probes.rows(rows)
        keep = None if self.keep is None else self.keep[rows]
        units = _units(self.net, probes, self.units, keep)
        run = _begin(self.net, probes, self.p, self.seed, self.samples[rows], self.shown, units)
        return run, probes


def _task(
    patterns: Patterns | Tensor, probes: Probes | Tensor, params: SpikingParams | None,
    seed: int, samples: Tensor | None, shown: int, units: int, keep: Tensor | None,
) -> _Task:  # fmt: skip
    stored = as_patterns(patterns)
    device = stored.states.device
    asked = as_probes(probes, stored.states.shape[1]).to(device)
    p = (params or SpikingParams()).by_mode(stored.mode)
    numbers = check_run(len(asked.values), samples, keep, shown, units)
    return _Task(network(stored), asked, p, seed, numbers.to(device), shown, units, keep)


def spiking_recall(
    patterns: Patterns | Tensor,
    probes: Probes | Tensor,
    params: SpikingParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
    shown: int = 100,
    units: int = 64,
    keep: Tensor | None = None,
) -> SpikingTrace:
    """Run the spiking memory of P patterns on B probes.

        I(t)  = w_in e(t) + w_fb Σ_μ ξ^μ y_μ(t-1)
        ON:  V ← max(βV + I, 0),  OFF: V ← max(βV - I, 0);  spike above 1
        J_μ(t) = g [(ξ^μ - ⟨ξ⟩)·v(t)/N - b_μ] - w_inh Σ_{ν≠μ} z_ν(t-1) + z_μ(t-1) + u(t)
        U_μ   ← max(U_μ + J_μ, -1);  above 1: spike z, reset by subtraction in the next step
              (of several above 1 in one step only the highest spikes; all are reset, as snnTorch
              resets by the potential and not by the spike that inhibition leaves)
        y(t)  = ½ y(t-1) + ½ z(t)

    Binary: e(t) are input spikes of the sign of the probe's pixel, `rate` per step, at even
    intervals from a random start (or at random); the cells leak (β) and are reset to zero; b = 0;
    the answer is the sign of the spikes after the decision.
    Grey and colour, ξ = 2x - 1: the current κ(2x - 1), κ ≤ ½, is injected until the probe's first
    memory spike, into cells without leak, reset by subtraction, so spikes count it linearly; then
    the feedback alone (w_fb = 1) drives each pixel at the rate |ξ|; the answer is that rate, over a
    triangular window. b_μ = κ(|ξ^μ|² - ⟨|ξ|²⟩)/2N makes the evidence that of the distance: without
    it the brightest picture wins.

    g = 1/(t_int · 0.4 · rate · c · known share) (grey: κ for 0.4 · rate), c the median over the
    pictures of their mean ½|ξ - ξ'|²/N: ⟨ξ⟩, the mean picture, is feed-forward inhibition, the
    known share divisive gain control for probes with unknown pixels, which are silent. u(t) =
    2t/t_u² (urgency) is equal for all units and sums to 1 at t_u, so it changes when the leader
    fires, not who leads. No N×N synapses: P·N are enough.

    Args:
        patterns: `Patterns`, or binary states ±1 [P, N].
        probes: `Probes`, or for binary patterns float [B, N] in which 0 is unknown.
        params: `SpikingParams()` if None; zeros in it are chosen by the kind of picture.
        seed, samples: the drive of probe b depends on (seed, samples[b]); 0..B-1 if None.
        shown: how many pixels' spikes are recorded.
        units: how many memory units' membranes are recorded, K = min(P, units) for each probe.
        keep: int64 [B], a memory unit of each probe that is recorded in any case.

    Raises:
        ValueError: shapes or values that do not fit.
    """
    task = _task(patterns, probes, params, seed, samples, shown, units, keep)
    batch, n = task.probes.values.shape
    chunk = max(1, CHUNK // max(n, len(task.net.rows)))
    parts = []
    for begin in range(0, batch, chunk):
        run, part = task.begin(slice(begin, begin + chunk))
        run.to(0, task.p.time_steps)
        parts.append(_finish(run, part, task.p))
    return join(parts)


def spiking_stream(
    patterns: Patterns | Tensor,
    probes: Probes | Tensor,
    params: SpikingParams | None = None,
    *,
    every: int = 1,
    seed: int = 0,
    samples: Tensor | None = None,
    shown: int = 100,
    units: int = 64,
    keep: Tensor | None = None,
) -> Iterator[SpikingFrame | SpikingTrace]:
    """`spiking_recall` with the answers so far after every `every` steps; the trace comes last.

    All probes run together, so their state (about 20 bytes × B × N) is in memory at once.
    """
    if every < 1:
        raise ValueError(f"every must be >= 1 steps, got {every}")
    task = _task(patterns, probes, params, seed, samples, shown, units, keep)
    run, asked = task.begin(slice(None))
    for first in range(0, task.p.time_steps, every):
        last = min(first + every, task.p.time_steps)
        run.to(first, last)
        yield SpikingFrame(
            last, readout(run.state, run.drive, run.how, last), run.state.decided > 0
        )
    yield _finish(run, asked, task.p)
