"""The wall clock jumps by a day, forward and back: nothing is stopped, forgotten or removed."""

from __future__ import annotations

import ast
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from snncore.jobs import Progress
from snncore.state import Shelf
from tests.faults.desk import PATIENCE_S, Desk, goes_on, start, state, until, visit

ROOT = Path(__file__).resolve().parents[2]
DAY = 86_400.0
# Ages of files, which the disk tells by the wall clock, in days; the date of a sweep's run.
WALL_CLOCK = {
    "snncore/kernels/__init__.py",
    "snncore/datasets/downloads.py",
    "snncore/state.py",
    "snncore/sweep/drive.py",
}


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_while_a_job_runs(desk: Desk, monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    """The wall clock jumps by a day while a job runs."""
    go = threading.Event()

    def work() -> Iterator[Progress]:
        yield Progress(0.5, "half", "partial")
        assert go.wait(PATIENCE_S)
        yield Progress(1.0, "all", "a result")

    desk.works["work"] = work
    app = start(visit(), "work")
    until(app, lambda: "payload partial" in [t.value for t in app.text])
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    pause = threading.Event()
    pause.wait(0.3)  # rounds of upkeep
    app.run()
    bar = app.get("progress")[0].proto.text
    assert state(app) == "running" and " h " not in bar and "day" not in bar
    go.set()
    until(app, lambda: state(app) == "done")
    pause.wait(0.3)
    app.run()
    assert state(app) == "done" and "Finished in 1 s" in app.caption[0].value
    goes_on(app)


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_what_is_kept_for_a_restart_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    """The wall clock jumps by a day between two servers."""
    shelf = Shelf(tmp_path)
    shelf.put("old", lambda file: file.write(b"x") and None)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    shelf.put("new", lambda file: file.write(b"x") and None)
    assert shelf.find("old") and shelf.find("new")
    monkeypatch.setattr(time, "time", lambda: real() + 4 * DAY)
    shelf.tidy()
    assert not shelf.find("old")  # but not for ever


def test_the_shelf_is_bounded(tmp_path: Path) -> None:
    """Trainings of many visitors fill the folder: the oldest go, and other files stay."""
    shelf = Shelf(tmp_path, most=3, budget=250)
    (tmp_path / "mine.safetensors").write_bytes(b"of somebody else")
    half = tmp_path / f".{shelf._path('x').name}.0a.part"
    half.write_bytes(bytes(10))
    os.utime(half, (1.0, 1.0))
    for k in range(5):
        shelf.put(f"secret {k}", lambda file: file.write(bytes(100)) and None)
        os.utime(shelf._path(f"secret {k}"), (time.time() - 100 + k,) * 2)
    shelf.tidy()
    assert [bool(shelf.find(f"secret {k}")) for k in range(5)] == [False] * 3 + [True] * 2
    assert (tmp_path / "mine.safetensors").exists() and not half.exists()
    names = {path.name for path in tmp_path.iterdir()}
    assert not any("secret" in name for name in names)
    assert shelf.find("../../etc/passwd") is None


def test_finished_trainings_make_room_before_unfinished_ones(tmp_path: Path) -> None:
    """After a crash one visitor finishes many short trainings: what was cut off stays."""
    shelf = Shelf(tmp_path, most=3)
    shelf.put("cut off", lambda file: file.write(b"x") and None)
    os.utime(*tmp_path.iterdir(), (time.time() - 1000,) * 2)
    for k in range(5):
        shelf.put(f"short {k}", lambda file: file.write(b"x") and None)
        shelf.put(f"short {k}", lambda file: file.write(b"xx") and None, done=True)
        assert len(list(tmp_path.iterdir())) == min(k + 2, 3)  # one file of each
        (path,) = tmp_path.glob(f"{shelf._path(f'short {k}').name.partition('.')[0]}*")
        os.utime(path, (time.time() - 100 + k,) * 2)
    assert shelf.find("cut off") and shelf.find("short 4") and not shelf.find("short 0")


def test_the_files_are_for_the_server_s_user_only(tmp_path: Path) -> None:
    """The folder was made by the host, and others on the machine may look into it."""
    tmp_path.chmod(0o755)
    modes: list[int] = []
    Shelf(tmp_path).put("link", lambda file: modes.append(os.fstat(file.fileno()).st_mode))
    modes.append(next(tmp_path.iterdir()).stat().st_mode)
    assert [mode & 0o777 for mode in modes] == [0o600] * 2


def test_no_interval_is_measured_with_the_wall_clock() -> None:
    """No interval is measured by a clock that may jump."""
    for path in [*(ROOT / "snncore").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]:
        if path.relative_to(ROOT).as_posix() in WALL_CLOCK:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                name = (node.value.id, node.attr)
                assert name not in {("time", "time"), ("datetime", "now")}, f"{path}: {name}"
