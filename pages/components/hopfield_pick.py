"""Which pictures of a set are stored, picked one by one from their thumbnails."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from pages.components.hopfield_own import lose
from pages.components.inline import inline
from snncore import datasets
from snncore.plots.base import png
from snncore.recall_lab import default_source

PICKED = "hop_picked"  # numbers with dots between them: in the session, and in the address
MAX_PICKED = 64
SHOWN, _SIDE = 24, 48  # thumbnails at once, and their pixels
_STATE = "hop__picked"
_HERE = Path(__file__).parent

_component = st.components.v2.component(
    "hopfield_pick",
    html=(_HERE / "hopfield_pick.html").read_text(encoding="utf-8"),
    css=(_HERE / "hopfield_pick.css").read_text(encoding="utf-8"),
    js=(_HERE / "hopfield_pick.js").read_text(encoding="utf-8"),
)


class _Picks(NamedTuple):
    """What is picked, as the browser was last told or has last said."""

    dataset: str
    numbers: tuple[int, ...]
    version: int = 0  # how often the page has changed it, not a click


class _Thumbnails(NamedTuple):
    """A strip of pictures side by side."""

    sprite: str  # as a data address
    height: int  # of one picture
    width: int
    names: list[str]


def picked(dataset: str) -> tuple[int, ...]:
    """Draw the gallery of a set; the numbers of the picked pictures in their order, () for none."""
    count = inline(lambda: len(datasets.load(dataset, default_source(dataset).split).images))
    picks = _known(dataset, count)
    start = 0
    if count > SHOWN:
        start = st.number_input(
            "Show from number", 0, count - 1, step=SHOWN, key="hop_pick_from",
            help=f"There are {count:,} pictures; {SHOWN} are shown at a time.",
        )  # fmt: skip
    strip = inline(lambda: _thumbnails(dataset, int(start)))
    result: Any = _component(
        key="hop_pick_view",
        data={
            "version": picks.version,
            "picked": list(picks.numbers),
            "first": int(start),
            "names": strip.names,
            "sprite": strip.sprite,
            "width": strip.width,
            "height": strip.height,
            "most": MAX_PICKED,
        },
        on_picked_change=lambda: None,
    )
    picks = _received(result.picked, picks, count)
    _keep(picks)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if picks.numbers:
            st.caption(
                f"{len(picks.numbers)} picked: these are stored. How many, offset and choice do "
                "not matter then."
            )
            st.button("Pick none", key="hop_pick_none", type="tertiary", on_click=_clear)
        else:
            st.caption("Click on pictures to store just these.")
    return picks.numbers


def _clear() -> None:
    st.session_state.pop(PICKED, None)


def _known(dataset: str, count: int) -> _Picks:
    """What is picked now: as before, or what the address or another widget has set meanwhile."""
    before: _Picks | None = st.session_state.get(_STATE)
    if before is None:
        wanted = _numbers(st.session_state.get(PICKED, st.query_params.get(PICKED, "")), count)
        if wanted is None:
            lose(f"pictures that are not among these {count:,}")
        return _Picks(dataset, wanted or ())
    wanted = _numbers(st.session_state.get(PICKED, ""), count)
    if wanted != before.numbers:  # a preset or a button has changed it
        return _Picks(dataset, wanted or (), before.version + 1)
    if before.dataset != dataset:
        return _Picks(dataset, (), before.version + 1)
    return before


def _received(message: object, picks: _Picks, count: int) -> _Picks:
    """What the last clicks have picked, unless the page has changed it since; checked again."""
    if not isinstance(message, dict) or message.get("version") != picks.version:
        return picks
    numbers = message.get("numbers")
    if not isinstance(numbers, list) or not all(type(n) is int for n in numbers):
        return picks
    if len(numbers) > MAX_PICKED or not all(0 <= n < count for n in numbers):
        return picks
    return picks._replace(numbers=tuple(dict.fromkeys(numbers)))


def _keep(picks: _Picks) -> None:
    """Remember it, and put it into the address."""
    st.session_state[_STATE] = picks
    text = ".".join(map(str, picks.numbers))
    if text:
        st.session_state[PICKED] = text
    else:
        st.session_state.pop(PICKED, None)
    if st.query_params.get(PICKED, "") != text:
        if text:
            st.query_params[PICKED] = text
        else:
            del st.query_params[PICKED]


def _numbers(text: object, count: int) -> tuple[int, ...] | None:
    """The numbers in a text; None where it is no list of pictures of the set."""
    if not isinstance(text, str) or len(text) > 8 * MAX_PICKED:
        return None
    if not text:
        return ()
    parts = text.split(".")
    if not all(part.isascii() and part.isdigit() for part in parts) or len(parts) > MAX_PICKED:
        return None
    numbers = tuple(dict.fromkeys(int(part) for part in parts))
    return numbers if all(n < count for n in numbers) else None


@st.cache_data(max_entries=32, ttl=3600, max_size="8MB", show_spinner=False)
def _thumbnails(dataset: str, first: int) -> _Thumbnails:
    """The `SHOWN` pictures from number `first` on."""
    pictures = datasets.load(dataset, default_source(dataset).split)
    images = pictures.images[first : first + SHOWN]
    size = datasets.fitted_size(images.shape[1], images.shape[2], _SIDE)
    small = datasets.resize(images, size)
    scale = max(1, _SIDE // max(size))
    strip = png(np.concatenate(list(small), axis=1), scale=scale)
    sprite = base64.b64encode(strip).decode("ascii")
    names = [str(pictures.class_names[k]) for k in pictures.labels[first : first + SHOWN]]
    return _Thumbnails(f"data:image/png;base64,{sprite}", scale * size[0], scale * size[1], names)
