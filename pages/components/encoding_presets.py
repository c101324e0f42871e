"""Presets of the picture tab: a source, three codes, and what to notice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from pages.components import controls
from pages.components import encoding_codes as codes
from pages.components.encoding_bench import Slot
from pages.components.encoding_codes import Choice
from pages.components.encoding_panel import preset_pills
from pages.components.encoding_source import KEY, PictureParams, dataset_titles, forget_own
from pages.components.sections import set_state
from pages.components.share import exact_link
from pages.components.text import plain
from snncore import encoding
from snncore.params import Value

FIRST = {"A": "rate", "B": "latency", "C": "retina_latency"}
PRESET = "enc__preset"


class Preset(NamedTuple):
    """One setting of the whole tab."""

    notice: str
    source: dict[str, Value]  # fields of `PictureParams` that differ from the defaults
    codes: dict[str, tuple[str, dict[str, Value]]]  # letter → code, changed parameters

    def params(self) -> PictureParams:
        """What is sent."""
        return PictureParams(**self.source)  # type: ignore[arg-type]

    def choice(self, letter: str) -> Choice:
        """What stands in a slot."""
        name, values = self.codes[letter]
        code = encoding.get_code(name)
        return Choice(code, code.params(**values))


def _preset(notice: str, *slots: str | tuple[str, dict[str, Value]], **source: Value) -> Preset:
    pairs = [(s, {}) if isinstance(s, str) else s for s in slots]
    return Preset(notice, source, dict(zip(codes.LETTERS, pairs, strict=True)))


PRESETS: dict[str, Preset] = {
    "Three ways": _preset(
        "counted random spikes (A) are noisy; one well-timed spike (B) does better; edges (C) "
        "are enough to rebuild the picture.",
        "rate", "latency", "retina_latency",
    ),
    "One spike each": _preset(
        "at most one spike per pixel. Rank order (C) tells only who is brighter than whom, so "
        "the contrast changes.",
        "latency", "latency_rc", "rank_order", n_steps=50,
    ),
    "Slow rate": _preset(
        "one spike in ten steps at most: after 400 steps random counts (A, B) are still noisy, "
        "regular ones (C) are not.",
        ("rate", {"gain": 0.1}), ("poisson", {"max_rate": 0.1}), ("regular", {"gain": 0.1}),
        n_steps=400,
    ),
    "Chance or clock": _preset(
        "equally many spikes, ever more regular: the less chance in the intervals, the less "
        "noise in the picture.",
        ("poisson", {"max_rate": 0.5}), ("gamma", {"max_rate": 0.5, "order": 10}),
        ("regular", {"gain": 0.5}),
    ),
    "A first glance": _preset(
        "only 20 steps: a count (A) is off by chance, a latency (B) knows 20 greys, a phase code "
        "(C) writes 8 binary digits.",
        "rate", "latency", "weighted_phase", n_steps=20,
    ),
    "Phase": _preset(
        "the place in a rhythm counts: as a binary digit (A: 2, B: 4 of them), or how early in "
        "each cycle (C).",
        ("weighted_phase", {"bits": 2}), ("weighted_phase", {"bits": 4}), "oscillation_phase",
        n_steps=40,
    ),
    "Bursts": _preset(
        "bright pixels fire longer, faster bursts. With up to 2, 5 and 15 spikes the greys "
        "become finer.",
        ("burst", {"n_max": 2}), ("burst", {"n_max": 5}), ("burst", {"n_max": 15}), n_steps=60,
    ),
    "Population": _preset(
        "eight neurons share a pixel, each with a favourite grey; their pattern (A, B) tells more "
        "than one neuron's count (C).",
        "population_rate", "population_latency", "rate", n_steps=40,
    ),
    "Retina": _preset(
        "the strongest edges fire first. From left to right weaker ones stay silent: fewer "
        "spikes, and still the shapes.",
        ("retina_latency", {"threshold": 0.02}), ("retina_latency", {"threshold": 0.1}),
        ("retina_latency", {"threshold": 0.25}), index=2, side=64,
    ),
    "Event camera": _preset(
        "the picture moves past a line of sensors that report changes, up or down; a larger "
        "step θ is cheaper and coarser.",
        ("send_on_delta", {"threshold": 0.04}), ("send_on_delta", {"threshold": 0.1}),
        ("send_on_delta", {"threshold": 0.25}), n_steps=400,
    ),
    "A digit": _preset(
        "most of a digit is dark, and dark pixels are silent in these codes.",
        "rate", "latency", "burst", dataset="digits", index=3, n_steps=50,
    ),
    "A road sign": _preset(
        "edges and flat areas: the retina (C) spends spikes at edges only, and the greys of the "
        "areas are lost.",
        "rate", "latency", "retina_latency", dataset="signs", side=64,
    ),
}  # fmt: skip


def link_of(params: PictureParams, chosen: Mapping[str, Choice]) -> dict[str, object]:
    """Names and values of the address that restore the source and the slots."""
    link: dict[str, object] = dict(controls.link_params(KEY, params))
    # The address spells the options of a list as they are shown.
    if f"{KEY}_dataset" in link:
        link[f"{KEY}_dataset"] = dataset_titles()[params.dataset]
    for letter, choice in chosen.items():
        link |= codes.link(KEY, letter, choice, FIRST[letter])
    return link


def _spelled(link: Mapping[str, object]) -> str:
    return exact_link(None, dict(sorted(link.items())))


def preset_of(params: PictureParams, slots: Sequence[Slot]) -> str | None:
    """The preset that is shown, however it was reached."""
    chosen = {s.letter: Choice(s.channel.kind, s.channel.params) for s in slots}
    here = _spelled(link_of(params, chosen))
    for name, preset in PRESETS.items():
        if here == _spelled(link_of(preset.params(), {x: preset.choice(x) for x in FIRST})):
            return name
    return None


def state_of(preset: Preset) -> dict[str, Value]:
    """Every widget of the tab and what this preset sets it to."""
    state = dict(codes.first_state("picture", KEY, tuple(FIRST.items())))
    state |= controls.state_of(KEY, preset.params())
    for letter, (name, values) in preset.codes.items():
        state |= codes.code_state(KEY, letter, name, **values)
    return state


def begin() -> list[str]:
    """Before the controls are drawn; what a fresh address asks of the page in vain."""
    lost = [] if f"{KEY}_side" in st.session_state else _asked()
    controls.set_missing(controls.state_of(KEY, PictureParams()))
    return codes.begin("picture", KEY, FIRST) + lost


def _asked() -> list[str]:
    """What a fresh address asks of the source in vain."""
    specs = PictureParams.specs()
    sets = specs.pop("dataset")
    lost = codes.unusable(KEY, specs)
    wish = st.query_params.get(f"{KEY}_dataset")
    if wish in sets.options:  # the title is expected; the short name is as good
        st.session_state[f"{KEY}_dataset"] = wish
    elif wish is not None and wish not in dataset_titles().values():
        lost.append(f"no set is called {plain(wish)}")
    index = st.query_params.get(f"{KEY}_index")
    if index is not None and not codes.unusable(KEY, {"index": specs["index"]}):
        # The widget would drop a number that its set lacks without a word.
        st.session_state[f"{KEY}_index"] = int(float(index))
    return lost


def preset_bar(params: PictureParams, slots: Sequence[Slot], *, own: bool) -> None:
    """The presets, the one that is shown marked and explained, and Reset."""
    active = None if own else preset_of(params, slots)
    preset_pills(KEY, list(PRESETS), active, _show, _setting(params, slots), set_state)
    if active is not None:
        with st.container(key="enc__notice"):
            st.markdown(f":material/visibility: **Notice:** {PRESETS[active].notice}")


def _setting(params: PictureParams, slots: Sequence[Slot]) -> dict[str, Value] | None:
    """What Undo leads back to: the widgets in use; None if a code refuses what it is set to."""
    if len(slots) < len(FIRST):
        return None
    state = controls.state_of(KEY, params)
    for slot in slots:
        changed = slot.channel.params.to_dict()
        state |= codes.code_state(KEY, slot.letter, slot.channel.code, **changed)
    return state


def _show(name: str) -> None:
    """Callback: set every widget of the tab, and forget the visitor's own picture."""
    forget_own()
    for key, value in state_of(PRESETS[name]).items():
        st.session_state[key] = value
