"""Section: how many pictures fit: random patterns, simulated against theory."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from pages.components import hopfield_section_base as base
from pages.components.chart import vega_chart
from pages.components.hopfield_section_base import RecallBench
from snncore.hopfield import RuleParams
from snncore.jobs import Progress
from snncore.params import Params, Value, integer, number
from snncore.plots.hopfield_capacity import Line, Points, capacity_chart
from snncore.recall_lab import RULES
from snncore.recall_lab.capacity import (
    Capacity,
    CapacityParams,
    CapacityTheory,
    capacity,
    capacity_theory,
    default_params,
    point_counts,
    unit,
)

KEY = "hop_cap"
_MOST = 3  # memories at once: their curves can be told apart
MEASURES = {
    "Overlap": ("overlap", "Overlap m with the stored picture"),
    "Without an error": ("exact", "Share of pictures without an error"),
    "Wrong after one step": ("first_step", "Share of wrong pixels after one update"),
}


@dataclass(frozen=True)
class LabParams(Params):
    """What is simulated; points beyond a memory's capacity cost the most."""

    n: int = integer(500, 100, 4000, "Neurons, one for each pixel.", step=100, label="Neurons N")
    flips: float = number(0.0, 0.0, 0.5, "Share of the pixels flipped at the start.", step=0.05,
                          label="Flips at the start")  # fmt: skip
    load_to: float = number(
        0.25, 0.05, 1.5,
        "Largest load P/N. Dense and exponential memories have a logarithmic axis of their own.",
        step=0.05, label="Load up to",
    )  # fmt: skip
    points: int = integer(16, 4, 40, "Loads that are simulated.", label="Points")
    probes: int = integer(30, 5, 200, "Recalls of each point; more make smaller error bars.",
                          step=5, label="Probes per point")  # fmt: skip
    degree: int = integer(3, 2, 10, "Power of the dense associative memory: K grows as N^(n−1).",
                          label="Degree n")  # fmt: skip


class Curve(NamedTuple):
    """One memory: what was simulated, and what theory says."""

    title: str
    found: Capacity
    theory: CapacityTheory
    log: bool


Lab = tuple[Curve, ...]


def laboratory(bench: RecallBench) -> None:
    """Choose memories and sizes, compute, watch the points arrive on the theory's curves."""
    st.markdown(
        "Random patterns of N pixels are stored; each is asked for, from itself with the share of "
        "flips set here. In a large Hebb network errors do not grow slowly: at a load P/N of "
        "**0.138** the memory collapses at once (Amit, Gutfreund & Sompolinsky 1985). Their theory "
        "holds for N → ∞; a simulation of finite N rounds the edge off. The first step is exact "
        "up to chance: ½ erfc((1−2q)/√(2P/N)). The best possible decoder finds random patterns far "
        "beyond that. Bars: one standard error."
    )
    names = _rules()
    shown = tuple(f for f in LabParams.specs() if f != "degree" or "dam" in names)
    params = base.fields(LabParams, KEY, shown, columns=len(shown))
    if params is None or not names:
        if not names:
            base.hint("Choose at least one memory.")
        return
    measure = base.switch("Shown", tuple(MEASURES), f"{KEY}_measure")
    rules = [
        dataclasses.replace(base.rule_params(bench, name), degree=params.degree) for name in names
    ]
    plans = [(RULES[rule.rule].title, rule, plan(params, rule)) for rule in rules]
    for _, rule, own in plans:
        if base.computed(lambda rule=rule, own=own: _counts(own, rule)) is None:
            return
    identity = base.identity("capacity", bench, [[rule, own] for _, rule, own in plans], ask=None)
    seed, dark = bench.seed, bench.dark
    found = base.job(
        KEY,
        "Measure the capacity",
        identity,
        lambda: _work(plans, seed),
        lambda lab, _: _draw(lab, measure, dark),
        8 * params.n * int(4 * params.load_to * params.n + 8 * params.probes),
    )
    if found is None and not base.started(KEY):
        _theory_alone(plans, measure, dark)
    if found is not None:
        base.download("capacity", _columns(found), KEY)


def link_values() -> dict[str, Value]:
    """What the address must carry beside the numbers."""
    first = {f"{KEY}_rules": [RULES["hebb"].title], f"{KEY}_measure": next(iter(MEASURES))}
    return base.chosen_values(first)


def plan(params: LabParams, rule: RuleParams) -> CapacityParams:
    """The simulation of one memory: memories that hold more than N pictures have loads of their
    own."""
    first = default_params(rule)
    own: dict[str, Any] = {
        "n": min(params.n, first.n) if first.axis == "log" else params.n,
        "flips": params.flips,
        "points": params.points,
        "probes": params.probes,
    }
    if first.axis == "linear":
        own["load_to"] = params.load_to
    return dataclasses.replace(first, **own)


def _counts(plan: CapacityParams, rule: RuleParams) -> np.ndarray:
    """Stored patterns of each point; refusals name the controls of the page."""
    return base.labelled(LabParams, lambda: point_counts(plan, rule))


