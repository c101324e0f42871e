"""Short engine work inside a page's run, never more of it at once than there are cores.

Streamlit starts a new run for each move of a slider without waiting for the old one, and serves
every visitor in a thread of its own. Unlimited, fifty visitors would all compute at once, each
fifty times slower; behind a gate they are served one after another, quickly.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from snncore.device import cpu_count, limit_threads, torch_threads
from snncore.jobs import clear_up, of_memory, words_of

T = TypeVar("T")

WAIT_S = 40.0  # a fresh server compiles its kernels first; a longer queue than this is told so
_SLICE_S = 0.2
_gate = threading.BoundedSemaphore(cpu_count())
_inside: set[int] = set()  # threads that compute now
_log = logging.getLogger(__name__)


def inline(function: Callable[[], T]) -> T:
    """The result of `function`; when it cannot be had, the page says why and stops there.

    A ValueError is the engine's judgement of the visitor's values and is shown as it is. Any other
    exception is a fault of ours: it is logged with its traceback and told as `jobs.words_of` does.
    """
    if not _entered():
        st.warning("Many visitors are computing at this moment. Nothing is lost.")
        st.button("Try again", icon=":material/refresh:", key="inline_again")
        st.stop()
    starved = False
    try:
        _inside.add(threading.get_ident())
        _share_cores()
        result = function()
    except ValueError as error:
        words = str(error)
    except Exception as error:
        _log.exception("inline work failed")
        words, starved = words_of(error), of_memory(error)
    else:
        return result
    finally:
        _inside.discard(threading.get_ident())
        _gate.release()
    if starved:  # only now: the exception held what had been computed
        clear_up()
    st.error(words)
    st.stop()


def _share_cores() -> None:
    """One thread for torch; for our kernels the cores that others here leave."""
    torch_threads(1)
    limit_threads(max(1, cpu_count() // busy()))


def busy() -> int:
    """How many places are taken at this moment."""
    return len(_inside)


def _entered() -> bool:
    """Wait for a place, at most `WAIT_S`.

    Between the slices the run gives way: reading the session state lets Streamlit end it when the
    visitor has moved on, so that superseded runs do not stand in the queue.
    """
    deadline = time.monotonic() + WAIT_S
    while not _gate.acquire(timeout=max(0.0, min(_SLICE_S, deadline - time.monotonic()))):
        if time.monotonic() >= deadline:
            return False
        st.session_state.get("inline_again")
    return True
