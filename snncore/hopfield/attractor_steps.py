"""The spiking attractor's steps: its factors in whole numbers, its state, a step in torch.

W = UᵀU/N with U [K, N] (rows of length √N: for Hebb the patterns). What N cells receive from their
own spikes, W r with the trace r of their spikes, goes through the K numbers m = U r/N: no N×N
matrix. U is held in 1/256 (Hebb: whole), m is read in 1/2048, so both sums are of whole numbers,
exact in float32 in any order while |h| < 32.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from snncore import rng
from snncore.hopfield.attractor_params import AttractorParams
from snncore.hopfield.low_rank import hebb, pseudo_inverse
from snncore.hopfield.probes import Probes
from snncore.hopfield.spiking_network import input_spikes, known_share
from snncore.hopfield.spiking_steps import first_words, kernel_words, leaky
from snncore.kernels import spiking_attractor as fused

Tensor = torch.Tensor
FACTOR_LEVELS = 256  # steps of the pseudo-inverse's factors
OVERLAP_LEVELS = 2048  # steps in which the overlaps are read


class Coupling(NamedTuple):
    """W = UᵀU/N and what is taken off its diagonal."""

    u: Tensor  # int16, or int32 where numbers are large, [K, N], in 1/levels
    levels: int
    own: Tensor  # float32 [N], w_rec (1 - D) W_ii


class State(NamedTuple):
    """All cells of B probes; changed in place."""

    v: Tensor  # float32 [2, B, N], membranes of the ON and the OFF cells
    phase: Tensor  # int64 [B, N], regular input's place between two spikes in 1/2**32; or empty
    trace: Tensor  # float32 [B, N], r
    overlaps: Tensor  # float32 [B, K], m
    total: Tensor  # int32 [B, N], spikes as the readout weighs them
    active: Tensor  # int64 [B], spikes so far


class Record(NamedTuple):
    """What is kept of T steps."""

    pixels: Tensor  # int64 [V]
    overlaps: Tensor  # float32 [T, B, K], m
    visible: Tensor  # int8 [T, B, V]
    membrane: Tensor  # float32 [T, B, V], of the ON cells


class Scalars(NamedTuple):
    """Numbers of one run, rounded to float32 where they meet float32."""

    random: bool
    n_steps: int
    cue_steps: int
    read_from: int  # first step (from 0) that the answer is read from
    beta: float
    keep: float  # of the traces in a step
    fresh: float  # weight of a spike in a trace
    gain: float  # the same for a spike that came through a factor, 1/(levels N) included
    levels: float
    scale: float  # w_rec per whole number of Σ u m


def _f32(x: float) -> float:
    return float(np.float32(x))


def coupling(states: Tensor, p: AttractorParams) -> Coupling:
    """The couplings of ±1 patterns [P, N]."""
    n = states.shape[1]
    if p.rule == "hebb":
        w, levels, factor = hebb(states), 1, 1.0
    else:
        w, levels = pseudo_inverse(states, p.diagonal), FACTOR_LEVELS
        factor = levels * n**0.5
    u = (w.u * factor).round()
    # Where two large pictures differ in one pixel, a row of length √N lies on that pixel alone
    u = u.to(torch.int16 if float(u.abs().max()) < 2**15 else torch.int32)
    return Coupling(u.contiguous(), levels, (p.w_recurrent * w.scale) * w.own)


def scalars(net: Coupling, p: AttractorParams) -> Scalars:
    """The numbers of a run."""
    window = max(4, p.time_steps // 3)
    return Scalars(
        random=p.drive == "random",
        n_steps=p.time_steps,
        cue_steps=max(1, round(p.cue * p.time_steps)),
        read_from=p.time_steps - window,
        beta=_f32(p.decay),
        keep=_f32(p.trace),
        fresh=_f32(1.0 - p.trace),
        gain=_f32((1.0 - p.trace) / (net.levels * net.u.shape[1])),
        levels=float(OVERLAP_LEVELS),
        scale=_f32(p.w_recurrent / (net.levels * OVERLAP_LEVELS)),
    )


def make_drive(probes: Probes, p: AttractorParams) -> tuple[Tensor, Tensor]:
    """Current of an input spike [B, N] and its rate; fewer known pixels drive the stronger."""
    cue, rate = input_spikes(probes, p.rate, p.w_in)
    return cue / known_share(probes.known)[:, None], rate


def start(net: Coupling, how: Scalars, seed: int, samples: Tensor) -> State:
    """Cells at rest, regular input anywhere between two spikes."""
    (rank, n), batch, device = net.u.shape, len(samples), net.u.device
    phase = torch.zeros(batch, 0, dtype=torch.int64, device=device)
    if not how.random:
        phase = first_words(seed, samples, n)
    return State(
        torch.zeros(2, batch, n, device=device),
        phase,
        torch.zeros(batch, n, device=device),
        torch.zeros(batch, rank, device=device),
        torch.zeros(batch, n, dtype=torch.int32, device=device),
        torch.zeros(batch, dtype=torch.int64, device=device),
    )


def advance_torch(
    net: Coupling, drive: tuple[Tensor, Tensor], how: Scalars, state: State, record: Record,
    first: int, last: int, seed: int, samples: Tensor,
) -> None:  # fmt: skip
    """Steps first..last-1 (from 0), the definition."""
    u = net.u.to(torch.float32)
    cue, rate = drive
    cells = leaky(how.beta, "zero", u.device)
    for t in range(first, last):
        if t >= how.cue_steps:
            current = torch.zeros_like(cue)
        elif how.random:
            block = t // 4 * 4
            number = rng.stream("recall")
            words = rng.draws(seed, number, samples, u.shape[1], 4, first=block)[t - block]
            current = torch.where(words < rate, cue, 0.0)
        else:
            reached = state.phase + rate
            state.phase.copy_(reached & 0xFFFFFFFF)
            current = torch.where(reached > 0xFFFFFFFF, cue, 0.0)
        whole = (state.overlaps * how.levels).round()
        current = current + (how.scale * (whole @ u) - net.own * state.trace)
        s, v = cells(torch.stack([current, -current]), state.v)
        state.v.copy_(v.clamp(min=-1.0))
        v = s[0] - s[1]
        state.active.add_(s.sum(dim=(0, 2)).to(torch.int64))
        state.trace.copy_(how.keep * state.trace + how.fresh * v)
        weight = 1 if t < how.read_from else how.n_steps + 1
        state.total.add_((weight * v).to(torch.int32))
        state.overlaps.copy_(how.keep * state.overlaps + how.gain * (v @ u.T))
        record.overlaps[t] = state.overlaps
        record.visible[t] = v[:, record.pixels].to(torch.int8)
        record.membrane[t] = state.v[0][:, record.pixels]


def advance(
    net: Coupling, drive: tuple[Tensor, Tensor], how: Scalars, state: State, record: Record,
    first: int, last: int, seed: int, samples: Tensor,
) -> None:  # fmt: skip
    """Steps first..last-1 (from 0) of all probes: changes `state`, writes `record`."""
    if net.u.device.type != "cpu":
        advance_torch(net, drive, how, state, record, first, last, seed, samples)
        return
    fused.advance(
        (net.u.numpy(), net.own.numpy()),
        (drive[0].numpy(), drive[1].numpy()),
        how,
        fused.Cells(*(part.numpy() for part in state)),
        fused.Kept(*(part.numpy() for part in record)),
        (first, last),
        kernel_words(seed, samples),
    )
