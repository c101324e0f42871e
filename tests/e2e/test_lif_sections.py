"""The analysis sections in a real browser: opened by click and by link, a map that fills in."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .conftest import Visitor, come_to

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
CHART = "[data-testid=stVegaLiteChart]"


def test_a_click_opens_a_section_and_the_address_remembers_it(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("LIF_Playground")
    come_to(page, "lif_open_list")
    box = page.locator(".st-key-lif_open_regularity")
    expect(box).to_be_visible()
    expect(box.locator(CHART)).to_have_count(0)  # closed: nothing was computed
    box.locator("summary").click()
    expect(box.locator(CHART).first).to_be_visible()
    expect(box.locator("canvas, svg").first).to_be_visible()
    expect(box.get_by_text("CV of the intervals")).to_be_visible()
    expect(page).to_have_url(re.compile("lif_open_regularity=true"))
    box.locator("summary").click()
    expect(page).not_to_have_url(re.compile("lif_open_regularity"))


def test_a_link_opens_sections_with_their_own_settings(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(
        "LIF_Playground?lif_open_trials=true&lif_trials_n_trials=12"
        "&lif_open_map=true&lif_map_x=Refractory+%5Bms%5D"
    )
    slider = page.locator(".st-key-lif_trials_n_trials input[type=range]").first
    expect(slider).to_have_value("12")
    expect(page.locator(".st-key-lif_map_x input").first).to_have_value("Refractory [ms]")
    expect(page.locator(".st-key-lif_open_trials").locator(CHART)).to_be_visible()


def test_a_map_fills_in_and_ends_with_a_file(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("LIF_Playground?lif_open_map=true")
    box = page.locator(".st-key-lif_open_map")
    box.get_by_role("button", name="Compute the map").click()
    expect(box.get_by_text("Finished in")).to_be_visible(timeout=120_000)
    expect(box.locator(CHART)).to_be_visible()
    # The picture of the cells is inside the chart.
    assert "data:image/png" in page.content() or box.locator("canvas").count() == 1
    with page.expect_download() as waiting:
        box.get_by_role("button", name="Data (CSV)").click()
    with open(waiting.value.path(), encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert lines[0] == "current,tau_m,rate" and len(lines) == 10_001


def test_a_long_map_shows_its_progress_and_can_be_cancelled(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(
        "LIF_Playground?lif_model=hodgkin_huxley&lif_duration=500&lif_open_map=true"
    )
    box = page.locator(".st-key-lif_open_map")
    box.get_by_role("button", name="Compute the map").click()
    expect(box.get_by_text(re.compile(r"[1-9]\d* of 100 rows"))).to_be_visible(timeout=120_000)
    expect(box.locator(CHART)).to_be_visible()  # what is done so far
    box.get_by_role("button", name="Cancel").click()
    expect(box.get_by_text("Cancelled")).to_be_visible()
    expect(box.locator(CHART)).to_be_visible()
    expect(box.get_by_role("button", name="Compute the map")).to_be_enabled()


def test_all_sections_fit_on_a_phone(visit: Visit) -> None:
    names = ("regularity", "trials", "density", "plane", "response", "accuracy", "map")
    opened = "&".join(f"lif_open_{name}=true" for name in names)
    visitor = visit(width=390, dark=True)
    page = visitor.open(f"LIF_Playground?lif_sigma_v=3&{opened}")
    expect(page.locator(".st-key-lif_open_map").get_by_text("neurons, each")).to_be_visible()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    for name in names:
        inside = page.locator(f".st-key-lif_open_{name}").locator(CHART).all()
        assert all((box.bounding_box() or {"width": 0})["width"] <= 370 for box in inside)
