"""One glossary for all pages: each word once, found by searching, sent only when it is opened."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.components import glossary
from pages.components.hopfield_glossary import WORDS
from snncore import encoding
from snncore.recall_lab import RULES
from tests.pages.opening import ROOT, open_page

PAGES = {
    "lif": "pages/1_LIF_Playground.py",
    "encoding": "pages/2_Spike_Encoding.py",
    "hopfield": "pages/3_Hopfield_Recall.py",
    "stdp": "pages/4_STDP_MNIST_Trainer.py",
}
SCRIPT = """
from pages.components.glossary import show
show({page!r})
"""


def said(at: AppTest) -> str:
    return "\n".join(m.value for m in at.markdown)


def test_every_word_is_defined_once_in_a_sentence_and_in_alphabetical_order() -> None:
    terms = glossary.all_terms()
    assert len({word.casefold() for word in terms}) == len(terms)
    assert list(terms) == sorted(terms, key=str.casefold)
    assert len(terms) == len(glossary.TERMS) + len(RULES) + len(encoding.CODES) + len(
        glossary.TITLES
    )
    for word, term in glossary.TERMS.items():
        assert term.meaning[-1] in ".)" and 15 < len(term.meaning) < 400, word
        assert set(term.pages) <= set(glossary.ALL) and term.pages


def test_no_definition_stands_anywhere_else() -> None:
    """The first words of each are found in glossary.py alone."""
    sources = {
        path: re.sub(r'"\s*\n\s*"', "", path.read_text(encoding="utf-8"))
        for path in Path(ROOT, "pages").rglob("*.py")
    }
    for word, term in glossary.TERMS.items():
        here = [path.name for path, text in sources.items() if term.meaning[:45] in text]
        assert here == ["glossary.py"], word


def test_the_words_of_the_hopfield_section_are_those_of_the_glossary() -> None:
    words = {word: text for group in WORDS.values() for word, text in group.items()}
    assert len(words) >= 30
    assert words == {word: glossary.meaning(word) for word in words}
    of_page = {w for w, t in glossary.TERMS.items() if "hopfield" in t.pages and len(t.pages) < 3}
    assert of_page <= set(words)


@pytest.mark.parametrize(
    ("wish", "first"),
    [
        ("refractory", "Refractory period"),
        ("ISI", "ISI"),
        ("difference of gaussians", "DoG"),
        ("basin", "Basin of attraction"),
        ("SPIKE-timing", "STDP"),
    ],
)
def test_a_word_is_found_by_its_name_or_by_what_is_said_of_it(wish: str, first: str) -> None:
    assert next(w for w in glossary.matching(wish, None) if w in glossary.TERMS) == first


def test_the_dialog_searches_this_page_first() -> None:
    at = AppTest.from_string(SCRIPT.format(page="lif")).run()
    assert not at.exception, at.exception
    assert "**Rheobase**" in said(at) and "**Spurious state**" not in said(at)
    at.text_input(key="glossary_search").set_value("spurious").run()
    assert "No such word here." in at.info[0].value
    at.toggle(key="glossary_here").set_value(False).run()
    assert "**Spurious state**" in said(at) and "**Rheobase**" not in said(at)
    at.text_input(key="glossary_search").set_value("").run()
    assert "**Spurious state**" in said(at) and "**Rheobase**" in said(at)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_it_and_sends_nothing_of_it_before(page: str) -> None:
    app = open_page(PAGES[page])
    rare = {"lif": "Rheobase", "encoding": "Slope overload", "hopfield": "Crosstalk",
            "stdp": "Homeostasis"}  # fmt: skip
    assert f"**{rare[page]}**  \n" not in said(app)
    app.button(key="frame_glossary").click().run()
    assert not app.exception, app.exception
    assert f"**{rare[page]}**  \n" in said(app)
