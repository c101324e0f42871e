"""The retina's latency code: what fires, what it is blind to, and the picture behind the spikes."""

import math

import numpy as np
import pytest
import torch

from snncore import datasets, encoding, retina
from snncore.encoding import retina_latency
from snncore.encoding.retina_latency import RetinaLatencyParams


def texture(seed: int = 0, height: int = 24, width: int = 31) -> torch.Tensor:
    """A picture [1, H, W] with the falling spectrum of natural ones, in 0.1..0.9."""
    noise = np.random.default_rng(seed).standard_normal((height, width))
    down, across = np.fft.fftfreq(height), np.fft.fftfreq(width)
    fall = 1 / np.maximum(np.hypot(down[:, None], across), 1 / width)
    picture = np.fft.ifft2(np.fft.fft2(noise) * fall).real
    picture = 0.1 + 0.8 * (picture - picture.min()) / np.ptp(picture)
    return torch.from_numpy(picture.astype(np.float32))[None]


def camera(side: int) -> torch.Tensor:
    """scikit-image's photographer, [1, side, side]; side divides 128."""
    photo = torch.tensor(datasets.load("skimage").images[1], dtype=torch.float32) / 255
    return torch.nn.functional.avg_pool2d(photo[None, None], 128 // side)[0]


def correlation(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(np.corrcoef(a.flatten().numpy(), b.flatten().numpy())[0, 1])


def test_a_bright_dot_fires_its_on_cell_first_and_off_cells_around_later():
    picture = torch.zeros(1, 15, 15)
    picture[0, 7, 6] = 1.0
    spikes = encoding.retina_latency_encode(picture, n_steps=50)
    assert spikes.shape == (50, 1, 450) and spikes.dtype == torch.bool
    assert spikes[0, 0].nonzero()[:, 0].tolist() == [7 * 15 + 6]  # ON cells come first
    off = spikes[:, 0, 225:]
    assert bool(off.any())
    assert bool(off[:25].any()) is False  # at most half as strong
    assert encoding.retina_latency_encode(1 - picture, n_steps=50)[0, 0].nonzero().tolist() == [
        [225 + 7 * 15 + 6]
    ]


def test_times_are_those_of_the_responses():
    picture, params = texture(1), RetinaLatencyParams(threshold=0.1)
    response = retina.on_off(picture, params.retina()).flatten(1)
    steps = retina_latency.retina_latency_steps(picture, params, n_steps=101)
    fires = response >= 0.1
    assert torch.equal(steps >= 0, fires)
    assert float((steps[fires] - 100 * (1 - response[fires])).abs().max()) <= 0.5
    assert float(response.max()) == 1.0 and int(steps[fires].min()) == 0
    assert 0 < int(fires.sum()) < fires.numel() // 2


def test_each_pixel_fires_at_most_one_of_its_two_cells():
    spikes = encoding.retina_latency_encode(texture(2), n_steps=60).sum(dim=0).view(2, -1)
    assert int(spikes.sum(dim=0).max()) == 1


def test_a_uniform_picture_is_silent_and_reads_back_as_grey():
    for grey in (0.0, 0.3, 1.0):
        spikes = encoding.retina_latency_encode(torch.full((2, 9, 12), grey), n_steps=20)
        assert not bool(spikes.any())
        assert bool((encoding.retina_latency_decode(spikes, shape=(9, 12)) == 0.5).all())


def test_brightness_and_contrast_do_not_get_through():
    picture = texture(3)
    one = retina_latency.retina_latency_steps(picture, RetinaLatencyParams(), n_steps=40)
    other = retina_latency.retina_latency_steps(
        0.25 + 0.5 * picture, RetinaLatencyParams(), n_steps=40
    )
    # rounding of float32 may move a time over the middle between two steps
    assert int((one != other).sum()) <= 3
    assert int((one - other).abs().max()) <= 1 or bool(((one < 0) != (other < 0)).any())


@pytest.mark.parametrize("size", [3, 7, 11])
@pytest.mark.parametrize(("k", "n"), [(0, 1), (3, 0), (5, 9), (11, 14), (0, 0)])
def test_transfer_function_is_what_the_retina_does_to_a_cosine(k, n, size):
    height, width = 12, 15
    down = torch.cos(math.pi * k * torch.arange(height) / (height - 1))
    across = torch.cos(math.pi * n * torch.arange(width) / (width - 1))
    wave = torch.outer(down, across)
    params = retina.RetinaParams(1.0, 2.0, size, normalise=False)
    on, off = retina.on_off((0.5 + 0.5 * wave)[None], params)[0]
    cosines = [retina_latency._cosines(length, wave.device) for length in (height, width)]
    centre, surround = (
        retina_latency._transfer(retina.gaussian(sigma, size), cosines[0])[k]
        * retina_latency._transfer(retina.gaussian(sigma, size), cosines[1])[n]
        for sigma in (1.0, 2.0)
    )
    torch.testing.assert_close(on - off, 0.5 * (centre - surround) * wave, rtol=0, atol=2e-6)


@pytest.mark.parametrize("length", [2, 3, 17, 64])
def test_cosine_transform_is_its_own_inverse(length):
    matrix = retina_latency._cosines(length, torch.device("cpu"))
    identity = matrix @ matrix / (2 * (length - 1))
    torch.testing.assert_close(identity, torch.eye(length), rtol=0, atol=1e-5)


@pytest.mark.parametrize("params", [RetinaLatencyParams(), RetinaLatencyParams(0.6, 1.2, 5, 0.0)])
def test_the_picture_comes_back_up_to_brightness_and_contrast(params):
    for picture in (texture(4), camera(32)):
        shape = picture.shape[1:]
        spikes = encoding.retina_latency_encode(picture, params, n_steps=400)
        back = encoding.retina_latency_decode(spikes, params, shape)
        assert float(back.min()) == 0.0 and float(back.max()) == 1.0
        # the response alone, edges without areas, is far from the picture
        edges = retina_latency.decoded_response(spikes, shape)
        assert correlation(back, picture) > 0.97
        assert correlation(edges, picture) < 0.8


def test_more_steps_and_a_lower_threshold_bring_more_of_the_picture():
    picture = camera(64)
    scores = []
    for steps, threshold in ((8, 0.2), (30, 0.05), (1000, 0.0)):
        params = RetinaLatencyParams(threshold=threshold)
        spikes = encoding.retina_latency_encode(picture, params, n_steps=steps)
        scores.append(
            correlation(encoding.retina_latency_decode(spikes, params, (64, 64)), picture)
        )
    assert scores[0] < scores[1] < scores[2]
    assert scores[2] > 0.995


def test_pictures_in_a_batch_are_as_alone_and_stay_as_they_are():
    pictures = torch.cat([texture(5), texture(6), texture(7) ** 2])
    copy = pictures.clone()
    spikes = encoding.retina_latency_encode(pictures, n_steps=33, seed=1)
    assert torch.equal(pictures, copy)
    for b in range(3):
        alone = encoding.retina_latency_encode(pictures[b : b + 1], n_steps=33)
        assert torch.equal(spikes[:, b : b + 1], alone)
        back = encoding.retina_latency_decode(spikes, shape=(24, 31))[b : b + 1]
        torch.testing.assert_close(
            back, encoding.retina_latency_decode(alone, shape=(24, 31)), rtol=0, atol=1e-4
        )


def test_the_smallest_picture_that_the_window_allows_goes_through():
    picture = torch.tensor([[[0.0, 1.0], [0.5, 0.25]]])
    params = RetinaLatencyParams(size=3)
    spikes = encoding.retina_latency_encode(picture, params, n_steps=100)
    back = encoding.retina_latency_decode(spikes, params, (2, 2))
    assert correlation(back, picture) > 0.9


def test_bad_pictures_shapes_and_parameters_are_named():
    with pytest.raises(ValueError, match=r"larger than 3 px on each side.*1×1 .*choose a smaller"):
        encoding.retina_latency_encode(torch.zeros(1, 1, 1), n_steps=20)
    with pytest.raises(ValueError, match=r"larger than 3 px on each side.*3×8 .*choose a smaller"):
        encoding.retina_latency_decode(torch.zeros(20, 1, 48), shape=(3, 8))
    with pytest.raises(ValueError, match=r"must be in 0\.\.1"):
        encoding.retina_latency_encode(torch.full((1, 9, 9), 1.5), n_steps=20)
    with pytest.raises(ValueError, match=r"spikes must be \[T, B, 162\].*got shape \(20, 1, 81\)"):
        encoding.retina_latency_decode(torch.zeros(20, 1, 81), shape=(9, 9))
    with pytest.raises(ValueError, match=r"n_steps must be a whole number >= 2, got 1"):
        encoding.retina_latency_encode(torch.zeros(1, 9, 9), n_steps=1)
    with pytest.raises(ValueError, match="size must be odd"):
        RetinaLatencyParams(size=6)
    with pytest.raises(ValueError, match="sigma_centre must be < sigma_surround"):
        RetinaLatencyParams(sigma_centre=2.0)


@pytest.mark.parametrize(("threshold", "least"), [(0.2, 0.45), (0.3, 0.3)])
def test_what_the_threshold_hides_counts_as_noise(threshold, least):
    # with rounding as its only noise the estimate believes every silence: 0.12 and −0.21
    picture, params = camera(64), RetinaLatencyParams(threshold=threshold)
    spikes = encoding.retina_latency_encode(picture, params, n_steps=100)
    back = encoding.retina_latency_decode(spikes, params, (64, 64))
    assert correlation(back, picture) > least
