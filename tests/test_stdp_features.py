"""Counting a dense layer's spikes: hand-made cases, kernel against definition, invariances."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from snncore import rng
from snncore.stdp import Layer, TrainParams, drive, features
from snncore.stdp.features import (
    count_spikes,
    counts_torch,
    layer_spikes,
    layer_steps,
    present_dense,
)
from snncore.stdp.presets import PRESETS, recommended
from snncore.stdp.state import Draw
from snncore.stdp.synapses import Whole, synapses, whole
from snncore.stdp.train import counts, first_layer

facade = importlib.import_module("snncore.stdp.train")  # the name is that of a function, too

SOFT = TrainParams(neurons=12, feature_steps=60, feature_reset=0.3, inhibition=0.0)
HARD = TrainParams(neurons=12, feature_steps=60, inhibition=3.0)
LATENCY = replace(SOFT, code="latency", feature_theta=0.1)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Three kinds of bars with noise, 10×10."""
    words = rng.draws(3, rng.stream("points"), torch.arange(120), 100, 1)[0]
    pictures = (words % 40).to(torch.uint8).numpy().reshape(120, 10, 10).copy()
    for k in range(120):
        pictures[k, 3 * (k % 3) : 3 * (k % 3) + 2] = 255
    return pictures


def prepared(images: np.ndarray, params: TrainParams) -> tuple[Layer, np.ndarray, Draw]:
    values = drive.inputs(drive.cells(images, params), params, params.feature_steps)
    draw = Draw(params.seed, rng.stream("feature_spikes"), torch.arange(len(images)))
    return first_layer(images, params), values, draw


def always(n_steps: int, n_in: int = 2) -> torch.Tensor:
    """Every input at every step."""
    return torch.ones(n_steps, 1, n_in, dtype=torch.bool)


@pytest.mark.parametrize("params", [SOFT, HARD, LATENCY], ids=["soft", "hard", "latency"])
def test_kernel_and_definition_count_the_same_spikes(
    images: np.ndarray, params: TrainParams
) -> None:
    layer, values, draw = prepared(images, params)
    fast = count_spikes(layer, values, draw, params)
    slow = counts_torch(layer, torch.from_numpy(values.astype(np.int64)), draw, params).numpy()
    assert fast.sum() > 100
    # The sums are exact; only a fused multiply-add could decide a tie elsewhere.
    assert (fast == slow).mean() >= 0.999


@pytest.mark.parametrize("n_out", [2, 64, 65, 130])
def test_a_layer_that_does_not_fill_its_blocks_counts_the_same(
    images: np.ndarray, n_out: int
) -> None:
    params = replace(SOFT, neurons=n_out)
    layer, values, draw = prepared(images[:20], params)
    fast = count_spikes(layer, values, draw, params)
    slow = counts_torch(layer, torch.from_numpy(values.astype(np.int64)), draw, params).numpy()
    assert fast.shape == (20, n_out) and (fast == slow).mean() >= 0.999


def test_many_steps_and_a_long_memory_count_the_same(images: np.ndarray) -> None:
    params = replace(SOFT, feature_steps=1000, tau_m=200.0, dt=0.5)
    layer, values, draw = prepared(images[:4], params)
    fast = count_spikes(layer, values, draw, params)
    slow = counts_torch(layer, torch.from_numpy(values.astype(np.int64)), draw, params).numpy()
    assert slow.sum() > 200 and (fast == slow).mean() >= 0.99


def test_a_reset_takes_its_part_and_a_reset_of_nothing_takes_all() -> None:
    """One neuron, one input that spikes at every step: u + 1 each step, hardly any leak."""
    layer = Layer(torch.tensor([[1.0], [0.0]]), torch.tensor([2.5, 100.0]))
    slow = replace(HARD, neurons=2, dt=0.1, tau_m=200.0, feature_theta=1.0)
    whole = layer_spikes(layer, always(9, 1), slow)[:, 0, 0]
    assert torch.nonzero(whole).flatten().tolist() == [2, 5, 8]  # 3 steps to 2.5 each time
    part = layer_spikes(layer, always(9, 1), replace(slow, feature_reset=2.0))[:, 0, 0]
    # u = 3 → 1, 2, 3 → 1, 2, 3: every second step from the first spike on
    assert torch.nonzero(part).flatten().tolist() == [2, 4, 6, 8]


