"""How states move: all pixels at once, some of them, or one after the other, at a temperature.

A generator of `Step`s, so that a page can show the way and a caller can stop it.

    T = 0:  s_i ← sgn(h_i), unchanged where h_i = 0
    T > 0:  P(s_i = 1) = 1/(1 + exp(-2 h_i/T))   (Glauber 1963; Little 1974 for all at once)

The second is drawn as s_i ← sgn(h_i + ½ T ln(u/(1-u))) with u uniform in (0, 1). h is about 1 at a
stored picture for every ±1 rule: h = W s with 1/N for Hebb, the mean length of a picture in place
of N for the covariance rules, a projection for the pseudo-inverse, and half the energy difference
of the flip, in units of N/n, for dense memories. So T = 1 is where noise overcomes few pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from snncore import rng
from snncore.hopfield.low_rank import LowRank
from snncore.hopfield.memory import Memory
from snncore.hopfield.probes import Probes
from snncore.kernels.hopfield import orders, words
from snncore.params import Params, choice, integer, number

Tensor = torch.Tensor
MOVING, FIXED, CYCLE = 0, 1, 2  # what has become of a probe
UPDATES = ("sync", "async", "block")
CONVERGED = 1e-4  # largest change of a graded pixel (of ±1) that counts as rest


@dataclass(frozen=True)
class DynamicsParams(Params):
    """Which pixels follow their field when, and how faithfully."""

    update: str = choice(
        "sync",
        UPDATES,
        "All pixels at once, one after the other in random order, or a random share of them at "
        "once.",
        label="Update",
    )
    steps: int = integer(
        20, 1, 1000, "Most updates; with one pixel after the other, sweeps over all.", label="Steps"
    )
    temperature: float = number(
        0.0,
        0.0,
        10.0,
        "Noise in each decision, in units of the field at a stored picture; 0 is none.",
        step=0.05,
        label="Temperature T",
    )
    block: float = number(
        0.25,
        0.0,
        1.0,
        "Share of the pixels that a block update changes at once.",
        step=0.05,
        lo_open=True,
        label="Block",
    )


class Step(NamedTuple):
    """B states after `step` updates; step 0 is the probes as given."""

    step: int
    states: Tensor  # float32 [B, N]; ±1, or 0 where still unknown; graded: real numbers
    energy: Tensor  # float32 [B]
    status: Tensor  # int8 [B]: MOVING, FIXED, or CYCLE of length two
    lyapunov: Tensor | None  # float32 [B], of synchronous couplings at T = 0, from step 1 on
    flips: Tensor  # int64 [B], pixels that this step changed (graded: changed their sign)


def sign(h: Tensor, states: Tensor) -> Tensor:
    """sgn(h), and the old state where h = 0."""
    new = torch.sign(h)
    if bool(new.abs().min() > 0):  # no tie, which is the rule: a third of the time
        return new
    return torch.where(new == 0, states, new)


def _words(seed: int, step: int, samples: Tensor, n: int, which: int) -> Tensor:
    """One of the four random words of each pixel in this step, int64 [B, N]."""
    stream = rng.stream("recall", step)
    if samples.device.type != "cpu":
        return rng.draws(seed, stream, samples, n, 4)[which]
    rng.check_samples(samples)
    return torch.from_numpy(words(rng.split_seed(seed), stream, samples.numpy(), n, which))


def _logistic(seed: int, step: int, samples: Tensor, n: int, temperature: float) -> Tensor:
    """½ T ln(u/(1-u)), float32 [B, N], from draw 1."""
    return 0.5 * temperature * torch.logit(rng.uniform(_words(seed, step, samples, n, 1)))


def _at_once(
    states: Tensor, h: Tensor, p: DynamicsParams, seed: int, step: int, samples: Tensor
) -> Tensor:
    """New states [B, N] of all pixels, or of the share that draw 2 chooses, from their field."""
    n = states.shape[1]
    if p.temperature:
        h = h + _logistic(seed, step, samples, n, p.temperature)
    new = sign(h, states)
    if p.update == "sync":
        return new
    chosen = _chosen(p, seed, step, samples, n)
    return torch.where(chosen, new, states)


def _chosen(p: DynamicsParams, seed: int, step: int, samples: Tensor, n: int) -> Tensor:
    share = rng.threshold(torch.tensor(p.block, device=samples.device))
    return _words(seed, step, samples, n, 2) < share


def _one_by_one(
    memory: Memory, states: Tensor, p: DynamicsParams, seed: int, step: int, samples: Tensor
) -> Tensor:
    """New states [B, N] after a sweep: sequential by nature, so on the CPU whatever the device."""
    n = states.shape[1]
    new = np.array(states.cpu().numpy(), dtype=np.float32, order="C")
    numbers = samples.cpu()
    rng.check_samples(numbers)
    noise = None
    if p.temperature:
        noise = _logistic(seed, step, numbers, n, p.temperature).numpy()
    order = orders(rng.split_seed(seed), rng.stream("recall", step), numbers.numpy(), n)
    memory.sweep(new, order, noise)
    return torch.from_numpy(new).to(states.device)


def _update(
    memory: Memory,
    states: Tensor,
    h: Tensor,
    p: DynamicsParams,
    seed: int,
    step: int,
    samples: Tensor,
) -> Tensor:
    """New states [B, N] by the dynamics `p`; `h` is the field of the old ones."""
    if p.update == "async":
        return _one_by_one(memory, states, p, seed, step, samples)
    if not memory.graded:
        return _at_once(states, h, p, seed, step, samples)
    if p.update == "sync":
        return h
    return torch.where(_chosen(p, seed, step, samples, states.shape[1]), h, states)


def _check(memory: Memory, p: DynamicsParams) -> None:
    if memory.graded and p.update == "async":
        raise ValueError(
            f"update must be sync or block for {memory.rule}, got async: its state is a mixture "
            "of pictures, which all pixels take at once"
        )
    if memory.graded and p.temperature:
        raise ValueError(
            f"temperature must be 0 for {memory.rule}, got {p.temperature}: its states are real "
            "numbers; the sharpness beta is its temperature"
        )


def settle(
    memory: Memory,
    probes: Probes | Tensor,
    params: DynamicsParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Iterator[Step]:
    """The way of B probes to rest, at most `steps` updates; step 0 is the probes.

    At T = 0 a probe rests at a fixed point (status FIXED) and is not updated again. Synchronous
    updates of symmetric couplings end there or in a cycle of length two (Goles-Chacc,
    Fogelman-Soulié & Pellegrin 1985; Bruck 1990), which is detected too (CYCLE). At T > 0 nothing
    rests. The generator ends when no probe moves.

    Args:
        probes: of the memory's N pixels; a plain [B, N] means that all pixels are known.
        seed, samples: the draws of probe b depend on (seed, samples[b], step); 0..B-1 if None.

    Raises:
        ValueError: probes of another size, or dynamics that the memory does not have.
    """
    p = params or DynamicsParams()
    _check(memory, p)
    if isinstance(probes, torch.Tensor):
        probes = Probes(probes, torch.ones_like(probes, dtype=torch.bool))
    shape = tuple(probes.values.shape)
    if len(shape) != 2 or not shape[0] or shape[1] != memory.pixels:
        raise ValueError(f"probes must be [B, {memory.pixels}] and not empty, got {shape}")
    if not bool(torch.isfinite(probes.values).all()):
        raise ValueError("probes must be finite, got NaN or infinity")
    return _settle(memory, probes, p, seed, samples)


def _settle(
    memory: Memory, probes: Probes, p: DynamicsParams, seed: int, samples: Tensor | None
) -> Iterator[Step]:
    values = probes.values.to(torch.float32)
    states = memory.begin(values, probes.known)
    device, batch = states.device, len(states)
    if samples is None:
        samples = torch.arange(batch)
    samples = samples.to(device)
    status = torch.zeros(batch, dtype=torch.int8, device=device)
    view = memory.look(states, probes.known)
    energy = view.energy
    flips = torch.zeros(batch, dtype=torch.int64, device=device)
    yield Step(0, states, energy, status, None, flips)
    tracked = isinstance(memory, LowRank) and p.update == "sync" and not p.temperature
    lyapunov = torch.zeros_like(energy) if tracked else None
    before = states
    moving = torch.arange(batch, device=device)  # rows of the probes that still move
    for step in range(1, p.steps + 1):
        old = states[moving]
        new = _update(memory, old, view.field, p, seed, step, samples[moving])
        if lyapunov is not None and isinstance(memory, LowRank):
            lyapunov = lyapunov.index_copy(0, moving, memory.lyapunov(new, old, view.field))
        rest = _rest(memory, p, step, new, old, before[moving], view.field)
        before = states
        states = states.index_copy(0, moving, new)
        changed = (new > 0) != (old > 0) if memory.graded else new != old
        flips = torch.zeros_like(flips).index_copy(0, moving, changed.sum(dim=1))
        status = status.index_copy(0, moving, rest)
        still = rest == MOVING
        last = step == p.steps or not bool(still.any())
        if last:
            energy = energy.index_copy(0, moving, memory.energy(new))
        else:
            view = memory.look(new)
            energy = energy.index_copy(0, moving, view.energy)
        yield Step(step, states, energy, status, lyapunov, flips)
        if last:
            return
        if not bool(still.all()):
            moving = moving[still]
            view = view._replace(field=view.field[still])


def _rest(
    memory: Memory, p: DynamicsParams, step: int, new: Tensor, old: Tensor, older: Tensor, h: Tensor
) -> Tensor:
    """What has become of the moving probes, int8: `h` is the field of `old`."""
    if p.temperature:
        return torch.zeros(len(new), dtype=torch.int8, device=new.device)
    if memory.graded:
        fixed = (h - old).abs().amax(dim=1) < CONVERGED
        return (fixed * FIXED).to(torch.int8)
    # A block may have missed the pixels that want to change
    fixed = ((sign(h, old) if p.update == "block" else new) == old).all(dim=1)
    if p.update != "sync" or step == 1:
        return (fixed * FIXED).to(torch.int8)
    cycle = (new == older).all(dim=1)  # a state that is both rested a step ago
    return (fixed * FIXED + cycle * CYCLE).to(torch.int8)
