"""What was learnt lately: of generated points for everybody, of own points in the session only."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import streamlit as st

from pages.components.text import plain
from snncore.classifier import Plane, Snapshot
from snncore.plots.classifier import Dots

T = TypeVar("T")

KEY = "enc_k"
_OWN = f"{KEY}__own"  # in the session: results of own points by identity
_KEPT, _KEPT_OWN = 32, 4
_LONGEST = 24  # letters of a class's name


class Frame(NamedTuple):
    """The map at one moment of learning."""

    epoch: float
    plane: Plane


class Payload(NamedTuple):
    """What there is to show of a training; made once, shared between visitors, never changed."""

    identity: str
    snapshot: Snapshot
    plane: Plane  # the map of the model as it is now, fine in the end
    dots: Dots  # the test points and what the network now takes them for
    frames: tuple[Frame, ...]  # all there are, only in the end


class _Kept:
    """The results of the last trainings, of all visitors."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[str, Payload] = OrderedDict()

    def get(self, identity: str) -> Payload | None:
        with self._lock:
            if identity in self._found:
                self._found.move_to_end(identity)
            return self._found.get(identity)

    def put(self, payload: Payload) -> None:
        with self._lock:
            self._found[payload.identity] = payload
            while len(self._found) > _KEPT:
                self._found.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._found.clear()


kept = _Kept()  # not a Streamlit cache: those cannot be filled from a worker's thread


def recall(identity: str) -> Payload | None:
    """What is known of a training already, from everybody's or from this session's own points."""
    own: dict[str, Payload] = st.session_state.get(_OWN, {})
    return own.get(identity) or kept.get(identity)


def remember(payload: Payload) -> None:
    """Keep a result for everybody, that of own points in this session only, the last few."""
    if not is_own(payload):
        kept.put(payload)
        return
    own: dict[str, Payload] = st.session_state.setdefault(_OWN, {})
    own.pop(payload.identity, None)
    own[payload.identity] = payload
    while len(own) > _KEPT_OWN:
        del own[next(iter(own))]


def is_own(payload: Payload) -> bool:
    """Whether it is of a visitor's own points."""
    return payload.snapshot.model.params.data == "own"


def cached_for_all(function: Callable[..., T]) -> Callable[..., T]:
    """Results that are the same for every visitor."""
    return st.cache_resource(max_entries=32, ttl=3600, show_spinner=False)(function)


def cached_for_session(function: Callable[..., T]) -> Callable[..., T]:
    """Results of a visitor's own points: gone with the session."""
    return st.cache_resource(max_entries=8, ttl=3600, show_spinner=False, scope="session")(function)


def shown(name: str) -> str:
    """The name of a class in a text: no longer than can be read, safe in Markdown."""
    return plain(name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…")
