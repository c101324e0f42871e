"""Presets of the signal tab: what each sets, and what to notice in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import streamlit as st

from pages.components import controls
from pages.components import encoding_codes as codes
from pages.components import encoding_signal_source as sources
from pages.components.encoding_codes import Choice
from pages.components.encoding_signal_source import KEY
from pages.components.share import exact_link
from snncore import encoding
from snncore.encoding import SignalParams
from snncore.params import Params, Value, integer

PRESET = f"{KEY}__preset"
FIRST = {"A": "delta", "B": "send_on_delta", "C": "rate_signal"}


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


PRESETS: dict[str, Preset] = {
    "Chirp": Preset(
        "The wave gets faster. Delta modulation misses the slow part, because no single step is "
        "large enough; send-on-delta follows everywhere.",
        {},
        (("delta", {}), ("send_on_delta", {}), ("rate_signal", {})),
    ),
}


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
    wave = controls.link_params(KEY, SignalParams(**preset.wave))  # type: ignore[arg-type]
    return link_of(wave, SignalSending(**preset.sending), chosen)  # type: ignore[arg-type]


def _spelled(link: Mapping[str, object]) -> str:
    return exact_link(None, dict(sorted(link.items())))


def begin() -> list[str]:
    """Before the controls are drawn; what a fresh address asks of the tab in vain."""
    # Streamlit writes a value set by a button into the address only if it knew the key before.
    for key, value in _first().items():
        st.session_state.setdefault(key, value)
    return codes.begin("signal", KEY, FIRST)


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


def preset_bar(active: str | None) -> None:
    """The presets, with the one that is shown marked, and Reset."""
    st.session_state[PRESET] = active
    with st.container(horizontal=True, gap="small", key=f"{KEY}__presets"):
        with st.container(width="stretch", key=f"{KEY}__preset_names"):
            st.pills(
                "Presets",
                list(PRESETS),
                key=PRESET,
                on_change=_chosen,
                label_visibility="collapsed",
                wrap=True,
            )
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            key=f"{KEY}__reset",
            type="tertiary",
            help="Back to what the tab opens with.",
            on_click=_show,
            args=(next(iter(PRESETS)),),
        )


def _chosen() -> None:
    name = st.session_state[PRESET]
    if name in PRESETS:
        _show(name)


def _show(name: str) -> None:
    """Callback: set every widget of the tab, and put the visitor's own files away."""
    for key, value in state_of(PRESETS[name]).items():
        st.session_state[key] = value
    st.session_state[sources.UPLOADS] = int(st.session_state.get(sources.UPLOADS, 0)) + 1
    st.session_state.pop(sources.READ, None)
