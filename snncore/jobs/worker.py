"""The threads: driving one computation to its end whatever it raises, and the upkeep."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from snncore.jobs.records import Progress, Start, State

_log = logging.getLogger(__name__)


class Ending(NamedTuple):
    """How a computation ended, and why in words for the visitor ("" when it is done)."""

    state: State
    error: str


def drive(key: str, start: Start, publish: Callable[[Progress], Ending | None]) -> Ending:
    """Run `start()` step by step, `publish` each step, stop where that returns an ending.

    A ValueError is a judgement of the visitor's values and its text is shown; of anything else
    only the class name is, and the traceback goes to the log under `key`.
    """
    generator: Iterator[Progress] | None = None
    ending = Ending("done", "")
    try:
        generator = start()
        for progress in generator:
            stop = publish(progress)
            if stop is not None:
                ending = stop
                break
            time.sleep(0)  # lets the web server's threads in
    except ValueError as failure:
        ending = Ending("failed", str(failure))
    except BaseException as failure:  # not even SystemExit may end the worker
        _log.exception("computation %s failed", key)
        name = type(failure).__name__
        ending = Ending("failed", f"The computation failed ({name}). The server has a record.")
    _close(key, generator)
    return ending


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
            self._reap()
            rounds += 1
            if rounds % 16 == 0:  # the dashboard switches Streamlit's own collections off
                gc.collect()


def _daemon(target: Callable[[], None], name: str) -> threading.Thread:
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread
