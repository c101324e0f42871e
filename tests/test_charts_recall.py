"""Pictures and charts of the Hopfield page: what is marked, what is unknown, what a curve holds."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from snncore.plots import recall as figures

ORANGE = tuple(int(figures.WRONG[i : i + 2], 16) for i in (1, 3, 5))
BLUE = tuple(int(figures.UNKNOWN[i : i + 2], 16) for i in (1, 3, 5))


def colours(tile: np.ndarray[Any, Any]) -> list[tuple[int, ...]]:
    return [tuple(pixel) for pixel in tile.reshape(-1, 3).tolist()]


def test_binary_tiles_are_black_white_and_blue_where_unknown() -> None:
    row = np.array([-1, 1, 0, 1], dtype=np.float32)
    assert colours(figures.tile(row, (2, 2), side=0)) == [(0,) * 3, (255,) * 3, BLUE, (255,) * 3]
    known = np.array([True, False, True, True])  # then 0 is a value as any other
    shown = colours(figures.tile(row, (2, 2), known=known, side=0))
    assert shown[1] == BLUE and shown[2] == (128,) * 3


def test_wrong_pixels_are_orange_and_counted_alike_in_all_modes() -> None:
    truth = np.array([-1, 1, 1, 1], dtype=np.int8)
    shown = colours(figures.tile(np.array([1, 1, 1, -1], np.int8), (2, 2), truth=truth, side=0))
    assert [c == ORANGE for c in shown] == [True, False, False, True]
    grey = np.array([0.2, 0.5, 0.9, 0.4], dtype=np.float32)
    near = grey + np.float32(0.9 * figures.OFF)
    far = near.copy()
    far[2] = 0.0
    assert not figures.wrong_pixels(near, grey, (2, 2), "grey").any()
    assert figures.wrong_pixels(far, grey, (2, 2), "grey").tolist() == [
        [False, False],
        [True, False],
    ]
    rgb = np.zeros(12, dtype=np.float32)
    off = rgb.copy()
    off[7] = 1.0  # the green of the third pixel
    assert figures.wrong_pixels(off, rgb, (2, 2), "rgb").tolist() == [[False, False], [True, False]]


def test_grey_and_colour_are_clipped_for_display_only() -> None:
    row = np.array([-0.5, 0.5, 1.5, 1.0], dtype=np.float32)
    before = row.copy()
    shown = figures.tile(row, (2, 2), mode="grey", side=0)
    assert colours(shown) == [(0,) * 3, (128,) * 3, (255,) * 3, (255,) * 3]
    assert (row == before).all()
    red = figures.tile(np.array([1, 0, 0], np.float32), (1, 1), mode="rgb", side=0)
    assert colours(red) == [(255, 0, 0)]


@pytest.mark.parametrize(
    ("shape", "side", "scale"), [((2, 3), 6, 2), ((2, 3), 7, 3), ((4, 4), 0, 1)]
)
def test_small_pictures_are_enlarged_by_whole_numbers(
    shape: tuple[int, int], side: int, scale: int
) -> None:
    states = np.ones(shape[0] * shape[1], dtype=np.int8)
    assert figures.tile(states, shape, side=side).shape == (shape[0] * scale, shape[1] * scale, 3)


def test_the_sheet_has_three_rows_and_holds_every_picture_whole() -> None:
    inks = [(200, 10 * k, 30) for k in range(6)]
    tiles = [np.full((40, 50, 3), ink, dtype=np.uint8) for ink in inks]
    rows = [tiles[0:2], tiles[2:4], tiles[4:6]]
    data = figures.sheet(rows, ["a", "a very long name indeed"], ["exact\nm 1", "92 %"], title="T")
    image = np.asarray(Image.open(io.BytesIO(data))).astype(int)
    places = []
    for ink in inks:
        y, x = np.nonzero((image == ink).all(axis=2))
        assert len(y) == 40 * 50
        places.append((int(y.min()), int(x.min())))
    tops, lefts = [p[0] for p in places], [p[1] for p in places]
    assert tops[0] == tops[1] < tops[2] == tops[3] < tops[4] == tops[5]
    assert lefts[0] == lefts[2] == lefts[4] < lefts[1]


def test_the_chart_of_overlaps_thins_lines_and_steps_but_keeps_the_last() -> None:
    trace = np.linspace(0, 1, 400 * 90, dtype=np.float32).reshape(400, 90)
    chart = figures.overlap_chart(trace, range(5, 405), np.arange(90) % 2 == 0, "time step")
    table = chart["datasets"]["lines"]
    assert table["picture"].nunique() == figures.LINES
    assert table["step"].max() == 404 and table["step"].nunique() <= 120
    last = table[(table["step"] == 404) & (table["picture"] == 90)]
    assert last["overlap"].item() == pytest.approx(1.0)
    assert set(table["answer"]) == {"recalled", "not recalled"}


def test_a_live_curve_of_one_step_is_still_a_chart() -> None:
    chart = figures.live_chart(np.array([0.4], dtype=np.float32))
    assert chart["datasets"]["curve"]["overlap"].tolist() == pytest.approx([0.4])
