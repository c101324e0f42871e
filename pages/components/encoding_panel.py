"""What the three panels of the Spike Encoding page share: their view, presets, equations, files."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components.share import Download
from snncore.encoding import Code
from snncore.params import Params, Value


class View(NamedTuple):
    """What a panel tells the row of Share, Command and Export."""

    command: str
    params: dict[str, object]
    downloads: list[Download]


def preset_row(
    panel: str, choices: Mapping[str, Mapping[str, Value]], reset: Mapping[str, Value]
) -> None:
    """Buttons that set the widgets of a panel, all others to `reset`; the last only resets."""
    with st.container(horizontal=True, gap="small", key=f"enc_{panel}_presets"):
        for name, values in choices.items():
            st.button(
                name,
                key=f"enc_{panel}_preset_{name}",
                on_click=_set,
                args=({**reset, **values},),
                width="content",
            )
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            key=f"enc_{panel}_reset",
            type="tertiary",
            help="Back to the values that the page opens with.",
            on_click=_set,
            args=(reset,),
            width="content",
        )


def _set(values: Mapping[str, Value]) -> None:
    """Callback: runs before the widgets of the next run exist, so their state may be set."""
    for key, value in values.items():
        st.session_state[key] = value
    st.session_state["enc_uploads"] = st.session_state.get("enc_uploads", 0) + 1


def defaults(cls: type[Params], key: str) -> dict[str, Value]:
    """Widget keys and default values of a parameter set."""
    return {f"{key}_{name}": value for name, value in cls().to_dict().items()}


def settings(params: Params) -> str:
    """The words that give a code's changed parameters to the command line."""
    return "".join(f" --set {name}={value}" for name, value in params.changed().items())


def npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The bytes of a compressed .npz file."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def equations(code: Code) -> None:
    """The encoder's and the decoder's equation, side by side where there is room."""
    with st.container(horizontal=True, horizontal_alignment="center", gap="medium"):
        for part in code.equation.split(r", \qquad "):
            st.latex(r"\footnotesize " + part, width="content")
