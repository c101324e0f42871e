"""Queue, tickets, sharing, cancelling, limits. Time is a number here; nothing sleeps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from snncore import kernels
from snncore.device import limit_threads
from snncore.jobs import JobManager, Limits, Progress, Rejected, get_manager, worker
from snncore.jobs.records import Job, Snapshot, expected_wait

PATIENCE = 10.0  # real seconds before a test that would hang fails instead


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Work:
    """A computation that takes a step only when the test allows it, and counts what happened."""

    def __init__(self, steps: int = 4) -> None:
        self.steps = steps
        self.started = 0
        self.closed = threading.Event()
        self.running = threading.Event()
        self._go = threading.Semaphore(0)

    def __call__(self) -> Iterator[Progress]:
        self.started += 1
        try:
            for step in range(1, self.steps + 1):
                self.running.set()
                assert self._go.acquire(timeout=PATIENCE)
                yield Progress(step / self.steps, f"step {step}", {"step": step})
        finally:
            self.closed.set()

    def step(self, n: int = 1) -> None:
        self._go.release(n)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(clock: Clock) -> Iterator[Callable[..., JobManager]]:
    made: list[JobManager] = []

    def build(**limits: float) -> JobManager:
        made.append(JobManager(Limits(**limits), clock=clock, reap_every_s=0))
        return made[-1]

    yield build
    for manager in made:
        manager.close()


def quick(value: int = 0) -> Callable[[], Iterator[Progress]]:
    return lambda: iter([Progress(0.5, "half"), Progress(1.0, "all", value)])


def see(manager: JobManager, ticket: str, sequence: int) -> None:
    """Wait until the ticket's snapshot has this number."""
    with manager._changed:
        job = manager._holders[ticket].job
        assert manager._changed.wait_for(
            lambda: job.snapshot is not None and job.snapshot.sequence >= sequence, PATIENCE
        )


def test_result_is_the_last_snapshot(make: Callable[..., JobManager]) -> None:
    manager = make()
    ticket = manager.submit("ada", "k", quick(7))
    view = manager.wait(ticket.id, PATIENCE)
    assert view is not None and not ticket.joined
    assert (view.state, view.snapshot) == ("done", Snapshot(2, 1.0, "all", 7))
    assert (view.position, view.eta_s, view.error, view.active) == (0, 0.0, "", False)


