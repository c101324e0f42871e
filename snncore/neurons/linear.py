"""Steps of the linear integrate-and-fire models: closed forms, spikes at their exact time.

Between spikes these models are linear with a constant drive, so their state after any time s is
known and no error builds up (Rotter & Diesmann 1999, Biol. Cybern. 81:381). With timing "exact"
the first crossing of a step is the root of a closed form (Newton, held in a bracket); the reset
takes place there, the refractory period and the rest of the step follow. With timing "grid"
threshold and reset are judged at the end of the step, and the refractory period is a whole number
of steps, as in snnTorch.

Two limits: a step holds at most one spike (a second one comes at the beginning of the next
step), and a voltage that crosses the threshold and comes back within the same step is not seen
(Krishnan, Porta Mana, Helias, Diesmann & Di Napoli 2018, Front. Neuroinform. 11:75).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import torch

from snncore.neurons.rk4 import ITERATIONS, newton

Tensor = torch.Tensor
Values = tuple[Tensor, ...]  # the variables of a model, v first
TIMINGS = ("exact", "grid")
TIMING_HELP = (
    "exact: spike, reset and refractory period lie inside the step. grid: all are judged at the "
    "end of a step, as snnTorch does."
)


class Timed(Protocol):
    """The parameters that this file reads."""

    @property
    def t_ref(self) -> float: ...

    @property
    def timing(self) -> str: ...


class Dynamics(NamedTuple):
    """A linear model under the current of one step; times are tensors or numbers in ms."""

    evolve: Callable[[Values, Any], Values]  # the state after that time
    hold: Callable[[Values, Any], Values]  # the same with the voltage held (refractory)
    distance: Callable[[Values], Tensor]  # voltage minus threshold
    slope: Callable[[Values], Tensor]  # d distance/dt
    jump: Callable[[Values], Values]  # the state after a spike


class Advanced(NamedTuple):
    """One step: who fired, when, the variables after it, and the refractory time left (ms)."""

    spikes: Tensor
    offset: Tensor
    values: Values
    refractory: Tensor


def advance(
    values: Values, refractory: Tensor, params: Timed, dt: float, model: Dynamics
) -> Advanced:
    """All neurons by one step of `dt` ms; no tensor is changed."""
    zero = torch.zeros_like(values[0])
    if params.timing == "grid":
        ready = refractory < 0.5 * dt  # whole steps, whatever rounding left of them
        free, held = model.evolve(values, dt), model.hold(values, dt)
        end = _where(ready, free, held)
        fired = ready & (model.distance(end) >= 0)
        offset = zero
        if bool(fired.any()):  # waiting for the answer is cheaper than the root's many operations
            moment = _crossing(values, torch.full_like(zero, dt), model)
            offset = torch.where(fired, moment, zero)
        waits = math.floor(params.t_ref / dt + 0.5) * dt
        left = torch.where(fired, torch.full_like(zero, waits), (refractory - dt).clamp(min=0))
        return Advanced(fired, offset, _where(fired, model.jump(end), end), left)
    wait = refractory.clamp(max=dt)
    length = dt - wait
    start = model.hold(values, wait)
    end = model.evolve(start, length)
    fired = (length > 0) & ((model.distance(end) >= 0) | (model.distance(start) >= 0))
    if not bool(fired.any()):
        return Advanced(fired, zero, end, refractory - wait)
    moment = _crossing(start, length, model)
    after = model.jump(model.evolve(start, moment))
    rest = length - moment
    pause = rest.clamp(max=params.t_ref)
    after = model.evolve(model.hold(after, pause), rest - pause)
    return Advanced(
        spikes=fired,
        offset=torch.where(fired, wait + moment, zero),
        values=_where(fired, after, end),
        refractory=torch.where(fired, params.t_ref - pause, refractory - wait),
    )


def _where(condition: Tensor, yes: Values, no: Values) -> Values:
    return tuple(torch.where(condition, y, n) for y, n in zip(yes, no, strict=True))


def _crossing(start: Values, length: Tensor, model: Dynamics) -> Tensor:
    """When the distance becomes 0 in [0, length]; 0 if it is not negative at the beginning.

    Only meaningful where it is not negative at the end.
    """
    low, high = torch.zeros_like(length), length
    moment, done = low, model.distance(start) >= 0
    for _ in range(ITERATIONS):
        there = model.evolve(start, moment)
        found = model.distance(there), model.slope(there)
        moment, done, low, high = newton(moment, done, low, high, *found, length)
        if bool(done.all()):
            break
    return moment


def mean_decay(x: Tensor) -> Tensor:
    """(1 − e^(−x))/x for x ≥ 0, without cancellation, 1 at 0."""
    safe = torch.where(x == 0, torch.ones_like(x), x)
    return torch.where(x == 0, torch.ones_like(x), -torch.expm1(-safe) / safe)


def filtered(s: Any, tau_m: float, tau_syn: float, like: Tensor) -> Tensor:
    """G(s) = (1/τ_m)∫₀ˢ e^(−(s−u)/τ_m) e^(−u/τ_syn) du: what a decaying unit current adds.

    The difference of the two exponentials over 1/τ_m − 1/τ_syn, written so that nothing cancels
    where the time constants meet (there it is (s/τ_m)·e^(−s/τ_m)) and nothing overflows.
    """
    time = torch.as_tensor(s, dtype=like.dtype, device=like.device)
    gap = abs(1 / tau_m - 1 / tau_syn)
    slower = min(1 / tau_m, 1 / tau_syn)
    return time / tau_m * torch.exp(-time * slower) * mean_decay(gap * time)


def filtered_twice(s: Any, tau_m: float, tau_syn: float, like: Tensor) -> Tensor:
    """G₂(s) = (1/(τ_m τ_syn))∫₀ˢ e^(−(s−u)/τ_m) u e^(−u/τ_syn) du: the same for an alpha current.

    With x = |1/τ_m − 1/τ_syn|·s it is s²/(τ_m τ_syn)·e^(−s·slower)·P(x): P is the mean of
    u·e^(−xu) over 0 ≤ u ≤ 1 where the synapse is the faster one, and of (1 − u)·e^(−xu) where
    the membrane is. Near 0 both are series, elsewhere closed forms.
    """
    time = torch.as_tensor(s, dtype=like.dtype, device=like.device)
    gap = 1 / tau_m - 1 / tau_syn
    slower = min(1 / tau_m, 1 / tau_syn)
    x = abs(gap) * time
    near = x < 0.5
    safe = torch.where(near, torch.ones_like(x), x)
    small = torch.where(near, x, torch.zeros_like(x))
    series = torch.zeros_like(x)
    for n in range(15, -1, -1):  # Horner; the last term is below 1e-18 at x = 0.5
        factor = 1 / (n + 2) if gap < 0 else 1 / ((n + 1) * (n + 2))
        series = factor / math.factorial(n) + series * -small
    if gap < 0:
        closed = (1 - torch.exp(-safe) * (1 + safe)) / (safe * safe)
    else:
        closed = (safe + torch.expm1(-safe)) / (safe * safe)
    mean = torch.where(near, series, closed)
    return time * time / (tau_m * tau_syn) * torch.exp(-time * slower) * mean
