"""Laws of the spike trains of one constant value: what the codes' `law` functions are made of.

Times are exact, steps are whole. Where a code knows exact times, `rate`, `cv` and `fano` are those
of the exact process, while `intervals` is what the grid shows: the distance in steps between one
step that holds spikes and the next one that does. For any stationary process with Q(n) the
probability that n steps in a row stay empty,

    P(k) = [Q(k − 1) − 2·Q(k) + Q(k + 1)] / (1 − Q(1))

(a step with spikes, k − 1 without, one with: Cox & Isham 1980, Point Processes, section 2.4, on a
grid). For a Poisson process, Q = e^(−rn), this is the geometric law with p = 1 − e^(−r).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from snncore.encoding.code import Law

Array = NDArray[np.float64]


def silent(name: str, longest: int) -> Law:
    """The law of a train without spikes: no intervals, so no CV and no Fano factor."""
    return Law(name, 0.0, math.nan, math.nan, np.zeros(check_longest(longest)))


def bernoulli(p: float, longest: int) -> Law:
    """One draw per step: intervals are geometric, CV = √(1 − p), Fano = 1 − p."""
    k = np.arange(1, check_longest(longest) + 1, dtype=np.float64)
    if p == 0:
        return silent("geometric", longest)
    return Law("geometric", p, math.sqrt(1 - p), 1 - p, p * (1 - p) ** (k - 1))


def gamma(rate: float, order: int, longest: int) -> Law:
    """A stationary gamma process of whole order k: CV = 1/√k, Fano = 1/k; k = 1 is Poisson.

    Of n steps all stay empty with probability (1/k)·Σ_{m<k} (k − m)·Poisson(m; k·rate·n): the
    first spike is 1 to k events away, each as likely.
    """
    name = "exponential" if order == 1 else f"gamma, order {order}"
    if rate == 0:
        return silent(name, longest)

    def empty(n: Array) -> Array:
        mean = order * rate * n
        events = np.arange(order, dtype=np.float64)[:, None]
        log_terms = special.xlogy(events, mean) - mean - special.gammaln(events + 1)
        return (order - events[:, 0]) @ np.exp(log_terms) / order

    intervals = _between_occupied(empty, longest)
    return Law(name, rate, 1 / math.sqrt(order), 1.0 / order, intervals)


def clock(rate: float, longest: int) -> Law:
    """A clock of that many ticks a step: whole intervals on both sides of 1/rate, CV = Fano = 0."""
    if rate == 0:
        return silent("regular", longest)
    intervals = _between_occupied(lambda n: np.maximum(0.0, 1.0 - rate * n), longest)
    return Law("regular", rate, 0.0, 0.0, intervals)


def _between_occupied(empty: Callable[[Array], Array], longest: int) -> Array:
    q = empty(np.arange(check_longest(longest) + 2, dtype=np.float64))
    return np.maximum(0.0, q[:-2] - 2 * q[1:-1] + q[2:]) / (1 - q[1])


def check_longest(longest: int) -> int:
    """`longest`, after checking that it is a whole number ≥ 1."""
    if isinstance(longest, bool) or not isinstance(longest, int) or longest < 1:
        raise ValueError(f"longest must be a whole number >= 1, got {longest!r}")
    return longest


def check_value(value: float) -> float:
    """`value`, after checking that it is an intensity."""
    if not 0 <= value <= 1:
        raise ValueError(f"value must be in 0..1, got {value}")
    return float(value)
