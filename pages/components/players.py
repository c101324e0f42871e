"""The component of a player: its own files on top of those that all players share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

_SHARED = Path(__file__).parent


def player_component(name: str, file: Path, unit: str, *scripts: str) -> Any:
    """A player from the .html, .css and .js beside `file`, whose name they have.

    Args:
        name: of the component.
        file: the module of the player; in its .html, BUTTONS is where the shared buttons go.
        unit: what the buttons move by: "step" or "frame".
        scripts: shared scripts that come before its own.
    """

    def own(ending: str) -> str:
        return file.with_suffix(ending).read_text(encoding="utf-8")

    def shared(each: str) -> str:
        return (_SHARED / each).read_text(encoding="utf-8")

    buttons = shared("player_buttons.html").replace("UNIT", unit)
    return st.components.v2.component(
        name,
        html=own(".html").replace("BUTTONS", buttons.strip()),
        css=shared("player.css") + own(".css"),
        js="\n".join((*map(shared, scripts), own(".js"))),
    )
