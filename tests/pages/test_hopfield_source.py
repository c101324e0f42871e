"""A visitor's own pictures on the Hopfield page: files, drawings, links, and what is refused."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.components import hopfield_own
from pages.components.canvas import SIDE, Sheet, stretch
from pages.components.hopfield_own import KEPT_SIDE, MAX_OWN, Own
from snncore.datasets.drawing import write_drawing


def script() -> None:
    """The smallest page that has own pictures."""
    import streamlit as st

    from pages.components import hopfield_source as source
    from snncore import datasets
    from snncore.hopfield import PatternParams, make_patterns

    set_ = datasets.load("icons")
    patterns = make_patterns(
        set_.images, set_.labels, set_.class_names, PatternParams(count=3, size=32)
    )
    own = source.own_pictures(lambda: patterns)
    st.session_state["distinct"] = source.distinct()
    if "double" in st.query_params:
        source.duplicates_note(patterns._replace(
            states=patterns.states[[0, 1, 0]], names=("cat", "dog", "cat *again*")))  # fmt: skip
    st.button("Reset", on_click=source.reset_own)
    st.session_state["own"] = own


def page(**query: str | list[str]) -> AppTest:
    app = AppTest.from_function(script, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def own_of(app: AppTest) -> Own:
    found: Own = app.session_state["own"]
    return found


def png(pixels: NDArray[Any], mode: str | None = None, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(buffer, "PNG", **options)
    return buffer.getvalue()


def give(app: AppTest, *files: tuple[str, bytes]) -> None:
    """Choose these files in the uploader, all at once."""
    box = app.file_uploader[0]
    box.set_value([(name, data, "image/png") for name, data in files])
    app.run()
    assert not app.exception, app.exception


def errors(app: AppTest) -> str:
    return " ".join(e.value for e in app.error)


def cross(side: int = SIDE) -> NDArray[np.uint8]:
    k = np.arange(side)
    pixels = np.zeros((side, side), dtype=np.uint8)
    pixels[k, k] = pixels[k, side - 1 - k] = 255
    return pixels


COLOUR = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def test_files_are_listed_with_their_names_keep_their_colours_and_can_be_removed() -> None:
    app = page()
    assert own_of(app) == Own() and own_of(app).identity == ""
    give(app, ("my *cat*.png", png(COLOUR)), ("grey.png", png(COLOUR[..., 0])))
    first, second = own_of(app).pictures
    assert (first.name, first.origin, first.shape) == ("my cat", "file", (40, 60, 3))
    assert np.array_equal(first.pixels, COLOUR)
    assert (second.name, second.shape) == ("grey", (40, 60))
    identity = own_of(app).identity
    assert identity and hash(own_of(app).pictures)
    assert app.file_uploader[0].value == []  # the box is empty again: no file is kept
    app.button(key="hop_own_remove_0").click().run()
    assert [one.name for one in own_of(app).pictures] == ["grey"]
    assert own_of(app).identity not in ("", identity)
    give(app, ("grey.png", png(COLOUR[..., 1])))
    assert [one.name for one in own_of(app).pictures] == ["grey", "grey 2"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"not a picture", "neither"),
        (b"", "empty"),
        (png(COLOUR)[:200], "damaged"),
        (png(np.zeros((5000, 5000), dtype=np.uint8)), "16 million pixels"),
        (os.urandom(10_000_001), "<= 10 MB"),
    ],
    ids=["text", "empty", "cut", "5000x5000", "11MB"],
)
def test_what_cannot_be_stored_is_refused_in_words_and_the_others_are_stored(
    data: bytes, words: str
) -> None:
    app = page()
    give(app, ("bad.png", data), ("good.png", png(COLOUR)))
    assert [one.name for one in own_of(app).pictures] == ["good"]
    assert words in errors(app) and "bad.png" in errors(app)
    give(app, ("good.png", png(COLOUR)))
    assert not app.error  # said once


def test_unusual_pictures_are_read() -> None:
    grey = COLOUR[..., 0]
    deep = (grey.astype(np.uint16) << 8) + 77
    clear = np.dstack([COLOUR, np.zeros(grey.shape, np.uint8)])
    app = page()
    give(
        app,
        ("deep.png", png(deep)),
        ("palette.png", png(COLOUR, "P")),
        ("clear.png", png(clear)),
        ("dot.png", png(grey[:1, :1])),
        ("large.png", png(np.tile(COLOUR, (30, 30, 1)))),
    )
    assert not app.error
    deep_, palette, clear_, dot, large = own_of(app).pictures
    assert np.array_equal(deep_.pixels, grey)  # the upper eight bits
    assert palette.shape == (40, 60, 3)
    assert (clear_.pixels == 255).all()  # nothing on white
    assert dot.shape == (1, 1)
    assert large.shape[:2] == (round(KEPT_SIDE * 2 / 3), KEPT_SIDE)


def test_no_more_than_eight_are_kept_and_the_rest_is_said() -> None:
    app = page()
    give(app, *[(f"p{k}.png", png(COLOUR)) for k in range(12)])
    assert len(own_of(app).pictures) == MAX_OWN
    assert "12 pictures came" in errors(app) and "first 8 were taken" in errors(app)
    give(app, ("more.png", png(COLOUR)))
    assert len(own_of(app).pictures) == MAX_OWN and "no more is stored" in errors(app)
    draw(app, cross())
    app.button(key="hop_draw_store").click().run()
    assert len(own_of(app).pictures) == MAX_OWN and "remove one first" in errors(app)
    assert sum(len(one.data) for one in own_of(app).pictures) <= MAX_OWN * KEPT_SIDE**2 * 3


def draw(app: AppTest, pixels: NDArray[np.uint8]) -> None:
    """Put a drawing on the canvas: its browser side does not run here."""
    app.session_state["hop_draw__sheet"] = Sheet(write_drawing(pixels), 1)
    app.run()


def test_drawings_are_stored_and_asked_with_and_travel_in_the_link() -> None:
    app = page()
    assert app.button(key="hop_draw_store").disabled  # nothing is drawn yet
    draw(app, cross())
    app.button(key="hop_draw_store").click().run()
    one = own_of(app).pictures[0]
    assert (one.name, one.origin) == ("drawing 1", "drawing")
    assert np.array_equal(one.pixels, cross())
    assert own_of(app).question is None
    app.toggle(key="hop_draw_ask").set_value(True).run()
    asked = own_of(app).question
    assert asked is not None and np.array_equal(asked.pixels, cross())
    link = own_of(app).link
    assert own_of(app).missing == ""
    again = page(**{k: v for k, v in link.items() if v})  # type: ignore[arg-type]
    assert own_of(again).identity == own_of(app).identity
    assert again.toggle(key="hop_draw_ask").value is True
    again.toggle(key="hop_draw_ask").set_value(False).run()
    assert own_of(again).question is None and len(own_of(again).pictures) == 1
    again.button[-1].click().run()
    assert own_of(again) == Own()


def test_large_and_grey_drawings_and_files_are_said_to_be_missing_in_the_link() -> None:
    app = page()
    give(app, ("a.png", png(COLOUR)))
    for pixels in (cross(64), cross() // 2):
        draw(app, pixels)
        app.button(key="hop_draw_store").click().run()
    draw(app, cross(16))
    app.button(key="hop_draw_store").click().run()
    mine = own_of(app)
    assert len(mine.pictures) == 4
    assert mine.link["hop_drawn"] == [write_drawing(cross(16))]
    assert "without 3 pictures of your own" in mine.missing


def test_hostile_addresses_are_left_out_in_words() -> None:
    good = write_drawing(cross(8))
    bad = [
        "b8x8.AAAA",
        "<script>",
        "g8x8." + "A" * 86,
        "b64x64." + "A" * 683,
        "b8x8." + "A" * 90_000,
    ]
    app = page(hop_drawn=[good, *bad], hop_ask=bad)
    assert len(own_of(app).pictures) == 1 and own_of(app).question is None
    assert "cannot be read" in errors(app) and "script" not in errors(app)
    app = page(hop_drawn=[good] * 900)
    assert len(own_of(app).pictures) == MAX_OWN and "900 drawings" in errors(app)


def test_a_stored_picture_can_be_put_on_the_canvas_and_the_grid_changed() -> None:
    app = page()
    app.number_input(key="hop_draw_number").set_value(2).run()
    app.button(key="hop_draw_load").click().run()
    assert not app.button(key="hop_draw_store").disabled
    app.button(key="hop_draw_store").click().run()
    one = own_of(app).pictures[0].pixels
    assert one.shape == (32, 32) and set(np.unique(one)) == {0, 255}
    app.number_input(key="hop_draw_number").set_value(99).run()
    app.button(key="hop_draw_load").click().run()
    assert "There are 3 stored pictures" in errors(app)


def test_another_grid_keeps_pixels_whole() -> None:
    pixels = cross(16)
    assert np.array_equal(stretch(pixels, 32), pixels.repeat(2, axis=0).repeat(2, axis=1))
    assert np.array_equal(stretch(stretch(pixels, 64), 16), pixels)
    assert stretch(np.zeros((64, 8), np.uint8), 16).shape == (16, 8)


def test_equal_pictures_are_said_and_stored_once_on_request() -> None:
    app = page(double="1")
    said = " ".join(w.value for w in app.warning)
    assert "1 and 3" in said and "\\*again\\*" in said
    app.button(key="hop_own_once").click().run()
    assert app.session_state["distinct"] is True
    assert not [b for b in app.button if b.key == "hop_own_once"]
    assert not page().warning


def test_names_from_outside_cannot_be_markdown() -> None:
    for name in ("[x](http://a)", "$a$ `b`", "<b>", ":material/home:", "a\nb\0c", "_", "x" * 500):
        clean = hopfield_own.clean(name)
        assert 0 < len(clean) <= 40
        assert not set(clean) & set("[]()$`<>:*_/\n\0")
