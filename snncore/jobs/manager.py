"""The manager: who waits for which computation, what runs, what is kept, what is refused."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from snncore.jobs.admission import Memory, check, retained
from snncore.jobs.records import (
    Holder,
    Job,
    JobView,
    Limits,
    Progress,
    Rejected,
    Start,
    Stats,
    Ticket,
    bytes_of,
    expected_wait,
    published,
    spent,
    unguessable,
)
from snncore.jobs.worker import Crew, Ending, drive, must_end

_log = logging.getLogger(__name__)
_ASK_AGAIN_S = 0.5  # for memory that another manager may have given back
_DIED = (
    "The computation failed: the part of the server that computed it died and was replaced. Your "
    "settings and what was reached are kept: try again."
)


class JobManager:
    """Runs computations for many owners; all methods may be called from any thread.

    Args:
        limits: what a visitor may ask of this server.
        clock: seconds, monotonic; replaced in tests.
        reap_every_s: period of the reaper thread [s]; 0 starts none (call `reap`).
        memory: what running computations share with those of other managers; by default nothing.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        reap_every_s: float = 2.0,
        memory: Memory | None = None,
    ) -> None:
        self._limits = Limits() if limits is None else limits
        self._memory = Memory(self._limits.mem_budget) if memory is None else memory
        self._clock = clock
        self._changed = threading.Condition()  # guards everything below
        self._queue: deque[Job] = deque()
        self._running: list[Job] = []
        self._finished: list[Job] = []
        self._by_key: dict[str, Job] = {}
        self._holders: dict[str, Holder] = {}
        self._durations: deque[float] = deque(maxlen=8)
        self._closing = False
        self._crew = Crew(self._limits.workers, self._serve_one, self.reap, reap_every_s)

    # ---- the visitor's side -------------------------------------------------------------------

    def submit(
        self,
        owner: str,
        key: str,
        start: Start,
        est_bytes: int = 0,
        *,
        held_bytes: int = 0,
        watch: str = "",
    ) -> Ticket:
        """Ask for a computation; returns at once.

        Args:
            owner: who asks; one owner has at most one active ticket, and asking again for the
                same `key` returns that ticket.
            key: `params.digest` of all that decides the result.
            start: makes the generator, in the worker's thread.
            est_bytes: memory that the computation will need.
            held_bytes: memory that it keeps while it waits (an upload in `start`).
            watch: its `watch` id if it is not there yet; unguessable, by default a new one.

        Raises:
            Rejected: the owner has another active computation, the queue is full, or the
                computation is too large for this server.
        """
        with self._changed:
            now = self._clock()
            job = self._by_key.get(key)
            for ticket_id, holder in self._holders.items():
                if holder.owner != owner or ticket_id not in holder.job.live:
                    continue
                if holder.job is job:
                    holder.last_seen = now
                    return Ticket(ticket_id, key, True)
                if holder.job.active:
                    raise Rejected("You have a computation under way already. Cancel it first.")
            if len(self._holders) >= self._limits.max_tickets:
                raise Rejected("Too many visitors at the moment. Please try again in some minutes.")
            joined = job is not None
            if job is None:
                job = self._enqueue(key, start, est_bytes, held_bytes, watch)
            self._replace_dead()
            self._changed.notify_all()
            return self._admit(owner, job, joined)

    def join(self, owner: str, watch: str) -> Ticket | None:
        """A ticket of the owner's own to the computation with this `watch` id.

        For whoever follows a link: they see the same, and giving their ticket back stops nothing
        for the others. None when that computation is not kept (any more).

        Raises:
            Rejected: too many tickets are out.
        """
        with self._changed:
            if (job := self._watched(watch)) is None:
                return None
            for ticket_id, holder in self._holders.items():
                if holder.owner == owner and holder.job is job and not holder.cancelled:
                    holder.last_seen = self._clock()
                    return Ticket(ticket_id, job.key, True)
            if len(self._holders) >= self._limits.max_tickets:
                raise Rejected("Too many visitors at the moment. Please try again in some minutes.")
            return self._admit(owner, job, True)

    def key_of(self, watch: str) -> str | None:
        """The key of the computation with this `watch` id, None if it is not kept (any more)."""
        with self._changed:
            return job.key if (job := self._watched(watch)) else None

    def _watched(self, watch: str) -> Job | None:
        jobs = (*self._queue, *self._running, *self._finished)
        return next((job for job in jobs if job.watch == watch), None)

    def owner_gone(self, owner: str, within_s: float = 20.0) -> None:
        """A hint that the owner's tab was closed or reloaded: their grace shrinks to `within_s`.

        A connection that was only interrupted comes back before that and looks again.
        """
        with self._changed:
            latest = self._clock() - self._limits.grace_s + within_s
            for holder in self._holders.values():
                if holder.owner == owner and holder.job.active:
                    holder.last_seen = min(holder.last_seen, latest)

    def _admit(self, owner: str, job: Job, joined: bool) -> Ticket:
        now = self._clock()
        ticket_id = unguessable()
        self._holders[ticket_id] = Holder(owner, job, now)
        if job.active:
            job.live.add(ticket_id)
        job.looked_at = now
        return Ticket(ticket_id, job.key, joined)

    def get(self, ticket_id: str) -> JobView | None:
        """What the ticket shows now; also the sign of life that keeps the computation going.

        None for a ticket that is unknown or forgotten.
        """
        with self._changed:
            holder = self._holders.get(ticket_id)
            if holder is None:
                return None
            self._replace_dead()
            holder.last_seen = holder.job.looked_at = self._clock()
            if not holder.cancelled:
                holder.job.live.add(ticket_id)  # seen again after the grace ran out
            return self._view(ticket_id, holder)

    def cancel(self, ticket_id: str) -> None:
        """Give the ticket back; others who hold one to the same computation keep theirs."""
        with self._changed:
            holder = self._holders.get(ticket_id)
            if holder is not None and holder.job.active:
                holder.cancelled = True
                self._drop(ticket_id, holder.job, "")

    def wait(self, ticket_id: str, timeout: float | None = None) -> JobView | None:
        """Block until the computation has ended (or `timeout` seconds), then as `get`."""
        with self._changed:
            holder = self._holders.get(ticket_id)
            if holder is not None:
                self._changed.wait_for(lambda: holder.cancelled or not holder.job.active, timeout)
            return self.get(ticket_id)

    def stats(self) -> Stats:
        """How many computations wait, run and are kept, and how many tickets there are."""
        with self._changed:
            awaited = [t for job in (*self._queue, *self._running) for t in job.live]
            counted = (self._queue, self._running, self._finished, self._holders, awaited)
            return Stats(*map(len, counted))

    def close(self) -> None:
        """Stop: cancel everything and let the threads end at their next step."""
        with self._changed:
            self._closing = True
            self._crew.stop()
            for ticket_id, holder in self._holders.items():
                self._drop(ticket_id, holder.job, "The server is stopping.")
            self._changed.notify_all()

    # ---- upkeep (callers hold the lock, but for `reap`) ---------------------------------------

    def reap(self) -> None:
        """Drop tickets not seen for `grace_s` and forget what nobody looked at for `keep_s`."""
        with self._changed:
            self._replace_dead()
            now = self._clock()
            for ticket_id, holder in self._holders.items():
                if holder.job.active and now - holder.last_seen > self._limits.grace_s:
                    self._drop(
                        ticket_id,
                        holder.job,
                        f"Stopped because nobody was watching for {self._limits.grace_s:.0f} s.",
                    )
            kept = retained(self._finished, now, self._limits)
            for job in set(self._finished).difference(kept):
                if self._by_key.get(job.key) is job:
                    del self._by_key[job.key]
            self._finished = kept
            kept_set = set(kept)
            self._holders = {
                ticket_id: holder
                for ticket_id, holder in self._holders.items()
                if holder.job.active
                or (holder.job in kept_set and now - holder.last_seen <= self._limits.keep_s)
            }

    def _enqueue(self, key: str, start: Start, est_bytes: int, held_bytes: int, watch: str) -> Job:
        check(est_bytes, held_bytes, self._queue, self._running, self._limits)
        job = Job(key, est_bytes, start, held_bytes=held_bytes, watch=watch or unguessable())
        self._queue.append(job)
        self._by_key[key] = job
        return job

    def _drop(self, ticket_id: str, job: Job, reason: str) -> None:
        job.live.discard(ticket_id)
        if job.live:
            return
        if job.state == "queued":
            self._queue.remove(job)
            self._finish(job, Ending("cancelled", reason))
        elif job.state == "running":
            job.stop_reason = reason  # the worker sees at its next step that nobody is left

    def _finish(self, job: Job, ending: Ending) -> None:
        (job.state, job.error), job.start = ending, spent
        job.finished = job.looked_at = self._clock()
        if job in self._running:
            self._running.remove(job)
            self._memory.give_back(job.est_bytes)
        job.kept_bytes = 0 if job.snapshot is None else bytes_of(job.snapshot.payload)
        if ending.state == "done":
            self._durations.append(job.finished - job.started)
        elif self._by_key.get(job.key) is job:
            del self._by_key[job.key]  # only results are shared: asking again tries again
        self._finished.append(job)
        self._changed.notify_all()

    def _replace_dead(self) -> None:
        """End what a dead thread was computing, and start another one in its place."""
        if self._closing:
            return
        for job in tuple(self._running):
            if job.worker is not None and not job.worker.is_alive():
                _log.error("the worker of computation %s died", job.key)
                self._finish(job, Ending("failed", _DIED))
        self._crew.ensure()

    def _view(self, ticket_id: str, holder: Holder) -> JobView:
        position = self._queue.index(holder.job) + 1 if holder.job.state == "queued" else 0
        now = self._clock()
        wait = expected_wait(position, self._running, self._durations, self._limits.workers, now)
        return holder.view(ticket_id, position, wait, now)

    # ---- the worker's side --------------------------------------------------------------------

    def _serve_one(self) -> bool:
        """One round of a worker thread; False when it is to end."""
        job = self._next()
        if job is None:
            return False
        publish = partial(self._publish, job)
        ending = drive(job.key, job.start, publish, lambda: self.stats().awaited)
        with self._changed:
            self._finish(job, ending)
        return True

    def _next(self) -> Job | None:
        """The head of the queue once it fits into memory; None when closing.

        Only the head: letting small ones overtake could keep a large one waiting for ever.
        """

        with self._changed:
            while not self._closing:
                if self._queue:
                    job = self._queue[0]
                    if self._memory.lend(job.est_bytes):
                        return self._begin(self._queue.popleft())
                    job.short_of_memory = True
                self._changed.wait(_ASK_AGAIN_S if self._queue else None)
            return None

    def _begin(self, job: Job) -> Job:
        job.state, job.started, job.worker = "running", self._clock(), threading.current_thread()
        self._running.append(job)
        self._changed.notify_all()
        return job

    def _publish(self, job: Job, progress: Progress) -> Ending | None:
        """Make a step visible; the end state if the computation is to stop here."""
        with self._changed:
            job.snapshot = published(job.snapshot, progress)
            self._changed.notify_all()
            ending = must_end(job, self._closing, self._clock(), self._limits)
            if ending is not None and self._by_key.get(job.key) is job:
                del self._by_key[job.key]  # from here on nobody may join it
            return ending
