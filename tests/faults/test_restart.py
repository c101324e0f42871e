"""The server dies in the middle of a training and is started again: the old link goes on."""

from __future__ import annotations

import os
import re
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.components import inline
from pages.components.trainer import job, kept, lasting, source
from pages.components.trainer.payload import OWN, Run
from snncore import experiment, jobs, state, trained
from snncore.experiment import weights_sha256
from snncore.stdp import Snapshot, TrainParams, train
from tests.e2e.conftest import start_server
from tests.pages.opening import open_page
from tests.pages.trainer_runs import PAGE, finished, run_until, words
from tests.pages.trainer_runs import start as press_start
from tests.streamlit_client import Tab, alone

Says = Callable[[str], None]
SMALL = {
    "stdp_dataset": "digits",
    "stdp_neurons": "30",
    "stdp_epochs": "30",
    "stdp_limit": "300",
    "stdp_seed": "4720",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where trainings are kept, at each report."""
    monkeypatch.setenv("SNNCORE_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(lasting, "EVERY_S", 0.0)
    monkeypatch.setattr(lasting, "_SHARE", 0)
    return tmp_path / "state"


def link_of(app: AppTest) -> str:
    found = app.query_params["job"]
    return found if isinstance(found, str) else found[0]


def restart() -> None:
    """All that a process forgets when it dies."""
    for manager in jobs._managers.values():
        manager.close()
    jobs._managers.clear()
    kept.clear()
    lasting._own.clear()


def test_the_old_link_goes_on_bit_for_bit(
    folder: Path, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is started again; the old link is opened (same process, all forgotten)."""
    app = open_page(PAGE, **SMALL)
    real, reached, died = lasting.Saver.see, threading.Event(), threading.Event()

    def see(saver: lasting.Saver, entry: kept.Finished) -> None:
        real(saver, entry)
        if entry.snapshot.seen and not died.is_set():
            reached.set()
            died.wait(60)

    monkeypatch.setattr(lasting.Saver, "see", see)
    press_start(app)
    run_until(app, reached.is_set)
    link = link_of(app)
    restart()
    died.set()
    late = open_page(PAGE, job=link)  # without the settings: they are in the file
    (said,) = [w.value for w in late.warning if "server was started again" in w.value]
    says(said)
    found = re.search(r"stood at (\d+) % \(([\d,]+) of 9,000 presentations\)", said)
    assert found and 0 < int(found[2].replace(",", "")) < 9_000
    assert late.get_by_key("stdp_neurons").value != 30
    begun: list[int] = []
    run = experiment.run

    def spied(*args: Any, resume: Snapshot | None = None, **named: Any) -> object:
        begun.append(0 if resume is None else resume.seen)
        return run(*args, resume=resume, **named)

    monkeypatch.setattr(experiment, "run", spied)
    late.get_by_key("stdp__after_restart").click().run()
    assert not late.exception, late.exception
    assert late.get_by_key("stdp_neurons").value == 30 and link_of(late) == link
    run_until(late, lambda: finished(late))
    assert begun == [int(found[2].replace(",", ""))]  # nothing is learnt twice
    payload = job.payload_of(late.session_state["stdp_run_view"])
    entry = None if payload is None else kept.get(payload.run.identity)
    assert entry is not None
    data = experiment.load_data("digits", 300)
    *_, whole = train(data.train_images, entry.run.params, every_s=1e6)
    assert weights_sha256(entry.snapshot.layers) == weights_sha256(whole.layers)
    assert payload is not None and payload.run.resumed == ""  # shared with who never was cut off

    restart()  # and once more, after the end
    again = open_page(PAGE, job=link)
    assert "learnt all its images" in words(again)


def test_without_a_link_the_page_opens_as_ever(folder: Path) -> None:
    """The server is started again; the page is opened without a link."""
    app = open_page(PAGE)
    assert not app.warning and not app.error and "Before learning" in words(app)
    assert not folder.exists()


def test_a_link_to_nothing_says_why_and_what_to_do(folder: Path, says: Says) -> None:
    """The server is started again before anything was kept of the training."""
    app = open_page(PAGE, job="no-such-link", stdp_neurons="77")
    (said,) = [i.value for i in app.info]
    says(said)
    assert "started again" in said and "press *Start training*" in said
    assert app.get_by_key("stdp_neurons").value == 77


def test_a_damaged_file_is_no_offer(folder: Path) -> None:
    """What was kept of a training is damaged."""
    shelf = state.shelf()
    assert shelf is not None
    for content in (b"", b"\x08" + bytes(30), os.urandom(500)):
        shelf.put("link", lambda file, content=content: file.write(content) and None)  # type: ignore[misc]
        app = open_page(PAGE, job="link")
        assert "no longer kept here" in words(app) and not app.error


def test_nothing_of_a_visitor_s_images_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training on a visitor's own images, or with keeping switched off, writes nothing."""
    run = Run("digits", 60, TrainParams(neurons=5, epochs=1, feature_steps=10, seed=4721))
    entries = []
    monkeypatch.setattr(lasting.Saver, "see", lambda saver, entry: entries.append(entry))
    list(job.work(run, None, None))
    monkeypatch.undo()
    monkeypatch.setenv("SNNCORE_STATE", str(folder))
    entry = entries[-1]
    lasting.Saver("link").see(entry._replace(run=run._replace(dataset=OWN, upload_sha="f" * 64)))
    lasting.Saver("").see(entry)
    assert not folder.exists()
    monkeypatch.setenv("SNNCORE_STATE", "off")
    lasting.Saver("link").see(entry)
    monkeypatch.setenv("SNNCORE_STATE", str(folder))
    assert not folder.exists() and lasting.find("link") is None
    lasting.Saver("link").see(entry)
    assert folder.stat().st_mode & 0o077 == 0  # for nobody else on this machine
    assert lasting.find("link") is not None


def cut_off(link: str, seed: int) -> kept.Finished:
    """A training that is on disk under this link, and nowhere else."""
    run = Run("digits", 60, TrainParams(neurons=5, epochs=1, feature_steps=10, seed=seed))
    *_, _last = job.work(run, None, None)
    entry = kept.get(run.identity)
    assert entry is not None
    entry = entry._replace(snapshot=entry.snapshot._replace(seen=1), trained=None)
    lasting.Saver(link).see(entry)
    kept.clear()
    return entry


def test_who_began_anew_does_not_cut_off_who_continues(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is started again; one visitor starts the training anew, another continues it."""
    run, go = cut_off("old-link", 4724).run, threading.Event()
    monkeypatch.setattr(experiment, "run", lambda *_, **__: iter(lambda: go.wait(60), True))
    size = source.size_of("digits", 60, None)
    manager = jobs.get_manager(job.KIND)
    ticket = job.submit("the first", run, size, None, None)
    try:
        app = open_page(PAGE, job="old-link")
        app.get_by_key("stdp__after_restart").click().run()
        view = manager.get(ticket.id)
        assert view is not None and view.active
        assert link_of(app) == view.watch != "old-link"  # the run that both see
        assert "is not running any more" not in words(app)
    finally:
        go.set()
        manager.cancel(ticket.id)


def test_what_is_offered_is_read_once_and_behind_the_gate(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is started again; the page with an old link is redrawn again and again."""
    entry = cut_off("link", 4725)
    real, busy = trained.load, list[int]()
    monkeypatch.setattr(trained, "load", lambda path: (busy.append(inline.busy()), real(path))[1])
    app = open_page(PAGE, job="link")
    for _ in range(3):
        app.run()
    assert "it was stopped, or nobody looked at it for ten minutes" in words(app)
    assert busy == [1]
    lasting.Saver("link").see(entry._replace(snapshot=entry.snapshot._replace(seen=21)))
    app.run()
    assert busy == [1, 1] and "(21 of" in words(app)  # it has gone on elsewhere, and stopped again


def test_keeping_takes_at_most_a_fiftieth_of_the_time(folder: Path) -> None:
    """The disk is slow: a training waits for it little."""
    run = Run("digits", 60, TrainParams(neurons=5, epochs=1, feature_steps=10, seed=4722))
    *_, _last = job.work(run, None, None)
    entry = kept.get(run.identity)
    assert entry is not None
    entry = entry._replace(snapshot=entry.snapshot._replace(seen=1))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lasting, "_SHARE", 50)
        now = [0.0]
        patched.setattr(time, "monotonic", lambda: now[0])
        written: list[float] = []

        def slow(*_: object) -> None:
            now[0] += 2.0
            written.append(now[0])

        patched.setattr(lasting, "_write", slow)
        saver = lasting.Saver("link")
        for seen in range(400):
            now[0] += 1.0
            saver.see(entry._replace(snapshot=entry.snapshot._replace(seen=2 + seen, total=999)))
    assert 3 <= len(written) <= 5 and 2.0 * len(written) < 0.025 * now[0]


def test_kill_9_of_the_real_server(
    tmp_path: Path, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is killed (SIGKILL) during a training and started again."""
    folder = tmp_path / "state"
    monkeypatch.setenv("SNNCORE_STATE", str(folder))
    query = "stdp_dataset=digits&stdp_neurons=6400&stdp_epochs=50&stdp_seed=4723"

    async def before(base: str) -> str:
        tab = Tab(base, "STDP_MNIST_Trainer", query)
        await tab.open()
        await tab.click("stdp_run_start")
        await tab.poll(300, lambda _: None, until=lambda: any(folder.glob("*.safetensors")))
        assert any(folder.glob("*.safetensors")), tab.progress[-3:]
        await tab.close()
        return next(part for part in tab.query.split("&") if part.startswith("job="))

    async def after(base: str, job_link: str) -> None:
        plain = Tab(base, "STDP_MNIST_Trainer")
        await plain.open()
        assert plain.faults == plain.alerts == []
        owner = Tab(base, "STDP_MNIST_Trainer", f"{query}&{job_link}")
        await owner.open()
        (said,) = [text for text in owner.alerts if "server was started again" in text]
        says(said)
        stood = re.search(r"\(([\d,]+) of", said)
        assert stood is not None
        watcher = Tab(base, "STDP_MNIST_Trainer", f"{query}&{job_link}")
        await watcher.open()  # a second tab with the same link
        await owner.click("stdp__after_restart")
        seen = await learnt(owner)
        assert seen >= int(stood[1].replace(",", ""))
        await watcher.run()
        assert await learnt(watcher) >= seen  # it was led to the run that goes on
        await owner.click("stdp_run_cancel")
        await watcher.click("stdp_run_cancel")
        assert owner.faults == watcher.faults == plain.faults == []
        for tab in (plain, owner, watcher):
            await tab.close()

    async def learnt(tab: Tab) -> int:
        def found() -> list[str]:
            texts = [re.search(r"Learning, ([\d,]+) of", text) for text in tab.progress]
            return [match[1] for match in texts if match]

        await tab.poll(200, lambda _: None, until=lambda: bool(found()))
        assert found(), tab.progress[-3:]
        return int(found()[-1].replace(",", ""))

    with tempfile.TemporaryFile() as log:
        process, base = start_server(log)
        try:
            link = alone(before(base))
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(timeout=20)
        process, base = start_server(log)
        try:
            alone(after(base, link))
        finally:
            process.terminate()
            process.wait(timeout=20)
        log.seek(0)
        logged = log.read().decode(errors="replace")
        assert "Traceback" not in logged, logged
