"""The LIF Playground in a real browser: models, drive, A and B, undo, files, links."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from snncore.playground import PRESETS, Setup, play

from .conftest import Visitor
from .test_dashboard import slide

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]


def press(target: Locator) -> None:
    """Click; what follows comes some time later: wait for it with `expect`."""
    target.first.click()  # a button with a tooltip is there twice, once for the phone


def spikes(page: Page) -> Locator:
    """The number of spikes: 16 on the page as it opens."""
    box = page.locator(".st-key-lif_numbers").get_by_test_id("stMetric").filter(has_text="Spikes")
    return box.get_by_test_id("stMetricValue")


def choose_model(visitor: Visitor, title: str) -> None:
    page = visitor.page
    page.locator(".st-key-lif_model input").fill(title)
    press(page.get_by_role("option", name=title, exact=True))


def same_view(visitor: Visitor, other: Visitor) -> None:
    visitor.ready()
    other.open(visitor.page.url.removeprefix(visitor.base + "/"))
    numbers = visitor.page.locator(".st-key-lif_numbers").text_content() or ""
    expect(other.page.locator(".st-key-lif_numbers")).to_have_text(numbers)


def test_another_model_shows_its_variables_fires_and_survives_in_the_address(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("LIF_Playground")
    choose_model(visitor, "Hodgkin–Huxley")
    expect(page.locator(".st-key-hodgkin_huxley_g_na")).to_be_visible()
    expect(page.get_by_text("Potassium activation", exact=False).first).to_be_visible()
    expect(spikes(page)).not_to_have_text("0")
    expect(page).to_have_url(re.compile("lif_model="))
    same_view(visitor, visit())


def test_a_part_of_the_drive_is_added_removed_and_restored_by_the_address(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("LIF_Playground")
    parts = page.locator(".st-key-lif__parts")
    undo = page.locator(".st-key-lif__undo button").first
    expect(undo).to_be_disabled()
    press(parts.get_by_role("button", name="Sine", exact=True))
    expect(page.locator(".st-key-lif_frequency_hz")).to_be_visible()
    expect(spikes(page)).not_to_have_text("16")
    press(parts.get_by_role("button", name="Constant", exact=True))
    expect(page.locator(".st-key-lif_current")).to_have_count(0)
    same_view(visitor, visit())
    press(undo)
    expect(page.locator(".st-key-lif_current")).to_be_visible()
    press(undo)
    expect(undo).to_be_disabled()
    expect(spikes(page)).to_have_text("16")
    expect(page.locator(".st-key-lif_frequency_hz")).to_have_count(0)


def test_a_double_click_on_undo_leaves_the_page_alive(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("LIF_Playground")
    press(page.locator(".st-key-lif__parts").get_by_role("button", name="Sine", exact=True))
    expect(spikes(page)).not_to_have_text("16")
    page.locator(".st-key-lif__undo button").first.dblclick()
    expect(page.locator(".st-key-lif__undo button").first).to_be_disabled()
    expect(spikes(page)).to_have_text("16")


def test_a_stays_while_b_changes_and_the_link_brings_both_back(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("LIF_Playground")
    press(page.locator(".st-key-lif_keep button"))
    table = page.locator(".st-key-lif_compare")
    row = table.locator("tr").filter(has_text="Spikes")
    expect(row).to_contain_text("16160")
    slide(page, "lif_current", 10)
    a, b = "16", str(play(Setup.of(current=2.7)).summary.count)
    expect(spikes(page)).to_have_text(b)
    expect(row).to_contain_text(f"{a}{b}+{int(b) - int(a)}")
    other = visit()
    same_view(visitor, other)
    expect(other.page.locator(".st-key-lif_compare tr").filter(has_text="Spikes")).to_contain_text(
        f"{a}{b}"
    )
    press(page.locator(".st-key-lif_swap button"))
    expect(spikes(page)).to_have_text(a)
    expect(row).to_contain_text(f"{b}{a}")
    press(page.locator(".st-key-lif_remove_a button"))
    expect(table).to_have_count(0)
    expect(page).not_to_have_url(re.compile("lif_a="))


def test_the_exports_arrive_and_the_program_gives_the_spikes_of_the_page(
    visit: Visit, tmp_path: Path
) -> None:
    visitor = visit()
    page = visitor.open("LIF_Playground?lif_current=2.6&lif_sigma_v=2")
    press(page.locator(".st-key-share_export button"))
    files = {}
    for name in ("lif.csv", "lif_run.py", "lif_snntorch.py", "lif.png", "lif.svg"):
        button = page.locator(f".st-key-share_export_{name.replace('.', '-')} button").first
        with page.expect_download() as download:
            button.click()
        files[name] = tmp_path / name
        download.value.save_as(files[name])
    page.keyboard.press("Escape")
    count = int(spikes(page).inner_text())
    rows = list(csv.DictReader(files["lif.csv"].read_text().splitlines()))
    assert sum(row["spike"] == "1" for row in rows) == count > 0
    done = subprocess.run(
        [sys.executable, "-I", str(files["lif_run.py"])], capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) - 1 == count
    assert files["lif.png"].read_bytes().startswith(b"\x89PNG")
    assert "<svg" in files["lif.svg"].read_text()


def test_a_file_drives_the_neuron_and_a_bad_one_is_explained(visit: Visit, tmp_path: Path) -> None:
    visitor = visit()
    page = visitor.open("LIF_Playground")
    press(page.locator(".st-key-lif__parts").get_by_role("button", name="Your file"))
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("".join(f"{t},{2 if t < 250 else -5}\n" for t in range(500)))
    bad.write_text("time,current\n1,2\n2,\n3,4\n")
    upload = page.locator(".st-key-lif_file input[type=file]")
    upload.set_input_files(bad)
    expect(page.get_by_test_id("stAlert").filter(has_text="cannot be used")).to_be_visible()
    visitor.expected += [a.inner_text() for a in page.get_by_test_id("stAlert").all()]
    upload.set_input_files(good)
    expect(page.get_by_text("500 rows")).to_be_visible()
    expect(page.locator(".st-key-lif_numbers")).not_to_contain_text("33.64")


def test_presets_are_marked_and_say_what_to_notice(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("LIF_Playground")
    page.locator(".st-key-lif__group input").fill("Bursting")
    press(page.get_by_role("option", name="Bursting"))
    first = next(name for name, preset in PRESETS.items() if preset.group == "Bursting")
    press(page.locator(".st-key-lif__preset button").filter(has_text=first))
    expect(page.get_by_text(PRESETS[first].notice[:40])).to_be_visible()
    same_view(visitor, visit())
    press(page.locator(".st-key-lif__reset button"))
    expect(spikes(page)).to_have_text("16")


@pytest.mark.parametrize("dark", [False, True])
def test_drive_picture_and_numbers_are_on_the_first_screen(visit: Visit, dark: bool) -> None:
    visitor = visit(dark=dark)
    page = visitor.open("LIF_Playground")
    expect(page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg")
           .first).to_be_visible()  # fmt: skip
    for selector in (
        ".st-key-lif_numbers",
        ".st-key-lif__parts",
        ".st-key-lif_current",
        "[data-testid=stVegaLiteChart]",
    ):
        expect(page.locator(selector).first).to_be_in_viewport(ratio=1)
