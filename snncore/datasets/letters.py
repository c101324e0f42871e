"""The 26 capital letters, drawn white on black (64×64 grey) in Pillow's own outline font."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from snncore.datasets.canvas import SIDE, Canvas

INK, PAPER = 255, 0
HEIGHT, THICKER = 44.0, 2.5  # pixels, of a capital; of its edges, so that it survives at 16×16
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def letter(name: str, c: Canvas) -> None:
    """One capital in the middle."""
    c.text(name, (SIDE / 2, SIDE / 2), HEIGHT, INK, THICKER)


LETTERS: tuple[tuple[str, Callable[[Canvas], None]], ...] = tuple(
    (name, partial(letter, name)) for name in ALPHABET
)