def test_a_small_reset_shares_the_spikes_by_how_near_the_neurons_are() -> None:
    """Drives 1.00 and 0.95, memory far longer than the trial: potentials t·(drive) − r·spikes.

    At most one spikes in a step, always the higher, so the two stay level: n1 + n2 = T and
    T·1.00 − r n1 = T·0.95 − r n2, hence n1 − n2 = 0.05 T / r. With r = 0.2 and T = 100: 62.5, 37.5.
    """
    layer = Layer(torch.tensor([[1.0, 0.0], [0.95, 0.0]]), torch.tensor([1e-3, 1e-3]))
    params = TrainParams(
        neurons=2, dt=0.1, tau_m=200.0, feature_theta=1.0, feature_reset=0.2, inhibition=0.0
    )
    spikes = layer_spikes(layer, always(100), params)[:, 0].sum(dim=0)
    assert int(spikes.sum()) == 100
    assert abs(int(spikes[0]) - 62.5) <= 2  # leak 0.0005 a step and whole spikes


def test_inhibition_keeps_the_slower_of_two_neurons_silent() -> None:
    """One input each, on at every step; the second starts a step later. Hardly any leak.

    Both cross 2.5 at their third input. Without inhibition they spike at 2, 5, 8, 11 and at 3, 6,
    9; with 3, the first spike throws the second back to -1 each time, and it never gets there.
    """
    inputs = always(12)
    inputs[0, 0, 1] = False
    layer = Layer(torch.eye(2), torch.full((2,), 2.5))
    slow = replace(HARD, neurons=2, dt=0.1, tau_m=200.0, feature_theta=1.0)
    free = layer_spikes(layer, inputs, replace(slow, inhibition=0.0))[:, 0]
    assert torch.nonzero(free[:, 0]).flatten().tolist() == [2, 5, 8, 11]
    assert torch.nonzero(free[:, 1]).flatten().tolist() == [3, 6, 9]
    assert layer_spikes(layer, inputs, slow)[:, 0].sum(dim=0).tolist() == [4, 0]


def test_at_most_one_neuron_spikes_in_a_step_and_only_above_its_threshold(
    images: np.ndarray,
) -> None:
    layer, values, draw = prepared(images[:30], SOFT)
    inputs = drive.input_spikes(torch.from_numpy(values.astype(np.int64)), draw, 60)
    threshold = layer.theta * SOFT.feature_theta
    for potential, spiked in layer_steps(layer, inputs, SOFT):
        assert int(spiked.sum(dim=1).max()) <= 1
        assert (potential >= threshold)[spiked].all()
        above = (potential >= threshold).any(dim=1)
        assert torch.equal(spiked.any(dim=1), above)


def test_whole_synapses_are_near_the_weights_and_cannot_leave_sixteen_bits(
    images: np.ndarray,
) -> None:
    layer, _, _ = prepared(images, SOFT)
    for scale in (1.0, 1e4):  # heavy as with a rule that has no weight budget
        weights = layer.weights * scale
        made = whole(weights, layer.theta)
        assert torch.equal(
            torch.from_numpy(made.weights_t[:, :12].T * made.unit), synapses(weights)
        )
        assert (abs(made.weights_t[:, :12].T - weights.numpy() / made.unit) <= 0.5).all()
        together = abs(made.weights_t.astype(int)).sum(axis=0).max()
        assert 8000 < together <= 32767  # all inputs at once; not too coarse


def test_sixteen_bits_hold_when_every_input_spikes_at_once() -> None:
    params = replace(LATENCY, neurons=3, feature_theta=0.05)
    layer = Layer(torch.full((3, 4096), 1.0 / 64), torch.tensor([10.0, 11.0, 12.0]))
    values = np.ones((1, 4096), np.uint32)  # all in the first step
    draw = Draw(0, 4, torch.arange(1))
    slow = counts_torch(layer, torch.from_numpy(values.astype(np.int64)), draw, params).numpy()
    assert slow.sum() > 10 and (count_spikes(layer, values, draw, params) == slow).all()


@pytest.mark.parametrize(("n_in", "weight"), [(4096, 7.500001 / 4096), (1024, 31.50001 / 1024)])
def test_equal_weights_at_the_edge_of_a_unit_do_not_leave_sixteen_bits(
    n_in: int, weight: float
) -> None:
    made = whole(torch.full((2, n_in), weight), torch.ones(2))
    assert made.weights_t.astype(int).sum(axis=0).max() <= 32767
    with pytest.raises(ValueError, match="thresholds must be finite"):
        whole(torch.ones(2, 3), torch.tensor([1.0, float("nan")]))
    with pytest.raises(ValueError, match="must add up to less"):
        whole(torch.full((2, 3), 1e30), torch.ones(2))


