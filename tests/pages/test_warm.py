"""The first visit after a start: a light frame, an engine that is loaded once, work behind."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pages.components import warm

ROOT = Path(__file__).resolve().parents[2]
TRAINING = warm.training  # before a fixture replaces it


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that nobody has visited."""
    monkeypatch.setattr(warm, "_engine", None)
    monkeypatch.setattr(warm, "_tasks", {})
    monkeypatch.setattr(warm, "_thread", warm._Behind())


def test_the_frame_of_a_page_does_not_wait_for_the_engine():
    """What a page imports before `open_page`, in a process of its own."""
    code = (
        "import sys; import dashboard_parts; "
        "print([m for m in ('torch', 'numba', 'sklearn', 'scipy', 'pandas') if m in sys.modules])"
    ).replace("dashboard_parts", "pages.components.frame, pages.components.home")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=180
    )
    assert done.stdout.strip() == "[]", done.stderr[-500:]


@pytest.mark.usefixtures("fresh")
def test_many_first_visitors_load_the_engine_once_and_in_one_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[tuple[str, ...]] = []
    monkeypatch.setattr(warm, "_load", lambda names: loaded.append(tuple(names)))
    visitors = [threading.Thread(target=warm.wait) for _ in range(10)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(10)
    assert loaded == [warm._FIRST, warm._SECOND] and warm.is_ready()


@pytest.mark.usefixtures("fresh")
def test_a_library_that_cannot_be_loaded_is_said_and_tried_again(monkeypatch: pytest.MonkeyPatch):
    real = warm._load
    monkeypatch.setattr(warm, "_load", lambda names: real(["a_library_that_is_not_there"]))
    with pytest.raises(ImportError, match="a_library_that_is_not_there"):
        warm.wait()
    assert not warm.is_ready()
    monkeypatch.setattr(warm, "_load", lambda names: None)
    warm.wait()
    assert warm.is_ready()


@pytest.mark.usefixtures("fresh")
def test_work_in_the_background_is_done_once_and_said_meanwhile(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(warm, "_load", lambda names: None)
    go, runs = threading.Event(), []

    def task() -> None:
        runs.append(1)
        assert go.wait(10)
        raise OSError("disk full")

    assert warm.under_way() == warm.LOADING
    warm.wait()
    for _ in range(3):
        warm.also("compiling something", task)
    assert warm.under_way() == "Warming up: compiling something"
    go.set()
    warm._tasks["compiling something"].result(10)
    assert warm.under_way() == "" and runs == [1] and "disk full" in caplog.text


@pytest.mark.parametrize("code, room, runs", [(0, 4 << 30, 1), (1, 4 << 30, 2), (0, 1 << 30, 0)])
def test_kernels_are_compiled_ahead_once_and_only_where_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    code: int,
    room: int,
    runs: int,
) -> None:
    asked: list[list[str]] = []

    class Child:
        returncode = code

        def __init__(self, command: list[str], **_: object) -> None:
            asked.append(command)

        def communicate(self) -> tuple[None, str]:
            return None, "no compiler"

        def kill(self) -> None: ...

    monkeypatch.setattr(warm.subprocess, "Popen", Child)
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("snncore.device.memory_bytes", lambda: room)
    TRAINING()
    TRAINING()
    assert len(asked) == runs and ("no compiler" in caplog.text) == (code == 1)


def test_what_compiles_ahead_is_a_command_that_runs():
    """With a data set that is not there it ends at once, in the words of the command line."""
    code = warm._COMPILE.replace("--dataset digits", "--dataset nonsense")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 2 and "nonsense" in done.stderr


# A server that is stopped while a process of its own compiles for the first time.
_STOPPED = """
import pathlib, sys, tempfile, time
import snncore.device, snncore.kernels
from pages.components import warm

told = pathlib.Path(sys.argv[1])
snncore.device.memory_bytes = lambda: 4 << 30
snncore.kernels.compiled_folder = lambda: pathlib.Path(tempfile.mkdtemp())  # nothing is compiled
warm._load = lambda names: None
warm._COMPILE = "import os, pathlib, time; pathlib.Path(%r).write_text(str(os.getpid())); "
warm._COMPILE = warm._COMPILE % str(told) + "time.sleep(60)"
warm.begin()
warm.also("x", warm.training)
while not (told.exists() and told.read_text()):
    time.sleep(0.02)
print("bye")
"""


def test_a_server_that_is_stopped_waits_for_no_compiler_and_leaves_none_behind(tmp_path: Path):
    told = tmp_path / "pid"
    done = subprocess.run(
        [sys.executable, "-c", _STOPPED, str(told)],
        cwd=ROOT, capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert done.stdout.strip() == "bye", done.stderr[-500:]
    child = Path(f"/proc/{told.read_text()}/stat")
    assert not child.exists() or child.read_text().rsplit(")", 1)[1].split()[0] == "Z"
