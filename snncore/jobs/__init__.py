"""Long computations for many visitors: a queue, worker threads, tickets, limits.

A computation is a generator of `Progress`; a worker thread drives it and publishes each step as
an immutable `Snapshot`. Stopping is simply not asking for the next one. Requests with the same
`key` (a `params.digest`) are the same computation: it runs once and every visitor holds a ticket
to it; a ticket cancels only itself. The `watch` id of a computation is what a link carries: it
cannot be guessed, and whoever has it may join with a ticket of their own. The
computation stops when no live ticket is left: each was cancelled or not seen for the grace time.
"""

from __future__ import annotations

import threading
from typing import Literal

from snncore.device import memory_bytes
from snncore.jobs.admission import Memory
from snncore.jobs.faults import clear_up, of_memory, words_of
from snncore.jobs.manager import JobManager
from snncore.jobs.records import (
    JobView,
    Limits,
    Progress,
    Rejected,
    Snapshot,
    State,
    Stats,
    Ticket,
    unguessable,
)

__all__ = [
    "JobManager",
    "JobView",
    "Limits",
    "Memory",
    "Progress",
    "Rejected",
    "Snapshot",
    "State",
    "Stats",
    "Ticket",
    "clear_up",
    "get_manager",
    "kept_results",
    "of_memory",
    "unguessable",
    "words_of",
]

Kind = Literal["computation", "download", "sweep", "classifier", "recall"]
_managers: dict[Kind, JobManager] = {}
_memory = Memory(memory_bytes() // 2)  # of all kinds together
_lock = threading.Lock()


def get_manager(kind: Kind = "computation") -> JobManager:
    """The manager of this process for one kind of work: trainings, downloads, short sweeps, …

    A slow download must not keep anybody's computation waiting, nor a training a map of seconds.
    A module's global and not a Streamlit cache: any visitor can clear those, and the threads of a
    forgotten manager would go on.
    """
    with _lock:
        if kind not in _managers:
            _managers[kind] = JobManager(Limits(mem_budget=_memory.budget), memory=_memory)
        return _managers[kind]


def kept_results() -> int:
    """How many results this process keeps, of all kinds of work; starts no manager."""
    with _lock:
        return sum(manager.stats().kept for manager in _managers.values())
