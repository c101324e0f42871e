"""A visitor without a browser: Streamlit's own protocol over a websocket, as one tab speaks it.

For the load test and for whatever no browser would send. Protocol: `streamlit.proto`, and
`streamlit/web/server/starlette` for how a connection begins.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

_EARLY = ForwardMsg.ScriptFinishedStatus.Value("FINISHED_EARLY_FOR_RERUN")
_BROKEN = ForwardMsg.ScriptFinishedStatus.Value("FINISHED_WITH_COMPILE_ERROR")


T = TypeVar("T")


def alone(work: Coroutine[Any, Any, T]) -> T:
    """Its result; in a thread, as a browser test before may have left its loop running in this."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result(300)


class Tab:
    """One session: what the server has sent, what this tab has set, and its address (`query`).

    Args:
        base: address of the server, http://….
        page: address of the page, "" for home.
        query: query string without "?".
        patience_s: seconds without any message after which it gives up.
    """

    def __init__(
        self, base: str, page: str = "", query: str = "", *, patience_s: float = 120
    ) -> None:
        self._base, self._page, self.query = base, page, query
        self._patience_s = patience_s
        self._hash = ""
        self._states: dict[str, WidgetState] = {}
        self.widgets: dict[str, tuple[str, Any]] = {}  # key → (kind of element, its message)
        self._fragments: dict[str, str] = {}  # widget's id → fragment that it is in
        self.timers: dict[str, float] = {}  # fragment → seconds between its runs
        self.faults: list[str] = []  # exceptions that the page shows, pages that are not there
        self.alerts: list[str] = []
        self.progress: list[str] = []
        self.received = 0  # bytes

    async def open(self) -> float:
        """Connect and run the page once; seconds until it is complete."""
        began = time.perf_counter()
        address = f"ws{self._base.removeprefix('http')}/_stcore/stream"
        self._socket = await websockets.connect(
            address, subprotocols=["streamlit"], origin=self._base, max_size=None,  # type: ignore[list-item, arg-type]
            open_timeout=60, close_timeout=2, compression=None,
        )  # fmt: skip
        await self.run()
        return time.perf_counter() - began

    async def close(self) -> None:
        """Close the tab."""
        await self._socket.close()

    def abort(self) -> None:
        """The connection is gone without a word."""
        self._socket.transport.abort()

    async def set(self, key: str, value: Any) -> float:
        """Change a control; seconds until the page has followed."""
        kind, element = self.widgets[key]
        state = WidgetState(id=element.id)
        _WRITE[kind](state, element, value)
        self._states[element.id] = state
        return await self.run(fragment=self._fragments.get(element.id, ""))

    async def click(self, key: str) -> float:
        """Press a button; seconds until the page has followed."""
        name = self.widgets[key][1].id
        return await self.run(fragment=self._fragments.get(name, ""), pressed=name)

    async def run(self, *, fragment: str = "", pressed: str = "", timer: bool = False) -> float:
        """Ask for a run of the page, or of a fragment alone; seconds until it has ended."""
        began = time.perf_counter()
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string = self.query
        asked.page_script_hash = self._hash
        if not self._hash:
            asked.page_name = self._page
        asked.fragment_id, asked.is_auto_rerun = fragment, timer
        asked.context_info.timezone, asked.context_info.locale = "Etc/UTC", "en-US"
        asked.widget_states.SetInParent()
        for state in self._states.values():
            asked.widget_states.widgets.add().CopyFrom(state)
        if pressed:
            button = asked.widget_states.widgets.add()
            button.id, button.trigger_value = pressed, True
        await self.send(message)
        while not self._take(await self._receive()):
            pass
        return time.perf_counter() - began

    async def send(self, message: BackMsg) -> None:
        """Anything a client may say."""
        await self._socket.send(message.SerializeToString())

    async def poll(
        self,
        seconds: float,
        told: Callable[[float], None],
        *,
        until: Callable[[], bool] = lambda: False,
    ) -> None:
        """Answer the page's timers as a browser does; `told` hears how long each answer took."""
        end = time.perf_counter() + seconds
        due: dict[str, float] = {}
        while self.timers and time.perf_counter() < end and not until():
            now = time.perf_counter()
            due = {name: due.get(name, now + each) for name, each in self.timers.items()}
            name = min(due, key=lambda one: due[one])
            await asyncio.sleep(max(0.0, min(due[name], end) - now))
            if time.perf_counter() < end:
                due[name] = time.perf_counter() + self.timers[name]
                told(await self.run(fragment=name, timer=True))

    async def _receive(self) -> ForwardMsg:
        data = await asyncio.wait_for(self._socket.recv(), self._patience_s)
        self.received += len(data)
        return ForwardMsg.FromString(data)  # type: ignore[arg-type]

    def _take(self, message: ForwardMsg) -> bool:
        """Remember what a message says; whether it ends the run that was asked for."""
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._hash = message.new_session.page_script_hash or self._hash
            if not message.metadata.run.fragment_ids:  # the whole page is made anew
                self.widgets.clear()
                self.timers.clear()
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "navigation":
            self._hash = message.navigation.page_script_hash or self._hash
        elif kind == "auto_rerun":
            self.timers[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            for name in message.stop_auto_rerun.fragment_ids:
                self.timers.pop(name, None)
        elif kind == "page_not_found":
            self.faults.append("page not found")
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._element(message.delta.new_element, message.delta.fragment_id)
        elif kind == "script_finished":
            if message.script_finished == _BROKEN:
                self.faults.append("the page does not compile")
            return bool(message.script_finished != _EARLY)  # early: st.rerun, another run follows
        return False

    def _element(self, element: Any, fragment: str) -> None:
        kind = element.WhichOneof("type")
        found = getattr(element, kind) if kind else None
        if kind == "exception":
            self.faults.append(f"{found.type}: {found.message}"[:300])
        elif kind == "alert":
            self.alerts.append(found.body)
        elif kind == "progress":
            self.progress.append(found.text)
        name = getattr(found, "id", "")
        if name:  # $$ID-<hash>-<key>
            parts = name.split("-", 2)
            self.widgets[parts[2] if len(parts) == 3 else name] = (kind, found)
            self._fragments[name] = fragment


def _number(state: WidgetState, element: Any, value: Any) -> None:
    if element.data_type == element.DataType.Value("INT"):
        state.int_value = int(value)
    else:
        state.double_value = float(value)


_WRITE: dict[str, Callable[[WidgetState, Any, Any], None]] = {
    "slider": lambda state, _, value: state.double_array_value.data.extend(
        value if isinstance(value, list) else [value]
    ),
    "number_input": _number,
    "checkbox": lambda state, _, value: setattr(state, "bool_value", value),
    "selectbox": lambda state, _, value: setattr(state, "string_value", value),
    "radio": lambda state, _, value: setattr(state, "string_value", value),
    "text_input": lambda state, _, value: setattr(state, "string_value", value),
    "button_group": lambda state, _, value: state.string_array_value.data.extend(
        value if isinstance(value, list) else [value]
    ),
    "bidi_component": lambda state, _, value: setattr(state, "json_value", json.dumps(value)),
}
