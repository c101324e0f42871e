"""What a new user met on the Hopfield page: words and boxes that must say what is shown."""

from __future__ import annotations

import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.components import hopfield_own
from pages.components.hopfield_params import PageParams
from snncore.datasets.drawing import write_drawing
from snncore.recall_lab import RULES, experiment, film
from tests.pages.opening import open_page
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


@pytest.mark.parametrize("rule", ["spiking", "spiking-attractor"])
def test_a_pixel_that_has_not_spiked_yet_shows_the_input(rule: str) -> None:
    ask = PageParams(dataset="icons", count=3, size=16, rule=rule).ask()
    way = film(ask, experiment(ask), 0)
    assert min(frame.overlap for frame in way) >= way[0].overlap - 0.05
    assert way[-1].overlap > way[0].overlap + 0.5
    assert all(np.isin(frame.pixels, (-1, 1)).all() for frame in way)


LARGE = hopfield_own.picture_of("mine", "drawing", np.eye(64, dtype=np.uint8) * 255)


def test_the_player_says_what_a_silent_pixel_shows() -> None:
    said = "A pixel that has not spiked yet shows the input."
    app = opened(**TINY)
    assert said in words(app)
    app.selectbox(key="hop_rule").set_value("hebb").run()
    assert said not in words(shown(app))


def test_the_command_says_what_of_ones_own_it_lacks() -> None:
    app = opened(**TINY)
    assert "The same computation in a terminal" in words(app)
    app.session_state["hop__own"] = (LARGE,)
    said = words(shown(app.run()))
    assert "The same computation in a terminal" not in said
    assert "cannot carry" in said and "Export" in said


def test_the_link_says_that_a_question_is_lost() -> None:
    assert "without one picture of your own: it" in hopfield_own.Own((LARGE,)).missing
    asked = hopfield_own.Own(question=LARGE).missing
    assert "without the drawing that you ask with" in asked and "of your own" not in asked
    both = hopfield_own.Own((LARGE, LARGE), question=LARGE).missing
    assert "without 2 pictures of your own and the drawing that you ask with" in both


def test_what_a_damaged_link_lacks_is_said() -> None:
    app = open_page(PAGE, **TINY, hop_ask="b8x8.!!", hop_drawn="<script>", hop_picked="1.9999")
    said = next(w.value for w in app.warning if "asks for what there is not here" in w.value)
    assert "a drawing to ask with" in said and "a drawing to be stored" in said
    assert "pictures that are not among these" in said and "script" not in said
    assert scores(app)["Exact"] == "3 of 3"
    assert not [w for w in app.run().warning if "not here" in w.value]


def test_a_drawing_is_not_held_against_a_best_possible_answer() -> None:
    side = np.zeros((16, 16), dtype=np.uint8)
    side[4:12, 4:12] = 255
    app = opened(**TINY, hop_ask=write_drawing(side))
    assert "nobody knows which one you meant" in app.info[0].value
    assert not [name for name in scores(app) if name.startswith("Best")]
    assert "no right answer" not in words(app)


def test_an_inverted_input_is_explained() -> None:
    asked = {**TINY, "hop_rule": "hebb"}
    app = opened(**asked, hop_share="1.0")
    assert "knows that most pixels are inverted" in words(app)
    app.slider(key="hop_share").set_value(0.3).run()
    assert "inverted" not in words(shown(app))


def test_a_memory_that_is_luckier_than_the_bound_is_called_so() -> None:
    app = opened()
    assert "luckier" not in "".join(str(c.value) for c in app.caption)
    app.pills(key="hop__preset").set_value("Too few pixels").run()
    found = scores(shown(app))
    right, best = (float(found[n].removesuffix(" %")) for n in ("Pixels right", "Best possible"))
    assert right > best
    assert any("the memory was luckier" in c.value for c in app.caption)


def test_words_fit_their_numbers_and_the_menu() -> None:
    app = opened(**{**TINY, "hop_count": "1"})
    assert app.success[0].value.startswith("The picture came back")
    app = opened(hop_dataset="digits", hop_count="20", hop_rule="hebb", hop_tab="Spikes")
    assert re.search(r"looks like \w+ \(number \d+\)", rows(app))
    for rule in ("spiking", "spiking-attractor"):
        assert f"**{RULES[rule].title}**" in words(app)
