"""A user's own data set: an .npz file with x_train, y_train, x_test and y_test.

A file from a stranger may lie. So every size is read from headers and checked against the limits
and against each other before anything is allocated, nothing is ever unpickled, and the arrays are
streamed out of the archive, so that no more is read than was declared.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from snncore.datasets.images import ImageSet, image_set
from snncore.datasets.npz_archive import CURE, KEYS, ArrayHeader, check_directory, read_headers
from snncore.datasets.uploads import check_upload

MAX_CLASSES = 1000
_CHUNK = 1 << 20
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, UnicodeDecodeError)


@dataclass(frozen=True)
class Limits:
    """What one file may ask for, in bytes: unpacked in all, and kept as uint8 pictures."""

    unpacked: int
    pixels: int


UPLOAD = Limits(unpacked=512 * 2**20, pixels=128 * 2**20)
LOCAL = Limits(unpacked=4 * 2**30, pixels=4 * 2**30)


def read_npz(source: str | os.PathLike[str] | bytes) -> tuple[ImageSet, ImageSet]:
    """The training and the test part of a user's file.

    Args:
        source: the path of a file on this machine (at most 4 GiB unpacked), or the bytes of an
            upload (at most 64 MB, 512 MiB unpacked, 128 MiB of pixels). Never a path that came
            over the network. The file holds x_train, x_test: uint8 or floats 0..1, [n, h, w] with
            n 1..200000 and h, w 4..256; y_train, y_test: whole numbers 0..999, [n].

    Returns:
        (training part, test part); floats become uint8 by round(255 x).

    Raises:
        ValueError: with the key, the rule and the value, for whatever does not fit.
    """
    if isinstance(source, bytes):
        check_upload("npz", len(source))
        return _read(io.BytesIO(source), "upload", "the uploaded file", UPLOAD)
    path = Path(source)
    if not path.is_file():
        raise ValueError(f"cannot read {source}: there is no such file")
    try:
        with path.open("rb") as file:
            return _read(file, str(source), path.name, LOCAL)
    except OSError as error:
        raise ValueError(f"cannot read {source}: {error.strerror or error}") from error


def _read(file: IO[bytes], name: str, title: str, limits: Limits) -> tuple[ImageSet, ImageSet]:
    check_directory(file)
    try:
        with zipfile.ZipFile(file) as archive:
            headers = read_headers(archive)
            _check_sizes(headers, limits)
            x_train, y_train, x_test, y_test = (_values(archive, headers[key]) for key in KEYS)
    except _DAMAGE as error:
        raise ValueError(f"the npz file is damaged: {error or 'it is cut off'}") from error
    except (NotImplementedError, RuntimeError) as error:
        raise ValueError(f"the npz file is encrypted or of a new zip version; {CURE}") from error
    class_names = tuple(str(k) for k in range(int(max(y_train.max(), y_test.max())) + 1))
    about = (
        f"Your own data, {title}: {len(y_train)} pictures for training, {len(y_test)} for testing, "
        f"{x_train.shape[1]}×{x_train.shape[2]} pixels."
    )
    return (
        image_set(name, x_train.astype(np.uint8, copy=False), y_train, class_names, "train", about),
        image_set(name, x_test.astype(np.uint8, copy=False), y_test, class_names, "test", about),
    )


def _check_sizes(headers: dict[str, ArrayHeader], limits: Limits) -> None:
    """What the four arrays must be together."""
    for part in ("train", "test"):
        n_x, n_y = headers[f"x_{part}"].shape[0], headers[f"y_{part}"].shape[0]
        if n_x != n_y:
            raise ValueError(f"y_{part} must be as long as x_{part} ({n_x}), got {n_y}")
    train, test = headers["x_train"].shape[1:], headers["x_test"].shape[1:]
    if train != test:
        raise ValueError(f"x_test must have pictures of {train} pixels like x_train, got {test}")
    unpacked = sum(header.info.file_size for header in headers.values())
    if unpacked > limits.unpacked:
        raise ValueError(
            f"the npz file must unpack to <= {limits.unpacked // 2**20} MiB, "
            f"got {unpacked / 2**20:.0f} MiB; use fewer pictures or uint8"
        )
    pixels = headers["x_train"].n_values + headers["x_test"].n_values
    if pixels > limits.pixels:
        raise ValueError(
            f"the npz file must have <= {limits.pixels / 1e6:.0f} million pixels in all, "
            f"got {pixels / 1e6:.0f} million; larger files go through the command line"
        )


def _values(archive: zipfile.ZipFile, header: ArrayHeader) -> NDArray[Any]:
    """The array, uint8 for pictures and int64 for labels, converted chunk by chunk."""
    is_picture = header.key.startswith("x")
    flat = np.empty(header.n_values, dtype=np.uint8 if is_picture else np.int64)
    per_chunk = _CHUNK // header.dtype.itemsize
    with archive.open(header.info) as member:
        member.read(header.start)
        for first in range(0, header.n_values, per_chunk):
            n = min(per_chunk, header.n_values - first)
            # At the end of the member zipfile compares its check sum.
            data = member.read(n * header.dtype.itemsize)
            if len(data) != n * header.dtype.itemsize:
                raise ValueError(f"{header.key} in the npz file is cut off")
            chunk = np.frombuffer(data, dtype=header.dtype)
            flat[first : first + n] = (
                _grey(chunk, header.key) if is_picture else _labels(chunk, header.key)
            )
    return flat.reshape(header.shape, order="F" if header.fortran else "C")


def _grey(chunk: NDArray[Any], key: str) -> NDArray[np.uint8]:
    if chunk.dtype == np.uint8:
        return chunk
    # Written so that NaN, which compares as false, is refused as well.
    bad = ~((chunk >= 0) & (chunk <= 1))
    if bad.any():
        raise ValueError(
            f"{key} must be in 0..1 for floats (or uint8 0..255), got {chunk[bad][0]!s}"
        )
    return np.round(chunk.astype(np.float32) * np.float32(255)).astype(np.uint8)


def _labels(chunk: NDArray[Any], key: str) -> NDArray[np.int64]:
    low, high = int(chunk.min()), int(chunk.max())
    if low < 0 or high >= MAX_CLASSES:
        raise ValueError(f"{key} must be in 0..{MAX_CLASSES - 1}, got {low if low < 0 else high}")
    return chunk.astype(np.int64)
