"""Presets of the signal tab: what each sets, and what to notice in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import streamlit as st

from pages.components import controls
from pages.components import encoding_codes as codes
from pages.components import encoding_signal_source as sources
from pages.components.encoding_codes import Choice
from pages.components.encoding_panel import preset_pills
from pages.components.encoding_signal_source import KEY
from pages.components.sections import set_state
from pages.components.share import exact_link
from pages.components.text import plain
from snncore import encoding
from snncore.encoding import SignalParams
from snncore.params import Params, Value, integer

PRESET = f"{KEY}__preset"
FIRST = {"A": "delta", "B": "send_on_delta", "C": "time_encoding"}


@dataclass(frozen=True)
class SignalSending(Params):
    """How the signal is sent, beside the codes' own parameters."""

    window: int = integer(
        20, 1, 500, "An intensity code sends the mean of this many samples as one value.",
        unit="samples", label="Window",
    )  # fmt: skip
    seed: int = integer(0, 0, 2**31 - 1, "Number that fixes random spikes and random signals.")


class Preset(NamedTuple):
    """One button: a wave, three codes with their parameters, and what to notice."""

    notice: str
    wave: Mapping[str, Value]
    codes: tuple[tuple[str, Mapping[str, Value]], ...]
    sending: Mapping[str, Value] = {}


def _preset(
    notice: str, *slots: str | tuple[str, dict[str, Value]], window: int = 20, **wave: Value
) -> Preset:
    pairs = tuple((s, {}) if isinstance(s, str) else s for s in slots)
    sending = {} if window == 20 else {"window": window}
    return Preset(notice, dict(wave), pairs, sending)


PRESETS: dict[str, Preset] = {
    "Chirp": _preset(
        "The wave gets faster and faster. A compares neighbours and misses all that is slow. B "
        "remembers what it has sent and follows, until at the end the wave outruns one θ per "
        "sample. C fires whenever enough has come together: its spikes stand close where the "
        "signal is high.",
        "delta", "send_on_delta", "time_encoding",
    ),
    "Slow": _preset(
        "No sample differs from the one before by θ: A is silent and everything is lost. The same "
        "θ in B bounds the error for good. C adds up its own error and needs no change at all.",
        "delta", "send_on_delta", "sigma_delta",
        shape="sine", cycles=2.0,
    ),
    "Jumps": _preset(
        "Slope overload: one spike per sample climbs θ at most, so A needs many samples for a "
        "jump. B sends the mean of each window with one spike and has no such limit. C blurs the "
        "jump: it averages over time.",
        "send_on_delta", "latency", "rate_signal",
        shape="square", cycles=2.0,
    ),
    "Fast": _preset(
        "A and B are the same code. The wave changes by more than θ of A per sample: its bound is "
        "broken. B has a coarser θ, keeps its bound, and spends half the spikes. C filters.",
        "send_on_delta", ("send_on_delta", {"threshold": 0.11}), "bens_spiker",
        shape="sine", cycles=16.0,
    ),
    "Windows": _preset(
        "Each window of 20 samples sends one value: A by how many random spikes, B by when its "
        "only spike comes, C by eight bits, the first of which weighs most. B is a tenth of the "
        "price of A and better.",
        "rate", "latency", "weighted_phase",
        shape="sine", cycles=2.0,
    ),
    "Chance": _preset(
        "Nearly the same number of spikes three times. A and B place them by chance, C as evenly "
        "as it can: the less chance, the less noise in what is read back.",
        "inhomogeneous_poisson", "gamma", "regular",
        shape="sine", cycles=2.0,
    ),
    "One bit": _preset(
        "All three turn a smooth value into a train of equal pulses, as electronics does: A pushes "
        "its error into fast flicker that the average removes, B tells the value by the place of "
        "one spike per period, C by the distance of its spikes.",
        "sigma_delta", "pulse_width", "time_encoding",
        shape="sine", cycles=2.0,
    ),
    "Filters": _preset(
        "A and B take a spike to mean the same smooth bump and look for places where one fits. "
        "What they read back is smooth; it starts late, by the length of the bump. C answers at "
        "once, in steps.",
        "bens_spiker", "hough_spiker", "send_on_delta",
        shape="noise", cycles=8.0,
    ),
    "Events": _preset(
        "Most of the time nothing happens. A and B are silent there and spend their spikes on the "
        "bumps; the eight neurons of C, each tuned to another value, go on telling that nothing "
        "happens.",
        "send_on_delta", "bens_spiker", "population_rate",
        shape="events", cycles=5.0,
    ),
    "Population": _preset(
        "Eight neurons, each tuned to its own value, from low at the top to high at the bottom. In "
        "A those near the value fire more, in B earlier. C has one neuron and one spike.",
        "population_rate", "population_latency", "latency",
        shape="sine", cycles=2.0,
    ),
    "Syllables": _preset(
        "Something like speech: three bursts of a fast wave. A and B keep up, C averages over more "
        "than one period of the wave and hears next to nothing.",
        "send_on_delta", "bens_spiker", "rate_signal",
        shape="speech", n_samples=1000, cycles=3.0,
    ),
}  # fmt: skip


