"""A small drawing surface for the drawn sets: 64×64 pixels, antialiased by 4× supersampling.

Coordinates are pixels of the finished picture, x to the right, y down, (0, 0) the upper left
corner and (64, 64) the lower right one; fractions are welcome.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

SIDE = 64
SCALE = 4
Colour = int | tuple[int, int, int]
Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom


class Canvas:
    """Shapes in one colour each, painted over one another; `pixels` is the finished picture."""

    def __init__(self, background: Colour) -> None:
        mode = "L" if isinstance(background, int) else "RGB"
        self._image = Image.new(mode, (SIDE * SCALE, SIDE * SCALE), background)
        self._draw = ImageDraw.Draw(self._image)

    def pixels(self) -> NDArray[np.uint8]:
        """uint8 [64, 64] or [64, 64, 3]: each pixel the mean of its 4×4 samples."""
        shrunk = self._image.resize((SIDE, SIDE), Image.Resampling.BOX)
        return np.asarray(shrunk, dtype=np.uint8)

    def polygon(self, points: Iterable[Point], colour: Colour) -> None:
        """A filled polygon."""
        self._draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=colour)

    def rectangle(self, box: Box, colour: Colour, *, radius: float = 0.0) -> None:
        """A filled rectangle, its corners rounded by `radius`."""
        self._draw.rounded_rectangle(_scaled(box), radius=radius * SCALE, fill=colour)

    def disc(self, centre: Point, radius: float, colour: Colour) -> None:
        """A filled circle."""
        x, y = centre
        self.ellipse((x - radius, y - radius, x + radius, y + radius), colour)

    def ellipse(self, box: Box, colour: Colour) -> None:
        """A filled ellipse that fills `box`."""
        self._draw.ellipse(_scaled(box), fill=colour)

    def sector(self, box: Box, start: float, end: float, colour: Colour) -> None:
        """A slice of an ellipse between two angles (degrees clockwise from the right)."""
        self._draw.pieslice(_scaled(box), start, end, fill=colour)

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """A stroke with round ends and joints."""
        path = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw.line(path, fill=colour, width=round(width * SCALE))
        for point in points:
            self.disc(point, width / 2, colour)

    def arc(
        self, centre: Point, radius: float, start: float, end: float, width: float, colour: Colour
    ) -> None:
        """A circular stroke around `centre`, `radius` being that of its middle line."""
        steps = max(2, round(abs(end - start) / 6))
        angles = [start + (end - start) * k / steps for k in range(steps + 1)]
        self.line([around(centre, radius, angle) for angle in angles], width, colour)

    def arrow(self, tail: Point, tip: Point, width: float, head: float, colour: Colour) -> None:
        """A straight arrow with a filled head of width `head`."""
        length = math.dist(tail, tip)
        ux, uy = (tip[0] - tail[0]) / length, (tip[1] - tail[1]) / length
        neck = (tip[0] - ux * head * 0.75, tip[1] - uy * head * 0.75)
        side = (-uy, ux)
        self.polygon(
            [
                (tail[0] + side[0] * width / 2, tail[1] + side[1] * width / 2),
                (neck[0] + side[0] * width / 2, neck[1] + side[1] * width / 2),
                (neck[0] + side[0] * head / 2, neck[1] + side[1] * head / 2),
                tip,
                (neck[0] - side[0] * head / 2, neck[1] - side[1] * head / 2),
                (neck[0] - side[0] * width / 2, neck[1] - side[1] * width / 2),
                (tail[0] - side[0] * width / 2, tail[1] - side[1] * width / 2),
            ],
            colour,
        )

    def text(
        self, words: str, centre: Point, height: float, colour: Colour, thicker: float = 0.35
    ) -> None:
        """Words in Pillow's own font, capitals `height` pixels high, `thicker` at every edge."""
        # Capitals of Pillow's font are 0.72 of its nominal size.
        font = ImageFont.load_default(size=height * SCALE / 0.72)
        left, top, right, bottom = self._draw.textbbox((0, 0), words, font=font)
        x = centre[0] * SCALE - (left + right) / 2
        y = centre[1] * SCALE - (top + bottom) / 2
        self._draw.text((x, y), words, font=font, fill=colour, stroke_width=SCALE * thicker)


def around(centre: Point, radius: float, angle: float) -> Point:
    """The point at `angle` (degrees clockwise from the right) on a circle."""
    turn = math.radians(angle)
    return centre[0] + radius * math.cos(turn), centre[1] + radius * math.sin(turn)


def regular(centre: Point, radius: float, corners: int, first: float = -90.0) -> list[Point]:
    """Corners of a regular polygon, the first at the angle `first` (straight up by default)."""
    return [around(centre, radius, first + 360.0 * k / corners) for k in range(corners)]


def _scaled(box: Box) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    # Pillow's boxes include the last pixel.
    return left * SCALE, top * SCALE, right * SCALE - 1, bottom * SCALE - 1
