"""Runge–Kutta 4 for neurons whose upstroke is steep, with the spike at its time inside the step.

The voltage of an exponential or quadratic neuron runs off to infinity in a finite time; a step
in V would jump over the upstroke. Such a model is integrated in a coordinate x(V) in which the
upstroke is smooth and slow, and bounded (a model's file says which). The classical RK4 scheme then
keeps its order 4 through the spike, at any usual dt, and no exponential can overflow. Only close to
V = ∞ the exponential neuron's slope has a term x·ln(−x): with a peak 5 Δ_T above threshold spike
times converge with order 3, with one at infinity with order 1 to 2, but then from an error of
less than 1e-4 ms at dt = 0.1 ms.

The step that meets the level is made again with x as the independent variable, dt/dx = 1/(dx/dt),
which ends on the level exactly (Hénon 1982, Physica D 5:412). Half of the way is gone at a time, as
V (and with it an adaptation that follows V) is a logarithm of what is left. The reset takes place
there, and the refractory period and the rest of the step follow. A step holds at most one spike; a
second one comes at the beginning of the next step. Models without a reset take the moment from the
cubic Hermite polynomial through both ends of the step, whose error is of order 4 too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch

Tensor = torch.Tensor
Slopes = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
HALVINGS = 8  # of the way to the level: the last piece is 1/256 of the way
_NEWTON = 12  # iterations on a cubic, held in a bracket: at rounding after 4 to 6


class Passage(NamedTuple):
    """Where a passage of `n` pieces ended, or where it met the level."""

    x: Tensor
    w: Tensor
    fired: Tensor  # bool
    moment: Tensor  # ms since the beginning of the passage; 0 where nobody fired


def rk4(
    slopes: Slopes, x: Tensor, w: Tensor, h: Tensor, first: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """One step of h ms (a tensor: every neuron its own); `first` are the slopes at (x, w)."""
    k1, m1 = first
    k2, m2 = slopes(x + 0.5 * h * k1, w + 0.5 * h * m1)
    k3, m3 = slopes(x + 0.5 * h * k2, w + 0.5 * h * m2)
    k4, m4 = slopes(x + h * k3, w + h * m3)
    return x + h / 6 * (k1 + 2 * (k2 + k3) + k4), w + h / 6 * (m1 + 2 * (m2 + m3) + m4)


def hermite(r: Tensor, a: Tensor, da: Tensor, b: Tensor, db: Tensor) -> Tensor:
    """The cubic with values a, b and slopes da, db (per unit of r) at r = 0 and 1."""
    rise = b - a
    return a + r * (da + r * (3 * rise - 2 * da - db + r * (da + db - 2 * rise)))


def hermite_root(a: Tensor, da: Tensor, b: Tensor, db: Tensor) -> Tensor:
    """r in [0, 1] where the cubic is 0; meaningful where a ≤ 0 ≤ b (0 where a ≥ 0)."""
    rise = b - a
    c2, c3 = 3 * rise - 2 * da - db, da + db - 2 * rise
    low, high = torch.zeros_like(a), torch.ones_like(a)
    r = torch.where(rise > 0, -a / torch.where(rise > 0, rise, torch.ones_like(rise)), low)
    r = r.clamp(0, 1)
    for _ in range(_NEWTON):
        value = a + r * (da + r * (c2 + r * c3))
        slope = da + r * (2 * c2 + 3 * r * c3)
        low = torch.where(value < 0, r, low)
        high = torch.where(value < 0, high, r)
        flat = slope <= 0
        guess = r - value / torch.where(flat, torch.ones_like(slope), slope)
        inside = ~flat & (guess > low) & (guess < high)
        r = torch.where(inside, guess, torch.where(value == 0, r, 0.5 * (low + high)))
    return torch.where(a >= 0, torch.zeros_like(r), r)


def passage(
    slopes: Slopes, x: Tensor, w: Tensor, duration: Tensor, n: int, level: float
) -> Passage:
    """From (x, w) over `duration` ms in `n` equal pieces, stopping where x reaches `level`."""
    h = duration / n
    fired = torch.zeros_like(x, dtype=torch.bool)
    moment = torch.zeros_like(x)
    for k in range(n):
        first = slopes(x, w)
        x1, w1 = rk4(slopes, x, w, h, first)
        last = slopes(x1, w1)
        meets = ~fired & (x1 >= level) & (h > 0)
        if not bool(meets.any()):  # waiting for the answer is cheaper than a root for nothing
            x, w = torch.where(fired, x, x1), torch.where(fired, w, w1)
            continue
        met = _meeting(slopes, x, w, h, level, first, (x1, w1), last)
        moment = torch.where(meets, k * h + met[0], moment)
        w = torch.where(fired, w, torch.where(meets, met[1], w1))
        x = torch.where(fired | meets, torch.full_like(x, level), x1)
        fired = fired | meets
    return Passage(x, w, fired, moment)


def _meeting(
    slopes: Slopes,
    x: Tensor,
    w: Tensor,
    h: Tensor,
    level: float,
    first: tuple[Tensor, Tensor],
    end: tuple[Tensor, Tensor],
    last: tuple[Tensor, Tensor],
) -> tuple[Tensor, Tensor]:
    """How long x takes from here to the level, at most h, and w there; see the top of this file.

    Where x does not rise all the way (a very long step), the Hermite polynomial serves instead.
    """
    time, at, there, (f1, g1) = torch.zeros_like(x), x, w, first
    rising = f1 > 0
    for k in range(HALVINGS + 1):
        way = (level - at) * (0.5 if k < HALVINGS else 1.0)
        f2, g2 = slopes(at + 0.5 * way, there + 0.5 * way * g1 / f1)
        f3, g3 = slopes(at + 0.5 * way, there + 0.5 * way * g2 / f2)
        f4, g4 = slopes(at + way, there + way * g3 / f3)
        rising = rising & (f2 > 0) & (f3 > 0) & (f4 > 0)
        time = time + way / 6 * (1 / f1 + 2 * (1 / f2 + 1 / f3) + 1 / f4)
        there = there + way / 6 * (g1 / f1 + 2 * (g2 / f2 + g3 / f3) + g4 / f4)
        at = at + way
        f1, g1 = slopes(at, there)
    rising = rising & (time < 2 * h)
    f1, g1 = first
    r = hermite_root(x - level, h * f1, end[0] - level, h * last[0])
    time = torch.where(rising, torch.minimum(time, h), r * h)
    return time, torch.where(rising, there, hermite(r, w, h * g1, end[1], h * last[1]))


class Resetting(NamedTuple):
    """A model of two variables that resets, in its coordinate x, under the current of one step."""

    slopes: Slopes
    level: float  # x of the peak
    x_reset: float  # x after a spike
    jump: Callable[[Tensor], Tensor]  # the second variable after a spike
    hold: Callable[[Tensor, Tensor], Tensor]  # it after that many ms at the reset voltage


class Advanced(NamedTuple):
    """One step: who fired, when, the variables after it, and the refractory time left (ms)."""

    spikes: Tensor
    offset: Tensor
    x: Tensor
    w: Tensor
    refractory: Tensor


def advance(
    x: Tensor, w: Tensor, refractory: Tensor, t_ref: float, dt: float, n: int, model: Resetting
) -> Advanced:
    """All neurons by one step of `dt` ms in `n` pieces; no tensor is changed."""
    zero = torch.zeros_like(x)
    wait = refractory.clamp(max=dt)
    before = passage(model.slopes, x, model.hold(w, wait), dt - wait, n, model.level)
    if not bool(before.fired.any()):
        return Advanced(before.fired, zero, before.x, before.w, refractory - wait)
    rest = dt - wait - before.moment
    pause = rest.clamp(max=t_ref)
    # Where nobody fired the second passage has no duration: it changes nothing.
    w_after = model.hold(model.jump(before.w), pause)
    x_after = torch.full_like(x, model.x_reset)
    length = torch.where(before.fired, rest - pause, zero)
    after = passage(model.slopes, x_after, w_after, length, n, model.level)
    # Back at the peak within the same step: wait there, fire when the next step begins.
    return Advanced(
        spikes=before.fired,
        offset=torch.where(before.fired, wait + before.moment, zero),
        x=torch.where(before.fired, after.x, before.x),
        w=torch.where(before.fired, after.w, before.w),
        refractory=torch.where(before.fired, t_ref - pause, refractory - wait),
    )
