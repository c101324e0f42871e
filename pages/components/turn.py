"""Runs of a page one after another: who comes first is served first, quickly.

Streamlit runs every visitor's script in a thread of its own. Fifty at once share one interpreter,
which gives each a fiftieth of its time and loses a third of it by going back and forth: all wait
until the last is done. In a line, half of them wait half as long, and all together less
(`python -m tests.benchmarks.load`). Polls of a running job are short and do not stand in it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import streamlit as st

P = ParamSpec("P")
T = TypeVar("T")

PLACES = 2  # one draws while the other waits for the engine, which lets go of the interpreter
HOLD_S = 0.5  # whoever holds a place for longer (kernels are compiled, say) keeps nobody waiting
_LOOK_S = 0.2


class Line:
    """Places that are given in the order of arrival, each for `HOLD_S` at most."""

    def __init__(self, places: int = PLACES, hold_s: float = HOLD_S) -> None:
        self._places, self._hold_s = places, hold_s
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._since: dict[threading.Event, float] = {}

    def enter(self, give_way: Callable[[], object] = lambda: None) -> threading.Event:
        """Wait for a place; what it returns is given back to `leave`.

        Args:
            give_way: called now and then while waiting; what it raises ends the waiting.
        """
        me = threading.Event()
        with self._lock:
            self._waiting.append(me)
        try:
            while (left := self._left(me)) > 0:
                if not me.wait(min(left, _LOOK_S)):
                    give_way()
                me.clear()
        except BaseException:
            self.leave(me)
            raise
        return me

    def leave(self, me: threading.Event) -> None:
        """Give the place back, or the wish for one."""
        with self._lock:
            self._since.pop(me, None)
            if me in self._waiting:
                self._waiting.remove(me)
            self._wake()

    def _left(self, me: threading.Event) -> float:
        """Seconds to wait at most; 0: the place is taken."""
        with self._lock:
            if self._waiting[0] is not me:
                return _LOOK_S
            now = time.monotonic()
            ends = sorted(end for t in self._since.values() if (end := t + self._hold_s) > now)
            if len(ends) >= self._places:
                return ends[-self._places] - now
            self._waiting.popleft()
            self._since[me] = now
            self._wake()
            return 0.0

    def _wake(self) -> None:
        if self._waiting:
            self._waiting[0].set()


_line = Line()


def in_turn(function: Callable[P, T]) -> Callable[P, T]:
    """Decorator: the function waits for its turn, unless its run is superseded meanwhile."""

    @wraps(function)
    def waiting(*args: P.args, **kwargs: P.kwargs) -> T:
        # Reading the session state lets Streamlit end a run whose visitor has moved on.
        place = _line.enter(lambda: st.session_state.get("turn_again"))
        try:
            return function(*args, **kwargs)
        finally:
            _line.leave(place)

    return waiting
