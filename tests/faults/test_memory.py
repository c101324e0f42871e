"""Out of memory, for real, in a job and inline; what memory is lent for, and what is kept."""

from __future__ import annotations

import ast
import gc
import logging
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from pages.components import job_panel
from snncore.jobs import JobManager, JobView, Limits, Memory, Progress, get_manager
from tests.faults.desk import PATIENCE_S, Desk, goes_on, quick, said, start, state, until, visit

Says = Callable[[str], None]
TOO_MUCH = 1 << 46  # bytes: no machine has them
TAKEN = 256 << 20  # bytes that the computation holds when it fails


def resident() -> int:
    """Bytes of this process in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.fixture
def no_collections() -> Iterator[None]:
    """What hangs in cycles stays until somebody collects it on purpose."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@contextmanager
def forgetful_log() -> Iterator[None]:
    """pytest keeps what is logged, with its traceback and so the memory; a server prints it."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def hungry(ask: Callable[[], object]) -> Callable[[], Iterator[Progress]]:
    def work() -> Iterator[Progress]:
        held = [np.ones(TAKEN, np.uint8)]
        held.append(held)  # type: ignore[arg-type]  # a cycle: counting references frees nothing
        yield Progress(0.5, "half", "partial")
        ask()

    return work


ALLOCATORS = {
    "numpy": lambda: np.ones(TOO_MUCH, np.uint8),
    "torch": lambda: torch.ones(TOO_MUCH, dtype=torch.uint8),
}


@pytest.mark.usefixtures("no_collections")
@pytest.mark.parametrize("name", ALLOCATORS)
def test_in_a_job(desk: Desk, says: Says, name: str) -> None:
    """Memory runs out in a job (numpy, torch)."""
    desk.works["hungry"] = hungry(ALLOCATORS[name])
    desk.manager._crew._reap_every_s = 0  # upkeep collects too, some time later
    app = visit()
    before = resident()
    with forgetful_log():
        start(app, "hungry")
        until(app, lambda: state(app) == "failed")
    says(said(app))
    assert "not enough memory" in said(app) and "choose smaller values" in said(app)
    assert str(TOO_MUCH) not in said(app)
    end = threading.Event()
    for _ in range(100):  # the worker clears up after it has told
        if resident() < before + TAKEN // 4:
            break
        end.wait(0.05)
    assert resident() < before + TAKEN // 4, "its memory was not given back"
    goes_on(app)


@pytest.mark.usefixtures("no_collections")
@pytest.mark.parametrize("name", ALLOCATORS)
def test_inline(says: Says, name: str) -> None:
    """Memory runs out in a page's own short work (numpy, torch)."""
    app = AppTest.from_string(
        """
import streamlit as st
from pages.components.inline import inline
from tests.faults.test_memory import ALLOCATORS, hungry
name = st.text_input("name", "", key="name")
st.slider("setting", 0, 10, 3, key="setting")
st.text(inline(lambda: str(list(hungry(ALLOCATORS[name])())) if name else "fine"))
""",
        default_timeout=60,
    ).run()
    app.slider(key="setting").set_value(8).run()
    before = resident()
    with forgetful_log():
        app.text_input(key="name").set_value(name).run()
    says(said(app))
    assert "not enough memory" in said(app) and not app.exception
    assert resident() < before + TAKEN // 4, "its memory was not given back"
    app.text_input(key="name").set_value("").run()
    assert app.text[0].value == "fine" and app.slider(key="setting").value == 8


