"""The signal tab and the sections below it in a real browser: files, a job, sliders, links."""

from __future__ import annotations

import io
import re
import wave
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from .conftest import Visitor

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]
CHART = "[data-testid=stVegaLiteChart]"
SIGNAL = "Spike_Encoding?enc_tab=Signal"


def wav(seconds: float = 0.5, rate: int = 8000) -> bytes:
    tone = np.sin(2 * np.pi * 220 * np.arange(round(seconds * rate)) / rate) * 20_000
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(tone.astype("<i2").tobytes())
    return held.getvalue()


def upload(page: Page, kind: str, name: str, mime: str, data: bytes) -> None:
    place = page.locator(f"[class*=st-key-enc_s_{kind}] input[type=file]").first
    place.set_input_files({"name": name, "mimeType": mime, "buffer": data})


def test_the_signal_tab_shows_three_lanes_on_one_axis(visit: Visit) -> None:
    page = visit().open(SIGNAL)
    expect(page.locator(CHART).locator("canvas, svg").first).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Notice:")).to_be_visible()
    page.locator(".st-key-enc_s__preset_names").get_by_text("Slow", exact=True).click()
    expect(page.get_by_text("No spike at all").first).to_be_visible()
    expect(page).to_have_url(re.compile("enc_s_shape=sine"))


def test_own_csv_and_own_sound_take_the_place_of_the_wave(visit: Visit) -> None:
    page = visit().open(f"{SIGNAL}&enc_s_source=CSV+file")
    rows = "\n".join(f"{10 + np.sin(k / 30):.5f}" for k in range(900))
    upload(page, "csv", "own.csv", "text/csv", rows.encode())
    expect(page.get_by_text("Your file, 900 samples")).to_be_visible()
    other = visit().open(f"{SIGNAL}&enc_s_source=Sound")
    upload(other, "wav", "own.wav", "audio/wav", wav())
    expect(other.get_by_text("Your sound, 800 samples")).to_be_visible()
    expect(other.locator(CHART).locator("canvas, svg").first).to_be_visible(timeout=30_000)


def test_a_file_that_is_no_signal_is_said_in_words(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(f"{SIGNAL}&enc_s_source=Sound")
    upload(page, "wav", "own.wav", "audio/wav", b"this is text")
    said = page.get_by_text("cannot be used")
    expect(said).to_be_visible()
    visitor.expected.append(page.get_by_test_id("stAlert").first.inner_text())
    page.get_by_role("button", name="Microphone").click()  # only now is there a recorder
    expect(page.get_by_test_id("stAudioInput")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_rate_distortion_is_a_job_that_ends_with_a_file(visit: Visit) -> None:
    page = visit().open("Spike_Encoding?enc_open_distortion=true")
    box = page.locator(".st-key-enc_open_distortion")
    start = box.get_by_role("button", name="Compute the curves")
    expect(start).to_be_visible()
    start.click()
    expect(box.get_by_text("Finished in")).to_be_visible(timeout=120_000)
    expect(box.locator(CHART)).to_be_visible()
    with page.expect_download() as waiting:
        box.get_by_role("button", name="Data (CSV)").click()
    with open(waiting.value.path(), encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert lines[0].startswith("code,knob,setting,spikes_per_value") and len(lines) > 12


def test_further_codes_stand_in_the_address_and_come_back(visit: Visit) -> None:
    page = visit().open(f"{SIGNAL}&enc_open_distortion=true")
    box = page.locator(".st-key-enc_s_rd_more")
    box.locator("input").first.click()
    page.keyboard.type("Burst")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("enc_s_rd_more="))
    again = visit().open(page.url.split("/", 3)[3])
    expect(again.locator(".st-key-enc_s_rd_more").get_by_text("Burst").first).to_be_visible()


def test_the_slider_of_lost_spikes_changes_what_is_read(visit: Visit) -> None:
    page = visit().open(f"{SIGNAL}&enc_open_damage=true")
    box = page.locator(".st-key-enc_open_damage")
    expect(box.locator(CHART)).to_have_count(2)
    slider = box.locator(".st-key-enc_damage_lost input[type=range]")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"enc_damage_lost=0\.2[1-5]"))
    box.get_by_text("jitter", exact=True).click()
    expect(page).to_have_url(re.compile("enc_damage_kind=jitter"))
    expect(box.get_by_text("Jitter").first).to_be_visible()


def test_all_codes_on_a_picture_fill_a_table(visit: Visit) -> None:
    page = visit().open("Spike_Encoding?enc_open_gallery=true")
    box = page.locator(".st-key-enc_open_gallery")
    box.get_by_role("button", name="Send it through every code").click()
    expect(box.get_by_text("Finished in")).to_be_visible(timeout=120_000)
    expect(box.get_by_test_id("stDataFrame")).to_be_visible()
    box.get_by_role("button", name="B", exact=True).click()
    expect(page).to_have_url(re.compile("enc_code_b="))


def test_the_sections_fit_on_a_phone_in_the_dark(visit: Visit) -> None:
    names = ("codes", "distortion", "budget", "damage", "intervals", "information", "progress")
    opened = "&".join(f"enc_open_{name}=true" for name in names)
    page = visit(width=390, dark=True).open(f"{SIGNAL}&{opened}")
    expect(page.locator(".st-key-enc_open_progress").locator(CHART).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for chart in page.locator(CHART).all():
        assert (chart.bounding_box() or {"width": 0})["width"] <= 370
