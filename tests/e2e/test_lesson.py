"""A lesson's link in a real browser: what is in sight, what is not, and the way out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .conftest import Visitor
from .test_dashboard import slide

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]

# Page → a control that stays, some that go, and what must be there nevertheless.
LESSONS = {
    "LIF_Playground": (
        "lif_current",
        ("lif_tau_m", "lif_model", "lif__presets", "lif__parts", "lif_keep"),
        ".st-key-lif_numbers",
    ),
    "Spike_Encoding": (
        "enc_a_rate_gain",
        ("enc_code_a", "enc_code_b", "enc_dataset", "enc__presets", "enc__own"),
        ".st-key-enc__flow [data-testid=stImage]",
    ),
    "Hopfield_Recall": (
        "hop_share",
        ("hop_dataset", "hop_rule", "hop__presets", "hop__mine", "hop__again"),
        ".st-key-hop_gallery",
    ),
    "STDP_MNIST_Trainer": (
        "stdp_neurons",
        ("stdp_dataset", "stdp_rule", "stdp__presets", "stdp__input", "stdp__mine"),
        ".st-key-stdp_run_start",
    ),
}


TOUR = """() => [...document.querySelectorAll("*")].some(
    (e) => e.shadowRoot?.querySelector("[data-id=tour]"))"""


@pytest.mark.parametrize("path", LESSONS)
def test_only_what_is_free_is_in_sight_until_the_full_page_is_opened(
    visit: Visit, path: str
) -> None:
    free, gone, there = LESSONS[path]
    page = visit(first=True).open(f"{path}?lesson=1&free={free}&task=Find+out+*more*")
    expect(page.locator(there).first).to_be_visible(timeout=60_000)
    expect(page.locator(f".st-key-{free}")).to_be_visible()
    for key in gone:
        expect(page.locator(f".st-key-{key}").first).to_be_hidden()
    expect(page.get_by_text("Find out *more*")).to_be_visible()
    assert not page.evaluate(TOUR)  # of what is hidden
    page.get_by_role("button", name="Open the full page").click()
    for key in gone:
        expect(page.locator(f".st-key-{key}").first).to_be_visible()
    expect(page.get_by_text("Find out *more*")).to_have_count(0)


@pytest.mark.parametrize("path", LESSONS)
def test_without_a_free_one_all_controls_are_hidden(visit: Visit, path: str) -> None:
    free, gone, there = LESSONS[path]
    page = visit(width=390).open(f"{path}?lesson=1")
    expect(page.locator(there).first).to_be_visible(timeout=60_000)
    for key in (free, *gone):
        expect(page.locator(f".st-key-{key}").first).to_be_hidden()


def test_the_free_control_works_and_the_others_keep_what_the_link_says(visit: Visit) -> None:
    page = visit().open("LIF_Playground?lesson=1&free=lif_current&lif_tau_m=30")
    numbers = page.locator(".st-key-lif_numbers")
    before = numbers.text_content() or ""
    slide(page, "lif_current")
    expect(numbers).not_to_have_text(before)
    for part in ("lesson=1", "free=lif_current", "lif_tau_m=30", "lif_current="):
        assert part in page.url
    expect(page.locator(".st-key-lif_tau_m")).to_be_hidden()


def test_a_teacher_makes_the_link_in_the_browser(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("LIF_Playground?lif_current=3")
    page.locator(".st-key-share_link button").first.click()
    page.get_by_text("For a class", exact=True).click()
    link = page.get_by_test_id("stCode").filter(has_text="lesson=1")
    expect(link).to_be_visible()
    page.get_by_role("combobox", name="Controls that stay").fill("Constant")
    page.get_by_role("option", name="Constant", exact=False).first.click()
    expect(link).to_contain_text("free=lif_current")
    other = visit().open((link.text_content() or "").strip().removeprefix(visitor.base + "/"))
    expect(other.locator(".st-key-lif_current")).to_be_visible()
    expect(other.locator(".st-key-lif_tau_m")).to_be_hidden()
    page.keyboard.press("Escape")  # the list
    page.keyboard.press("Escape")  # what Share has opened
    expect(page.get_by_role("dialog")).to_have_count(0)
