"""Charts of the analyses: what is drawn, where, and how much of it."""

from __future__ import annotations

import base64
import io
import math

import numpy as np
import pytest
from PIL import Image

from snncore.playground import Setup
from snncore.playground.phase_plane import PhasePlaneParams, phase_plane
from snncore.plots import heat, phase, raster
from snncore.plots.analysis import MAX_DOTS, Mark, Series, curves
from snncore.plots.encoding_analysis import (
    SlotCurve,
    budget_chart,
    information_chart,
    interval_chart,
    slot_curves,
)
from snncore.plots.encoding_distortion import Operating, distortion_chart
from snncore.plots.encoding_picture import retina_picture, tradeoff
from snncore.plots.encoding_signal import Lane, lanes_chart, shown_range
from snncore.plots.encoding_signal import raster as signal_raster
from snncore.plots.vega import MAX_POINTS, log_ticks, span, thin, ticks


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_curves_leave_out_what_cannot_be_drawn():
    x = np.array([0.0, 1.0, 10.0, 100.0])
    y = np.array([5.0, math.nan, -1.0, 3.0])
    spec = curves(
        [Series("some", x, y), Series("nothing", x, np.full(4, math.nan))],
        "x", "y", marks=[Mark("nowhere", math.nan)], log_x=True, log_y=True,
    )  # fmt: skip
    assert [list(t["x"]) for t in spec["datasets"].values()] == [[100.0]]
    names = spec["layer"][0]["encoding"]["color"]["scale"]["domain"]
    assert names == ["some"]


def test_curves_are_bounded_and_keep_their_peak():
    x = np.arange(100_000.0)
    y = np.sin(x / 900)
    y[54_321] = 7.0
    spec = curves([Series("line", x, y), Series("dots", x, y, kind="dots")], "x", "y")
    line, dots = spec["datasets"]["s0"], spec["datasets"]["s1"]
    assert len(line) <= MAX_POINTS and line["y"].max() == 7.0
    assert len(dots) <= MAX_DOTS


def test_a_band_stays_with_its_line_when_it_is_thinned():
    x = np.arange(5000.0)
    spec = curves([Series("s", x, x, low=x - 1, high=x + 1)], "x", "y")
    band, line = spec["datasets"]["b0"], spec["datasets"]["s0"]
    assert np.array_equal(band["x"], line["x"]) and len(band) <= MAX_POINTS
    assert np.array_equal(band["top"] - band["y"], np.full(len(band), 2.0))


def test_no_curve_at_all_is_an_empty_chart_not_an_error():
    assert curves([], "x", "y")["layer"] == []


def test_thinning_keeps_every_peak_and_the_limit():
    t = np.arange(123_457.0)
    v = np.sin(t / 50)
    v[77_777], v[5] = 9.0, -9.0
    thin_t, thin_v = thin(t, v)
    assert thin_t.size <= MAX_POINTS and {9.0, -9.0} <= set(thin_v)
    assert np.all(np.diff(thin_t) > 0) and np.array_equal(v[thin_t.astype(int)], thin_v)
    assert thin(t[:100], v[:100])[0].size == 100


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1.0, 500.0, [1, 2, 5, 10, 20, 50, 100, 200, 500]),
        (1e-10, 1.0, [1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1]),
        (0.3, 40.0, [0.5, 1, 2, 5, 10, 20]),
    ],
)
def test_logarithmic_ticks_are_round(low, high, expected):
    assert log_ticks(low, high) == pytest.approx(expected)


def test_ticks_and_spans_of_nothing_and_of_one_value():
    assert ticks(0, 10, 5) == [0, 2, 4, 6, 8, 10]
    assert span(np.array([math.nan])) == (0.0, 1.0)
    low, high = span(np.array([3.0]))
    assert low < 3.0 < high
    assert span(np.array([2.0, 4.0]), zero=True)[0] == 0.0


def test_the_map_has_its_first_row_at_the_bottom_and_grey_where_nothing_is():
    z = np.array([[0.0, 1.0], [2.0, math.nan]])
    picture = pixels(heat.picture(z, *heat.bounds(z)))
    size = picture.shape[0]
    corner = {name: tuple(int(c) for c in picture[r, c2]) for name, r, c2 in (
        ("low left", size - 1, 0), ("low right", size - 1, size - 1),
        ("top left", 0, 0), ("top right", 0, size - 1),
    )}  # fmt: skip
    dark, bright = heat.VIRIDIS[0], heat.VIRIDIS[-1]
    assert corner["low left"] == tuple(int(dark[i : i + 2], 16) for i in (1, 3, 5))
    assert corner["top left"] == tuple(int(bright[i : i + 2], 16) for i in (1, 3, 5))
    assert corner["top right"] == heat.EMPTY
    assert corner["low right"] not in (corner["low left"], corner["top left"])


