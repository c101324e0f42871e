"""Spikes back at their pixels: nothing is lost, nothing doubled, each in its place."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from snncore import encoding
from snncore.plots import encoding_picture as plots
from snncore.plots.spike_frames import counts, frames, merged, on_off, raster_rows
from snncore.transmission import Channel

RNG = np.random.default_rng(3)
PICTURE = RNG.random((9, 12)).astype(np.float32)


def sent(name: str, **params: float) -> tuple[Channel, np.ndarray]:
    channel = Channel(name, encoding.get_code(name).params(**params), 60, PICTURE.shape)
    return channel, channel.send(PICTURE, seed=1).spikes[:, 0]


@pytest.mark.parametrize("name", encoding.CODES)
def test_every_spike_of_every_code_is_counted_once(name: str) -> None:
    channel, spikes = sent(name)
    total = np.abs(spikes.astype(int)).sum()
    assert total > 0
    each = counts(spikes, channel)
    assert each.shape == PICTURE.shape and each.sum() == total
    for group in (1, 7, 60, 100):
        film = frames(spikes, channel, group=group)
        assert film.shape == (-(-60 // group), *PICTURE.shape)
        if not on_off(channel):
            assert film.sum() == spikes.astype(int).sum()
    # Within one step no pixel has an ON and an OFF spike, nor an up and a down.
    assert np.array_equal(np.abs(frames(spikes, channel)).sum(axis=0), each)


def test_a_latency_code_fires_where_and_when_its_pixel_says() -> None:
    channel, spikes = sent("latency", threshold=0.0)
    film = frames(spikes, channel)
    steps = film.argmax(axis=0)
    assert np.array_equal(steps, np.rint(59 * (1 - PICTURE)).astype(int))


def test_neurons_of_a_pixel_are_added_up() -> None:
    channel, spikes = sent("population_latency")
    each = counts(spikes, channel)
    fields = spikes.shape[1] // PICTURE.size
    neuron = spikes.any(axis=0).reshape(*PICTURE.shape, fields)
    assert np.array_equal(each, neuron.sum(axis=2))


def test_off_cells_of_the_retina_count_down() -> None:
    channel, spikes = sent("retina_latency")
    film = frames(spikes, channel).sum(axis=0)
    on, off = spikes.any(axis=0).reshape(2, *PICTURE.shape).astype(int)
    assert (on + off).max() == 1 and (film == on - off).all() and film.min() == -1


def test_a_line_camera_writes_into_the_column_that_passes() -> None:
    channel, _ = sent("send_on_delta")
    spikes = np.zeros((60, 9), dtype=np.int8)
    spikes[0, 2], spikes[5, 3], spikes[59, 8] = 1, -1, 1  # five steps to a column
    film = frames(spikes, channel)
    assert film[0, 2, 0] == 1 and film[5, 3, 1] == -1 and film[59, 8, 11] == 1
    assert np.abs(film).sum() == 3


def test_a_raster_has_the_brightest_pixel_on_top_and_never_too_many_rows() -> None:
    channel, spikes = sent("latency", threshold=0.0)
    rows = raster_rows(spikes, PICTURE, channel)
    first = spikes[:, rows].argmax(axis=0)
    assert np.all(np.diff(first) >= 0)
    assert np.array_equal(raster_rows(spikes, PICTURE, channel, by_brightness=False),
                          np.arange(PICTURE.size))  # fmt: skip
    large = RNG.random((40, 40)).astype(np.float32)
    for name in ("rate", "population_rate", "retina_latency", "delta"):
        wide = Channel(name, encoding.get_code(name).params(), 60, large.shape)
        rows = raster_rows(wide.send(large).spikes[:, 0], large, wide)
        assert 1 <= rows.size <= 200 and np.unique(rows).size == rows.size


def test_rows_of_a_silent_retina_can_be_shown() -> None:
    channel = Channel("retina_latency", encoding.get_code("retina_latency").params(), 20, (8, 8))
    grey = np.full((8, 8), 0.5, dtype=np.float32)
    spikes = channel.send(grey).spikes[:, 0]
    assert not spikes.any() and raster_rows(spikes, grey, channel).size == 1


def test_frames_are_merged_only_as_far_as_needed() -> None:
    assert [merged(100, 100), merged(100, 99), merged(400, 113), merged(5, 0)] == [1, 2, 4, 5]


def test_a_signal_has_no_place_in_a_picture() -> None:
    channel = Channel("delta", encoding.get_code("delta").params(), 20)
    with pytest.raises(ValueError, match="must carry a picture"):
        counts(np.zeros((20, 1), dtype=np.int8), channel)


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


@pytest.mark.parametrize("dark", [False, True])
def test_a_raster_picture_marks_each_spike_and_its_sign(dark: bool) -> None:
    spikes = np.zeros((10, 4), dtype=np.int8)
    spikes[0, 0], spikes[9, 3] = 1, -1
    picture = pixels(plots.raster_picture(spikes, dark=dark))
    tall, wide = picture.shape[0] // 4, picture.shape[1] // 10
    up, down = picture[0, 0], picture[-1, -1]
    empty = picture[-1, 0]
    assert len({tuple(up), tuple(down), tuple(empty)}) == 3
    assert (picture[:tall, :wide] == up).all() and (picture[-tall:, -wide:] == down).all()
    assert (picture[:tall, wide:] == empty).all()


def test_a_long_raster_loses_no_spike() -> None:
    spikes = np.zeros((5000, 2), dtype=bool)
    spikes[4321, 1] = True
    picture = pixels(plots.raster_picture(spikes, dark=False))
    assert picture.shape[1] <= 640 and len(np.unique(picture.reshape(-1, 3), axis=0)) == 2


def test_cost_against_quality_leaves_out_what_has_no_place() -> None:
    spec = plots.tradeoff("ABC", ["x", "y", "z"], [1.0, 0.0, 5.0], [20.0, 30.0, np.inf])
    assert list(spec["datasets"]["codes"]["slot"]) == ["A"]
    assert not len(plots.tradeoff("A", ["x"], [0.0], [np.inf])["datasets"]["codes"]["slot"])


def test_counts_go_from_violet_to_yellow_with_the_first_row_on_top() -> None:
    picture = pixels(plots.count_picture(np.array([[0, 0], [0, 5]]), 5))
    assert tuple(picture[0, 0]) == (0x44, 0x01, 0x54)
    assert tuple(picture[-1, -1]) == (0xFD, 0xE7, 0x25)


@pytest.mark.parametrize("code", ["send_on_delta", "rate", "poisson"])  # signs, marks, counts
def test_the_figure_is_a_picture_of_every_sort_of_spikes(code: str) -> None:
    _, spikes = sent(code)
    panel = plots.Panel("A", PICTURE, spikes, "1 spike")
    assert plots.figure(PICTURE, "noise", [panel, panel]).startswith(b"\x89PNG")
    assert plots.figure(PICTURE, "noise", []).startswith(b"\x89PNG")


def test_the_retina_shows_edges_and_nothing_of_a_plain_picture() -> None:
    values = np.full((16, 16), 0.5, dtype=np.float32)
    plain = pixels(plots.retina_picture(values))
    assert set(np.unique(plain)) == {0, 128}  # the gap between the two maps is grey
    values[:, 8:] = 1.0
    edge = pixels(plots.retina_picture(values))
    half = edge.shape[1] // 2
    assert edge[:, :half].max() > 200 and edge[:, -half:].max() > 200
