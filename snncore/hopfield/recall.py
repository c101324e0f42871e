"""One call from probes to answers and scores, beside the best possible and the baselines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch

from snncore.hopfield.bound import Bound, background, bound
from snncore.hopfield.dynamics import FIXED, MOVING, Step, asynchronous, synchronous
from snncore.hopfield.modern import modern
from snncore.hopfield.noise import NoiseParams
from snncore.hopfield.patterns import Patterns
from snncore.hopfield.probes import Probes
from snncore.hopfield.rules import hebb, pseudo_inverse
from snncore.hopfield.spiking import SpikingParams, SpikingTrace, spiking_recall
from snncore.params import Params, choice, integer, number

Tensor = torch.Tensor
RULES = ("hebb", "pseudo-inverse", "modern", "spiking")


@dataclass(frozen=True)
class RecallParams(Params):
    """Which memory recalls, and how; the spiking memory has parameters of its own."""

    rule: str = choice(
        "spiking",
        RULES,
        "hebb: couplings from coincidence; pseudo-inverse: couplings that undo overlaps; modern: "
        "softmax over the stored pictures; spiking: leaky neurons that race to threshold.",
        label="Memory",
    )
    update: str = choice(
        "sync",
        ("sync", "async"),
        "All pixels at once, or one after the other (hebb and pseudo-inverse).",
        label="Update",
    )
    steps: int = integer(
        20, 1, 200, "Most updates (sweeps over all pixels if async).", label="Updates"
    )
    diagonal: float = number(
        0.15,
        0.0,
        1.0,
        "Share D of the self-coupling that is kept (pseudo-inverse): 1 freezes errors.",
        step=0.05,
        label="Self-coupling D",
    )
    beta: float = number(
        0.42,
        0.001,
        10.0,
        "Sharpness β of the softmax (modern): small blends many pictures, large picks one.",
        step=0.001,
        label="β",
    )


class Recall(NamedTuple):
    """Answers for B probes and what they are worth. Accuracies are shares of 1."""

    rule: str
    recalled: Tensor  # int8 [B, N] of -1 and +1
    targets: Tensor  # int64 [B], the stored picture that each probe came from
    pixels: Tensor  # float32 [B], share of right pixels
    exact: Tensor  # bool [B], not one pixel wrong
    overlap: Tensor  # float32 [B], answer · picture / N
    nearest: Tensor  # int64 [B], the stored picture that the answer is most like
    overlap_trace: Tensor  # float32 [S, B], overlap of the state, S steps
    energy: Tensor  # float32 [S, B]; S = 0 for the spiking memory, which has none
    status: Tensor  # int8 [B], MOVING, FIXED or CYCLE (dynamics); spiking: FIXED once decided
    steps: int  # updates made, or time steps run
    pixel_accuracy: float
    exact_fraction: float
    bound: Bound
    bound_exact: Tensor  # bool [B], right picture chosen by maximum likelihood
    bound_pixel_accuracy: float
    bound_exact_fraction: float
    probe_pixel_accuracy: float  # the probe as it is, unknown pixels taken as background
    background_pixel_accuracy: float  # one constant picture for all
    spikes: SpikingTrace | None

    @property
    def converged(self) -> bool:
        """Every probe has come to rest (a cycle of two is no rest)."""
        return bool((self.status == FIXED).all())


def _check(patterns: Patterns, probes: Tensor, targets: Tensor) -> None:
    count, n = patterns.states.shape
    if probes.ndim != 2 or probes.shape[1] != n or not len(probes):
        raise ValueError(f"probes must be [B, {n}] and not empty, got {tuple(probes.shape)}")
    if not bool(torch.isfinite(probes).all()):
        raise ValueError("probes must be finite, got NaN or infinity")
    if targets.shape != (len(probes),):
        raise ValueError(f"targets must have {len(probes)} entries, got {tuple(targets.shape)}")
    if not bool(((targets >= 0) & (targets < count)).all()):
        raise ValueError(f"targets must be in 0..{count - 1}, the stored pictures")


def trajectory(patterns: Tensor, probes: Tensor, p: RecallParams, *, seed: int) -> Iterator[Step]:
    """The steps of a rule other than spiking, from probes [B, N]."""
    if p.rule == "modern":
        return modern(patterns, probes, p.beta, p.steps)
    if p.rule == "spiking":
        raise ValueError("rule must not be spiking here: spiking_recall has its own record")
    w = hebb(patterns) if p.rule == "hebb" else pseudo_inverse(patterns, p.diagonal)
    if p.update == "async":
        return asynchronous(w, probes, p.steps, seed=seed)
    return synchronous(w, probes, p.steps)


def _spiking(
    x: Tensor, probes: Tensor, p: SpikingParams, seed: int, samples: Tensor, targets: Tensor
) -> SpikingTrace:
    """`spiking_recall`, which bounds its memory itself."""
    return spiking_recall(x, probes, p, seed=seed, samples=samples, keep=targets)


def recall(
    patterns: Patterns,
    probes: Tensor,
    params: RecallParams | None = None,
    *,
    noise: NoiseParams | None = None,
    spiking: SpikingParams | None = None,
    seed: int = 0,
    targets: Tensor | None = None,
    samples: Tensor | None = None,
) -> Recall:
    """Let a memory of `patterns` answer `probes`, on the device of the patterns.

    Args:
        probes: float [B, N]; 0 means unknown.
        noise: how the probes were made, which the bound (not the network) knows.
        targets: int64 [B], which picture each probe came from; probe b from picture b if None.
        samples: int64 [B], the probes' numbers for their random draws; 0..B-1 if None.

    Raises:
        ValueError: shapes, values or targets that do not fit.
    """
    p, how = params or RecallParams(), noise or NoiseParams()
    device = patterns.states.device
    probes = probes.to(device, torch.float32)
    if targets is None:
        targets = torch.arange(len(probes))
    targets = targets.to(device)
    _check(patterns, probes, targets)
    if samples is None:
        samples = torch.arange(len(probes))
    x = patterns.states.to(torch.float32)
    n = x.shape[1]
    wanted = x[targets]
    trace: SpikingTrace | None = None
    if p.rule == "spiking":
        trace = _spiking(
            patterns.states, probes, spiking or SpikingParams(), seed, samples.to(device), targets
        )
        answers = trace.readout
        overlap_trace = trace.overlap_with(targets)
        energies = torch.zeros(0, len(probes), device=device)
        status = torch.where(trace.winner >= 0, FIXED, MOVING).to(torch.int8)
        steps = len(trace.overlap)
    else:
        overlaps, energy_list = [], []
        for step in trajectory(patterns.states, probes, p, seed=seed):
            overlaps.append((step.states * wanted).sum(dim=1) / n)
            energy_list.append(step.energy)
        # what is still unknown or undecided at the end counts as background
        answers = torch.where(step.states > 0, 1, -1).to(torch.int8)
        overlap_trace, energies = torch.stack(overlaps), torch.stack(energy_list)
        status, steps = step.status, step.step

    right = answers == wanted
    best = bound(patterns, Probes(probes, probes != 0), how)
    bound_exact = (x[best.picture] == wanted).all(dim=1)
    constant = background(patterns)
    seen = torch.where(probes == 0, constant, probes)
    return Recall(
        rule=p.rule,
        recalled=answers,
        targets=targets,
        pixels=right.float().mean(dim=1),
        exact=right.all(dim=1),
        overlap=(answers * wanted).sum(dim=1) / n,
        nearest=(answers.to(torch.float32) @ x.T).argmax(dim=1),
        overlap_trace=overlap_trace,
        energy=energies,
        status=status,
        steps=steps,
        pixel_accuracy=int(right.sum()) / right.numel(),
        exact_fraction=int(right.all(dim=1).sum()) / len(right),
        bound=best,
        bound_exact=bound_exact,
        bound_pixel_accuracy=int((best.pixels == wanted).sum()) / right.numel(),
        bound_exact_fraction=int(bound_exact.sum()) / len(right),
        probe_pixel_accuracy=int(((seen > 0) == (wanted > 0)).sum()) / right.numel(),
        background_pixel_accuracy=int((wanted == constant).sum()) / right.numel(),
        spikes=trace,
    )
