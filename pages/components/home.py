"""The home page's pictures: each small, computed by the engine of this server, once.

They take two seconds of work on a fresh server, so a thread makes them one after another while
the page is already there; each appears when it is ready.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from pages.components import warm

if TYPE_CHECKING:
    from snncore.plots.glances import Vignette

NAMES = ("lif", "encoding", "hopfield", "stdp")  # of the pages, as in `glances.MAKERS`
_log = logging.getLogger(__name__)
_lock = threading.Lock()
_pool = ThreadPoolExecutor(1, thread_name_prefix="home-pictures")
_futures: dict[str, Future[Vignette]] = {}


def start() -> None:
    """Have every picture made that is neither there nor being made; at most one thread works.

    Called at each visit, so one that failed is tried again.
    """
    with _lock:
        for name in NAMES:
            future = _futures.get(name)
            if future is None or (future.done() and future.exception() is not None):
                _futures[name] = _pool.submit(_logged, name)


def _logged(name: str) -> Vignette:
    try:
        warm.begin()[1].result()
        from snncore.plots.glances import MAKERS

        return MAKERS[name]()
    except Exception as error:
        if "interpreter shutdown" not in str(error):  # a server that is being stopped is no fault
            _log.exception("home picture %s failed", name)
        raise


def picture(name: str) -> Vignette | None:
    """The picture if it is ready; None while it is being made, and when making it failed."""
    future = _futures[name]
    return future.result() if future.done() and future.exception() is None else None


def all_done() -> bool:
    """Whether nothing more is to come."""
    return all(future.done() for future in _futures.values())
