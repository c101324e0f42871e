"""How large a recall is and how long it takes, before anything of it is computed."""

from __future__ import annotations

from typing import NamedTuple

from pages.components.hopfield_params import MAX_CELLS
from snncore import datasets
from snncore.hopfield.patterns import MAX_SIDE
from snncore.hopfield.pictures import scaled_shape
from snncore.recall_lab import RANDOM, RULES, Ask

# Seconds of one core, measured on a server with two: for everything; for a number of a probe (B·N)
# and for that times the stored pictures (B·P·N), in the damage, the bound and the scores; the same
# for an update, for a visit of a sweep (polynomial and exponential memories: of powers), and for
# a time step of spiking cells; and to store pictures.
_BASE_S, _CELL_S, _PAIR_S = 0.006, 1.3e-7, 2.8e-10
_STEP_CELL_S, _STEP_PAIR_S = 6e-9, 1.8e-10
_VISIT_S, _VISIT_DENSE_S = 4e-10, 4.5e-9
_SPIKE_CELL_S, _SPIKE_PAIR_S = 7e-9, 1.2e-10
_SEED_S, _SETUP_S = 1e-7, 1e-10


LONGEST_S = 900.0  # of one core; the server ends a computation after twice that


class Size(NamedTuple):
    """What a recall works on."""

    patterns: int  # P
    pixels: int  # N, numbers of a picture
    probes: int  # B


def size_of(ask: Ask) -> Size:
    """P, N and B of `ask`; duplicates, which may be left out, are counted."""
    p = ask.patterns
    if ask.dataset == RANDOM:
        count, shape = p.count, (p.size or 32, p.size or 32)
    else:
        images = datasets.load(ask.dataset, "test" if ask.split == "test" else "train").images
        count = len(ask.chosen) or max(0, min(p.count, len(images) - p.offset))
        shape = scaled_shape(images.shape[1:3], p.size, MAX_SIDE)
    count += len(ask.own)
    pixels = shape[0] * shape[1] * (3 if p.mode == "rgb" else 1)
    probes = 1 if ask.drawing is not None else count * ask.draws
    return Size(count, pixels, probes)


def check_size(ask: Ask) -> None:
    """Raises ValueError, with the cure, where one run would hold too much or take too long."""
    size = size_of(ask)
    cells = size.probes * size.pixels
    if cells > MAX_CELLS:
        raise ValueError(
            f"pictures asked × numbers of each must be <= {MAX_CELLS:,} on this page, got "
            f"{size.probes:,} × {size.pixels:,} = {cells:,}; choose a smaller size, fewer pictures "
            "or fewer draws"
        )
    seconds = estimate_seconds(ask)
    if seconds > LONGEST_S:
        raise ValueError(
            f"a recall on this page must take at most {LONGEST_S / 60:.0f} minutes, this one would "
            f"take about {seconds / 60:,.0f}; choose fewer pictures, a smaller size or fewer steps"
        )


def estimate_seconds(ask: Ask) -> float:
    """About how long a recall takes one core, its damage, bound and scores included.

    It supposes that every update that is allowed is made; most networks rest earlier.
    """
    size, rule = size_of(ask), RULES[ask.rule]
    cells = size.probes * size.pixels
    pairs = cells * size.patterns
    seconds = _BASE_S + _CELL_S * cells + _PAIR_S * pairs
    if rule.own:
        steps = ask.spiking.steps(ask.mode) if rule.own == "spiking" else ask.attractor.time_steps
        return seconds + steps * (_SPIKE_CELL_S * cells + _SPIKE_PAIR_S * pairs)
    if rule.family == "seed":
        return seconds + _SEED_S * cells
    seconds += _SETUP_S * size.patterns**2 * (size.pixels + size.patterns)
    if ask.recall.update == "async" and "update" in rule.settings:
        visit = _VISIT_DENSE_S if ask.rule in ("dam", "exponential") else _VISIT_S
        return seconds + (ask.recall.steps or rule.steps) * visit * pairs
    step = _STEP_CELL_S * cells + _STEP_PAIR_S * pairs
    return seconds + (ask.recall.steps or rule.steps) * step
