"""Fused CPU loops (Numba): the time loop inside, spikes as events, state in cache.

Each kernel repeats a torch path, which is the definition, and is tested against it. Callers never
choose: the public function looks at the tensor's device. Parallel kernels share one thread pool
that is not safe to enter twice, so they run behind `kernel_threads`.

Compiled kernels are kept on disk. Numba compiles a function again when its own file has changed,
but not when a function that it calls has, in another file: after an update in place it would go on
with the old one. The folder of the compiled kernels is therefore named after all sources together.
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
import pickle
import shutil
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import numba
from numba.core.caching import Cache

from snncore.device import cpu_count, most_threads

_log = logging.getLogger(__name__)
_KEEP_S = 7 * 24 * 3600
_LITTLE = 2e6  # elementary operations: about a millisecond


def _choose_cache() -> None:
    """Point Numba to the folder of these sources, and remove those of long ago.

    A process that began before an update goes on with its own folder: what was entered within a
    week stays. Nothing is done where the visitor has chosen a folder (`NUMBA_CACHE_DIR`), or where
    this one cannot be written: Numba then finds a place of its own.
    """
    if numba.config.CACHE_DIR:
        return
    here = Path(__file__).parent
    sources = hashlib.sha256()
    for file in sorted(here.glob("*.py")):
        sources.update(file.read_bytes())
    parent = here / "__pycache__"
    folder = parent / f"kernels-{sources.hexdigest()[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            return
    except OSError:
        return
    with suppress(OSError):  # another user's folder, or another process that removes, too
        os.utime(folder)
        for old in parent.glob("kernels-*"):
            if old.stat().st_mtime < time.time() - _KEEP_S:
                shutil.rmtree(old, ignore_errors=True)
    numba.config.CACHE_DIR = str(folder)


@contextmanager
def _as_far_as_the_disk_allows(kernels: Cache) -> Iterator[None]:
    """A compiled kernel that cannot be stored is used nevertheless, one that cannot be read is
    compiled again: a full disk, or a file that a power failure cut, must not end a computation."""
    del kernels
    try:
        yield
    except (OSError, EOFError, pickle.UnpicklingError) as error:
        _say_once(f"compiled kernels are not kept on disk ({error})")


@cache
def _say_once(words: str) -> None:
    _log.warning(words)


# Numba's own guard around its files does the same for one error, on Windows only.
Cache._guard_against_spurious_io_errors = _as_far_as_the_disk_allows
_choose_cache()


def compiled_folder() -> Path | None:
    """Where compiled kernels are kept between processes; None where Numba finds its own places."""
    return Path(numba.config.CACHE_DIR) if numba.config.CACHE_DIR else None


# GNU OpenMP, Numba's threads on Linux, lets a thread that waits for others spin for milliseconds
# before it sleeps. On a machine with anything else to do, that keeps the core from whoever it
# waits for: kernels were two to four times slower. It reads this when the first kernel loads it.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")


class FairLock:
    """A lock that is handed on in the order of asking.

    A plain lock goes to whoever is fastest, and a training that takes it thousands of times in
    turn would keep a page's short call waiting for seconds.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._held = False

    def __enter__(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Event()
            self._waiting.append(turn)
        try:
            turn.wait()
        except BaseException:  # interrupted while waiting: leave the queue, or pass the turn on
            with self._guard:
                if turn in self._waiting:
                    self._waiting.remove(turn)
                    raise
            self.__exit__()
            raise

    def __exit__(self, *reason: object) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()  # still held, by the next in turn
            else:
                self._held = False


_LOCK = FairLock()


def thread_count() -> int:
    """Threads for a parallel kernel: `SNNCORE_THREADS`, else the cores this process may use.

    Raises:
        ValueError: `SNNCORE_THREADS` is not a whole number >= 1.
    """
    text = os.environ.get("SNNCORE_THREADS", "")
    if not text:
        return cpu_count()
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"SNNCORE_THREADS must be a whole number >= 1, got {text!r}")
    return int(text)


@contextmanager
def kernel_threads(work: float = math.inf) -> Iterator[int]:
    """Hold the process-wide lock of parallel kernels, with the thread count set.

    Args:
        work: about how many elementary operations the kernel does; little is done by one thread.
            On a busy machine threads wait for each other at the end of each call until the last of
            them gets a core, which takes longer than a millisecond of work.
    """
    with _LOCK:
        most = most_threads()
        count = min(thread_count(), numba.config.NUMBA_NUM_THREADS)
        count = count if most is None else min(count, most)
        count = count if work > _LITTLE else 1
        numba.set_num_threads(count)
        yield count
