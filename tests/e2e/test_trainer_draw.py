"""Drawing a digit, the player of its spikes and the confusion matrix, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import READY, Visitor, come_to
from .test_hopfield_draw import stroke

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
PAGE = "STDP_MNIST_Trainer"


def answer(page: Page) -> Locator:
    """The class that the panel says."""
    return page.locator("h4").first


def player(page: Page) -> Locator:
    come_to(page, "stdp_draw_panel")
    found = page.locator(".player.reel")
    found.scroll_into_view_if_needed()  # its film is sent then
    expect(found).to_have_attribute("aria-busy", "false")
    return found


def test_a_drawn_one_is_classified_and_every_step_can_be_looked_at(visit: Visit) -> None:
    page = visit().open(PAGE)
    page.wait_for_timeout(500)
    expect(page.locator("h4")).to_have_count(0)
    come_to(page, "stdp_draw_panel")
    expect(answer(page)).to_have_text("7")  # the working example
    film = player(page)
    title = film.locator(".title")
    expect(title).to_have_text(re.compile(r"Step (\d+) of \1"))  # it stands at the answer
    come_to(page, "stdp_equations")  # an empty drawing makes the page so short that it comes now
    paper = page.locator(".drawing .paper")
    paper.scroll_into_view_if_needed()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("an empty canvas makes no spikes")).to_be_visible()
    paper.scroll_into_view_if_needed()
    stroke(paper, (0.5, 0.15), (0.5, 0.85))
    expect(answer(page)).to_have_text("1")
    page.wait_for_function("location.search.includes('stdp_drawing=')")
    film.scroll_into_view_if_needed()
    film.focus()
    page.keyboard.press("Home")
    expect(title).to_contain_text("Step 1 of")
    page.keyboard.press("ArrowRight")
    expect(title).to_contain_text("Step 2 of")
    for _ in range(4):
        page.keyboard.press("Shift+ArrowRight")
    expect(title).to_contain_text("Step 42 of")
    expect(film.locator(".words")).to_have_text(re.compile("input spike"))
    film.get_by_role("button", name="Play").click()
    expect(film.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("End")
    expect(film.locator(".settled")).to_contain_text("Settled: 1")
    box = film.locator(".layer canvas")
    box.click(position={"x": 4, "y": 4})
    expect(film.locator("[data-id=facts]")).to_contain_text("Neuron 0")
    film.get_by_label("Look at neuron").fill("17")
    expect(film.locator("[data-id=facts]")).to_contain_text("Neuron 17")


def test_the_player_fits_a_phone_in_the_dark(visit: Visit) -> None:
    page = visit(width=390, dark=True).open(PAGE)
    film = player(page)
    film.scroll_into_view_if_needed()
    box = film.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390
    for canvas in film.locator("canvas:visible").all():
        place = canvas.bounding_box()
        assert place is not None and place["x"] + place["width"] <= box["x"] + box["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_click_on_the_confusion_matrix_shows_its_images(visit: Visit) -> None:
    query = "stdp_neurons=20&stdp_epochs=1&stdp_limit=300&stdp_feature_steps=30&stdp_seed=51"
    page = visit().open(f"{PAGE}?{query}")
    page.get_by_role("button", name="Start").first.click()
    expect(page.get_by_text("What to notice.")).to_be_visible(timeout=120_000)
    page.wait_for_function(READY)
    matrix = page.locator(".st-key-stdp_res_map .marks").first
    matrix.scroll_into_view_if_needed()
    cells = page.locator(".st-key-stdp_res_map")
    box = matrix.bounding_box()
    assert box is not None
    before = page.get_by_text(re.compile(r"images? of “")).first.inner_text()
    # The diagonal's first cell is in the upper left of the plot.
    matrix.click(position={"x": 0.22 * box["width"], "y": 14})
    words = page.get_by_text("of “0” answered with “0” (right)")
    expect(words.first).to_be_visible()
    assert before != words.first.inner_text() and cells.is_visible()
    page.get_by_role("button", name="Its spikes").click()
    expect(page.get_by_role("radio", name="This run")).to_be_checked()
    expect(player(page).locator(".title")).to_contain_text("Step")
