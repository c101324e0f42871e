"""Spike counts and their scaling against closed forms."""

import tracemalloc

import numpy as np
import pytest
import torch

from snncore import rng
from snncore.counts import CountScaler, spike_counts


def test_counts_every_spike_of_either_sign_once():
    spikes = torch.zeros(5, 2, 3, dtype=torch.int8)
    spikes[0, 0, 1] = 1
    spikes[3, 0, 1] = -1
    spikes[4, 1, 2] = 1
    assert spike_counts(spikes).tolist() == [[0, 2, 0], [0, 0, 1]]


def test_features_are_the_standardised_square_roots():
    train = np.array([[0, 4], [1, 9], [4, 16], [9, 25]])
    scaler = CountScaler.fit(train)
    roots = np.array([[0, 2], [1, 3], [2, 4], [3, 5]])
    expected = (roots - [1.5, 3.5]) / np.sqrt(1.25)
    np.testing.assert_allclose(scaler.transform(train), expected, rtol=1e-6)
    assert scaler.transform(train).dtype == np.float32


def test_other_data_is_scaled_with_the_training_numbers():
    scaler = CountScaler.fit([[0], [4]])  # roots 0 and 2: mean 1, deviation 1
    assert scaler.transform([[16]]).tolist() == [[3.0]]


def test_a_neuron_that_never_varies_is_zero_not_nan():
    scaler = CountScaler.fit(np.full((10, 2), 3))
    assert scaler.transform(np.full((1, 2), 3)).tolist() == [[0.0, 0.0]]
    assert np.isfinite(scaler.transform([[0, 100]])).all()


def test_square_root_makes_the_spread_of_poisson_counts_nearly_equal():
    probability = torch.tensor([0.01, 0.04])  # means 10 and 40 in 1000 steps
    words = rng.draws(1, rng.stream("encode"), torch.arange(400), 2, 1000)
    counts = spike_counts(words < rng.threshold(probability))
    raw = counts.var(axis=0)
    root = np.sqrt(counts).var(axis=0)
    assert raw[1] / raw[0] > 2.8  # expected 3.88, standard error 7 % each
    assert root[1] / root[0] == pytest.approx(0.95, abs=0.25)  # 3.5 standard errors


def test_input_is_unchanged():
    counts = np.array([[1, 2], [3, 4]])
    before = counts.copy()
    CountScaler.fit(counts).transform(counts)
    assert (counts == before).all()


def test_batch_equals_its_rows_one_by_one():
    counts = np.arange(12).reshape(4, 3)
    scaler = CountScaler.fit(counts)
    single = np.concatenate([scaler.transform(row[None]) for row in counts])
    assert np.array_equal(single, scaler.transform(counts))


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([1, 2], r"\[S, N\]"),
        (np.zeros((0, 3)), "S > 0"),
        ([[-1, 2]], ">= 0 everywhere"),
        ([[float("nan"), 2]], ">= 0 everywhere"),
    ],
)
def test_bad_counts_are_named(counts, words):
    with pytest.raises(ValueError, match=words):
        CountScaler.fit(counts)


def test_another_number_of_neurons_is_named():
    with pytest.raises(ValueError, match="2 neurons as fitted, got 3"):
        CountScaler.fit([[1, 2], [2, 3]]).transform([[1, 2, 3]])


def test_spikes_of_another_shape_are_named():
    with pytest.raises(ValueError, match=r"\[T, S, N\]"):
        spike_counts(torch.zeros(3, 4))


def test_many_counts_scale_as_in_one_piece_and_need_little_more_memory():
    """Several pieces of rows; the oracle is plain NumPy in float64 on the whole array."""
    words = rng.draws(5, rng.stream("points"), torch.arange(3001), 200, 1)[0]
    counts = (words % 50).numpy().astype(np.uint16)
    tracemalloc.start()
    scaler = CountScaler.fit(counts)
    features = scaler.transform(counts)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    roots = np.sqrt(counts.astype(np.float64))
    np.testing.assert_allclose(scaler.mean, roots.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(scaler.scale, roots.std(axis=0), rtol=1e-12)
    expected = (roots - roots.mean(axis=0)) / roots.std(axis=0)
    # Roots up to 7 are rounded to 4e-7 before the mean is taken and the result divided by 1.8.
    np.testing.assert_allclose(features, expected, rtol=2e-7, atol=5e-7)
    assert peak < features.nbytes + 8e6  # in float64 the roots alone are twice the features


def test_a_bad_count_is_found_in_the_last_row():
    counts = np.ones((3001, 200), np.float32)
    counts[-1, -1] = np.nan
    with pytest.raises(ValueError, match=">= 0 everywhere"):
        CountScaler.fit(counts)
