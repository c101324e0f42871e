"""The lights of `preflight`: a colour, a number against its limit, and a sentence, for each worry.

Colours: green where theory expects no trouble, amber at its edge, red beyond. Capacities are those
of independent random patterns (`theory`); pictures resemble each other and reach less.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from snncore.hopfield import theory
from snncore.hopfield.noise import NoiseParams

Tensor = torch.Tensor

SURE, RISKY = 1e-3, 0.05  # chance to confuse the two nearest pictures: green below, red above

_HEBB = ("hebb", "covariance", "covariance-pixel")
_SPAN = ("pseudo-inverse", "spiking-attractor")


class Light(NamedTuple):
    """One thing that theory can say in advance."""

    name: str
    title: str
    colour: str  # "green", "amber" or "red"
    value: float
    limit: float  # what `value` is held against
    sentence: str
    matters: bool  # for the chosen rule; the others are shown for comparison


def _colour(value: float, green: float, amber: float) -> str:
    """Small values are good."""
    return "green" if value <= green else "amber" if value <= amber else "red"


def capacity_lights(count: int, n: int, rule: str, degree: int) -> list[Light]:
    """The number of pictures against the capacities of all rules."""
    load, few = count / n, max(n, 2)  # the logarithm of one pixel is no capacity
    most, storkey = theory.mceliece_capacity(few), theory.storkey_capacity(few)
    dam, huge = theory.dam_capacity(few, degree, rectified=True), theory.exponential_capacity(n)
    found = [
        Light(
            "load", "Load against 0.138 N", _colour(load, 0.05, theory.ALPHA_C), load,
            theory.ALPHA_C, f"{count:,} pictures on {n:,} pixels are a load of {load:.3g}; with "
            "random pictures Hebb's rule breaks down at 0.138 (and below 0.05 the pictures are "
            "the deepest states).", rule in _HEBB,
        ),
        Light(
            "errorless", "Without a wrong pixel", _colour(count, most / 2, most), count, most,
            f"Hebb's rule recalls up to {most:,.0f} random pictures of this size without a wrong "
            f"pixel (all of them at once up to {most / 2:,.0f}).", rule in _HEBB,
        ),
        Light(
            "storkey", "Storkey's capacity", _colour(count, storkey / 2, storkey), count, storkey,
            f"Storkey's rule holds up to {storkey:,.0f} random pictures of this size.",
            rule == "storkey",
        ),
        Light(
            "span", "Load against N", "red" if load >= 1 else _colour(load, 0.25, 1.0), load, 1.0,
            f"The pseudo-inverse holds fewer than {n:,} pictures, and corrects 30 % flips up to "
            "about a quarter of that.", rule in _SPAN,
        ),
        Light(
            "dam", f"Dense memory of degree {degree}", _colour(count, dam / 2, dam), count, dam,
            f"A polynomial of degree {degree} recalls up to {dam:,.3g} random pictures without a "
            "wrong pixel; pictures that resemble each other need a higher degree.", rule == "dam",
        ),
        Light(
            "exponential", "Exponential capacity", _colour(count, huge / 2, huge), count, huge,
            "The exponential memories hold about 2^(N/2) random pictures: never the limit here."
            if huge > 1e6 else f"The exponential memories hold about {huge:,.0f} random pictures.",
            rule in ("exponential", "modern", "spiking"),
        ),
    ]  # fmt: skip
    return found


def hebb_lights(
    count: int, n: int, rule: str, row_sum: Tensor, stable: Tensor | None
) -> list[Light]:
    """The row-sum test, and what really stays under Hebb's rule."""
    limit, worst = 1.0 - count / n, float(row_sum.max())
    kept = count if worst < limit else -1 if stable is None else int(stable.sum())
    if worst < limit:
        colour, end = "green", "so every picture certainly stays as it is."
    elif kept == count:
        colour, end = "amber", "so the test promises nothing; yet every picture does stay."
    else:
        colour, end = "red", "so other pictures together outvote a picture's own pixels."
    found = [
        Light(
            "row_sum", "Row-sum test", colour, worst, limit,
            f"The overlaps of one picture with all others add up to {worst:.3g} (at most); Hebb's "
            f"rule is safe below {limit:.3g}, {end}", rule == "hebb",
        )
    ]  # fmt: skip
    if kept >= 0:
        share = kept / count
        found.append(Light(
            "stable", "Pictures that Hebb's rule keeps",
            "green" if kept == count else "amber" if share >= 0.5 else "red", share, 1.0,
            f"{kept:,} of {count:,} pictures stay as they are when the network starts right at "
            "them.", rule == "hebb",
        ))  # fmt: skip
    return found


