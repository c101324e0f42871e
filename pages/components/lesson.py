"""A page for a class: a link that fixes the setting, hides its controls and may set a task.

`lesson=1` in the address hides all controls of the setting but those named in `free`; their values
still come from the address. It is a teaching aid and no lock: the controls are only out of sight,
and whoever edits the address, or presses *Open the full page*, has them all.

`task` is shown as plain text under a label that says where it comes from. As anybody can write such
a link, a text with a web or mail address in it is not shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import streamlit as st

from pages.components.text import plain

LESSON, FREE, TASK = "lesson", "free", "task"
MAX_TASK = 200  # letters
_MOST = 12  # controls that stay
_MAKE, _PICKED, _WRITTEN = "lesson__make", "lesson__free", "lesson__task"
_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")  # what goes into a style sheet must be nothing else
# With or without https://; "e.g." and "0.5" are none.
_ADDRESS = re.compile(r"://|www\.|@|[\w-]\.[^\W\d_]{2,}", re.IGNORECASE)

# What decides the setting; `settings` makes the first kind.
_BOXES = (
    '[class*="__settings"]', '[class*="__presets"]', ".st-key-lif_model", ".st-key-lif_keep",
    ".st-key-lif_swap", ".st-key-lif_remove_a", ".st-key-enc_tab > div > [role=tablist]",
)  # fmt: skip
_SIDE = '[data-testid="stColumn"]:has([class*="_side__settings"])'  # a column of nothing else
_UPLOADS = ", ".join(
    f'[data-testid="stMain"] [data-testid="stElementContainer"]:has([data-testid="{kind}"])'
    for kind in ("stFileUploader", "stCameraInput", "stAudioInput")
)
# Here the row of Share, Command and Export stands beside what a lesson has moved or hidden.
_BARS = (
    ".st-key-hop_bar, .st-key-enc_bar "
    "{position: static !important; margin-bottom: 0 !important; padding-right: 0 !important;} "
)
_PARTS = ", ".join(
    f'[data-testid="{kind}"]'
    for kind in ("stElementContainer", "stLayoutWrapper", "stColumn", "stHorizontalBlock",
                 "stExpander")
)  # fmt: skip

# In the session: box → key → label of the controls in it. The session keeps them, as *Share* may
# be opened, which runs nothing else, long after they were drawn.
_OFFERED = "lesson__offered"
_ALONE = ""  # in no box


class _Box(NamedTuple):
    """The box of `settings` in which the script is now."""

    name: str
    title: str


_box: ContextVar[_Box | None] = ContextVar("box", default=None)


def on() -> bool:
    """Whether the page was opened by such a link."""
    return bool(st.query_params.get(LESSON) == "1")


def free() -> list[str]:
    """Keys of the controls that stay; what cannot be one is ignored."""
    names = st.query_params.get(FREE, "").split(",")
    return [name for name in names[:_MOST] if _KEY.fullmatch(name)]


def task() -> str:
    """The task as the address has it, "" without one that can be shown."""
    text = " ".join(st.query_params.get(TASK, "").split())[:MAX_TASK]
    return "" if _has_address(text) else text


def _has_address(text: str) -> bool:
    return _ADDRESS.search(unicodedata.normalize("NFKC", text)) is not None


def begin() -> None:
    """At the top of each run of a page: in a lesson, the line that says so, and the task."""
    st.session_state[_OFFERED] = {}
    if not on():
        return
    st.html(f"<style>{style(free())}</style>")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="lesson_line"):
        st.caption(":material/school: Lesson: settings are fixed by the link.", width="content")
        st.button("Open the full page", key="lesson_leave", type="tertiary", on_click=_leave)
    if words := task():
        shown = " ".join(plain(word) for word in words.split())
        st.markdown(f":material/assignment: **Task of the lesson:** {shown}")


def _leave() -> None:
    for name in (LESSON, FREE, TASK):
        if name in st.query_params:
            del st.query_params[name]


def link() -> dict[str, str]:
    """Names and values of the address that keep a lesson a lesson."""
    if not on():
        return {}
    return {LESSON: "1"} | _given(free(), task())


def _given(names: list[str], words: str) -> dict[str, str]:
    found = {FREE: ",".join(names)} if names else {}
    return found | ({TASK: words} if words else {})


def style(names: list[str]) -> str:
    """The rules that hide the controls, but those with these keys."""
    boxes = f":is({', '.join((*_BOXES, _SIDE))})"
    wrapped = f'[data-testid="stLayoutWrapper"]:has(> :is({", ".join(_BOXES)}))'
    if not names:
        return f"{_BARS}{boxes}, {wrapped}, {_UPLOADS} {{display: none !important;}}"
    kept = ", ".join(f".st-key-{name}" for name in names)
    without = f":not({kept}, :has({kept}))"
    # In a box that stays: its free controls, and what the page has to say about them. The slots
    # of a row keep their place, so that what is below them stands in one line.
    inside = f":is({', '.join(_BOXES)}) :is({_PARTS}){without}:not(:has([data-testid=stAlert]))"
    wrapped += ':not(:has(> [class*="_slot__settings"]))'
    rules = (boxes + without, wrapped + without, inside, _UPLOADS)
    return f"{_BARS}{', '.join(rules)} {{display: none !important;}}"


@contextmanager
def settings(key: str, title: str = "", **look: Any) -> Iterator[None]:
    """A container for controls that decide the setting.

    Args:
        key: that of the container is `f"{key}__settings"`; one that ends in "_side" has its
            column for itself, one in "_slot" stands in a row with others.
        title: put before the labels of its controls where a teacher chooses from all of them.
    """
    with st.container(key=f"{key}__settings", **look):
        _offers()[key] = {}
        with _inside(_Box(key, title)):
            yield


def aside() -> AbstractContextManager[None]:
    """For controls behind a button: they cannot stay without it, so they are not offered."""
    return _inside(None)


@contextmanager
def _inside(box: _Box | None) -> Iterator[None]:
    before = _box.set(box)
    try:
        yield
    finally:
        _box.reset(before)


def _offers() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = st.session_state.setdefault(_OFFERED, {})
    return found


def offer(key: str, label: str, *, alone: bool = False) -> None:
    """Tell of a control that a teacher may leave free; `alone`: it is in no box of `settings`."""
    box = _Box(_ALONE, "") if alone else _box.get()
    if box is not None:
        words = f"{box.title}: {label}" if box.title else label
        _offers().setdefault(box.name, {})[key] = words


def instead(text: str) -> None:
    """What stands in a lesson where the controls said it."""
    if on():
        st.markdown(text)


def maker(address: Callable[[Mapping[str, object]], str]) -> None:
    """A teacher's part of *Share*.

    Args:
        address: the link of the present setting with these names and values added.
    """
    if on() or not st.toggle(
        "For a class",
        key=_MAKE,
        help="A link that opens this setting with its controls hidden. Students who want all of "
        "them find the way: it is a teaching aid, no lock.",
    ):
        return
    offers = {key: label for box in _offers().values() for key, label in box.items()}
    st.session_state[_PICKED] = [k for k in st.session_state.get(_PICKED, []) if k in offers]
    names = st.multiselect(
        "Controls that stay",
        list(offers),
        format_func=lambda key: offers.get(key, str(key)),
        key=_PICKED,
        max_selections=_MOST,
        placeholder="None",
    )
    words = " ".join(st.text_input("Task (optional)", key=_WRITTEN, max_chars=MAX_TASK).split())
    if _has_address(words):
        st.caption("A task with a web or mail address in it is not shown: leave the address out.")
    st.code(address({LESSON: "1"} | _given(names, words)), language=None, wrap_lines=True)
