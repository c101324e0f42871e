"""Places where Streamlit does more than it must, made shorter for a full lecture hall.

With fifty sessions on one core a page's time is that of its messages: each of the hundred of a run
woke the event loop twice through a socket, and each number box made a dictionary of the whole
session. Here messages are handed over in bunches of some milliseconds, in the same order, the
session is asked for one key, and the theme and the names of a function's arguments are found once.
`python -m tests.benchmarks.load` measures what it is worth.

These are private parts of Streamlit. One is replaced only where its source is, to the letter, what
was tested (`KNOWN`); another release runs as it is, and the log says so. Where one is not there at
all, importing or installing this fails, which the frame of the pages takes as no reason to stop.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import logging
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from streamlit import config
from streamlit.elements.widgets import number_input, selectbox
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.caching import cache_utils
from streamlit.runtime.runtime import Runtime
from streamlit.runtime.scriptrunner.script_runner import ScriptRunnerEvent
from streamlit.runtime.state import get_session_state

BUNCH_S = 0.005  # how long a message may wait for others
# Digests of the sources that the replacements below were made for: Streamlit 1.67.
KNOWN = {
    "AppSession._on_scriptrunner_event": "a622d57aa2bacdc2",
    "Runtime._enqueued_some_message": "82ae537d91f146d1",
    "NumberInputMixin._number_input": "2c372badd28bcea5",
    "SelectboxMixin._selectbox": "6d093d72fe9539fe",
    "get_option": "6111a47967a9b84c",
    "_populate_theme_msg": "844b9eb40d0f7d97",
    "_get_positional_arg_name": "a5f6441704f838ad",
}
# The session whose run installs this is connected to the original by a weak reference.
_kept_alive = AppSession._on_scriptrunner_event
_get_option = config.get_option
_populate_theme = app_session._populate_theme_msg
_themes: tuple[Any, dict[str, CustomThemeConfig]] = (None, {})
_log = logging.getLogger(__name__)


def install() -> None:
    """Replace what is known; again and again does nothing."""
    if known(AppSession._on_scriptrunner_event):
        AppSession._on_scriptrunner_event = _bunched  # type: ignore[method-assign]
    if known(Runtime._enqueued_some_message):
        Runtime._enqueued_some_message = _woken  # type: ignore[method-assign]
    if known(number_input.NumberInputMixin._number_input):
        number_input.get_session_state = _session  # type: ignore[assignment]
    if known(selectbox.SelectboxMixin._selectbox):
        selectbox.get_session_state = _session  # type: ignore[assignment]
    if known(config.get_option):
        config.get_option = _option
    if known(app_session._populate_theme_msg):
        app_session._populate_theme_msg = _themed
    if known(cache_utils._get_positional_arg_name):
        cache_utils._get_positional_arg_name = lru_cache(512)(cache_utils._get_positional_arg_name)


def known(function: Callable[..., Any]) -> bool:
    """Whether this is what was tested, and not replaced yet."""
    name = function.__qualname__
    if name not in KNOWN or hasattr(function, "cache_info"):
        return False
    same = hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:16] == KNOWN[name]
    if not same:
        _log.warning("this release of Streamlit has another %s, which stays as it is", name)
    return same


def _bunched(
    self: AppSession, sender: Any, event: ScriptRunnerEvent, *args: Any, **details: Any
) -> None:
    """`AppSession._on_scriptrunner_event`: hand an event of a script's thread to the loop.

    Messages wait `BUNCH_S` for others; the start and the end of a run take them along at once.
    """
    waiting: deque[Any] = self.__dict__.setdefault("_waiting_events", deque())
    waiting.append((sender, event, args, details))
    if event is not ScriptRunnerEvent.ENQUEUE_FORWARD_MSG:
        self._call_soon_on_event_loop(lambda: _handle(self))
    elif not self.__dict__.get("_bunch_due"):  # else whoever comes takes this one along, too
        self.__dict__["_bunch_due"] = True
        loop = self._event_loop
        self._call_soon_on_event_loop(lambda: _later(loop, self))


def _later(loop: asyncio.AbstractEventLoop, session: AppSession) -> None:
    loop.call_later(BUNCH_S, _handle, session)


def _handle(session: AppSession) -> None:
    """On the loop's thread: all that is waiting, in its order."""
    session.__dict__["_bunch_due"] = False  # before the first is taken: none is left behind
    waiting: deque[Any] = session.__dict__["_waiting_events"]
    while waiting:
        sender, event, args, details = waiting.popleft()
        try:
            session._handle_scriptrunner_event_on_event_loop(sender, event, *args, **details)
        except BaseException:  # the loop reports it, as before; the others are not lost
            session._call_soon_on_event_loop(lambda: _handle(session))
            raise


def _option(key: str) -> Any:
    """`config.get_option` without its lock, for which every message of every session queued up:
    one look into a dictionary that is never changed in its keys needs none."""
    found = config.get_config_options().get(key)
    return _get_option(key) if found is None else found.value


def _themed(msg: CustomThemeConfig, section: str = "theme") -> None:
    """`_populate_theme_msg`: a section of the theme, read from the configuration once.

    Every run of a page tells the browser all six sections; each was looked for among all options.
    """
    global _themes
    options = config.get_config_options()
    if _themes[0] is not options:  # a changed file makes another dictionary
        _themes = options, {}
    parts = _themes[1]
    if section not in parts:
        _populate_theme(found := CustomThemeConfig(), section)
        parts[section] = found
    if parts[section].ByteSize():  # else the message would say that it has such a section
        msg.MergeFrom(parts[section])


def _woken(self: Runtime) -> None:
    """`Runtime._enqueued_some_message`: a loop that is already awake is not woken again.

    Messages are queued on the loop's own thread, which empties the queues after it has cleared the
    event: what is queued while the event is set is sent.
    """
    objects = self._get_async_objs()
    try:
        here = asyncio.get_running_loop() is objects.eventloop
    except RuntimeError:
        here = False
    if here:
        objects.need_send_data.set()
    else:
        objects.eventloop.call_soon_threadsafe(objects.need_send_data.set)


class _Session:
    """A session's state, for boxes that look for one key in `filtered_state`, a copy of it all."""

    def __init__(self, state: Any) -> None:
        self._state = state

    @property
    def filtered_state(self) -> _Session:
        return self

    def __contains__(self, key: str) -> bool:
        return key in self._state

    def __getitem__(self, key: str) -> Any:
        return self._state[key]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)


def _session() -> Any:
    return _Session(get_session_state())
