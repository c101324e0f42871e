"""Section: recall in the warmth: the phase diagram, and the overlap as a function of T."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from pages.components import hopfield_section_base as base
from pages.components.chart import vega_chart
from pages.components.hopfield_section_base import RecallBench
from snncore.hopfield import RuleParams
from snncore.jobs import Progress
from snncore.params import Params, Value, number
from snncore.plots.analysis import Mark, Series, curves
from snncore.plots.hopfield_basin import filled, share_map
from snncore.recall_lab import RULES, Ask, load_patterns
from snncore.recall_lab.temperature import (
    Phase,
    PhaseTheory,
    TemperatureParams,
    dial,
    phase,
    phase_theory,
)

KEY, DIAL = "hop_temp", "hop_dial"
_RANDOM = ("n", "load_to", "temperature_to", "columns", "rows", "probes", "sweeps")
_OWN = ("temperature_to", "columns", "rows", "probes", "sweeps")
_DIAL_TO = 1.5


@dataclass(frozen=True)
class DialParams(Params):
    """The temperature that the curve is read at."""

    t: float = number(
        0.3, 0.0, 1.5, "0: every pixel follows its field. 1: Hebb's network forgets even one "
        "picture.", step=0.05, label="Temperature T",
    )  # fmt: skip
    load: float = number(
        0.0, 0.0, 0.2, "Stored patterns for each neuron.", step=0.01, label="Load P/N"
    )


class Diagram(NamedTuple):
    """A phase diagram, and what it is of."""

    title: str  # of the memory
    found: Phase
    theory: PhaseTheory | None  # of Hebb's rule and random patterns


def warmth(bench: RecallBench) -> None:
    """The dial at once, the diagram as a job."""
    st.markdown(
        "At temperature T a pixel does not simply take the sign of its field h: it becomes white "
        "with probability 1/(1+exp(−2h/T)). A little warmth shakes the network out of shallow "
        "mixtures (they vanish above T = 0.46); too much dissolves the memory. With few patterns "
        "the overlap solves **m = tanh(m/T)** and dies at T = 1; with a load P/N the edge comes "
        "earlier (Amit, Gutfreund & Sompolinsky 1987). T is in units of the field that a stored "
        "picture exerts on its own pixels."
    )
    _dial(bench)
    st.markdown("**Phase diagram**")
    left, right = st.columns([1.4, 1])
    with left:
        what = base.switch("Stored", (base.RANDOM, base.PAGE), f"{KEY}_what")
    with right:
        rule = _rule(bench)
    own = what == base.PAGE
    params = base.fields(TemperatureParams, KEY, _OWN if own else _RANDOM)
    if params is None or (own and not base.two_valued(bench)):
        return
    if own and len(bench.names) < 2:
        base.hint("Store at least two pictures, or take random patterns.")
        return
    ask = base.stored(bench) if own else None
    seed, dark = bench.seed, bench.dark
    size = bench.answer.patterns.states.shape[1] if own else params.n
    found = base.job(
        KEY,
        "Heat it",
        base.identity("temperature", bench, rule, params, ask=ask),
        lambda: _work(params, rule, ask, seed),
        lambda diagram, _: _draw(diagram, dark),
        16 * size * (params.probes + (len(bench.names) if own else int(params.load_to * size))),
    )
    if found is not None:
        base.download("temperature", _columns(found.found), KEY)


def link_values() -> dict[str, Value]:
    """What the address must carry beside the numbers."""
    return base.chosen_values({f"{KEY}_what": base.RANDOM, f"{KEY}_rule": RULES["hebb"].title})


def _rule(bench: RecallBench) -> RuleParams:
    """Hebb's first: the theory is its."""
    names = [name for name in base.rate_rules() if name != "modern"]  # its states are not ±1
    titles = {RULES[name].title: name for name in names}
    return base.rule_params(bench, titles[base.option("Memory", list(titles), f"{KEY}_rule")])


def _dial(bench: RecallBench) -> None:
    """m(T) at one load, read at one temperature."""
    count, size = bench.answer.patterns.states.shape
    params = base.fields(DialParams, DIAL, ("t", "load"), columns=2)
    if params is None:
        return
    found = base.computed(lambda: _curve(params.load))
    if found is None:
        return
    temperatures, theory, single = found
    m = float(np.interp(params.t, temperatures, theory))
    lines = [
        Series("Few patterns: m = tanh(m/T)", temperatures, single, "reference", "dash"),
        Series(f"Load {params.load:g}", temperatures, theory, "theory"),
    ]
    spec = curves(
        lines, "Temperature T", "Overlap m",
        marks=[Mark(f"T = {params.t:g}", params.t, colour="spike")],
        x_span=(0.0, _DIAL_TO), y_span=(-0.03, 1.06), height=240,
        columns={"signal": "width < 420 ? 1 : 3"},
    )  # fmt: skip
    base.chart(spec, "dial", "Overlap of a Hebb network with a stored pattern over temperature.")
    st.caption(
        f"Hebb's network at T = {params.t:g} and load {params.load:g}: "
        f"**m = {base.number(m, 3)}**, so {50 * (1 + m):.1f} % of the pixels are right at any "
        f"moment. The page's own load is {count:,}/{size:,} = {base.number(count / size, 2)}; "
        "its pictures overlap, which the theory of random patterns does not know."
    )


@st.cache_data(max_entries=64, ttl=3600, max_size="4MB", show_spinner=False)
def _curve(load: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    found = dial(load, _DIAL_TO)
    return found.temperatures, found.theory, found.tanh


def _work(
    params: TemperatureParams, rule: RuleParams, ask: Ask | None, seed: int
) -> Iterator[Progress]:
    yield Progress(0.0, "Storing the patterns")
    patterns = None if ask is None else load_patterns(ask)
    title = RULES[rule.rule].title
    theory = phase_theory(params.load_to) if rule.rule == "hebb" and ask is None else None
    for found in phase(params, rule, patterns, seed=seed):
        words = f"{found.done} of {found.total} cells"
        share = found.done / max(found.total, 1)
        yield Progress(share, words, Diagram(title, found, theory))


def _draw(diagram: Diagram, dark: bool) -> None:
    found, theory = diagram.found, diagram.theory
    x = found.loads
    x_title = f"Load P/N (N = {found.n:,})"
    if found.own:
        x, x_title = np.asarray(found.counts, dtype=np.float64), "Stored pictures P"
    lines = {}
    if theory is not None:
        lines = {
            "Retrieval states below (T_M)": (theory.loads, theory.retrieval),
            "They are deepest below (T_c)": (theory.loads, theory.ground),
            "Spin glass below (T_g)": (theory.loads, theory.spin_glass),
        }
    spec = share_map(
        x, found.temperatures, np.clip(filled(found.overlap), 0.0, 1.0),
        (x_title, "Temperature T", "Overlap with the stored picture"), lines=lines, dark=dark,
    )  # fmt: skip
    vega_chart(
        spec=spec,
        alt=f"Overlap of {diagram.title} over load and temperature"
        + (", with the borders of theory." if lines else "."),
        width="stretch",
    )
    words = ["Each recall starts at the stored picture."]
    if theory is not None:
        words.append(
            "The lines are theory for N → ∞ (replica-symmetric); a finite network rounds the edge."
        )
    else:
        words.append("There are theory lines for Hebb's rule with random patterns only.")
    st.caption(" ".join(words))


def _columns(found: Phase) -> dict[str, Any]:
    temperatures, counts = np.meshgrid(found.temperatures, found.counts, indexing="ij")
    return {"temperature": temperatures, "pictures": counts, "overlap": found.overlap}
