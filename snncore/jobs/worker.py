"""The threads: driving one computation to its end whatever it raises, and the upkeep."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from snncore.device import cpu_count, limit_threads, torch_threads
from snncore.jobs import faults
from snncore.jobs.records import Job, Limits, Progress, Start, State

FEW = 3  # people who wait for results: pages are drawn for more of them beside the work
_log = logging.getLogger(__name__)


class Ending(NamedTuple):
    """How a computation ended, and why in words for the visitor ("" when it is done)."""

    state: State
    error: str


def drive(
    key: str,
    start: Start,
    publish: Callable[[Progress], Ending | None],
    people: Callable[[], int] = lambda: 1,
) -> Ending:
    """Run `start()` step by step, `publish` each step, stop where that returns an ending.

    `people` says at each step how many wait for results: for more than `FEW` one core stays free.

    A ValueError is a judgement of the visitor's values and its text is shown; of anything else
    only what `faults` says is, and the traceback goes to the log under `key`.
    """
    generator: Iterator[Progress] | None = None
    ending, starved = Ending("done", ""), False
    try:
        torch_threads(max(1, cpu_count() - 1))  # one core stays free to serve pages
        generator = start()
        _leave_room(people())
        for progress in generator:
            _leave_room(people())
            stop = publish(progress)
            if stop is not None:
                ending = stop
                break
            time.sleep(0)  # lets the web server's threads in
    except ValueError as failure:
        ending = Ending("failed", str(failure))
    except BaseException as failure:  # not even SystemExit may end the worker
        _log.exception("computation %s failed", key)
        ending, starved = Ending("failed", faults.words_of(failure)), faults.of_memory(failure)
    _close(key, generator)
    if starved:  # not before: the exception and the generator hold what was computed
        del generator
        faults.clear_up()
    return ending


def _leave_room(people: int) -> None:
    """Our kernels take all cores while few look on; results do not depend on it."""
    limit_threads(max(1, cpu_count() - (people > FEW)))


def must_end(job: Job, closing: bool, now: float, limits: Limits) -> Ending | None:
    """How a running computation must end at this step; None if it may go on."""
    if not job.live or closing:
        return Ending("cancelled", job.stop_reason)
    if job.elapsed(now) > limits.max_runtime_s:
        return Ending(
            "failed",
            f"Stopped after {limits.max_runtime_s / 60:.0f} minutes, the limit of this server. "
            "Choose smaller values, or run it in a terminal.",
        )
    return None


def _close(key: str, generator: Iterator[Progress] | None) -> None:
    """Run the generator's clean-up now; a fault in it is logged and ends nothing else."""
    close = getattr(generator, "close", None)
    if close is None:
        return
    try:
        close()
    except BaseException:
        _log.exception("closing computation %s failed", key)


class Crew:
    """The daemon threads of a manager; those that are missing are started by `ensure`.

    Args:
        workers: number of worker threads.
        serve_one: one round of work; blocks until there is some, returns False to end.
        reap: the upkeep, called every `reap_every_s` seconds by one more thread (0: by none).
    """

    def __init__(
        self,
        workers: int,
        serve_one: Callable[[], bool],
        reap: Callable[[], None],
        reap_every_s: float,
    ) -> None:
        self._n_workers, self._serve_one = workers, serve_one
        self._reap, self._reap_every_s = reap, reap_every_s
        self._workers: list[threading.Thread] = []
        self._reaper: threading.Thread | None = None
        self._stopped = threading.Event()

    def ensure(self) -> None:
        """Start the threads that are not alive (callers hold the manager's lock)."""
        self._workers = [thread for thread in self._workers if thread.is_alive()]
        while len(self._workers) < self._n_workers:
            self._workers.append(_daemon(self._work, "snncore-worker"))
        if self._reap_every_s > 0 and (self._reaper is None or not self._reaper.is_alive()):
            self._reaper = _daemon(self._reap_forever, "snncore-reaper")

    def stop(self) -> None:
        """End the reaper; workers end when `serve_one` says so."""
        self._stopped.set()

    def _work(self) -> None:
        while self._serve_one():
            pass

    def _reap_forever(self) -> None:
        rounds = 0
        while not self._stopped.wait(self._reap_every_s):
            try:
                self._reap()
            except Exception:  # without upkeep nothing would ever be forgotten or stopped
                _log.exception("upkeep failed")
            rounds += 1
            if rounds % 16 == 0:  # the dashboard switches Streamlit's own collections off
                gc.collect()


def _daemon(target: Callable[[], None], name: str) -> threading.Thread:
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread
