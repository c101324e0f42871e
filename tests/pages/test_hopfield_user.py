"""What a new user met on the Hopfield page: words and boxes that must say what is shown."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.pages.test_hopfield import PAGE, TINY, opened, own_manager, rows, scores, shown, words

__all__ = ["own_manager"]  # a manager of each test's own


class Browser:
    """What the browser's "Look at" box says: a message changes it only if it is told so."""

    def __init__(self, app: AppTest) -> None:
        box = app.selectbox(key="hop_look").proto
        self._id, self.says = box.id, box.options[box.default]

    def look(self, app: AppTest) -> str:
        box = app.selectbox(key="hop_look").proto
        if box.id != self._id:
            self._id, self.says = box.id, box.options[box.default]
        if box.set_value:
            self.says = box.raw_value
        return self.says


def test_the_look_at_box_says_the_picture_that_the_panels_follow() -> None:
    app = opened()
    browser = Browser(app)
    assert browser.look(app) == "1 astronaut" == app.selectbox(key="hop_look").value
    app.pills(key="hop__preset").set_value("Why Hebb fails").run()
    assert browser.look(shown(app)) == app.selectbox(key="hop_look").value
    assert browser.look(app) in app.selectbox(key="hop_look").options
    app.button(key="hop__reset").click().run()
    assert browser.look(shown(app)) == "1 astronaut" == app.selectbox(key="hop_look").value
