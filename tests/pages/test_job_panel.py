"""The job panel: start, watch, cancel, come back by link, and every way not to get a result."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.components import job_panel
from snncore.jobs import JobManager, JobView, Limits, Progress, Rejected

SCRIPT = """
import streamlit as st
from pages.components.job_panel import job_panel
from pages.components import job_panel as module
module.test_runs.append(1)
name = st.text_input("name", "work", key="name")
view = job_panel("demo", submit=lambda owner: module.test_submit(owner, name),
                 draw=lambda payload, done: st.text(f"payload {payload} done {done}"))
st.text("state " + (view.state if view else "none"))
"""
ELSEWHERE = """
import streamlit as st
from pages.components import job_panel as module
if st.toggle("Away", key="away"):
    module.keep_alive()
else:
    module.job_panel("demo", submit=lambda owner: module.test_submit(owner, "work"),
                     draw=lambda payload, done: None, kind="KIND")
"""
PATIENCE = 10.0


class Desk:
    """A manager with computations that step when told, in place of the process's own."""

    def __init__(self) -> None:
        self.manager = JobManager(Limits(max_queue=2), reap_every_s=0)
        self.go = threading.Semaphore(0)
        self.started = 0
        self.looks: list[str] = []  # kinds of the managers that were asked for

    def work(self) -> Iterator[Progress]:
        self.started += 1
        for step in (1, 2):
            yield Progress(step / 2, f"step {step}", step)
            assert self.go.acquire(timeout=PATIENCE)

    def submit(self, owner: str, name: str) -> object:
        if name == "bad":
            raise ValueError("neurons must be >= 1, got 0")
        if name == "full":
            raise Rejected("64 computations are waiting already.")

        def broken() -> Iterator[Progress]:
            yield Progress(0.5, "half", "partial")
            raise KeyError("secret")

        return self.manager.submit(owner, name, broken if name == "broken" else self.work)

    def finish(self) -> None:
        self.go.release(2)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    desk = Desk()

    def manager(kind: str = "computation") -> JobManager:
        desk.looks.append(kind)
        return desk.manager

    monkeypatch.setattr(job_panel, "get_manager", manager)
    monkeypatch.setattr(job_panel, "test_submit", desk.submit, raising=False)
    monkeypatch.setattr(job_panel, "test_runs", [], raising=False)
    yield desk
    desk.manager.close()
    desk.finish()


def visit(link: str | None = None) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=60)
    if link is not None:
        at.query_params["job"] = link
    return at.run()


def start(at: AppTest, name: str = "work") -> AppTest:
    at.text_input(key="name").set_value(name)
    at.button(key="demo_start").click().run()
    assert not at.exception, at.exception
    return at


def link_of(at: AppTest) -> str:
    """What the address carries, for others to follow."""
    value = at.query_params["job"]
    return value if isinstance(value, str) else value[0]


def ticket_of(at: AppTest) -> str:
    """This visitor's own ticket, which nobody else sees."""
    return str(at.session_state["demo_ticket"])


def seen(desk: Desk, at: AppTest, sequence: int) -> AppTest:
    """`at` after the worker has published that step."""
    manager = desk.manager
    with manager._changed:
        job = manager._holders[ticket_of(at)].job
        assert manager._changed.wait_for(
            lambda: job.snapshot is not None and job.snapshot.sequence >= sequence, PATIENCE
        )
    return at.run()


def texts(at: AppTest) -> list[str]:
    assert not at.exception, at.exception
    return [text.value for text in at.text]


def test_before_the_start_there_is_only_a_button(desk: Desk) -> None:
    at = visit()
    assert texts(at) == ["state none"]
    assert at.button(key="demo_start").label == "Start training"
    assert "demo_cancel" not in [b.key for b in at.button]


def test_start_shows_progress_then_the_result(desk: Desk) -> None:
    at = seen(desk, start(visit()), 1)
    assert texts(at) == ["payload 1 done False", "state running"]
    assert at.button(key="demo_start").disabled
    (bar,) = at.get("progress")
    assert bar.proto.value == 50 and bar.proto.text.startswith("step 1")
    desk.finish()
    desk.manager.wait(ticket_of(at), PATIENCE)
    at.run()
    assert texts(at) == ["payload 2 done True", "state done"]
    assert not at.button(key="demo_start").disabled


