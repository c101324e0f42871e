"""Everybody can read and use the pages: axe, contrast in both themes, words for figures, phones.

axe looks only at what is inside the window, so each page is shown in one as high as itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from snncore.neurons import MODELS

from .conftest import Visitor

pytestmark = pytest.mark.e2e
Visit = Callable[..., Visitor]

LAPTOP, PHONE = 1280, 390
# The formulas' drawn form is hidden from readers (they get MathML); it takes half of axe's time.
WHOLE = {"exclude": [[".katex-html"]]}
EVERY_RULE = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
CONTRAST = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}
BY_WIDTH = {"runOnly": ["target-size", "scrollable-region-focusable", "aria-hidden-focus", "label"]}
SHORT = "STDP_MNIST_Trainer?stdp_neurons=40&stdp_epochs=2&stdp_feature_steps=40&stdp_seed=6"

PAGES = {
    "home": "",
    "lif": "LIF_Playground",
    "encoding": "Spike_Encoding",
    "signal": "Spike_Encoding?enc_tab=Signal",
    "classifier": "Spike_Encoding?enc_tab=Classifier",
    "hopfield": "Hopfield_Recall",
    "trainer": "STDP_MNIST_Trainer",
}


def _opened(prefix: str, names: str) -> str:
    return "&".join(f"{prefix}_open_{name}=true" for name in names.split())


SECTIONS = {
    "lif": f"LIF_Playground?{_opened('lif', 'steps trains plane accuracy challenge')}",
    "encoding": f"Spike_Encoding?{_opened('enc', 'steps codes intervals')}",
    "hopfield": f"Hopfield_Recall?{_opened('hop', 'compare capacity landscape words')}",
    "spikes": "Hopfield_Recall?hop_tab=Spikes",
    "equations": "Hopfield_Recall?hop_tab=Equations",
}


def whole(visitor: Visitor, width: int) -> None:
    """A window of this width in which nothing has to be scrolled."""
    page, height = visitor.page, 4000 if width == LAPTOP else 8000
    places = page.locator("[class*=_sight]")
    for _ in range(8):  # more comes when its place is in sight
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(400)
        visitor.ready()
        needed = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        if needed <= height and not places.count():
            break
        height = max(height, needed + 10)
    expect(places).to_have_count(0)
    expect(page.locator(".player[aria-busy=true]")).to_have_count(0)  # all films are in sight


# Streamlit draws the box of a popover: long text in it scrolls, and no app can give it a tabindex.
# Browsers let the Tab key into such a box by themselves (Chromium since 130, Firefox always).
NOT_OURS = (("scrollable-region-focusable", 'data-testid="stPopoverBody"'),)


def violations(page: Page, options: dict[str, Any], where: dict[str, Any] = WHOLE) -> list[str]:
    """What axe calls serious or critical."""
    found = Axe().run(page, context=where, options=options).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary'][:300]}"
        for rule in found
        if rule["impact"] in ("serious", "critical") or rule["id"] == "target-size"
        for node in rule["nodes"]
        if not any(rule["id"] == name and part in node["html"] for name, part in NOT_OURS)
    ]


NAMELESS = """() => {
  const roots = [document.querySelector("[data-testid=stMain]")];
  for (const element of roots[0].querySelectorAll("*"))
    if (element.shadowRoot) roots.push(element.shadowRoot);
  const words = element => element.getAttribute("aria-label") || element.getAttribute("alt") || "";
  const figures = roots.flatMap(root => [...root.querySelectorAll(
    "[data-testid=stVegaLiteChart], img, canvas, svg[role=img]")]);
  return figures
    .filter(figure => figure.checkVisibility() && !figure.closest("[aria-hidden=true], button"))
    .filter(figure => !figure.closest("[aria-label]:not([role=group])"))
    .filter(figure => words(figure).trim().length < 4)
    .map(figure => figure.outerHTML.slice(0, 200));
}"""
SIDEWAYS = "(m => m.scrollWidth - m.clientWidth)(document.querySelector('[data-testid=stMain]'))"


def examine(visitor: Visitor, dark: bool) -> None:
    """At both widths: no violation, nothing to scroll sideways, and a name for every figure.

    A theme changes colours only: in the dark one these alone are looked at again, at one width. The
    narrow page has the same words in the same colours, but other sizes and boxes.
    """
    page, wrong = visitor.page, []
    for width in (LAPTOP,) if dark else (LAPTOP, PHONE):
        whole(visitor, width)
        rules = CONTRAST if dark else EVERY_RULE if width == LAPTOP else BY_WIDTH
        found = violations(page, rules)
        wrong += [f"{width}: {one}" for one in found]
        if (over := page.evaluate(SIDEWAYS)) > 1:
            wrong.append(f"{width}: {over} pixels stick out sideways")
    wrong += [f"no words: {one}" for one in page.evaluate(NAMELESS)]
    assert wrong == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", list(PAGES))
def test_a_page_as_it_opens_has_no_serious_violation(visit: Visit, name: str, dark: bool) -> None:
    visitor = visit(dark=dark)
    page = visitor.open(PAGES[name])
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    page.wait_for_timeout(800)  # charts draw themselves
    examine(visitor, dark)


@pytest.mark.parametrize(("name", "dark"), [*((name, False) for name in SECTIONS), ("lif", True)])
def test_open_sections_have_no_serious_violation(visit: Visit, name: str, dark: bool) -> None:
    visitor = visit(dark=dark)
    page = visitor.open(SECTIONS[name])
    main = page.get_by_test_id("stMain")
    closed = main.locator("[data-testid=stExpander] details:not([open]) > summary")
    for _ in range(min(4, closed.count())):
        closed.first.click()
        page.wait_for_timeout(300)
    visitor.ready()
    page.wait_for_timeout(1200)
    examine(visitor, dark)


def test_opened_popovers_have_no_serious_violation(visit: Visit) -> None:
    for path, dark in (("LIF_Playground", False), ("Hopfield_Recall", True)):
        visitor = visit(dark=dark)
        page = visitor.open(path)
        for name in ("Share", "Command", "Export", "Help"):
            page.get_by_test_id("stPopoverButton").filter(has_text=name).first.click()
            body = page.get_by_test_id("stPopoverBody")
            expect(body).to_be_visible()
            page.wait_for_timeout(500)  # it fades in, and its content comes now
            visitor.ready()
            where = {"include": [["[data-testid=stPopoverBody]"]]}
            assert violations(page, EVERY_RULE, where) == []
            page.keyboard.press("Escape")
            expect(body).to_have_count(0)


def test_a_finished_training_has_no_serious_violation(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(SHORT)
    page.locator(".st-key-stdp_run_start button").first.click()
    main = page.locator(".st-key-stdp_main")
    expect(main.get_by_text(re.compile("Finished in")).first).to_be_visible(timeout=180_000)
    visitor.ready()
    page.wait_for_timeout(2000)
    examine(visitor, dark=False)


@pytest.mark.parametrize("model", list(MODELS))
def test_the_equations_of_every_model_fit_a_phone(visit: Visit, model: str) -> None:
    """A formula that is too long goes on in the next line; nothing else may be that wide."""
    visitor = visit(width=PHONE)
    page = visitor.open(f"LIF_Playground?lif_model={model}")
    expect(page.locator(".st-key-lif_equation .katex-display").first).to_be_visible()
    assert page.evaluate(SIDEWAYS) <= 1
