"""Pictures of the visitor's own beside those of a set: from files, the camera or a drawing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components import canvas, hopfield_own
from pages.components.encoding_panel import attempt
from pages.components.hopfield_own import MAX_OWN, Own, OwnPicture
from pages.components.hopfield_pick import picked
from pages.components.inline import inline
from pages.components.picture import picture
from pages.components.text import plain
from snncore import datasets
from snncore.datasets.drawing import MAX_SIDE, MIN_SIDE
from snncore.hopfield import Patterns
from snncore.plots.base import png

__all__ = ["distinct", "duplicates_note", "own_pictures", "picked", "reset_own"]

CANVAS = "hop_draw"
DISTINCT = "hop_distinct"
_TURN, _WAITING = "hop__own_turn", "hop__own_waiting"
_ASK, _GRID = "hop_draw_ask", "hop_draw_side"
_GRIDS = (16, 24, 32, 48, 64)
_NAMED = 3  # pairs of equal pictures that are named


def own_pictures(load: Callable[[], Patterns] | None = None) -> Own:
    """Draw the ways to bring pictures, and the list of them; what there is after this run's choice.

    Args:
        load: the stored patterns, for those who want to change one of them on the canvas; called
            only then, and kept while the canvas is there: let it hold a few parameters, no arrays.
    """
    mine = hopfield_own.own()
    turn = st.session_state.setdefault(_TURN, 0)
    files, draw = st.tabs(["File or camera", "Draw"])
    with files:
        key = f"hop_own_files_{turn}"
        st.file_uploader(
            "PNG or JPEG, at most 10 MB and 16 million pixels each",
            type=[".png", ".jpg", ".jpeg"],
            accept_multiple_files=True,
            key=key,
            max_upload_size=10,
            on_change=_picked,
            args=(key, "file"),
            help=f"At most {MAX_OWN} pictures of your own are stored, before those of the set; the "
            "largest part of a picture that has the set's aspect is taken.",
        )
        # The browser asks for permission when the camera appears, so only on request.
        if st.toggle("Use the camera", key="hop_own_camera"):
            key = f"hop_own_shot_{turn}"
            st.camera_input(
                "Take a picture",
                key=key,
                on_change=_picked,
                args=(key, "camera"),
                help="The picture is stored as the camera sees it, not mirrored.",
            )
    with draw:
        _easel(load)
    _read_waiting()
    mine = hopfield_own.own()
    for words in mine.refused:
        st.error(f"{words}.")
    _list(mine)
    hopfield_own.write_address(mine)
    return mine


def distinct() -> bool:
    """Draw the switch that stores equal pictures once, and say how it stands."""
    return st.toggle(
        "Store each picture once",
        key=DISTINCT,
        bind="query-params",
        help="Of equal pictures the first is stored. Twice the same picture says nothing new, and "
        "counts twice in the couplings of most rules.",
    )


def duplicates_note(patterns: Patterns) -> None:
    """Say which stored pictures are equal."""
    pairs = _equal(patterns)
    if not pairs:
        return
    named = [f"{i + 1} and {j + 1} ({plain(patterns.names[j])})" for i, j in pairs[:_NAMED]]
    more = f" and {len(pairs) - _NAMED:,} more" if len(pairs) > _NAMED else ""
    st.warning(
        f"Some stored pictures are equal: {', '.join(named)}{more}. A memory cannot tell them "
        "apart; either counts as right.",
        icon=":material/content_copy:",
    )
    if not st.session_state.get(DISTINCT, False):
        st.button("Store each picture once", key="hop_own_once", on_click=_once)


def _equal(patterns: Patterns) -> list[tuple[int, int]]:
    """Pairs of the first of equal pictures and a later one: one look at each, for it is done on
    every run of the page, also with ten thousand pictures."""
    first: dict[bytes, int] = {}
    pairs = []
    for k, row in enumerate(patterns.states.numpy()):
        earlier = first.setdefault(row.tobytes(), k)
        if earlier != k:
            pairs.append((earlier, k))
    return pairs


def reset_own() -> None:
    """Forget the visitor's pictures, the question and the drawing: for a Reset button."""
    hopfield_own.forget()
    st.session_state[_ASK] = False
    canvas.put(CANVAS, np.zeros((canvas.SIDE,) * 2, dtype=np.uint8))


def _once() -> None:
    st.session_state[DISTINCT] = True


def _picked(key: str, origin: str) -> None:
    """Callback: files were chosen or a photograph was taken. New keys empty the boxes again, so
    the files themselves are not kept."""
    found: Any = st.session_state.get(key)
    files = found if isinstance(found, list) else [found]
    given = [
        (file.name if origin == "file" else "photo", file.getvalue()) for file in files if file
    ]
    if not given:
        return
    hopfield_own.forgive()
    room = MAX_OWN - len(hopfield_own.own().pictures)
    if len(given) > room:
        left = "no more is stored" if room <= 0 else f"the first {room} were taken"
        hopfield_own.refuse(f"{len(given)} pictures came, {MAX_OWN} can be stored in all: {left}")
    st.session_state[_WAITING] = [(name, origin, data) for name, data in given[: max(0, room)]]
    st.session_state[_TURN] += 1


