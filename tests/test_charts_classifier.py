"""Charts of the classifier: cells, points, lines, rasters; what is drawn and where."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from snncore.classifier.answers import Plane
from snncore.plots import classifier as charts
from snncore.plots.base import INK
from snncore.plots.classifier import Dots
from snncore.plots.classifier_raster import Trace, trace

NAMES = ("a", "b", "c")


def plane(size: int = 4) -> Plane:
    """Class 0 to the left, 1 to the right, 2 in the top row; surer with every column."""
    winners = np.zeros((size, size), dtype=np.int64)
    winners[:, size // 2 :] = 1
    winners[-1] = 2
    confidence = np.tile(np.linspace(0, 1, size), (size, 1))
    counts = np.stack([(winners == k) * (k + 1) for k in range(3)], axis=-1)
    return Plane(counts, np.zeros_like(counts), winners, confidence)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_the_picture_has_the_top_row_on_top_and_is_stronger_where_it_is_surer():
    shown = pixels(charts.winner_picture(plane()))
    side = len(shown)
    green = np.array([0x00, 0x9E, 0x73])
    far_left, far_right = (
        np.linalg.norm(255 - shown[0, x]) for x in (0, side - 1)
    )  # distance from the white page
    assert far_left < far_right
    assert np.argmax(shown[0, side - 1] - green.min()) == 1  # class c: green rules at the top
    assert np.argmax(shown[side - 1, side - 1]) == 0  # class b, vermilion, at the bottom right


@pytest.mark.parametrize("dark", [False, True])
def test_an_undecided_cell_is_nearly_the_page_itself(dark):
    paper = 14 if dark else 255
    nobody = plane()._replace(confidence=np.zeros((4, 4)))
    assert np.abs(pixels(charts.winner_picture(nobody, dark=dark))[..., 0] - paper).max() < 30


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Relative luminance of WCAG 2."""
    share = rgb / 255
    linear = np.where(share <= 0.03928, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("dark", [False, True])
def test_edges_and_rings_of_points_stand_out_on_every_region(dark):
    winners = np.tile(np.arange(6), (6, 1))
    counts = np.zeros((6, 6, 6), dtype=np.int64)
    sure = np.tile(np.linspace(0, 1, 6)[:, None], 6)
    shown = pixels(charts.winner_picture(Plane(counts, counts, winners, sure), dark=dark))
    points = Dots(np.full((1, 2), 0.5), np.zeros(1, int), np.ones(1, int), np.zeros((1, 6), int))
    plane = Plane(counts, counts, winners, sure)
    spec = charts.decision_map(plane, "abcdef", dots=points, dark=dark)
    marks = {part["data"]["name"]: part["mark"] for part in spec["layer"]}
    assert marks["dots"]["stroke"] == marks["wrong"]["color"] == INK[dark]
    ink = luminance(np.array([int(INK[dark][k : k + 2], 16) for k in (1, 3, 5)]))
    region = luminance(shown[..., :3])
    contrast = (np.maximum(ink, region) + 0.05) / (np.minimum(ink, region) + 0.05)
    assert contrast.min() >= 3  # WCAG 2.2, 1.4.11


def test_cells_carry_their_place_and_counts_for_tooltips_and_clicks():
    cells = charts.decision_map(plane(), NAMES)["datasets"]["cells"]
    assert len(cells) == 16
    first, last = cells.iloc[0], cells.iloc[-1]
    assert (first["x"], first["y"], first["decision"], first["spikes"]) == (
        0.125, 0.125, "a", "1 / 0 / 0",
    )  # fmt: skip
    assert (last["x"], last["y"], last["decision"]) == (0.875, 0.875, "c")


def test_a_click_selects_the_place_by_its_coordinates():
    spec = charts.decision_map(plane(), NAMES)
    (param,) = next(part["params"] for part in spec["layer"] if "params" in part)
    assert param["name"] == charts.PICK and param["select"]["fields"] == ["x", "y"]


def test_wrong_points_and_only_they_get_a_ring():
    dots = Dots(
        np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]),
        np.array([0, 1, 2]), np.array([0, 2, 2]), np.array([[3, 0, 0], [0, 1, 2], [0, 0, 1]]),
    )  # fmt: skip
    data = charts.decision_map(plane(), NAMES, dots=dots)["datasets"]
    assert list(data["dots"]["class"]) == list(NAMES)
    assert data["wrong"][["x", "class", "decision", "spikes"]].values.tolist() == [
        [0.3, "b", "c", "0 / 1 / 2"]
    ]


