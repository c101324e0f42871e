"""How large an uploaded file may be, by kind; larger ones go through the command line."""

from __future__ import annotations

from typing import Literal, get_args

UploadKind = Literal["picture", "csv", "sound", "npz", "checkpoint"]
UPLOAD_LIMITS_MB: dict[UploadKind, int] = {
    "picture": 10,
    "csv": 10,
    "sound": 10,
    "npz": 64,
    "checkpoint": 64,
}
MB = 1_000_000


def check_upload(kind: UploadKind, n_bytes: int) -> None:
    """Refuse an upload by its size before anything in it is looked at.

    Args:
        kind: what the file is meant to be.
        n_bytes: its length.

    Raises:
        ValueError: unknown kind, empty file, or one above `UPLOAD_LIMITS_MB[kind]`.
    """
    if kind not in get_args(UploadKind):
        raise ValueError(f"kind must be one of {', '.join(get_args(UploadKind))}, got {kind!r}")
    if n_bytes <= 0:
        raise ValueError(f"the {kind} file is empty")
    limit = UPLOAD_LIMITS_MB[kind]
    if n_bytes > limit * MB:
        # Rounded up, so that a file just above the limit does not read as equal to it.
        size = -(-n_bytes * 10 // MB) / 10
        raise ValueError(
            f"{kind} uploads must be <= {limit} MB, got {size:.1f} MB; "
            "larger files go through the command line (python -m snncore --help)"
        )
