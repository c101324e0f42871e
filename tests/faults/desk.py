"""A page with a job panel over a manager of its own, whose computations the test writes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from pages.components import job_panel
from snncore.jobs import JobManager, Limits, Progress

PATIENCE_S = 20.0
SCRIPT = """
import streamlit as st
from pages.components import job_panel as module
st.slider("setting", 0, 10, 3, key="setting")
name = st.text_input("name", "work", key="name")
view = module.job_panel("demo", submit=lambda owner: module.test_submit(owner, name),
                        draw=lambda payload, done: st.text(f"payload {payload}"))
st.text("state " + (view.state if view else "none"))
"""


def quick() -> Iterator[Progress]:
    """What works."""
    yield Progress(1.0, "all", "a result")


class Desk:
    """Attributes: `works`, the computations by the name that the visitor types."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.manager = JobManager(Limits(), reap_every_s=0.05)
        self.works: dict[str, Callable[[], Iterator[Progress]]] = {"quick": quick}
        monkeypatch.setattr(job_panel, "get_manager", lambda kind="computation": self.manager)
        monkeypatch.setattr(job_panel, "test_submit", self._submit, raising=False)

    def _submit(self, owner: str, name: str) -> object:
        return self.manager.submit(owner, name, self.works[name])


def visit() -> AppTest:
    """A visitor who has set something."""
    app = AppTest.from_string(SCRIPT, default_timeout=60).run()
    return app.slider(key="setting").set_value(8).run()


def start(app: AppTest, name: str) -> AppTest:
    """Press Start for this computation."""
    app.text_input(key="name").set_value(name)
    app.button(key="demo_start").click().run()
    assert not app.exception, app.exception
    return app


def until(app: AppTest, condition: Callable[[], bool]) -> AppTest:
    """Rerun the page, as its timer does, until it is so."""
    pause, end = threading.Event(), time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"the page shows {said(app)!r}"
        pause.wait(0.02)
        app.run()
        assert not app.exception, app.exception
    return app


def said(app: AppTest) -> str:
    """What the page says of trouble."""
    return " ".join(e.value for kind in (app.error, app.warning, app.info) for e in kind)


def state(app: AppTest) -> str:
    """Of the computation, as the page sees it."""
    return app.text[-1].value.removeprefix("state ")


def goes_on(app: AppTest) -> None:
    """Nothing of the visitor is lost, and this visitor and another one can compute."""
    assert app.slider(key="setting").value == 8
    assert not app.button(key="demo_start").disabled
    for visitor in (app, visit()):
        start(visitor, "quick")
        until(visitor, lambda visitor=visitor: state(visitor) == "done")  # type: ignore[misc]
