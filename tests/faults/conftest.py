"""What the fault tests share: what a page said, for the table, and a disk that is full."""

from __future__ import annotations

import errno
import inspect
import io
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.desk import Desk
from tests.pages.conftest import compile_the_trainer

TRAIN = ("test_disk.py", "test_kernel.py", "test_restart.py")


@pytest.fixture(scope="session", autouse=True)
def compiled_kernels(request: pytest.FixtureRequest) -> None:
    """On a fresh machine, compiling alone would take the time that a page is given."""
    if any(item.path.name in TRAIN for item in request.session.items):
        compile_the_trainer()


@pytest.fixture(autouse=True)
def row(request: pytest.FixtureRequest) -> None:
    """The first line of a test's docstring names the fault in the table."""
    doc = inspect.getdoc(request.function) or request.node.name
    request.node.user_properties.append(("fault", doc.splitlines()[0].rstrip(".")))


@pytest.fixture
def says(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Puts what the page said into the table."""

    def note(words: str) -> None:
        request.node.user_properties.append(("says", " ".join(words.split())))

    return note


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A manager of the test's own behind the job panel."""
    made = Desk(monkeypatch)
    yield made
    made.manager.close()


class NoRoom(io.FileIO):
    """A file on a full disk: it can be made, but nothing goes into it."""

    def write(self, _: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on a disk of 64 kB that is full; a pretended one where nothing may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        real = io.open

        def opened(file: Any, mode: str = "r", *args: Any, **named: Any) -> Any:
            inside = isinstance(file, str | Path) and Path(file).is_relative_to(folder)
            if inside and set(mode) & set("wax"):
                return NoRoom(file, mode.replace("b", ""))
            return real(file, mode, *args, **named)

        monkeypatch.setattr("builtins.open", opened)
        monkeypatch.setattr("io.open", opened)
        yield folder
        return
    try:
        with (folder / "filler").open("wb", buffering=0) as file, pytest.raises(OSError):
            while file.write(bytes(4096)):
                pass
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
