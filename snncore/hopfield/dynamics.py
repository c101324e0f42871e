"""How states move under low-rank couplings: all pixels at once, or one after the other.

Both are generators of `Step`s, so a page can show the way and a caller can stop it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from snncore import rng
from snncore.hopfield.rules import LowRank, energy, field
from snncore.kernels.hopfield import sweep_

Tensor = torch.Tensor
MOVING, FIXED, CYCLE = 0, 1, 2  # what has become of a probe


class Step(NamedTuple):
    """B states after `step` updates; step 0 is the probes as given."""

    step: int
    states: Tensor  # float32 [B, N]; ±1, or 0 where still unknown
    energy: Tensor  # float32 [B]
    status: Tensor  # int8 [B]: MOVING, FIXED, or CYCLE of length two


def sign(h: Tensor, states: Tensor) -> Tensor:
    """sgn(h), and the old state where h = 0."""
    return torch.where(h > 0, 1.0, torch.where(h < 0, -1.0, states))


def synchronous(w: LowRank, probes: Tensor, steps: int) -> Iterator[Step]:
    """s(t+1) = sgn(W s(t)) for all pixels at once; at most `steps` updates.

    Symmetric couplings end in a fixed point or a cycle of length two (Goles-Chacc,
    Fogelman-Soulié & Pellegrin 1985; Bruck 1990): both are detected, and then the probe rests.
    """
    states = probes.to(torch.float32)
    before = states
    status = torch.zeros(len(states), dtype=torch.int8, device=states.device)
    yield Step(0, states, energy(w, states), status)
    for step in range(1, steps + 1):
        new = torch.where((status == MOVING)[:, None], sign(field(w, states), states), states)
        fixed = (new == states).all(dim=1)
        cycle = (new == before).all(dim=1) & ~fixed & (step > 1)
        status = torch.where(status != MOVING, status, fixed * FIXED + cycle * CYCLE)
        status = status.to(torch.int8)
        before, states = states, new
        yield Step(step, states, energy(w, states), status)
        if bool((status != MOVING).all()):
            return


def asynchronous(w: LowRank, probes: Tensor, steps: int, *, seed: int) -> Iterator[Step]:
    """One pixel after the other in a random order; a step is a sweep over all N pixels.

    The P numbers M = U s are kept: a visit costs h_i = U_i·M - (1-D) d_i s_i, O(P), and a flip
    M += 2 s_i U_i. Sequential by nature, so it runs on the CPU (Numba) whatever the device.
    Without self-coupling the energy never rises (Hopfield 1982).
    """
    device = probes.device
    states = probes.to(torch.float32)
    status = torch.zeros(len(states), dtype=torch.int8, device=device)
    yield Step(0, states, energy(w, states), status)
    columns = np.ascontiguousarray(w.u.cpu().numpy().T)  # [N, K]
    own = ((1.0 - w.keep) * w.diagonal).cpu().numpy()
    s = np.array(states.cpu().numpy(), order="C")  # [B, N], a copy of the caller's probes
    overlaps = np.ascontiguousarray(s @ columns)  # M, [B, K]
    moving = np.ones(len(s), dtype=bool)
    for sweep in range(1, steps + 1):
        order = rng.permutation(seed, rng.stream("recall", sweep), s.shape[1])
        sweep_(order.numpy(), columns, own, s, overlaps, moving)
        states = torch.from_numpy(s.copy()).to(device)
        status = torch.from_numpy(np.where(moving, MOVING, FIXED).astype(np.int8)).to(device)
        yield Step(sweep, states, energy(w, states), status)
        if not moving.any():
            return
