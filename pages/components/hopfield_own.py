"""A visitor's own pictures: at most eight in a session, from files, the camera or the canvas.

They stay in the session. The address carries none but small black-and-white drawings, as texts of
at most 178 letters (`snncore.datasets.drawing`), so that a link brings those back.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from snncore import datasets
from snncore.datasets.drawing import fits_link, read_link, write_drawing
from snncore.datasets.files import read_image

MAX_OWN = 8
KEPT_SIDE = 256  # pixels: no pattern is larger
DRAWN, ASKED = "hop_drawn", "hop_ask"  # names in the address
_PICTURES, _QUESTION, _REFUSED = "hop__own", "hop__own_question", "hop__own_refused"
_LINKED = "hop__own_linked"  # that the address was read
LOST = "hop__lost"  # in the session: what the address asks for in vain, until the page says it
_MAX_REFUSED = 4
_NAME = 40  # letters


class OwnPicture(NamedTuple):
    """One picture; plain values, so that it can be part of a cache key."""

    name: str
    origin: str  # "file", "camera" or "drawing"
    shape: tuple[int, ...]  # (H, W), or (H, W, 3) in colour
    data: bytes  # its uint8 values, row by row

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """uint8, read-only."""
        return np.frombuffer(self.data, dtype=np.uint8).reshape(self.shape)


class Own(NamedTuple):
    """Everything of the visitor's own."""

    pictures: tuple[OwnPicture, ...] = ()  # to be stored
    refused: tuple[str, ...] = ()  # why the last files were not taken; the source shows it
    question: OwnPicture | None = None  # what the network is asked with instead of damaged ones

    @property
    def identity(self) -> str:
        """Digest of the pictures and the question; "" where there are none."""
        if not self.pictures and self.question is None:
            return ""
        parts = repr((self.pictures, self.question)).encode()
        return hashlib.sha256(parts).hexdigest()

    @property
    def link(self) -> dict[str, object]:
        """Names and values of the address that bring small drawings back."""
        texts = [write_drawing(one.pixels) for one in self.pictures if linkable(one)]
        ask = self.question
        asked = write_drawing(ask.pixels) if ask is not None and linkable(ask) else None
        return {DRAWN: texts or None, ASKED: asked}

    @property
    def missing(self) -> str:
        """What a link leaves out, in a sentence; "" where it carries everything."""
        lost = sum(not linkable(one) for one in self.pictures)
        what = [f"{'one picture' if lost == 1 else f'{lost} pictures'} of your own"] if lost else []
        if self.question is not None and not linkable(self.question):
            what.append("the drawing that you ask with, so that damaged pictures are asked for")
        if not what:
            return ""
        return (
            f"This link opens the page as you see it, without {' and '.join(what)}: it carries "
            "only black-and-white drawings of at most 32×32 pixels."
        )


def linkable(picture: OwnPicture) -> bool:
    """Whether an address can carry this picture."""
    return picture.origin == "drawing" and fits_link(picture.pixels)


def own() -> Own:
    """What the session holds; the first time also the drawings in the address."""
    if _LINKED not in st.session_state:
        st.session_state[_LINKED] = True
        _take_linked()
    return Own(
        tuple(st.session_state.get(_PICTURES, ())),
        tuple(st.session_state.get(_REFUSED, ())),
        st.session_state.get(_QUESTION),
    )


def add(name: str, origin: str, pixels: NDArray[np.uint8]) -> None:
    """Keep one more picture, uint8 [H, W] or [H, W, 3]; beyond `MAX_OWN` it is refused in words."""
    held: tuple[OwnPicture, ...] = st.session_state.get(_PICTURES, ())
    if len(held) >= MAX_OWN:
        refuse(f"{clean(name)}: there are {MAX_OWN} pictures of your own already; remove one first")
        return
    st.session_state[_PICTURES] = (*held, picture_of(_fresh(clean(name), held), origin, pixels))


