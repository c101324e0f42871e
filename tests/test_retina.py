"""The retina against what a difference of Gaussians must do, known without running it."""

import math

import pytest
import torch

from snncore.retina import RetinaParams, dog_kernel, gaussian, on_off

RAW = RetinaParams(normalise=False)


def pictures(count: int, side: int = 28) -> torch.Tensor:
    """Smooth, different pictures in 0..1 without a random generator."""
    grid = torch.arange(side * side, dtype=torch.float32).view(1, side, side)
    shift = torch.arange(1, count + 1, dtype=torch.float32).view(-1, 1, 1)
    return 0.5 + 0.5 * torch.sin(grid * 0.37 * shift)


def test_gaussian_is_the_formula_and_sums_to_one():
    weights = gaussian(1.5, 5)
    assert sum(weights) == pytest.approx(1.0, abs=1e-15)
    assert weights[2] / weights[1] == pytest.approx(math.exp(1 / (2 * 1.5**2)))
    assert weights[0] == weights[4]


def test_kernel_sums_to_zero_and_has_a_bright_centre_and_a_dark_surround():
    kernel = dog_kernel(RAW)
    assert kernel.shape == (7, 7)
    assert abs(float(kernel.sum())) < 1e-7
    assert kernel[3, 3] > 0 > kernel[0, 3]
    assert torch.equal(kernel, kernel.flip(0)) and torch.equal(kernel, kernel.T)


@pytest.mark.parametrize("grey", [0.0, 0.1, 1 / 3, 0.7, 1.0])
@pytest.mark.parametrize("normalise", [True, False])
def test_uniform_picture_is_exactly_silent_up_to_the_edge(grey, normalise):
    response = on_off(torch.full((2, 28, 28), grey), RetinaParams(normalise=normalise))
    assert torch.count_nonzero(response) == 0


def test_a_point_of_light_draws_the_kernel():
    image = torch.zeros(1, 21, 21)
    image[0, 10, 10] = 1.0
    on, off = on_off(image, RAW)[0]
    # float32: one rounding of 2**-24 for each of the 14 sums
    torch.testing.assert_close((on - off)[7:14, 7:14], dog_kernel(RAW), rtol=0, atol=1e-6)
    assert torch.count_nonzero((on - off)[:7]) == 0


def test_agrees_with_a_library_convolution():
    images = pictures(3)
    padded = torch.nn.functional.pad(images[:, None], (3, 3, 3, 3), mode="reflect")
    expected = torch.nn.functional.conv2d(padded, dog_kernel(RAW)[None, None])[:, 0]
    on, off = on_off(images, RAW).unbind(1)
    torch.testing.assert_close(on - off, expected, rtol=0, atol=2e-6)
    assert expected.abs().max() > 0.1


def test_on_and_off_exclude_each_other_and_are_never_negative():
    response = on_off(pictures(3))
    assert response.min() >= 0
    assert torch.count_nonzero(response[:, 0] * response[:, 1]) == 0


def test_negative_picture_swaps_on_and_off():
    images = pictures(3)
    response = on_off(images, RAW)
    swapped = on_off(1 - images, RAW)
    torch.testing.assert_close(response.flip(1), swapped, rtol=0, atol=2e-6)


def test_on_minus_off_is_linear():
    a, b = pictures(2)
    mixed = torch.stack([a, b, 0.25 * a + 0.75 * b])
    on, off = on_off(mixed, RAW).unbind(1)
    r = on - off
    torch.testing.assert_close(r[2], 0.25 * r[0] + 0.75 * r[1], rtol=0, atol=3e-6)


def test_normalised_picture_peaks_at_one_whatever_its_contrast():
    images = pictures(2)
    faint = on_off(torch.cat([images, 0.5 + 0.01 * (images - 0.5)]))
    torch.testing.assert_close(faint.amax(dim=(1, 2, 3)), torch.ones(4), rtol=0, atol=0)
    torch.testing.assert_close(faint[:2], faint[2:], rtol=0, atol=1e-3)


@pytest.mark.parametrize("normalise", [True, False])
def test_batch_equals_its_pictures_one_by_one_bit_for_bit(normalise):
    params = RetinaParams(normalise=normalise)
    images = pictures(301)  # more than one chunk
    together = on_off(images, params)
    for i in (0, 1, 150, 299, 300):
        assert torch.equal(together[i], on_off(images[i : i + 1], params)[0])


def test_input_is_unchanged_and_uint8_means_255_is_one():
    bytes_ = torch.arange(28 * 28, dtype=torch.int64).remainder(256).to(torch.uint8).view(1, 28, 28)
    before = bytes_.clone()
    assert torch.equal(on_off(bytes_), on_off(bytes_.to(torch.float32) / 255))
    assert torch.equal(bytes_, before)


def test_empty_batch_keeps_its_shape():
    assert on_off(torch.zeros(0, 9, 9)).shape == (0, 2, 9, 9)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (torch.zeros(28, 28), r"images must be \[B, H, W\]"),
        (torch.zeros(1, 3, 28), "larger than 3 px"),
        (torch.full((1, 9, 9), 1.1), "0..1 everywhere"),
        (torch.full((1, 9, 9), float("nan")), "0..1 everywhere"),
        (torch.zeros(1, 9, 9, dtype=torch.int64), "floating point or uint8"),
    ],
)
def test_bad_pictures_are_named(images, words):
    with pytest.raises(ValueError, match=words):
        on_off(images)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"size": 6}, "size must be odd, got 6"),
        ({"sigma_centre": 2.0}, "sigma_centre must be < sigma_surround"),
        ({"sigma_centre": float("nan")}, "sigma_centre must be finite"),
        ({"size": -1}, "size must be >= 3"),
    ],
)
def test_bad_parameters_are_named(values, words):
    with pytest.raises(ValueError, match=words):
        RetinaParams(**values)
