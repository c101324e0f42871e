"""The picture tab in a real browser: upload, the player, presets, the link, a phone."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from .conftest import Visitor

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
PLAYER = "Spike_Encoding?enc_open_steps=true"


def opened(visitor: Visitor, query: str = "") -> Locator:
    """The player on the page, with its spikes unpacked."""
    page = visitor.open(PLAYER + query)
    player = page.locator(".player")
    expect(player.locator("canvas").first).to_be_visible(timeout=60_000)
    expect(player.locator(".title")).to_contain_text("of")
    player.scroll_into_view_if_needed()
    return player


def step_of(player: Locator) -> int:
    found = re.match(r"Step (\d+) of", player.locator(".title").inner_text())
    assert found is not None
    return int(found[1])


def cursor(player: Locator, slot: int = 0) -> float:
    """Where the cursor of a raster stands, in percent."""
    style = player.locator(".cursor").nth(slot).get_attribute("style") or ""
    found = re.search(r"left: ([\d.]+)%", style)
    assert found is not None
    return float(found[1])


def ink(player: Locator, canvas: int) -> float:
    """Mean of the red channel of one of the canvases."""
    return float(
        player.locator("canvas").nth(canvas).evaluate(
            """c => {const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
                     let s = 0; for (let k = 0; k < d.length; k += 4) s += d[k];
                     return s / (d.length / 4);}"""
        )
    )  # fmt: skip


def test_buttons_keys_and_the_raster_lead_to_a_step_and_all_codes_follow(visit: Visit) -> None:
    player = opened(visit())
    page = player.page
    for action, step in (
        (player.get_by_role("button", name="To the start").click, 1),
        (player.get_by_role("button", name="One frame forward").click, 2),
        (lambda: player.press("ArrowRight"), 3),
        (lambda: player.press("Shift+ArrowRight"), 13),
        (player.get_by_role("button", name="One frame back").click, 12),
        (lambda: player.press("End"), 100),
        (lambda: player.press("Home"), 1),
        (lambda: player.get_by_role("slider").fill("49"), 50),
    ):
        action()
        expect(player.locator(".title")).to_have_text(f"Step {step} of 100")
        for slot in range(3):
            assert cursor(player, slot) == pytest.approx(step - 0.5, abs=0.01)
    box = player.locator(".raster").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.755 * box["width"], box["y"] + 10)
    expect(player.locator(".title")).to_have_text("Step 76 of 100")


def test_playing_moves_the_cursor_and_the_picture_comes_back(visit: Visit) -> None:
    player = opened(visit())
    player.press("Home")
    expect(player.locator(".words")).to_contain_text("A nothing yet")
    player.get_by_label("Frames per second").select_option("60")
    player.get_by_role("button", name="Play").click()
    expect(player.get_by_role("button", name="Pause")).to_be_visible()
    expect(player.locator(".title")).not_to_have_text("Step 1 of 100")
    player.press("Space")
    expect(player.get_by_role("button", name="Play")).to_be_visible()
    paused = step_of(player)
    player.page.wait_for_timeout(300)
    assert step_of(player) == paused > 1
    player.press("Space")
    expect(player.locator(".title")).to_have_text("Step 100 of 100", timeout=20_000)
    expect(player.get_by_role("button", name="Play")).to_be_visible()  # it stops at the end
    # The numbers at the end are those above the player.
    page = player.page
    above = [float(x) for x in re.findall(
        r"PSNR ([\d.]+) dB", " ".join(numbers(page)))]  # fmt: skip
    below = [float(x) for x in re.findall(r"([\d.]+) dB", player.locator(".words").inner_text())]
    assert len(above) == 3 and below == above


def test_scrubbing_shows_the_spikes_of_that_step(visit: Visit) -> None:
    player = opened(visit(), "&enc_code_a=Latency+%28linear%29")
    player.press("Home")
    start = ink(player, 0), ink(player, 1), ink(player, 2)
    player.press("End")
    late = ink(player, 0), ink(player, 1), ink(player, 2)
    assert late[1] > start[1] + 50  # counts from violet to yellow
    assert abs(late[2] - start[2]) > 5
    player.press("Home")
    assert (ink(player, 0), ink(player, 1), ink(player, 2)) == start  # back without a trace


def test_calm_visitors_get_a_slow_start_and_playing_stops_when_they_ask_for_it(
    visit: Visit,
) -> None:
    visitor = visit()
    player = opened(visitor)
    visitor.page.emulate_media(reduced_motion="no-preference")
    player.press("Home")
    player.get_by_role("button", name="Play").click()
    expect(player.get_by_role("button", name="Pause")).to_be_visible()
    visitor.page.emulate_media(reduced_motion="reduce")
    expect(player.get_by_role("button", name="Play")).to_be_visible()
    expect(player.get_by_label("Frames per second")).to_have_value("2")


@pytest.mark.parametrize("dark", [False, True])
def test_the_player_fits_a_phone(visit: Visit, dark: bool) -> None:
    visitor = visit(width=390, dark=dark)
    player = opened(visitor)
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
    box = player.bounding_box()
    assert box is not None and box["width"] <= 390
    for canvas in player.locator("canvas").all():
        place = canvas.bounding_box()
        assert place is not None and place["x"] >= 0 and place["x"] + place["width"] <= 390
    player.press("End")
    expect(player.locator(".title")).to_have_text("Step 100 of 100")


def numbers(page: Page) -> list[str]:
    """Cost and quality of the three codes."""
    text = page.locator(".st-key-enc__flow").inner_text()
    return re.findall(r".* spikes per pixel|PSNR \d.*|RMSE .*|Largest error .*", text)


def test_an_uploaded_picture_is_encoded_and_can_be_taken_back(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("Spike_Encoding")
    before = numbers(page)
    buffer = io.BytesIO()
    Image.fromarray(np.full((40, 60), 65535, dtype=np.uint16)).save(buffer, "PNG")
    page.locator(".st-key-enc__own button").first.click()
    page.locator("input[type=file]").set_input_files(
        {"name": "white.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    )
    flow = page.locator(".st-key-enc__flow")
    expect(flow).to_contain_text("Your picture, 48×32 pixels")
    expect(flow).to_contain_text("100 spikes per pixel")
    visitor.ready()
    page.get_by_role("button", name="Back to the set").click()
    expect(flow).to_contain_text("Astronaut")
    visitor.ready()
    assert numbers(page) == before
    page.keyboard.press("Escape")  # the list of buttons is a dialog, too
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_preset_its_link_and_reset(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("Spike_Encoding")
    page.locator(".st-key-enc__preset_names").get_by_text("Event camera").click()
    expect(page.locator(".st-key-enc__notice")).to_contain_text("line of sensors")
    visitor.ready()
    assert "enc_a_send_on_delta_threshold=0.04" in page.url
    shown = numbers(page)
    other = visit()
    other.open(page.url.removeprefix(visitor.base + "/"))
    expect(other.page.locator(".st-key-enc__notice")).to_contain_text("line of sensors")
    assert numbers(other.page) == shown
    page.locator(".st-key-enc__reset button").first.click()
    expect(page.locator(".st-key-enc__notice")).to_contain_text("counted random spikes")
    visitor.ready()
    expect(page).to_have_url(re.compile(r"Spike_Encoding$"))


def test_buttons_of_an_icon_have_a_name_of_their_own(visit: Visit) -> None:
    page = visit().open("Spike_Encoding?enc_code_a=burst&enc_code_b=burst&enc_code_c=burst")
    for name in ("More of A", "More of B", "More of C", "Seed, rasters"):
        button = page.get_by_role("button", name=name)
        expect(button).to_be_visible()
        # The name is not in sight; the icon is as narrow as that once its font is there.
        page.wait_for_function(
            "button => button.getBoundingClientRect().width < 80", arg=button.element_handle()
        )


def test_a_look_at_another_tab_changes_nothing(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("Spike_Encoding?enc_code_a=weighted_phase&enc_n_steps=40")
    shown = numbers(page)
    assert "Weighted phase" in page.get_by_label("Code A").input_value()
    for name in ("Classifier", "Picture"):
        page.get_by_role("tab", name=name).click()
        own = ".st-key-enc__flow" if name == "Picture" else "[class*=st-key-enc_k_]"
        expect(page.locator(own).first).to_be_visible()
        visitor.ready()
    assert numbers(page) == shown


def test_a_hostile_address_opens_the_page_with_its_usual_values(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(f"Spike_Encoding?enc_seed=inf&enc_n_steps=nan&enc_code_a={'x' * 4000}")
    visitor.ready()
    assert len(numbers(page)) == 12
