"""What is known about associative memories without simulating them: errors and capacities.

P is the number of stored patterns, N of pixels, α = P/N the load, q the share of flipped pixels.
All formulas are for independent fair ±1 patterns; pictures resemble each other, which makes most
of them too optimistic (`preflight` looks at the patterns themselves). The equations of Amit,
Gutfreund & Sompolinsky for Hebb's rule at any load and temperature are in `ags` and offered here.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from snncore.hopfield.ags import (
    ags_capacity,
    ags_overlap,
    ags_temperature,
    ground_temperature,
    spin_glass_temperature,
)

__all__ = [
    "ALPHA_C",
    "MIXTURE_T",
    "Limit",
    "ags_capacity",
    "ags_overlap",
    "ags_temperature",
    "confusion",
    "dam_capacity",
    "dam_error",
    "dam_scale",
    "double_factorial",
    "exponential_capacity",
    "first_step_error",
    "ground_temperature",
    "limits",
    "low_activity_capacity",
    "mceliece_capacity",
    "mixture_energy",
    "mixture_overlap",
    "ml_exact",
    "pseudo_inverse_capacity",
    "spin_glass_temperature",
    "storkey_capacity",
    "tanh_overlap",
]

Array = NDArray[np.float64]
ALPHA_C = 0.138  # load at which Hebb's rule breaks down at T = 0 (`ags_capacity`: 0.1379)
MIXTURE_T = 0.46  # above it mixtures of three are no longer stable (AGS 1985, PRA 32:1007)


def _at_least(name: str, value: float, lowest: float) -> None:
    if not (math.isfinite(value) and value >= lowest):
        raise ValueError(f"{name} must be >= {lowest:g}, got {value}")


def _share(name: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must be in 0..1, got {value}")


def first_step_error(load: float, flips: float = 0.0) -> float:
    """Share of wrong pixels after one Hebb step from patterns with a share `flips` flipped.

    P_err = ½ erfc((1 - 2q)/√(2α)), α = (P-1)/N (Hertz, Krogh & Palmer 1991, "Introduction to the
    Theory of Neural Computation", ch. 2). Range: load > 0, N large.
    """
    if not load > 0.0:
        raise ValueError(f"load must be > 0, got {load}")
    _share("flips", flips)
    return 0.5 * math.erfc((1.0 - 2.0 * flips) / math.sqrt(2.0 * load))


def tanh_overlap(temperatures: ArrayLike) -> Array:
    """m [K] with m = tanh(m/T): overlap of few patterns at temperature T; 0 from T = 1.

    Mean field, P/N → 0 (Amit, Gutfreund & Sompolinsky 1985, PRA 32:1007).
    """
    t = np.atleast_1d(np.asarray(temperatures, dtype=np.float64))
    if not bool((np.isfinite(t) & (t >= 0.0)).all()):
        raise ValueError("temperatures must be >= 0 and finite everywhere")
    # With x = m/T: T = tanh(x)/x, which falls from 1 to 0 as x grows: bisection in x.
    low, high = np.full_like(t, 1e-9), 1.0 / np.maximum(t, 1e-9)
    for _ in range(80):
        middle = 0.5 * (low + high)
        above = np.tanh(middle) > t * middle
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(t < 1.0, np.tanh(0.5 * (low + high)), 0.0)


def mceliece_capacity(n: int, every: bool = False) -> float:
    """Patterns that Hebb's rule recalls without one wrong pixel: N/(2 ln N), most of them.

    `every`: N/(4 ln N), all of them at once (McEliece, Posner, Rodemich & Venkatesh 1987, IEEE
    Trans. Inf. Theory 33:461). Range: N large; N >= 2 is taken.
    """
    _at_least("n", n, 2)
    return n / ((4.0 if every else 2.0) * math.log(n))


def storkey_capacity(n: int) -> float:
    """N/√(2 ln N) patterns for Storkey's rule, without a wrong pixel (Storkey 1997, ICANN)."""
    _at_least("n", n, 2)
    return n / math.sqrt(2.0 * math.log(n))


def pseudo_inverse_capacity(n: int) -> float:
    """N linearly independent patterns; the basins shrink to nothing as P approaches it.

    Personnaz, Guyon & Dreyfus 1986, PRA 34:4217; Kanter & Sompolinsky 1987, PRA 35:380.
    """
    _at_least("n", n, 1)
    return float(n)


def low_activity_capacity(n: int, activity: float) -> float:
    """N/(a|ln a|): how the capacity of the covariance rule grows as the activity a goes to 0.

    A law of growth, not a number of patterns: its factor depends on thresholds (Tsodyks &
    Feigel'man 1988, Europhys. Lett. 6:101; Buhmann, Divko & Schulten 1989, PRA 39:2689).

    Args:
        activity: share of the pixels that are +1, in (0, 0.5].
    """
    _at_least("n", n, 1)
    if not 0.0 < activity <= 0.5:
        raise ValueError(f"activity must be in (0, 0.5], got {activity}; swap black and white")
    return n / (activity * abs(math.log(activity)))


def double_factorial(k: int) -> float:
    """k!! = k (k-2) (k-4) … for k >= -1; infinite beyond 1e308 (k > 300)."""
    _at_least("k", k, -1)
    return math.prod((float(j) for j in range(int(k), 0, -2)), start=1.0)


def dam_scale(n: int, degree: int, *, rectified: bool = False) -> float:
    """N^(n-1)/(2n-3)!! (n the degree): the number of patterns whose crosstalk equals the signal.

    Held at 1e304. `rectified`: twice as many. With F = max(x, 0)^n only the patterns of positive
    overlap, half of them, make crosstalk; Krotov & Hopfield's formulas are those of xⁿ.
    """
    _at_least("n", n, 2)
    _at_least("degree", degree, 2)
    log = (degree - 1) * math.log(n) - math.log(double_factorial(2 * degree - 3))
    return (2.0 if rectified else 1.0) * math.exp(min(log, 700.0))


def dam_error(
    count: float, n: int, degree: int, form: str = "erfc", *, rectified: bool = False
) -> float:
    """Share of wrong pixels after one step from a stored pattern, energy -Σ F(ξ·S), F = x^degree.

    Krotov & Hopfield 2016, NeurIPS 29: with v = K/`dam_scale`, P_err = √(v/2π) exp(-1/(2v)) for
    small v ("asymptotic"); the Gaussian tail that it stands for is ½ erfc(1/√(2v)) ("erfc"),
    valid for every v. The crosstalk is nearly Gaussian only for large N and small degrees.
    """
    _at_least("count", count, 1)
    v = count / dam_scale(n, degree, rectified=rectified)
    if form == "erfc":
        return 0.5 * math.erfc(1.0 / math.sqrt(2.0 * v))
    if form == "asymptotic":
        return math.sqrt(v / (2.0 * math.pi)) * math.exp(-0.5 / v)
    raise ValueError(f"form must be one of erfc, asymptotic, got {form!r}")


def dam_capacity(n: int, degree: int, *, rectified: bool = False) -> float:
    """N^(n-1)/(2 (2n-3)!! ln N) patterns without a wrong pixel (Krotov & Hopfield 2016)."""
    return dam_scale(n, degree, rectified=rectified) / (2.0 * math.log(n))


def exponential_capacity(n: int) -> float:
    """2^(N/2) patterns for the energy -Σ exp(ξ·S) (Demircigil et al 2017, J. Stat. Phys. 168:288).

    Infinite beyond 1e308 (N > 2,046). Ramsauer et al 2020: the softmax memory has it too.
    """
    _at_least("n", n, 1)
    return 2.0 ** (n / 2.0) if n <= 2046 else math.inf


def mixture_overlap(k: int) -> float:
    """Overlap of sign(ξ¹ + … + ξᵏ), k odd, with each of its patterns: ½ for three."""
    _at_least("k", k, 1)
    if k % 2 == 0:
        raise ValueError(f"k must be odd (no ties), got {k}")
    return float(math.comb(k - 1, (k - 1) // 2)) / 2.0 ** (k - 1)


def mixture_energy(k: int) -> float:
    """Hebb's energy per pixel of that mixture, -½ k m²: -0.375 for three, -0.5 for a pattern."""
    return -0.5 * k * mixture_overlap(k) ** 2


def confusion(distance: int, flips: float) -> float:
    """Probability that one of two pictures is taken for the other by maximum likelihood.

    They differ in d = `distance` pixels; only these count: P(Bin(d, q) > d/2) + ½ P(= d/2).
    """
    _at_least("distance", distance, 0)
    _share("flips", flips)
    wrong = stats.binom.sf(distance // 2, distance, flips)
    tie = stats.binom.pmf(distance // 2, distance, flips) if distance % 2 == 0 else 0.0
    return float(wrong + 0.5 * tie)


def ml_exact(count: int, n: int, flips: float) -> float:
    """Share of probes that maximum likelihood names right, of `count` random patterns: exact.

    Given k flipped pixels, the other patterns' distances to the probe are independent Bin(N, ½),
    whatever the patterns were: with A = P(>k), t = P(=k), and ties drawn by lot, the share is
    ((A + t)^P - A^P)/(P t), averaged over k ~ Bin(N, q). No rule can do better on average.
    """
    _at_least("count", count, 1)
    _at_least("n", n, 1)
    _share("flips", flips)
    q = min(flips, 1.0 - flips)  # beyond ½ the likeliest picture is the farthest one
    reach = 10.0 * math.sqrt(n * q * (1.0 - q)) + 1.0
    k = np.arange(max(0, math.floor(n * q - reach)), min(n, math.ceil(n * q + reach)) + 1)
    with np.errstate(divide="ignore"):
        log_at_least = stats.binom.logsf(k - 1, n, 0.5)
        x = np.exp(stats.binom.logpmf(k, n, 0.5) - log_at_least)
        ties = -np.expm1(count * np.log1p(-np.minimum(x, 1.0)))
    lot = np.where(x * count < 1e-12, 1.0, ties / (count * np.maximum(x, 1e-300)))
    right = np.exp((count - 1) * log_at_least) * lot
    return float(np.clip(stats.binom.pmf(k, n, q) @ right, 0.0, 1.0))


class Limit(NamedTuple):
    """A number of patterns at which theory expects something to change."""

    name: str
    title: str  # as on an axis
    patterns: float


def limits(n: int, rule: str = "hebb", degree: int = 3) -> tuple[Limit, ...]:
    """The limits that bear on `rule` for N = n pixels, the smallest first.

    Args:
        rule: a name of the registry of rules; one that no theory is known for gets none.
        degree: n of the dense associative memory with F = max(x, 0)^n, as `dense` has it.
    """
    _at_least("n", n, 2)
    found: tuple[Limit, ...] = ()
    if rule in ("hebb", "covariance", "storkey"):
        found = (
            Limit("every", "N/(4 ln N)", mceliece_capacity(n, every=True)),
            Limit("most", "N/(2 ln N)", mceliece_capacity(n)),
            Limit("breakdown", "0.138 N", ALPHA_C * n),
            Limit("storkey", "N/√(2 ln N)", storkey_capacity(n)),
        )
    elif rule in ("pseudo-inverse", "spiking-attractor"):
        found = (Limit("span", "N", pseudo_inverse_capacity(n)),)
    elif rule == "dam":
        found = (
            Limit("most", "N^(n-1)/((2n-3)!! ln N)", dam_capacity(n, degree, rectified=True)),
            Limit("signal", "2 N^(n-1)/(2n-3)!!", dam_scale(n, degree, rectified=True)),
        )
    elif rule in ("exponential", "modern", "spiking"):
        found = (Limit("exponential", "2^(N/2)", exponential_capacity(n)),)
    return tuple(sorted(found, key=lambda limit: limit.patterns))