def _read_waiting() -> None:
    """Read the files that came with this run."""
    for name, origin, data in st.session_state.pop(_WAITING, []):
        found = attempt(lambda data=data: hopfield_own.read_file(data))
        if isinstance(found, ValueError):
            hopfield_own.refuse(f"{hopfield_own.clean(name)}: {found}")
        else:
            hopfield_own.add(name.rsplit(".", 1)[0], origin, found)


def _list(mine: Own) -> None:
    """The own pictures, each with its name and a button to remove it."""
    if not mine.pictures:
        return
    with st.container(horizontal=True, gap="small", key="hop_own_list"):
        for index, one in enumerate(mine.pictures):
            with st.container(width=104, gap="xsmall"):
                picture(_thumbnail(one), alt=f"Own picture {one.name}", width=96)
                st.button(
                    f"Remove {plain(one.name)}",
                    key=f"hop_own_remove_{index}",
                    type="tertiary",
                    on_click=hopfield_own.remove,
                    args=(index,),
                )
    st.caption(
        f"{len(mine.pictures)} of at most {MAX_OWN}; they stay in this session. Answers computed "
        "from them leave the server's memory 30 minutes after the last look."
    )


def _thumbnail(one: OwnPicture) -> bytes:
    """PNG of at most 96 pixels a side; small ones enlarged by whole factors."""
    height, width = one.shape[:2]
    pixels = datasets.resize(one.pixels[None], datasets.fitted_size(height, width, 96))[0]
    return png(pixels, scale=max(1, 96 // max(height, width)))


@st.fragment
def _easel(load: Callable[[], Patterns] | None) -> None:
    """The canvas with its buttons: a stroke reruns no more than this."""
    question = hopfield_own.own().question
    if _ASK not in st.session_state and question is not None:  # a link, or back on this page
        st.session_state[_ASK] = True
        canvas.put(CANVAS, question.pixels)
    pixels = canvas.canvas(CANVAS)
    empty = bool((pixels == pixels[0, 0]).all())
    asking = st.toggle(
        "Ask with this drawing",
        key=_ASK,
        help="The network gets your drawing in place of damaged pictures, anew after each stroke.",
    )
    wanted = None if empty or not asking else pixels
    held = None if question is None else question.pixels
    store = st.button(
        "Store this drawing",
        icon=":material/add:",
        key="hop_draw_store",
        disabled=empty,
        help="Draw something first." if empty else "It is stored before the set's pictures.",
    )
    loaded = _canvas_settings(load)
    if asking and empty:
        st.caption("Draw something: an empty canvas asks nothing.")
    if store:
        hopfield_own.forgive()
        hopfield_own.add(_next_name(), "drawing", pixels)
    changed = (wanted is None) != (held is None) or (
        wanted is not None and not np.array_equal(wanted, held)
    )
    if changed:
        hopfield_own.ask_with(wanted)
    if store or changed or loaded:
        st.rerun()


def _canvas_settings(load: Callable[[], Patterns] | None) -> bool:
    """The grid, and a stored picture to begin with; whether one was put on the canvas."""
    side = max(canvas.pixels_of(CANVAS).shape)
    st.session_state[_GRID] = side if side in _GRIDS else None
    st.segmented_control(
        "Grid [pixels]", _GRIDS, key=_GRID, on_change=_regrid,
        help="The link carries black-and-white drawings of at most 32×32.",
    )  # fmt: skip
    if load is None:
        return False
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        number = st.number_input(
            "Stored picture", 1, 10_000, key="hop_draw_number", step=1, width=140,
            help="Begin with a copy of a stored picture and change it.",
        )  # fmt: skip
        wanted = st.button("Copy to the canvas", key="hop_draw_load")
    if not wanted:
        return False
    patterns = inline(load)
    if number > len(patterns.names):
        st.error(f"There are {len(patterns.names):,} stored pictures.")
        return False
    canvas.put(CANVAS, _for_canvas(patterns, int(number) - 1))
    return True


def _for_canvas(patterns: Patterns, index: int) -> NDArray[np.uint8]:
    """A stored picture as grey uint8 with sides that the canvas can have."""
    values = patterns.states[index].numpy().reshape(patterns.picture_shape)
    bright = values > 0 if patterns.mode == "binary" else values
    grey = datasets.to_grey(np.rint(bright * np.float32(255)).astype(np.uint8)[None])
    fitted = datasets.fitted_size(*patterns.shape, MAX_SIDE)
    size = (max(MIN_SIDE, fitted[0]), max(MIN_SIDE, fitted[1]))
    pixels = datasets.resize(grey, size)[0]
    if patterns.mode == "binary":  # shrinking made greys of it
        pixels = np.where(pixels > 127, 255, 0).astype(np.uint8)
    return pixels


def _regrid() -> None:
    """Callback: the same drawing on another grid."""
    side = st.session_state.get(_GRID)
    if side in _GRIDS:
        pixels = canvas.pixels_of(CANVAS)
        canvas.put(CANVAS, canvas.stretch(pixels, side))


def _next_name() -> str:
    drawn = sum(one.origin == "drawing" for one in hopfield_own.own().pictures)
    return f"drawing {drawn + 1}"
