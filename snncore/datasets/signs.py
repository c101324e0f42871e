"""European road signs, drawn in colour by the functions below (64×64 RGB)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from snncore.datasets.canvas import Canvas, Point, regular

SKY = (206, 214, 220)
WHITE, BLACK = (255, 255, 255), (24, 24, 28)
RED, BLUE, YELLOW = (198, 22, 32), (18, 84, 164), (250, 196, 18)
GREEN, AMBER, GREY = (0, 140, 80), (245, 158, 0), (120, 124, 130)
CENTRE: Point = (32, 32)


def _ring(c: Canvas) -> None:
    """The prohibition: a red ring on white."""
    c.disc(CENTRE, 30.5, WHITE)
    c.disc(CENTRE, 29.5, RED)
    c.disc(CENTRE, 22, WHITE)


def _triangle(c: Canvas) -> None:
    """The warning: a white triangle with a red rim, standing on its base."""
    c.polygon([(32, 2), (63, 58), (1, 58)], WHITE)
    c.polygon([(32, 4.5), (61, 57), (3, 57)], RED)
    c.polygon([(32, 15.5), (51.5, 51), (12.5, 51)], WHITE)


def _blue_disc(c: Canvas) -> None:
    """The command: a blue disc with a white rim."""
    c.disc(CENTRE, 30.5, WHITE)
    c.disc(CENTRE, 29, BLUE)


def _blue_square(c: Canvas) -> None:
    """The information: a blue square with a white rim."""
    c.rectangle((3, 3, 61, 61), WHITE, radius=5)
    c.rectangle((4.5, 4.5, 59.5, 59.5), BLUE, radius=4)


def stop(c: Canvas) -> None:
    """Vienna Convention B2."""
    c.polygon(regular(CENTRE, 32, 8, 22.5), WHITE)
    c.polygon(regular(CENTRE, 30, 8, 22.5), RED)
    c.text("STOP", CENTRE, 13.5, WHITE)


def give_way(c: Canvas) -> None:
    """Vienna Convention B1: the triangle on its point."""
    c.polygon([(1, 6), (63, 6), (32, 62)], WHITE)
    c.polygon([(3, 7), (61, 7), (32, 59.5)], RED)
    c.polygon([(13.5, 13.5), (50.5, 13.5), (32, 47)], WHITE)


def no_entry(c: Canvas) -> None:
    """C1: a white bar on red."""
    c.disc(CENTRE, 30.5, WHITE)
    c.disc(CENTRE, 29, RED)
    c.rectangle((11, 26, 53, 38), WHITE)


def no_vehicles(c: Canvas) -> None:
    """C2: an empty ring."""
    _ring(c)


def speed(limit: str, c: Canvas) -> None:
    """C14: the limit in km/h."""
    _ring(c)
    c.text(limit, CENTRE, 22, BLACK)


def end_of_limits(c: Canvas) -> None:
    """C17a: all prohibitions end."""
    c.disc(CENTRE, 30.5, BLACK)
    c.disc(CENTRE, 29, WHITE)
    for offset in (-6.5, 0.0, 6.5):
        half = math.sqrt((28**2 - 2 * offset**2) / 2)  # strokes end at the rim
        x, y = 32 + offset, 32 + offset
        c.line([(x + half, y - half), (x - half, y + half)], 2.6, BLACK)


def no_overtaking(c: Canvas) -> None:
    """C13a: a red car beside a black one."""
    _ring(c)
    _car(c, 23.5, RED)
    _car(c, 40.5, BLACK)


def _car(c: Canvas, x: float, colour: tuple[int, int, int]) -> None:
    """A car from behind, 14 pixels wide, its middle at x."""
    c.polygon([(x - 4.5, 24), (x + 4.5, 24), (x + 6, 30), (x - 6, 30)], colour)
    c.rectangle((x - 7, 29.5, x + 7, 38), colour, radius=1.5)
    c.rectangle((x - 6.5, 37, x - 3, 41.5), colour)
    c.rectangle((x + 3, 37, x + 6.5, 41.5), colour)
    c.polygon([(x - 3.2, 26), (x + 3.2, 26), (x + 4, 29.5), (x - 4, 29.5)], WHITE)


def no_parking(c: Canvas) -> None:
    """C18: one red stroke on blue."""
    c.disc(CENTRE, 30.5, WHITE)
    c.disc(CENTRE, 29.5, RED)
    c.disc(CENTRE, 23, BLUE)
    c.line([(16.5, 16.5), (47.5, 47.5)], 6.5, RED)


def priority_road(c: Canvas) -> None:
    """B3: a yellow square on its corner."""
    c.polygon(regular(CENTRE, 31.5, 4), BLACK)
    c.polygon(regular(CENTRE, 30, 4), WHITE)
    c.polygon(regular(CENTRE, 20, 4), YELLOW)


def danger(c: Canvas) -> None:
    """A32: other danger."""
    _triangle(c)
    c.polygon([(29, 24), (35, 24), (33.6, 40), (30.4, 40)], BLACK)
    c.disc((32, 45), 2.8, BLACK)


def traffic_lights(c: Canvas) -> None:
    """A17: signals ahead."""
    _triangle(c)
    c.rectangle((26.5, 21, 37.5, 49.5), BLACK, radius=3)
    for y, colour in ((26.2, (235, 40, 40)), (35.2, AMBER), (44.2, (20, 190, 90))):
        c.disc((32, y), 3.6, colour)


def crossroads(c: Canvas) -> None:
    """A16: a junction where the right of way is the right's."""
    _triangle(c)
    c.line([(25, 31), (39, 47)], 4.5, BLACK)
    c.line([(39, 31), (25, 47)], 4.5, BLACK)