def test_a_reload_and_another_visitor_come_back_by_the_link(desk: Desk) -> None:
    at = seen(desk, start(visit()), 1)
    other = visit(link_of(at))
    assert texts(other) == ["payload 1 done False", "state running"]
    desk.finish()
    desk.manager.wait(ticket_of(at), PATIENCE)
    assert texts(other.run())[-1] == "state done" and desk.started == 1


def test_coming_back_from_another_page_restores_the_link(desk: Desk) -> None:
    at = seen(desk, start(visit()), 1)
    ticket = ticket_of(at)
    del at.query_params["job"]
    at.run()
    assert texts(at)[-1] == "state running" and ticket_of(at) == ticket


def test_the_same_work_of_two_visitors_runs_once(desk: Desk) -> None:
    first, second = start(visit()), start(visit())
    assert ticket_of(first) != ticket_of(second)
    first = seen(desk, first, 1)
    assert any("Shared with one other visitor" in c.value for c in first.caption)
    first.button(key="demo_cancel").click().run()
    assert texts(first)[-1] == "state cancelled"
    assert "Cancelled for you" in first.info[0].value  # the other goes on
    desk.finish()
    desk.manager.wait(ticket_of(second), PATIENCE)
    assert texts(second.run())[-1] == "state done" and desk.started == 1


def test_cancel_keeps_what_was_reached(desk: Desk) -> None:
    at = seen(desk, start(visit()), 1)
    at.button(key="demo_cancel").click().run()
    assert texts(at) == ["payload 1 done False", "state cancelled"]
    assert "Cancelled" in at.info[0].value
    assert not at.button(key="demo_start").disabled


def test_the_queue_shows_positions(desk: Desk) -> None:
    start(visit(), "one")
    second, third = start(visit(), "two"), start(visit(), "three")
    bars = [at.get("progress")[0].proto.text for at in (second, third)]
    assert bars[0].startswith("You are next") and bars[1].startswith("Number 2 in the queue")
    refused = start(visit(), "four")
    assert "2 computations are waiting already" in refused.warning[0].value
    assert texts(refused)[-1] == "state none"


@pytest.mark.parametrize(
    ("name", "words"),
    [("bad", "neurons must be >= 1, got 0"), ("full", "64 computations are waiting already.")],
)
def test_a_refusal_is_told_and_start_stays(desk: Desk, name: str, words: str) -> None:
    at = start(visit(), name)
    assert at.warning[0].value == words
    assert not at.button(key="demo_start").disabled


def test_a_failure_shows_its_class_and_the_partial_result(desk: Desk) -> None:
    at = start(visit(), "broken")
    desk.manager.wait(ticket_of(at), PATIENCE)
    at.run()
    assert "KeyError" in at.error[0].value and "secret" not in at.error[0].value
    assert texts(at) == ["payload partial done False", "state failed"]


def test_a_link_to_nothing_says_so_and_start_works(desk: Desk) -> None:
    at = visit("gone")
    assert "no longer kept" in at.info[0].value
    start(at)
    assert link_of(at.run()) != "gone" and len(at.info) == 0


def test_whoever_follows_the_link_cannot_stop_the_owner_s_run(desk: Desk) -> None:
    at = seen(desk, start(visit()), 1)
    stranger = visit(link_of(at))
    stranger.button(key="demo_cancel").click().run()
    assert texts(stranger)[-1] == "state cancelled"
    assert texts(at.run())[-1] == "state running"
    desk.finish()
    desk.manager.wait(ticket_of(at), PATIENCE)
    assert texts(at.run())[-1] == "state done"


def test_a_computation_that_was_forgotten_is_said_to_be_lost(desk: Desk) -> None:
    at = seen(desk, start(visit()), 1)
    manager = desk.manager
    with manager._changed:
        manager._holders.clear()
        manager._running[0].watch = "another"
    assert "no longer kept" in at.run().info[0].value


