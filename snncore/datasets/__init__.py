"""Image sets by name: bundled ones that are always there, and those that torchvision downloads.

`load(name)` returns an `ImageSet`; `catalogue()` says what exists and what is present. A data set
that is missing is a `DatasetMissing` error that names the cure; nothing is substituted silently.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from snncore import state
from snncore.datasets import bundled, downloads, drawn, files, vision
from snncore.datasets.downloads import DownloadProgress
from snncore.datasets.images import (
    DatasetMissing,
    ImageSet,
    Split,
    check_split,
    fingerprint,
    fitted_size,
    resize,
    to_float,
    to_grey,
)

__all__ = [
    "NAMES",
    "DatasetInfo",
    "DatasetMissing",
    "DownloadProgress",
    "ImageSet",
    "Split",
    "catalogue",
    "data_root",
    "download",
    "files",
    "fingerprint",
    "fitted_size",
    "load",
    "resize",
    "to_float",
    "to_grey",
]

_BUNDLED: dict[str, tuple[str, Callable[[Split], ImageSet]]] = {
    "digits": ("Digits 8×8", bundled.digits),
    "skimage": ("Four photographs", bundled.skimage_four),
    "icons": ("Icons", drawn.icons),
    "signs": ("Road signs, drawn", drawn.signs),
    "letters": ("Capital letters", drawn.letters),
}
_EXTERNAL = {
    "mnist": ("MNIST", "12 MB"),
    "fashion": ("Fashion-MNIST", "31 MB"),
    "gtsrb": ("Road signs, photographed (GTSRB)", "277 MB"),
}
NAMES = (*_BUNDLED, *_EXTERNAL)
_TRUST_S = 2.0  # what was there a moment ago is there
_locks: dict[str, threading.Lock] = {}


class DatasetInfo(NamedTuple):
    """One line of the catalogue."""

    name: str
    title: str
    bundled: bool  # comes with the installation, always there
    present: bool  # `load` will find it
    note: str  # one sentence: what it is missing and the cure, or empty


def data_root() -> Path:
    """The folder with the downloaded data sets, in torchvision's layout; it may not exist yet.

    `SNNCORE_DATA` if set, else the user's cache folder by the platform's convention.
    """
    given = os.environ.get("SNNCORE_DATA", "").strip()
    if given:
        return Path(given).expanduser().absolute()
    return state.cache_folder()


def catalogue() -> tuple[DatasetInfo, ...]:
    """All named data sets; looks at file sizes only, so a page may call it on every run."""
    here = [DatasetInfo(name, title, True, True, "") for name, (title, _) in _BUNDLED.items()]
    root = data_root()
    for name, (title, size) in _EXTERNAL.items():
        found = _is_present(name, root)
        note = "" if found else f"{title} ({size}) is not here yet: {vision.cure(name)}."
        here.append(DatasetInfo(name, title, False, found, note))
    return tuple(here)


_found: dict[tuple[str, Path], float] = {}  # what was there, and when


def _is_present(name: str, root: Path) -> bool:
    """`vision.present`, asked anew every `_TRUST_S`: a page asks a hundred times in each run, and
    each look at the disk lets all other threads of a full server go first."""
    now = time.monotonic()
    if now - _found.get((name, root), -math.inf) < _TRUST_S:
        return True
    if vision.present(name, root):
        _found[name, root] = now
        return True
    _found.pop((name, root), None)  # it may come at any moment
    return False


def load(name: str, split: Split = "train") -> ImageSet:
    """An image set by name, or a user's own file by its path.

    Args:
        name: one of `NAMES`, or the path of an .npz file on this machine (see `files.read_npz`;
            never a path that came over the network).
        split: "train" or "test".

    Returns:
        The set, its arrays read-only; repeated calls share them.

    Raises:
        DatasetMissing: it is not on this machine, or damaged; the message names the cure.
        ValueError: unknown name or split, or a bad .npz file.
    """
    check_split(split)
    if name.lower().endswith(".npz"):
        path = Path(name).expanduser()
        try:
            state = path.stat()
        except OSError as error:
            raise ValueError(f"cannot read {name}: {error.strerror or error}") from error
        with _lock(".npz"):
            pair = _load_file(str(path), state.st_mtime_ns, state.st_size)
        return pair[0] if split == "train" else pair[1]
    if name not in NAMES:
        raise ValueError(
            f"unknown data set {name!r}; it must be one of {', '.join(NAMES)}, or an .npz file"
        )
    with _lock(name):  # many visitors at once: one loads, the others get the same arrays
        return _load_named(name, split, None if name in _BUNDLED else data_root())


def download(name: str, root: str | Path | None = None) -> Iterator[DownloadProgress]:
    """Fetch what is missing of a data set; drive the iterator to its end.

    Args:
        name: one of `NAMES`; for a bundled one there is nothing to do.
        root: folder to put it in; `data_root()` by default.

    Raises:
        ValueError: unknown name, at once.
        DatasetMissing: while iterating: no network, or a folder that cannot be written.
    """
    if name not in NAMES:
        raise ValueError(f"unknown data set {name!r}; it must be one of {', '.join(NAMES)}")
    if name in _BUNDLED:
        return iter((DownloadProgress(0, 0, f"{name} comes with the program"),))
    return downloads.fetch(name, data_root() if root is None else Path(root).expanduser())


def _lock(name: str) -> threading.Lock:
    return _locks.setdefault(name, threading.Lock())


@lru_cache(maxsize=2 * len(NAMES))
def _load_named(name: str, split: Split, root: Path | None) -> ImageSet:
    if root is None:
        return _BUNDLED[name][1](split)
    if name == "gtsrb":
        return vision.gtsrb_set(split, root)
    return vision.idx_set(name, split, root)


@lru_cache(maxsize=1)
def _load_file(path: str, mtime_ns: int, size: int) -> tuple[ImageSet, ImageSet]:
    """One file at a time is kept; time and size are in the key, so a rewritten one is read anew."""
    return files.read_npz(path)
