"""One call from probes to answers and scores, beside the best possible and the baselines.

Probes are answered in parts, so that ten thousand stored pictures and thirty thousand probes fit
into a gigabyte. What a probe does depends on its own number alone, so the parts do not show.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch

from snncore.hopfield import (
    FIXED,
    AttractorParams,
    Bound,
    NoiseParams,
    Patterns,
    Probes,
    SpikingParams,
    SpikingTrace,
)
from snncore.recall_lab import scores
from snncore.recall_lab.marks import Marks, join, mark
from snncore.recall_lab.networks import Moment, Network, build
from snncore.recall_lab.settings import RecallParams
from snncore.recall_lab.traces import Curves, Records, join_curves

Tensor = torch.Tensor
# Probes × (pixels or pictures) answered at a time. A float tensor of 40 MB has its own pages, which
# go back to the system; parts of 16 MB were measured to leave 30 MB of holes behind, each.
PART = 10_000_000
POSTERIOR = 4_000_000  # probes × pictures up to which the posterior is kept


class Recall(NamedTuple):
    """Answers for B probes and what they are worth. Accuracies are shares of 1."""

    rule: str
    mode: str
    recalled: Tensor  # binary: int8 [B, N] of -1 and +1; grey, rgb: float32 [B, N]
    targets: Tensor  # int64 [B], the stored picture that each probe came from
    pixels: Tensor  # float32 [B], share of right pixels (grey: within scores.TOLERANCE)
    exact: Tensor  # bool [B], not one pixel wrong
    overlap: Tensor  # float32 [B], of the answer with its picture, -1..1
    nearest: Tensor  # int64 [B], the stored picture that the answer is most like
    trace_steps: tuple[int, ...]  # S moments at which the traces are known
    overlap_trace: Tensor  # float32 [S, B]
    energy: Tensor  # float32 [S, B]; S = 0 for memories without an energy
    lyapunov: Tensor  # float32 [S - 1, B], of synchronous couplings from the first update; or S = 0
    status: Tensor  # int8 [B], MOVING, FIXED or CYCLE; spiking: FIXED once decided
    steps: int  # updates made, or time steps run
    seconds: float  # of the network alone: storing and recalling
    weight_bytes: int
    pixel_accuracy: float
    exact_fraction: float
    bound: Bound  # its pixels: most are right; its posterior has no columns if B·P > POSTERIOR
    bound_pixels: Tensor  # float32 [B]
    bound_exact: Tensor  # bool [B], right picture chosen by maximum likelihood
    bound_pixel_accuracy: float
    bound_exact_fraction: float
    probe_pixels: Tensor  # float32 [B], the probe as it is, unknown pixels taken as background
    probe_pixel_accuracy: float
    probe_exact_fraction: float
    background_pixel_accuracy: float  # one constant picture for all
    psnr: Tensor | None  # float32 [B] dB; None for binary pictures, like all below
    ssim: Tensor | None  # float32 [B]; NaN beyond the first scores.SSIM_PROBES
    psnr_db: float | None  # from the mean squared error of all
    ssim_mean: float | None
    probe_psnr_db: float | None  # of the probe clipped to 0..1
    probe_ssim: float | None
    bound_psnr_db: float | None  # of the posterior mean, which errs least
    background_psnr_db: float | None
    spikes: SpikingTrace | None  # [B] fields of all probes, others of the first `recorded`
    recorded: int

    @property
    def converged(self) -> bool:
        """Every probe has come to rest (a cycle of two is no rest)."""
        return bool((self.status == FIXED).all())


class Piece(NamedTuple):
    """One moment of the probes first..first+n; `result` comes with the last one of all."""

    first: int
    moment: Moment
    overlap: Tensor  # float32 [n], of the picture so far
    result: Recall | None


class _Clock:
    """Adds up the time spent within it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._began


