"""What the three panels of the Spike Encoding page share: their view, equations, files."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components import undo
from pages.components.inline import inline
from pages.components.share import Download
from snncore.encoding import Code
from snncore.params import Params

S = TypeVar("S")
T = TypeVar("T")


class View(NamedTuple):
    """What a panel tells the row of Share, Command and Export."""

    command: str
    params: dict[str, object]
    downloads: list[Download]
    missing: str = ""  # what the link cannot carry, in a sentence


# Controls, the original and three pictures read back fit on one screen of a laptop.
_COMPACT = """<style>
[data-testid="stMainBlockContainer"] {padding-left: 2.5rem; padding-right: 2.5rem;}
.st-key-enc__preset_names button {min-height: 1.7rem; padding: 0 0.55rem; font-size: 0.85rem;}
.st-key-enc__notice p {font-size: 0.9rem;}
[class*="__more"] button [data-testid="stMarkdownContainer"] {  /* read aloud, not shown */
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
}
.katex-display {margin: 0.2em 0; padding: 0.2em 0;}
@media (min-width: 900px) {
  .st-key-enc_bar {margin-bottom: -4.2rem; z-index: 1; pointer-events: none;}
  .st-key-enc_bar .st-key-share_bar {justify-content: flex-end;}
  .st-key-enc_bar .st-key-share_bar > * {pointer-events: auto;}
}
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] {padding-left: 1rem; padding-right: 1rem;}
  .st-key-enc__original, div:has(> .st-key-enc__original) {height: auto !important;}
  .st-key-enc__flow [data-testid="stImage"] img {max-width: 15rem !important;}
}
</style>"""


def compact() -> None:
    """Less empty space on this page; Share, Command and Export stand beside the tabs."""
    st.html(_COMPACT)


def attempt(work: Callable[[], T]) -> T | ValueError:
    """The result of `work`, or the engine's refusal: one code of three that cannot is no reason to
    end the page, as `inline` alone would."""

    def guarded() -> T | ValueError:
        try:
            return work()
        except ValueError as reason:
            return reason

    return inline(guarded)


def preset_pills(
    key: str,
    names: Sequence[str],
    active: str | None,
    show: Callable[[str], None],
    setting: S | None,
    restore: Callable[[S], None],
) -> None:
    """The presets of a tab, with the one that is shown marked, and Undo, Redo, Reset.

    Args:
        key: prefix of the tab's controls.
        names: of the presets; Reset is the first.
        active: the one that is shown.
        show: sets every widget of the tab to a preset.
        setting: what the controls say; None while they contradict each other.
        restore: sets the widgets to a setting that was shown before.
    """
    widget = f"{key}__preset"
    st.session_state[widget] = active

    def chosen() -> None:
        if (name := st.session_state[widget]) in names:
            show(name)

    with st.container(horizontal=True, gap="small", key=f"{key}__presets"):
        with st.container(width="stretch", key=f"{key}__preset_names"):
            st.pills(
                "Presets",
                names,
                key=widget,
                on_change=chosen,
                label_visibility="collapsed",
                wrap=True,
            )
        undo.buttons(key, setting, restore)
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            key=f"{key}__reset",
            type="tertiary",
            help="Back to what the tab opens with.",
            on_click=show,
            args=(names[0],),
        )


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
