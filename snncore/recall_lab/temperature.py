"""Recall in the warmth: overlap with a stored picture over temperature and load, and its theory.

Each cell starts at stored pictures and lets the network run at its temperature; the overlap is the
mean over the second half of the sweeps. Theory for Hebb's rule and random patterns, N → ∞ (Amit,
Gutfreund & Sompolinsky 1987): retrieval states exist below T_M, are the deepest below T_c, and
pixels freeze below T_g. With one pixel after the other the network samples exp(-E/T); all at once
(Little 1974) has other equations at finite load but the same m = tanh(m/T) for few patterns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.hopfield import theory
from snncore.hopfield.dynamics import DynamicsParams, settle
from snncore.hopfield.memory import Memory
from snncore.hopfield.patterns import Patterns
from snncore.hopfield.rules import GRADED_RULES, RuleParams, make_memory
from snncore.params import Params, choice, integer, number
from snncore.recall_lab.trials import (
    check_binary,
    check_rule,
    coarse_to_fine,
    fair_patterns,
    spread,
)

Array = NDArray[np.float64]
MOST = 2e11  # pixel visits × patterns of a whole diagram at most
RANDOM = 200.0  # what the random numbers of a visit cost, in products
_GRID = 121  # points of the theory lines
_MARKS = 76  # temperatures of a dial


@dataclass(frozen=True)
class TemperatureParams(Params):
    """Which cells, and how long each is kept warm.

    A diagram of more than `MOST` visits is refused; the cells come from coarse to fine as they are
    done.
    """

    n: int = integer(
        400, 100, 2000, "Neurons, for random patterns.", step=100, label="Neurons N"
    )  # fmt: skip
    load_to: float = number(
        0.2, 0.01, 0.5, "Largest load P/N, for random patterns.", step=0.05, label="Load up to"
    )
    temperature_to: float = number(
        1.2, 0.1, 2.0, "Highest temperature, in units of the field at a picture.", step=0.1,
        label="Temperature up to",
    )  # fmt: skip
    columns: int = integer(13, 2, 30, "Loads.", label="Columns")
    rows: int = integer(13, 2, 30, "Temperatures.", label="Rows")
    probes: int = integer(8, 2, 50, "Recalls of each cell.", label="Probes per cell")
    sweeps: int = integer(
        40, 10, 400, "Updates of every pixel; the second half is averaged.", step=10, label="Sweeps"
    )
    update: str = choice(
        "async", ("async", "sync"), "One pixel after the other, or all at once.", label="Update"
    )


class Phase(NamedTuple):
    """R temperatures times C loads; NaN in cells that are not done."""

    temperatures: Array  # [R]
    loads: Array  # [C]
    counts: NDArray[np.int64]  # [C] stored pictures
    overlap: Array  # [R, C] with the picture that the recall started from
    done: int  # cells
    total: int
    n: int
    rule: str
    own: bool  # the user's pictures


class PhaseTheory(NamedTuple):
    """The lines of Hebb's rule over G loads."""

    loads: Array
    retrieval: Array  # T_M: 0 beyond load 0.138
    ground: Array  # T_c
    spin_glass: Array  # T_g


class Dial(NamedTuple):
    """Overlap as a function of temperature, K of them."""

    temperatures: Array
    theory: Array  # Hebb's rule at this load
    tanh: Array  # few patterns


def phase(
    params: TemperatureParams | None = None,
    rule: RuleParams | None = None,
    patterns: Patterns | None = None,
    *,
    seed: int = 0,
) -> Iterator[Phase]:
    """The diagram from coarse to fine; a snapshot after each cell.

    Args:
        patterns: the user's own, binary; columns then store the first 1, …, P of them.

    Raises:
        ValueError: at the call, for grey pictures, a memory without a temperature, or too much.
    """
    p, how = params or TemperatureParams(), rule or RuleParams(rule="hebb")
    if how.rule in GRADED_RULES:
        raise ValueError(
            f"rule must have states of black and white, got {how.rule}: its temperature is 1/β; "
            "choose another rule"
        )
    if patterns is None:
        n = p.n
        wanted = np.linspace(0.0, p.load_to, p.columns) * n
        counts = np.unique(np.maximum(1, np.rint(wanted))).astype(np.int64)
    else:
        check_binary(patterns, "a phase diagram")
        most, n = patterns.states.shape
        counts = np.unique(np.rint(np.linspace(1, most, p.columns))).astype(np.int64)
    check_rule(how, int(counts[-1]))
    visits = float(n) * p.rows * p.probes * p.sweeps
    work = visits * (float(counts.sum()) + RANDOM * len(counts))
    if work > MOST:
        raise ValueError(
            f"the diagram must be smaller ({work / MOST:.2g} times too much work); take fewer "
            "cells, probes, sweeps or pixels"
        )
    stored = patterns or fair_patterns(int(counts[-1]), n, seed)
    return _phase(p, how, stored, counts, seed, patterns is not None)


def _phase(
    p: TemperatureParams, rule: RuleParams, stored: Patterns, counts: NDArray[np.int64],
    seed: int, own: bool,
) -> Iterator[Phase]:  # fmt: skip
    n = stored.states.shape[1]
    temperatures = np.linspace(0.0, p.temperature_to, p.rows)
    overlap = np.full((p.rows, len(counts)), np.nan)
    cells = coarse_to_fine(p.rows, len(counts))
    memory, kept = None, -1
    for done, (row, column) in enumerate(cells, start=1):
        if memory is None or kept != column:
            part = stored._replace(states=stored.states[: int(counts[column])])
            memory, kept = make_memory(part, rule), column
        how = DynamicsParams(
            update=p.update, steps=p.sweeps, temperature=float(temperatures[row])
        )  # fmt: skip
        overlap[row, column] = warm_overlap(
            memory, part, how, p.probes, seed, row * len(counts) + column
        )
        yield Phase(
            temperatures, counts / n, counts, overlap.copy(), done, len(cells), n, rule.rule, own
        )


def warm_overlap(
    memory: Memory, patterns: Patterns, how: DynamicsParams, probes: int, seed: int, number: int = 0
) -> float:
    """Mean overlap of `probes` recalls with the picture each started from, second half of the run.

    A run that comes to rest before (T = 0) counts with where it rests. `number` tells the draws
    of different cells apart.
    """
    asked = spread(len(patterns.states), probes).to(patterns.states.device)
    wanted = patterns.states[asked].to(torch.float32)
    samples = number * probes + torch.arange(probes)
    total, counted, now = 0.0, 0, 0.0
    for step in settle(memory, wanted, how, seed=seed, samples=samples):
        if (step.step and not how.temperature) or 2 * step.step > how.steps:
            now = float((step.states * wanted).mean())
        if how.temperature and 2 * step.step > how.steps:
            total, counted = total + now, counted + 1
    return total / counted if counted else now


def phase_theory(load_to: float = 0.2) -> PhaseTheory:
    """The lines from load 0 to `load_to`, which is > 0."""
    if not 0.0 < load_to <= 10.0:
        raise ValueError(f"load_to must be in (0, 10], got {load_to}")
    loads = np.linspace(0.0, load_to, _GRID)
    return PhaseTheory(
        loads,
        theory.ags_temperature(loads),
        theory.ground_temperature(loads),
        theory.spin_glass_temperature(loads),
    )


def dial(load: float, temperature_to: float = 1.5) -> Dial:
    """m(T) of Hebb's rule at one load, from T = 0."""
    temperatures = np.linspace(0.0, temperature_to, _MARKS)
    warm = theory.ags_overlap(load, temperatures)
    return Dial(temperatures, warm, theory.tanh_overlap(temperatures))
