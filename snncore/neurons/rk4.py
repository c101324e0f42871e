"""Runge–Kutta 4 for neurons whose upstroke is steep, with the spike at its time inside the step.

The voltage of an exponential or quadratic neuron runs off to infinity in a finite time; a step
in V would jump over the upstroke. Such a model is integrated in a coordinate x(V) in which the
upstroke is smooth and bounded (a model's file says which), so that no exponential can overflow.
What remains is speed: under a strong drive x moves fast, and where the drive gives way to the
upstroke its speed changes within a short way. So a step is cut into pieces: some from the model's
time constants, and more of them, for each neuron by itself, where the model's `pace` (how fast x
and its slope change here) asks for them. A step that needs more than `MAX_SUBSTEPS` pieces is
given up: the voltage becomes NaN, and the runner refuses it.

While the pace asks for none, RK4 keeps its order 4 through the spike. Only close to V = ∞ the
exponential neuron's slope has a term x·ln(−x): with a peak 5 Δ_T above threshold spike times
converge with order 3, with one at infinity with order 1 to 2, but then from an error of less than
1e-4 ms at dt = 0.1 ms.

The step that meets the level is made again with x as the independent variable, dt/dx = 1/(dx/dt),
which ends on the level exactly (Hénon 1982, Physica D 5:412). Half of the way is gone at a time, as
V (and with it an adaptation that follows V) is a logarithm of what is left. The reset takes place
there, and the refractory period and the rest of the step follow. A step holds at most one spike; a
second one comes at the beginning of the next step. Models without a reset take the moment from the
cubic Hermite polynomial through both ends of the step, whose error is of order 4 too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from snncore.neurons.model import MAX_SUBSTEPS

Tensor = torch.Tensor
Slopes = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
HALVINGS = 8  # of the way to the level: the last piece is 1/256 of the way
ITERATIONS = 60  # of a bracketed Newton: at rounding after 4 to 8, by bisection alone after 53


class Resetting(NamedTuple):
    """A model of two variables that resets, in its coordinate x, under the current of one step."""

    slopes: Slopes
    # (x, w, dx/dt) -> pieces per ms that the way from here needs, for accuracy
    pace: Callable[[Tensor, Tensor, Tensor], Tensor]
    level: float  # x of the peak
    x_reset: float  # x after a spike
    jump: Callable[[Tensor], Tensor]  # the second variable after a spike
    hold: Callable[[Tensor, Tensor], Tensor]  # it after that many ms at the reset voltage


class Passage(NamedTuple):
    """Where a passage ended, or where it met the level."""

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
    r = torch.where(a >= 0, low, r.clamp(0, 1))
    done = a >= 0
    for _ in range(ITERATIONS):
        value = a + r * (da + r * (c2 + r * c3))
        slope = da + r * (2 * c2 + 3 * r * c3)
        r, done, low, high = newton(r, done, low, high, value, slope, 1.0)
        if bool(done.all()):
            break
    return r


def newton(
    r: Tensor, done: Tensor, low: Tensor, high: Tensor, value: Tensor, slope: Tensor, scale: Any
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """One iteration towards a root inside [low, high]: (r, done, low, high) after it.

    It ends (`done`) with the first step below 1e-12 of `scale`, whose error is the square of that:
    at the root the guess is an end of the bracket, and a bisection would leave it again.
    """
    low = torch.where(value < 0, r, low)
    high = torch.where(value < 0, high, r)
    flat = slope <= 0
    move = value / torch.where(flat, torch.ones_like(slope), slope)
    guess = r - move
    last = ~flat & (move.abs() <= 2**12 * torch.finfo(r.dtype).eps * scale)
    inside = ~flat & (guess > low) & (guess < high)
    following = torch.where(inside, guess, 0.5 * (low + high))
    following = torch.where(last, torch.clamp(guess, low, high), following)
    done_now = done | last | (value == 0)
    return torch.where(done | (value == 0), r, following), done_now, low, high


def passage(model: Resetting, x: Tensor, w: Tensor, duration: Tensor, base: float) -> Passage:
    """From (x, w) over `duration` ms, at least `base` pieces per ms, stopping at the level.

    x at or above the level meets it at once. See the top of this file for what is NaN.
    """
    slopes, level, zero = model.slopes, model.level, torch.zeros_like(x)
    slack = 1 - 2**12 * torch.finfo(x.dtype).eps  # 8 pieces are 8, whatever rounding
    peak = torch.full_like(x, level)
    fired = (x >= level) & (duration > 0)
    moment = zero
    x = torch.where(fired, peak, x)
    left = torch.where(fired, zero, duration)
    for _ in range(MAX_SUBSTEPS):
        moving = left > 0
        if not bool(moving.any()):
            break
        first = slopes(x, w)
        pace = model.pace(x, w, first[0]).clamp(min=base)
        count = torch.ceil(left * pace * slack).clamp(min=1)
        h = left / count
        x1, w1 = rk4(slopes, x, w, h, first)
        meets = moving & (x1 >= level)
        if bool(meets.any()):  # waiting for the answer is cheaper than a root for nothing
            met = _meeting(slopes, x, w, h, level, first, (x1, w1), slopes(x1, w1))
            moment = torch.where(meets, duration - left + met[0], moment)
            x1, w1 = torch.where(meets, peak, x1), torch.where(meets, met[1], w1)
            fired = fired | meets
        x, w = torch.where(moving, x1, x), torch.where(moving, w1, w)
        left = torch.where(meets | (count == 1), zero, left - h)
    return Passage(torch.where(left > 0, torch.nan, x), w, fired, moment)


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

    Where x does not rise all the way (it turns back), the Hermite polynomial serves instead.
    """
    time, at, there, (f1, g1) = torch.zeros_like(x), x, w, first
    rising = torch.ones_like(x, dtype=torch.bool)
    for k in range(HALVINGS + 1):
        rising = rising & (f1 > 0)
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
    """All neurons by one step of `dt` ms in at least `n` pieces; no tensor is changed."""
    zero, base = torch.zeros_like(x), n / dt
    wait = refractory.clamp(max=dt)
    before = passage(model, x, model.hold(w, wait), dt - wait, base)
    if not bool(before.fired.any()):
        return Advanced(before.fired, zero, before.x, before.w, refractory - wait)
    rest = dt - wait - before.moment
    pause = rest.clamp(max=t_ref)
    # Where nobody fired the second passage has no duration: it changes nothing.
    w_after = model.hold(model.jump(before.w), pause)
    x_after = torch.full_like(x, model.x_reset)
    length = torch.where(before.fired, rest - pause, zero)
    after = passage(model, x_after, w_after, length, base)
    # Back at the peak within the same step: wait there, fire when the next step begins.
    return Advanced(
        spikes=before.fired,
        offset=torch.where(before.fired, wait + before.moment, zero),
        x=torch.where(before.fired, after.x, before.x),
        w=torch.where(before.fired, after.w, before.w),
        refractory=torch.where(before.fired, t_ref - pause, refractory - wait),
    )
