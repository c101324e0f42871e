"""Networks in files, and pictures of one's own in the form of the training images."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from snncore import checkpoint, datasets, trained
from snncore.stdp import Layer, Snapshot, TrainParams


def snapshot(params: TrainParams, *sizes: tuple[int, int]) -> Snapshot:
    layers = tuple(Layer(torch.rand(size), torch.ones(size[0])) for size in sizes)
    wins = np.zeros(sizes[-1][0], np.int64)
    return Snapshot(10, 30, layers, wins, 0.0, float("nan"), 1.5)


def saved_bytes(params: TrainParams, state: Snapshot, **more: Any) -> bytes:
    buffer = io.BytesIO()
    trained.save(buffer, "digits", 30, params, state, **more)
    return buffer.getvalue()


def test_all_layers_and_figures_come_back(tmp_path: Path) -> None:
    params = TrainParams(layer="conv", filters=4, filters_2=6, filter_size=3)
    state = snapshot(params, (4, 18), (6, 36))
    figures = {"test_accuracy": 0.5, "control": float("nan")}
    back = trained.load(saved_bytes(params, state, figures=figures))
    assert back.figures == {"test_accuracy": 0.5}  # what is not a number is left out
    assert back.params == params and back.snapshot.seen == 10 and back.snapshot.total == 30
    for one, other in zip(back.snapshot.layers, state.layers, strict=True):
        assert torch.equal(one.weights, other.weights) and torch.equal(one.theta, other.theta)


def test_while_the_first_layer_learns_the_second_is_not_there_yet() -> None:
    params = TrainParams(layer="conv", filters=4, filters_2=6, filter_size=3)
    back = trained.load(saved_bytes(params, snapshot(params, (4, 18))))
    assert len(back.snapshot.layers) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seen": 31}, "seen must be <= total, got 31 of 30"),
        ({"figures": {"a": "b"}}, "a must be a number"),
        ({"figures": [1]}, "missing or malformed"),
        ({"seconds": -1.0}, "seconds must be >= 0"),
        ({"params": {"layer": "conv", "filters": 4, "filter_size": 3, "epochs": 40}}, "multiple"),
    ],
)
def test_impossible_values_are_named(change: dict[str, Any], message: str) -> None:
    params = TrainParams(layer="conv", filters=4, filter_size=3)
    whole = checkpoint.load(saved_bytes(params, snapshot(params, (4, 18))))
    buffer = io.BytesIO()
    checkpoint.save(buffer, trained.KIND, whole.tensors, {**whole.meta, **change})
    with pytest.raises(ValueError, match=message):
        trained.load(buffer.getvalue())


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("stdp-dense", "older version .* train again .* or open it with the version that wrote it"),
        ("classifier", "is of kind 'classifier', but 'stdp' is needed here"),
    ],
)
def test_files_of_another_kind_are_refused_and_old_ones_say_what_to_do(
    kind: str, message: str
) -> None:
    buffer = io.BytesIO()
    checkpoint.save(buffer, kind, {"weights": torch.ones(2, 2)}, {})
    with pytest.raises(ValueError, match=message):
        trained.load(buffer.getvalue())


@pytest.mark.parametrize("side", [3, 5, 7])
def test_the_second_layer_has_its_own_inputs_whatever_the_first_ones_filters(side: int) -> None:
    params = TrainParams(layer="conv", filters=4, filters_2=2, filter_size=side)
    state = snapshot(params, (4, 2 * side**2), (2, 4 * 9))
    back = trained.load(saved_bytes(params, state)).snapshot.layers
    assert [tuple(layer.weights.shape) for layer in back] == [(4, 2 * side**2), (2, 36)]


@pytest.mark.parametrize(
    ("first", "second"), [(17, 36), (27, 36), (9, 36), (18, 35), (18, 27), (18, 72)]
)
def test_filters_of_another_width_would_be_read_beyond_their_end(first: int, second: int) -> None:
    params = TrainParams(layer="conv", filters=4, filters_2=2, filter_size=3)
    wrong = r"weights must be .* \(4, 18\)" if first != 18 else r"weights_2 must be .* \(2, 36\)"
    with pytest.raises(ValueError, match=wrong):
        trained.load(saved_bytes(params, snapshot(params, (4, first), (2, second))))


def test_a_file_says_whether_a_run_can_continue_from_its_weights() -> None:
    params = TrainParams(neurons=4)
    state = snapshot(params, (4, 64))
    whole = trained.load(saved_bytes(params, state))
    assert not whole.rounded
    tensors = checkpoint.load(saved_bytes(params, state)).tensors
    tensors["weights"] = tensors["weights"].to(torch.float16)
    buffer = io.BytesIO()
    checkpoint.save(buffer, trained.KIND, tensors, checkpoint.load(saved_bytes(params, state)).meta)
    assert trained.load(buffer.getvalue()).rounded


def one() -> np.ndarray:
    """A slanted stroke, white on black, 28×28, 20 px high and centred by mass: MNIST's form."""
    page = np.zeros((28, 28), np.uint8)
    for k in range(20):
        page[4 + k, 15 - k // 5 : 18 - k // 5] = 255
    return page


def test_a_picture_in_mnists_form_stays_as_it_is() -> None:
    found = trained.prepare(one())
    assert np.array_equal(found.image, one()) and not found.inverted


@pytest.mark.parametrize("invert", [False, True])
def test_larger_elsewhere_and_dark_on_light_end_at_the_same_picture(invert: bool) -> None:
    large = np.zeros((200, 140, 3), np.uint8)
    large[30:142, 10:122] = np.kron(one(), np.ones((4, 4), np.uint8))[:, :, None]
    if invert:
        large = 255 - large
    found = trained.prepare(large)
    assert found.inverted is invert and found.image.shape == (28, 28)
    assert ("inverted: ink is light on dark" in found.steps) is invert
    # Scaling down again smooths the edges of the stroke: by less than a tenth on average.
    assert np.abs(found.image.astype(int) - one()).mean() < 0.1 * 255 * (one() > 0).mean() * 2


def test_the_box_is_20_pixels_and_the_centre_of_mass_in_the_middle() -> None:
    blob = np.zeros((90, 90), np.uint8)
    blob[10:70, 20:50] = 255
    blob[50:70, 50:80] = 255  # heavier at the lower right
    image = trained.prepare(blob).image
    rows = np.flatnonzero((image > 25).any(axis=1))
    assert rows[-1] - rows[0] + 1 == 20
    mass, grid = image.astype(float), np.arange(28)
    centre = [(mass.sum(axis=1 - axis) * grid).sum() / mass.sum() for axis in (0, 1)]
    assert np.allclose(centre, 14, atol=0.5)  # half a pixel: it moves in whole ones


def test_grey_paper_and_faint_ink_are_stretched() -> None:
    photo = np.full((60, 60), 190, np.uint8)
    photo[15:45, 28:33] = 90
    found = trained.prepare(photo)
    assert found.inverted and found.image.max() > 240 and found.image[0, 0] == 0


@pytest.mark.parametrize("value", [0, 255, 128])
def test_an_empty_picture_is_black_and_says_so(value: int) -> None:
    found = trained.prepare(np.full((40, 30), value, np.uint8))
    assert not found.image.any() and "found no ink: empty" in found.steps


def test_other_data_sets_have_their_own_form() -> None:
    digits = trained.prepare(one(), (8, 8), "digits").image
    assert digits.shape == (8, 8) and (digits > 25).any(axis=1).all()  # fills the frame
    shirt = np.full((56, 56), 200, np.uint8)
    assert (trained.prepare(shirt, (28, 28), "fashion").image == 200).all()
    assert (trained.prepare(shirt, (28, 28), "fashion", invert=True).image == 55).all()


@pytest.mark.parametrize(
    "image", [np.zeros((3, 3)), np.zeros(9, np.uint8), np.zeros((0, 3), np.uint8)]
)
def test_what_is_no_picture_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="image must be uint8"):
        trained.prepare(image)


@pytest.mark.data
def test_mnists_own_digits_come_through_unharmed(
    mnist_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNNCORE_DATA", str(mnist_root))
    images = datasets.load("mnist", "test").images[:50]
    again = np.stack([trained.prepare(image).image for image in images])
    same = (again == images).all(axis=(1, 2)).mean()
    # Measured on 500: 70 % bit for bit; the rest move by a pixel or are a pixel off 20 high.
    assert same > 0.5 and np.abs(again.astype(int) - images).mean() < 0.5
