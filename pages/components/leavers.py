"""Visitors who have left: their sessions are let go of when their time is over.

Streamlit keeps a session for two minutes after its connection is lost, for whoever comes back, but
looks at the clock only when the next one is lost. After a lecture that would be a hundred sessions
with three open files each, and all that they hold, until somebody else comes.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from streamlit import runtime

T = TypeVar("T")

LOOK_S = 30.0
_lock = threading.Lock()
_thread: threading.Thread | None = None
_log = logging.getLogger(__name__)


def begin() -> None:
    """Look every `LOOK_S` from now on; again and again does nothing."""
    global _thread
    with _lock:
        if _thread is None and runtime.exists():
            _thread = threading.Thread(target=_watch, name="leavers", daemon=True)
            _thread.start()


def _watch() -> None:
    pause = threading.Event()
    while not pause.wait(LOOK_S):
        if not runtime.exists():
            continue
        try:
            if let_go():
                tidy()
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


def tidy() -> None:
    """What the dropped sessions held goes back to the system."""
    gc.collect()  # sessions are in circles
    if sys.platform == "linux":
        try:
            ctypes.CDLL(None).malloc_trim(0)
        except AttributeError:  # another C library than glibc
            _log.debug("no malloc_trim here")
