"""Charts of the Hopfield page's instruments: what stands where, and what is left out."""

from __future__ import annotations

import base64
import io
import math

import numpy as np
import pytest
from PIL import Image

from snncore.plots.heat import EMPTY, VIRIDIS
from snncore.plots.hopfield_basin import border, evenly, filled, share_map
from snncore.plots.hopfield_capacity import Line, Points, capacity_chart
from snncore.plots.hopfield_compare import Score, compare_chart, thumbnail
from snncore.plots.hopfield_landscape import barrier_chart, surface_chart


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def cells(spec: dict) -> np.ndarray:
    url = spec["layer"][0]["mark"]["url"]
    return pixels(base64.b64decode(url.partition(",")[2]))


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


# ---- comparison ----------------------------------------------------------------------------------


def test_a_binary_thumbnail_is_black_white_and_grey_where_nothing_is_known():
    framed = pixels(thumbnail(np.array([-1, 1, 0, 1], np.int8), (2, 2), side=4))
    assert framed.shape == (6, 6, 3) and (framed[0] == 128).all() and (framed[:, -1] == 128).all()
    shown = framed[1:-1, 1:-1]
    assert [shown[0, 0, 0], shown[0, 3, 0], shown[3, 3, 0]] == [0, 255, 255]
    assert shown[3, 0, 0] in (127, 128)


def test_a_grey_or_colour_thumbnail_is_clipped_for_display_only():
    values = np.array([-0.4, 0.5, 1.7, 0.0], np.float32)
    before = values.copy()
    shown = pixels(thumbnail(values, (2, 2), "grey", side=2))[1:-1, 1:-1]
    assert shown[..., 0].ravel().tolist() == [0, 128, 255, 0]
    assert np.array_equal(values, before)
    colour = thumbnail(np.array([1, 0, 0, 0, 0, 1], np.float32), (1, 2, 3), "rgb", side=2)
    assert pixels(colour)[1:-1, 1:-1].tolist() == [[[255, 0, 0], [0, 0, 255]]]


def test_the_comparison_has_a_row_for_each_memory_in_the_order_given():
    scores = [Score("Hebb", 0.9, 0.0), Score("Modern", 1.0, 1.0)]
    spec = compare_chart(scores, [("Best possible", 1.0), ("Input", 0.7)])
    table = spec["datasets"]["scores"]
    assert table["pixels"].tolist() == [90.0, 100.0] and table["exact"].tolist() == [0.0, 100.0]
    dots = [part for part in spec["layer"] if part["data"]["name"] == "scores"]
    assert len(dots) == 2 and dots[0]["encoding"]["y"]["sort"] == ["Hebb", "Modern"]
    assert dots[0]["encoding"]["x"]["scale"]["domain"][0] == 0.0  # a share is seen against nothing
    assert spec["datasets"]["m1"]["pixels"].tolist() == [70.0]


# ---- capacity ------------------------------------------------------------------------------------


def lab(**more):
    x = np.array([0.05, 0.1, 0.15])
    points = Points("simulated", x, np.array([1.0, 0.998, math.nan]), np.array([0.0, 0.01, 0.1]))
    return capacity_chart(
        [points], [Line("theory", x, np.array([1.0, 0.998, math.nan]))], ("load", "m"), **more
    )


def test_points_have_bars_of_one_standard_error_where_there_is_one():
    bars = lab()["datasets"]["e0"]
    assert len(bars) == 1  # not at error 0, not where the point is missing
    assert bars["low"].to_numpy() == pytest.approx([0.988])
    assert bars["high"].to_numpy() == pytest.approx([1.008])


def test_limits_outside_the_loads_are_left_out():
    spec = lab(marks=[("0.138", 0.138), ("1", 1.0)])
    marks = [spec["datasets"][k]["x"].tolist() for k in spec["datasets"] if k.startswith("m")]
    assert marks == [[0.138]] and spec["datasets"]["m0"]["name"].tolist() == ["0.138"]
    colours = spec["layer"][0]["encoding"]["color"]["scale"]
    assert colours["domain"] == ["theory", "simulated"]  # limits have their names beside them


def test_a_laboratory_without_points_yet_shows_theory_alone():
    empty = Points("simulated", np.zeros(0), np.zeros(0), np.zeros(0))
    x = np.array([0.1, 0.2])
    spec = capacity_chart([empty], [Line("theory", x, x)], ("load", "m"))
    assert [part["data"]["name"] for part in spec["layer"]] == ["s0"]
    assert capacity_chart([empty], [], ("load", "m"))["layer"] == []


def test_counts_over_many_decades_get_a_logarithmic_axis():
    counts = np.array([10.0, 1e3, 1e5])
    points = Points("dam", counts, np.ones(3), np.full(3, 0.1))
    spec = capacity_chart([points], [], ("pictures", "m"), log=True)
    scale = spec["layer"][0]["encoding"]["x"]["scale"]
    assert scale["type"] == "log" and scale["domain"][0] > 0


# ---- maps ----------------------------------------------------------------------------------------


