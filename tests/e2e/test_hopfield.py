"""The Hopfield page in a real browser: rows that follow the controls, a recall that settles, a
link, a phone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import Visitor

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
PAGE = "Hopfield_Recall"


def cards(page: Page) -> Locator:
    return page.locator(".st-key-hop_gallery .hop-card")


def source(page: Page, card: int, row: int) -> str:
    """The picture in a row (0 original, 1 corrupted, 2 recalled) of a column."""
    return str(cards(page).nth(card).locator("img").nth(row).get_attribute("src"))


def test_three_rows_are_seen_and_follow_the_slider(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(f"{PAGE}?hop_dataset=icons&hop_count=2&hop_size=16")
    expect(cards(page)).to_have_count(2)
    expect(cards(page).locator("img")).to_have_count(6)
    tops = [cards(page).nth(0).locator("img").nth(k).bounding_box() for k in range(3)]
    ys = [box["y"] for box in tops if box is not None]
    assert len(ys) == 3 and ys[0] < ys[1] < ys[2]
    assert source(page, 1, 0) == source(page, 1, 2) != source(page, 1, 1)  # exact
    sizes = cards(page).locator("img").evaluate_all("all => all.map(i => i.naturalWidth)")
    assert sizes == [16] * 6  # every picture is there, in its own pixels
    before = source(page, 0, 1)
    handle = page.locator(".st-key-hop_share input[type=range]").first
    handle.focus()
    for _ in range(5):
        handle.press("ArrowRight")
    expect(cards(page).nth(0).locator("img").nth(1)).not_to_have_attribute("src", before)
    expect(page).to_have_url(re.compile("hop_share=0.3[1-9]"))


def test_a_preset_fails_in_orange_and_its_link_shows_the_same(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(PAGE)
    page.get_by_role("radio", name="Why Hebb fails").click()
    expect(cards(page)).to_have_count(12)
    expect(page.get_by_text("network is at fault").first).to_be_visible()
    expect(cards(page).nth(0)).to_contain_text("wrong")
    visitor.ready()
    marked = source(page, 0, 2)
    page.locator(".st-key-hop_mark label").first.click()
    expect(cards(page).nth(0).locator("img").nth(2)).not_to_have_attribute("src", marked)
    visitor.ready()
    other = visit()
    again = other.open(page.url.removeprefix(visitor.base + "/"))
    expect(cards(again)).to_have_count(12)
    assert source(again, 0, 2) == source(page, 0, 2)


def test_a_longer_recall_settles_before_your_eyes_and_can_be_cancelled(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(
        f"{PAGE}?hop_dataset=digits&hop_count=1000&hop_size=28&hop_rule=dam&hop_update=async"
    )
    start = page.locator(".st-key-hop_start button").first
    expect(start).to_be_enabled()
    start.click()
    bar = page.get_by_test_id("stProgress")
    expect(bar).to_contain_text("Step", timeout=120_000)
    expect(cards(page).first).to_contain_text("so far")
    first = bar.inner_text()
    expect(bar).not_to_have_text(first, timeout=60_000)
    expect(page).to_have_url(re.compile("hop_job="))
    page.locator(".st-key-hop_cancel button").first.click()
    expect(page.get_by_text("Cancelled").first).to_be_visible(timeout=60_000)
    expect(start).to_be_enabled()
    expect(cards(page).first).to_contain_text("so far")  # what was reached stays


def test_on_a_phone_each_picture_is_a_card_of_three_in_the_dark(visit: Visit) -> None:
    visitor = visit(width=390, dark=True)
    page = visitor.open(f"{PAGE}?hop_dataset=icons&hop_rule=hebb")
    expect(cards(page)).to_have_count(12)
    tops = (
        cards(page)
        .nth(0)
        .evaluate(  # at one moment: what is above may still grow
            "card => [...card.querySelectorAll('img')].map(e => e.getBoundingClientRect().top)"
        )
    )
    assert len(tops) == 3 and max(tops) - min(tops) < 1  # side by side
    main = page.get_by_test_id("stMain")
    assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 1
