"""The player of a recall in a real browser: step, play, scrub, marks, less motion, a phone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from .conftest import Visitor, come_to

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
HEBB = "Hopfield_Recall?hop_dataset=icons&hop_count=8&hop_size=16&hop_rule=hebb"
# Text's colour: below 128 it is dark ink on light paper.
TEXT = {
    "light": re.compile(r"^rgb\((\d\d?|1[01]\d|12[0-7]),"),
    "dark": re.compile(r"^rgb\((12[89]|1[3-9]\d|2\d\d),"),
}
SPIKING = "Hopfield_Recall?hop_dataset=icons&hop_count=8&hop_size=16&hop_rule=spiking"


def opened(visitor: Visitor, query: str) -> Locator:
    """The player on the page, at the input."""
    page = visitor.open(query)
    come_to(page, "hop_inside")
    player = page.locator(".player")
    player.scroll_into_view_if_needed()  # its film is made then
    expect(player.locator(".title")).to_contain_text("Step 0 of", timeout=60_000)
    return player


def last(player: Locator) -> int:
    """Number of the last step."""
    found = re.search(r"of (\d+)$", player.locator(".title").inner_text())
    assert found is not None
    return int(found[1])


def ink(player: Locator, name: str) -> str:
    """All pixels of one of the three pictures."""
    values: str = player.locator(f'[data-id="{name}"]').evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.join()"
    )
    return values


def wrong(player: Locator) -> int:
    """Wrong pixels, as the words say."""
    found = re.search(r"\(([\d,]+) wrong\)", player.locator(".words").inner_text())
    return int(found[1].replace(",", "")) if found else 0


def marked(player: Locator) -> int:
    """Pixels of the picture in the middle that are neither black, white nor grey."""
    count: int = player.locator('[data-id="now"]').evaluate(
        """c => {
          const now = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
          let count = 0;
          for (let k = 0; k < now.length; k += 4) if (now[k] !== now[k + 2]) count += 1;
          return count;
        }"""
    )
    return count


def test_buttons_keys_and_curves_lead_from_the_input_to_the_answer(visit: Visit) -> None:
    player = opened(visit(), HEBB)
    title, end = player.locator(".title"), last(player)
    assert end >= 2
    player.get_by_label("Which pixels are marked").select_option("none")
    assert ink(player, "now") == ink(player, "given") != ink(player, "stored")
    expect(player.get_by_role("button", name="One frame back")).to_be_disabled()
    player.get_by_role("button", name="One frame forward").click()
    expect(title).to_have_text(f"Step 1 of {end}")
    assert ink(player, "now") != ink(player, "given")
    player.press("ArrowLeft")
    expect(title).to_have_text(f"Step 0 of {end}")
    player.press("End")
    expect(title).to_have_text(f"Step {end} of {end}")
    expect(player.get_by_role("button", name="One frame forward")).to_be_disabled()
    # The last step changes nothing: nothing is marked; wrong pixels are, as many as are said.
    player.get_by_label("Which pixels are marked").select_option("none")
    plain = ink(player, "now")
    player.get_by_label("Which pixels are marked").select_option("changed")
    assert marked(player) == 0 and ink(player, "now") == plain
    player.get_by_label("Which pixels are marked").select_option("wrong")
    assert marked(player) == wrong(player) > 0  # Hebb fails on eight icons
    assert ink(player, "now") != plain
    plot = player.locator(".curves .plot").first
    box = plot.bounding_box()
    assert box is not None
    plot.click(position={"x": box["width"] - 2, "y": 20})
    expect(title).to_have_text(f"Step {end} of {end}")
    plot.click(position={"x": 2, "y": 20})
    expect(title).to_have_text(f"Step 0 of {end}")
    expect(player.locator(".curves")).to_contain_text("Energy")


def test_its_film_is_made_when_it_comes_in_sight_and_follows_the_controls(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(HEBB.replace("count=8", "count=24") + "&hop_tab=Watch")
    player = page.locator(".player")
    expect(player).to_have_class(re.compile("waiting"))
    player.scroll_into_view_if_needed()
    expect(player.locator(".title")).to_contain_text("Step 0 of")
    expect(player).not_to_have_class(re.compile("waiting"))
    first = ink(player, "given")
    page.get_by_role("spinbutton", name="How many are stored").fill("23")
    page.get_by_role("spinbutton", name="How many are stored").press("Enter")
    visitor.ready()
    page.get_by_role("slider", name="Strength").focus()
    player.scroll_into_view_if_needed()
    page.keyboard.press("ArrowRight")  # in sight: nothing else has to be done
    expect(player).not_to_have_class(re.compile("waiting"))
    page.wait_for_function(
        """([root, before]) => {
          const c = root.querySelector("[data-id=given]");
          const now = c.getContext("2d").getImageData(0, 0, c.width, c.height).data.join();
          return !root.classList.contains("waiting") && now !== before;
        }""",
        arg=[player.element_handle(), first],
    )


def test_it_plays_to_the_end_without_the_server_and_the_race_is_shown(visit: Visit) -> None:
    visitor = visit()
    asked: list[str] = []
    visitor.page.on(
        "websocket", lambda socket: socket.on("framesent", lambda _: asked.append("frame"))
    )
    player = opened(visitor, SPIKING)
    visitor.page.wait_for_timeout(500)
    end = last(player)
    expect(player.locator(".curves")).to_contain_text("Potential of the memory units")
    expect(player.locator(".words")).to_contain_text("undecided")
    asked.clear()
    player.get_by_label("Frames per second").select_option("30")
    player.get_by_role("button", name="Play").click()
    expect(player.locator(".title")).to_have_text(f"Step {end} of {end}")
    expect(player.get_by_role("button", name="Play")).to_be_visible()
    expect(player.locator(".words")).to_contain_text("decided at step")
    player.get_by_label("Which pixels are marked").select_option("none")
    assert wrong(player) == 0
    assert ink(player, "now") == ink(player, "stored") != ink(player, "given")
    player.press("Home")
    player.get_by_label("Frames per second").select_option("1")
    player.press(" ")
    expect(player.get_by_role("button", name="Pause")).to_be_visible()
    player.press("ArrowRight")  # a step by hand pauses
    expect(player.get_by_role("button", name="Play")).to_be_visible()
    assert asked == []


def test_who_asks_for_less_motion_gets_a_slow_start_and_playing_stops(visit: Visit) -> None:
    visitor = visit()
    visitor.page.emulate_media(reduced_motion="reduce")
    player = opened(visitor, SPIKING)
    expect(player.get_by_label("Frames per second")).to_have_value("2")
    visitor.page.emulate_media(reduced_motion="no-preference")
    player.get_by_role("button", name="Play").click()
    expect(player.get_by_role("button", name="Pause")).to_be_visible()
    visitor.page.emulate_media(reduced_motion="reduce")
    expect(player.get_by_role("button", name="Play")).to_be_visible()


def test_it_fits_a_phone_and_follows_the_theme(visit: Visit) -> None:
    visitor = visit(width=390)
    player = opened(visitor, SPIKING)
    for scheme, text in TEXT.items():
        visitor.page.emulate_media(color_scheme=scheme)
        expect(player).to_have_css("color", text)
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
        box = player.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390
        for name in ("Play", "One frame forward"):
            size = player.get_by_role("button", name=name).bounding_box()
            assert size is not None and min(size["width"], size["height"]) >= 44  # for a thumb
