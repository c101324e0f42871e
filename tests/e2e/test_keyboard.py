"""Without a mouse: every control is reached with Tab, shows that it has the focus, and works."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .conftest import Visitor, come_to

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
MOST = 160  # stops of a page; more of them would be a trap

# What has the focus, inside of a player too, and what it looks like with all that is near it.
FOCUSED = """() => {
  let e = document.activeElement;
  const key = e.closest("[class*=st-key-]")?.className.match(/st-key-(\\S+)/)?.[1] ?? "";
  while (e.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
  const near = [e];
  for (let up = e; near.length < 4 && up.parentElement; ) near.push((up = up.parentElement));
  near.push(...[...(e.parentElement?.querySelectorAll("*") ?? [])].slice(0, 30));
  const drawn = ["outlineStyle", "outlineColor", "boxShadow", "borderColor", "backgroundColor"];
  window.lookOf = () => near.flatMap(n => [null, "::before", "::after"].flatMap(part => {
    const style = getComputedStyle(n, part);
    return drawn.map(name => style[name]);
  })).join();
  window.focused = window.lookOf();
  const name = e.getAttribute("aria-label") || e.labels?.[0]?.textContent || e.textContent || "";
  return {tag: e.tagName, key, name: name.trim().slice(0, 60)};
}"""


def stops(page: Page) -> tuple[list[dict[str, str]], list[str]]:
    """All stops of the Tab key from the top to the end, and those that do not show the focus."""
    page.add_style_tag(content="* {transition: none !important; animation: none !important}")
    found: list[dict[str, str]] = []
    unseen: list[str] = []
    while len(found) < MOST:
        page.keyboard.press("Tab")
        if found and not page.evaluate("window.lookOf() !== window.focused"):
            unseen.append(f"{found[-1]['tag']} {found[-1]['name']}")
        now = page.evaluate(FOCUSED)
        if now["tag"] == "BODY":
            return found, unseen
        found.append(now)
    raise AssertionError(f"no end after {MOST} stops: {found[-5:]}")


def tab_to(page: Page, what: str) -> None:
    """Press Tab until what has the focus is called so."""
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if re.search(what, page.evaluate(FOCUSED)["name"]):
            return
    raise AssertionError(f"{what} is not reached")


@pytest.mark.parametrize(
    ("path", "reached"),
    [
        ("", ["LIF Playground", "Help"]),
        (
            "LIF_Playground?lif_open_steps=true",
            ["Share", "Tonic", r"Constant \[nA\]", "Step-by-step"],
        ),
        ("Spike_Encoding?enc_open_steps=true", ["Picture", "Gain", "Player of the spikes", "Play"]),
        ("Hopfield_Recall", ["Four photographs", "Strength", "Player of the recall", "Play"]),
        ("STDP_MNIST_Trainer", ["Start training", "Neurons", "Drawing surface", "Player of"]),
    ],
)
def test_tab_goes_through_the_whole_page_and_shows_where_it_is(
    visit: Visit, path: str, reached: list[str]
) -> None:
    visitor = visit()
    page = visitor.open(path)
    if path.startswith("STDP"):
        come_to(page, "stdp_draw_panel")
    if path.startswith("Hopfield"):
        come_to(page, "hop_inside")
    if path:  # the player comes last, and a film when it is in sight
        page.locator(".player").first.scroll_into_view_if_needed()
        expect(page.locator(".player .title").first).to_contain_text(re.compile(r"\w"))
    page.wait_for_timeout(2000)
    visitor.ready()
    found, unseen = stops(page)
    names = [stop["name"] for stop in found]
    missing = [what for what in reached if not any(re.search(what, name) for name in names)]
    assert missing == []
    assert [f"{stop['tag']} {stop['key']}" for stop in found if not stop["name"]] == []
    assert unseen == []


def test_a_slider_moves_with_the_arrow_keys_alone(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("LIF_Playground")
    page.wait_for_timeout(1500)
    numbers = page.locator(".st-key-lif_numbers")
    before = numbers.text_content() or ""
    tab_to(page, r"^Constant \[nA\]")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(numbers).not_to_have_text(before)


def test_a_training_starts_and_stops_by_keyboard(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("STDP_MNIST_Trainer?stdp_neurons=6400&stdp_epochs=50&stdp_seed=7")
    page.wait_for_timeout(1500)
    tab_to(page, "Start training")
    page.keyboard.press("Enter")
    cancel = page.locator(".st-key-stdp_run_cancel button")
    expect(cancel).to_be_visible()
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED)["key"] == "stdp_run_cancel":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("Cancelled").first).to_be_visible()


def test_a_player_plays_and_steps_and_lets_go(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("LIF_Playground?lif_open_steps=true")
    title = page.locator(".player .title")
    expect(title).to_contain_text("Step 1 of", timeout=60_000)
    tab_to(page, "Step-by-step player")
    page.keyboard.press("ArrowRight")
    expect(title).to_contain_text("Step 2 of")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    tab_to(page, "Regularity of the spikes")  # the section behind it


def test_a_drawing_is_made_with_keys_and_the_canvas_lets_go(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("STDP_MNIST_Trainer")
    page.wait_for_timeout(2000)
    tab_to(page, "^Drawing surface")  # which is drawn when the Tab key has come to its place
    words = page.locator("[data-id=words]:not(#tour-words)").first
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    expect(words).to_contain_text("white")
    page.keyboard.press("Tab")
    assert "Drawing surface" not in page.evaluate(FOCUSED)["name"]
