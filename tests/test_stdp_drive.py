"""From images to input spikes: rates, times, equal gain, and what a retina may ask for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from snncore import retina, rng
from snncore.stdp import TrainParams, drive
from snncore.stdp.state import Draw

RAW = TrainParams(neurons=12, retina="raw")


def pictures(count: int = 4, side: int = 10) -> np.ndarray:
    words = rng.draws(3, rng.stream("points"), torch.arange(count), side * side, 1)[0]
    return (words % 256).to(torch.uint8).numpy().reshape(count, side, side)


def draw(count: int) -> Draw:
    return Draw(0, rng.stream("train_spikes"), torch.arange(count))


def test_input_rate_is_the_probability_that_the_limits_promise() -> None:
    limit = drive.inputs(drive.cells(pictures(), RAW), RAW, 50)
    spikes = drive.input_spikes(torch.from_numpy(limit.astype(np.int64)), draw(4), 4000)
    p = limit / 2.0**32
    error = np.abs(spikes.float().mean(dim=0).numpy() - p)
    assert (error < 5 * np.sqrt(p * (1 - p) / 4000) + 1e-9).all()  # 5 standard errors


def test_poisson_drive_follows_its_formula_and_ignores_brightness() -> None:
    image = np.zeros((1, 10, 10), np.uint8)
    image[0, 0, :4] = 100
    limit = drive.limits(drive.cells(image, RAW), RAW)
    expected = RAW.probability * min(1.5, RAW.gain / 2.0)  # ‖(100, 100, 100, 100)‖ = 200
    assert limit[0, 0] == pytest.approx(expected * 2**32, rel=1e-9)
    assert (limit == drive.limits(drive.cells(image * 2, RAW), RAW)).all()


def test_latency_gives_every_active_cell_one_spike_the_stronger_the_earlier() -> None:
    values = np.array([[0, 1, 64, 128, 254, 255]], np.uint8)
    params = TrainParams(code="latency")
    spikes = drive.input_spikes(
        torch.from_numpy(drive.inputs(values, params, 50).astype(np.int64)), draw(1), 50, "latency"
    )[:, 0]
    assert spikes.sum(dim=0).tolist() == [0, 1, 1, 1, 1, 1]
    assert spikes[:, 1:].to(torch.uint8).argmax(dim=0).tolist() == [49, 37, 24, 0, 0]


@pytest.mark.parametrize("steps", [4, 15, 50, 1000])
def test_every_latency_lies_in_the_presentation_and_falls_with_the_value(steps: int) -> None:
    values = np.arange(256, dtype=np.uint8)[None]
    when = drive.spike_steps(values, steps)[0].astype(int) - 1
    assert when[0] == -1 and when[1:].min() == 0 and when[1:].max() < steps
    assert (np.diff(when[1:]) <= 0).all()


def test_black_images_are_silent_in_either_code_and_retina() -> None:
    black = np.zeros((2, 10, 10), np.uint8)
    for code in ("poisson", "latency"):
        for kind in ("raw", "on_off"):
            params = TrainParams(code=code, retina=kind)
            assert not drive.inputs(drive.cells(black, params), params, 50).any()


def test_the_retina_sees_edges_only_and_all_on_cells_come_first() -> None:
    params = TrainParams(neurons=4, retina="on_off")
    flat = np.full((1, 10, 10), 90, np.uint8)
    assert drive.cells(flat, params).shape == (1, 200) and drive.cells(flat, params).max() == 0
    spot = flat * 0
    spot[0, 5, 5] = 200
    cells = drive.cells(spot, params)
    assert cells.argmax() == 55 and cells.max() == 255  # the centre's ON cell
    assert (drive.maps(spot, params).reshape(1, -1) == cells).all()


def test_the_retina_has_the_widths_that_the_parameters_name() -> None:
    image = pictures(1, 20)
    for centre, surround, size in ((1.0, 2.0, 7), (0.5, 1.0, 5), (2.0, 4.0, 13)):
        params = TrainParams(retina="on_off", sigma_centre=centre, sigma_surround=surround)
        kernel = retina.RetinaParams(sigma_centre=centre, sigma_surround=surround, size=size)
        response = retina.on_off(torch.from_numpy(image), kernel)
        expected = response / response.max() * 255
        difference = drive.maps(image, params).astype(float) - expected.numpy()
        assert np.abs(difference).max() <= 0.51  # rounded to 8 bits


def test_filters_see_light_and_dark_of_raw_pictures() -> None:
    image = pictures(3)
    maps = drive.maps(image, RAW)
    assert maps.shape == (3, drive.channels(RAW), 10, 10)
    assert (maps[:, 0] == image).all() and (maps[:, 1] == 255 - image).all()


@pytest.mark.parametrize("kind", ["raw", "on_off"])
def test_a_batch_is_its_images_one_by_one(kind: str) -> None:
    params = TrainParams(retina=kind)
    images = pictures(5)
    whole = drive.inputs(drive.cells(images, params), params, 50)
    for k in range(5):
        single = drive.inputs(drive.cells(images[k : k + 1], params), params, 50)
        assert (single[0] == whole[k]).all()
    none = drive.inputs(drive.cells(images[:0], params), params, 50)
    assert none.shape == (0, drive.input_size(10, 10, params))


def test_images_of_a_wrong_kind_or_too_small_for_the_retina_are_refused() -> None:
    with pytest.raises(ValueError, match="images must be uint8"):
        drive.cells(np.full((1, 10, 10), np.nan), RAW)
    with pytest.raises(ValueError, match=r"sigma_surround must be <= 4\.7 px for images of 8 px"):
        drive.cells(pictures(1, 8), TrainParams(retina="on_off", sigma_surround=6.0))
