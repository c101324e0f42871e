"""Basins of attraction as a map: share of pictures recalled over flips and stored pictures.

Random patterns, or the first ones of the user's own. A cell starts from stored pictures with its
share of pixels flipped, and counts those that come back without a wrong pixel. Beside it stands the
share that maximum likelihood names right: between the two the probe still knows its picture, and
the memory does not find it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.hopfield import theory
from snncore.hopfield.bound import bound, same_picture
from snncore.hopfield.memory import Memory
from snncore.hopfield.noise import damage
from snncore.hopfield.patterns import Patterns
from snncore.hopfield.rules import RuleParams, make_memory
from snncore.params import Params, choice, integer, number
from snncore.recall_lab.trials import (
    check_binary,
    check_rule,
    coarse_to_fine,
    dynamics,
    fair_patterns,
    flip_noise,
    matched,
    outcomes,
    spread,
)

Array = NDArray[np.float64]
MOST = 4e12  # products of a whole map at most
ASYNC = 20.0  # how much dearer a product is when pixels move one after the other


@dataclass(frozen=True)
class BasinParams(Params):
    """Which cells, and how many recalls each.

    A map of more than `MOST` products is refused; the cells come from coarse to fine as they are
    done.
    """

    n: int = integer(
        400, 100, 2000, "Neurons, for random patterns.", step=100, label="Neurons N"
    )  # fmt: skip
    flips_to: float = number(
        0.5, 0.05, 0.5, "Largest share of flipped pixels.", step=0.05, label="Flips up to"
    )
    load_to: float = number(
        0.2, 0.01, 2.0, "Largest load P/N, for random patterns.", step=0.05, label="Load up to"
    )
    columns: int = integer(17, 2, 33, "Loads.", label="Columns")
    rows: int = integer(17, 2, 33, "Shares of flipped pixels.", label="Rows")
    probes: int = integer(20, 2, 100, "Recalls of each cell.", step=5, label="Probes per cell")
    steps: int = integer(40, 1, 100, "Most updates of a recall.", step=5, label="Steps")
    update: str = choice(
        "sync", ("sync", "async"), "All pixels at once, or one after the other.", label="Update"
    )


class Basin(NamedTuple):
    """R shares of flips times C numbers of pictures; NaN in cells that are not done."""

    flips: Array  # [R]
    counts: NDArray[np.int64]  # [C] stored pictures
    loads: Array  # [C] the same over N
    recalled: Array  # [R, C] share of the probes without a wrong pixel at the end
    bound: Array  # [R, C] share that maximum likelihood names right
    done: int  # cells
    total: int
    rule: str
    n: int
    own: bool  # the user's pictures


def basin(
    params: BasinParams,
    rule: RuleParams | None = None,
    patterns: Patterns | None = None,
    *,
    seed: int = 0,
) -> Iterator[Basin]:
    """The map from coarse to fine; a snapshot after each cell.

    Args:
        patterns: the user's own, binary; columns then store the first 1, …, P of them.

    Raises:
        ValueError: at the call, for grey pictures or for what would take too long.
    """
    p, how = params, rule or RuleParams(rule="hebb")
    if patterns is None:
        wanted = np.linspace(p.load_to / p.columns, p.load_to, p.columns) * p.n
        counts = np.unique(np.maximum(1, np.rint(wanted))).astype(np.int64)
        n = p.n
    else:
        check_binary(patterns, "a map of basins")
        most, n = patterns.states.shape
        counts = np.unique(np.rint(np.linspace(1, most, p.columns))).astype(np.int64)
    check_rule(how, int(counts[-1]))
    work = 4.0 * n * float(counts.sum()) * p.rows * p.probes * p.steps
    work *= ASYNC if p.update == "async" else 1.0
    if work > MOST:
        raise ValueError(
            f"the map must be smaller (columns × rows × probes × steps × patterns × pixels is "
            f"{work / MOST:.2g} times too many); take fewer cells, probes or pixels"
            + (", or update all pixels at once" if p.update == "async" else "")
        )
    stored = patterns or fair_patterns(int(counts[-1]), n, seed)
    return _basin(p, how, stored, counts, seed, patterns is not None)


def _basin(
    p: BasinParams, rule: RuleParams, stored: Patterns, counts: NDArray[np.int64], seed: int,
    own: bool,
) -> Iterator[Basin]:  # fmt: skip
    n = stored.states.shape[1]
    flips = np.linspace(0.0, p.flips_to, p.rows)
    recalled = np.full((p.rows, len(counts)), np.nan)
    best = recalled.copy()
    cells = coarse_to_fine(p.rows, len(counts))
    memory, kept = None, (-1, -1.0)
    for done, (row, column) in enumerate(cells, start=1):
        count, q = int(counts[column]), float(flips[row])
        part = stored._replace(states=stored.states[:count], names=stored.names[:count])
        # Only the softmax memory looks at the noise: its sharpness is matched to it.
        now = (column, q if rule.rule == "modern" else -1.0)
        if memory is None or now != kept:
            memory, kept = make_memory(part, rule, matched(q)), now
        recalled[row, column], best[row, column] = _cell(
            p, rule, memory, part, q, seed, row * len(counts) + column, own
        )
        yield Basin(
            flips, counts, counts / n, recalled.copy(), best.copy(), done, len(cells), rule.rule,
            n, own,
        )  # fmt: skip


def _cell(
    p: BasinParams, rule: RuleParams, memory: Memory, part: Patterns, flips: float, seed: int,
    number: int, own: bool,
) -> tuple[float, float]:  # fmt: skip
    """Share recalled, and share that maximum likelihood names right."""
    noise, (count, n) = flip_noise(flips), part.states.shape
    asked = spread(count, p.probes).to(part.states.device)
    samples = number * p.probes + torch.arange(p.probes)
    probes = damage(part, noise, targets=asked, seed=seed, samples=samples)
    found = outcomes(
        memory, part.states[asked], probes, dynamics(rule, p.update, p.steps),
        seed=seed, samples=samples,
    )  # fmt: skip
    if own:
        named = bound(part, probes, noise).picture
        best = float(same_picture(part, named, asked).to(torch.float32).mean())
    else:
        best = theory.ml_exact(count, n, flips)
    return float(found.exact.mean()), best
