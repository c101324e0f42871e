"""Parts far down a page before, and when, they are in sight."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pages.components import sight
from pages.components.sight import is_seen  # the real one: other page tests replace it
from pages.components.trainer import draw_source
from tests.pages.opening import open_page
from tests.pages.trainer_runs import PAGE

LINK = {"stdp_draw_kind": "test", "stdp_draw_number": "5", "stdp_draw_class": "3"}


@pytest.fixture(autouse=True)
def as_with_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sight, "is_seen", is_seen)


def is_drawn(app: AppTest) -> bool:
    assert not app.exception, app.exception
    return any(widget.key == draw_source.KIND for widget in app.get("button_group"))


def test_it_is_drawn_when_it_was_seen_and_from_then_on() -> None:
    app = open_page(PAGE)
    assert not is_drawn(app)
    assert "Draw a digit" in " ".join(head.value for head in app.subheader)
    app.session_state[f"{draw_source.PANEL}_sight"] = {"seen": True}  # as its script does
    assert is_drawn(app.run())
    assert f"{draw_source.PANEL}_sight" not in app.session_state  # its place is not drawn any more
    assert is_drawn(app.run())


def test_until_then_the_address_keeps_what_it_asks_for() -> None:
    app = open_page(PAGE, stdp_draw_net="file", **LINK)
    assert not is_drawn(app)
    found = draw_panel_values(app)
    assert found["stdp_draw_net"] == "file"
    assert {name: found[name] for name in LINK} == LINK


def test_a_button_that_asks_for_an_image_outdoes_the_address() -> None:
    app = open_page(PAGE, **LINK)
    draws = AppTest.from_string(
        "import streamlit as st\n"
        "from pages.components.trainer import draw_source\n"
        "draw_source.show_test_image(123)\n"
    )
    draws.run()
    for name in (draw_source.KIND, draw_source.CLASS, draw_source.NUMBER):
        app.session_state[name] = draws.session_state[name]
    app.session_state[f"{draw_source.PANEL}__seen"] = draws.session_state[
        f"{draw_source.PANEL}__seen"
    ]
    app.run()
    assert is_drawn(app)
    assert app.get_by_key(draw_source.NUMBER).value == 123


def draw_panel_values(app: AppTest) -> dict[str, object]:
    """`draw_panel.link_values` as the page's run sees it."""
    asked = AppTest.from_string(
        "import streamlit as st\n"
        "from pages.components.trainer import draw_panel\n"
        "st.session_state['found'] = draw_panel.link_values()\n"
    )
    for name in ("stdp_draw_net", *LINK):
        asked.query_params[name] = app.query_params[name]
    asked.run()
    assert not asked.exception
    found: dict[str, object] = asked.session_state["found"]
    return found


PLACES = {  # place → its page, an address that asks for it, a word that is drawn with it
    "lif_curve": ("pages/1_LIF_Playground.py", {}, "simulation"),
    "lif_open_list": ("pages/1_LIF_Playground.py", {"lif_open_accuracy": "true"}, ""),
    "enc_spikes": ("pages/2_Spike_Encoding.py", {}, "Through the retina"),
    "enc_open_list": ("pages/2_Spike_Encoding.py", {"enc_open_codes": "true"}, "Bernoulli"),
    "hop_inside": ("pages/3_Hopfield_Recall.py", {"hop_tab": "Watch"}, "All pictures at once"),
    "hop_open_list": ("pages/3_Hopfield_Recall.py", {"hop_open_words": "true"}, ""),
    "stdp_equations": (PAGE, {}, "Comes to rest at"),
}


def is_waiting(app: AppTest, place: str) -> bool:
    assert not app.exception, app.exception
    return any(place in part.proto.id for part in app.get("bidi_component"))


@pytest.mark.parametrize("place", list(PLACES))
def test_each_place_is_drawn_when_seen_and_nothing_else_of_the_page_changes(place: str) -> None:
    page, _, word = PLACES[place]
    app = open_page(page)
    assert is_waiting(app, f"{place}_sight")
    links = [code.value for code in app.code]
    before = len(app.markdown) + len(app.caption) + len(app.get("expander"))
    app.session_state[f"{place}_sight"] = {"seen": 1}
    app.run()
    assert not is_waiting(app, f"{place}_sight")
    assert len(app.markdown) + len(app.caption) + len(app.get("expander")) > before
    assert [code.value for code in app.code] == links
    said = " ".join(str(part.value) for part in (*app.markdown, *app.caption))
    assert word in said


@pytest.mark.parametrize("place", [place for place, (_, query, _) in PLACES.items() if query])
def test_an_address_that_asks_for_something_in_it_draws_it_at_once(place: str) -> None:
    page, query, _ = PLACES[place]
    app = open_page(page, **query)
    assert not is_waiting(app, f"{place}_sight")
    for name in query:
        app.query_params.pop(name, None)  # closed again
        if "_open_" in name:
            app.session_state[name] = False
    assert not is_waiting(app.run(), f"{place}_sight")
