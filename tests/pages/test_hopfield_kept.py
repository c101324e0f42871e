"""Answers are kept for a while; who comes back after that gets them computed again, in words."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from pages.components import hopfield_files as files
from pages.components import hopfield_job as job
from pages.components.hopfield_kept import Kept, kept
from pages.components.hopfield_params import PageParams
from snncore import jobs
from snncore.jobs import JobManager, Limits, Progress
from snncore.recall_lab import Ask, experiment
from tests.pages.opening import open_page

PAGE = "pages/3_Hopfield_Recall.py"
TINY = {"hop_dataset": "icons", "hop_count": "3", "hop_size": "16"}
ASK = PageParams(dataset="icons", count=3, size=16).ask()


@pytest.fixture(autouse=True)
def own_manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[JobManager]:
    """A manager of this test's own, no results from before, and every recall is a job."""
    manager = JobManager(Limits(max_queue=2), reap_every_s=0)
    monkeypatch.setattr(jobs, "_managers", {**jobs._managers, job.KIND: manager})
    monkeypatch.setattr(job, "SHORT_S", 0.0)
    kept.clear()
    yield manager
    manager.close()


def exact(app: AppTest) -> str:
    """The score, once the job has brought it."""
    deadline = time.monotonic() + 60.0
    while True:
        assert not app.exception, app.exception
        found = {m.label: m.value for m in app.metric}.get("Exact")
        if found or time.monotonic() > deadline:
            return str(found)
        time.sleep(0.05)
        app.run()


def words(app: AppTest) -> str:
    return "\n".join(str(part.value) for part in (*app.caption, *app.info, *app.warning))


def test_a_finished_recall_that_is_not_kept_is_computed_again_and_said() -> None:
    app = open_page(PAGE, **TINY)
    assert exact(app) == "3 of 3" and "computed again" not in words(app)
    kept.clear()
    app.run()
    seen = words(app)
    assert exact(app) == "3 of 3"
    assert "no longer kept here, so it is computed again" in seen
    kept.clear()
    assert exact(app.run()) == "3 of 3"  # and once more


def test_the_link_of_a_finished_recall_that_is_not_kept_computes_it_again() -> None:
    app = open_page(PAGE, **TINY)
    assert exact(app) == "3 of 3"
    link = {name: value[0] for name, value in app.query_params.items() if name == job.JOB}
    kept.clear()
    assert exact(open_page(PAGE, **TINY, **link)) == "3 of 3"
    kept.clear()
    assert exact(open_page(PAGE, **TINY)) == "3 of 3"  # somebody without the link


def test_a_long_recall_that_is_not_kept_waits_to_be_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = open_page(PAGE, **TINY)
    assert exact(app) == "3 of 3"
    kept.clear()
    monkeypatch.setattr(job, "MODEST_S", 0.0)
    app.run()
    assert "no longer kept here: *Recall* computes it again" in words(app)
    app.button(key="hop_start").click().run()
    assert exact(app) == "3 of 3"


def test_equal_questions_share_a_job_also_when_it_is_computed_again(
    own_manager: JobManager,
) -> None:
    first = job.submit("a", ASK)
    assert job.submit("b", ASK).key == first.key == ASK.digest
    assert (view := own_manager.wait(first.id, 60)) and view.state == "done"
    assert not job.is_again(view)
    kept.clear()
    second = job.submit("a", ASK)
    assert second.key != first.key and job.identity_of(second.key) == ASK.digest
    assert job.submit("c", ASK).key == second.key
    assert (view := own_manager.wait(second.id, 60)) and view.state == "done"
    assert job.is_again(view) and kept.get(ASK.digest) is not None
    assert job.submit("d", ASK).key in (first.key, second.key)  # both lead to what is kept


def test_other_settings_end_the_job_of_the_earlier_ones(
    monkeypatch: pytest.MonkeyPatch, own_manager: JobManager
) -> None:
    going, views = threading.Event(), []

    def endless(ask: Ask) -> Iterator[Progress]:
        while not going.is_set():
            yield Progress(0.5, "Under way")
            time.sleep(0.01)

    monkeypatch.setattr(job, "work", endless)
    app = open_page(PAGE, **TINY)
    views.append(own_manager.get(app.session_state["hop_ticket"]))
    assert views[0] is not None and views[0].active and job.JOB in app.query_params
    app.number_input(key="hop_count").set_value(4).run()  # another one, as long
    views.append(own_manager.get(app.session_state["hop_ticket"]))
    assert views[1] is not None and views[1].key != views[0].key
    assert ended(own_manager, views[0].ticket) == "cancelled"
    kept.put(ASK.digest, experiment(ASK))
    app.number_input(key="hop_count").set_value(3).run()  # one whose answer is there
    assert exact(app) == "3 of 3"
    assert ended(own_manager, views[1].ticket) == "cancelled"
    assert job.JOB not in app.query_params and "hop_ticket" not in app.session_state
    app.number_input(key="hop_count").set_value(5).run()
    monkeypatch.setattr(job, "SHORT_S", 60.0)
    app.number_input(key="hop_count").set_value(6).run()  # a short one
    assert exact(app).endswith(" of 6")
    assert job.JOB not in app.query_params and own_manager.stats().queued == 0
    going.set()


def ended(manager: JobManager, ticket: str) -> str:
    view = manager.wait(ticket, 60)
    assert view is not None
    return view.state


def test_what_nobody_looked_at_for_half_an_hour_is_forgotten() -> None:
    now, answer = [0.0], experiment(ASK)
    held = Kept(clock=lambda: now[0])
    held.put("a", answer)
    now[0] = 1000.0
    held.put("b", answer)
    now[0] = 1500.0
    assert held.get("a") is answer
    now[0] = 2801.0
    assert held.get("b") is None and held.get("a") is not None  # the look counts
    now[0] = 9999.0
    held.drop_old()
    assert held.held() == 0
    held.clear()


def test_what_is_old_goes_though_nobody_asks() -> None:
    held = Kept(ttl_s=0.0)
    held.put("a", experiment(ASK))
    assert held.held() > 0
    deadline = time.monotonic() + 60.0
    while held.held() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert held.held() == 0


def test_a_file_is_not_computed_again_behind_its_button(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {item.file_name: item.data for item in files.downloads(ASK)}
    for data in made.values():
        assert callable(data)
        with pytest.raises(ValueError, match="no longer kept on this server"):
            data()
    kept.put(ASK.digest, experiment(ASK))
    assert made["recall.csv"]().startswith(b"probe,picture,")  # type: ignore[operator]
    kept.clear()
    monkeypatch.setattr(job, "SHORT_S", 60.0)  # a short one is
    assert made["recall.csv"]().startswith(b"probe,picture,")  # type: ignore[operator]


def test_the_curve_of_a_short_spiking_recall_has_moments_between_start_and_end() -> None:
    found = job.answered(ASK)
    assert len(found.result.trace_steps) > 5