def link_of(
    source: Mapping[str, Value], sending: SignalSending, chosen: Mapping[str, Choice]
) -> dict[str, object]:
    """Names and values of the address that restore the tab."""
    link: dict[str, object] = {**source, **controls.link_params(KEY, sending)}
    for letter, choice in chosen.items():
        link |= codes.link(KEY, letter, choice, FIRST[letter])
    return link


def preset_of(link: Mapping[str, object]) -> str | None:
    """The preset that is shown, however it was reached."""
    here = _spelled(link)
    return next((name for name, p in PRESETS.items() if here == _spelled(_link(p))), None)


def _link(preset: Preset) -> dict[str, object]:
    chosen = {}
    for letter, (name, values) in zip(FIRST, preset.codes, strict=True):
        code = encoding.get_code(name)
        chosen[letter] = Choice(code, code.params(**values))
    params = dataclasses.replace(sources.FIRST_WAVE, **preset.wave)
    return link_of(sources.wave_link(params), SignalSending(**preset.sending), chosen)  # type: ignore[arg-type]


def _spelled(link: Mapping[str, object]) -> str:
    return exact_link(None, dict(sorted(link.items())))


def begin() -> list[str]:
    """Before the controls are drawn; what a fresh address asks of the tab in vain."""
    wish = st.query_params.get(sources.KIND)
    if wish in sources.KINDS:  # the row is laid out before its own widget can say so
        st.session_state.setdefault(sources.KIND, wish)
    lost = [] if f"{KEY}_window" in st.session_state else _asked(wish)
    controls.set_missing(_first())
    return codes.begin("signal", KEY, FIRST) + lost


def _asked(source: str | None) -> list[str]:
    """What a fresh address asks of the signal and of its sending in vain."""
    specs = sources.SignalPart.specs() | SignalParams.specs() | SignalSending.specs()
    lost = codes.unusable(KEY, specs)
    if source is not None and source not in sources.KINDS:
        lost.append(f"no source is called {plain(source)}")
    return lost


def _first() -> dict[str, Value]:
    return sources.first_state() | controls.state_of(KEY, SignalSending())


def state_of(preset: Preset) -> dict[str, Value]:
    """Every widget of the tab and what this preset sets it to."""
    state = dict(codes.first_state("signal", KEY, tuple(FIRST.items()))) | _first()
    changed = {**preset.wave, **preset.sending}
    state |= {f"{KEY}_{field}": value for field, value in changed.items()}
    for letter, (code, values) in zip(FIRST, preset.codes, strict=True):
        state |= codes.code_state(KEY, letter, code, **values)
    return state


def preset_bar(active: str | None, chosen: Mapping[str, Choice]) -> None:
    """The presets, with the one that is shown marked, and Undo, Redo, Reset."""
    preset_pills(KEY, list(PRESETS), active, _show, _setting(chosen), set_state)


def _setting(chosen: Mapping[str, Choice]) -> dict[str, Value] | None:
    """What Undo leads back to: the widgets in use; None if a code refuses what it is set to."""
    if len(chosen) < len(FIRST):
        return None
    state = {name: st.session_state[name] for name in _first()}
    for letter, choice in chosen.items():
        state |= codes.code_state(KEY, letter, choice.code.name, **choice.params.to_dict())
    return state


def _show(name: str) -> None:
    """Callback: set every widget of the tab, and put the visitor's own files away."""
    for key, value in state_of(PRESETS[name]).items():
        st.session_state[key] = value
    st.session_state[sources.UPLOADS] = int(st.session_state.get(sources.UPLOADS, 0)) + 1
    st.session_state.pop(sources.READ, None)
