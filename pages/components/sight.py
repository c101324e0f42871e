"""A part far down a page: drawn when the visitor scrolls to it, which in a lecture few do at once.

Until then an empty place stands there, whose script (`sight.js`) tells the server that it is seen.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_HTML = '<div class="place" role="status" aria-busy="true">Comes as you scroll here …</div>'
_CSS = ".place {min-height: 24rem; padding: 1rem 0; color: var(--st-text-color); opacity: 0.75;}"
_component = st.components.v2.component(
    "sight", html=_HTML, css=_CSS, js=Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
)


def is_seen(key: str) -> bool:
    """Whether the place `key` has been in sight in this session, else an empty place is drawn.

    Call it inside a fragment, which is run again when it is seen; tests without a browser replace
    it.
    """
    place, been = f"{key}_sight", _been(key)
    if st.session_state.get(been) or st.session_state.get(place, {}).get("seen"):
        st.session_state[been] = True  # the place is not drawn any more
        return True
    _component(key=place, default={"seen": False}, on_seen_change=lambda: None)
    return False


def see(key: str) -> None:
    """Callback: the place is drawn from now on, wherever the visitor looks."""
    st.session_state[_been(key)] = True


def _been(key: str) -> str:
    return f"{key}__seen"
