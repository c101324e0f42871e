"""What the instruments share: random patterns, and a batch of recalls reduced to three numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import rng
from snncore.hopfield.dynamics import DynamicsParams, settle
from snncore.hopfield.memory import Memory
from snncore.hopfield.noise import NoiseParams
from snncore.hopfield.patterns import Patterns
from snncore.hopfield.probes import Probes
from snncore.hopfield.rules import GRADED_RULES, RuleParams

Tensor = torch.Tensor
Array = NDArray[np.float64]

MOST_LEARNED = 2_000  # pictures of the rules that need P³ or P²N steps to learn them
_SLOW_TO_LEARN = ("pseudo-inverse", "storkey")


class Outcomes(NamedTuple):
    """B recalls."""

    overlap: Array  # [B] of the final state with the picture asked for
    exact: NDArray[np.bool_]  # [B] without one wrong pixel
    first_wrong: Array  # [B] share of wrong pixels after one update


def fair_patterns(count: int, n: int, seed: int, number: int = 0) -> Patterns:
    """`count` patterns of n fair pixels, int8 [count, n], 32 pixels from each random word.

    The first ones of many are the same as few. `number` 0..65535 tells sets apart.
    """
    words = rng.draws(
        seed, rng.stream("patterns", number), torch.arange(count), -(-n // 32), 1
    )[0]  # fmt: skip
    low = np.ascontiguousarray(words.numpy().astype("<u4"))
    bits = np.unpackbits(low.view(np.uint8), axis=1, bitorder="little", count=n)
    states = torch.from_numpy(bits.astype(np.int8) * 2 - 1)
    return Patterns(states, (1, n), tuple(f"random {k + 1}" for k in range(count)))


def flip_noise(flips: float) -> NoiseParams:
    """Flipped pixels, as `damage` takes them."""
    return NoiseParams(kind="flip", strength=flips)


def matched(flips: float) -> NoiseParams:
    """The damage to which a softmax memory is matched; half of the pixels flipped match no β."""
    return flip_noise(min(flips, 0.499))


def check_binary(patterns: Patterns, what: str) -> None:
    """ValueError for grey or coloured pictures."""
    if patterns.mode != "binary":
        raise ValueError(
            f"patterns must be binary for {what}, got {patterns.mode}: it counts flipped pixels; "
            "make the pictures black and white"
        )


def check_rule(rule: RuleParams, count: int) -> None:
    """ValueError where learning alone would take long."""
    if rule.rule in _SLOW_TO_LEARN and count > MOST_LEARNED:
        raise ValueError(
            f"patterns must be <= {MOST_LEARNED:,} for {rule.rule}, got {count:,}; lower the load "
            "or the number of pixels"
        )


def dynamics(rule: RuleParams, update: str, steps: int) -> DynamicsParams:
    """The update asked for; a graded memory knows only the one of all pixels at once."""
    return DynamicsParams(update="sync" if rule.rule in GRADED_RULES else update, steps=steps)


def outcomes(
    memory: Memory,
    wanted: Tensor,
    probes: Probes,
    how: DynamicsParams,
    *,
    seed: int,
    samples: Tensor,
) -> Outcomes:
    """Let the memory settle from `probes`, and compare with the ±1 pictures `wanted` [B, N].

    The draws of a probe depend on (seed, its number in `samples`). A graded answer counts by its
    sign.
    """
    right = torch.zeros(len(wanted))
    first = right
    for step in settle(memory, probes, how, seed=seed, samples=samples):
        right = ((step.states > 0) == (wanted > 0)).to(torch.float32).mean(dim=1).cpu()
        if step.step == 1:
            first = right
    shares = right.numpy().astype(np.float64)
    return Outcomes(2.0 * shares - 1.0, shares == 1.0, 1.0 - first.numpy().astype(np.float64))


def spread(count: int, probes: int) -> Tensor:
    """Which of `count` pictures each probe asks for, int64 [probes]: all equally often, or some."""
    if probes >= count:
        return torch.arange(probes) % count
    return torch.arange(probes) * count // probes


def coarse_to_fine(rows: int, columns: int) -> list[tuple[int, int]]:
    """All cells of a map: first every eighth of both axes, then the fourths, halves and the rest.

    Within a level column by column, so that a memory serves its column in one go.
    """
    level = {}
    for row in range(rows):
        for column in range(columns):
            stride = next(s for s in (8, 4, 2, 1) if row % s == 0 and column % s == 0)
            level[row, column] = -stride
    return sorted(level, key=lambda cell: (level[cell], cell[1], cell[0]))


def mean_error(values: NDArray[np.floating] | NDArray[np.bool_]) -> tuple[float, float]:
    """Mean and its standard error; NaN for the error of one value."""
    found = np.asarray(values, dtype=np.float64)
    if found.size < 2:
        return float(found.mean()), float("nan")
    return float(found.mean()), float(found.std(ddof=1) / np.sqrt(found.size))
