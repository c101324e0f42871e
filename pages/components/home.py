"""The home page's pictures: each small, computed by the engine of this server, once.

They take two seconds of work on a fresh server, so a thread makes them one after another while
the page is already there; each appears when it is ready.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

from snncore.plots.glances import MAKERS, Vignette

_log = logging.getLogger(__name__)


@cache
def _futures() -> dict[str, Future[Vignette]]:
    pool = ThreadPoolExecutor(1, thread_name_prefix="home-pictures")
    return {name: pool.submit(_logged, name) for name in MAKERS}


def _logged(name: str) -> Vignette:
    try:
        return MAKERS[name]()
    except Exception:
        _log.exception("home picture %s failed", name)
        raise


def picture(name: str) -> Vignette | None:
    """The picture if it is ready; None while it is being made, and when making it failed."""
    future = _futures()[name]
    return future.result() if future.done() and future.exception() is None else None


def all_done() -> bool:
    """Whether nothing more is to come."""
    return all(future.done() for future in _futures().values())