def test_an_own_result_outlives_the_manager_s_memory(desk: Desk) -> None:
    at = start(visit())
    desk.finish()
    desk.manager.wait(ticket_of(at), PATIENCE)
    at.run()
    desk.manager._holders.clear()
    assert texts(at.run()) == ["payload 2 done True", "state done"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (89, "89 s"), (170, "3 min"), (3599, "1 h"), (4800, "1 h 20 min")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert job_panel.duration(seconds) == words


@pytest.mark.parametrize(("kind", "name"), [("computation", "Training"), ("sweep", "Analysis")])
def test_other_pages_look_after_a_computation_of_any_kind(desk, kind, name):
    at = AppTest.from_string(ELSEWHERE.replace("KIND", kind), default_timeout=60).run()
    at.button(key="demo_start").click().run()
    at.toggle(key="away").set_value(True).run()
    (line,) = at.caption
    assert f"{name} under way" in line.value
    seen = len(desk.looks)
    at.run()  # what the line's own clock does every half minute
    assert len(desk.looks) > seen and set(desk.looks) == {kind}


def test_one_run_shows_what_start_began(desk: Desk) -> None:
    at = visit()
    runs: list[int] = job_panel.test_runs  # type: ignore[attr-defined]
    assert len(runs) == 1
    start(at)
    assert len(runs) == 2 and {"state queued", "state running"} & set(texts(at))
    assert at.button(key="demo_start").disabled and at.button(key="demo_cancel")


@pytest.mark.parametrize(
    ("people", "here", "low", "high"),
    [(12, 12, 1.0, 1.0), (24, 24, 1.0, 3.0), (1, 48, 1.0, 4.0), (40, 48, 2.0, 6.0)],
)
def test_looks_of_a_crowd_are_spread_and_those_of_few_are_not(
    monkeypatch: pytest.MonkeyPatch, people: int, here: int, low: float, high: float
) -> None:
    asked: list[float] = []
    panels: list[Any] = []
    again: list[bool] = []

    def fragment(run_every: float) -> object:
        asked.append(run_every)
        return lambda function: panels.append(function) or function

    monkeypatch.setattr(job_panel.st, "fragment", fragment)
    monkeypatch.setattr(job_panel.st, "rerun", lambda: again.append(True))
    monkeypatch.setattr(job_panel, "_status", lambda *_, **__: None)
    monkeypatch.setattr(job_panel, "connected", lambda: here)
    stats = SimpleNamespace(awaited=people, running=1)
    manager = SimpleNamespace(stats=lambda: stats, get=lambda _: RUNNING)
    for k in range(50):
        job_panel._watch(manager, RUNNING, lambda *_: None, f"looked {people} {here} {k}")  # type: ignore[arg-type]
    assert low <= min(asked) and max(asked) <= high
    assert (len(set(asked)) > 10) == (here > 12)
    assert not again  # the first look is part of the run that draws the page
    for panel in panels:
        panel()
    usual = job_panel.pace(RUNNING, people)
    assert usual is not None
    assert len(again) == sum(usual / every < 0.66 for every in asked)


RUNNING = JobView("t", "w", "k", "running", None, 0, None, 0.0, 1, "")


def test_first_looks_of_a_full_hall_are_spread_until_it_is_known_how_many_wait() -> None:
    found = [job_panel._every(RUNNING, 1, 48) for _ in range(200)]
    assert 1.0 <= min(found) < 1.5 and 3.5 < max(found) <= 4.0
    near = [job_panel._every(RUNNING, 40, 48) or 0.0 for _ in range(200)]
    assert 2.0 <= min(near) < 3.0 and 5.0 < max(near) <= 6.0
    assert {job_panel._every(RUNNING, 1, 3), job_panel._every(RUNNING, 1, 0)} == {1.0}
    done = JobView("t", "w", "k", "done", None, 0, None, 0.0, 1, "")
    assert job_panel._every(done, 1, 48) is None


@pytest.mark.parametrize(
    ("every", "people", "off"),
    [(1.0, 12, False), (1.0, 24, False), (1.0, 36, True), (4.0, 48, False), (4.0, 12, True)],
)
def test_the_pace_is_chosen_anew_when_many_have_come_or_left(
    every: float, people: int, off: bool
) -> None:
    assert job_panel._is_off(every, RUNNING, people) is off
    assert not job_panel._is_off(None, RUNNING, people)
