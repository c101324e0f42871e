"""Presets of the picture tab: a source, three codes, and what to notice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from pages.components import controls
from pages.components import encoding_codes as codes
from pages.components.encoding_bench import Slot
from pages.components.encoding_codes import Choice
from pages.components.encoding_source import KEY, PictureParams, dataset_titles, forget_own
from pages.components.share import exact_link
from snncore import encoding
from snncore.params import Value

FIRST = {"A": "rate", "B": "latency", "C": "fade_in"}
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
        "The same picture three times: counting random spikes is noisy, one well-timed spike per "
        "pixel is nearly exact and a fiftieth of the price.",
        "rate", "latency", "fade_in",
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
    for key, value in controls.state_of(KEY, PictureParams()).items():
        st.session_state.setdefault(key, value)
    return codes.begin("picture", KEY, FIRST)


def preset_bar(params: PictureParams, slots: Sequence[Slot], *, own: bool) -> None:
    """The presets, the one that is shown marked and explained, and Reset."""
    active = None if own else preset_of(params, slots)
    st.session_state[PRESET] = active
    with st.container(horizontal=True, gap="small", key="enc__presets"):
        with st.container(width="stretch", key="enc__preset_names"):
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
            key="enc__reset",
            type="tertiary",
            help="Back to what the page opens with.",
            on_click=_show,
            args=(next(iter(PRESETS)),),
        )
    if active is not None:
        with st.container(key="enc__notice"):
            st.markdown(f":material/visibility: **What to notice:** {PRESETS[active].notice}")


def _chosen() -> None:
    name = st.session_state[PRESET]
    if name in PRESETS:
        _show(name)


def _show(name: str) -> None:
    """Callback: set every widget of the tab, and forget the visitor's own picture."""
    forget_own()
    for key, value in state_of(PRESETS[name]).items():
        st.session_state[key] = value
