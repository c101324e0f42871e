"""The glossary in a real browser: from the help, searched, closed; and Undo beside it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .conftest import Visitor
from .test_dashboard import slide

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]


@pytest.mark.parametrize(("path", "width"), [("LIF_Playground", 1280), ("Hopfield_Recall", 390)])
def test_the_help_opens_a_glossary_to_search_in(visit: Visit, path: str, width: int) -> None:
    page = visit(width=width).open(path)
    page.locator(".st-key-frame_help button").first.click()
    page.get_by_role("button", name="Glossary").click()
    glossary = page.get_by_role("dialog")
    expect(glossary.get_by_text("Raster", exact=True)).to_be_visible()
    expect(page.get_by_text("The address of the page is its state.")).to_have_count(0)
    search = glossary.get_by_role("textbox", name="Search")
    search.fill("winner")
    search.press("Enter")
    expect(glossary.get_by_text("No such word here.")).to_be_visible()
    glossary.get_by_text("Only this page").click()
    expect(glossary.get_by_text("Winner-take-all", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(glossary).to_have_count(0)
    page.locator(".st-key-frame_help button").first.click()
    expect(page.get_by_role("button", name="Glossary")).to_be_visible()
    page.keyboard.press("Escape")


def test_undo_and_redo_of_a_preset_and_a_slider_change_the_address_too(visit: Visit) -> None:
    page = visit(width=390).open("Hopfield_Recall")
    undo = page.locator(".st-key-hop__undo button").first
    redo = page.locator(".st-key-hop__redo button").first
    expect(undo).to_be_disabled()
    page.get_by_role("button", name="Half hidden").or_(
        page.get_by_role("radio", name="Half hidden")
    ).first.click()
    expect(page).to_have_url(re.compile("hop_kind="))
    expect(undo).to_be_enabled()
    slide(page, "hop_share", 1)  # one step, one undo
    expect(page).to_have_url(re.compile("hop_share="))
    changed = page.url
    undo.click()
    expect(page.get_by_text("the upper half is enough")).to_be_visible()
    undo.click()
    expect(page).not_to_have_url(re.compile("hop_kind="))
    expect(undo).to_be_disabled()
    redo.click()
    redo.click()
    expect(page).to_have_url(changed)
    expect(redo).to_be_disabled()
