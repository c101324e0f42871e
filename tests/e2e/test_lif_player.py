"""The step-by-step player in a real browser: play, pause, step, scrub, in both themes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from .conftest import Visitor

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
SECTION = "LIF_Playground?lif_open_steps=true"


def opened(visitor: Visitor, query: str = "") -> Locator:
    """The player on the page, ready."""
    page = visitor.open(SECTION + query)
    player = page.locator(".player")
    expect(player.locator(".title")).to_contain_text("Step 1 of", timeout=60_000)
    player.scroll_into_view_if_needed()
    return player


def step_of(player: Locator) -> int:
    """The number of the step that is shown, from 1."""
    found = re.match(r"Step ([\d,]+) of", player.locator(".title").inner_text())
    assert found is not None
    return int(found[1].replace(",", ""))


def number(text: str) -> float:
    return float(text.replace("−", "-").split()[0])


def scrub(player: Locator, step: int) -> None:
    player.get_by_label("Step of the run").fill(str(step - 1))


def test_buttons_and_keys_step_and_the_numbers_are_those_of_the_model(visit: Visit) -> None:
    player = opened(visit())
    # From −70 mV under 2.5 nA: V = −45 − 25·e^(−t/20).
    for action, step in (
        (lambda: None, 1),
        (player.get_by_role("button", name="One step forward").click, 2),
        (lambda: player.press("ArrowRight"), 3),
        (lambda: player.press("Shift+ArrowRight"), 13),
        (lambda: player.press("ArrowLeft"), 12),
        (player.get_by_role("button", name="One step back").click, 11),
        (lambda: scrub(player, 300), 300),
        (lambda: player.get_by_label("Step of the run").press("ArrowRight"), 301),
    ):
        action()
        expect(player.locator(".title")).to_contain_text(f"Step {step} of 5,000")
        voltage = -45 - 25 * math.exp(-step * 0.1 / 20)
        shown = number(player.locator(".result").inner_text())
        assert shown == pytest.approx(voltage, abs=6e-4)
        assert number((player.locator(".level").text_content() or "")[4:]) == pytest.approx(
            shown, abs=6e-3
        )
        expect(player.locator(".state")).to_have_text("charging")
    player.press("Home")
    assert step_of(player) == 1
    expect(player.get_by_role("button", name="One step back")).to_be_disabled()
    player.press("End")
    assert step_of(player) == 2000
    expect(player.get_by_role("button", name="One step forward")).to_be_disabled()


def test_a_spike_and_its_rest_are_told_in_words_and_in_the_bucket(visit: Visit) -> None:
    player = opened(visit())
    lid, spark = player.locator(".lid"), player.locator(".spark")
    expect(lid).to_be_hidden()
    player.get_by_role("button", name="To the next spike").click()
    words = player.locator(".words")
    # 20·ln(25/5) = 32.189 ms
    expect(words).to_have_text("Reached −50 mV at 32.189 ms: spike, reset to −65 mV, 2 ms of rest.")
    expect(spark).to_be_visible()
    expect(player.locator(".state")).to_have_text("spike!")
    player.press("ArrowRight")
    expect(words).to_contain_text("the lid is on, the current is ignored. 1.889 ms of rest left")
    expect(lid).to_be_visible()
    expect(spark).to_be_hidden()
    for _ in range(19):
        player.press("ArrowRight")
    expect(words).to_contain_text("The lid opens at 34.189 ms")
    expect(lid).to_be_hidden()


def test_it_plays_pauses_and_stops_at_the_end_without_the_server(visit: Visit) -> None:
    visitor = visit()
    asked: list[str] = []
    visitor.page.on(
        "websocket",
        lambda socket: socket.on("framesent", lambda _: asked.append("frame")),
    )
    visitor.page.on("request", lambda request: asked.append(request.url))
    player = opened(visitor)
    visitor.page.wait_for_timeout(500)
    assert "frame" in asked  # the page itself does talk to the server
    asked.clear()
    player.get_by_role("button", name="Play").click()
    expect(player.get_by_role("button", name="Pause")).to_be_visible()
    expect(player.locator(".title")).not_to_contain_text("Step 1 of")
    player.press(" ")  # the button has the focus no more: the player has
    expect(player.get_by_role("button", name="Play")).to_be_visible()
    paused = step_of(player)
    assert 1 < paused < 2000
    visitor.page.wait_for_timeout(300)
    assert step_of(player) == paused
    player.locator("select").select_option("1000")
    scrub(player, 1900)
    player.press(" ")
    expect(player.locator(".title")).to_contain_text("Step 2,000 of")
    expect(player.get_by_role("button", name="Play")).to_be_visible()
    player.press(" ")  # once more from the start
    expect(player.get_by_role("button", name="Pause")).to_be_visible()
    assert step_of(player) < 1900
    player.press("ArrowRight")  # a step by hand pauses
    expect(player.get_by_role("button", name="Play")).to_be_visible()
    assert asked == []


def test_the_trace_is_scrubbed_with_the_mouse(visit: Visit) -> None:
    visitor = visit()
    player = opened(visitor)
    plot = player.locator(".plot").first
    box = plot.bounding_box()
    assert box is not None
    mouse = visitor.page.mouse
    mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 20)
    mouse.down()
    assert step_of(player) == pytest.approx(501, abs=3)
    mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 30)
    assert step_of(player) == pytest.approx(1501, abs=3)
    mouse.up()
    mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 30)
    assert step_of(player) == pytest.approx(1501, abs=3)


def test_a_new_run_is_shown_at_the_same_step(visit: Visit) -> None:
    visitor = visit()
    player = opened(visitor)
    scrub(player, 100)
    player.locator("select").select_option("2")  # steps per second: far from the first spike
    player.get_by_role("button", name="Play").click()
    slider = visitor.page.locator(".st-key-lif_current input[type=range]").first
    slider.focus()
    slider.press("ArrowRight")
    expect(player.locator(".title")).to_contain_text("I = 2.52 nA")
    expect(player.get_by_role("button", name="Play")).to_be_visible()  # paused
    step = step_of(player)
    assert step >= 100
    # −70 + 10·2.52 = −44.8 mV
    voltage = -44.8 - 25.2 * math.exp(-step * 0.1 / 20)
    assert number(player.locator(".result").inner_text()) == pytest.approx(voltage, abs=6e-4)


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_phone_everything_fits_and_can_be_read(visit: Visit, dark: bool) -> None:
    visitor = visit(width=390, dark=dark)
    player = opened(visitor)
    box = player.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390
    for name in ("Play", "One step forward", "To the next spike"):
        size = player.get_by_role("button", name=name).bounding_box()
        assert size is not None and min(size["width"], size["height"]) >= 40  # for a thumb
    light = player.evaluate("e => getComputedStyle(e).color").lstrip("rgb(").split(",")[0]
    assert (int(light) > 128) == dark


def test_other_models_show_all_variables_without_a_bucket(visit: Visit) -> None:
    player = opened(visit(), "&lif_model=adex")
    expect(player.locator(".bucket")).to_be_hidden()
    expect(player.locator("table")).to_contain_text("Voltage")
    expect(player.locator("table")).to_contain_text("Adaptation current w")


WALK = """root => {
  const bad = [];
  let plain = 0, held = 0, fired = 0;
  const steps = Number(root.querySelector("input[type=range]").max) + 1;
  for (let k = 0; k < steps; k++) {
    const words = root.querySelector(".words").textContent;
    const number = text => Number(text.replace("−", "-").replace(/[^-0-9.].*$/, ""));
    const level = number(root.querySelector(".level").textContent.slice(4));
    const result = number(root.querySelector(".result").textContent);
    if (/Reached|spikes in this step/.test(words)) fired += 1;
    else {
      if (/lid is on/.test(words)) held += 1; else plain += 1;
      if (!(Math.abs(level - result) < 0.0061)) bad.push([k, level, result, words]);
    }
    root.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
  }
  return {bad: bad.slice(0, 3), plain, held, fired};
}"""


@pytest.mark.parametrize(
    "query",
    [
        "&lif_sigma_v=3&lif_t_ref=3.33",
        "&lif_sigma_v=3&lif_timing=grid&lif_reset=subtract",
        "&lif_reset=none",
        "&lif_current=10&lif_dt=5&lif_t_ref=7&lif_duration=5000",
    ],
)
def test_at_every_step_the_equation_gives_the_simulated_voltage(visit: Visit, query: str) -> None:
    player = opened(visit(), query)
    seen = player.evaluate(WALK)
    assert seen["bad"] == []
    assert seen["fired"] > 5 and seen["plain"] > 20
    assert (seen["held"] > 0) == ("none" not in query)


def test_who_asks_for_less_motion_gets_a_slow_start_and_no_spark(visit: Visit) -> None:
    visitor = visit()
    visitor.page.emulate_media(reduced_motion="reduce")
    player = opened(visitor)
    speed = player.get_by_label("Steps per second")
    expect(speed).to_have_value("10")
    player.press("s")  # at a spike, while nothing plays, the overflow is drawn
    overflow = player.locator('[data-id="overflow"]')
    expect(overflow).to_have_attribute("visibility", "visible")
    spike = step_of(player)
    speed.select_option("2")  # a step is shown for half a second
    player.get_by_role("button", name="One step back").click()
    # Looked at in every frame: from outside, a busy machine may miss the half second.
    player.evaluate(
        """(root, title) => {
          root.seen = [];
          const look = () => {
            if (root.querySelector(".title").textContent.startsWith(title))
              root.seen.push(root.querySelector('[data-id="overflow"]').getAttribute("visibility"));
            requestAnimationFrame(look);
          };
          look();
        }""",
        f"Step {spike:,} of",
    )
    player.get_by_role("button", name="Play").click()
    visitor.page.wait_for_function("root => root.seen.length > 0", arg=player.element_handle())
    assert set(player.evaluate("root => root.seen")) == {"hidden"}
