"""Pictures and charts of a learning layer: scales, controls, what is counted and left out."""

from __future__ import annotations

import io
import math

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from snncore.plots import training_live as live
from snncore.plots.training_fields import field_png, receptive_fields, win_map
from snncore.plots.training_rule import stdp_window


def test_a_raw_field_runs_from_black_to_white_at_its_own_maximum() -> None:
    weights = np.array([[0.0, 0.1, 0.2, 0.4], [0.0, 5.0, 0.0, 10.0]], np.float32)
    shown = receptive_fields(weights, (2, 2))
    assert shown.shape == (4, 7, 3)  # two tiles of 2 × 2 with lines of one pixel around
    assert shown[1:3, 1:3, 0].ravel().tolist() == [0, 64, 128, 255]
    assert shown[1:3, 4:6, 0].ravel().tolist() == [0, 128, 0, 255]


def test_the_first_of_two_channels_is_orange_and_the_second_blue() -> None:
    weights = np.array([[1.0, 0.0, 0.0, 1.0]], np.float32)  # ON at the left, OFF at the right
    left, right = receptive_fields(weights, (1, 2))[1, 1:3].astype(int)
    assert left[0] > left[2] and right[2] > right[0]


def test_filters_are_drawn_at_their_own_size_and_no_more_than_asked() -> None:
    weights = np.ones((10, 2 * 5 * 5), np.float32)
    assert receptive_fields(weights, (5, 5), count=4).shape == (13, 13, 3)


@pytest.mark.parametrize(("channels", "off"), [(1, 2.1), (2, 14.7)])
def test_fields_in_few_colours_are_nearly_those_in_all_of_them(channels: int, off: float) -> None:
    weights = np.random.default_rng(1).random((10, channels * 25)).astype(np.float32)
    image = Image.open(io.BytesIO(field_png(weights, (5, 5), count=9, width=40)))
    found = np.asarray(image.convert("RGB"), dtype=np.float64)
    exact = receptive_fields(weights, (5, 5), count=9).repeat(2, axis=0).repeat(2, axis=1)
    assert found.shape == exact.shape == (38, 38, 3)
    assert image.mode == "P" and 1.0 < np.abs(found - exact).max() <= off
    assert (found[:2] == 90).all()  # the lines between the fields


def test_weights_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="784 or twice"):
        receptive_fields(np.ones((2, 100), np.float32), (28, 28))


def test_wins_are_counted_by_filter_and_place_the_busiest_first() -> None:
    wins = np.array([[0, 7, 0, 0], [1, 2, 1, 1], [2, 7, 0, 0], [3, 7, 1, 0]], np.int16)
    mosaic, filters = win_map(wins, 5, (2, 2))
    assert filters.tolist() == [7, 2]
    assert mosaic[1:3, 1:3].ravel().tolist() == [255, 0, 128, 0]
    assert win_map(np.empty((0, 4), np.int16), 5, (2, 2))[1].tolist() == []


def test_controls_go_on_to_the_end_and_are_named_there_without_covering_each_other() -> None:
    chart = live.accuracy_curve(
        np.array([[100.0, 0.3], [200.0, 0.8]]),
        [("untrained", np.array([[50.0, 0.4], [80.0, 0.5]])), ("chance", np.array([[0.0, 0.5]]))],
        total=1000,
    )
    table, ends = pd.DataFrame(chart["datasets"]["controls"]), chart["datasets"]["ends"]
    untrained = table[table["name"] == "untrained"]
    assert untrained["seen"].tolist() == [50.0, 80.0, 1000.0]
    assert untrained["accuracy"].tolist() == [0.4, 0.5, 0.5]
    assert table[table["name"] == "chance"]["seen"].tolist() == [0.0, 0.0, 1000.0]
    assert ends["words"].tolist() == ["untrained 50%", "chance 50%"]
    assert abs(np.diff(ends["place"])[0]) > 0.05


def test_the_accuracy_curve_draws_before_there_is_any_value() -> None:
    chart = live.accuracy_curve(np.empty((0, 2)), [("chance", np.empty((0, 2)))], total=10)
    assert all(not len(chart["datasets"][name]["seen"]) for name in ("run", "ends"))


def test_wins_are_sorted_beside_equal_shares() -> None:
    chart = live.wins_curve(np.array([1, 5, 3]))
    assert chart["datasets"]["wins"]["wins"].tolist() == [5, 3, 1]
    assert chart["datasets"]["fair"]["wins"].tolist() == [3.0]


def test_every_threshold_is_in_one_bar_also_if_all_are_equal() -> None:
    for theta in (np.linspace(5, 20, 77), np.full(9, 10.0)):
        chart = live.theta_histogram(theta, 10.0, what="filters")
        assert chart["layer"][0]["encoding"]["y"]["title"] == "filters"
        bars = chart["datasets"]["bars"]
        assert bars["count"].sum() == len(theta)


def test_the_change_of_weights_leaves_out_what_has_no_logarithm() -> None:
    rows = np.array([[1.0, 0.1], [2.0, 0.0], [3.0, math.nan], [4.0, 0.01]])
    chart = live.change_curve(rows, total=10)
    assert chart["datasets"]["change"]["seen"].tolist() == [1.0, 4.0]
    assert not len(live.change_curve(np.empty((0, 2)), total=10)["datasets"]["change"]["seen"])


def test_confusion_is_a_share_of_the_true_class() -> None:
    cells = live.confusion_now(np.array([[3, 1], [0, 0]]), ("a", "b"))["datasets"]["cells"]
    assert cells["share"].tolist() == [0.75, 0.25, 0.0, 0.0]
    assert cells["true"].tolist() == ["a", "a", "b", "b"]


def test_the_readouts_history_leaves_out_what_was_not_measured() -> None:
    chart = live.epochs_chart([1, 2], [2.0, 1.0], [0.5, math.nan], [0.4, 0.6])
    tables = chart["datasets"]
    assert tables["held out"]["share"].tolist() == [0.5]
    assert tables["fitted"]["share"].tolist() == [0.4, 0.6]
    assert tables["loss"]["loss"].tolist() == [2.0, 1.0]


def test_the_window_is_broken_where_the_order_of_the_spikes_changes() -> None:
    lag = np.array([-2.0, -1.0, 0.0, 1.0])
    tables = stdp_window(lag, {"w": np.array([-0.1, -0.2, 0.3, 0.1])})["datasets"]
    assert tables["w after"]["change"].tolist() == [-0.1, -0.2]
    assert tables["w before"]["change"].tolist() == [0.3, 0.1]