def test_all_kinds_of_work_share_one_budget(says: Says) -> None:
    """Several kinds of work ask for memory that is there once."""
    memory, go = Memory(100), threading.Event()
    managers = [JobManager(Limits(mem_budget=100), reap_every_s=0, memory=memory) for _ in "ab"]

    def wait() -> Iterator[Progress]:
        yield Progress(0.1, "begun")
        assert go.wait(PATIENCE_S)

    try:
        first = managers[0].submit("ada", "k", wait, 60)
        with managers[0]._changed:
            assert managers[0]._changed.wait_for(lambda: memory.lent == 60, PATIENCE_S)
        second = managers[1].submit("bob", "k", quick, 60)
        view = managers[1].wait(second.id, 0.2)
        assert view is not None and view.state == "queued" and view.short_of_memory
        app = AppTest.from_function(_bar, args=(view,)).run()
        bar = app.get("progress")[0].proto.text
        says(bar)
        assert bar.startswith("Waiting for memory")
        go.set()
        view = managers[1].wait(second.id, PATIENCE_S)  # nobody told this manager
        assert view is not None and view.state == "done" and memory.lent == 0
        assert managers[0].wait(first.id, PATIENCE_S).state == "done"  # type: ignore[union-attr]
    finally:
        for manager in managers:
            manager.close()
    kinds = [get_manager(kind) for kind in ("computation", "sweep", "recall")]  # type: ignore[arg-type]
    assert len({id(manager._memory) for manager in kinds}) == 1


def _bar(view) -> None:  # type: ignore[no-untyped-def]  # its source alone becomes a page
    from pages.components.job_panel import _status

    _status(view, idle=True)


def test_results_are_bounded_in_bytes() -> None:
    """Large results pile up: the oldest go, the newest stays."""
    manager = JobManager(Limits(kept_bytes=250), reap_every_s=0)
    try:
        tickets = []
        for k in range(4):
            payload = {"k": (np.zeros(50, np.uint8), [b"x" * 50])}  # 100 bytes
            work = lambda payload=payload: iter([Progress(1.0, "", payload)])  # noqa: E731
            tickets.append(manager.submit(str(k), str(k), work).id)
            manager.wait(tickets[-1], PATIENCE_S)
        manager.reap()
        assert [manager.get(t) is not None for t in tickets] == [False, False, True, True]
        big = iter([Progress(1.0, "", np.zeros(1000, np.uint8))])
        last = manager.submit("big", "big", lambda: big).id
        manager.wait(last, PATIENCE_S)
        manager.reap()
        assert manager.get(last) is not None and manager.stats().kept == 1
    finally:
        manager.close()


def test_looking_backs_off_when_many_look() -> None:
    """Hundreds of visitors poll at once: each looks less often."""
    view = JobView("t", "w", "k", "running", None, 0, None, 0.0, 1, "")
    assert [job_panel.pace(view, n) for n in (1, 12, 24, 10_000)] == [1.0, 1.0, 2.0, 10.0]
    waiting = JobView("t", "w", "k", "queued", None, 2, None, 0.0, 1, "")
    assert job_panel.pace(waiting, 24) == 6.0
    ended = JobView("t", "w", "k", "done", None, 0, None, 0.0, 1, "")
    assert job_panel.pace(ended, 1) is None


def test_every_cache_of_the_pages_is_bounded() -> None:
    """Every cache has an end: of entries, of time, of bytes where Streamlit knows any."""
    found = 0
    for path in sorted((Path(__file__).resolve().parents[2] / "pages").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for decorator in getattr(node, "decorator_list", []):  # @st.cache_data alone: no bound
                bare = isinstance(decorator, ast.Attribute) and decorator.attr.startswith("cache_")
                assert not bare, f"{path.name}:{decorator.lineno}"
            name = node.func.attr if _calls_an_attribute(node) else ""  # type: ignore[attr-defined]
            if name not in ("cache_data", "cache_resource"):
                continue
            given = {keyword.arg: keyword.value for keyword in node.keywords}  # type: ignore[attr-defined]
            if "on_release" in given:  # one name for each session, gone with it
                continue
            needed = {"max_entries", "ttl"} | ({"max_size"} if name == "cache_data" else set())
            assert needed <= set(given), f"{path.name}:{node.lineno}"  # type: ignore[attr-defined]
            found += 1
    assert found > 20


def _calls_an_attribute(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
