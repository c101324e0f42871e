"""Visitors who have left: their sessions are let go of when their time is over.

Streamlit keeps a session for two minutes after its connection is lost, for whoever comes back, but
looks at the clock only when the next one is lost. After a lecture that would be a hundred sessions
with three open files each, and all that they hold, until somebody else comes.

What they held must also go back to the system, and their results when they are kept no longer.
glibc gives threads heaps of their own, and every run of a page is a thread: pieces of all visits
lie scattered among eight heaps per core, little of which can be given back (15 kB a visit were
lost; 2 kB with one heap). Those that there are before the first page is drawn stay;
`MALLOC_ARENA_MAX=1` in the environment comes before all of them. And it puts ever larger arrays
into them: once one of 30 MB was freed, all that are smaller go there, where a small thing behind
them keeps them from the system (fifty visitors left 110 MB behind; 25 MB with a fixed limit). And
Streamlit keeps a lock for every cached value that there ever was.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from typing import Any, TypeVar, cast

from streamlit import runtime

from snncore.jobs import kept_results

T = TypeVar("T")

LOOK_S = 30.0
_ARENA_MAX, _MMAP_THRESHOLD = -8, -3  # of glibc's malloc.h
_LARGE = 8 << 20  # bytes; arrays from this size on are given back the moment they are freed
_lock = threading.Lock()
_thread: threading.Thread | None = None
_stop = threading.Event()  # set by tests only
_log = logging.getLogger(__name__)


def begin() -> None:
    """Look every `LOOK_S` from now on; again and again does nothing."""
    global _thread
    with _lock:
        if _thread is None and runtime.exists():
            _spare_heaps()
            _thread = threading.Thread(target=_watch, args=(_stop,), name="leavers", daemon=True)
            _thread.start()


def _watch(stop: threading.Event) -> None:
    kept = 0
    while not stop.wait(LOOK_S):
        if not runtime.exists():
            continue
        try:
            before, kept = kept, kept_results()
            if let_go() or kept < before:
                tidy(is_empty())
        except Exception:  # a server that stops, another release of Streamlit
            _log.debug("sessions were not looked at", exc_info=True)


def let_go() -> int:
    """Drop the sessions whose time is over; how many there were."""
    server: Any = runtime.get_instance()
    stored = server._session_mgr._session_storage._cache

    def expire() -> int:
        before = len(stored._data)
        stored.expire()
        return before - len(stored._data)

    return _on_loop(server._get_async_objs().eventloop, expire)


def is_empty() -> bool:
    """Whether nobody is here, nor may come back to a session of theirs."""
    server: Any = runtime.get_instance()
    return not _on_loop(server._get_async_objs().eventloop, server._session_mgr.list_sessions)


def _on_loop(loop: Any, function: Callable[[], T]) -> T:
    """Sessions belong to the thread of the server's loop."""
    end: Future[T] = Future()

    def call() -> None:
        try:
            end.set_result(function())
        except BaseException as error:
            end.set_exception(error)

    loop.call_soon_threadsafe(call)
    return end.result(10)


def tidy(is_empty: bool = False) -> None:
    """What the dropped sessions held goes back to the system.

    Args:
        is_empty: nobody is left: cached values (quick work, done again for the next who comes) go,
            too. Not by `st.cache_data.clear`, which removes the files of other Streamlit
            applications of this user.
    """
    try:
        forget(is_empty)
    except (ImportError, AttributeError) as error:  # another release of Streamlit
        _say_once(f"Streamlit's caches are left as they are: {error}")
    gc.collect()  # sessions are in circles
    if trim := _of_glibc("malloc_trim"):
        trim(0)


def forget(values: bool) -> None:
    """Forget the locks of cached values that nobody holds, and the values if asked to.

    Whoever was about to take a lock computes the value beside another visitor, at worst.
    """
    from streamlit.runtime.caching import cache_data_api, cache_resource_api

    for caches in (cache_data_api._data_caches, cache_resource_api._resource_caches):
        with caches._caches_lock:  # type: ignore[attr-defined]
            found = [each for those in caches._function_caches.values() for each in those.values()]  # type: ignore[attr-defined]
        for one in found:
            if values and caches is cache_data_api._data_caches:
                one.clear()
            with one._value_locks_lock:
                for key in [k for k, lock in one._value_locks.items() if not lock.locked()]:
                    del one._value_locks[key]


@cache
def _say_once(words: str) -> None:
    _log.warning(words)


def _spare_heaps() -> None:
    """No further heaps from now on, and nothing large in them, unless the environment decides."""
    if mallopt := _of_glibc("mallopt"):
        if "MALLOC_ARENA_MAX" not in os.environ:
            mallopt(_ARENA_MAX, 1)
        if "MALLOC_MMAP_THRESHOLD_" not in os.environ:
            mallopt(_MMAP_THRESHOLD, _LARGE)


def _of_glibc(name: str) -> Callable[..., int] | None:
    """That function; None with another C library."""
    found = getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
    return cast(Callable[..., int] | None, found)