def _rules() -> tuple[str, ...]:
    titles = {RULES[name].title: name for name in base.rate_rules()}
    chosen = st.multiselect(
        "Memories",
        list(titles),
        default=[RULES["hebb"].title],
        key=f"{KEY}_rules",
        bind="query-params",
        max_selections=_MOST,
    )
    return tuple(titles[title] for title in chosen)


def _work(plans: Sequence[tuple[str, RuleParams, CapacityParams]], seed: int) -> Iterator[Progress]:
    done: list[Curve] = []
    for k, (title, rule, params) in enumerate(plans):
        theory = capacity_theory(params, rule)
        curve: Curve | None = None
        for found in capacity(params, rule, seed=seed):
            curve = Curve(title, found, theory, params.axis == "log")
            share = (k + found.done / max(found.total, 1)) / len(plans)
            words = f"{title}: {found.done} of {found.total} points"
            yield Progress(share, words, (*done, curve))
        if curve is not None:
            done.append(curve)


def _theory_alone(
    plans: Sequence[tuple[str, RuleParams, CapacityParams]], measure: str, dark: bool
) -> None:
    """What is known before anything is simulated."""
    for title, rule, params in plans[:1]:
        theory = base.computed(lambda rule=rule, params=params: capacity_theory(params, rule))
        if theory is None:
            return
        _chart(title, [], theory, params.axis == "log", measure, unit(params.n, rule)[1], dark)
        st.caption("Theory alone: press the button for the simulation.")


def _draw(lab: Lab, measure: str, dark: bool) -> None:
    groups: dict[tuple[str, bool], list[Curve]] = {}
    for curve in lab:
        groups.setdefault((curve.found.x_title, curve.log), []).append(curve)
    for (x_title, log), curves in groups.items():
        titles = ", ".join(curve.title for curve in curves)
        _chart(titles, curves, _joined([c.theory for c in curves]), log, measure, x_title, dark)
        for curve in curves:
            words = _words(curve)
            if words:
                st.caption(words)


def _chart(
    titles: str, curves: Sequence[Curve], theory: CapacityTheory, log: bool, measure: str,
    x_title: str, dark: bool,
) -> None:  # fmt: skip
    field, y_title = MEASURES[measure]
    points = [
        Points(
            curve.title,
            curve.found.loads,
            getattr(curve.found, field),
            getattr(curve.found, f"{field}_error"),
        )
        for curve in curves
    ]
    scale = _scale(theory)
    marks = [(limit.title, limit.patterns * scale) for limit in theory.limits]
    spec = capacity_chart(
        points, _lines(theory, measure), (x_title, y_title), marks=marks, log=log, dark=dark,
        y_span=None if field == "first_step" else (-0.04, 1.06),
    )  # fmt: skip
    vega_chart(
        spec=spec, alt=f"{y_title} against {x_title}: {titles}, with theory.", width="stretch"
    )


def _joined(theories: Sequence[CapacityTheory]) -> CapacityTheory:
    """One set of lines for several memories: those that only some have, the limits of all."""
    first = theories[0]
    limits = {limit.title: limit for theory in theories for limit in theory.limits}
    ags = next((t.ags for t in theories if t.ags is not None), None)
    step = next((t.first_step for t in theories if t.first_step is not None), None)
    return first._replace(ags=ags, first_step=step, limits=tuple(limits.values()))


def _scale(theory: CapacityTheory) -> float:
    """Load of one picture."""
    return float(theory.loads[-1] / theory.counts[-1])


def _lines(theory: CapacityTheory, measure: str) -> list[Line]:
    found: list[Line] = []
    if measure == "Wrong after one step":
        if theory.first_step is not None:
            found.append(Line("First step (theory)", theory.loads, theory.first_step))
        return found
    if measure == "Overlap" and theory.ags is not None:
        found.append(Line("Amit, Gutfreund & Sompolinsky", theory.loads, theory.ags))
    if measure == "Overlap" and theory.first_step is not None:
        one = 1 - 2 * theory.first_step
        found.append(Line("After the first step (theory)", theory.loads, one))
    found.append(Line("Best possible", theory.loads, theory.ml_exact))
    return found


def _words(curve: Curve) -> str:
    """Where the memory lets go, as far as it was simulated."""
    found = curve.found
    known = np.isfinite(found.exact)
    if not known.any():
        return ""
    good = np.flatnonzero(known & (found.exact >= 0.5))
    if not good.size:
        return (
            f"**{curve.title}**, N = {found.n:,}: not half of the pictures come back without an "
            "error at any load here."
        )
    last = int(good[-1])
    beyond = bool((known & (np.arange(len(known)) > last)).any())
    return (
        f"**{curve.title}**, N = {found.n:,}: at least half of the pictures come back without an "
        f"error up to P = **{int(found.counts[last]):,}**"
        + (" (simulated points only)." if beyond else ", the largest number simulated so far.")
        + (" So few neurons that its capacity can be stored at all." if curve.log else "")
    )


def _columns(lab: Lab) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "memory": np.concatenate([np.full(len(c.found.counts), f'"{c.title}"') for c in lab])
    }
    for field in ("counts", "loads", "overlap", "overlap_error", "exact", "exact_error",
                  "first_step", "first_step_error"):  # fmt: skip
        columns[field] = np.concatenate([np.asarray(getattr(c.found, field)) for c in lab])
    return columns
