"""A real server and a real browser: without one the tests are left out; under CI they fail."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest
from playwright.sync_api import Browser, Error, Page, Playwright, expect, sync_playwright

from pages.components.tour import TOURS
from snncore.doctor import BROWSERS

ROOT = Path(__file__).resolve().parents[2]
# Headless, as root in a container too, and without any conversation with Google.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
READY = (
    "document.querySelector('[data-testid=stApp]')"
    "?.getAttribute('data-test-script-state') === 'notRunning'"
)
# A page below the root asks for two of the server's own addresses under its own path first.
KNOWN_404 = ("/_stcore/health", "/_stcore/host-config")

# A busy machine draws a chart seconds after its page is there; five seconds are Playwright's own.
expect.set_options(timeout=30_000)

# Words of the boxes that no healthy page shows.
TROUBLE = ("Many visitors", "computation failed", "do not fit together", "cannot be used")

# The tour of a first visit is tested for itself (test_tour.py); others come for the second time.
COME_BEFORE = "".join(f"localStorage.setItem('spiking-lab-tour-{page}', 'seen');" for page in TOURS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser test that fails is tried once more (and listed): two busy cores stall a browser.

    Only a failure that repeats is the page's.
    """
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.flaky(reruns=1))


class Visitor:
    """A browser tab that remembers what it should never see."""

    def __init__(
        self,
        browser: Browser,
        base: str,
        *,
        width: int = 1280,
        dark: bool = False,
        first: bool = False,
    ):
        self.base = base
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
        )
        if not first:
            context.add_init_script(COME_BEFORE)
        context.set_default_timeout(60_000)
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.expected: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("response", self._response)
        self.page.on("request", self._request)
        self.page.on("console", self._console)

    def _response(self, response: object) -> None:
        url, status = response.url, response.status  # type: ignore[attr-defined]
        if status >= 400 and not url.endswith(KNOWN_404):
            self.complaints.append(f"{status} {url}")

    def _request(self, request: object) -> None:
        url = request.url  # type: ignore[attr-defined]
        if not url.startswith((self.base, "data:", "blob:")):
            self.complaints.append(f"external request: {url}")

    def _console(self, message: object) -> None:
        text = message.text  # type: ignore[attr-defined]
        if message.type == "error" and "404 (Not Found)" not in text:  # type: ignore[attr-defined]
            self.complaints.append(f"console: {text}")

    def open(self, path: str, *, wait: bool = True) -> Page:
        self.page.goto(f"{self.base}/{path}", wait_until="commit")
        if wait:
            self.ready()
        return self.page

    def ready(self) -> None:
        """Until the page's script has run to its end."""
        self.page.wait_for_function(READY, timeout=120_000)

    def check(self) -> None:
        """No dialog, no error on the page but those that were expected, nothing wrong behind it."""
        assert self.page.get_by_role("dialog").count() == 0
        assert self.page.get_by_test_id("stException").count() == 0
        alerts = [a for a in self.page.get_by_test_id("stAlert").all() if a.is_visible()]
        texts = [alert.inner_text() for alert in alerts]
        bad = [t for t in texts if any(word in t for word in TROUBLE) and t not in self.expected]
        assert bad == []
        assert self.complaints == []

    def close(self) -> None:
        self.page.context.close()


def come_to(page: Page, place: str) -> None:
    """Some parts are drawn when their place (`sight.is_seen`) is in sight."""
    spot = page.locator(f".st-key-{place}_sight")
    if spot.count():
        with suppress(Error):  # it may be gone before it is scrolled to
            spot.scroll_into_view_if_needed(timeout=10_000)
    expect(spot).to_have_count(0)


def _missing(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _chromium(playwright: Playwright) -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None and Path(playwright.chromium.executable_path).exists():
        found = playwright.chromium.executable_path
    if found is None:
        _missing(
            "no browser: install Chromium or Chrome, or run `.venv/bin/playwright install chromium`"
        )
        raise AssertionError("unreachable")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = _chromium(playwright)
        try:
            opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        except Error as error:
            _missing(f"the browser at {path} does not start: {error}")
            raise
        yield opened
        opened.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(log: IO[bytes]) -> tuple[subprocess.Popen[bytes], str]:
    """A fresh server of the dashboard that complains into `log`; its address once it answers."""
    port = _free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", "dashboard.py"),
            *("--server.port", str(port), "--server.address", "127.0.0.1"),
            *("--server.headless", "true", "--server.fileWatcherType", "none"),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=log,
    )
    base = f"http://127.0.0.1:{port}"
    pause = threading.Event()
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{base}/_stcore/health", timeout=1) as answer:
                if answer.read() == b"ok":
                    return process, base
        except OSError:
            pause.wait(0.1)
    process.kill()
    raise AssertionError("the server did not start in a minute")


@contextmanager
def running_server() -> Iterator[str]:
    """A fresh server; at the end it must not have logged a traceback."""
    with tempfile.TemporaryFile() as log:
        process, base = start_server(log)
        try:
            yield base
        finally:
            process.terminate()
            process.wait(timeout=20)
        log.seek(0)
        said = log.read().decode(errors="replace")
        assert "Traceback" not in said, said


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with running_server() as base:
        yield base


@pytest.fixture(autouse=True)
def nothing_stays_open(browser: Browser) -> Iterator[None]:
    """Pages that a failed test leaves behind would draw on and make the next ones fail, too."""
    yield
    for context in browser.contexts:
        context.close()


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Callable[..., Visitor]]:
    """Opens tabs on the shared server and looks at their complaints at the end."""
    opened: list[Visitor] = []

    def make(**options: object) -> Visitor:
        opened.append(Visitor(browser, server, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield make
    for visitor in opened:
        visitor.check()
