"""The instruments below the recall in a real browser: rows arrive, a long one is cancelled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .conftest import Visitor

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
CHART = "[data-testid=stVegaLiteChart]"
CHOSEN = "hop_cmp_rules=Hebb&hop_cmp_rules=Pseudo-inverse&hop_cmp_rules=Modern+(softmax)"
ICONS = "Hopfield_Recall?hop_dataset=icons&hop_count=4&hop_size=16&hop_rule=hebb"


def test_a_comparison_fills_its_table_and_a_long_job_can_be_cancelled(visit: Visit) -> None:
    page = visit().open(f"{ICONS}&hop_open_compare=true&{CHOSEN}")
    box = page.locator(".st-key-hop_open_compare")
    box.get_by_role("button", name="Compare them").click()
    expect(box.get_by_text("Finished in")).to_be_visible(timeout=120_000)
    expect(box.get_by_test_id("stDataFrame")).to_be_visible()
    expect(box.locator(CHART)).to_be_visible()
    expect(box.get_by_role("img", name="Best possible").first).to_be_visible()
    with page.expect_download() as waiting:
        box.get_by_role("button", name="Table (Markdown)").click()
    with open(waiting.value.path(), encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert lines[0].startswith("| memory | pixels right") and "Best possible" in lines[-3]

    long = visit().open(
        f"{ICONS}&hop_open_capacity=true&hop_cap_n=1000&hop_cap_points=40&hop_cap_probes=200"
        "&hop_cap_load_to=1.5"
    )
    box = long.locator(".st-key-hop_open_capacity")
    expect(box.locator(CHART).first).to_be_visible()  # theory alone
    box.get_by_role("button", name="Measure the capacity").click()
    box.get_by_role("button", name="Cancel").click()
    expect(box.get_by_text("Cancelled")).to_be_visible()
    expect(box.get_by_role("button", name="Measure the capacity")).to_be_enabled()


def test_the_instruments_fit_on_a_phone_in_the_dark(visit: Visit) -> None:
    names = ("compare", "capacity", "basin", "landscape", "spurious", "temperature")
    opened = "&".join(f"hop_open_{name}=true" for name in names)
    page = visit(width=390, dark=True).open(f"{ICONS}&{opened}")
    expect(page.locator(".st-key-hop_open_temperature").locator(CHART).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for chart in page.locator(CHART).all():
        assert (chart.bounding_box() or {"width": 0})["width"] <= 370
