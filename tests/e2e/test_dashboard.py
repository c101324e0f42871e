"""The four pages in a real browser: cold deep links, live controls, a training to its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from .conftest import Visitor, running_server

pytestmark = pytest.mark.e2e
PAGES = {
    "": "Spiking Lab",
    "LIF_Playground": "LIF Playground",
    "Spike_Encoding": "Spike Encoding",
    "Hopfield_Recall": "Hopfield Recall",
    "STDP_MNIST_Trainer": "STDP MNIST Trainer",
}
FIGURE = "[data-testid=stVegaLiteChart], [data-testid=stImage], .st-key-hop_gallery img"
Visit = Callable[..., Visitor]


def picture_changes(visitor: Visitor, picture: Locator, change: Callable[[], object]) -> None:
    """`change` is followed by another picture."""
    picture.wait_for()
    visitor.page.wait_for_timeout(500)  # an entrance animation is not the change under test
    before = picture.screenshot()
    change()
    for _ in range(40):
        visitor.page.wait_for_timeout(250)
        visitor.ready()
        if picture.screenshot() != before:
            return
    raise AssertionError("the picture did not change")


def slide(page: Page, key: str, presses: int = 3) -> None:
    """Move a slider to the right with the keyboard.

    A key that comes while the page is still building itself up may meet a slider that is just
    being replaced; a visitor would press again, and so does this.
    """
    handle = page.locator(f".st-key-{key} input[type=range]").first
    before = handle.input_value()
    for _ in range(5):
        handle.focus()
        for _ in range(presses):
            handle.press("ArrowRight")
        page.wait_for_timeout(200)
        if handle.input_value() != before:
            return
    raise AssertionError(f"the slider {key} stays at {before}")


def test_ten_cold_deep_links_at_once_open_without_a_dialog_or_an_error(browser: Browser) -> None:
    with running_server() as base:
        visitors = [Visitor(browser, base) for _ in range(10)]
        paths = [list(PAGES)[k % len(PAGES)] for k in range(10)]
        for visitor, path in zip(visitors, paths, strict=True):
            visitor.open(path, wait=False)
        for visitor, path in zip(visitors, paths, strict=True):
            visitor.ready()
            expect(visitor.page.get_by_role("heading", name=PAGES[path], level=1)).to_be_visible()
            expect(visitor.page.get_by_text("Computing on").first).to_be_attached()
            expect(visitor.page.locator(FIGURE).first).to_be_visible(timeout=60_000)
            visitor.check()
            visitor.close()


def test_lif_page_shows_another_trace_for_another_current(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("LIF_Playground")
    numbers = page.locator(".st-key-lif_numbers")
    before = numbers.text_content() or ""
    trace = page.get_by_test_id("stVegaLiteChart").first
    picture_changes(visitor, trace, lambda: slide(page, "lif_current", 5))
    expect(numbers).not_to_have_text(before)
    assert "lif_current=" in page.url  # the address carries the state
    exact = page.url
    other = visit()
    other.open(exact.removeprefix(other.base + "/"))
    expect(other.page.locator(".st-key-lif_numbers")).to_have_text(numbers.text_content() or "")


def test_encoding_page_shows_another_raster_for_another_number_of_steps(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("Spike_Encoding")
    picture = page.get_by_test_id("stImage").nth(1)
    picture_changes(visitor, picture, lambda: slide(page, "enc_n_steps", 10))
    for name in ("Signal", "Classifier"):
        page.get_by_role("tab", name=name).click()
        page.wait_for_timeout(300)
        visitor.ready()
        expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()


def test_recall_page_shows_another_gallery_for_more_damage(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("Hopfield_Recall")
    gallery = page.locator(".st-key-hop_gallery")
    picture_changes(visitor, gallery, lambda: slide(page, "hop_share", 2))
    scores = page.locator(".st-key-hop_scores")
    expect(scores).to_be_visible()
    expect(scores).to_contain_text("4 of 4")  # spiking neurons bring all photographs back
    preset = page.get_by_role("radio", name="Why Hebb fails").first
    picture_changes(visitor, gallery, preset.click)
    expect(scores).to_contain_text("0 of 12")


def test_a_text_file_named_png_is_refused_and_the_server_goes_on(
    visit: Visit, tmp_path: Path
) -> None:
    fake = tmp_path / "cat.png"
    fake.write_text("I am not a picture")
    visitor = visit()
    page = visitor.open("Hopfield_Recall")
    page.get_by_text("Your own pictures and drawings").click()
    page.locator('[class*="st-key-hop_own_files"] input[type=file]').set_input_files(fake)
    expect(page.get_by_test_id("stAlert").filter(has_text="cat.png").first).to_be_visible()
    visit().open("LIF_Playground")  # checked at the end of the test


@pytest.mark.parametrize("path", list(PAGES))
def test_pages_fit_a_phone_in_the_dark(visit: Visit, path: str) -> None:
    visitor = visit(width=390, dark=True)
    page = visitor.open(path)
    expect(page.get_by_role("heading", name=PAGES[path], level=1)).to_be_visible()
    main = page.get_by_test_id("stMain")
    assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 1  # nothing sticks out sideways
