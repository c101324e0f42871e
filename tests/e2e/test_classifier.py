"""The Classifier tab in a real browser: training with a live map, cancel, clicks, links."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import Visitor

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]

TAB = "Spike_Encoding?enc_tab=Classifier"
LONG = "&enc_k_data=Spirals&enc_k_hidden=64&enc_k_epochs=200&enc_k_n_points=2000"  # many seconds
SHORT = "&enc_k_data=Spirals&enc_k_epochs=40"  # a few; it waits to be started


def number(page: Page) -> Locator:
    return page.locator(".st-key-enc_k_numbers").get_by_test_id("stMetricValue")


def chart(page: Page) -> Locator:
    return page.locator(".st-key-enc_k_chart [data-testid=stVegaLiteChart]")


def start(page: Page) -> None:
    page.locator(".st-key-enc_k_start button").first.click()


def places(page: Page) -> tuple[str, str]:
    return tuple(page.locator(f".st-key-enc_k_p{axis} input").input_value() for axis in "xy")


def click_map(page: Page, across: float, up: float) -> None:
    """Click at a share of the chart's box, somewhere in the middle of the plane."""
    chart(page).scroll_into_view_if_needed()
    box = chart(page).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + across * box["width"], box["y"] + (1 - up) * box["height"])


def test_it_opens_trained_without_a_click(visit: Visit) -> None:
    page = visit().open(TAB)
    expect(number(page)).to_have_text("100 %")
    expect(chart(page).locator("canvas")).to_be_visible()
    expect(page.locator(".st-key-enc_k_start")).to_have_count(0)
    expect(chart(page)).to_be_in_viewport(ratio=0.8)


def test_training_shows_a_map_that_moves_and_ends_with_the_result(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(TAB + LONG)
    expect(page.get_by_text("Not trained yet")).to_be_visible()
    start(page)
    expect(page.get_by_test_id("stProgress")).to_be_visible()
    expect(page.locator(".st-key-enc_k_live [data-testid=stVegaLiteChart]")).to_be_visible()
    expect(page).to_have_url(re.compile("enc_k_job="))
    before = page.get_by_test_id("stProgress").inner_text()
    expect(page.get_by_test_id("stProgress")).not_to_have_text(before)
    # Who follows the link sees the same training under way.
    other = visit()
    other.open(page.url.removeprefix(visitor.base + "/"))
    expect(other.page.get_by_text("Shared with one other visitor")).to_be_visible()
    # A reload comes back to it; Cancel then ends only one's own ticket.
    page.reload()
    expect(page.locator(".st-key-enc_k_cancel button").first).to_be_visible()
    page.locator(".st-key-enc_k_cancel button").first.click()
    expect(page.get_by_text("Cancelled", exact=False).first).to_be_visible()
    expect(page.locator(".st-key-enc_k_start button").first).to_be_enabled()
    other.page.locator(".st-key-enc_k_cancel button").first.click()
    expect(other.page.get_by_text("Cancelled", exact=False).first).to_be_visible()


def test_a_result_is_restored_by_its_link(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(TAB + SHORT)
    start(page)
    expect(page.get_by_text("Look back")).to_be_visible(timeout=120_000)
    visitor.ready()
    click_map(page, 0.45, 0.55)
    expect(page).to_have_url(re.compile("enc_k_p[xy]="))
    visitor.ready()
    other = visit()
    other.open(page.url.removeprefix(visitor.base + "/"))
    expect(other.page.get_by_text("Look back")).to_be_visible()
    expect(number(other.page)).to_have_text(number(page).inner_text())
    assert places(other.page) == places(page)


def test_a_double_click_on_train_starts_one_training(visit: Visit) -> None:
    page = visit().open(TAB + SHORT + "&enc_k_seed=7")
    # The address carries the name of the training under way: each name that it has had.
    page.evaluate(
        """() => {
            window.named = [];
            setInterval(() => {
                const job = new URL(location.href).searchParams.get("enc_k_job");
                if (job && job !== "result" && !window.named.includes(job)) window.named.push(job);
            }, 20);
        }"""
    )
    page.locator(".st-key-enc_k_start button").first.dblclick()
    expect(page.get_by_text("Look back")).to_be_visible(timeout=120_000)
    page.wait_for_timeout(1500)  # a second training would show itself by now
    assert len(page.evaluate("window.named")) == 1
    expect(page.get_by_text("Look back")).to_be_visible()
    expect(page.locator(".st-key-enc_k_cancel")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_click_on_the_map_shows_that_place_and_its_spikes(visit: Visit, width: int) -> None:
    visitor = visit(width=width)
    page = visitor.open(TAB)
    expect(chart(page).locator("canvas")).to_be_visible()
    assert places(page) == ("0.5000", "0.5000")
    words = page.get_by_text(re.compile("Most spikes win|potential in the end"))
    before = words.inner_text()
    click_map(page, 0.35, 0.75)
    expect(page).to_have_url(re.compile("enc_k_px="))
    expect(words).not_to_have_text(before)
    expect(page.locator(".st-key-enc_k_px input")).not_to_have_value("0.5000")
    x, y = map(float, places(page))
    assert 0.05 < x < 0.45 and 0.6 < y < 1.0
    page.locator(".st-key-enc_k_px input").fill("0.85")  # by keyboard, too
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("enc_k_px=0.85"))


def test_presets_and_reset(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(TAB)
    pills = page.locator(".st-key-enc_k__preset button")
    pills.filter(has_text="Seed").click()
    expect(number(page)).to_have_text("84 %")
    expect(page).to_have_url(re.compile("enc_k_net="))
    pills.filter(has_text="Spirals").click()
    expect(page.get_by_text("Look back")).to_be_visible(timeout=120_000)
    expect(page).to_have_url(re.compile("enc_k_data=Spirals"))
    expect(page).not_to_have_url(re.compile("enc_k_net="))
    page.locator(".st-key-enc_k__reset button").first.click()
    expect(number(page)).to_have_text("100 %")
    expect(page).not_to_have_url(re.compile("enc_k_"))
