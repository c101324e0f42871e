"""The capacity laboratory: how much of random patterns is recalled, against how many are stored.

Simulated points come one by one, with standard errors, for any rate rule; theory comes apart and at
once (`capacity_theory`). The number of patterns of a point is load × `unit`: N for the rules of
couplings, the error-free capacity N^(n-1)/((2n-3)!! ln N) for the dense memory of degree n, and
2^(N/2) for the exponential ones; there N is small, or no computer could store enough.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.hopfield import theory
from snncore.hopfield.noise import damage
from snncore.hopfield.rules import RuleParams, make_memory
from snncore.params import Params, choice, integer, number
from snncore.recall_lab.trials import (
    Outcomes,
    check_rule,
    dynamics,
    fair_patterns,
    flip_noise,
    matched,
    mean_error,
    outcomes,
)

Array = NDArray[np.float64]
MOST_NUMBERS = 20_000_000  # patterns × pixels of one point: 80 MB of float32
BATCH = 4e8  # products between two snapshots
SETS = 10  # of patterns for each point
_GRID = 161  # points of the theory curves


@dataclass(frozen=True)
class CapacityParams(Params):
    """What is simulated.

    Points of Hebb's rule with N = 1,000, 30 probes and up to 60 steps took 0.01, 0.1, 0.4 and 0.9 s
    at loads 0.05, 0.1, 0.138 and 0.2, the defaults 3.2 s in all (`time.process_time`, one thread):
    beyond its capacity a network rarely comes to rest. A dear point is shown as it grows.
    """

    n: int = integer(500, 8, 4000, "Neurons, one for each pixel.", step=100, label="Neurons N")
    flips: float = number(
        0.0, 0.0, 0.5, "Share of the pixels flipped at the start.", step=0.05, label="Flips"
    )
    load_from: float = number(
        0.02, 0.0, 1000.0, "Smallest load.", step=0.01, lo_open=True, label="Load from"
    )
    load_to: float = number(
        0.25, 0.0, 1000.0, "Largest load.", step=0.05, lo_open=True, label="Load up to"
    )
    points: int = integer(16, 2, 40, "Loads that are simulated.", label="Points")
    probes: int = integer(
        30, 2, 200, "Recalls of each point; more make smaller error bars.", step=5, label="Probes"
    )
    steps: int = integer(60, 1, 100, "Most updates of a recall.", step=5, label="Steps")
    axis: str = choice("linear", ("linear", "log"), "Spacing of the loads.", label="Axis")
    update: str = choice(
        "sync", ("sync", "async"), "All pixels at once, or one after the other.", label="Update"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.load_from >= self.load_to:
            raise ValueError(
                f"load_from must be < load_to ({self.load_to:g}), got {self.load_from:g}"
            )


class Capacity(NamedTuple):
    """K points, as far as they are done; NaN where not.

    Errors are standard errors over sets of patterns (over probes where a point has one set).
    """

    counts: NDArray[np.int64]  # [K] stored patterns
    loads: Array  # [K] the same over `unit`
    overlap: Array  # [K] of the final state with the picture asked for
    overlap_error: Array
    exact: Array  # [K] share of the probes recalled without a wrong pixel
    exact_error: Array
    first_step: Array  # [K] share of wrong pixels after one update
    first_step_error: Array
    done: int  # points
    total: int
    rule: str
    n: int
    x_title: str  # what `loads` is


class CapacityTheory(NamedTuple):
    """Theory over the same range of loads, G points; None where none is known for the rule."""

    counts: Array  # [G]
    loads: Array  # [G]
    ags: Array | None  # overlap, N → ∞, from the pattern itself
    first_step: Array | None  # share of wrong pixels after one update
    ml_exact: Array  # share that maximum likelihood names right: the bound of every rule
    limits: tuple[theory.Limit, ...]


def unit(n: int, rule: RuleParams) -> tuple[float, str]:
    """How many patterns are load 1, and what the load is called."""
    if rule.rule == "dam":
        return theory.dam_capacity(n, rule.degree, rectified=True), "Patterns / error-free capacity"
    if rule.rule in ("exponential", "modern"):
        return theory.exponential_capacity(n), "Patterns / 2^(N/2)"
    return float(n), "Load P/N"


def default_params(rule: RuleParams) -> CapacityParams:
    """Ranges in which something happens under `rule`, and which a computer can store."""
    first = CapacityParams()
    if rule.rule in ("hebb", "covariance", "covariance-pixel"):
        return first
    if rule.rule == "storkey":
        return replace(first, load_to=0.5)
    if rule.rule == "pseudo-inverse":
        return replace(first, n=300, flips=0.05, load_to=1.0)
    if rule.rule == "dam":  # the N whose error-free capacity is some 200
        n = next(
            n
            for n in range(8, 4001)
            if theory.dam_capacity(n, rule.degree, rectified=True) >= 200 or n == 4000
        )
        return replace(first, n=n, load_from=0.1, load_to=10.0, axis="log", steps=20)
    return replace(first, n=22, load_from=0.005, load_to=4.0, axis="log", steps=20)


def point_counts(params: CapacityParams, rule: RuleParams) -> NDArray[np.int64]:
    """Stored patterns of each point, distinct and rising.

    Raises:
        ValueError: more than `MOST_NUMBERS` numbers would have to be stored.
    """
    p = params
    size, title = unit(p.n, rule)
    space = np.geomspace if p.axis == "log" else np.linspace
    wanted = space(p.load_from, p.load_to, p.points) * size
    most = float(wanted[-1])
    if not most * p.n <= MOST_NUMBERS:
        raise ValueError(
            f"load_to must be <= {MOST_NUMBERS / p.n / size:.3g} ({title}) for N = {p.n:,}: "
            f"{most:.3g} patterns of {p.n:,} pixels cannot be stored; take fewer neurons"
        )
    check_rule(rule, round(most))
    return np.unique(np.maximum(1, np.rint(wanted))).astype(np.int64)


def capacity(
    params: CapacityParams, rule: RuleParams | None = None, *, seed: int = 0
) -> Iterator[Capacity]:
    """The points from the smallest load on; a snapshot after each batch of recalls.

    Each point has `SETS` sets of patterns of its own (fewer if there are fewer probes, or if
    storing costs more than recalling), which share the probes. Near the capacity one set differs
    more from the next than one probe does, so the errors are those between the sets. Probes start
    from stored patterns with `flips` flipped.

    Raises:
        ValueError: at the call, for what cannot be stored.
    """
    how = rule or RuleParams(rule="hebb")
    counts = point_counts(params, how)
    return _capacity(params, how, counts, seed)


def _capacity(
    p: CapacityParams, rule: RuleParams, counts: NDArray[np.int64], seed: int
) -> Iterator[Capacity]:
    size, title = unit(p.n, rule)
    table = np.full((len(counts), 6), np.nan)
    noise, moves = flip_noise(p.flips), dynamics(rule, p.update, p.steps)
    for k, count in enumerate(counts.tolist()):
        batch = max(1, int(BATCH / (4.0 * count * p.n * p.steps)))
        sets = _sets(p, rule, count)
        done: list[list[Outcomes]] = []
        for which, probes_of_set in enumerate(np.array_split(np.arange(p.probes), sets)):
            patterns = fair_patterns(count, p.n, seed, which * len(counts) + k)
            memory = make_memory(patterns, rule, matched(p.flips))
            done.append([])
            for start in range(0, len(probes_of_set), batch):
                number = torch.from_numpy(probes_of_set[start : start + batch])
                asked, samples = number % count, k * p.probes + number
                probes = damage(patterns, noise, targets=asked, seed=seed, samples=samples)
                wanted = patterns.states[asked]
                done[-1].append(outcomes(memory, wanted, probes, moves, seed=seed, samples=samples))
                for column in range(3):
                    values = [np.concatenate([part[column] for part in parts]) for parts in done]
                    table[k, 2 * column : 2 * column + 2] = _over_sets(values)
                last = which == sets - 1 and start + batch >= len(probes_of_set)
                overlap, overlap_e, exact, exact_e, first, first_e = table.T.copy()
                yield Capacity(
                    counts, counts / size, overlap, overlap_e, exact, exact_e, first, first_e,
                    k + last, len(counts), rule.rule, p.n, title,
                )  # fmt: skip


def _sets(p: CapacityParams, rule: RuleParams, count: int) -> int:
    """How many sets of patterns a point has."""
    if count == 1 or rule.rule in ("storkey", "pseudo-inverse") or count > p.n * p.n:
        return 1
    return min(SETS, p.probes // 2)


def _over_sets(values: list[Array]) -> tuple[float, float]:
    """Mean of all probes, and its standard error over sets; over probes of a single set."""
    every = np.concatenate(values)
    if len(values) == 1:
        return mean_error(every)
    means = np.array([each.mean(dtype=np.float64) for each in values])
    return float(every.mean(dtype=np.float64)), mean_error(means)[1]


def capacity_theory(params: CapacityParams, rule: RuleParams | None = None) -> CapacityTheory:
    """The curves over the range of `params`, without simulating anything.

    ags: Hebb's rule, if probes start inside the basin. first_step: exact in the limit of large N
    for Hebb's rule; for the dense memory a first approximation, with the signal of a probe with
    flips lowered to (1 - 2q)^(n-1). ml_exact is exact.
    """
    p, how = params, rule or RuleParams(rule="hebb")
    size, _ = unit(p.n, how)
    space = np.geomspace if p.axis == "log" else np.linspace
    loads = space(p.load_from, p.load_to, _GRID)
    counts = loads * size
    ags = first = None
    if how.rule == "hebb":
        ags = theory.ags_overlap(loads)
        alphas = np.maximum(counts - 1.0, 1e-9) / p.n
        first = np.array([theory.first_step_error(alpha, p.flips) for alpha in alphas])
    elif how.rule == "dam" and not how.centred:
        signal = (1.0 - 2.0 * p.flips) ** (how.degree - 1)
        noise = np.sqrt(
            2.0 * np.maximum(counts, 1.0) / theory.dam_scale(p.n, how.degree, rectified=True)
        )
        first = np.array([0.5 * math.erfc(signal / width) for width in noise])
    best = [theory.ml_exact(max(1, round(count)), p.n, p.flips) for count in counts]
    limits = theory.limits(p.n, how.rule, how.degree)
    return CapacityTheory(counts, loads, ags, first, np.array(best), limits)
