"""Sixteen icons, drawn white on black by the functions below (64×64 grey)."""

from __future__ import annotations

import math
from collections.abc import Callable

from snncore.datasets.canvas import Canvas, Point, around

INK, PAPER = 255, 0


def heart(c: Canvas) -> None:
    """The curve x = 16 sin³t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t."""
    outline: list[Point] = []
    for k in range(120):
        t = 2 * math.pi * k / 120
        x = 16 * math.sin(t) ** 3
        y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        outline.append((32 + 1.65 * x, 29 - 1.65 * y))
    c.polygon(outline, INK)


def star(c: Canvas) -> None:
    """Five points, the inner radius that of a pentagram."""
    inner = 31 * math.sin(math.radians(18)) / math.sin(math.radians(54))
    corners = [around((32, 35), 31 if k % 2 == 0 else inner, -90 + 36 * k) for k in range(10)]
    c.polygon(corners, INK)


def house(c: Canvas) -> None:
    """Gable roof, chimney, door and two windows."""
    c.rectangle((43, 11, 50, 28), INK)
    c.polygon([(32, 5), (61, 33), (3, 33)], INK)
    c.rectangle((10, 35, 54, 59), INK)
    c.rectangle((27, 42, 37, 59), PAPER)
    c.rectangle((14.5, 40, 22.5, 48), PAPER)
    c.rectangle((41.5, 40, 49.5, 48), PAPER)


def key(c: Canvas) -> None:
    """Bow to the left, bit to the right."""
    c.disc((18, 32), 15, INK)
    c.disc((18, 32), 7, PAPER)
    c.rectangle((31, 28.5, 61, 35.5), INK)
    c.rectangle((44, 34, 49, 46), INK)
    c.rectangle((54, 34, 60, 49), INK)


def anchor(c: Canvas) -> None:
    """Ring, stock, shank and two flukes."""
    c.disc((32, 11), 8, INK)
    c.disc((32, 11), 3.6, PAPER)
    c.rectangle((29, 17, 35, 57), INK)
    c.rectangle((19, 22, 45, 28), INK, radius=3)
    c.arc((32, 34), 21.5, 12, 168, 6.5, INK)
    c.polygon([(3, 41), (9, 27), (19, 37)], INK)
    c.polygon([(61, 41), (55, 27), (45, 37)], INK)


def moon(c: Canvas) -> None:
    """A crescent."""
    c.disc((30, 32), 27, INK)
    c.disc((43, 25), 22, PAPER)


def tree(c: Canvas) -> None:
    """A fir of three tiers."""
    c.rectangle((27.5, 48, 36.5, 61), INK)
    c.polygon([(32, 3), (46, 21), (18, 21)], INK)
    c.polygon([(32, 12), (52, 37), (12, 37)], INK)
    c.polygon([(32, 24), (58, 52), (6, 52)], INK)


def fish(c: Canvas) -> None:
    """Swimming to the left."""
    c.ellipse((3, 17, 47, 47), INK)
    c.polygon([(40, 32), (61, 15), (56, 32), (61, 49)], INK)
    c.polygon([(20, 20), (34, 9), (38, 22)], INK)
    c.disc((14, 28), 3.2, PAPER)
    c.arc((4, 32), 19, -38, 38, 2, PAPER)


def mug(c: Canvas) -> None:
    """A steaming mug with its handle to the right."""
    c.arc((46, 40), 11, -80, 80, 5.5, INK)
    c.rectangle((8, 24, 46, 60), INK, radius=6)
    c.rectangle((8, 24, 46, 32), INK)
    for x in (18, 27, 36):
        c.arc((x, 8), 4.2, 95, 265, 2.8, INK)
        c.arc((x, 16), 4.2, -85, 75, 2.8, INK)


def umbrella(c: Canvas) -> None:
    """A scalloped canopy over a hooked stick."""
    c.sector((3, 8, 61, 66), 180, 360, INK)
    for x in (12.6, 32, 51.4):
        c.ellipse((x - 9.7, 31, x + 9.7, 43), PAPER)
    c.rectangle((30, 3, 34, 12), INK, radius=2)
    c.rectangle((29.8, 30, 34.2, 54), INK)
    c.arc((38.5, 53), 6.5, 0, 180, 4.4, INK)


def bolt(c: Canvas) -> None:
    """Lightning."""
    c.polygon([(38, 2), (11, 36), (28, 36), (22, 62), (53, 25), (35, 25), (45, 2)], INK)


def bell(c: Canvas) -> None:
    """A bell with its clapper."""
    c.disc((32, 8), 5, INK)
    c.sector((14, 8, 50, 44), 180, 360, INK)
    c.polygon([(14, 25.5), (50, 25.5), (53, 43), (60, 50), (4, 50), (11, 43)], INK)
    c.sector((24, 46, 40, 62), 0, 180, INK)
    c.rectangle((22, 50, 42, 52.5), PAPER)


def note(c: Canvas) -> None:
    """Two beamed quavers."""
    c.ellipse((5, 44, 25, 60), INK)
    c.ellipse((38, 38, 58, 54), INK)
    c.rectangle((20, 13, 25, 52), INK)
    c.rectangle((53, 7, 58, 46), INK)
    c.polygon([(20, 10), (58, 4), (58, 16), (20, 22)], INK)


def rocket(c: Canvas) -> None:
    """Pointing straight up, with fins, a window and a flame."""
    c.polygon([(21, 34), (9, 48), (9, 56), (22, 48)], INK)
    c.polygon([(43, 34), (55, 48), (55, 56), (42, 48)], INK)
    body = [(32 + s * w, y) for s, pairs in ((1, 1), (-1, -1)) for w, y in _HULL[::pairs]]
    c.polygon(body, INK)
    c.disc((32, 23), 5, PAPER)
    c.polygon([(26, 52), (38, 52), (32, 63)], INK)


_HULL = [(11 * math.sin(math.pi * k / 26) ** 0.8, 2 + 46 * k / 20) for k in range(21)]


def boat(c: Canvas) -> None:
    """Two sails over a hull."""
    c.polygon([(5, 46), (59, 46), (49, 60), (15, 60)], INK)
    c.rectangle((29.5, 3, 32.5, 46), INK)
    c.polygon([(35, 5), (56, 42), (35, 42)], INK)
    c.polygon([(27, 13), (27, 42), (9, 42)], INK)


def crown(c: Canvas) -> None:
    """Five points with pearls over a band."""
    c.polygon(
        [(8, 46), (5, 20), (18, 34), (32, 12), (46, 34), (59, 20), (56, 46)],
        INK,
    )
    c.rectangle((8, 49, 56, 57), INK)
    c.disc((5.5, 17), 4, INK)
    c.disc((32, 9), 4.5, INK)
    c.disc((58.5, 17), 4, INK)


ICONS: tuple[tuple[str, Callable[[Canvas], None]], ...] = (
    ("heart", heart),
    ("star", star),
    ("house", house),
    ("key", key),
    ("anchor", anchor),
    ("moon", moon),
    ("tree", tree),
    ("fish", fish),
    ("mug", mug),
    ("umbrella", umbrella),
    ("bolt", bolt),
    ("bell", bell),
    ("note", note),
    ("rocket", rocket),
    ("boat", boat),
    ("crown", crown),
)
