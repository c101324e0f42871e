"""Drawings as texts: what is written is read back, and everything else is refused in words."""

from __future__ import annotations

import base64
import random
import string
import time

import numpy as np
import pytest

from snncore.datasets.drawing import (
    LINK_SIDE,
    MAX_SIDE,
    fits_link,
    read_drawing,
    read_link,
    write_drawing,
)


def picture(rng: np.random.Generator, height: int, width: int, grey: bool) -> np.ndarray:
    levels = (
        rng.integers(0, 256, (height, width)) if grey else 255 * rng.integers(0, 2, (height, width))
    )
    return levels.astype(np.uint8)


@pytest.mark.parametrize("grey", [False, True])
def test_every_size_comes_back_pixel_for_pixel(grey: bool) -> None:
    rng = np.random.default_rng(0)
    for height, width in [
        (8, 8),
        (8, 64),
        (64, 8),
        (9, 11),
        (13, 31),
        (32, 32),
        (64, 64),
        (17, 63),
    ]:
        pixels = picture(rng, height, width, grey)
        text = write_drawing(pixels)
        assert text.startswith("g" if grey else "b")
        again = read_drawing(text)
        assert again.dtype == np.uint8 and np.array_equal(again, pixels)
        assert again.flags.writeable
        assert write_drawing(again) == text  # one drawing, one text


def test_the_bits_are_in_the_order_that_the_text_says() -> None:
    pixels = np.zeros((8, 8), dtype=np.uint8)
    pixels[0, 0] = pixels[7, 7] = 255
    data = bytes([0x80, 0, 0, 0, 0, 0, 0, 0x01])
    assert write_drawing(pixels) == "b8x8." + base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_an_address_carries_small_black_and_white_drawings_only() -> None:
    rng = np.random.default_rng(1)
    small = picture(rng, LINK_SIDE, LINK_SIDE, False)
    assert fits_link(small) and np.array_equal(read_link(write_drawing(small)), small)
    assert len(write_drawing(small)) <= 178
    grey = picture(rng, 16, 16, True)
    large = picture(rng, LINK_SIDE + 1, 16, False)
    for other in (grey, large):
        assert not fits_link(other)
        with pytest.raises(ValueError, match="a drawing"):
            read_link(write_drawing(other))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "must be a text, got NoneType"),
        (7, "must be a text, got int"),
        (["b8x8."], "must be a text, got list"),
        ("", "must be written like"),
        ("b8x8", "must be written like"),
        ("c8x8.AAAAAAAAAAA", "must be written like"),
        ("b08x8.AAAAAAAAAAA", "must be written like"),
        ("b8x8.AAAAAAAAAA\n", "must be written like"),
        ("b8x8.AAAAAAAAAA=", "must be written like"),
        ("b8x8.AAAAAAAAAA+", "must be written like"),
        ("b٨x8.AAAAAAAAAAA", "must be written like"),
        ("b-8x8.AAAAAAAAAAA", "must be written like"),
        ("b7x8.AAAAAAAAAA", "sides must be in 8..64 pixels, got 7×8"),
        ("b65x8.", "sides must be in 8..64"),
        ("b99x99.", "sides must be in 8..64"),
        ("b8x8.AAAAAAAAAA", "must have 11 letters of data, got 10"),
        ("b8x8.AAAAAAAAAAAA", "must have 11 letters of data, got 12"),
        ("g8x8.AAAAAAAAAAA", "must have 86 letters of data, got 11"),
        ("b8x8.AAAAAAAAAAB", "no bits beyond the last pixel"),
        ("b9x9.AAAAAAAAAAAAABA", "no bits beyond the last pixel"),
        ("b9x9.AAAAAAAAAAAAAAB", "no bits beyond the last pixel"),
        ("b64x64." + "A" * 10_000_000, "must have <= "),
    ],
)  # fmt: skip
def test_what_is_not_a_drawing_is_refused_in_words(text: object, words: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ValueError, match=words):
        read_drawing(text)
    assert time.perf_counter() - start < 0.5  # a long text is not even looked at


def test_damaged_texts_are_read_or_refused_and_never_anything_else() -> None:
    """20,000 texts near and far from right ones: a valid picture, or ValueError."""
    random_ = random.Random(0)
    rng = np.random.default_rng(2)
    letters = string.ascii_letters + string.digits + "-_.x=+/ \n\0é☃"
    good = [write_drawing(picture(rng, 8 + k % 20, 8 + k % 7, bool(k % 2))) for k in range(40)]
    read = refused = 0
    for _ in range(20_000):
        text = list(random_.choice(good))
        for _ in range(random_.randrange(1, 4)):
            where = random_.randrange(len(text) + 1)
            act = random_.randrange(3)
            if act == 0:
                text.insert(where, random_.choice(letters))
            elif where < len(text) and act == 1:
                text[where] = random_.choice(letters)
            elif where < len(text):
                del text[where]
        word = "".join(text)
        try:
            pixels = read_drawing(word)
        except ValueError:
            refused += 1
            continue
        read += 1
        assert pixels.ndim == 2 and pixels.dtype == np.uint8
        assert min(pixels.shape) >= 8 and max(pixels.shape) <= MAX_SIDE
        # A grey text may hold a picture of black and white only; a text of bits is the only one.
        assert write_drawing(pixels) == word or word.startswith("g")
    assert read > 1000 and refused > 1000


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((8, 8), dtype=np.float32),
        np.zeros((8, 8, 3), dtype=np.uint8),
        np.zeros(64, dtype=np.uint8),
        np.zeros((7, 8), dtype=np.uint8),
        np.zeros((8, 65), dtype=np.uint8),
    ],
)
def test_only_small_grey_pictures_are_written(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="must be"):
        write_drawing(pixels)
