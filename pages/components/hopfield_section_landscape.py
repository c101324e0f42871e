"""Section: the energy over two overlaps, the recall's own way, the barrier between two pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from pages.components import hopfield_section_base as base
from pages.components.chart import vega_chart
from pages.components.hopfield_section_base import RecallBench
from pages.components.text import plain
from snncore.hopfield import DynamicsParams, NoiseParams, Patterns, Probes, RuleParams
from snncore.jobs import Progress
from snncore.params import Value
from snncore.plots.hopfield_landscape import barrier_chart, surface_chart
from snncore.recall_lab import RULES, Ask, assumed_noise, load_patterns
from snncore.recall_lab.landscape import Landscape, LandscapeParams, landscape

KEY = "hop_land"
_QUICK = 8_000_000  # of `_cost`: about 0.3 s (measured: 30 to 60 ns each, dense memories the most)
_PREVIEW = 15  # cells per side, before the job


class Scene(NamedTuple):
    """A landscape, and what it is of."""

    title: str  # of the memory
    found: Landscape


class Task(NamedTuple):
    """What is surveyed, without how finely."""

    rule: RuleParams
    dynamics: DynamicsParams
    noise: NoiseParams
    ask: Ask
    probe: Probes  # one
    which: int  # its number

    def pieces(
        self, patterns: Patterns, params: LandscapeParams, seed: int = 0
    ) -> Iterator[Landscape]:
        """The surface piece by piece; refuses at the call."""
        return landscape(
            patterns, params, self.rule, self.probe, self.dynamics, noise=self.noise, seed=seed,
            sample=self.which,
        )  # fmt: skip


def surface(bench: RecallBench) -> None:
    """Choose two stored pictures and a memory; see the valleys, the way, the barrier."""
    st.markdown(
        "A memory with symmetric couplings has an **energy** that falls with every asynchronous "
        "step: recall rolls downhill into a valley, and stored pictures should be the deepest "
        "ones. All states cannot be drawn, so two stored pictures span a plane: a state stands "
        "where its overlaps with both put it. Each cell is the exact energy of real states with "
        "these overlaps, averaged over some ways to choose the pixels; many other states share "
        "the place and may lie higher or lower. Grey cells: no state has these two overlaps."
    )
    if len(bench.names) < 2:
        base.hint("A plane needs two stored pictures: store at least two.")
        return
    chosen = _controls(bench)
    if chosen is None:
        return
    params, rule = chosen
    if not base.able(bench, rule):
        return
    task = Task(
        rule,
        _dynamics(bench, rule.rule),
        assumed_noise(bench.ask),
        base.damaged(bench),
        bench.answer.probes.rows([bench.which]),  # a copy, not a view of all
        bench.which,
    )
    count, size = bench.answer.patterns.states.shape
    found = _survey(bench, params, task, count, size)
    if found is not None:
        base.download("landscape", _columns(found.found), KEY)


def _survey(
    bench: RecallBench, params: LandscapeParams, task: Task, count: int, size: int
) -> Scene | None:
    """At once where that takes no time, else as a job after a coarse preview."""
    dark = bench.dark

    def identity(of: LandscapeParams) -> str:
        return base.identity(
            "landscape", bench, of, task.rule, task.dynamics, task.which, ask=task.ask
        )

    if _cost(params, count, size) <= _QUICK:
        quick: Scene | None = base.at_once(identity(params), lambda: _work(params, task))
        if quick is not None:
            _draw(quick, dark)
        return quick
    found: Scene | None = base.job(
        KEY,
        "Survey the landscape",
        identity(params),
        lambda: _work(params, task),
        lambda scene, _: _draw(scene, dark),
        64_000_000 + 8 * count * size,
    )
    coarse = dataclasses.replace(params, cells=_PREVIEW, orders=1)
    if found is None and not base.started(KEY) and _cost(coarse, count, size) <= _QUICK:
        preview = base.at_once(identity(coarse), lambda: _work(coarse, task))
        if preview is not None:
            _draw(preview, dark)
            st.caption(f"A preview of {_PREVIEW} × {_PREVIEW} cells.")
    return found


def _cost(params: LandscapeParams, count: int, size: int) -> float:
    """Numbers in all states, and in what compares them with the stored pictures."""
    return params.cells**2 * params.orders * size * (1 + count / 40)


def link_values() -> dict[str, Value]:
    """What the address must carry beside the numbers."""
    keys = {f"{KEY}_{end}": None for end in ("a", "b")} | {f"{KEY}_rule": base.AS_PAGE}
    return base.chosen_values(keys)


def _dynamics(bench: RecallBench, rule: str) -> DynamicsParams:
    """The page's, as far as the memory follows them."""
    found = bench.ask.with_rule(rule).recall.dynamics()
    follows = "update" in RULES[rule].settings
    return found if follows else dataclasses.replace(found, update="sync", temperature=0.0)


