"""What replaces parts of Streamlit: the same messages in the same order, and only where known."""

from __future__ import annotations

import asyncio
import copy
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from streamlit import config
from streamlit.elements.widgets import number_input, selectbox
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.caching import cache_utils
from streamlit.runtime.runtime import Runtime
from streamlit.runtime.scriptrunner.script_runner import ScriptRunnerEvent

from pages.components import faster
from tests.streamlit_client import alone

ROOT = Path(__file__).resolve().parents[2]
MESSAGE = ScriptRunnerEvent.ENQUEUE_FORWARD_MSG


class Session:
    """As much of an AppSession as the replacement sees."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, bad: int = -1) -> None:
        self._event_loop, self._bad = loop, bad
        self.handled: list[Any] = []
        self.wakes = 0

    def _call_soon_on_event_loop(self, callback: Any) -> None:
        self.wakes += 1
        self._event_loop.call_soon_threadsafe(callback)

    def _handle_scriptrunner_event_on_event_loop(
        self, sender: Any, event: ScriptRunnerEvent, forward_msg: Any = None
    ) -> None:
        self.handled.append((event, forward_msg))
        if forward_msg == self._bad:
            raise RuntimeError("this one cannot be handled")


def play(bad: int = -1, runs: int = 5, each: int = 200) -> tuple[Session, list[Any]]:
    """A script's thread that says a lot; what arrived, and what was sent."""
    sent: list[Any] = []

    async def main() -> Session:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)
        session = Session(loop, bad=bad)

        def script() -> None:
            for run in range(runs):
                sent.append((ScriptRunnerEvent.SCRIPT_STARTED, None))
                faster._bunched(session, None, event=ScriptRunnerEvent.SCRIPT_STARTED)  # type: ignore[arg-type]
                for k in range(each):
                    sent.append((MESSAGE, run * each + k))
                    faster._bunched(session, None, event=MESSAGE, forward_msg=run * each + k)  # type: ignore[arg-type]
                sent.append((ScriptRunnerEvent.SCRIPT_STOPPED_WITH_SUCCESS, None))
                faster._bunched(  # type: ignore[arg-type]
                    session, None, event=ScriptRunnerEvent.SCRIPT_STOPPED_WITH_SUCCESS
                )

        thread = threading.Thread(target=script)
        thread.start()
        while thread.is_alive() or len(session.handled) < len(sent):
            await asyncio.sleep(0.01)
        return session

    return alone(asyncio.wait_for(main(), 20)), sent


def test_all_events_arrive_in_their_order_with_few_wakes():
    session, sent = play()
    assert session.handled == sent
    assert session.wakes < len(sent) / 5


def test_one_that_cannot_be_handled_takes_no_other_along():
    session, sent = play(bad=300)
    assert session.handled == sent


def test_a_lone_message_does_not_wait_for_a_run_to_end():
    async def main() -> float:
        session = Session(asyncio.get_running_loop())
        began = session._event_loop.time()
        faster._bunched(session, None, event=MESSAGE, forward_msg=1)  # type: ignore[arg-type]
        while not session.handled:
            await asyncio.sleep(0.001)
        return session._event_loop.time() - began

    assert alone(asyncio.wait_for(main(), 5)) < 1.0


def test_this_release_of_streamlit_is_one_that_is_known():
    """Fails with a release that changes these parts: look at them, then renew `KNOWN`."""
    faster.install()
    assert AppSession._on_scriptrunner_event is faster._bunched
    assert Runtime._enqueued_some_message is faster._woken
    assert number_input.get_session_state is faster._session  # type: ignore[comparison-overlap]
    assert selectbox.get_session_state is faster._session  # type: ignore[comparison-overlap]
    assert app_session._populate_theme_msg is faster._themed
    assert config.get_option is faster._option
    kept = cache_utils._get_positional_arg_name
    assert hasattr(kept, "cache_info")
    faster.install()
    assert cache_utils._get_positional_arg_name is kept  # not one around the other


@pytest.mark.parametrize("section", ["theme", "theme.light", "theme.dark", "theme.dark.sidebar"])
def test_the_theme_is_what_the_configuration_says(
    section: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for base in ("#123456", "#654321"):  # a file that was changed is read anew
        options = copy.deepcopy(config.get_config_options())
        options[f"{section}.primaryColor"].set_value(base, "test")
        monkeypatch.setattr(config, "_config_options", options)
        for _ in range(2):
            found, wanted = CustomThemeConfig(), CustomThemeConfig()
            faster._themed(found, section)
            faster._populate_theme(wanted, section)
            assert found == wanted and found.primary_color == base


def test_options_are_those_of_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in config.get_config_options():
        assert faster._option(key) == faster._get_option(key)
    with pytest.raises(RuntimeError, match="not defined"):
        faster._option("server.noSuchOption")
    options = copy.deepcopy(config.get_config_options())
    options["server.port"].set_value(1234, "test")
    monkeypatch.setattr(config, "_config_options", options)
    assert faster._option("server.port") == 1234


def test_an_empty_section_of_the_theme_is_not_sent() -> None:
    found = CustomThemeConfig()
    faster._themed(found.light.sidebar, "theme.light.sidebar")
    assert not found.HasField("light")


def test_a_release_without_these_parts_has_pages_nevertheless():
    code = (
        "from streamlit.runtime.app_session import AppSession; "
        "del AppSession._on_scriptrunner_event; from pages.components import frame; print('there')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert "there" in done.stdout and "slower" in done.stderr, done.stderr[-500:]


def test_what_is_not_known_stays(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    def other(self: Any) -> None:
        """Of a later release."""

    other.__qualname__ = "Runtime._enqueued_some_message"
    monkeypatch.setattr(Runtime, "_enqueued_some_message", other)
    faster.install()
    assert Runtime._enqueued_some_message is other
    assert "stays as it is" in caplog.text