def part_size(patterns: Patterns, probes: int) -> int:
    """How many of so many probes are answered at a time."""
    return max(1, min(probes, PART // max(patterns.states.shape)))


def pieces(
    patterns: Patterns,
    probes_of: Callable[[int, int], Probes],
    targets: Tensor,
    samples: Tensor,
    make: Callable[[], Network],
    *,
    rule: str,
    noise: NoiseParams,
    seed: int,
) -> Iterator[Piece]:
    """Answer probes part by part, moment by moment.

    Args:
        probes_of: makes the probes first..end (excluded) when their turn comes.
        targets, samples: int64 [B], picture and number of each probe.
        make: builds the memory; called once, on the clock.
        noise: what the bound knows of the damage.
    """
    total, steps = len(targets), 0
    posterior = total * len(patterns.states) <= POSTERIOR
    clock, records = _Clock(), Records()
    parts: list[Marks] = []
    curves: list[Curves] = []
    with clock:
        network = make()
    size = min(part_size(patterns, total), network.most or total)
    for first in range(0, total, size):
        goal, numbers = targets[first : first + size], samples[first : first + size]
        probes = probes_of(first, first + len(goal))
        wanted = patterns.states[goal]
        curve = Curves()
        way = network.run(probes, seed=seed, samples=numbers, targets=goal)
        with clock:
            moment = next(way)
        while True:
            now = scores.overlap(moment.states, wanted, patterns.mode)
            curve.add(moment, now)
            yield Piece(first, moment, now, None)
            with clock:
                after = next(way, None)
            if after is None:
                break
            moment = after
        steps = max(steps, moment.step)
        records.add(moment.spikes)
        curves.append(curve)
        taken = max(0, scores.SSIM_PROBES - first)
        parts.append(mark(patterns, probes, noise, goal, moment, posterior=posterior, ssim=taken))
    marks = join(parts)
    result = _recall(rule, patterns.mode, marks, targets, curves, records)
    yield Piece(
        first,
        moment,
        now,
        result._replace(steps=steps, seconds=clock.seconds, weight_bytes=network.weight_bytes),
    )


def _recall(
    rule: str, mode: str, m: Marks, targets: Tensor, curves: list[Curves], records: Records
) -> Recall:
    """The marks of all probes and their means."""
    grey = mode != "binary"

    def mean(values: Tensor) -> float:
        return scores.mean(values) if len(values) else float("nan")

    def maybe(values: Tensor) -> float | None:
        return scores.mean(values) if grey else None

    def decibel(values: Tensor) -> float | None:
        return scores.pooled(values) if grey else None

    longest = max((curve.steps for curve in curves), key=len)
    return Recall(
        rule=rule,
        mode=mode,
        recalled=m.recalled,
        targets=targets.cpu(),
        pixels=m.pixels,
        exact=m.exact,
        overlap=m.overlap,
        nearest=m.nearest,
        trace_steps=tuple(longest),
        overlap_trace=join_curves(curves, "overlap"),
        energy=join_curves(curves, "energy"),
        lyapunov=join_curves(curves, "lyapunov"),
        status=m.status,
        steps=0,
        seconds=0.0,
        weight_bytes=0,
        pixel_accuracy=mean(m.pixels),
        exact_fraction=mean(m.exact),
        bound=Bound(m.bound_pixel, m.bound_picture, m.posterior),
        bound_pixels=m.bound_pixels,
        bound_exact=m.bound_exact,
        bound_pixel_accuracy=mean(m.bound_pixels),
        bound_exact_fraction=mean(m.bound_exact),
        probe_pixels=m.probe_pixels,
        probe_pixel_accuracy=mean(m.probe_pixels),
        probe_exact_fraction=mean(m.probe_exact),
        background_pixel_accuracy=mean(m.background_pixels),
        psnr=m.psnr if grey else None,
        ssim=m.ssim if grey else None,
        psnr_db=decibel(m.psnr),
        ssim_mean=maybe(m.ssim),
        probe_psnr_db=decibel(m.probe_psnr),
        probe_ssim=maybe(m.probe_ssim),
        bound_psnr_db=decibel(m.bound_psnr),
        background_psnr_db=decibel(m.background_psnr),
        spikes=records.joined(),
        recorded=records.kept,
    )


def _check(patterns: Patterns, probes: Probes, targets: Tensor) -> None:
    count, n = patterns.states.shape
    values = probes.values
    if values.ndim != 2 or values.shape[1] != n or not len(values):
        raise ValueError(f"probes must be [B, {n}] and not empty, got {tuple(values.shape)}")
    if probes.known.shape != values.shape:
        raise ValueError(
            f"known must be {tuple(values.shape)} like the values, got {tuple(probes.known.shape)}"
        )
    if not bool(torch.isfinite(values).all()):
        raise ValueError("probes must be finite, got NaN or infinity")
    if targets.shape != (len(values),):
        raise ValueError(f"targets must have {len(values)} entries, got {tuple(targets.shape)}")
    if not bool(((targets >= 0) & (targets < count)).all()):
        raise ValueError(f"targets must be in 0..{count - 1}, the stored pictures")


def recall(
    patterns: Patterns,
    probes: Probes,
    params: RecallParams | None = None,
    *,
    noise: NoiseParams | None = None,
    spiking: SpikingParams | None = None,
    attractor: AttractorParams | None = None,
    seed: int = 0,
    targets: Tensor | None = None,
    samples: Tensor | None = None,
) -> Recall:
    """Let a memory of `patterns` answer `probes`, on the device of the patterns.

    Args:
        noise: how the probes were made, which the bound knows (and a modern memory with β = 0).
        targets: int64 [B], which picture each probe came from; probe b from picture b if None.
        samples: int64 [B], the probes' numbers for their random draws; 0..B-1 if None.

    Returns:
        Everything on the CPU.

    Raises:
        ValueError: shapes, values or targets that do not fit, or pictures that the rule refuses.
    """
    p, how = params or RecallParams(), noise or NoiseParams()
    device = patterns.states.device
    asked = probes.to(device)
    targets = torch.arange(len(asked.values)) if targets is None else targets
    _check(patterns, asked, targets)
    samples = torch.arange(len(asked.values)) if samples is None else samples
    *_, last = pieces(
        patterns,
        lambda first, end: asked.rows(slice(first, end)),
        targets.to(device),
        samples.to(device),
        lambda: build(patterns, p, how, spiking or SpikingParams(), attractor or AttractorParams()),
        rule=p.rule,
        noise=how,
        seed=seed,
    )
    if last.result is None:
        raise RuntimeError("a recall ended without its result")
    return last.result