def test_classes_differ_in_shape_and_not_only_in_colour():
    assert len(set(charts.CLASS_SHAPES)) == len(set(charts.CLASS_SIGNS)) == 6
    for dark in (False, True):
        assert len(set(charts.class_colours(dark))) == 6


def test_the_count_of_one_neuron_has_a_colour_bar_up_to_its_maximum():
    spec = charts.decision_map(plane(), NAMES, neuron=2)
    fill = spec["layer"][1]["encoding"]["fill"]
    assert fill["scale"]["domain"] == [0, 3] and NAMES[2] in fill["legend"]["title"]
    silent = plane()._replace(counts=np.zeros((4, 4, 3), dtype=np.int64))
    spec = charts.decision_map(silent, NAMES, neuron=0)
    assert spec["layer"][1]["encoding"]["fill"]["scale"]["domain"] == [0, 1]


def test_lines_and_the_looked_at_place_are_drawn_where_they_are():
    path = np.array([[0.0, 0.5], [0.4, 0.6], [0.6, 0.6], [1.0, 0.5]])
    spec = charts.decision_map(plane(), NAMES, lines=[("5", path)], picked=(0.3, 0.7))
    data = spec["datasets"]
    assert data["lines"][["x", "y"]].values.tolist() == path.tolist()
    (x, y, label), *others = data["labels"].values.tolist()
    assert (x, y, label, others) == (pytest.approx(0.5), 0.6, "5", [])
    assert data["here"].values.tolist() == [[0.3, 0.7]]


def test_a_click_on_a_line_means_the_place_and_not_the_line():
    spec = charts.decision_map(plane(), NAMES, lines=[("5", np.eye(2))])
    drawn = [part["data"]["name"] for part in spec["layer"]]
    assert drawn.index("cells") > max(k for k, name in enumerate(drawn) if name == "lines")
    assert "params" in spec["layer"][drawn.index("cells")]


def test_confusion_shades_by_share_of_the_row_and_counts_points():
    spec = charts.confusion(np.array([[8, 2], [0, 0]]), ("a", "b"))
    table = spec["datasets"]["table"]
    assert table["points"].tolist() == [8, 2, 0, 0]
    np.testing.assert_allclose(table["share"], [0.8, 0.2, 0, 0])


def found(hidden: bool = False) -> Trace:
    spikes = np.zeros((10, 3), dtype=bool)
    spikes[[2, 5], 1] = True
    spikes[7, 2] = True
    inputs = np.zeros((10, 6))
    inputs[3, 4] = 1.0
    extra = np.ones((10, 2), dtype=bool) if hidden else None
    return Trace(inputs, extra, np.full((10, 3), 0.5), spikes, 1)


def test_the_raster_shows_each_spike_once_and_says_who_wins():
    data = trace(found(), NAMES, threshold=1.0)["datasets"]
    assert [len(data[f"spike{k}"]) for k in range(3)] == [0, 2, 1]
    assert data["spike1"]["x"].tolist() == [2.5, 5.5]
    assert data["inputs"][["x", "row"]].values.tolist() == [[3.5, 5.0]]
    assert data["counts"]["text"].tolist() == ["0", "2 wins", "1"]


def test_a_hidden_layer_has_a_band_of_its_own_and_a_name_cannot_break_the_chart():
    spec = trace(found(hidden=True), ("it's", "b\\", "c"), threshold=1.0)
    assert len(spec["datasets"]["bands"]) == 5 and len(spec["datasets"]["hidden"]) == 20
    assert r"'it\'s'" in spec["layer"][1]["encoding"]["y"]["axis"]["labelExpr"]


def test_a_constant_current_is_a_bar_of_its_strength():
    steady = found()._replace(inputs=np.tile([0.0, 0.25, 0.5, 0.0, 0.0, 1.0], (10, 1)))
    table = trace(steady, NAMES, threshold=1.0)["datasets"]["inputs"]
    assert table[["row", "x", "x2", "value"]].values.tolist() == [
        [2, 0, 10, 0.25], [3, 0, 10, 0.5], [6, 0, 10, 1.0],
    ]  # fmt: skip


def test_pictures_are_small_enough_to_send_at_every_step():
    nothing = np.zeros((64, 64, 6), dtype=np.int64)
    winners = np.random.default_rng(0).integers(0, 6, (64, 64))
    big = Plane(nothing, nothing, winners, np.ones((64, 64)))
    spec = charts.decision_map(big, [f"c{k}" for k in range(6)])
    url = spec["layer"][0]["mark"]["url"]
    assert len(base64.b64decode(url.split(",")[1])) < 60_000
