"""What the arrays of a stranger's .npz file claim to be, checked before any of them is read.

An archive may lie in its table of contents (thousands of entries, wrong sizes) and each array may
lie in its header (100000×100000 in a file of a kilobyte, pickled objects). Nothing here allocates
more than a few kilobytes, whatever they claim.
"""

from __future__ import annotations

import io
import math
import os
import struct
import tokenize
import zipfile
from typing import IO, Any, NamedTuple

import numpy as np

KEYS = ("x_train", "y_train", "x_test", "y_test")
MIN_SIDE, MAX_SIDE = 4, 256  # pixels
MAX_PICTURES = 200_000  # in each part
MAX_MEMBERS = 16
CURE = "write it with numpy.savez(file, x_train=…, y_train=…, x_test=…, y_test=…)"
_MISPLACED = "the npz file is damaged: its parts are not where its table says"
_MAX_DIRECTORY = 1 << 16  # bytes of the archive's table of contents; ours needs about 300
_MAX_HEADER = 1024  # characters of an array's header; ours needs about 100
# What numpy raises on a header that is not a plain array's (it evaluates a Python literal).
_BAD_HEADER = (
    ValueError,
    TypeError,
    KeyError,
    SyntaxError,
    RecursionError,
    MemoryError,
    UserWarning,
    tokenize.TokenError,  # of numpy's reader of headers that Python 2 wrote
)


class ArrayHeader(NamedTuple):
    """One array of the archive, as its header declares it."""

    key: str
    info: zipfile.ZipInfo
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    start: int  # bytes before the first element

    @property
    def n_values(self) -> int:
        return math.prod(self.shape)


def check_directory(file: IO[bytes]) -> None:
    """Refuse an archive with a huge table of contents before `zipfile` builds objects from it.

    An archive by numpy ends with the 22 bytes of its end record (a comment would follow; numpy
    writes none). Its fields: number of entries at byte 10, length of the table at byte 12. Only
    archives of over 2 GiB or 65535 members use the longer form, which the marks 0xFFFF... announce.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 22))
    end = file.read(22)
    if len(end) < 22 or end[:4] != b"PK\x05\x06" or end[20:] != b"\x00\x00":
        what = "empty" if size == 0 else "not an npz file, or it is cut off"
        raise ValueError(f"the npz file is {what}; {CURE}")
    entries, length = struct.unpack("<HL", end[10:16])
    file.seek(max(0, size - 22 - 20 - 56))
    longer = file.read(76)
    if longer[56:60] == b"PK\x06\x07" and longer[:4] == b"PK\x06\x06":
        entries, length = struct.unpack("<QQ", longer[32:48])
    elif longer[-20:-16] == b"PK\x06\x07":
        raise ValueError(f"the npz file is damaged: no end record where one is announced; {CURE}")
    if entries > MAX_MEMBERS or length > _MAX_DIRECTORY:
        raise ValueError(
            f"the npz file must have <= {MAX_MEMBERS} members, got {entries} in a table of "
            f"{length} bytes"
        )
    if length > size - 22:
        raise ValueError(f"{_MISPLACED}; {CURE}")


def read_headers(archive: zipfile.ZipFile) -> dict[str, ArrayHeader]:
    """The headers of the four arrays, each checked by itself."""
    members = archive.infolist()
    names = [info.filename for info in members]
    if any(info.header_offset < 0 for info in members):
        raise ValueError(f"{_MISPLACED}; {CURE}")
    if len(members) > MAX_MEMBERS:
        raise ValueError(f"the npz file must have <= {MAX_MEMBERS} members, got {len(members)}")
    if len(set(names)) != len(names):
        raise ValueError(f"the npz file names a member twice: {', '.join(sorted(names))[:200]}")
    missing = [key for key in KEYS if f"{key}.npy" not in names]
    if missing:
        raise ValueError(f"the npz file lacks {', '.join(missing)}; {CURE}")
    headers = {}
    for key in KEYS:
        info = archive.getinfo(f"{key}.npy")
        # The other methods unpack without a limit, however little is asked for.
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{key} in the npz file is packed in a way numpy never does; {CURE}")
        with archive.open(info) as member:
            # Never more than this of a header, whatever length it claims.
            headers[key] = _header(key, info, member.read(_MAX_HEADER + 16))
    return headers


def _header(key: str, info: zipfile.ZipInfo, first: bytes) -> ArrayHeader:
    """Parse and check the header at the start of a member."""
    stream = io.BytesIO(first)
    try:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            parsed = np.lib.format.read_array_header_1_0(stream, max_header_size=_MAX_HEADER)
        elif version == (2, 0):
            parsed = np.lib.format.read_array_header_2_0(stream, max_header_size=_MAX_HEADER)
        else:
            raise ValueError(f"format version {version} is not for plain arrays")
    except _BAD_HEADER as error:
        text = " ".join(str(error).split())[:200]
        raise ValueError(f"{key} in the npz file is not a plain array: {text}") from error
    shape, fortran, dtype = parsed
    start = stream.tell()
    if dtype.hasobject or dtype.kind not in "uif" or dtype.itemsize > 8:
        raise ValueError(f"{key} must hold plain numbers, got dtype {dtype}; objects are not read")
    header = ArrayHeader(key, info, shape, dtype, bool(fortran), start)
    _check_shape(header)
    expected = start + header.n_values * dtype.itemsize
    if info.file_size != expected:
        raise ValueError(
            f"{key} in the npz file is damaged: its header declares {dtype} {shape}, {expected} "
            f"bytes with the header, the archive {info.file_size}"
        )
    return header


def _check_shape(header: ArrayHeader) -> None:
    key, shape, dtype = header.key, header.shape, header.dtype
    if key.startswith("x"):
        if dtype != np.uint8 and dtype.kind != "f":
            raise ValueError(f"{key} must be uint8 or floats 0..1, got {dtype}")
        if len(shape) != 3:
            raise ValueError(f"{key} must be [n, h, w], got shape {shape}")
        for side in shape[1:]:
            if not MIN_SIDE <= side <= MAX_SIDE:
                raise ValueError(
                    f"{key} must be {MIN_SIDE}..{MAX_SIDE} pixels high and wide, got shape {shape}"
                )
    else:
        if dtype.kind not in "ui":
            raise ValueError(f"{key} must be whole numbers, got {dtype}")
        if len(shape) != 1:
            raise ValueError(f"{key} must be [n], got shape {shape}")
    if not 1 <= shape[0] <= MAX_PICTURES:
        raise ValueError(f"{key} must have 1..{MAX_PICTURES} entries, got {shape[0]}")
