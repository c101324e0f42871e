"""The component of a player: its own files on top of those that all players share.

A film may be large, or take long to make: the player is told its name, and asks for it when it is
in sight (`player_controls.js`), which for most visitors is never.
"""

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


def is_wanted(key: str, film: str) -> bool:
    """Whether the player of this key has asked for this film; tests without a browser replace
    this."""
    return bool(st.session_state.get(key, {}).get("wanted") == film)


def mount(component: Any, key: str, data: dict[str, Any]) -> None:
    """Draw a player that may ask for a film: inside a fragment, which is run again then."""
    component(key=key, data=data, default={"wanted": ""}, on_wanted_change=lambda: None)
