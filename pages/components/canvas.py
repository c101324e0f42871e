"""A small canvas to draw on: pencil, eraser, fill, undo; mouse, touch, pen and keyboard.

Drawing happens in the visitor's browser (`canvas.js`); when a stroke ends the whole
drawing comes here as one short text (`snncore.datasets.drawing`), which is checked like any other
message from outside.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from snncore.datasets.drawing import read_drawing, write_drawing

SIDE = 32  # of the canvas that a visitor finds: its drawings fit into an address
_HERE = Path(__file__).parent

_component = st.components.v2.component(
    "drawing_canvas",
    html=(_HERE / "canvas.html").read_text(encoding="utf-8"),
    css=(_HERE / "canvas.css").read_text(encoding="utf-8"),
    js=(_HERE / "canvas.js").read_text(encoding="utf-8"),
)


class Sheet(NamedTuple):
    """What is on the canvas now."""

    text: str  # the drawing
    version: int = 0  # how often the page (not the visitor's hand) has put a drawing there


def canvas(key: str, side: int = SIDE) -> NDArray[np.uint8]:
    """Draw the canvas; the drawing on it, uint8 [H, W], white ink (255) on black (0).

    It begins empty, with `side` pixels a side; `put` may change both.
    """
    sheet = sheet_of(key, side)
    st.session_state.setdefault(_state(key), sheet)
    result: Any = _component(
        key=f"{key}_view",
        data={"start": sheet.text, "version": sheet.version},
        on_drawing_change=lambda: None,
    )
    try:
        sheet = _received(result.drawing, sheet)
    except ValueError as error:  # only from a browser whose messages somebody has changed
        st.error(f"The browser sent what is no drawing: {error}.")
    st.session_state[_state(key)] = sheet
    return read_drawing(sheet.text)


def put(key: str, pixels: NDArray[np.uint8]) -> None:
    """Put a picture, uint8 [H, W] with sides of 8 to 64 pixels, on the canvas."""
    sheet = sheet_of(key)
    st.session_state[_state(key)] = Sheet(write_drawing(pixels), sheet.version + 1)


def pixels_of(key: str) -> NDArray[np.uint8]:
    """What is on the canvas, without drawing it here."""
    return read_drawing(sheet_of(key).text)


def stretch(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Another grid for the same drawing: its longest side becomes `side`, pixels stay whole."""
    height, width = pixels.shape
    new = [max(8, round(n * side / max(height, width))) for n in (height, width)]
    rows, columns = (np.arange(n) * old // n for n, old in zip(new, (height, width), strict=True))
    return pixels[rows[:, None], columns]


def sheet_of(key: str, side: int = SIDE) -> Sheet:
    """What the session remembers of this canvas; an empty one at first."""
    empty = Sheet(write_drawing(np.zeros((side, side), dtype=np.uint8)))
    found: Sheet = st.session_state.get(_state(key), empty)
    return found


def _received(message: object, sheet: Sheet) -> Sheet:
    """The drawing in the browser's last message, if it was made after the page's last one."""
    if not isinstance(message, dict) or message.get("version") != sheet.version:
        return sheet
    text = message.get("text")
    read_drawing(text)  # raises ValueError
    return sheet._replace(text=str(text))


def _state(key: str) -> str:
    return f"{key}__sheet"
