"""What may wait, run and be kept: refusals, the memory that is shared, results within bounds."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable

from snncore.jobs.records import Job, Limits, Rejected


class Memory:
    """Bytes lent to running computations, by their own estimate.

    The managers of one process share one: each with a budget of its own, they would lend the same
    memory several times.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self._lock = threading.Lock()
        self._lent = 0

    @property
    def lent(self) -> int:
        """Bytes in use."""
        return self._lent

    def lend(self, n_bytes: int) -> bool:
        """Whether there was room; if so, it is taken."""
        with self._lock:
            if self._lent + n_bytes > self.budget:
                return False
            self._lent += n_bytes
            return True

    def give_back(self, n_bytes: int) -> None:
        """The computation has ended."""
        with self._lock:
            self._lent -= n_bytes


def check(
    est_bytes: int,
    held_bytes: int,
    queue: Collection[Job],
    running: Iterable[Job],
    limits: Limits,
) -> None:
    """Refuse a new computation that is too large, or that comes when too many wait.

    Args:
        est_bytes: what it will need.
        held_bytes: what it keeps while it waits.
        queue: what waits.
        running: what runs.
        limits: of this server.

    Raises:
        Rejected: in words for the visitor.
    """
    if est_bytes > limits.mem_budget:
        need, have = est_bytes / 2**20, limits.mem_budget / 2**20
        raise Rejected(
            f"This computation needs about {need:.0f} MB; this server allows {have:.0f} MB. "
            "Choose smaller values, or run it in a terminal."
        )
    if len(queue) >= limits.max_queue:
        raise Rejected(
            f"{len(queue)} computations are waiting already. Please try again in some minutes."
        )
    held = held_bytes + sum(job.held_bytes for job in (*queue, *running))
    if held_bytes and held > limits.mem_budget:
        raise Rejected(
            "The uploads of those who wait fill the memory. Please try again in some minutes."
        )


def retained(finished: Iterable[Job], now: float, limits: Limits) -> list[Job]:
    """Which results stay: those looked at last, as many as may and as fit; the newest in any case,
    since its visitor may not have seen it yet."""
    fresh = [job for job in finished if now - job.looked_at <= limits.keep_s]
    fresh.sort(key=lambda job: -job.looked_at)
    found: list[Job] = []
    room = limits.kept_bytes
    for job in fresh[: limits.max_kept]:
        room -= job.kept_bytes
        if room < 0 and found:
            break
        found.append(job)
    return found
