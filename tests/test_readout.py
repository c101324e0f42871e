"""Readouts on hand-made counts with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from snncore import metrics, readout


def test_neurons_take_the_class_they_answer_most_and_silent_ones_none() -> None:
    counts = np.array([[5, 1, 0], [4, 0, 0], [0, 3, 0], [1, 4, 0]], np.uint16)
    labels = np.array([0, 0, 1, 1])
    assert readout.assign_labels(counts, labels, 2).tolist() == [0, 1, -1]


def test_vote_averages_over_the_neurons_of_a_class_and_abstains_in_silence() -> None:
    neuron_labels = np.array([0, 1, 1, -1])
    counts = np.array([[2, 3, 0, 9], [2, 3, 2, 0], [0, 0, 0, 9]], np.uint16)
    # Class means (2, 1.5), (2, 2.5) and nothing: averages decide, an unlabelled neuron never.
    assert readout.vote(counts, neuron_labels, 2).tolist() == [0, 1, -1]


def test_an_abstention_is_never_right_and_stands_nowhere_in_the_confusion() -> None:
    predicted, labels = np.array([0, 1, -1, 1]), np.array([0, 0, 0, 1])
    assert metrics.accuracy(predicted, labels) == 0.5
    assert metrics.confusion(predicted, labels, 2).tolist() == [[1, 1], [0, 1]]


def test_linear_readout_separates_what_is_linear_even_if_sorted_by_class() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 60)
    centres = np.array([[4.0, 0], [0, 4.0], [-4.0, -4.0]])
    features = (centres[labels] + rng.normal(size=(180, 2))).astype(np.float32)
    fitted = readout.fit_linear(features, labels, 3)
    assert fitted.coef.shape == (3, 2)
    assert metrics.accuracy(fitted.predict(features), labels) > 0.97
    shuffled = readout.fit_linear(features, np.tile(np.arange(3), 60), 3)
    assert metrics.accuracy(shuffled.predict(features), np.tile(np.arange(3), 60)) < 0.6


def test_a_readout_of_one_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        readout.fit_linear(np.ones((1, 3), np.float32), np.array([0]), 2)


def test_the_penalty_is_chosen_on_held_out_samples_whatever_their_order() -> None:
    """Nearly as many noisy features as samples: small penalties learn the noise by heart."""
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(6), 150)  # interleaved: every sixth sample is of one class
    centres = 0.15 * rng.normal(size=(6, 800))
    features = (centres[labels] + rng.normal(size=(900, 800))).astype(np.float32)
    by_class = np.argsort(labels, kind="stable")
    for order in (np.arange(900), by_class, rng.permutation(900)):
        assert readout.fit_linear(features[order], labels[order], 6).alpha == 1000.0
