"""Short engine work inside a page's run, never more of it at once than there are cores.

Streamlit starts a new run for each move of a slider without waiting for the old one, and serves
every visitor in a thread of its own. Unlimited, fifty visitors would all compute at once, each
fifty times slower; behind a gate they are served one after another, quickly.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from snncore.device import cpu_count

T = TypeVar("T")

WAIT_S = 8.0  # a longer queue than this is told so instead of leaving the page blank
_gate = threading.BoundedSemaphore(cpu_count())
_log = logging.getLogger(__name__)


def inline(function: Callable[[], T]) -> T:
    """The result of `function`; when it cannot be had, the page says why and stops there.

    A ValueError is the engine's judgement of the visitor's values and is shown as it is. Any other
    exception is a fault of ours: it is logged with its traceback and shown by its class name only.
    """
    if not _gate.acquire(timeout=WAIT_S):
        st.warning("Many visitors are computing at this moment. Nothing is lost.")
        st.button("Try again", icon=":material/refresh:", key="inline_again")
        st.stop()
    try:
        return function()
    except ValueError as error:
        st.error(str(error))
    except Exception as error:
        _log.exception("inline work failed")
        st.error(f"The computation failed ({type(error).__name__}). Change a value and try again.")
    finally:
        _gate.release()
    st.stop()
