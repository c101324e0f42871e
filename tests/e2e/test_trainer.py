"""The trainer in a browser: start, watch the pictures change, cancel, reload and find it again."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visitor, come_to

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
# Long enough to be watched on any machine; it is cancelled.
LONG = "STDP_MNIST_Trainer?stdp_neurons=6400&stdp_epochs=50&stdp_seed=5"
SHORT = "STDP_MNIST_Trainer?stdp_neurons=40&stdp_epochs=2&stdp_feature_steps=40&stdp_seed=6"


def press(page: Page, what: str) -> None:
    page.locator(f".st-key-stdp_run_{what} button").first.click()


def test_a_run_shows_its_fields_forming_survives_a_reload_and_is_cancelled(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(LONG)
    press(page, "start")
    bar = page.locator(".st-key-stdp_main").get_by_test_id("stProgress")
    expect(bar).to_contain_text("Learning", timeout=180_000)
    told = bar.inner_text()
    fields = page.locator(".st-key-stdp_main").get_by_test_id("stImage").first.locator("img")
    picture = fields.get_attribute("src") or ""
    expect(bar).not_to_have_text(told, timeout=60_000)  # progress moves
    expect(fields).not_to_have_attribute("src", picture, timeout=60_000)  # and the fields change
    for title in ("Right answers while learning", "Who wins", "Thresholds", "Weights settle"):
        expect(page.get_by_text(title, exact=True)).to_be_visible()
    assert "job=" in page.url
    page.reload()
    visitor.ready()
    expect(bar).to_contain_text("Learning", timeout=60_000)
    press(page, "cancel")
    expect(page.get_by_text("Cancelled").first).to_be_visible(timeout=60_000)
    expect(page.locator(".st-key-stdp_run_start button").first).to_be_enabled()
    expect(fields).to_be_visible()  # what was reached stays


def test_a_nervous_visitor_gets_one_run_and_a_second_tab_finds_its_result(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(SHORT)
    page.locator(".st-key-stdp_run_start button").first.dblclick()
    main = page.locator(".st-key-stdp_main")
    expect(main.get_by_text(re.compile("Finished in")).first).to_be_visible(timeout=180_000)
    second = visit()
    other = second.open(page.url.removeprefix(f"{visitor.base}/"))
    expect(other.get_by_text(re.compile("Finished in")).first).to_be_visible(timeout=60_000)


def test_a_preset_sets_the_page_and_its_address(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("STDP_MNIST_Trainer")
    page.get_by_role("radio", name=re.compile("watch it fail")).first.click()
    visitor.ready()
    expect(page.get_by_text("Notice:").first).to_be_visible()
    come_to(page, "stdp_equations")
    expect(page.get_by_text("Potentiation only").first).to_be_visible()
    assert "stdp_rule=" in page.url
