"""A lesson's link: what it shows, what it ignores, and how a teacher makes one."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote

import pytest
from streamlit.testing.v1 import AppTest

from pages.components import lesson
from tests.pages.opening import open_page

SCRIPT = """
import streamlit as st
from pages.components import lesson
from pages.components.share import share_bar
lesson.begin()
with lesson.settings("demo_side"):
    lesson.offer("demo_gain", "Gain")
    with lesson.aside():
        lesson.offer("demo_hidden", "Behind a button")
with lesson.settings("demo_slot", "A"):
    lesson.offer("demo_a", "Code")
lesson.offer("demo_look", "No setting")
lesson.instead("Code A: rate")
share_bar(command="x", params={"demo_gain": 3}, downloads=[])
"""
PAGES = {
    "pages/1_LIF_Playground.py": "lif_tau_m",
    "pages/2_Spike_Encoding.py": "enc_b_latency_threshold",
    "pages/3_Hopfield_Recall.py": "hop_share",
    "pages/4_STDP_MNIST_Trainer.py": "stdp_rule",
}


def small(**query: str) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=60)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception, at.exception
    return at


def words(at: AppTest) -> str:
    return "\n".join(part.value for part in (*at.markdown, *at.caption))


def last_link(at: AppTest) -> dict[str, str]:
    """The link for the class."""
    (link,) = [c.value for c in at.code if "lesson=" in c.value]
    return dict(parse_qsl(link.split("?")[1]))


def test_without_the_word_of_a_lesson_nothing_is_different() -> None:
    at = small(free="demo_gain", task="Do it")
    assert "Lesson" not in words(at) and "Do it" not in words(at)
    assert "Code A: rate" not in words(at)
    assert not [b for b in at.button if b.key == "lesson_leave"]
    assert [c.value for c in at.code if c.value.startswith("?")] == ["?demo_gain=3"]


@pytest.mark.parametrize("value", ["0", "true", "", "2", "1 ", "<b>1</b>"])
def test_any_other_value_is_ignored(value: str) -> None:
    assert "Lesson" not in words(small(lesson=value))


def test_a_lesson_says_so_keeps_its_link_and_has_a_way_out() -> None:
    at = small(lesson="1", free="demo_gain", task="Find the rate.")
    assert "Lesson: settings are fixed by the link." in words(at)
    assert "**Task of the lesson:** Find the rate\\." in words(at)
    assert "Code A: rate" in words(at)
    assert last_link(at) == {
        "demo_gain": "3", "lesson": "1", "free": "demo_gain", "task": "Find the rate."
    }  # fmt: skip
    assert not [t for t in at.toggle if t.key == "lesson__make"]
    at.button(key="lesson_leave").click().run()
    assert "Lesson" not in words(at)
    assert not {"lesson", "free", "task"} & set(at.query_params)


@pytest.mark.parametrize(
    ("task", "shown"),
    [
        ("[win](evil) **now** $x$ :red[a] <b>", r"\[win\]\(evil\) \*\*now\*\* \$x\$ \:red\[a\]"),
        ("a\n\n# Head\r\n- list", r"a \# Head \- list"),
        ("See https://evil.example now", ""),
        ("Log in at WWW.evil.example", ""),
        ("Write to me@evil.example", ""),
        ("Log in at evil.example/login to see your mark", ""),
        ("Write to me＠evil．example", ""),
        ("Go to t.me/x", ""),
        ("Use e.g. 0.5 nA. Then 1.5.", r"Use e\.g\. 0\.5 nA\. Then 1\.5\."),
    ],
)
def test_a_task_is_plain_text_without_addresses(task: str, shown: str) -> None:
    said = [m.value for m in small(lesson="1", task=task).markdown if "Task of" in m.value]
    assert len(said) == bool(shown)
    assert not said or f"**Task of the lesson:** {shown}" in said[0]


def test_a_task_has_an_end() -> None:
    at = small(lesson="1", task="long " * 1000)
    (said,) = [m.value for m in at.markdown if "Task of" in m.value]
    assert len(said) < 300


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("lif_current", ["lif_current"]),
        ("a,b,a{},*,A,b}c,</style>,é,,_x", ["a", "b"]),
        (",".join(f"k{i}" for i in range(100)), [f"k{i}" for i in range(12)]),
        ("x" * 61, []),
    ],
)
def test_only_names_of_controls_get_into_the_style_sheet(text: str, names: list[str]) -> None:
    at = small(lesson="1", free=text)
    (style,) = [h.proto.body for h in at.get("html") if "__settings" in h.proto.body]
    assert style == f"<style>{lesson.style(names)}</style>"
    assert all(f".st-key-{name}" in style for name in names)


def test_a_teacher_chooses_what_stays_and_gets_the_link() -> None:
    at = small()
    assert not at.multiselect and not at.text_input  # nothing until it is asked for
    at.toggle(key="lesson__make").set_value(True).run()
    assert last_link(at) == {"demo_gain": "3", "lesson": "1"}
    assert at.multiselect(key="lesson__free").options == ["Gain", "A: Code"]
    at.multiselect(key="lesson__free").set_value(["demo_a"])
    at.text_input(key="lesson__task").set_value("What  is\tthis? ☃").run()
    assert last_link(at) == {
        "demo_gain": "3", "lesson": "1", "free": "demo_a", "task": "What is this? ☃"
    }  # fmt: skip
    at.text_input(key="lesson__task").set_value("see http://x").run()
    assert "leave the address out" in words(at)
    assert len(quote("☃" * lesson.MAX_TASK)) < 2000  # of an address that any browser takes


@pytest.mark.parametrize("page", PAGES)
def test_each_page_offers_its_controls_and_makes_a_link(page: str) -> None:
    app = open_page(page)
    app.toggle(key="lesson__make").set_value(True).run()
    assert not app.exception, app.exception
    box = app.multiselect(key="lesson__free")
    assert len(box.options) >= 5 and len(set(box.options)) == len(box.options)
    box.set_value([PAGES[page]]).run()
    assert not app.exception, app.exception
    link = last_link(app)
    assert (link["lesson"], link["free"]) == ("1", PAGES[page])
    again = open_page(page, **link)
    assert "Lesson: settings are fixed by the link." in words(again)
    assert again.get_by_key(PAGES[page]) is not None


def test_a_setting_comes_from_the_link_although_its_control_is_hidden() -> None:
    app = open_page("pages/1_LIF_Playground.py", lesson="1", lif_current="4")
    assert app.slider(key="lif_current").value == 4.0
    assert not [p for p in app.get("bidi_component") if p.proto.component_name == "tour"]
