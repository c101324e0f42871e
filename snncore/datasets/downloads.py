"""Fetching MNIST, Fashion-MNIST and GTSRB: our own loop for progress, torchvision's list of files.

Everything is fetched and unpacked in a scratch folder beside its destination and renamed into
place once its MD5 sum is right and it is whole. So a cut-off download, a full disk or a killed
process leaves no half file where a reader would take it for a whole one.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from snncore.datasets import vision
from snncore.datasets.images import DatasetMissing

TIMEOUT_S = 20.0  # of connecting and of each read
MAX_BYTES = 1 << 30  # no archive of ours is as large; an endless stream is cut here
_CHUNK = 1 << 18
_SCRATCH = ".download-"  # folders of downloads under way begin so,
_DEAD_S = 24 * 3600  # and belong to a process that was killed when they are as old as this
# Sizes of the archives, only for the progress bar before a server has told them.
_EXPECTED_BYTES = {
    ("mnist", "train-images-idx3-ubyte.gz"): 9_912_422,
    ("mnist", "train-labels-idx1-ubyte.gz"): 28_881,
    ("mnist", "t10k-images-idx3-ubyte.gz"): 1_648_877,
    ("mnist", "t10k-labels-idx1-ubyte.gz"): 4_542,
    ("fashion", "train-images-idx3-ubyte.gz"): 26_421_880,
    ("fashion", "train-labels-idx1-ubyte.gz"): 29_515,
    ("fashion", "t10k-images-idx3-ubyte.gz"): 4_422_102,
    ("fashion", "t10k-labels-idx1-ubyte.gz"): 5_148,
}
# torchvision keeps these inside a method; a test compares them with it.
_GTSRB_URL = "https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370/"


class DownloadProgress(NamedTuple):
    """How far a download is: bytes done, bytes in all as far as known, and one line of text."""

    done_bytes: int
    total_bytes: int
    text: str


@dataclass(frozen=True)
class Archive:
    """One file to fetch, and the one thing in it that is wanted."""

    file: str
    urls: tuple[str, ...]  # mirrors, tried in order
    md5: str
    inside: str  # path in the unpacked archive
    target: str  # path under the root
    expected_bytes: int = 0


GTSRB_ARCHIVES = tuple(
    Archive(file, (_GTSRB_URL + file,), md5, inside, f"gtsrb/{inside}", size)
    for file, md5, inside, size in (
        (
            "GTSRB-Training_fixed.zip",
            "513f3c79a4c5141765e10e952eaa2478",
            "GTSRB/Training",
            187_490_228,
        ),
        (
            "GTSRB_Final_Test_Images.zip",
            "c7e4e6327067d32654124b0fe9e82185",
            "GTSRB/Final_Test",
            88_978_620,
        ),
        (
            "GTSRB_Final_Test_GT.zip",
            "fe31e9c9270bbcd7b84b7f21a9d9d9e5",
            "GT-final_test.csv",
            99_620,
        ),
    )
)


def archives(name: str) -> tuple[Archive, ...]:
    """The files of "mnist", "fashion" or "gtsrb", from torchvision's own list.

    Raises:
        DatasetMissing: torchvision cannot be imported.
    """
    if name == "gtsrb":
        return GTSRB_ARCHIVES
    kind = vision.IDX_FOLDERS[name]
    dataset = getattr(vision.torchvision_datasets(), kind)
    return tuple(
        Archive(
            file,
            tuple(mirror + file for mirror in dataset.mirrors),
            md5,
            file.removesuffix(".gz"),
            f"{kind}/raw/{file.removesuffix('.gz')}",
            _EXPECTED_BYTES.get((name, file), 0),
        )
        for file, md5 in dataset.resources
    )


def fetch(name: str, root: Path) -> Iterator[DownloadProgress]:
    """Download and unpack what `root` lacks of a data set; whole files that are there are kept.

    Raises:
        DatasetMissing: no network, no mirror with the right file, or a folder that cannot be
            written; what was there before is untouched.
    """
    wanted = archives(name)
    _remove_dead(root)
    sizes = {archive.file: archive.expected_bytes for archive in wanted}
    done = 0
    for archive in wanted:
        if _is_there(root / archive.target):
            done += sizes[archive.file]
            yield DownloadProgress(done, sum(sizes.values()), f"{archive.file}: already there")
            continue
        try:
            (root / archive.target).parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=root) as scratch:
                packed = Path(scratch) / archive.file
                got = 0
                for got, total in _fetch_one(name, archive, packed):
                    sizes[archive.file] = total or max(got, sizes[archive.file])
                    yield DownloadProgress(
                        done + got, sum(sizes.values()), f"{archive.file}: downloading"
                    )
                sizes[archive.file] = got
                done += got
                yield DownloadProgress(done, sum(sizes.values()), f"{archive.file}: unpacking")
                _unpack(name, archive, packed, root)
        except OSError as error:
            raise DatasetMissing(
                f"{name} cannot be stored in {root}: {error.strerror or error}; free some space "
                "or set SNNCORE_DATA to a folder that can be written"
            ) from error
    yield DownloadProgress(done, done, f"{name} is complete")


def _remove_dead(root: Path) -> None:
    """Give back the space of downloads whose process was killed."""
    for folder in root.glob(f"{_SCRATCH}*"):
        with suppress(OSError):  # another process removes it, too
            if folder.stat().st_mtime < time.time() - _DEAD_S:
                shutil.rmtree(folder, ignore_errors=True)


def _is_there(target: Path) -> bool:
    if target.name.endswith("ubyte"):
        return vision.idx_whole(target)
    return target.exists()


def _fetch_one(name: str, archive: Archive, packed: Path) -> Iterator[tuple[int, int]]:
    """(bytes done, bytes in all or 0) until `packed` is whole, trying one mirror after another."""
    failures = []
    for url in archive.urls:
        part = packed.with_name(packed.name + ".part")
        try:
            yield from _fetch_url(url, archive.md5, part)
        except _MirrorError as failure:
            failures.append(f"{url}: {failure}")
            continue
        os.replace(part, packed)
        return
    raise DatasetMissing(
        f"{name} could not be downloaded ({'; '.join(failures)}); check the network and run "
        f"`python -m snncore download {name}` again, or copy the data set from another machine "
        "and set SNNCORE_DATA to its folder"
    )


class _MirrorError(Exception):
    """One mirror did not give the right file."""


@contextmanager
def _mirror_errors() -> Iterator[None]:
    """Errors of the network, as opposed to those of the disk, as `_MirrorError`."""
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise _MirrorError(str(error) or type(error).__name__) from error


def _fetch_url(url: str, md5: str, part: Path) -> Iterator[tuple[int, int]]:
    """Stream `url` into `part`, yielding (bytes done, announced bytes or 0)."""
    hasher = hashlib.md5(usedforsecurity=False)
    done = 0
    with _mirror_errors():
        request = urllib.request.Request(url, headers={"User-Agent": "snncore"})
        response = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    with response, part.open("wb") as file:
        with _mirror_errors():
            total = int(response.headers.get("Content-Length") or 0)
        yield 0, total
        while True:
            with _mirror_errors():
                chunk = response.read(_CHUNK)
            if not chunk:
                break
            done += len(chunk)
            if done > MAX_BYTES:
                raise _MirrorError(f"the file is longer than {MAX_BYTES} bytes")
            hasher.update(chunk)
            file.write(chunk)
            yield done, total
    if done < total:
        raise _MirrorError(f"cut off after {done} of {total} bytes")
    if hasher.hexdigest() != md5:
        raise _MirrorError(f"a wrong file of {done} bytes came, its MD5 sum differs")


def _unpack(name: str, archive: Archive, packed: Path, root: Path) -> None:
    """Let torchvision unpack beside the archive, then rename what is wanted into place."""
    from torchvision.datasets.utils import extract_archive

    folder = packed.parent / "unpacked"
    folder.mkdir()
    extract_archive(str(packed), str(folder))
    target = root / archive.target
    try:
        os.replace(folder / archive.inside, target)
    except OSError:
        if not _is_there(target):  # else another process was faster, and its copy is as good
            raise
