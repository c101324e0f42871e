"""How large a recall is and how long it takes, before anything of it is computed."""

from __future__ import annotations

from typing import NamedTuple

from pages.components.hopfield_kept import LARGEST
from pages.components.hopfield_params import MAX_CELLS
from snncore import datasets
from snncore.hopfield.patterns import MAX_SIDE
from snncore.hopfield.pictures import scaled_shape
from snncore.hopfield.preflight import MOST_STABLE
from snncore.recall_lab import RANDOM, RULES, Ask
from snncore.recall_lab.networks import MOMENTS
from snncore.recall_lab.recall import POSTERIOR
from snncore.recall_lab.traces import RECORD_BYTES

# Seconds of one core, measured on a loaded server with two (the corners of the tests among them).
# For everything; for a number of a stored picture (P·N: loading, copies, checks); for P²N of the
# lights, whole or, beyond MOST_STABLE, the table of overlaps alone.
_BASE_S, _STORED_S = 0.016, 7e-8
_LIGHTS_S, _OVERLAPS_S = 1.5e-10, 2.5e-11
# For a number of a probe (B·N) and for that times the stored pictures (B·P·N): in the damage, the
# bound and the scores; for an update; for a visit of a sweep, where sums of powers take longer; for
# a time step of each kind of spiking cells. Random draws cost each number that they are for.
_CELL_S, _PAIR_S = 1.3e-7, 2.8e-10
_STEP_CELL_S, _STEP_PAIR_S = 3e-8, 8e-11
_VISIT_CELL_S, _VISIT_S = 7e-8, 4e-10
_VISIT_POWER_S = {"dam": 5e-9, "exponential": 1.5e-9}
_SPIKE_CELL_S, _SPIKE_PAIR_S = 1.2e-8, 1.6e-10
_ATTRACTOR_CELL_S, _ATTRACTOR_PAIR_S = 3.5e-8, 1e-10
_DRAW_S, _SEED_S = 8e-8, 1e-7
# To learn: Storkey's rule for P²N, the pseudo-inverse for the smaller table of overlaps.
_STORKEY_S, _INVERSE_BASE_S, _INVERSE_S = 3.7e-9, 0.1, 3e-10


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
    cure = "choose a smaller size, fewer pictures or fewer draws"
    for what, count in (("stored", size.patterns), ("asked", size.probes)):
        cells = count * size.pixels
        if cells > MAX_CELLS:
            raise ValueError(
                f"pictures {what} × numbers of each must be <= {MAX_CELLS:,} on this page, got "
                f"{count:,} × {size.pixels:,} = {cells:,}; {cure}"
            )
    held = held_bytes(ask)
    if held > LARGEST:
        raise ValueError(
            f"an answer on this page may take at most {LARGEST >> 20} MB of memory, this one would "
            f"take about {held / 2**20:,.0f}; {cure}"
        )
    seconds = estimate_seconds(ask)
    if seconds > LONGEST_S:
        raise ValueError(
            f"a recall on this page must take at most {LONGEST_S / 60:.0f} minutes, this one would "
            f"take about {seconds / 60:,.0f}; choose fewer pictures, a smaller size or fewer steps"
        )


def held_bytes(ask: Ask) -> int:
    """About how many bytes the answer takes; what comes to rest earlier takes less."""
    size, rule = size_of(ask), RULES[ask.rule]
    one = 1 if ask.mode == "binary" else 4  # of a stored or answered number
    each = 4 + 1 + one + one  # the probe, what of it is known, the answer, the best answer
    each += one if rule.own else 0  # the readout
    each += 1 if ask.noise.kind == "occlude" else 0  # what was painted over
    posterior = size.probes * size.patterns
    moments = MOMENTS + 2 if rule.own else 1 + (ask.recall.steps or rule.steps)
    return (
        each * size.probes * size.pixels
        + one * size.patterns * size.pixels
        + (4 * posterior if posterior <= POSTERIOR else 0)
        + 12 * moments * size.probes
        + (RECORD_BYTES if rule.own else 0)
    )


def estimate_seconds(ask: Ask) -> float:
    """About how long a recall takes one core, its damage, bound, scores and lights included.

    It supposes that every update that is allowed is made; most networks rest earlier.
    """
    size, rule = size_of(ask), RULES[ask.rule]
    cells = size.probes * size.pixels
    pairs = cells * size.patterns
    square = size.patterns**2 * size.pixels
    lights = _LIGHTS_S if ask.mode == "binary" and square <= MOST_STABLE else _OVERLAPS_S
    seconds = _BASE_S + _STORED_S * size.patterns * size.pixels + lights * square
    seconds += _CELL_S * cells + _PAIR_S * pairs
    if rule.own == "spiking":
        step = _SPIKE_CELL_S * cells + _SPIKE_PAIR_S * pairs
        return seconds + ask.spiking.steps(ask.mode) * step
    if rule.own == "attractor":
        step = _ATTRACTOR_CELL_S * cells + _ATTRACTOR_PAIR_S * pairs
        return seconds + ask.attractor.time_steps * step
    if rule.family == "seed":
        return seconds + _SEED_S * cells
    if ask.rule == "storkey":
        seconds += _STORKEY_S * square
    elif ask.rule == "pseudo-inverse":
        less, more = sorted((size.patterns, size.pixels))
        seconds += _INVERSE_BASE_S + _INVERSE_S * less**2 * (less + more)
    step = _STEP_CELL_S * cells + _STEP_PAIR_S * pairs
    if "update" in rule.settings:
        if ask.recall.update == "async":
            step = _VISIT_CELL_S * cells + _VISIT_POWER_S.get(ask.rule, _VISIT_S) * pairs
        elif ask.recall.update == "block":
            step += _DRAW_S * cells
        step += _DRAW_S * cells if ask.recall.temperature else 0.0
    return seconds + (ask.recall.steps or rule.steps) * step
