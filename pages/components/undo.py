"""Undo and Redo of what a page's controls are set to: by hand, by a preset, by Reset.

Each page notes in every run what it shows; a session remembers that, and no more than is useful.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")

_MOST = 100  # settings that Undo leads back to


def buttons(key: str, shown: T | None, show: Callable[[T], None]) -> None:
    """Draw both buttons in the current container.

    Args:
        key: prefix of the page's controls; a tab of a page has its own.
        shown: the setting now, comparable; None while the values contradict each other.
        show: sets every control to a setting; called before the controls are drawn.
    """
    past, future = _noted(key, shown)
    for name, icon, there, act in (
        ("Undo", ":material/undo:", len(past) > (shown is not None), _undo),
        ("Redo", ":material/redo:", bool(future), _redo),
    ):
        st.button(
            name,
            icon=icon,
            key=f"{key}__{name.lower()}",
            type="tertiary",
            disabled=not there,
            on_click=act,
            args=(key, show),
        )


def last(key: str) -> Any:
    """The setting that was noted last, None before the first."""
    past: list[Any] = st.session_state.get(f"{key}__history", [])
    return past[-1] if past else None


def _noted(key: str, shown: object | None) -> tuple[list[object], list[object]]:
    """What was shown before, up to now, and what was undone; the present one is added."""
    past: list[object] = st.session_state.setdefault(f"{key}__history", [])
    future: list[object] = st.session_state.setdefault(f"{key}__undone", [])
    st.session_state[f"{key}__fits"] = shown is not None
    if shown is not None and (not past or past[-1] != shown):
        past.append(shown)
        del past[:-_MOST]
        future.clear()
    return past, future


def _undo(key: str, show: Callable[[T], None]) -> None:
    """Callback: the setting before the one shown (which a contradiction of values is not).

    A double click calls it twice before the page has drawn anything in between.
    """
    past: list[T] = st.session_state.get(f"{key}__history", [])
    future: list[T] = st.session_state.get(f"{key}__undone", [])
    if st.session_state.get(f"{key}__fits") and len(past) > 1:
        future.append(past.pop())
    if past:
        show(past[-1])


def _redo(key: str, show: Callable[[T], None]) -> None:
    """Callback: the setting that was undone last."""
    past: list[T] = st.session_state.get(f"{key}__history", [])
    future: list[T] = st.session_state.get(f"{key}__undone", [])
    if future:
        past.append(future.pop())
        show(past[-1])
