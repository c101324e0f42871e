"""All memories behind one face: from probes to a stream of moments, whatever is inside.

A moment is what the memory would answer if it were stopped now. Rate memories give one for each
update, the example programs one at the end. Spiking memories give as many as are looked at: their
fused loop is fastest left alone (of four photographs, 44.8 ms a probe with a moment for each of 32
steps, 4.3 ms with 8 moments, 3.5 ms with none), so it stops only for a viewer, or where a caller
would wait for seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple, Protocol

import torch

from snncore.hopfield import (
    FIXED,
    MOVING,
    AttractorParams,
    NoiseParams,
    Patterns,
    Probes,
    SpikingParams,
    SpikingTrace,
    attractor_stream,
    make_memory,
    seed_gaussian_sync,
    seed_rate_lif,
    settle,
    spiking_stream,
)
from snncore.recall_lab.rules import check_mode
from snncore.recall_lab.settings import RecallParams

Tensor = torch.Tensor
MOMENTS = 40  # of a spiking memory's run, at most
WATCHED = 8  # of them, where somebody looks on
WAIT = 2_000  # products for each number of a part between two moments: some 2 s of 1e7 numbers
# Products P·N·B of one sweep over all pixels of B probes, about a second: powers take longer.
SWEEP = 1e9
SWEEP_POWERS = 6e7


class Moment(NamedTuple):
    """B probes after `step` of at most `of` updates or time steps; step 0 is the probes."""

    step: int
    of: int
    states: Tensor  # float32 [B, N], the picture so far: about -1..1, or 0..1 for grey and rgb
    status: Tensor  # int8 [B], MOVING, FIXED or CYCLE
    energy: Tensor | None = None  # float32 [B]
    lyapunov: Tensor | None = None  # float32 [B], of synchronous updates
    flips: Tensor | None = None  # int64 [B], pixels changed by this update
    spikes: SpikingTrace | None = None  # with the last moment of a spiking memory


class Network(Protocol):
    """A memory that is built and ready for any number of probes."""

    @property
    def weight_bytes(self) -> int:
        """What its weights take, with the pictures where those are the weights."""

    @property
    def most(self) -> int | None:
        """How many probes at a time, or a caller would wait long for a moment; None: any."""

    def run(
        self, probes: Probes, *, seed: int, samples: Tensor, targets: Tensor | None = None
    ) -> Iterator[Moment]:
        """The way from probes to answers; what a probe does depends on (seed, its sample).

        `targets`, where known, only choose which memory units a spiking memory records.
        """


def build(
    patterns: Patterns,
    params: RecallParams,
    noise: NoiseParams,
    spiking: SpikingParams,
    attractor: AttractorParams,
    *,
    moments: int = 1,
) -> Network:
    """The memory of `params.rule` with `patterns` stored, on their device.

    Args:
        noise: the damage that is expected; only a modern memory with β = 0 makes use of it.
        moments: into how many parts a spiking memory's run is divided, 1..`MOMENTS`; more where it
            takes long. The answer does not depend on it.

    Raises:
        ValueError: the rule cannot store pictures of this mode.
    """
    check_mode(params.rule, patterns.mode)
    if params.info.family == "rate":
        return _Rate(patterns, params, noise)
    held = patterns.states.numel() * 4  # float32: the synapses are the pictures themselves
    if params.info.family == "spiking":
        chosen = spiking if params.rule == "spiking" else attractor
        return _Spiking(patterns, chosen, held, moments)
    return _Example(patterns, params.rule)


class _Rate:
    """Rate units: couplings or softmax weights, updated by `settle`."""

    def __init__(self, patterns: Patterns, params: RecallParams, noise: NoiseParams) -> None:
        self._memory = make_memory(patterns, params.rule_params(), noise)
        self._dynamics = params.dynamics()
        self.most: int | None = None
        if self._dynamics.update == "async":
            sweep = SWEEP_POWERS if params.rule in ("dam", "exponential") else SWEEP
            self.most = max(1, int(sweep / patterns.states.numel()))

    @property
    def weight_bytes(self) -> int:
        return self._memory.memory_bytes

    def run(
        self, probes: Probes, *, seed: int, samples: Tensor, targets: Tensor | None = None
    ) -> Iterator[Moment]:
        of = self._dynamics.steps
        for s in settle(self._memory, probes, self._dynamics, seed=seed, samples=samples):
            yield Moment(s.step, of, s.states, s.status, s.energy, s.lyapunov, s.flips)


class _Spiking:
    """Spiking cells, of either design: some moments, if any, and the record at the end."""

    most: int | None = None

    def __init__(
        self,
        patterns: Patterns,
        params: SpikingParams | AttractorParams,
        weight_bytes: int,
        moments: int,
    ) -> None:
        self._patterns, self._params, self._moments = patterns, params, moments
        self.weight_bytes = weight_bytes

    @property
    def steps(self) -> int:
        """T, how many time steps a run takes."""
        if isinstance(self._params, SpikingParams):
            return self._params.steps(self._patterns.mode)
        return self._params.time_steps

    @property
    def every(self) -> int:
        """How many time steps pass between two moments: the same for parts of any size."""
        work = min(self._patterns.states.shape) * self.steps
        moments = min(MOMENTS, max(self._moments, math.ceil(work / WAIT)))
        return -(-self.steps // moments)

    def run(
        self, probes: Probes, *, seed: int, samples: Tensor, targets: Tensor | None = None
    ) -> Iterator[Moment]:
        of = self.steps
        run: Any = partial(
            spiking_stream if isinstance(self._params, SpikingParams) else attractor_stream,
            every=self.every,
            seed=seed,
            samples=samples,
            keep=targets,
        )
        stream = run(self._patterns, probes, self._params)
        binary, cue = self._patterns.mode == "binary", probes.values.sign()
        status = torch.zeros(len(probes.values), dtype=torch.int8, device=probes.values.device)
        yield Moment(0, of, probes.values, status)
        for item in stream:
            if isinstance(item, SpikingTrace):
                status = torch.where(item.winner >= 0, FIXED, MOVING).to(torch.int8)
                yield Moment(of, of, item.readout.to(torch.float32), status, spikes=item)
                return
            if item.step < of:
                status = torch.where(item.decided, FIXED, MOVING).to(torch.int8)
                states = item.readout.to(torch.float32)
                if binary:  # a pixel that has not spiked yet is what it was
                    states = torch.where(states == 0, cue, states)
                yield Moment(item.step, of, states, status)


class _Example:
    """The algorithms of the two example programs: one update, from the input to the answer."""

    most: int | None = None

    def __init__(self, patterns: Patterns, rule: str) -> None:
        self._patterns, self._rule = patterns, rule
        self.weight_bytes = patterns.states.numel() * 4

    def run(
        self, probes: Probes, *, seed: int, samples: Tensor, targets: Tensor | None = None
    ) -> Iterator[Moment]:
        start = probes.values
        status = torch.zeros(len(start), dtype=torch.int8, device=start.device)
        yield Moment(0, 1, start, status)
        if self._rule == "seed-sync":
            answer = seed_gaussian_sync(self._patterns, probes)
        else:
            answer = seed_rate_lif(self._patterns, probes).readout
        yield Moment(1, 1, answer.to(torch.float32), status)
