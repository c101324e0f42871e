"""Picking the stored pictures by their thumbnails: what a link, a click and a preset may say."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from pages.components import hopfield_pick as pick
from pages.components.hopfield_own import LOST
from snncore import datasets


def script() -> None:
    """The smallest page with a gallery; `set` in the address chooses its set."""
    import streamlit as st

    from pages.components.hopfield_pick import PICKED, picked

    name = st.selectbox("Set", ["digits", "icons"], key="set", bind="query-params")
    st.session_state["numbers"] = picked(name)
    st.button("Preset", on_click=lambda: st.session_state.pop(PICKED, None))


def page(**query: str) -> AppTest:
    app = AppTest.from_function(script, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, app.exception
    return app


def sent(app: AppTest) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(app.get("bidi_component")[0].proto.json)
    return found


def test_the_browser_gets_the_pictures_of_the_set_and_what_is_picked() -> None:
    app = page(hop_picked="12.0.12")
    assert app.session_state["numbers"] == (12, 0)
    data = sent(app)
    assert data["picked"] == [12, 0] and len(data["names"]) == pick.SHOWN
    strip = Image.open(io.BytesIO(base64.b64decode(data["sprite"].split(",")[1])))
    images = datasets.load("digits").images
    assert strip.size == (pick.SHOWN * data["width"], data["height"])
    k = 5
    one = np.asarray(strip)[:, k * data["width"] : (k + 1) * data["width"]]
    assert np.array_equal(one[::6, ::6], images[k])  # 8×8 pictures are shown as 48×48
    app.number_input(key="hop_pick_from").set_value(1390).run()
    assert len(sent(app)["names"]) == len(images) - 1390 == 7
    assert app.session_state["numbers"] == (12, 0)


def test_another_set_and_a_preset_forget_what_was_picked_and_tell_the_browser() -> None:
    app = page(hop_picked="1.2")
    version = sent(app)["version"]
    app.button[-1].click().run()
    assert app.session_state["numbers"] == () and sent(app)["picked"] == []
    assert sent(app)["version"] > version
    app = page(hop_picked="1.2")
    app.button(key="hop_pick_none").click().run()
    assert app.session_state["numbers"] == ()
    app = page(hop_picked="1.2")
    app.selectbox(key="set").set_value("icons").run()
    assert app.session_state["numbers"] == () and sent(app)["picked"] == []


@pytest.mark.parametrize(
    "text", ["1397", "-1", "1e3", "a", "1..2", "٣", "9" * 600, "1." * 70 + "1"]
)
def test_a_hostile_address_picks_nothing_and_says_so(text: str) -> None:
    app = page(hop_picked=text)
    assert app.session_state["numbers"] == ()
    assert "not among these 1,397" in app.session_state[LOST][0]
    app.run()
    assert len(app.session_state[LOST]) == 1


def test_only_clicks_that_fit_the_page_are_believed() -> None:
    before = pick._Picks("digits", (1,), 3)

    def after(message: object) -> tuple[int, ...]:
        return pick._received(message, before, 10).numbers

    assert after({"version": 3, "numbers": [4, 2, 4]}) == (4, 2)
    assert after({"version": 3, "numbers": []}) == ()
    for message in (
        None,
        "x",
        {"version": 2, "numbers": [4]},
        {"version": 3, "numbers": "4"},
        {"version": 3, "numbers": [10]},
        {"version": 3, "numbers": [-1]},
        {"version": 3, "numbers": [True]},
        {"version": 3, "numbers": [1.5]},
        {"version": 3, "numbers": list(range(10)) * 10},
    ):
        assert after(message) == (1,), message
