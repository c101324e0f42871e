"""A small drawing as a short text, so that it can travel in a message or in an address.

`b32x32.<data>` is a drawing of 32 rows and 32 columns with one bit a pixel (1 = bright, the first
pixel the highest bit of the first byte), `g28x28.<data>` one with a byte of grey a pixel. The data
is base64 with the letters that may stand in an address (RFC 4648, section 5), without the padding.

Whatever comes from a browser is checked in full before a single pixel is made: a text has one
length for its size, so nothing can grow on the way.
"""

from __future__ import annotations

import base64
import re

import numpy as np
from numpy.typing import NDArray

MIN_SIDE, MAX_SIDE = 8, 64  # pixels of either side
LINK_SIDE = 32  # of a drawing in an address: at most 178 characters
_FORM = re.compile(r"([bg])([1-9][0-9]?)x([1-9][0-9]?)\.([A-Za-z0-9_-]*)")


def write_drawing(pixels: NDArray[np.uint8]) -> str:
    """The text of a drawing: of its bits where it is black and white only, else of its greys.

    Args:
        pixels: uint8 [H, W], both sides in `MIN_SIDE`..`MAX_SIDE`.

    Raises:
        ValueError: not such a picture.
    """
    if pixels.ndim != 2 or pixels.dtype != np.uint8:
        raise ValueError(f"pixels must be uint8 [H, W], got {pixels.dtype} {pixels.shape}")
    height, width = pixels.shape
    _check_sides(height, width, MAX_SIDE)
    bits = bool(((pixels == 0) | (pixels == 255)).all())
    data = np.packbits(pixels.ravel() > 0).tobytes() if bits else pixels.tobytes()
    letters = base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
    return f"{'b' if bits else 'g'}{height}x{width}.{letters}"


def read_drawing(text: object) -> NDArray[np.uint8]:
    """The drawing in a text; hostile texts are refused in words.

    Args:
        text: what `write_drawing` makes (an `object`, for it comes from a browser).

    Returns:
        uint8 [H, W]: 0 and 255 for bits, any grey else.

    Raises:
        ValueError: not a text, of another form or length, a side out of range, or stray bits.
    """
    return _read(text, MAX_SIDE, "bg")


def read_link(text: object) -> NDArray[np.uint8]:
    """As `read_drawing`, but only what an address may carry: bits of at most `LINK_SIDE` a side."""
    return _read(text, LINK_SIDE, "b")


def fits_link(pixels: NDArray[np.uint8]) -> bool:
    """Whether an address can carry this drawing: black and white, at most `LINK_SIDE` a side."""
    small = pixels.ndim == 2 and all(MIN_SIDE <= side <= LINK_SIDE for side in pixels.shape)
    return small and bool(((pixels == 0) | (pixels == 255)).all())


def _read(text: object, most: int, kinds: str) -> NDArray[np.uint8]:
    if not isinstance(text, str):
        raise ValueError(f"a drawing must be a text, got {type(text).__name__}")
    longest = 8 + (most * most * (8 if "g" in kinds else 1) + 47) // 6
    if len(text) > longest:
        raise ValueError(f"a drawing must have <= {longest} letters, got {len(text):,}")
    form = _FORM.fullmatch(text)
    if form is None or form[1] not in kinds:
        raise ValueError(
            f"a drawing must be written like {kinds[0]}32x32.<data>, got {text[:20]!r}"
            + ("…" if len(text) > 20 else "")
        )
    height, width = int(form[2]), int(form[3])
    _check_sides(height, width, most)
    n_bytes = (height * width + 7) // 8 if form[1] == "b" else height * width
    letters = -(-n_bytes * 8 // 6)
    if len(form[4]) != letters:
        raise ValueError(
            f"a drawing of {height}×{width} must have {letters} letters of data, got {len(form[4])}"
        )
    data = base64.urlsafe_b64decode(form[4] + "=" * (-letters % 4))
    if base64.urlsafe_b64encode(data).decode("ascii").rstrip("=") != form[4]:
        raise ValueError("a drawing's last letter must hold no bits beyond the last pixel")
    values = np.frombuffer(data, dtype=np.uint8)
    if form[1] == "g":
        return values.reshape(height, width).copy()
    bits = np.unpackbits(values)
    if bits[height * width :].any():
        raise ValueError("a drawing's last letter must hold no bits beyond the last pixel")
    return (bits[: height * width] * np.uint8(255)).reshape(height, width)


def _check_sides(height: int, width: int, most: int) -> None:
    if not all(MIN_SIDE <= side <= most for side in (height, width)):
        raise ValueError(
            f"a drawing's sides must be in {MIN_SIDE}..{most} pixels, got {height}×{width}"
        )
