"""The Hopfield page's own words: what cannot be stored, what a memory is weak at, presets."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.pages.test_hopfield import TINY, opened, scores, shown
from tests.pages.test_hopfield import own_manager as own_manager


def captions(app: AppTest) -> str:
    return "\n".join(str(caption.value) for caption in app.caption)


def test_refusals_name_what_the_menus_name_and_offer_the_way_out() -> None:
    app = opened(**TINY, hop_rule="hebb", hop_mode="grey")
    said = app.warning[0].value
    assert said.startswith("Hebb stores black and white") and "Modern (softmax)" in said
    assert "Binary" in said and "rule" not in said.lower()
    app.selectbox(key="hop_dataset").set_value("random").run()
    assert shown(app).warning[0].value.startswith("Random pixels are black and white")
    assert not [b for b in app.button if b.key == "hop__to_modern"]  # no memory helps here
    app.button(key="hop__to_binary").click().run()
    assert not shown(app).warning and "Exact" in scores(app)


def test_a_memory_that_goes_by_distance_says_so_where_grey_pixels_are_inverted() -> None:
    app = opened(**TINY, hop_rule="modern", hop_mode="grey")
    assert "goes by distance" in captions(app)
    app.selectbox(key="hop_kind").set_value("gaussian").run()
    assert "goes by distance" not in captions(shown(app))


def test_a_preset_marks_wrong_pixels_unless_nearly_all_are() -> None:
    def page() -> None:
        import streamlit as st

        from pages.components.hopfield_presets import show

        for name in ("The brightest wins", "Half hidden"):
            st.button(name, on_click=show, args=(name,))
        st.toggle("Mark", value=True, key="hop_mark")

    app = AppTest.from_function(page).run()
    app.button[0].click().run()
    assert not shown(app).toggle(key="hop_mark").value
    app.button[1].click().run()
    assert shown(app).toggle(key="hop_mark").value
