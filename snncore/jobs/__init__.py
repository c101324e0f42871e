"""Long computations for many visitors: a queue, worker threads, tickets, limits.

A computation is a generator of `Progress`; a worker thread drives it and publishes each step as
an immutable `Snapshot`. Stopping is simply not asking for the next one. Requests with the same
`key` (a `params.digest`) are the same computation: it runs once and every visitor holds a ticket
to it. A ticket's id cannot be guessed; whoever has it may watch and cancel *that ticket*. The
computation stops when no live ticket is left: each was cancelled or not seen for the grace time.
"""

from __future__ import annotations

import threading

from snncore.device import memory_bytes
from snncore.jobs.manager import JobManager
from snncore.jobs.records import JobView, Limits, Progress, Rejected, Snapshot, State, Stats, Ticket

__all__ = [
    "JobManager",
    "JobView",
    "Limits",
    "Progress",
    "Rejected",
    "Snapshot",
    "State",
    "Stats",
    "Ticket",
    "get_manager",
]

_manager: JobManager | None = None
_lock = threading.Lock()


def get_manager() -> JobManager:
    """The manager of this process.

    A module's global and not a Streamlit cache: any visitor can clear those, and the threads of
    a forgotten manager would go on.
    """
    global _manager
    with _lock:
        if _manager is None:
            _manager = JobManager(Limits(mem_budget=memory_bytes() // 2))
        return _manager
