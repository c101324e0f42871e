"""Limited-memory BFGS with a preconditioner, for all classes at once.

Minimises f(W, b) = mean ℓ + λ/2·‖W‖². One-vs-rest losses are one problem a class, each with its
own curvature and step length, but all classes share every pass over the data; the softmax couples
the classes into one problem. Nocedal & Wright (2006), Numerical Optimization, algorithms 7.4-7.5,
with H₀ = γ P⁻¹, γ = s·y / y·P⁻¹y, and backtracking from the full step (Armijo). Every loss here is
convex with a continuous derivative.

The search ends when the step at hand is expected to lower the objective, ½ gᵀ H g, by less than
`tolerance` of it. H is an estimate: measured, 1e-4 left the objective within 5e-4 of
scikit-learn's; 1e-3 is promised.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.readout.moments import Preconditioner
from snncore.readout.passes import Evaluation, Passes

_MEMORY = 8  # pairs of steps and changes of the gradient
_RENEWED = (0, 2, 4, 8, 16)  # steps before which the preconditioner is looked at again
_TRIES = 8  # shorter steps before the search ends


class Iterate(NamedTuple):
    """Weights after an accepted step."""

    weights: torch.Tensor  # [C, N + 1]
    loss: float  # without the penalty, all classes together
    accuracy: float
    done: bool
    converged: bool  # False: `limit` steps were not enough


class _Point(NamedTuple):
    weights: torch.Tensor
    value: torch.Tensor  # [K] objective of each problem
    gradient: torch.Tensor
    loss: float
    accuracy: float


def _dot(a: torch.Tensor, b: torch.Tensor, problems: int) -> torch.Tensor:
    """Inner product of each problem, [K]."""
    each = (a * b).sum(dim=1)
    return each if problems > 1 else each.sum(dim=0, keepdim=True)


def _evaluate(
    passes: Passes, kind: str, weights: torch.Tensor, rows: NDArray[np.int64], penalty: float
) -> Generator[None, None, _Point]:
    found: Evaluation = yield from passes.run(kind, weights, rows, back=True)
    gradient = found.gradient
    if gradient is None:
        raise RuntimeError("a backward pass gives a gradient")
    w = weights[:, :-1]
    gradient[:, :-1] += penalty * w
    loss = torch.from_numpy(found.loss.astype(np.float32)).to(weights.device)
    value = loss + 0.5 * penalty * _dot(w, w, len(found.loss))
    return _Point(weights, value, gradient, float(found.loss.sum()), found.accuracy)


def minimise(
    passes: Passes,
    kind: str,
    rows: NDArray[np.int64],
    weights: torch.Tensor,
    penalty: float,
    preconditioner: Callable[[torch.Tensor], Preconditioner],
    *,
    tolerance: float,
    limit: int,
) -> Generator[Iterate | None, None, None]:
    """Yields an `Iterate` after each accepted step (the first: where it starts), None between.

    The last one has `done`; at most `limit` steps are taken, and `converged` is False if they
    were not enough. `preconditioner` is asked for the one
    that fits the weights: losses flatten as margins are met.
    """
    at: _Point = yield from _evaluate(passes, kind, weights, rows, penalty)
    k = len(at.value)
    pairs: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
    gamma = torch.ones_like(at.value)
    for step in range(limit + 1):
        if step in _RENEWED:
            precondition = preconditioner(at.weights)
        direction = _direction(at.gradient, pairs, gamma, precondition)
        slope = _dot(at.gradient, direction, k)  # never positive: H is positive definite
        small = float(-slope.sum()) <= 2.0 * tolerance * max(float(at.value.sum()), 1e-12)
        new: _Point | None = None
        if not small and step < limit:
            new = yield from _search(passes, kind, rows, penalty, at, direction, slope)
        # No shorter step is lower: what is left to gain is below the rounding of float32.
        yield Iterate(at.weights, at.loss, at.accuracy, new is None, small or step < limit)
        if new is None:
            return
        s, y = new.weights - at.weights, new.gradient - at.gradient
        sy = _dot(s, y, k)
        curved = sy > 1e-12 * _dot(y, y, k)  # a problem that did not move adds nothing
        pairs = [*pairs[-_MEMORY + 1 :], (s, y, torch.where(curved, 1.0 / sy, 0.0))]
        gamma = torch.where(curved, sy / _dot(y, precondition(y), k), gamma)
        at = new


def _direction(
    gradient: torch.Tensor,
    pairs: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]],
    gamma: torch.Tensor,
    precondition: Preconditioner,
) -> torch.Tensor:
    """−H g by the two-loop recursion (algorithm 7.4)."""
    k = len(gamma)
    q, alphas = gradient.clone(), []
    for s, y, rho in reversed(pairs):
        alpha = rho * _dot(s, q, k)
        q -= alpha[:, None] * y
        alphas.append(alpha)
    q = gamma[:, None] * precondition(q)
    for (s, y, rho), alpha in zip(pairs, reversed(alphas), strict=True):
        q += (alpha - rho * _dot(y, q, k))[:, None] * s
    return -q


def _search(
    passes: Passes,
    kind: str,
    rows: NDArray[np.int64],
    penalty: float,
    at: _Point,
    direction: torch.Tensor,
    slope: torch.Tensor,
) -> Generator[None, None, _Point | None]:
    """The first point along the direction that lowers every problem enough; None if none does."""
    length = torch.ones_like(at.value)
    rounding = 1e-6 * at.value.abs()  # of the objective in float32
    for _ in range(_TRIES):
        weights = at.weights + length[:, None] * direction
        new: _Point = yield from _evaluate(passes, kind, weights, rows, penalty)
        enough = new.value <= at.value + 1e-4 * length * slope + rounding
        if bool(enough.all()):
            return new
        # The parabola through both values and the slope has its minimum here.
        bend = new.value - at.value - length * slope
        shorter = -slope * length**2 / (2.0 * bend)
        shorter = shorter.nan_to_num(0.0).clamp(0.1 * length, 0.5 * length)
        length = torch.where(enough, length, shorter)
    return None
