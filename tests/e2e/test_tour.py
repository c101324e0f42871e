"""The tour of a first visit: three sentences, beside what they speak of, in the browser alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, WebSocket, expect

from .conftest import Visitor
from .test_dashboard import PAGES, slide

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]

TOURED = [path for path in PAGES if path]
# The frames of the box and of the ring around what it explains, from inside the component.
_FRAMES = """() => {
  const root = [...document.querySelectorAll("*")]
    .map((e) => e.shadowRoot?.querySelector("[data-id=tour]")).find(Boolean);
  const frame = (id) => {
    const r = root.querySelector(`[data-id=${id}]`).getBoundingClientRect();
    return { left: r.left, right: r.right, top: r.top, bottom: r.bottom };
  };
  return [frame("box"), frame("ring")];
}"""


def tour_of(page: Page) -> Locator:
    return page.get_by_role("dialog", name="First steps", exact=False)


def time_for_a_tour(page: Page) -> None:
    """Longer than it waits for the first thing to stand still, from when that is there."""
    expect(page.locator(".st-key-lif__presets")).to_be_visible()
    page.wait_for_timeout(4000)


def still(page: Page) -> tuple[dict[str, float], dict[str, float]]:
    """Box and ring once nothing scrolls any more."""
    before: Any = None
    for _ in range(40):
        page.wait_for_timeout(150)
        now = page.evaluate(_FRAMES)
        if now == before:
            return now[0], now[1]
        before = now
    raise AssertionError("the tour does not come to rest")


@pytest.mark.parametrize(
    ("path", "width"), [*((path, 1280) for path in TOURED), (TOURED[0], 390), (TOURED[-1], 390)]
)
def test_each_sentence_stands_in_sight_beside_its_thing(
    visit: Visit, path: str, width: int
) -> None:
    visitor = visit(width=width, first=True)
    page = visitor.open(path)
    tour = tour_of(page)
    tour.wait_for(timeout=90_000)  # a page that a busy machine is still drawing has none yet
    for step in (1, 2, 3):
        expect(tour).to_contain_text(f"First steps: {step} of 3")
        box, ring = still(page)
        assert box["left"] >= 0 and box["right"] <= width
        assert box["top"] >= 0 and box["bottom"] <= 800
        apart = (
            box["left"] >= ring["right"] or box["right"] <= ring["left"]
            or box["top"] >= ring["bottom"] or box["bottom"] <= ring["top"]
        )  # fmt: skip
        assert apart, f"the box covers what it explains: {box} {ring}"
        assert ring["top"] < 800 - 40 and ring["bottom"] > 40  # it is in sight, too
        tour.get_by_role("button", name="Done" if step == 3 else "Next").click()
    expect(tour).to_have_count(0)


def test_it_comes_once_outlives_runs_of_the_page_and_never_asks_the_server(visit: Visit) -> None:
    visitor = visit(first=True)
    sent: list[object] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda payload: sent.append(payload))

    visitor.page.on("websocket", listen)
    page = visitor.open("LIF_Playground")
    tour = tour_of(page)
    tour.wait_for(timeout=90_000)  # a page that a busy machine is still drawing has none yet
    expect(tour).to_contain_text("1 of 3")
    page.wait_for_timeout(500)
    assert sent, "nothing was heard of the connection"
    sent.clear()
    tour.get_by_role("button", name="Next").click()
    expect(tour).to_contain_text("2 of 3")
    assert sent == []
    slide(page, "lif_current")  # the page runs again
    visitor.ready()
    assert sent
    expect(tour).to_contain_text("2 of 3")
    sent.clear()
    tour.get_by_role("button", name="Skip").click()
    expect(tour).to_have_count(0)
    assert sent == []
    visitor.open("LIF_Playground")
    time_for_a_tour(page)
    expect(tour).to_have_count(0)


def test_keys_lead_through_it_and_the_focus_goes_back(visit: Visit) -> None:
    visitor = visit(first=True)
    page = visitor.open("LIF_Playground")
    tour = tour_of(page)
    tour.wait_for(timeout=90_000)  # a page that a busy machine is still drawing has none yet
    expect(tour.get_by_role("button", name="Next")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(tour).to_contain_text("2 of 3")
    page.keyboard.press("ArrowLeft")
    expect(tour).to_contain_text("1 of 3")
    page.keyboard.press("Escape")
    expect(tour).to_have_count(0)
    help_button = page.locator(".st-key-frame_help button").first
    help_button.click()
    page.get_by_role("button", name="Show the tour again").click()
    expect(tour).to_contain_text("1 of 3")
    expect(page.get_by_role("button", name="Show the tour again")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(tour).to_have_count(0)
    expect(help_button).to_be_focused()


def test_it_takes_no_key_from_the_page(visit: Visit) -> None:
    visitor = visit(first=True)
    page = visitor.open("LIF_Playground")
    tour = tour_of(page)
    tour.wait_for(timeout=90_000)  # a page that a busy machine is still drawing has none yet
    expect(tour).to_contain_text("1 of 3")
    handle = page.locator(".st-key-lif_current input[type=range]").first
    before = handle.input_value()
    slide(page, "lif_current")
    assert handle.input_value() != before
    expect(tour).to_contain_text("1 of 3")
    tour.get_by_role("button", name="Skip").click()


def test_another_page_has_its_own_and_nothing_is_left_of_the_first(visit: Visit) -> None:
    visitor = visit(first=True)
    page = visitor.open("LIF_Playground")
    tour = tour_of(page)
    tour.wait_for(timeout=90_000)  # a page that a busy machine is still drawing has none yet
    expect(tour).to_contain_text("a neuron is known for")
    page.get_by_test_id("stSidebar").get_by_role("link", name="STDP MNIST Trainer").click()
    expect(tour).to_contain_text("a network that learns")
    expect(tour).to_have_count(1)
    page.keyboard.press("Escape")
    expect(tour).to_have_count(0)


def test_a_browser_that_stores_nothing_shows_it_and_works(visit: Visit) -> None:
    visitor = visit(first=True)
    visitor.page.context.add_init_script(
        "for (const name of ['getItem', 'setItem'])"
        " Storage.prototype[name] = () => { throw new DOMException('denied', 'SecurityError'); };"
    )
    page = visitor.open("LIF_Playground")
    tour = tour_of(page)
    tour.wait_for(timeout=90_000)  # a page that a busy machine is still drawing has none yet
    tour.get_by_role("button", name="Skip").click()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Spike Encoding").click()
    tour.get_by_role("button", name="Skip").click()
    page.get_by_test_id("stSidebar").get_by_role("link", name="LIF Playground").click()
    expect(page.locator(".st-key-lif_numbers")).to_be_visible()
    time_for_a_tour(page)
    expect(tour).to_have_count(0)  # it was seen in this tab


def test_who_comes_again_is_left_alone(visit: Visit) -> None:
    page = visit().open("LIF_Playground")
    time_for_a_tour(page)
    expect(tour_of(page)).to_have_count(0)


def test_who_wants_less_motion_gets_a_jump(visit: Visit) -> None:
    visitor = visit(first=True, width=390)
    visitor.page.emulate_media(reduced_motion="reduce")
    visitor.page.add_init_script(
        "window.scrolls = []; const scroll = Element.prototype.scrollBy;"
        "Element.prototype.scrollBy = function (how) { window.scrolls.push(how.behavior);"
        " scroll.call(this, how); };"
    )
    page = visitor.open("LIF_Playground")
    tour = tour_of(page)
    tour.wait_for(timeout=90_000)  # a page that a busy machine is still drawing has none yet
    for step in (1, 2):
        expect(tour).to_contain_text(f"{step} of 3")
        page.keyboard.press("ArrowRight")
    expect(tour).to_contain_text("3 of 3")
    assert page.evaluate("window.scrolls") and set(page.evaluate("window.scrolls")) == {"instant"}
    page.keyboard.press("Escape")


def test_it_steps_aside_for_what_the_visitor_opens(visit: Visit) -> None:
    page = visit(first=True).open("LIF_Playground")
    tour = tour_of(page)
    expect(tour).to_be_visible()
    page.locator(".st-key-share_link button").click()
    expect(page.get_by_test_id("stPopoverBody")).to_be_visible()
    expect(tour).to_be_hidden()
    page.locator(".st-key-share_link button").click()
    expect(tour).to_be_visible()
    tour.get_by_role("button", name="Skip").click()