def rank_lights(count: int, rule: str, rank: int | None) -> list[Light]:
    """Whether the pictures are independent; nothing if that is not known."""
    if rank is None:
        return []
    text = "All pictures are independent of each other."
    if rank < count:
        text = f"Only {rank:,} of {count:,} pictures are independent: the rest are combinations, "
        text += "and the pseudo-inverse keeps every combination as well."
    colour = "green" if rank == count else "amber"
    return [Light("rank", "Independent pictures", colour, rank, count, text, rule in _SPAN)]


def nearness_lights(
    squared: float,
    pair: tuple[int, int],
    doubles: int,
    near: int,
    *,
    mode: str,
    n: int,
    noise: NoiseParams | None,
) -> list[Light]:
    """How near the nearest pair is, in `squared` distance, and what the noise makes of it."""
    a, b = pair
    how = noise or NoiseParams(kind="flip" if mode == "binary" else "gaussian", strength=0.3)
    d = round(squared / 4.0) if mode == "binary" else math.sqrt(squared / n)
    apart = f"differ in {d:,} of {n:,} pixels" if mode == "binary" else f"differ by {d:.3g} (rms)"
    text = f"The two nearest pictures (number {a + 1} and {b + 1}) {apart}"
    chance, needed = _chance(squared, mode, n, how)
    if chance is None:
        colour, text = "green" if squared > 0 else "red", text + "."
    else:
        colour = "green" if chance <= SURE else "amber" if chance <= RISKY else "red"
        often = "practically never" if chance < 1e-9 else f"in {100 * chance:.2g} % of cases"
        text += f"; with this noise the best method confuses them {often}."
    lights = [Light("distance", "Nearest pair", colour, d, needed, text, True)]
    text = "No picture is stored twice."
    if near:
        text = f"{doubles:,} pictures are stored twice or more, and {near:,} differ "
        text += "from another by less than 1 %: noise makes them one picture."
    lights.append(
        Light("duplicates", "Doubles", "amber" if near else "green", near, 0.0, text, True)
    )
    return lights


def _chance(squared: float, mode: str, n: int, noise: NoiseParams) -> tuple[float | None, float]:
    """Chance to confuse two pictures, and the distance that makes it `SURE`; None: not known."""
    flips = {
        "flip": noise.strength,
        "reassign": noise.strength / 2,
        "salt_pepper": noise.strength / 2,
    }
    if mode == "binary" and noise.kind in flips:
        q = min(flips[noise.kind], 1.0 - flips[noise.kind])
        distance = round(squared / 4.0)
        if q == 0.0 or q == 0.5:
            return theory.confusion(distance, q), 1.0 if q == 0.0 else float(n)
        low, high = 1, n  # odd distances, on which the chance falls steadily
        while low < high:
            middle = (low + high) // 2
            sure = theory.confusion(2 * (middle // 2) + 1, q) <= SURE
            low, high = (low, middle) if sure else (middle + 1, high)
        return theory.confusion(distance, q), float(low)
    if noise.kind == "gaussian" and noise.strength > 0:  # Φ(-|x - y|/2σ)
        far = 2.0 * noise.strength * 3.0902  # Φ(-3.0902) = 0.001
        chance = 0.5 * math.erfc(math.sqrt(squared) / (2.0 * noise.strength) / math.sqrt(2.0))
        return chance, far * far / 4.0 if mode == "binary" else far / math.sqrt(n)
    return None, 0.0
