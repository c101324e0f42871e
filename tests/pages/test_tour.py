"""The tour of each page: one message with three short sentences, in the page's own browser."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.tour import TOURS

SCRIPT = """
from pages.components.tour import tour
tour({page!r})
"""


def mounted(page: str) -> list[dict[str, object]]:
    at = AppTest.from_string(SCRIPT.format(page=page)).run()
    assert not at.exception
    return [json.loads(part.proto.json) for part in at.get("bidi_component")]


@pytest.mark.parametrize("page", TOURS)
def test_a_page_sends_its_sentences_once(page: str) -> None:
    (data,) = mounted(page)
    assert data["page"] == page
    assert [step["words"] for step in data["steps"]] == [s.words for s in TOURS[page]]


def test_every_page_of_the_four_has_three_short_sentences_and_home_none() -> None:
    assert set(TOURS) == {"lif", "encoding", "hopfield", "stdp"}
    assert mounted("home") == []
    for steps in TOURS.values():
        assert len(steps) == 3
        assert all(len(step.words) <= 110 and step.words[-1] in ".?" for step in steps)