def test_the_map_s_axes_end_at_the_edges_of_its_cells():
    x, y = np.linspace(1, 4, 100), np.linspace(5, 40, 50)
    spec = heat.heat_map(x, y, np.ones((50, 100)), ("x", "y", "z"), here=(2.0, 20.0))
    step = x[1] - x[0]
    cells = spec["layer"][1]["encoding"]
    assert cells["x"]["scale"]["domain"] == pytest.approx([1 - step / 2, 4 + step / 2])
    assert len(spec["datasets"]["cells"]) <= 40 * 40
    image = spec["layer"][0]["mark"]["url"]
    assert image.startswith("data:image/png;base64,")
    assert pixels(base64.b64decode(image.partition(",")[2])).shape[:2] == (50 * 6, 100 * 6)


@pytest.mark.parametrize("z", [np.full((3, 3), math.nan), np.zeros((3, 3))])
def test_a_map_without_contrast_can_be_drawn(z):
    assert heat.bounds(z) == (0.0, 1.0)
    heat.heat_map(np.arange(3.0), np.arange(3.0), z, ("x", "y", "z"))


def test_a_raster_shows_each_spike_in_its_row_and_at_its_time():
    cells = raster.cells_of_trains([np.array([0.0, 50.0]), np.zeros(0), np.array([100.0])], 100.0)
    assert cells.shape == (3, raster.COLUMNS)
    assert [np.flatnonzero(row).tolist() for row in cells] == [
        [0, raster.COLUMNS // 2], [], [raster.COLUMNS - 1],
    ]  # fmt: skip


def test_arrows_of_the_flow_point_where_the_state_goes():
    found = phase_plane(Setup.of("fitzhugh_nagumo", current=0.3), PhasePlaneParams())
    spec = phase.plane(found, ("V", "w"), dark=False)
    arrows = spec["datasets"]["arrows"]
    assert found.dw is not None
    tails, tips = arrows[arrows["k"] % 6 == 0], arrows[arrows["k"] % 6 == 1]
    across = tips["x"].to_numpy() - tails["x"].to_numpy()
    up = tips["y"].to_numpy() - tails["y"].to_numpy()
    far = np.abs(found.dv.ravel()) > 1e-3 * np.abs(found.dv).max()
    assert np.array_equal(np.sign(across)[far], np.sign(found.dv.ravel())[far])
    rises = np.abs(up) > 1e-4 * np.ptp(found.w)
    assert np.array_equal(np.sign(up)[rises], np.sign(found.dw.ravel())[rises])
    assert rises.sum() > 50


def test_a_plane_needs_two_variables():
    alone = phase_plane(Setup.of("lif"), PhasePlaneParams())
    with pytest.raises(ValueError, match="found must have two variables for a plane"):
        phase.plane(alone, ("V", "w"), dark=False)


def test_the_phase_line_of_an_exponential_neuron_is_not_flattened_by_its_spike():
    found = phase_plane(Setup.of("eif"), PhasePlaneParams())
    spec = phase.line(found, "V [mV]", "dV/dt [mV/ms]", dark=True)
    (flow,) = [x for x in spec["layer"] if x["data"]["name"] == "flow"]
    top = flow["encoding"]["y"]["scale"]["domain"][1]
    assert top < 0.05 * found.dv.max()


def lane(steps=400, neurons=1, **changed):
    signal = (0.5 + 0.4 * np.sin(np.arange(steps) / 20)).astype(np.float32)
    spikes = np.zeros((steps, neurons), np.int8)
    spikes[10, 0], spikes[20, -1] = 1, -1
    first = Lane("A code", signal, signal + 0.01, spikes, math.nan, "numbers")
    return first._replace(**changed)


def place(value, layer, height):
    """Pixels from the top at which a layer draws this value."""
    low, high = layer["encoding"]["y"]["scale"]["domain"]
    return (high - value) / (high - low) * height


def test_each_lane_of_a_signal_stays_in_its_part_of_the_height():
    wild = lane(decoded=np.full(400, 50.0, np.float32))
    spec = lanes_chart([lane(), wild, lane()])
    for k, group in enumerate(spec["layer"]):
        lines = [n for n in group["layer"] if n["mark"]["type"] == "line"]
        assert len(lines) == 2
        for line in lines:
            drawn = spec["datasets"][line["data"]["name"]]["y"]
            pixels = [place(v, line, 300.0) for v in (drawn.min(), drawn.max())]
            assert 100 * k <= min(pixels) and max(pixels) <= 100 * (k + 1)
    assert spec["datasets"]["read1"]["value"].max() == 50.0  # the tooltip tells what it is


def test_the_band_of_a_bound_lies_around_the_signal():
    spec = lanes_chart([lane(bound=0.1), lane()])
    band = spec["datasets"]["band0"]
    inner = (band["y"] > 0.11) & (band["top"] < 0.89)
    assert np.allclose((band["top"] - band["y"])[inner], 0.2) and inner.any()
    assert "band1" not in spec["datasets"]
    names = spec["layer"][0]["layer"][0]["encoding"]["color"]["scale"]["domain"]
    assert "Signal ± bound" in names and "Spike, −1" in names


def test_long_signals_are_thinned_and_keep_their_peak():
    signal = np.zeros(20_000, np.float32)
    signal[12_345] = 1.0
    spec = lanes_chart([lane(20_000, signal=signal)])
    assert len(spec["datasets"]["sign0"]) <= 1200 and spec["datasets"]["sign0"]["y"].max() == 1.0


def test_seconds_stand_below_samples_where_there_are_some():
    spec = lanes_chart([lane()], rate_hz=8000.0, first=16_000)
    x = next(n for n in spec["layer"][0]["layer"] if "x" in n["encoding"])["encoding"]["x"]
    assert "16000" in x["axis"]["labelExpr"] and "seconds" in x["title"]


def test_no_signal_and_no_range_are_drawn_all_the_same():
    flat = np.full(3, 0.5, np.float32)
    spec = lanes_chart([Lane("A", flat, np.full(3, np.nan, np.float32),
                             np.zeros((3, 1), np.int8), math.nan)])  # fmt: skip
    assert len(spec["datasets"]["read0"]) == 0 and len(spec["datasets"]["sign0"]) == 3
    assert shown_range([flat], [flat])[0] < 0.5 < shown_range([flat], [flat])[1]


@pytest.mark.parametrize("dark", [False, True])
def test_a_signed_raster_has_plus_above_and_minus_below(dark):
    spikes = np.zeros((100, 1), np.int8)
    spikes[10], spikes[50] = 1, -1
    image = pixels(signal_raster(spikes, dark=dark)).astype(int)
    paper = image[0, 0]
    marked = (image != paper).any(axis=2)
    above, below = marked[: len(image) // 2], marked[len(image) // 2 :]
    assert above[:, 10].all() and not below[:, 10].any()
    assert below[1:-1, 50].all() and not above[:, 50].any()
    assert not (image[1, 10] == image[-3, 50]).all()  # and colours differ


def test_a_raster_of_many_steps_and_neurons_is_bounded_and_loses_no_lonely_spike():
    spikes = np.zeros((20_000, 300), np.int8)
    spikes[7_777, 0] = 5
    image = pixels(signal_raster(spikes, dark=False)).astype(int)
    assert image.shape[1] <= 1500 and image.shape[0] <= 24 * 6
    columns = np.flatnonzero((image != image[-1, 0]).any(axis=(0, 2)))
    assert columns.size >= 3  # wide enough for a phone
    assert columns[0] == pytest.approx(7_777 / 20_000 * image.shape[1], abs=1)


def test_cost_against_quality_has_each_code_at_its_own_numbers():
    spec = tradeoff("ABCD", ["rate", "latency", "silent", "perfect"], [10.0, 0.9, 0.0, 2.0],
                    [17.0, 28.0, 5.0, math.inf])  # fmt: skip
    table = spec["datasets"]["codes"]
    assert list(zip(*table.values(), strict=True)) == [
        ("A", "rate", 10.0, 17.0),
        ("B", "latency", 0.9, 28.0),
    ]
    for part in spec["layer"]:
        x, y = part["encoding"]["x"], part["encoding"]["y"]
        assert (x["field"], y["field"]) == ("cost", "psnr") and x["scale"]["type"] == "log"
        low, high = y["scale"]["domain"]
        assert low < 17 and high > 28 and not y["scale"].get("reverse") and not y.get("sort")
        assert x["scale"]["domain"][0] < 0.9 and x["scale"]["domain"][1] > 10


def test_the_retinas_picture_has_on_cells_at_the_left_and_off_cells_at_the_right():
    spot = np.zeros((24, 24), np.float32)
    spot[11:13, 11:13] = 1.0
    image = pixels(retina_picture(spot))[..., 0].astype(int)
    scale = image.shape[0] // 24
    on, off = image[:, : 24 * scale], image[:, -24 * scale :]
    middle = 12 * scale
    assert on[middle, middle] > 200 and off[middle, middle] < 20
    assert off.max() > 50  # the dark ring around the spot


def points():
    return [
        Operating("A code", 0.1, 10.0, "θ = 1"),
        Operating("A code", 1.0, math.inf, "θ = 0.1"),
        Operating("Other", 0.0, 5.0, "silent"),
        Operating("Other", 2.0, math.nan, "no SNR"),
    ]


def test_rate_distortion_leaves_out_silence_and_lifts_perfect_copies_above_all():
    spec = distortion_chart(points(), {"B": points()[1]}, points()[:2], "PSNR", "pixel")
    drawn = spec["datasets"]["points"]
    assert list(drawn["code"]) == ["A code", "A code"]
    assert drawn["y"][1] == spec["datasets"]["perfect"]["y"][0] > 10.0
    assert list(drawn["told"]) == ["10.00 dB", "perfect copy"]
    assert list(spec["datasets"]["here"]["letter"]) == ["B"]
    marks = [n for n in spec["layer"] if n["mark"]["type"] == "point"]
    low, high = marks[0]["encoding"]["y"]["scale"]["domain"]
    assert low < 10 and spec["datasets"]["perfect"]["y"][0] < high


def test_thirty_codes_have_thirty_looks():
    many = [Operating(f"code {k}", 1.0 + k, 10.0, "") for k in range(30)]
    spec = distortion_chart(many, {}, [], "SNR", "sample")
    look = next(n for n in spec["layer"] if n["mark"]["type"] == "point")["encoding"]
    pairs = set(zip(look["color"]["scale"]["range"], look["shape"]["scale"]["range"], strict=True))
    assert len(pairs) == 30  # colours and shapes repeat at different paces


def test_no_point_at_all_is_an_empty_chart():
    spec = distortion_chart([], {}, [], "PSNR", "pixel")
    assert len(spec["datasets"]["points"]) == 0


def test_bars_of_intervals_have_their_law_and_their_chance():
    spec = interval_chart([1, 2, 3], [0.5, 0.3, 0.2], [0.01, 0.01, 0.01], [0.5, 0.25], "geometric")
    chance = spec["datasets"]["chance"]
    assert list(chance["low"]) == pytest.approx([0.49, 0.29, 0.19])
    law = [t for t in spec["datasets"].values() if list(t.get("y", [])) == [0.5, 0.25]]
    assert law  # a law that is shorter than the histogram ends there
    alone = interval_chart([1, 2], [0.5, 0.5], [0.1, 0.1], None, "")
    names = alone["layer"][0]["encoding"]["color"]["scale"]["domain"]
    assert names == ["Simulation"]


def test_curves_of_slots_leave_out_perfect_copies_and_end_where_the_data_end():
    x = np.array([0.0, 0.5, 1.0])
    spec = slot_curves(
        [SlotCurve("A", "code", x, np.array([np.inf, 20.0, 10.0]), np.zeros(3))],
        ("Share", "PSNR [dB]"), at=0.2, at_name="Set",
    )  # fmt: skip
    assert list(spec["datasets"]["s0"]["x"]) == [0.5, 1.0]
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == [0.0, 1.0]


def test_bits_never_pass_the_entropy_mark_of_their_chart():
    spec = information_chart(["A", "B"], [2.0, math.nan], [0.1, math.nan], [4.0, math.nan],
                             [-0.01, math.nan])  # fmt: skip
    assert list(spec["datasets"]["table"]["name"]) == ["A"]  # too few values: no bar
    low, high = spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert low < -0.01 and high > 4.0


def test_the_budget_chart_marks_best_and_present():
    spec = budget_chart([0.1, 1.0], [5.0, 9.0], (1.0, 9.0), (0.1, 5.0), 1.2, ("Spikes", "SNR"))
    names = spec["layer"][0]["encoding"]["color"]["scale"]["domain"]
    assert names == ["Tried", "Now in the slot", "Best within the budget", "Budget"]