def roundabout(c: Canvas) -> None:
    """D3: three arrows in a circle, anticlockwise."""
    _blue_disc(c)
    for turn in (0, 120, 240):
        c.arc(CENTRE, 15.5, turn, turn - 74, 5, WHITE)
        x, y = regular(CENTRE, 15.5, 1, turn - 74)[0]
        c.polygon(regular((x, y), 8, 3, turn - 74 - 90), WHITE)


def turn(side: int, c: Canvas) -> None:
    """D1: up and then to the left (side = -1) or right (+1)."""
    _blue_disc(c)
    x = 32 - side * 8
    c.rectangle((x - 3.5, 30, x + 3.5, 50), WHITE)
    c.disc((x, 30), 3.5, WHITE)
    c.arrow((x, 30), (32 + side * 21, 30), 7, 20, WHITE)


def straight_ahead(c: Canvas) -> None:
    """D1: straight on."""
    _blue_disc(c)
    c.arrow((32, 52), (32, 10), 7.5, 22, WHITE)


def one_way(c: Canvas) -> None:
    """E3: a white arrow on a blue board."""
    c.rectangle((1, 17, 63, 47), WHITE, radius=4)
    c.rectangle((2.5, 18.5, 61.5, 45.5), BLUE, radius=3)
    c.arrow((8, 32), (56, 32), 8, 21, WHITE)


def dead_end(c: Canvas) -> None:
    """G13: a road that ends in a red bar."""
    _blue_square(c)
    c.rectangle((27, 22, 37, 55), WHITE)
    c.rectangle((16, 12, 48, 22), WHITE)
    c.rectangle((17.5, 13.5, 46.5, 20.5), RED)


def pedestrian_crossing(c: Canvas) -> None:
    """E12: a walker on a zebra, in a white triangle on blue."""
    _blue_square(c)
    c.polygon([(32, 8), (57, 53), (7, 53)], WHITE)
    for x in (13.5, 22.5, 31.5, 40.5):
        c.polygon([(x, 51), (x + 5, 51), (x + 6.5, 46.5), (x + 2.5, 46.5)], BLACK)
    c.disc((33, 19.5), 3, BLACK)
    c.line([(32, 25), (30.5, 34)], 4.6, BLACK)
    c.line([(31, 34), (35.5, 39), (36, 45)], 3, BLACK)
    c.line([(30, 34), (28, 40), (23.5, 44)], 3, BLACK)
    c.line([(32.5, 25), (37, 29.5), (40.5, 29.5)], 2.2, BLACK)
    c.line([(31, 25), (26.5, 29), (25, 33)], 2.2, BLACK)


SIGNS: tuple[tuple[str, Callable[[Canvas], None]], ...] = (
    ("stop", stop),
    ("give way", give_way),
    ("no entry", no_entry),
    ("no vehicles", no_vehicles),
    ("speed limit 30", partial(speed, "30")),
    ("speed limit 50", partial(speed, "50")),
    ("speed limit 80", partial(speed, "80")),
    ("end of limits", end_of_limits),
    ("no overtaking", no_overtaking),
    ("no parking", no_parking),
    ("priority road", priority_road),
    ("danger", danger),
    ("crossroads", crossroads),
    ("traffic lights", traffic_lights),
    ("roundabout", roundabout),
    ("turn left", partial(turn, -1)),
    ("turn right", partial(turn, 1)),
    ("straight ahead", straight_ahead),
    ("one way", one_way),
    ("dead end", dead_end),
    ("pedestrian crossing", pedestrian_crossing),
)
