"""The picture that the network is asked about: a drawing, a test image, or the visitor's file.

A drawing and a test image are part of the address, a file is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.components import sight
from pages.components.canvas import canvas, pixels_of, put
from pages.components.text import plain
from pages.components.trainer.draw_network import Network
from pages.components.trainer.payload import OWN
from pages.components.trainer.source import Shown, test_images
from snncore import trained
from snncore.datasets.drawing import fits_link, read_link, write_drawing
from snncore.datasets.files import check_upload, read_image
from snncore.trained import TEST_SAMPLES, Prepared

PANEL = "stdp_draw_panel"
KIND, CLASS, NUMBER = "stdp_draw_kind", "stdp_draw_class", "stdp_draw_number"
DRAWING = "stdp_drawing"  # the drawing in the address
CANVAS, SIDE = "stdp_draw", 28
_FILE = "stdp_draw_picture"
_LINKED = "stdp__draw_linked"  # that the address was read
_LOST = "stdp__draw_lost"  # that its drawing could not be
DRAW, TEST, OWN_FILE = "draw", "test", "file"
_NAMES = {DRAW: "Draw", TEST: "Test image", OWN_FILE: "Picture file"}
_ANY = "any class"


class Asked(NamedTuple):
    """A picture of the network's size, and what is known of it."""

    image: NDArray[np.uint8]
    steps: tuple[str, ...]  # what was done to it
    truth: int | None  # its class, of a test image
    sample: int  # number of its random spikes
    words: str


def example() -> NDArray[np.uint8]:
    """The drawing that the page opens with: a 7."""
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    pixels[5:8, 7:21] = 255
    for row in range(8, 24):
        column = round(19 - 0.62 * (row - 8))
        pixels[row, column - 1 : column + 2] = 255
    return pixels


def kind_of_picture(net: Network) -> str:
    """Draw the choice between a drawing, a test image and a file."""
    _first_time(net)
    return st.segmented_control(
        "Picture", list(_NAMES), format_func=_NAMES.__getitem__, key=KIND, required=True
    )


def picture_to_ask(net: Network, kind: str) -> Asked | None:
    """Draw what belongs to this kind; the picture, or None with the reason on the page."""
    if kind == TEST:
        return _test_image(net)
    if net.run.dataset in ("fashion", "gtsrb"):
        what = "clothes" if net.run.dataset == "fashion" else "road signs"
        st.caption(
            f"This network learnt {what}: a drawing on a small canvas looks like none of them. "
            "Take a test image, or a picture that fills the frame."
        )
    if kind == OWN_FILE:
        return _file(net)
    return _drawing(net)


def link_values() -> dict[str, object]:
    """Names and values of the address that bring the picture back."""
    if KIND not in st.session_state:  # the panel comes later in this run: it will read these
        return {name: st.query_params.get(name) for name in (KIND, CLASS, NUMBER, DRAWING)}
    kind = st.session_state[KIND]
    if kind == TEST:
        return {
            KIND: kind,
            CLASS: st.session_state.get(CLASS),
            NUMBER: st.session_state.get(NUMBER),
        }
    drawn = pixels_of(CANVAS)
    changed = not np.array_equal(drawn, example()) and fits_link(drawn)
    return {DRAWING: write_drawing(drawn) if changed else None}


def not_in_link() -> list[str]:
    """What is looked at and no address can carry."""
    kind = st.session_state.get(KIND)
    if kind == OWN_FILE and st.session_state.get(_FILE) is not None:
        return ["your picture"]
    if kind == DRAW and not fits_link(pixels_of(CANVAS)):
        return ["the greys of your drawing"]
    return []


def show_test_image(number: int) -> None:
    """Callback: the player shows this test image of the run."""
    sight.see(PANEL)
    st.session_state[KIND] = TEST
    st.session_state[CLASS] = _ANY
    st.session_state[NUMBER] = number


def _first_time(net: Network) -> None:
    """What the address asks for; a working example without it."""
    if _LINKED not in st.session_state:
        st.session_state[_LINKED] = True
        put(CANVAS, _linked_drawing())
        if KIND not in st.session_state:  # else a button has asked for something already
            _read_address()
    if st.session_state.get(KIND) not in _NAMES:
        st.session_state[KIND] = DRAW if net.run.dataset in ("mnist", "digits", OWN) else TEST


