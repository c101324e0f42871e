"""Presets of the LIF Playground: a group, its settings, and what to notice in the one shown."""

from __future__ import annotations

import dataclasses

import streamlit as st

from pages.components import lif_controls as ctl
from pages.components import undo
from pages.components.share import exact_link
from snncore.neurons import MODELS
from snncore.playground import PRESETS, Run, Setup
from snncore.stimuli import Recording

GROUP, PRESET = "lif__group", "lif__preset"
GROUPS = tuple(dict.fromkeys(preset.group for preset in PRESETS.values()))


def preset_of(setup: Setup | None) -> str | None:
    """The preset that `setup` is, if it is one; to the ten digits that a control can hold."""
    return None if setup is None else _KNOWN.get(_spelled(setup))


def _spelled(setup: Setup) -> str:
    return exact_link(None, ctl.link_of(setup))


_KNOWN = {_spelled(preset.setup): name for name, preset in PRESETS.items()}


def usual(model: str) -> Setup:
    """What the page shows of a model first: its first preset."""
    found = (preset.setup for preset in PRESETS.values() if preset.setup.model == model)
    return next(found, Setup.of(model))


def _group_of(model: str) -> str:
    """The first group with a preset of this model."""
    return next((p.group for p in PRESETS.values() if p.setup.model == model), GROUPS[0])


def preset_bar(setup: Setup | None, *, with_file: bool) -> None:
    """A list of groups, the settings of the chosen group, and Reset.

    The setting that the page shows is marked, however it was reached.
    """
    active = None if with_file else preset_of(setup)
    if GROUP not in st.session_state:
        st.session_state[GROUP] = (
            PRESETS[active].group if active else _group_of(st.session_state[ctl.MODEL])
        )
    with st.container(
        horizontal=True, gap="small", vertical_alignment="center", key="lif__presets"
    ):
        group = st.selectbox(
            "Group of presets", GROUPS, key=GROUP, label_visibility="collapsed", width=170
        )
        names = [name for name, preset in PRESETS.items() if preset.group == group]
        st.session_state[PRESET] = active if active in names else None
        with st.container(width="stretch", key="lif__preset_names"):
            st.pills(
                "Presets",
                names,
                key=PRESET,
                on_change=_chosen,
                label_visibility="collapsed",
                wrap=True,
            )
        undo.buttons(ctl.KEY, setup, _show_again)
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            key="lif__reset",
            type="tertiary",
            help="Back to what the page opens with.",
            on_click=_reset,
        )


def _show_again(setup: Setup) -> None:
    ctl.show(setup, keep_file=True)


def notice(setup: Setup, recording: Recording | None) -> str:
    """What to notice in the preset that is shown; empty once something was changed."""
    active = preset_of(setup) if recording is None else None
    return PRESETS[active].notice if active else ""


def _chosen() -> None:
    name = st.session_state[PRESET]
    if name in PRESETS:
        ctl.show(PRESETS[name].setup)


def check_drive(setup: Setup, result: Run) -> None:
    """After a change of the model: a drive that leaves the new one silent gives way to its usual.

    What a student expects of a neuron that was just chosen is that it does something.
    """
    if not st.session_state.pop(ctl.CHECK_DRIVE, False) or result.summary.count > 1:
        return
    better = usual(setup.model)
    if better == setup:
        return
    untouched = setup.neuron == type(setup.neuron)()
    st.session_state[ctl.PENDING] = (
        better if untouched else dataclasses.replace(better, neuron=setup.neuron)
    )
    st.session_state[ctl.FLASH] = (
        f"{setup.kind.title} fires at most once under the drive that was set. It now has the "
        "drive of its first preset."
    )
    st.rerun()


def model_changed() -> None:
    """Callback of the list of models: what becomes of the drive.

    A drive that the visitor made stays, for comparison. From an untouched preset they get the new
    model's first preset, which shows what it is known for.
    """
    st.session_state[ctl.CHECK_DRIVE] = True
    model = st.session_state[ctl.MODEL]
    if model not in MODELS:  # of no list of ours: a connection without a browser may say anything
        st.session_state[ctl.MODEL] = model = "lif"
    first = usual(model)
    st.session_state[GROUP] = _group_of(model)
    if preset_of(undo.last(ctl.KEY)) is not None:
        ctl.show(first)
    else:
        ctl.fit_noise(model)


def _reset() -> None:
    for model in reversed(MODELS):
        ctl.show(Setup.of(model))
    st.session_state[GROUP] = GROUPS[0]