def remove(index: int) -> None:
    """Forget the picture of this number, if there is one."""
    held: tuple[OwnPicture, ...] = st.session_state.get(_PICTURES, ())
    st.session_state[_PICTURES] = held[:index] + held[index + 1 :]


def ask_with(pixels: NDArray[np.uint8] | None) -> None:
    """Ask the network with this drawing; with None, with damaged pictures again."""
    question = None if pixels is None else picture_of("your drawing", "drawing", pixels)
    st.session_state[_QUESTION] = question


def refuse(words: str) -> None:
    """Remember a complaint until other files come."""
    st.session_state[_REFUSED] = (*st.session_state.get(_REFUSED, ()), words)[-_MAX_REFUSED:]


def lose(words: str) -> None:
    """Remember what the address asks for in vain; the page says it once."""
    st.session_state[LOST] = [*st.session_state.get(LOST, []), words]


def unreadable() -> list[str]:
    """What is wrong with the drawings of the address, in words."""
    bad = {DRAWN: "a drawing to be stored", ASKED: "a drawing to ask with"}
    return [
        f"{what} that can be read"
        for name, what in bad.items()
        if any(not _readable(text) for text in st.query_params.get_all(name)[:MAX_OWN])
    ]


def forgive() -> None:
    """Forget the complaints."""
    st.session_state.pop(_REFUSED, None)


def forget() -> None:
    """Forget all pictures, the question and the complaints."""
    for key in (_PICTURES, _QUESTION, _REFUSED):
        st.session_state.pop(key, None)


def read_file(data: bytes) -> NDArray[np.uint8]:
    """The picture in a PNG or JPEG file, its longest side at most `KEPT_SIDE`, colours kept.

    Raises:
        ValueError: as `read_image`.
    """
    image = read_image(data, least=2 * KEPT_SIDE)
    size = datasets.fitted_size(image.shape[0], image.shape[1], KEPT_SIDE)
    return datasets.resize(image[None], size)[0]


def picture_of(name: str, origin: str, pixels: NDArray[np.uint8]) -> OwnPicture:
    """A picture as plain values."""
    return OwnPicture(name, origin, pixels.shape, np.ascontiguousarray(pixels).tobytes())


def clean(name: str) -> str:
    """A name from outside as letters, digits, spaces, dots and hyphens, at most 40."""
    words = " ".join(re.sub(r"[^\w .-]|_", " ", name[: 10 * _NAME]).split())
    return words[:_NAME].strip() or "picture"


def write_address(mine: Own) -> None:
    """Make the address say what `mine.link` says."""
    for name, value in mine.link.items():
        wanted = [] if value is None else value if isinstance(value, list) else [str(value)]
        if st.query_params.get_all(name) == wanted:
            continue
        if wanted:
            st.query_params[name] = wanted
        else:
            del st.query_params[name]


def _fresh(name: str, held: tuple[OwnPicture, ...]) -> str:
    """`name`, or with a number behind it where another picture is called so."""
    taken = {one.name for one in held}
    numbered = (f"{name} {k}" for k in range(2, MAX_OWN + 2))
    return name if name not in taken else next(n for n in numbered if n not in taken)


def _take_linked() -> None:
    """The drawings in the address, to be stored and to ask with."""
    texts = st.query_params.get_all(DRAWN)
    asked = st.query_params.get_all(ASKED)
    for number, text in enumerate(texts[:MAX_OWN], start=1):
        pixels = _linked(text)
        if pixels is not None:
            add(f"drawing {number}", "drawing", pixels)
    if len(texts) > MAX_OWN:
        refuse(f"The link has {len(texts):,} drawings; the first {MAX_OWN} of them were read")
    if asked and (pixels := _linked(asked[-1])) is not None:
        ask_with(pixels)


def _readable(text: str) -> bool:
    try:
        read_link(text)
    except ValueError:
        return False
    return True


def _linked(text: str) -> NDArray[np.uint8] | None:
    try:
        return read_link(text)
    except ValueError:
        refuse("The link has a drawing that cannot be read. It was left out")
        return None
