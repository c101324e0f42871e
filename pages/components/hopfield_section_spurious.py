"""Section: states that nobody stored, where a memory comes to rest all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from pages.components import hopfield_section_base as base
from pages.components.hopfield_section_base import RecallBench
from pages.components.picture import picture
from snncore.hopfield import RuleParams
from snncore.jobs import Progress
from snncore.params import Value
from snncore.plots.hopfield_compare import thumbnail
from snncore.recall_lab import RULES, Ask, load_patterns
from snncore.recall_lab.spurious import KINDS, TITLES, Spurious, SpuriousParams, spurious

KEY, JOB = "hop_spur", "hop_states"  # SpuriousParams has a field "start"
_SHOWN = 12  # pictures


class States(NamedTuple):
    """What was found, with little pictures in place of whole states."""

    title: str  # of the memory
    found: Spurious  # its states are taken out
    pngs: tuple[bytes, ...]
    own: bool


def finder(bench: RecallBench) -> None:
    """Start from everywhere, run to rest, name what is found."""
    st.markdown(
        "A memory comes to rest in more states than were stored. With Hebb's rule each picture's "
        "**negative** is as deep as itself; the sign of the sum of three pictures is a **mixture** "
        "that overlaps with each by about ½ and lies at −0.375 per pixel where a picture lies at "
        "−0.5 (random patterns, Amit, Gutfreund & Sompolinsky 1985); beyond these, random "
        "patterns have **spin-glass** states that look like nothing stored, and pictures that "
        "share a part have **other states**: what they share, or its negative. The finder starts "
        "many times, runs to rest and names where it landed. Kinds are told by overlaps, so for "
        "pictures that look alike the border between a mixture and another state is a convention."
    )
    left, right = st.columns([1.4, 1])
    with left:
        what = base.switch("Stored", (base.PAGE, base.RANDOM), f"{KEY}_what")
    with right:
        rule = base.rule_choice(bench, KEY, graded=False)
    own = what == base.PAGE
    params = base.fields(SpuriousParams, KEY, ("starts", "start", "steps", "update"), columns=2)
    if params is None:
        return
    if own and not base.two_valued(bench):
        return
    ask = base.stored(bench) if own else None
    seed, title = bench.seed, RULES[rule.rule].title
    size = bench.answer.patterns.states.shape[1] if own else 1024
    found = base.job(
        JOB,
        "Find the states",
        base.identity("spurious", bench, rule, params, ask=ask),
        lambda: _work(params, rule, ask, seed, title),
        lambda states, _: _draw(states),
        16 * size * params.starts,
    )
    if found is not None:
        base.download("spurious", _columns(found.found), KEY)


def link_values() -> dict[str, Value]:
    """What the address must carry beside the numbers."""
    return base.chosen_values({f"{KEY}_what": base.PAGE, f"{KEY}_rule": base.AS_PAGE})


def _work(
    params: SpuriousParams, rule: RuleParams, ask: Ask | None, seed: int, title: str
) -> Iterator[Progress]:
    yield Progress(0.0, "Storing the pictures")
    patterns = None if ask is None else load_patterns(ask)
    for found in spurious(params, rule, patterns, seed=seed):
        words = f"{found.done} of {found.total} starts"
        yield Progress(found.done / max(found.total, 1), words, _small(found, title, ask))


def _small(found: Spurious, title: str, ask: Ask | None) -> States:
    pngs = tuple(thumbnail(states, tuple(found.shape), side=96) for states in found.states[:_SHOWN])
    return States(title, found._replace(states=found.states[:0]), pngs, ask is not None)


def _draw(states: States) -> None:
    found = states.found
    if not found.done:
        return
    lines = [["Where it came to rest", "Starts", "Different states", "Energy per pixel"]]
    for k, kind in enumerate(KINDS):
        if found.share[k] <= 0:
            continue
        lines.append(
            [
                _title(kind, states.own),
                base.percent(float(found.share[k])),
                str(int(found.kind_states[k])),
                base.number(float(found.kind_energy[k]), 3),
            ]
        )
    base.grid(lines)
    st.caption(
        f"{states.title}: {found.done:,} starts, {found.found:,} different states. "
        + ("The page's pictures." if states.own else "Five random patterns of 1,024 pixels.")
    )
    if states.pngs:
        st.markdown("**The most frequent states**")
    with st.container(horizontal=True, gap="small", key=f"{KEY}_strip"):
        for k, png in enumerate(states.pngs):
            words = _name(found, k, states.own)
            picture(
                png,
                caption=f"{words} · {base.percent(found.counts[k] / found.done)}",
                width=112,
                alt=f"State {k + 1}: {words}, energy {base.number(float(found.energy[k]), 3)}",
            )


def _title(kind: str, own: bool) -> str:
    """Spin glasses are of random patterns; pictures that are alike have states of what they share.

    Args:
        own: the stored patterns are the page's pictures.
    """
    return "Other state" if own and kind == "other" else TITLES[kind]


def _name(found: Spurious, k: int, own: bool) -> str:
    kind = found.kind[k]
    if kind.startswith("mixture"):
        return f"{TITLES[kind]} of " + ", ".join(str(n + 1) for n in found.mix[k])
    if kind in ("stored", "near", "inverted"):
        return f"{TITLES[kind]} {int(found.nearest[k]) + 1}"
    return f"{_title(kind, own)}, overlap {base.number(float(found.overlap[k]), 2)}"


def _columns(found: Spurious) -> dict[str, Any]:
    return {
        "kind": np.array([str(kind) for kind in found.kind]),
        "count": found.counts,
        "energy_per_pixel": found.energy,
        "largest_overlap": found.overlap,
        "nearest": np.asarray(found.nearest) + 1,
    }
