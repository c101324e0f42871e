"""The challenge in a real browser: opened by a link, an experiment, a check, the end."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect

from snncore.playground.challenge import RANGES, START, Challenge

from .conftest import Visitor

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
LINK = "LIF_Playground?lif_open_challenge=true&challenge_level=easy&challenge_number=2"


def button(page: Page, name: str) -> Locator:
    return page.locator(f".st-key-challenge_{name} button").first


def test_a_friend_opens_the_same_secret_and_finds_it(visit: Visit) -> None:
    challenge = Challenge("easy", 2)
    (name,) = challenge.names
    visitor = visit()
    page = visitor.open(LINK)
    chart = page.get_by_test_id("stVegaLiteChart").last
    chart.scroll_into_view_if_needed()
    expect(chart).to_be_visible(timeout=60_000)
    button(page, "check").click()
    verdict = page.get_by_text("too high, by at most")
    expect(verdict).to_be_visible()
    handle = page.locator(f".st-key-challenge_{name} input[type=range]")
    handle.focus()
    steps = (getattr(challenge.secret, name) - getattr(START, name)) / RANGES[name].step
    for _ in range(round(abs(steps))):
        handle.press("ArrowRight" if steps > 0 else "ArrowLeft")
    found = page.get_by_text(re.compile(r"You found it: \d+ points after \d+ checks"))
    # A click checks the guess of the last picture, which may not be that of the slider yet. The
    # click that finds it disables the button, so the next one may wait in vain.
    for _ in range(20):
        try:
            button(page, "check").click(timeout=2_000)
        except TimeoutError:
            continue
        try:
            found.wait_for(timeout=1_000)
            break
        except TimeoutError:
            continue
    expect(found).to_be_visible()
    expect(button(page, "check")).to_be_disabled()
    assert "challenge_number=2" in page.url  # what a friend needs
    button(page, "next").click()
    expect(page.get_by_text("You found it")).to_have_count(0)
    expect(page.locator(".st-key-challenge_number input")).to_have_value("3")


def test_it_fits_a_phone_in_the_dark(visit: Visit) -> None:
    visitor = visit(width=390, dark=True)
    page = visitor.open(LINK.replace("easy", "hard"))
    check = button(page, "check")
    check.scroll_into_view_if_needed()
    check.click()
    table = page.get_by_text("Hidden parameter")
    table.scroll_into_view_if_needed()
    expect(table).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