def test_the_border_is_interpolated_between_the_cells():
    y = np.array([0.0, 0.1, 0.2, 0.3])
    share = np.array([[1, 0.2, 1, math.nan], [1, 0, 0.75, 1], [0.5, 0, 0.25, 1], [0, 0, 0, 1]])
    found = border(np.arange(4.0), y, share)
    assert found[0] == pytest.approx(0.2)  # 0.5 at 0.2 still counts
    assert math.isnan(found[1])  # never recalled
    assert found[2] == pytest.approx(0.15)
    assert found[3] == pytest.approx(0.3)  # recalled to the end


def test_the_border_looks_over_cells_that_are_still_missing():
    share = np.array([[1.0], [math.nan], [0.0]])
    assert border(np.zeros(1), np.array([0.0, 0.1, 0.2]), share)[0] == pytest.approx(0.1)


def test_the_colours_of_a_filling_map_always_mean_zero_to_one():
    share = np.array([[0.5, math.nan], [0.5, 0.5]])
    spec = share_map(np.arange(2.0), np.arange(2.0), share, ("x", "y", "share"), here=(9.0, 0.0))
    assert spec["layer"][1]["encoding"]["fill"]["scale"]["domain"] == [0.0, 1.0]
    shown = cells(spec)
    assert tuple(shown[-1, -1]) == EMPTY  # the first row is at the bottom
    middle = tuple(shown[0, 0])
    assert middle not in (rgb(VIRIDIS[0]), rgb(VIRIDIS[-1]))
    assert "here" not in spec["datasets"]  # the page's setting lies outside


def test_each_theory_line_of_a_map_has_its_own_colour():
    x, z = np.linspace(0, 1, 5), np.ones((5, 5))
    lines = {name: (x, x * k) for k, name in enumerate(("T_M", "T_c", "T_g"))}
    spec = share_map(x, x, z, ("load", "T", "m"), lines=lines)
    scale = next(p["encoding"]["color"]["scale"] for p in spec["layer"] if "color" in p["encoding"])
    assert scale["domain"] == ["T_M", "T_c", "T_g"] and len(set(scale["range"])) == 3


# ---- landscape -----------------------------------------------------------------------------------


def test_contours_of_a_bowl_are_circles_in_the_units_of_the_axes():
    m = np.linspace(-1, 1, 81)
    energy = m[None, :] ** 2 + m[:, None] ** 2
    lines = surface_chart(m, m, energy, ("a", "b", "E"))["datasets"]["contours"]
    for _, line in lines.groupby("line"):
        radius = np.hypot(line["x"], line["y"])
        if radius.max() < 0.95:  # whole circles
            assert radius.max() - radius.min() < 0.02  # a cell is 0.025 wide


def test_the_way_has_a_start_and_an_end():
    m = np.linspace(-1, 1, 5)
    path = np.array([[0.0, 0.1], [0.5, 0.2], [1.0, 0.0]])
    spec = surface_chart(
        m, m, np.full((5, 5), math.nan), ("a", "b", "E"), path=path, stored=(("a", 1.0, 0.0),)
    )
    ends = spec["datasets"]["ends"]
    assert ends["text"].tolist() == ["start", "end"]
    assert ends[["x", "y"]].to_numpy().tolist() == [[0.0, 0.1], [1.0, 0.0]]
    assert len(spec["datasets"]["contours"]) == 0  # nothing is known yet
    assert spec["datasets"]["stored"]["text"].tolist() == ["a"]


def test_the_barriers_top_is_marked():
    share, up = np.linspace(0, 1, 5), np.array([-0.5, -0.3, -0.1, -0.4, -0.5])
    spec = barrier_chart(share, up, up - 0.01, up + 0.01, ("share of the way", "E/N"))
    assert spec["datasets"]["m0"]["x"].tolist() == [0.5]
    assert spec["datasets"]["b0"]["top"].to_numpy() == pytest.approx(up + 0.01)


def test_open_cells_look_like_the_nearest_known_ones():
    share = np.full((5, 5), math.nan)
    assert np.isnan(filled(share)).all()  # nothing is known yet
    share[0, 0], share[4, 4] = 1.0, 0.0
    shown = filled(share)
    assert shown[1, 2] == 1.0 and shown[3, 3] == 0.0 and np.isnan(share).sum() == 23


def test_uneven_loads_stand_where_they_are():
    x = np.array([1.0, 2.0, 3.0, 5.0])
    across, share = evenly(x, np.array([[0.1, 0.2, 0.3, 0.5]]))
    assert across.tolist() == [1, 2, 3, 4, 5]
    assert share[0, [0, 1, 2, 4]].tolist() == [0.1, 0.2, 0.3, 0.5]
    same, _ = evenly(x[:3], np.zeros((1, 3)))
    assert same.tolist() == [1, 2, 3]


def test_start_and_end_in_one_place_share_a_label():
    m, flat = np.linspace(-1, 1, 5), np.zeros((5, 5))
    for path, labels in (([[0, 0], [0.9, 0]], 2), ([[0.9, 0], [0.95, 0.02]], 1)):
        spec = surface_chart(m, m, flat, ("a", "b", "E"), path=np.array(path, dtype=float))
        assert sum(name in spec["datasets"] for name in ("start", "end")) == labels