def test_fifty_at_once_are_queued_in_order_or_politely_refused(
    make: Callable[..., JobManager],
) -> None:
    manager = make(max_queue=30)
    first = Work()
    manager.submit("first", "first", first)
    assert first.running.wait(PATIENCE)
    barrier = threading.Barrier(50)
    tickets: list[str] = []
    refused: list[str] = []

    def visitor(i: int) -> None:
        barrier.wait(PATIENCE)
        try:
            tickets.append(manager.submit(f"owner {i}", f"key {i}", quick(i)).id)
        except Rejected as reason:
            refused.append(str(reason))

    threads = [threading.Thread(target=visitor, args=(i,)) for i in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert (len(tickets), len(refused)) == (30, 20)
    assert set(refused) == {
        "30 computations are waiting already. Please try again in some minutes."
    }
    views = [manager.get(ticket) for ticket in tickets]
    assert sorted(v.position for v in views if v is not None) == list(range(1, 31))
    assert manager.stats()[:2] == (30, 1)
    first.step(4)
    assert all(manager.wait(ticket, PATIENCE).state == "done" for ticket in tickets)  # type: ignore[union-attr]


def test_fifty_identical_ones_are_computed_once(make: Callable[..., JobManager]) -> None:
    manager = make(max_queue=1)
    work = Work()
    tickets = [manager.submit(f"owner {i}", "same", work) for i in range(50)]
    assert len({t.id for t in tickets}) == 50
    assert [t.joined for t in tickets] == [False] + [True] * 49
    assert work.running.wait(PATIENCE)
    assert manager.get(tickets[0].id).watchers == 50  # type: ignore[union-attr]
    work.step(4)
    views = [manager.wait(t.id, PATIENCE) for t in tickets]
    assert {v.state for v in views if v} == {"done"} and work.started == 1
    late = manager.submit("late", "same", work)  # and the kept result is shared too
    view = manager.get(late.id)
    assert late.joined and view is not None and view.snapshot is not None
    assert view.snapshot.payload == {"step": 4} and work.started == 1


def test_double_click_returns_the_same_ticket(make: Callable[..., JobManager]) -> None:
    manager, work = make(), Work()
    once, again = (manager.submit("ada", "k", work) for _ in range(2))
    assert once.id == again.id
    work.step(4)
    assert manager.wait(once.id, PATIENCE).state == "done"  # type: ignore[union-attr]
    assert manager.submit("ada", "k", work).id == once.id


def test_one_owner_cannot_occupy_the_queue(make: Callable[..., JobManager]) -> None:
    manager, work = make(), Work()
    ticket = manager.submit("ada", "one", work)
    with pytest.raises(Rejected, match="under way already"):
        manager.submit("ada", "two", quick())
    manager.cancel(ticket.id)
    other = manager.submit("ada", "two", quick())
    work.step()
    assert manager.wait(other.id, PATIENCE).state == "done"  # type: ignore[union-attr]


def test_cancelling_a_running_one_closes_its_generator(make: Callable[..., JobManager]) -> None:
    manager, work = make(), Work()
    ticket = manager.submit("ada", "k", work)
    work.step()
    see(manager, ticket.id, 1)
    manager.cancel(ticket.id)
    assert manager.get(ticket.id).state == "cancelled"  # type: ignore[union-attr]
    work.step()
    assert work.closed.wait(PATIENCE)
    again = manager.submit("ada", "other", quick())
    assert manager.wait(again.id, PATIENCE).state == "done"  # type: ignore[union-attr]
    view = manager.get(ticket.id)
    assert view is not None and view.snapshot is not None  # what there was stays visible
    assert (view.state, view.snapshot.sequence) == ("cancelled", 2)


def test_cancelling_a_queued_one_moves_the_others_up(make: Callable[..., JobManager]) -> None:
    manager, work = make(), Work()
    manager.submit("a", "a", work)
    assert work.running.wait(PATIENCE)
    second, third = manager.submit("b", "b", quick()), manager.submit("c", "c", quick())
    assert manager.get(third.id).position == 2  # type: ignore[union-attr]
    manager.cancel(second.id)
    assert manager.get(third.id).position == 1  # type: ignore[union-attr]
    work.step(4)
    assert manager.wait(third.id, PATIENCE).state == "done"  # type: ignore[union-attr]


def test_one_of_two_watchers_cannot_stop_the_other(make: Callable[..., JobManager]) -> None:
    manager, work = make(), Work()
    mine, yours = manager.submit("me", "k", work), manager.submit("you", "k", work)
    work.step()
    see(manager, mine.id, 1)
    manager.cancel(mine.id)
    assert manager.get(mine.id).state == "cancelled"  # type: ignore[union-attr]
    work.step(3)
    view = manager.wait(yours.id, PATIENCE)
    assert view is not None and (view.state, view.watchers) == ("done", 1)


def test_whoever_comes_back_before_the_next_step_keeps_it_alive(
    make: Callable[..., JobManager],
) -> None:
    manager, work = make(), Work()
    ticket = manager.submit("me", "k", work)
    assert work.running.wait(PATIENCE)
    manager.cancel(ticket.id)
    back = manager.submit("me", "k", work)
    work.step(4)
    assert manager.wait(back.id, PATIENCE).state == "done"  # type: ignore[union-attr]
    assert work.started == 1 and back.id != ticket.id


def test_a_job_nobody_watches_is_stopped(make: Callable[..., JobManager], clock: Clock) -> None:
    manager = make(grace_s=150)
    running, waiting = Work(), Work()
    ticket = manager.submit("a", "a", running)
    queued = manager.submit("b", "b", waiting)
    running.step()
    see(manager, ticket.id, 1)
    clock.now += 100
    assert manager.get(ticket.id) is not None  # a sign of life, from this one only
    clock.now += 100
    manager.reap()
    assert manager.get(ticket.id).state == "running"  # type: ignore[union-attr]
    gone = manager.get(queued.id)
    assert gone is not None and gone.state == "cancelled" and waiting.started == 0
    assert gone.error == "Stopped because nobody was watching for 150 s."
    clock.now += 151
    manager.reap()
    running.step()
    assert running.closed.wait(PATIENCE)
    assert manager.wait(ticket.id, PATIENCE).state == "cancelled"  # type: ignore[union-attr]


def test_a_sleeping_tab_that_wakes_in_time_goes_on(
    make: Callable[..., JobManager], clock: Clock
) -> None:
    manager, work = make(grace_s=150), Work()
    ticket = manager.submit("a", "a", work)
    assert work.running.wait(PATIENCE)
    clock.now += 151
    manager.reap()
    assert manager.get(ticket.id) is not None  # before the worker's next step
    work.step(4)
    assert manager.wait(ticket.id, PATIENCE).state == "done"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (KeyError("secret"), "KeyError"),
        (SystemExit(3), "SystemExit"),
        (MemoryError("secret"), "not enough memory"),
        (OSError(28, "secret"), "disk of the server is full"),
    ],
)
def test_a_failure_is_told_by_class_only_and_the_worker_goes_on(
    make: Callable[..., JobManager],
    failure: BaseException,
    words: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> Iterator[Progress]:
        yield Progress(0.1, "so far so good")
        raise failure

    manager = make()
    view = manager.wait(manager.submit("a", "bad", broken).id, PATIENCE)
    assert view is not None and view.state == "failed"
    assert words in view.error and "secret" not in view.error
    assert "bad" in caplog.text and "Traceback" in caplog.text
    after = manager.wait(manager.submit("a", "good", quick()).id, PATIENCE)
    assert after is not None and after.state == "done"
    assert not manager.submit("b", "bad", quick()).joined  # failures are not shared


def test_an_engine_judgement_is_shown_as_it_is(make: Callable[..., JobManager]) -> None:
    def start() -> Iterator[Progress]:
        raise ValueError("tau_m must be > 0 ms, got -5.0")

    manager = make()
    view = manager.wait(manager.submit("a", "k", start).id, PATIENCE)
    assert view is not None
    assert (view.state, view.error) == ("failed", "tau_m must be > 0 ms, got -5.0")


def test_a_faulty_clean_up_does_not_end_the_worker(make: Callable[..., JobManager]) -> None:
    work = Work()

    def start() -> Iterator[Progress]:
        try:
            yield from work()
        finally:
            raise OSError("disk full")

    manager = make()
    ticket = manager.submit("a", "k", start)
    work.step()
    see(manager, ticket.id, 1)
    manager.cancel(ticket.id)
    work.step()
    after = manager.wait(manager.submit("a", "next", quick()).id, PATIENCE)
    assert after is not None and after.state == "done"


def test_a_dead_worker_is_replaced(make: Callable[..., JobManager]) -> None:
    manager = make()
    manager.wait(manager.submit("a", "k", quick()).id, PATIENCE)
    (worker,) = manager._crew._workers
    with manager._changed:  # end it the way only a fault of the interpreter could
        manager._closing = True
        manager._changed.notify_all()
    worker.join(PATIENCE)
    assert not worker.is_alive()
    manager._closing = False
    view = manager.wait(manager.submit("a", "k2", quick()).id, PATIENCE)
    assert view is not None and view.state == "done"


def test_too_large_for_the_server_is_refused_with_the_numbers(
    make: Callable[..., JobManager],
) -> None:
    manager = make(mem_budget=100 << 20)
    with pytest.raises(Rejected, match="needs about 200 MB; this server allows 100 MB"):
        manager.submit("a", "k", quick(), 200 << 20)
    assert manager.stats() == (0, 0, 0, 0, 0)


def test_two_workers_share_the_memory(make: Callable[..., JobManager]) -> None:
    manager = make(workers=2, mem_budget=100)
    large, other, small = Work(), Work(), Work()
    tickets = [
        manager.submit("a", "a", large, 60),
        manager.submit("b", "b", other, 60),
        manager.submit("c", "c", small, 10),
    ]
    assert large.running.wait(PATIENCE)
    views = [manager.get(t.id) for t in tickets]
    assert [v.position for v in views if v] == [0, 1, 2]  # the small one does not overtake
    large.step(4)
    assert other.running.wait(PATIENCE) and small.running.wait(PATIENCE)
    other.step(4)
    small.step(4)
    assert all(manager.wait(t.id, PATIENCE).state == "done" for t in tickets)  # type: ignore[union-attr]


def test_the_longest_run_is_limited(make: Callable[..., JobManager], clock: Clock) -> None:
    manager, work = make(max_runtime_s=1800), Work()
    ticket = manager.submit("a", "a", work)
    assert work.running.wait(PATIENCE)
    clock.now += 1801
    work.step()
    view = manager.wait(ticket.id, PATIENCE)
    assert view is not None and view.state == "failed" and "after 30 minutes" in view.error


def test_results_are_forgotten_after_the_last_look(
    make: Callable[..., JobManager], clock: Clock
) -> None:
    manager = make(keep_s=600)
    ticket = manager.submit("a", "k", quick())
    manager.wait(ticket.id, PATIENCE)
    clock.now += 500
    assert manager.get(ticket.id) is not None
    clock.now += 500
    manager.reap()
    assert manager.get(ticket.id) is not None
    clock.now += 601
    manager.reap()
    assert manager.get(ticket.id) is None
    assert manager.stats() == (0, 0, 0, 0, 0)
    assert not manager.submit("a", "k", quick()).joined


def test_the_number_of_results_is_limited(make: Callable[..., JobManager], clock: Clock) -> None:
    manager = make(max_kept=2)
    tickets = []
    for i in range(3):
        clock.now += 1
        tickets.append(manager.submit(f"{i}", f"{i}", quick()))
        manager.wait(tickets[-1].id, PATIENCE)
    clock.now += 1
    manager.get(tickets[0].id)
    manager.reap()
    assert [manager.get(t.id) is not None for t in tickets] == [True, False, True]


def test_tickets_are_limited_and_unguessable(make: Callable[..., JobManager]) -> None:
    manager = make(max_tickets=3)
    tickets = [manager.submit(f"{i}", "same", Work()) for i in range(3)]
    assert all(len(t.id) >= 22 for t in tickets)  # 128 bits in base64
    with pytest.raises(Rejected, match="Too many visitors"):
        manager.submit("4", "same", Work())
    assert manager.get("guess") is None
    manager.cancel("guess")  # of no effect


def test_expected_wait_adds_what_runs_and_what_waits_before() -> None:
    running = Job("k", 0, quick(), state="running", started=100.0)
    assert expected_wait(1, [running], [], 1, now=110.0) is None  # nothing is known yet
    running.snapshot = Snapshot(1, 0.25, "", None)  # 10 s for a quarter: 30 s left, 40 s in all
    assert expected_wait(1, [running], [], 1, now=110.0) == pytest.approx(30 + 40)
    assert expected_wait(3, [running], [20.0, 40.0], 1, now=110.0) == pytest.approx(30 + 3 * 30)
    running.snapshot = None  # no pace yet: a typical 30 s, of which 10 have passed
    assert expected_wait(1, [running], [20.0, 40.0], 1, now=110.0) == pytest.approx(20 + 30)


def test_eta_of_a_running_one_follows_its_pace(
    make: Callable[..., JobManager], clock: Clock
) -> None:
    manager, work = make(), Work()
    ticket = manager.submit("a", "a", work)
    assert work.running.wait(PATIENCE)
    clock.now += 10
    work.step()
    see(manager, ticket.id, 1)
    view = manager.get(ticket.id)
    assert view is not None and view.eta_s == pytest.approx(30.0)
    assert view.elapsed_s == pytest.approx(10.0)


@pytest.mark.parametrize("fraction", [float("nan"), -1.0, 7.0])
def test_fractions_stay_between_zero_and_one(
    make: Callable[..., JobManager], fraction: float
) -> None:
    manager = make()
    ticket = manager.submit("a", "k", lambda: iter([Progress(fraction, "x")]))
    view = manager.wait(ticket.id, PATIENCE)
    assert view is not None and view.snapshot is not None
    assert 0.0 <= view.snapshot.fraction <= 1.0


def test_limits_are_checked() -> None:
    with pytest.raises(ValueError, match="workers must be >= 1, got 0"):
        Limits(workers=0)


def test_the_reaper_runs_by_itself() -> None:
    reaped = threading.Event()

    class Watched(JobManager):
        def reap(self) -> None:
            super().reap()
            reaped.set()

    manager = Watched(reap_every_s=0.01)
    manager.submit("a", "k", quick())
    assert reaped.wait(PATIENCE)
    manager.close()


def test_there_is_one_manager_per_process() -> None:
    assert get_manager() is get_manager()


def test_a_link_gives_a_ticket_of_one_s_own(make: Callable[..., JobManager]) -> None:
    manager, work = make(), Work()
    ada = manager.submit("ada", "k", work)
    view = manager.get(ada.id)
    assert view is not None
    bob = manager.join("bob", view.watch)
    assert bob is not None and bob.id != ada.id and bob.joined
    assert manager.join("bob", view.watch) == bob  # once, however often the page is drawn
    manager.cancel(bob.id)
    work.step(4)
    ended = manager.wait(ada.id, PATIENCE)
    assert ended is not None and ended.state == "done"
    late = manager.join("cleo", view.watch)  # a finished one can be looked at, too
    assert late is not None
    shown = manager.get(late.id)
    assert shown is not None and shown.state == "done"
    assert manager.join("bob", "no such link") is None


def test_a_closed_tab_is_given_a_short_grace_and_a_blip_nothing(
    make: Callable[..., JobManager], clock: Clock
) -> None:
    manager, work = make(grace_s=150), Work()
    ticket = manager.submit("ada", "k", work)
    assert work.running.wait(PATIENCE)
    manager.owner_gone("ada")
    manager.get(ticket.id)  # it was only a blip: the tab is back
    clock.now += 100
    manager.reap()
    view = manager.get(ticket.id)
    assert view is not None and view.state == "running"
    manager.owner_gone("ada")
    clock.now += 21
    manager.reap()
    work.step(4)
    assert work.closed.wait(PATIENCE)
    ended = manager.wait(ticket.id, PATIENCE)
    assert ended is not None and ended.state == "cancelled"


def test_uploads_that_wait_may_not_fill_the_memory(make: Callable[..., JobManager]) -> None:
    manager, work = make(mem_budget=100), Work()
    manager.submit("ada", "1", work, held_bytes=60)
    with pytest.raises(Rejected, match="uploads"):
        manager.submit("bob", "2", quick(), held_bytes=60)
    manager.submit("bob", "3", quick())  # what holds nothing is welcome


def test_downloads_have_a_manager_of_their_own() -> None:
    assert get_manager("download") is not get_manager()
    assert get_manager("download") is get_manager("download")


def test_a_computation_that_is_being_closed_cannot_be_joined(
    make: Callable[..., JobManager],
) -> None:
    manager, work = make(), Work()
    closing, release = threading.Event(), threading.Event()

    def start() -> Iterator[Progress]:
        try:
            yield from work()
        finally:
            closing.set()
            assert release.wait(PATIENCE)

    ada = manager.submit("ada", "k", start)
    work.step()
    see(manager, ada.id, 1)
    manager.cancel(ada.id)
    work.step()
    assert closing.wait(PATIENCE)  # the worker is inside the generator's clean-up
    bob = manager.submit("bob", "k", quick(5))
    release.set()
    view = manager.wait(bob.id, PATIENCE)
    assert not bob.joined
    assert view is not None and view.state == "done" and view.snapshot is not None
    assert view.snapshot.payload == 5


def test_who_has_a_result_is_not_counted_among_those_who_wait(
    make: Callable[..., JobManager],
) -> None:
    manager = make()
    done = manager.submit("a", "done", quick())
    manager.wait(done.id, 10)
    assert manager.stats().tickets == 1 and manager.stats().awaited == 0
    go = threading.Event()

    def slow() -> Iterator[Progress]:
        yield Progress(0.0, "")
        go.wait(10)

    for owner in "bcd":
        manager.submit(owner, "slow", slow)
    assert manager.stats().awaited == 3
    go.set()


@pytest.mark.parametrize(("people", "threads"), [(1, 4), (3, 4), (4, 3), (50, 3)])
def test_a_computation_leaves_a_core_to_the_pages_where_many_wait(
    monkeypatch: pytest.MonkeyPatch, people: int, threads: int
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(worker, "cpu_count", lambda: 4)
    monkeypatch.setattr(worker, "limit_threads", asked.append)
    assert worker.drive("k", quick(), lambda _: None, lambda: people).state == "done"
    assert asked and set(asked) == {threads}


def test_a_thread_may_take_fewer_threads_for_its_kernels() -> None:
    found: list[int] = []

    def work() -> None:
        limit_threads(1)
        with kernels.kernel_threads() as count:
            found.append(count)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    with kernels.kernel_threads() as count:  # another thread is not concerned
        assert found == [1]
        assert count == kernels.thread_count()
