"""Presets of the LIF Playground: a group, its settings, and what to notice in the one shown."""

from __future__ import annotations

import dataclasses

import streamlit as st

from pages.components import lif_controls as ctl
from snncore.neurons import MODELS
from snncore.playground import PRESETS, Run, Setup

GROUP, PRESET = "lif__group", "lif__preset"
GROUPS = tuple(dict.fromkeys(preset.group for preset in PRESETS.values()))


def preset_of(setup: Setup | None) -> str | None:
    """The preset that `setup` is, if it is one."""
    return next((name for name, preset in PRESETS.items() if preset.setup == setup), None)


def usual(model: str) -> Setup:
    """What the page shows of a model first: its first preset."""
    found = (preset.setup for preset in PRESETS.values() if preset.setup.model == model)
    return next(found, Setup.of(model))


def preset_bar(setup: Setup | None) -> None:
    """A list of groups, the settings of the chosen group, and Reset.

    The setting that the page shows is marked, however it was reached.
    """
    active = preset_of(setup)
    if GROUP not in st.session_state:
        st.session_state[GROUP] = PRESETS[active].group if active else GROUPS[0]
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
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            key="lif__reset",
            type="tertiary",
            help="Back to what the page opens with.",
            on_click=_reset,
        )


def notice(setup: Setup) -> str:
    """What to notice in the preset that is shown; empty once something was changed."""
    active = preset_of(setup)
    return PRESETS[active].notice if active else ""


def _chosen() -> None:
    name = st.session_state[PRESET]
    if name in PRESETS:
        ctl.show(PRESETS[name].setup)


def check_drive(setup: Setup, result: Run) -> None:
    """After a change of the model: a drive that leaves the new one silent gives way to its usual.

    What a student expects of a neuron that was just chosen is that it does something.
    """
    if not st.session_state.pop(ctl.CHECK_DRIVE, False) or result.summary.count > 0:
        return
    better = usual(setup.model)
    if better == setup:
        return
    st.session_state[ctl.PENDING] = dataclasses.replace(better, neuron=setup.neuron)
    st.session_state[ctl.FLASH] = (
        f"{setup.kind.title} is silent under the drive that was set. It now gets the drive of its "
        "first preset."
    )
    st.rerun()


def _reset() -> None:
    for model in reversed(MODELS):
        ctl.show(Setup.of(model))
    st.session_state[GROUP] = GROUPS[0]
