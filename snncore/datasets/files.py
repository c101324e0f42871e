"""Files of the user's own: upload limits, and pictures (PNG, JPEG) read with suspicion.

The content decides what a file is, never its name. `read_npz` (module `npz`) and `check_upload`
(module `uploads`) are offered here too.
"""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from snncore.datasets.npz import read_npz
from snncore.datasets.uploads import UPLOAD_LIMITS_MB, UploadKind, check_upload

__all__ = ["MAX_PIXELS", "UPLOAD_LIMITS_MB", "UploadKind", "check_upload", "read_image", "read_npz"]

MAX_PIXELS = 16_000_000  # of an uploaded picture, for example 4000×4000: a telephone's photograph
Image.MAX_IMAGE_PIXELS = None  # Pillow would warn; `read_image` refuses, before it decodes
_PIXEL_RULE = "the picture must have <= 16 million pixels (for example 4000×4000); make it smaller"
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
# What Pillow raises on damaged files: its parsers trust the numbers that they read.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    struct.error,
    zlib.error,
)


def read_image(data: bytes, *, least: int | None = None) -> NDArray[np.uint8]:
    """The picture in the bytes of a PNG or JPEG file, turned upright as its EXIF says.

    Transparent pixels are laid on white; 16-bit grey keeps its upper 8 bits; of an animation the
    first frame is taken.

    Args:
        data: the file's content, at most 10 MB.
        least: so many pixels are enough for the longer side: of a much larger picture whole blocks
            are averaged while it is read, which is several times faster.

    Returns:
        uint8 [H, W] for a grey picture, else [H, W, 3]; at most `MAX_PIXELS` pixels.

    Raises:
        ValueError: too large, too many pixels (said before any is decoded), neither PNG nor JPEG
            whatever the file's name, or damaged.
    """
    check_upload("picture", len(data))
    if not data.startswith(_SIGNATURES):
        raise ValueError("the picture must be a PNG or JPEG file, and this file is neither")
    try:
        picture: Image.Image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
        size = picture.size
    except UnidentifiedImageError as error:
        raise ValueError("the picture is damaged: its header cannot be read") from error
    except _BROKEN as error:
        raise ValueError(f"the picture is damaged and cannot be read: {error}") from error
    if size[0] * size[1] > MAX_PIXELS:
        raise ValueError(f"{_PIXEL_RULE}, got {size[0]}×{size[1]}")
    try:
        if least is not None:
            picture = _reduced(picture, least)
        picture.load()
        return _pixels(ImageOps.exif_transpose(picture))
    except _BROKEN as error:
        raise ValueError(
            f"the picture is damaged or cut off and cannot be read: {error}"
        ) from error


def _reduced(picture: Image.Image, least: int) -> Image.Image:
    """The picture with whole blocks averaged, its longer side still at least `least`."""
    part = least / max(picture.size)
    if part >= 0.5:
        return picture
    # The JPEG decoder itself halves once to three times; of other files this asks nothing.
    picture.draft(None, (round(picture.width * part), round(picture.height * part)))
    block = max(picture.size) // least
    if block < 2 or picture.mode not in ("L", "RGB") or picture.has_transparency_data:
        return picture
    exif = picture.getexif()
    reduced = picture.reduce(block)
    reduced.info["exif"] = exif.tobytes()  # which side is up
    return reduced


def _pixels(picture: Image.Image) -> NDArray[np.uint8]:
    """uint8 [H, W] or [H, W, 3] of a decoded picture of any mode."""
    if picture.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion would cut it off
        wide = np.asarray(picture).astype(np.int64)
        return np.clip(wide >> 8, 0, 255).astype(np.uint8)
    grey = picture.mode in ("1", "L", "LA", "La")
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        picture = Image.alpha_composite(white, rgba)
    return np.array(picture.convert("L" if grey else "RGB"), dtype=np.uint8)
