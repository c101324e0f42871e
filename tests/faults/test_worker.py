"""The threads that compute: killed while they wait, while they compute, between two jobs."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator

import pytest

from snncore.jobs import JobManager, Limits, Memory, Progress
from snncore.jobs import manager as manager_module
from tests.faults.desk import PATIENCE_S, Desk, goes_on, quick, said, start, state, until, visit

Says = Callable[[str], None]
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


def kill(thread: threading.Thread) -> None:
    """An exception out of nowhere, at the thread's next instruction."""
    assert thread.ident is not None
    raised = ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
    )
    assert raised == 1


def worker(desk: Desk) -> threading.Thread:
    (thread,) = desk.manager._crew._workers
    return thread


def test_killed_while_it_computes(desk: Desk, says: Says) -> None:
    """The worker thread is killed while it computes."""
    running, for_ever = threading.Event(), threading.Event()

    def endless() -> Iterator[Progress]:
        yield Progress(0.4, "under way", "partial")
        running.set()
        while not for_ever.is_set():
            pass

    desk.works["endless"] = endless
    app = start(visit(), "endless")
    assert running.wait(PATIENCE_S)
    kill(worker(desk))
    until(app, lambda: state(app) == "failed")
    says(said(app))
    assert "SystemExit" in said(app) and "settings are kept" in said(app)
    assert app.text[0].value == "payload partial"  # what was reached stays
    goes_on(app)


def test_killed_between_two_steps_of_its_own(
    desk: Desk, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker thread dies outside of every guard, with a job in its hands."""

    def dies(*_: object) -> None:
        raise SystemExit

    desk.manager._memory = memory = Memory(100)
    with monkeypatch.context() as patched:
        patched.setattr(manager_module, "drive", dies)
        app = start(visit(), "quick")
        until(app, lambda: state(app) == "failed")
    says(said(app))
    assert "died and was replaced" in said(app) and "kept" in said(app)
    assert memory.lent == 0  # or nothing else would ever fit
    goes_on(app)


def test_killed_while_it_waits(desk: Desk, says: Says) -> None:
    """The worker thread is killed while it waits for work."""
    app = start(visit(), "quick")
    until(app, lambda: state(app) == "done")
    first = worker(desk)
    kill(first)  # it wakes to the next job, and dies of it
    desk.works["next"] = quick
    start(app, "next")
    until(app, lambda: state(app) == "done")
    says("nothing: the next thread takes the job")
    assert not first.is_alive() and worker(desk) is not first
    goes_on(app)


def test_the_memory_of_a_killed_one_is_lent_again() -> None:
    """A dead job's memory is admitted again, without anybody looking."""
    manager = JobManager(Limits(mem_budget=100), reap_every_s=0.02)
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(manager_module, "drive", lambda *_: (_ for _ in ()).throw(SystemExit))
            lost = manager.submit("ada", "lost", quick, 80)
            ended = manager.wait(lost.id, PATIENCE_S)  # only the upkeep can have ended it
            assert ended is not None and ended.state == "failed"
        found = manager.wait(manager.submit("bob", "next", quick, 80).id, PATIENCE_S)
        assert found is not None and found.state == "done"
    finally:
        manager.close()


def test_upkeep_survives_a_fault_of_its_own() -> None:
    """The upkeep thread meets an exception."""
    rounds = threading.Semaphore(0)

    class Faulty(JobManager):
        def reap(self) -> None:
            rounds.release()
            raise RuntimeError("once and again")

    manager = Faulty(reap_every_s=0.01)
    try:
        manager.submit("ada", "k", quick)
        assert all(rounds.acquire(timeout=PATIENCE_S) for _ in range(3))
    finally:
        manager.close()