def _controls(bench: RecallBench) -> tuple[LandscapeParams, RuleParams] | None:
    names = [f"{k + 1} {plain(name)}" for k, name in enumerate(bench.names)]
    a_at, b_at, rule_at = st.columns(3)
    with a_at:
        a = names.index(base.option("Picture a", names, f"{KEY}_a", bench.target))
    with b_at:
        b = names.index(
            base.option("Picture b", names, f"{KEY}_b", (bench.target + 1) % len(names))
        )
    with rule_at:
        rule = base.rule_choice(bench, KEY)
    params = base.fields(LandscapeParams, KEY, ("cells", "orders"), columns=3)
    if a == b:
        base.hint("Both are the same picture: choose another for one of them.")
        return None
    if params is None:
        return None
    return dataclasses.replace(params, first=a, second=b), rule


def _work(params: LandscapeParams, task: Task) -> Iterator[Progress]:
    yield Progress(0.0, "Storing the pictures")
    title = RULES[task.rule.rule].title
    patterns = load_patterns(task.ask)
    pieces = base.labelled(LandscapeParams, lambda: task.pieces(patterns, params, task.ask.seed))
    for found in pieces:
        words = f"{found.done} of {found.total} cells"
        yield Progress(found.done / max(found.total, 1), words, Scene(title, found))


def _draw(scene: Scene, dark: bool) -> None:
    found = scene.found
    a, b = (plain(name) for name in found.names)
    axes = ("Overlap with a", "Overlap with b")
    if found.axes == "share":
        axes = ("Share of a", "Share of b")
    spec = surface_chart(
        found.x, found.y, found.energy,
        (f"{axes[0]}: {a}", f"{axes[1]}: {b}", "Energy per pixel"),
        path=found.way, dark=dark,
        stored=((a, *found.first_at), (b, *found.second_at)),
    )  # fmt: skip
    vega_chart(
        spec=spec,
        alt=f"Energy of {scene.title} over the overlaps with {a} and {b}, with contour lines and "
        "the way of one recall.",
        width="stretch",
    )
    st.caption(_way_words(found))
    path = found.path
    along = "Way from a to b [%]"
    if found.axes == "overlap":
        along = "Way from a to b [% of the pixels that differ]"
    way = barrier_chart(
        100 * path.position, path.energy, path.low, path.high,
        (along, "Energy per pixel"),
    )  # fmt: skip
    vega_chart(spec=way, alt=f"Energy on the shortest way from {a} to {b}.", width="stretch")
    st.caption(_barrier_words(found))


def _way_words(found: Landscape) -> str:
    words = ["White crosses: the two stored pictures."]
    if found.way is not None and len(found.way):
        steps = len(found.way) - 1
        words.append(
            f"The orange line is the page's own probe, recalled by this memory in {steps} "
            f"{'step' if steps == 1 else 'steps'}."
        )
        energy = found.way_energy
        if energy is not None and len(energy):
            words.append(
                f"Its energy goes from {base.number(float(energy[0]), 3)} to "
                f"{base.number(float(energy[-1]), 3)} per pixel, which is the depth of its own "
                "states and not of the cells under the line."
            )
    return " ".join(words)


def _barrier_words(found: Landscape) -> str:
    path = found.path
    a, b = (plain(name) for name in found.names)
    lows = (path.barrier_first, path.barrier_second)
    if not all(np.isfinite(lows)):
        return ""
    if min(lows) <= 1e-9:
        lower = a if lows[0] <= lows[1] else b
        return (
            f"From **{lower}** the way to the other picture is downhill at once: this memory does "
            "not hold it as a valley of its own."
        )
    differ = "" if found.axes == "share" else f"They differ in {path.distance:,} pixels. "
    band = ""
    if found.axes == "overlap":
        band = " The band is the spread over orders of turning pixels; other ways may be lower."
    return (
        f"{differ}The barrier between them is **{base.number(lows[0], 3)}** per pixel above {a} "
        f"and **{base.number(lows[1], 3)}** above {b}.{band}"
    )


def _columns(found: Landscape) -> dict[str, Any]:
    y, x = np.meshgrid(found.y, found.x, indexing="ij")
    columns: dict[str, Any] = {"a": x, "b": y, "energy_per_pixel": found.energy}
    if found.way is not None:
        columns |= {"way_a": found.way[:, 0], "way_b": found.way[:, 1]}
    columns |= {"path": found.path.position, "path_energy": found.path.energy}
    return columns
