"""What a server keeps on disk for the case that it is started again.

Files are named after the hash of a secret (a computation's `watch` id): no name that a visitor
sends becomes a path, and who can list the folder cannot tell which link a file belongs to. They are
bounded in number, bytes and age. What is finished goes first: of the others somebody waits for the
rest.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

MOST = 64  # files
BUDGET = 256 << 20  # bytes of all files together
KEEP_S = 3 * 24 * 3600.0  # by the wall clock: a jump of a day loses nothing
_END = ".kept.safetensors"
_DONE = ".done" + _END


def cache_folder() -> Path:
    """This program's folder in the user's cache, by the platform's convention."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "snncore"


def shelf() -> Shelf | None:
    """Where this server keeps its files: `SNNCORE_STATE`, by default in the user's cache folder;
    None where that is "off"."""
    given = os.environ.get("SNNCORE_STATE", "").strip()
    if given.lower() == "off":
        return None
    return Shelf(Path(given).expanduser().absolute() if given else cache_folder() / "state")


class Shelf:
    """A folder of files by secret; finished ones make room first, then the oldest.

    Args:
        folder: made when it is needed; other files in it are left alone.
        most: files.
        budget: bytes of all of them.
        keep_s: age at which they go.
    """

    def __init__(
        self, folder: Path, *, most: int = MOST, budget: int = BUDGET, keep_s: float = KEEP_S
    ) -> None:
        self._folder, self._most, self._budget, self._keep_s = folder, most, budget, keep_s

    def put(self, secret: str, write: Callable[[BinaryIO], None], *, done: bool = False) -> None:
        """Have `write` fill the file of this secret, which then replaces the old one in one step.

        Args:
            secret: what finds it again.
            write: called with the open file, which only the server's user can read.
            done: nothing is to come: it is among the first to make room.

        Raises:
            OSError: the folder or the file cannot be written; the old file is as it was.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.tidy()  # before: an old file may be what fills the disk
        path = self._path(secret, done)
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        try:
            with open(part, "xb", opener=_private) as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
        self._path(secret, not done).unlink(missing_ok=True)
        self.tidy()

    def find(self, secret: str) -> Path | None:
        """The file of this secret, if there is one."""
        paths = (self._path(secret, done) for done in (True, False))
        return next((path for path in paths if path.is_file()), None)

    def tidy(self) -> None:
        """Remove what is too old or too much, and what a killed process left half written."""
        found = []
        for path in (*self._folder.glob(f"*{_END}"), *self._folder.glob(f".*{_END}.*.part")):
            with suppress(OSError):  # another process removes it, too
                state = path.stat()
                unfinished = not path.name.endswith(_DONE)
                found.append((unfinished, state.st_mtime, state.st_size, path))
        room, oldest = self._budget, time.time() - self._keep_s
        for place, (_, written, size, path) in enumerate(sorted(found, reverse=True)):
            room -= size
            if place >= self._most or room < 0 or written < oldest:
                with suppress(OSError):
                    path.unlink()

    def _path(self, secret: str, done: bool = False) -> Path:
        name = hashlib.sha256(secret.encode(errors="replace")).hexdigest()[:40]
        return self._folder / (name + (_DONE if done else _END))


def _private(path: str, flags: int) -> int:
    """Opens a file that is its owner's only, whatever the folder allows."""
    return os.open(path, flags, 0o600)
