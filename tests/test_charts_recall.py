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


@pytest.mark.parametrize("mode", ["grey", "rgb"])
def test_a_picture_that_is_wrong_all_over_is_still_seen_through_its_marks(mode: str) -> None:
    channels = 3 if mode == "rgb" else 1
    truth = np.full(4 * channels, 0.5, dtype=np.float32)
    row = np.repeat(np.array([0.0, 0.3, 0.52, 1.0], dtype=np.float32), channels)
    first, second, right, last = colours(figures.tile(row, (2, 2), mode=mode, truth=truth, side=0))
    assert right == (133,) * 3
    assert all(red > green > blue for red, green, blue in (first, second, last))
    levels = np.diff([sum(first), sum(second), sum(last)]) / 3
    assert levels == pytest.approx([0.15 * 255, 0.35 * 255], abs=1)  # half of the contrast is left


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


def opened(data: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("mode", ["binary", "grey", "rgb"])
def test_a_thumbnail_of_a_small_picture_is_its_tile_to_the_pixel(mode: str) -> None:
    random = np.random.default_rng(0)
    numbers = 40 * 60 * (3 if mode == "rgb" else 1)
    truth = random.random(numbers, dtype=np.float32)
    if mode == "binary":
        truth = np.sign(truth - 0.5)
    marks = {"mode": mode, "truth": truth, "known": random.random(numbers) < 0.95}
    for values in (truth * np.sign(random.random(numbers) - 0.1), random.normal(size=numbers)):
        tile = figures.tile(values, (40, 60), side=0, **marks)
        marked = [c for c in colours(tile) if c == ORANGE or (c[0] - c[1], c[1] - c[2]) == (59, 47)]
        assert marked and (mode == "rgb" or BLUE in colours(tile))
        shown = figures.thumbnail(values, (40, 60), side=60, **marks)
        assert np.array_equal(opened(shown), tile)


def test_a_thumbnail_is_shrunk_unless_few_colours_make_it_small_anyway() -> None:
    random = np.random.default_rng(0)
    signs = np.sign(random.random(200 * 100) - 0.5)
    whole = figures.thumbnail(signs, (200, 100), side=50)
    assert opened(whole).shape == (200, 100, 3) and len(whole) < 200 * 100 / 8 + 500
    noise = random.random(200 * 100, dtype=np.float32)
    small = figures.thumbnail(noise, (200, 100), mode="grey", side=50)
    assert opened(small).shape == (50, 25, 3) and len(small) < 50 * 25 * 1.1 + 200
    assert opened(small).mean() == pytest.approx(127.5, abs=2)  # an average, not single pixels
    assert opened(small).std() < 40  # of single pixels it would be 74


def test_the_sheet_has_three_rows_and_holds_every_picture_whole() -> None:
    inks = [(200, 10 * k, 30) for k in range(6)]
    tiles = [np.full((40, 50, 3), ink, dtype=np.uint8) for ink in inks]
    rows = [tiles[0:2], tiles[2:4], tiles[4:6]]
    data = figures.sheet(rows, ["a", "a very long name indeed"], ["exact\nm 1", "92 %"], title="T")
    image = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
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
