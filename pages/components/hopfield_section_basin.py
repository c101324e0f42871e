"""Section: from how far away is a picture still found? Flips against load, as a map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from pages.components import hopfield_section_base as base
from pages.components.chart import vega_chart
from pages.components.hopfield_section_base import RecallBench
from snncore.hopfield import RuleParams
from snncore.jobs import Progress
from snncore.params import Value
from snncore.plots.hopfield_basin import border, filled, share_map
from snncore.recall_lab import RULES, Ask, load_patterns
from snncore.recall_lab.basin import Basin, BasinParams, basin

KEY = "hop_bas"
_RANDOM = ("n", "load_to", "flips_to", "columns", "rows", "probes", "update")
_OWN = ("flips_to", "columns", "rows", "probes", "update")


class Map(NamedTuple):
    """A map, and what it is of."""

    title: str  # of the memory
    found: Basin


def basins(bench: RecallBench) -> None:
    """Choose patterns and memory, compute, watch the map sharpen."""
    st.markdown(
        "Around every stored picture lies a **basin of attraction**: whatever starts inside falls "
        "back to the picture. Each cell stores as many pictures as its column says, flips the "
        "share of pixels that its row says, and counts how many come back without an error. The "
        "basin shrinks as the load grows, and vanishes at the capacity. The second line is where "
        "the best possible decoder loses half of them: between the two lines the information is "
        "there and the memory does not find it. The map is computed coarse to fine."
    )
    left, right = st.columns([1.4, 1])
    with left:
        what = base.switch("Stored", (base.RANDOM, base.PAGE), f"{KEY}_what")
    with right:
        rule = base.rule_choice(bench, KEY)
    own = what == base.PAGE
    params = base.fields(BasinParams, KEY, _OWN if own else _RANDOM)
    if params is None or (own and not base.two_valued(bench)):
        return
    if own and len(bench.names) < 2:
        base.hint("One picture alone is always found: store at least two, or take random ones.")
        return
    ask, seed = base.stored(bench) if own else None, bench.seed
    here, dark = _here(bench), bench.dark
    size = bench.answer.patterns.states.shape[1] if own else params.n
    found = base.job(
        KEY,
        "Map the basins",
        base.identity("basin", bench, rule, params, ask=ask),
        lambda: _work(params, rule, ask, seed),
        lambda found, current: _draw(found, here if current else None, dark),
        16 * size * (params.probes + 2 * (len(bench.names) if own else int(2 * size))),
    )
    if found is not None:
        base.download("basins", _columns(found.found), KEY)


def link_values() -> dict[str, Value]:
    """What the address must carry beside the numbers."""
    return base.chosen_values({f"{KEY}_what": base.RANDOM, f"{KEY}_rule": base.AS_PAGE})


def _here(bench: RecallBench) -> tuple[float, float] | None:
    """The page's own load and share of flips, where its damage is flips."""
    noise = bench.ask.noise
    count, size = bench.answer.patterns.states.shape
    return (count / size, noise.strength) if noise.kind == "flip" else None


def _work(params: BasinParams, rule: RuleParams, ask: Ask | None, seed: int) -> Iterator[Progress]:
    yield Progress(0.0, "Drawing the patterns")
    patterns = None if ask is None else load_patterns(ask)
    for found in basin(params, rule, patterns, seed=seed):
        words = f"{found.done} of {found.total} cells"
        one = Map(RULES[rule.rule].title, found)
        yield Progress(found.done / max(found.total, 1), words, one)


def _draw(one: Map, here: tuple[float, float] | None, dark: bool) -> None:
    """`here`: load and flips of the page, where the map is of what the page shows now."""
    found = one.found
    x = found.loads
    x_title = f"Load P/N (N = {found.n:,})"
    if found.own:
        x, x_title = np.asarray(found.counts, dtype=np.float64), "Stored pictures P"
    share, bound = filled(found.recalled), filled(found.bound)
    lines = {
        f"Half recalled: {one.title}": (x, border(x, found.flips, share)),
        "Half recalled: best possible": (x, border(x, found.flips, bound)),
    }
    if here is not None and found.own:
        here = (float(found.counts[-1]), here[1])
    spec = share_map(
        x, found.flips, share,
        (x_title, "Share of pixels flipped at the start", "Pictures recalled without an error"),
        lines=lines, here=here, dark=dark,
    )  # fmt: skip
    vega_chart(
        spec=spec,
        alt=f"Map of the share recalled by {one.title} over load and flips, with two borders: "
        "half recalled by this memory, and by the best possible decoder.",
        width="stretch",
    )
    if found.done < found.total:
        st.caption("Open cells look like their nearest neighbour until they are computed.")
    elif "here" in spec["datasets"]:  # it lies on this map
        st.caption("The diamond is the page's own load and flips.")


def _columns(found: Basin) -> dict[str, Any]:
    flips, counts = np.meshgrid(found.flips, found.counts, indexing="ij")
    return {
        "flips": flips,
        "pictures": counts,
        "recalled": found.recalled,
        "best_possible": found.bound,
    }
