"""What the instruments of the Hopfield page share: names, rules to choose, pictures, jobs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st
from numpy.typing import ArrayLike

from pages.components import controls as widgets
from pages.components import sections as shared
from pages.components.chart import vega_chart
from pages.components.hopfield_bench import RecallBench as RecallBench
from pages.components.hopfield_scores import percent as percent
from pages.components.section_jobs import Work as Work
from pages.components.section_jobs import at_once as at_once
from pages.components.section_jobs import job as job
from pages.components.section_jobs import started as started
from pages.components.sections import DASH as DASH
from pages.components.sections import Section as Section
from pages.components.sections import computed as computed
from pages.components.sections import grid as grid
from pages.components.sections import hint as hint
from pages.components.sections import number as number
from snncore.hopfield import AttractorParams, NoiseParams, RuleParams, SpikingParams
from snncore.params import Params, Value, digest
from snncore.plots.vega import Chart
from snncore.recall_lab import RULES, Ask, RecallParams

P = TypeVar("P", bound=Params)
T = TypeVar("T")

AS_PAGE = "As on the page"
RANDOM, PAGE = "Random patterns", "The page's pictures"
# Rate memories that settle as the spiking ones do, without spikes.
_COUNTERPARTS = {
    "spiking": "modern",
    "spiking-attractor": "pseudo-inverse",
    "seed-sync": "hebb",
    "seed-lif": "covariance",
}


def rate_rules() -> tuple[str, ...]:
    """Names of the memories without spikes."""
    return tuple(name for name, rule in RULES.items() if rule.family == "rate")


def counterpart(name: str) -> str:
    """The memory without spikes that stands for this one in the instruments."""
    return _COUNTERPARTS.get(name, name)


def rule_params(bench: RecallBench, name: str) -> RuleParams:
    """A rule with the settings that the page has for it; those that it does not read are left at
    their defaults, so that turning them changes nothing here."""
    rule = RULES[counterpart(name)]
    read = [field for field in RuleParams.specs() if field in rule.settings]
    return RuleParams(rule=rule.name, **{f: getattr(bench.ask.recall, f) for f in read})


def rule_choice(bench: RecallBench, key: str, *, graded: bool = True) -> RuleParams:
    """A list of the memories without spikes, the page's own first where it can be.

    Args:
        graded: also the modern network, whose states are not ±1.
    """
    titles = {RULES[name].title: name for name in rate_rules() if graded or name != "modern"}
    stands_in = counterpart(bench.rule)
    usual = stands_in in titles.values()
    chosen = option("Memory", [*([AS_PAGE] if usual else []), *titles], f"{key}_rule")
    name = stands_in if chosen == AS_PAGE else titles[chosen]
    if not usual:
        st.caption(
            f"The page's memory settles on blends of pictures, not on ±1 states: "
            f"**{RULES[name].title}** is looked at here."
        )
    elif chosen == AS_PAGE and name != bench.rule:
        st.caption(
            f"{RULES[bench.rule].title} has no energy: in its place stands "
            f"**{RULES[name].title}**, its counterpart without spikes."
        )
    return rule_params(bench, name)


def option(title: str, options: Sequence[str], key: str, first: int = 0) -> str:
    """A list whose chosen words stand in the address; words that are gone are forgotten."""
    if st.session_state.get(key, options[first]) not in options:
        del st.session_state[key]
    return str(st.selectbox(title, options, index=first, key=key, bind="query-params"))


def fields(cls: type[P], key: str, only: Sequence[str], columns: int = 4) -> P | None:
    """Controls of some fields of `cls`, the others at their defaults; None, and why, where the
    values contradict each other."""
    specs, defaults = cls.specs(), cls().to_dict()
    slots = st.columns(columns)
    values: dict[str, Value] = {}
    for index, name in enumerate(only):
        with slots[index % columns]:
            values[name] = widgets.control(name, specs[name], defaults[name], key)
    try:
        return cls(**values)
    except ValueError as reason:
        hint(f"These values do not fit together: {reason}.")
        return None


def labelled(cls: type[Params], work: Callable[[], T]) -> T:
    """`work`, whose refusals call a field of `cls` as its control is called."""
    try:
        return work()
    except ValueError as reason:
        name, _, rest = str(reason).partition(" ")
        spec = cls.specs().get(name)
        if spec is None:
            raise
        raise ValueError(f"{widgets.label_of(name, spec)} {rest}") from reason


def switch(title: str, options: Sequence[str], key: str, help: str | None = None) -> str:
    """Few words side by side, in the address."""
    chosen = st.segmented_control(
        title, options, default=options[0], required=True, key=key, bind="query-params", help=help
    )
    return str(chosen or options[0])


def chosen_values(keys: Mapping[str, Any]) -> dict[str, Any]:
    """What the address must carry of these widgets: key → the value that needs no mention."""
    known = {key: st.session_state.get(key, first) for key, first in keys.items()}
    return {
        key: value if value != [] else ""  # an empty word in the address: nothing is chosen
        for key, value in known.items()
        if value != keys[key]
    }


def damaged(bench: RecallBench) -> Ask:
    """The page's pictures and damage without its memory: turning that changes nothing here."""
    return dataclasses.replace(
        bench.ask,
        recall=RecallParams(rule="modern"),  # stores pictures of every mode
        spiking=SpikingParams(),
        attractor=AttractorParams(),
    )


def stored(bench: RecallBench) -> Ask:
    """The page's pictures alone, for work that damages them in its own way."""
    return dataclasses.replace(damaged(bench), noise=NoiseParams(), draws=1, drawing=None)


def identity(name: str, bench: RecallBench, *parts: Any, ask: Ask | None) -> str:
    """Equal for equal work, which is computed once for all visitors.

    Args:
        ask: what the work reads of the page; None if it draws its own patterns.
    """
    return digest("hopfield", name, bench.seed, "" if ask is None else ask.digest, *parts)


def able(bench: RecallBench, rule: RuleParams) -> bool:
    """Whether `rule` can store the page's pictures; else it is said in words."""
    known = RULES[rule.rule]
    if bench.mode in known.modes:
        return True
    others = [r.title for r in RULES.values() if r.family == "rate" and bench.mode in r.modes]
    hint(
        f"{known.title} stores black and white pictures only, and the page's are "
        f"{'grey' if bench.mode == 'grey' else 'in colour'}. Choose the mode *binary* above, or "
        f"here: {', '.join(others)}."
    )
    return False


def two_valued(bench: RecallBench) -> bool:
    """Whether the page's pictures are black and white; else it is said in words."""
    if bench.mode == "binary":
        return True
    hint(
        "This instrument counts flipped pixels: it needs black and white pictures, and the page's "
        f"are {'grey' if bench.mode == 'grey' else 'in colour'}. Take *{RANDOM}* here, or choose "
        "the mode *binary* above."
    )
    return False


def chart(spec: Chart, key: str, alt: str) -> None:
    """Draw a chart; `alt` says in words what it shows."""
    vega_chart(spec=spec, key=f"hop_chart_{key}", alt=alt, width="stretch")


def download(name: str, columns: Mapping[str, ArrayLike], key: str) -> None:
    """Short columns as a file; the session keeps them as long as it lives."""
    shared.download(name, lambda: columns, f"{key}_csv")
