"""Settings of the Hopfield page worth seeing, each with what to notice."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import streamlit as st

from pages.components import hopfield_source as source
from pages.components.controls import state_of
from pages.components.encoding_panel import preset_pills
from pages.components.hopfield_controls import Chosen
from pages.components.hopfield_params import KEY, PageParams, suited
from pages.components.hopfield_pick import PICKED
from snncore import datasets


class Preset(NamedTuple):
    """All controls at once, and a true sentence about what they show."""

    notice: str
    params: PageParams


class Setting(NamedTuple):
    """What Undo leads back to."""

    params: PageParams
    picked: tuple[int, ...]
    distinct: bool


def _preset(notice: str, dataset: str = "skimage", **changes: Any) -> Preset:
    return Preset(notice, dataclasses.replace(suited(dataset), **changes))


PRESETS: dict[str, Preset] = {
    "Four photographs": _preset(
        "three pixels in ten are wrong, and all four come back without one wrong pixel: spiking "
        "units gather evidence and the first spike decides."
    ),
    "Why Hebb fails": _preset(
        "icons are alike, and Hebb's couplings add them up: not one comes back from a tenth of "
        "wrong pixels, though the best decoder restores all.",
        "icons", share=0.1, rule="hebb",
    ),
    "Overlaps undone": _preset(
        "the same icons and damage; the pseudo-inverse removes what they have in common and "
        "restores all.",
        "icons", share=0.1, rule="pseudo-inverse",
    ),
    "Self-coupling freezes": _preset(
        "with its whole self-coupling (D = 1) a pixel listens to itself: six wrong ones in ten "
        "stay and not one picture comes back; with D = 0.15 nearly all do.",
        "random", count=200, size=20, share=0.1, rule="pseudo-inverse", diagonal=1.0,
    ),
    "Half hidden": _preset(
        "the lower half is unknown: it says nothing, and the upper half is enough.",
        "signs", kind="crop", share=0.5,
    ),
    "Painted black is a lie": _preset(
        "the same half, painted black: the network believes it and loses some; only who knows "
        "what was painted over restores all.",
        "signs", kind="occlude", share=0.5,
    ),
    "Too few pixels": _preset(
        "64 pixels and a third of them wrong: the best decoder fails too, so the noise is at "
        "fault.",
        "digits", share=0.35,
    ),
    "A power of ten": _preset(
        "overlaps to the power 10 in place of Hebb's 2: the most similar picture outweighs the "
        "others, and even 30 % of wrong pixels are repaired.",
        "icons", share=0.3, rule="dam", degree=10,
    ),
    "Grey at σ = 0.3": _preset(
        "from 12 dB to a perfect copy in one step: a softmax of distances.",
        mode="grey", kind="gaussian", sigma=0.3, rule="modern",
    ),
    "The brightest wins": _preset(
        "the same with the dot product: a bright picture has a large product with everything, so "
        "wrong ones win.",
        mode="grey", kind="gaussian", sigma=0.3, rule="modern", form="dot",
    ),
    "Colour in spikes": _preset(
        "red, green and blue as spike rates: the race decides, and the answer is read from the "
        "feedback's rates.",
        "signs", mode="rgb", kind="gaussian", sigma=0.3,
    ),
    "Example program: worse than its input": _preset(
        "one Hebbian step from 0/1 spikes, as in a program that is often shown: fewer pixels are "
        "right than before.",
        "icons", share=0.15, rule="seed-lif",
    ),
    "Random pictures": _preset(
        "what theory is made for: 50 random pictures of 1,024 pixels, far below 0.138 N, and Hebb "
        "restores all.",
        "random", count=50, share=0.2, rule="hebb",
    ),
    "Three thousand digits": _preset(
        "nearly four times more pictures than pixels: no coupling between pixels could store "
        "them, a softmax over all of them can.",
        "mnist", count=3000, rule="modern",
    ),
}  # fmt: skip


UNMARKED = ("The brightest wins",)  # all pixels are wrong: marks would hide the answers


def preset_bar(chosen: Chosen) -> None:
    """The presets, the one that is shown marked and explained, and Reset."""
    here = {info.name for info in datasets.catalogue() if info.present} | {"random"}
    names = [name for name, preset in PRESETS.items() if preset.params.dataset in here]
    active = active_preset(chosen)
    preset_pills(
        KEY, names, active if active in names else None, show,
        Setting(chosen.params, chosen.picked, chosen.distinct), _restore,
    )  # fmt: skip
    if active is not None:
        st.markdown(f":material/visibility: **Notice:** {PRESETS[active].notice}")


def _restore(setting: Setting) -> None:
    """Callback of Undo: the visitor's own pictures stay as they are."""
    st.session_state.update(state_of(KEY, setting.params))
    st.session_state[source.DISTINCT] = setting.distinct
    st.session_state[PICKED] = ".".join(map(str, setting.picked))


def active_preset(chosen: Chosen) -> str | None:
    """The preset that is shown, however it was reached."""
    if chosen.own.pictures or chosen.own.question or chosen.picked or chosen.distinct:
        return None
    for name, preset in PRESETS.items():
        if preset.params == chosen.params:
            return name
    return None


def show(name: str) -> None:
    """Callback: set every control, and forget the visitor's own pictures."""
    source.reset_own()
    for key, value in state_of(KEY, PRESETS[name].params).items():
        st.session_state[key] = value
    st.session_state["hop_distinct"] = False
    st.session_state["hop_mark"] = name not in UNMARKED
    st.session_state.pop("hop_picked", None)