def test_presenting_one_image_shows_exactly_the_spikes_that_are_counted(
    images: np.ndarray,
) -> None:
    layer, values, draw = prepared(images[:3], SOFT)
    counted = count_spikes(layer, values, draw, SOFT)
    for k in range(3):
        single = Draw(draw.seed, draw.stream, draw.samples[k : k + 1])
        shown = present_dense(layer, values[k : k + 1], single, SOFT)
        assert shown.outputs.dtype == np.bool_ and shown.potentials.dtype == np.float32
        assert (shown.outputs.sum(axis=0) == counted[k]).all()
        first = shown.inputs[0] @ synapses(layer.weights).numpy().T  # nothing was there before
        assert shown.potentials[0] == pytest.approx(first, abs=1e-6)


def test_counts_depend_neither_on_the_batch_nor_on_the_threads(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer, values, draw = prepared(images[:10], SOFT)
    monkeypatch.setenv("SNNCORE_THREADS", "1")
    whole = count_spikes(layer, values, draw, SOFT)
    monkeypatch.setenv("SNNCORE_THREADS", "2")
    assert (count_spikes(layer, values, draw, SOFT) == whole).all()
    for k in range(10):
        single = Draw(draw.seed, draw.stream, draw.samples[k : k + 1])
        assert (count_spikes(layer, values[k : k + 1], single, SOFT) == whole[k]).all()


def test_counts_do_not_depend_on_how_the_images_are_cut(images: np.ndarray) -> None:
    layer = first_layer(images, SOFT)
    whole = np.concatenate([c for _, c in counts(layer, images, SOFT)])
    first = np.concatenate([c for _, c in counts(layer, images[:50], SOFT)])
    rest = np.concatenate([c for _, c in counts(layer, images[50:], SOFT, first_sample=50)])
    assert (np.concatenate([first, rest]) == whole).all()


def test_weights_are_rounded_once_however_many_images_follow(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def counted(weights: torch.Tensor, theta: torch.Tensor) -> Whole:
        calls.append(1)
        return whole(weights, theta)

    monkeypatch.setattr(features, "whole", counted)
    monkeypatch.setattr(facade, "_COUNT_CELLS", 16)  # pieces of 16 images
    layer = first_layer(images, SOFT)
    assert len(list(counts(layer, images, SOFT))) > 2 and calls == [1]


def test_pictures_too_large_for_sixteen_bits_are_refused_before_learning() -> None:
    large = np.zeros((1, 256, 256), np.uint8)
    with pytest.raises(ValueError, match="at most 32,767 inputs, got 65,536: take smaller"):
        facade.train(large, SOFT)
    for n_in in (32_768, 65_534, 65_600):  # the two last ones divided by zero, or worse
        with pytest.raises(ValueError, match="at most 32,767 inputs"):
            synapses(torch.full((2, n_in), 0.01))


def test_black_images_are_silent_and_arguments_left_alone(images: np.ndarray) -> None:
    layer, values, draw = prepared(images[:2] * 0, SOFT)
    weights = layer.weights.clone()
    assert count_spikes(layer, values, draw, SOFT).sum() == 0
    assert values.sum() == 0 and torch.equal(layer.weights, weights)
    assert count_spikes(layer, values[:0], Draw(0, 4, draw.samples[:0]), SOFT).shape == (0, 12)


def test_weights_that_are_no_numbers_are_refused(images: np.ndarray) -> None:
    layer, values, draw = prepared(images[:2], SOFT)
    broken = Layer(layer.weights * float("nan"), layer.theta)
    with pytest.raises(ValueError, match="weights must be finite"):
        count_spikes(broken, values, draw, SOFT)


@pytest.mark.parametrize("neurons", [2, 100, 399, 400, 1600, 6400])
def test_recommended_values_exist_for_every_size(neurons: int) -> None:
    assert recommended("dense", neurons).neurons == neurons


def test_presets_have_names_of_their_own_and_say_what_to_notice() -> None:
    assert len({preset.name for preset in PRESETS}) == len(PRESETS) == 4
    assert all(preset.notice.endswith(".") for preset in PRESETS)
    with pytest.raises(ValueError, match="layer must be dense or conv"):
        recommended("deep")
