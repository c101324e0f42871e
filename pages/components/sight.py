"""A part far down a page: drawn when the visitor scrolls to it, which in a lecture few do at once.

Until then a button stands there, whose script (`sight.js`) tells the server that it is seen; nobody
has to press it, but whoever does not scroll can.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_HTML = '<div class="place"><button></button></div>'
_CSS = """
.place {min-height: 24rem;}
button {padding: 0.4rem 0.8rem; border: 1px solid var(--st-border-color); border-radius: 0.5rem;
  background: transparent; color: var(--st-text-color); font: inherit;}
@media print {.place {display: none;}}
"""
_component = st.components.v2.component(
    "sight", html=_HTML, css=_CSS, js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
)


def is_seen(key: str, what: str, *, asked: bool = False) -> bool:
    """Whether the place `key` has been in sight in this session, else an empty place is drawn.

    `what` is there to be seen, in words for the button that shows it. `asked`: the address asks for
    something in it, which is as good.

    Call it inside a fragment, which is run again when it is seen; tests without a browser replace
    it.
    """
    place, been = f"{key}_sight", _been(key)
    if asked or st.session_state.get(been) or st.session_state.get(place, {}).get("seen"):
        st.session_state[been] = True  # the place is not drawn any more
        return True
    _component(key=place, data=what, default={"seen": 0}, on_seen_change=lambda: None)
    return False


def see(key: str) -> None:
    """Callback: the place is drawn from now on, wherever the visitor looks."""
    st.session_state[_been(key)] = True


def _been(key: str) -> str:
    return f"{key}__seen"
