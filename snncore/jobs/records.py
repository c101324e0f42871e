"""What the job manager and its visitors exchange: progress, snapshots, tickets, views."""

from __future__ import annotations

import dataclasses
import math
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from snncore.params import Params, integer, number

State = Literal["queued", "running", "done", "failed", "cancelled"]


class Progress(NamedTuple):
    """What a computation yields: how far it is (0..1), in words, and what there is to show.

    The payload is shared between threads: it must not be changed after it was yielded.
    """

    fraction: float
    text: str
    payload: Any = None


class Snapshot(NamedTuple):
    """A published `Progress`; `sequence` counts from 1 within one computation."""

    sequence: int
    fraction: float
    text: str
    payload: Any


def published(before: Snapshot | None, progress: Progress) -> Snapshot:
    """What is shown of a step after `before`."""
    fraction = progress.fraction if math.isfinite(progress.fraction) else 0.0
    sequence = 1 if before is None else before.sequence + 1
    return Snapshot(sequence, min(max(fraction, 0.0), 1.0), progress.text, progress.payload)


class Ticket(NamedTuple):
    """A visitor's right to watch and cancel; `joined` when the computation existed already."""

    id: str
    key: str
    joined: bool


class Rejected(RuntimeError):
    """The computation was not accepted; the text says why, in words for the visitor."""


@dataclass(frozen=True, slots=True)
class JobView:
    """What a ticket's holder sees at one moment.

    `watch` may be passed on: who has it may `join` the computation with a ticket of their own.
    `position` is 1 for the next in the queue and 0 when not queued; `eta_s` is the expected time
    until the result, None while nothing is known; `error` is safe to show.
    """

    ticket: str
    watch: str
    key: str
    state: State
    snapshot: Snapshot | None
    position: int
    eta_s: float | None
    elapsed_s: float
    watchers: int
    error: str
    short_of_memory: bool = False  # it waits for what other computations use

    @property
    def active(self) -> bool:
        """Whether a later look may show something new."""
        return self.state in ("queued", "running")


@dataclass(frozen=True)
class Limits(Params):
    """What the visitors of one server may ask of it."""

    workers: int = integer(1, 1, 64, "Computations that run at the same time.")
    max_queue: int = integer(64, 1, 10**6, "Computations that may wait; identical ones count once.")
    max_tickets: int = integer(2048, 1, 10**6, "Tickets remembered, of all computations together.")
    max_kept: int = integer(32, 1, 10**6, "Results kept; the one unseen for longest goes first.")
    grace_s: float = number(
        150.0,
        0.0,
        1e6,
        "A ticket not seen for this long no longer keeps its computation alive. Browsers wake a "
        "hidden tab only once a minute, so it should exceed that.",
        unit="s",
    )
    keep_s: float = number(
        600.0, 0.0, 1e6, "A result is forgotten this long after the last look.", unit="s"
    )
    max_runtime_s: float = number(
        1800.0, 0.0, 1e6, "A computation is stopped at its next step after this time.", unit="s"
    )
    kept_bytes: int = integer(
        64 << 20, 0, 1 << 50, "Memory for the results kept; those unseen for longest go.", unit="B"
    )
    mem_budget: int = integer(
        1 << 30, 0, 1 << 50, "Memory for the running computations, by estimate.", unit="B"
    )


class Stats(NamedTuple):
    """How busy the manager is."""

    queued: int
    running: int
    kept: int
    tickets: int
    awaited: int  # of the tickets, those whose result is still to come


Start = Callable[[], Iterator[Progress]]


def unguessable() -> str:
    """A new name of 128 bits for what only its holders may find."""
    return secrets.token_urlsafe(16)


def spent() -> Iterator[Progress]:
    """What stands in place of an ended computation's start, which may hold large arrays."""
    raise RuntimeError("a computation cannot be started twice")


@dataclass(eq=False)
class Job:
    """The manager's own record of one computation; guarded by the manager's lock."""

    key: str
    est_bytes: int
    start: Start  # replaced at the end: it may hold large arrays
    state: State = "queued"
    snapshot: Snapshot | None = None
    error: str = ""
    stop_reason: str = ""  # why nobody is left; the worker reads it at its next step
    started: float = math.nan
    finished: float = math.nan
    looked_at: float = math.nan
    live: set[str] = field(default_factory=set)  # ids of the tickets that want the result
    held_bytes: int = 0  # memory that it holds while it waits, an upload for example
    watch: str = ""  # id for the address
    worker: threading.Thread | None = None  # who computes it
    short_of_memory: bool = False
    kept_bytes: int = 0  # of the last payload, once it has ended

    @property
    def active(self) -> bool:
        """Queued or running."""
        return self.state in ("queued", "running")

    def elapsed(self, now: float) -> float:
        """Seconds of running so far, 0 before it started."""
        if math.isnan(self.started):
            return 0.0
        return (now if self.state == "running" else self.finished) - self.started

    def remaining(self, now: float) -> float | None:
        """Seconds still to run at the pace so far; None while there is too little to tell."""
        if self.snapshot is None or self.snapshot.fraction < 0.03:
            return None
        return self.elapsed(now) * (1.0 / self.snapshot.fraction - 1.0)


@dataclass(eq=False)
class Holder:
    """The manager's own record of one ticket."""

    owner: str
    job: Job
    last_seen: float
    cancelled: bool = False

    def view(self, ticket_id: str, position: int, wait_s: float | None, now: float) -> JobView:
        """What the holder of this ticket sees, `position` and `wait_s` being those in the queue."""
        job = self.job
        eta: float | None = 0.0
        if job.state == "queued":
            eta = wait_s
        elif job.state == "running":
            eta = job.remaining(now)
        return JobView(
            ticket=ticket_id,
            watch=job.watch,
            key=job.key,
            state="cancelled" if self.cancelled else job.state,
            snapshot=job.snapshot,
            position=position,
            eta_s=None if self.cancelled else eta,
            elapsed_s=job.elapsed(now),
            watchers=len(job.live),
            error=job.error,
            short_of_memory=job.state == "queued" and job.short_of_memory,
        )


def expected_wait(
    position: int, running: list[Job], durations: Iterable[float], workers: int, now: float
) -> float | None:
    """Seconds until the queue's entry at `position` (from 1) has its result, or None if unknown.

    What the running ones still need, plus a typical duration for each one up to `position`. The
    typical duration is the mean of those that ended; before any has, that of the running ones at
    their pace so far.
    """
    known = list(durations)
    if not known:
        known = [
            job.elapsed(now) + left for job in running if (left := job.remaining(now)) is not None
        ]
    if not known:
        return None
    typical = math.fsum(known) / len(known)
    left_over = 0.0
    for job in running:
        left = job.remaining(now)
        left_over += max(0.0, typical - job.elapsed(now)) if left is None else left
    return (left_over + position * typical) / workers


def bytes_of(payload: Any) -> int:
    """Memory of the arrays, tensors, texts and files in a payload, however deep in records."""
    if isinstance(payload, bytes | str):
        return len(payload)
    if isinstance(payload, Mapping):
        return sum(bytes_of(item) for item in payload.values())
    if isinstance(payload, tuple | list | set | frozenset):
        return sum(bytes_of(item) for item in payload)
    if dataclasses.is_dataclass(payload):
        return sum(bytes_of(getattr(payload, f.name)) for f in dataclasses.fields(payload))
    return int(getattr(payload, "nbytes", 0))
