"""Own pictures in a real browser: drawing by mouse, finger and keys, files, links, picking."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from snncore.datasets.drawing import read_link, write_drawing

from .conftest import READY, Visitor
from .test_hopfield_player import TEXT

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
PAGE = "Hopfield_Recall?hop_dataset=icons&hop_count=2&hop_size=16"


def opened(visitor: Visitor, query: str = "") -> Locator:
    """The page with the box of own pictures open at the canvas; the drawing surface."""
    page = visitor.open(PAGE + query)
    page.get_by_text("Your own pictures and drawings").click()
    page.get_by_role("tab", name="Draw").click()
    paper = page.locator(".drawing .paper")
    expect(paper).to_be_visible()
    paper.evaluate("e => e.scrollIntoView({block: 'center'})")  # all of it
    return paper


def pixels(paper: Locator) -> NDArray[np.uint8]:
    """What is on the canvas."""
    values: dict[str, Any] = paper.locator("canvas").evaluate(
        """c => {
          const rgba = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
          return {h: c.height, w: c.width, v: Array.from(rgba.filter((_, k) => k % 4 === 0))};
        }"""
    )
    return np.array(values["v"], dtype=np.uint8).reshape(values["h"], values["w"])


def stroke(paper: Locator, *points: tuple[float, float]) -> None:
    """A line with the mouse through these shares of the width and height."""
    box = paper.bounding_box()
    assert box is not None
    mouse = paper.page.mouse
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    mouse.move(*places[0])
    mouse.down()
    for place in places[1:]:
        mouse.move(*place, steps=6)
    mouse.up()


def stored(page: Page, name: str) -> Locator:
    """The column of a picture of this name in the three rows."""
    return page.locator(".hop-card .name").get_by_text(name, exact=True)


def address(page: Page, name: str) -> list[str]:
    return parse_qs(urlsplit(page.url).query).get(name, [])


def test_a_drawing_is_stored_asked_with_and_comes_back_with_the_link(visit: Visit) -> None:
    visitor = visit()
    paper = opened(visitor)
    page = paper.page
    store = page.get_by_role("button", name="Store this drawing")
    expect(store).to_be_disabled()
    stroke(paper, (0.2, 0.2), (0.8, 0.8))
    drawn = pixels(paper)
    assert 60 < (drawn == 255).sum() < 160 and drawn[16, 16] == 255
    expect(store).to_be_enabled()
    store.click()
    page.wait_for_function("location.search.includes('hop_drawn=')")
    assert np.array_equal(read_link(address(page, "hop_drawn")[0]), drawn)
    expect(stored(page, "drawing 1")).to_be_visible()
    page.get_by_text("Ask with this drawing").click()
    page.wait_for_function("location.search.includes('hop_ask=')")
    stroke(paper, (0.8, 0.2), (0.2, 0.8))  # the question follows each stroke
    both = write_drawing(pixels(paper))
    page.wait_for_function("text => location.search.includes(text)", arg=both)
    assert address(page, "hop_drawn") == [write_drawing(drawn)]
    page.wait_for_function(READY)
    other = visit()
    paper = opened(other, "&" + urlsplit(page.url).query)
    assert write_drawing(pixels(paper)) == both
    expect(other.page.get_by_role("switch", name="Ask with this drawing")).to_be_checked()
    expect(other.page.locator(".st-key-hop_own_list")).to_contain_text("drawing 1")


def test_keys_draw_and_whatever_was_done_is_undone(visit: Visit) -> None:
    visitor = visit()
    paper = opened(visitor)
    page = paper.page
    words = page.locator(".drawing .words")
    paper.press("1")  # a thin line
    paper.press(" ")
    expect(words).to_have_text("Row 17, column 17: white")
    for k in range(8):
        paper.press("Shift+ArrowLeft" if k < 4 else "Shift+ArrowUp")
    expect(words).to_have_text("Row 13, column 13: white")
    want = np.zeros((32, 32), dtype=bool)
    want[16, 12:17] = want[12:17, 12] = True
    assert np.array_equal(pixels(paper) > 0, want)
    undo = page.locator("[data-id=undo]")  # of the canvas, not of the page
    for _ in range(9):
        undo.click()
    expect(undo).to_be_disabled()
    assert not pixels(paper).any()
    for _ in range(9):
        paper.press("Control+y")
    assert np.array_equal(pixels(paper) > 0, want)
    page.get_by_role("button", name="Fill an area").click()
    stroke(paper, (0.01, 0.01))
    filled = pixels(paper) > 0
    assert filled.all()  # the corner touches everything: the line is open
    page.get_by_role("button", name="Eraser").click()
    page.get_by_role("button", name="Thick line").click()
    stroke(paper, (0.5, 0.5))
    assert (pixels(paper) == 0).sum() == 9
    page.get_by_role("button", name="Swap bright and dark").click()
    assert (pixels(paper) == 255).sum() == 9
    page.get_by_role("button", name="Clear").click()
    assert not pixels(paper).any()


def test_a_finger_draws_on_a_phone_and_the_page_stays_where_it_is(visit: Visit) -> None:
    visitor = visit(width=390)
    paper = opened(visitor)
    page = paper.page
    box = paper.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert box["width"] >= 250
    for name in ("Pencil", "Eraser", "Undo", "Clear"):
        tool = page.locator(".drawing button").and_(page.get_by_role("button", name=name))
        size = tool.bounding_box()
        assert size is not None and min(size["width"], size["height"]) >= 44  # for a thumb
    above = page.locator(".drawing").bounding_box()
    finger = page.context.new_cdp_session(page)
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": True})

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in places
        ]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (0.5, 0.9))
    for k in range(8):
        touch("touchMove", (0.5, 0.9 - 0.1 * k))
    touch("touchEnd")
    drawn = pixels(paper)
    assert (drawn[8:28, 16] == 255).all() and not drawn[:, :10].any()
    assert page.locator(".drawing").bounding_box() == above
    for scheme, text in TEXT.items():  # the same visit: what is drawn stays
        page.emulate_media(color_scheme=scheme)
        expect(page.locator(".drawing")).to_have_css("color", text)
        assert np.array_equal(pixels(paper), drawn)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_files_are_stored_beside_the_set_and_bad_ones_are_said(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(PAGE)
    page.get_by_text("Your own pictures and drawings").click()
    buffer = io.BytesIO()
    ramp = np.add.outer(np.arange(60), np.arange(80)).astype(np.uint8)
    Image.fromarray(ramp).save(buffer, "PNG")
    page.locator('[class*="st-key-hop_own_files"] input[type=file]').set_input_files([
        {"name": "slope.png", "mimeType": "image/png", "buffer": buffer.getvalue()},
        {"name": "bad.png", "mimeType": "image/png", "buffer": b"no picture"},
    ])  # fmt: skip
    expect(page.get_by_text("bad.png: the picture must be a PNG or JPEG file")).to_be_visible()
    expect(stored(page, "slope")).to_be_visible()
    page.wait_for_function(READY)
    page.get_by_role("button", name="Remove slope").click()
    expect(stored(page, "slope")).to_have_count(0)


def test_pictures_are_picked_by_their_thumbnails(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(PAGE)
    page.get_by_text("Which pictures, size, threshold").click()
    thumbs = page.locator(".pick button")
    expect(thumbs.nth(5)).to_be_visible()
    for k in (5, 2):
        thumbs.nth(k).click()
    page.wait_for_function("location.search.includes('hop_picked=5.2')")
    for k in (5, 2):
        expect(thumbs.nth(k)).to_have_attribute("aria-pressed", "true")
        name = (thumbs.nth(k).get_attribute("aria-label") or "").split(",")[0]
        expect(stored(page, name).first).to_be_visible()
    page.get_by_role("button", name="Pick none").click()
    expect(thumbs.nth(5)).to_have_attribute("aria-pressed", "false")