def _read_address() -> None:
    if (text := st.query_params.get(NUMBER, "")).isascii() and text.isdigit():
        st.session_state[NUMBER] = min(int(text[:7]), 10**6)
    if CLASS in st.query_params:
        st.session_state[CLASS] = st.query_params[CLASS]
    if st.query_params.get(KIND) in (DRAW, TEST):
        st.session_state[KIND] = st.query_params[KIND]


def _linked_drawing() -> NDArray[np.uint8]:
    text = st.query_params.get(DRAWING)
    if text is None:
        return example()
    try:
        return read_link(text)
    except ValueError:
        st.session_state[_LOST] = True
        return example()


def _drawing(net: Network) -> Asked | None:
    pixels = canvas(CANVAS, SIDE)
    if st.session_state.get(_LOST):
        if np.array_equal(pixels, example()):
            st.warning("The link has a drawing that cannot be read; this is an example.")
        else:
            del st.session_state[_LOST]
    changed = fits_link(pixels) and not np.array_equal(pixels, example())
    _set_address(write_drawing(pixels) if changed else None)
    if not fits_link(pixels):
        st.caption("A link carries black and white only: this drawing's greys stay here.")
    if int(pixels.max()) == int(pixels.min()):
        st.caption("Draw a digit: an empty canvas makes no spikes.")
        return None
    return _prepared(net, pixels, "your drawing")


def _set_address(text: str | None) -> None:
    """Put the drawing into the address; the page's link to itself follows with the next run."""
    if st.query_params.get(DRAWING) == text:
        return
    if text is None:
        del st.query_params[DRAWING]
    else:
        st.query_params[DRAWING] = text
    st.rerun()


def _prepared(net: Network, pixels: NDArray[np.uint8], words: str) -> Asked | None:
    form = "mnist" if net.run.dataset == OWN else net.run.dataset
    made: Prepared = trained.prepare(pixels, net.trained.image_shape, form)
    if int(made.image.max()) == 0:
        st.caption("There is no ink in this picture.")
        return None
    return Asked(made.image, made.steps, None, TEST_SAMPLES, words)


def _test_image(net: Network) -> Asked | None:
    try:
        tests = test_images(net.run)
    except ValueError as missing:
        st.info(f"{missing}", icon=":material/database:")
        return None
    if tests is None or tests.images.shape[1:] != net.trained.image_shape:
        st.info("The images that this network learnt are not here.", icon=":material/info:")
        return None
    names = [_ANY, *tests.class_names]
    if st.session_state.get(CLASS) not in names:
        st.session_state[CLASS] = _ANY
    chosen = st.selectbox("Class", names, key=CLASS)
    candidates = _members(tests, chosen)
    if not len(candidates):
        st.caption("There is no test image of this class.")
        return None
    number = min(int(st.session_state.get(NUMBER) or 0), len(tests.labels) - 1)
    if number not in candidates:  # the next one of the class
        number = int(candidates[np.searchsorted(candidates, number) % len(candidates)])
    st.session_state[NUMBER] = number
    left, right = st.columns([1.4, 1], vertical_alignment="bottom")
    left.number_input(
        "Number", 0, len(tests.labels) - 1, key=NUMBER, step=1,
        help="Of the test set, counted from 0.",
    )  # fmt: skip
    right.button(
        "Next", icon=":material/skip_next:", key="stdp_draw_next", width="stretch",
        on_click=_next, args=(candidates.tolist(), number),
    )  # fmt: skip
    truth = int(tests.labels[number])
    return Asked(
        tests.images[number],
        (),
        truth,
        TEST_SAMPLES + number,
        f"test image {number} (“{plain(tests.class_names[truth])}”)",
    )


def _members(tests: Shown, chosen: str) -> NDArray[np.int64]:
    if chosen == _ANY:
        return np.arange(len(tests.labels))
    found: NDArray[np.int64] = np.flatnonzero(tests.labels == tests.class_names.index(chosen))
    return found


def _next(candidates: Sequence[int], number: int) -> None:
    """Callback: the next image of the class."""
    later = [k for k in candidates if k > number]
    st.session_state[NUMBER] = later[0] if later else candidates[0]


def _file(net: Network) -> Asked | None:
    file: Any = st.file_uploader(
        "Picture (PNG or JPEG, at most 10 MB)",
        type=[".png", ".jpg", ".jpeg"],
        key=_FILE,
        max_upload_size=10,
        help="One digit on plain paper. Dark ink on light paper is turned round.",
    )
    if file is None:
        return None
    try:
        check_upload("picture", file.size)
        return _prepared(net, read_image(file.getvalue()), "your picture")
    except ValueError as error:
        st.error(f"This picture cannot be used: {error}.")
        return None
