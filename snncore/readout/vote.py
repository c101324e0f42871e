"""Unsupervised neurons name a class: votes of labelled neurons.

`assign_labels` and `vote` are the read-out of Diehl & Cook (2015): each neuron speaks for one
class. `class_profiles` and `weighted_vote` let it speak for several, each as far as it answered
them while the labels were known: a confidence-weighted vote as in Hazan, Saunders, Sanghavi,
Siegelmann & Kozma (2018), "Unsupervised learning with self-organizing spiking neural networks"
(IJCNN). Both use training labels to name neurons, nothing is optimised.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ROWS = 4096  # counts that are in floating point at one time


def _class_means(
    counts: NDArray[np.uint16], labels: NDArray[np.int64], n_classes: int
) -> NDArray[np.float64]:
    """Mean count of each neuron over the images of each class, [C, N]; 0 for a class without."""
    total = np.zeros((n_classes, counts.shape[1]))
    for start in range(0, len(counts), _ROWS):
        part, of = counts[start : start + _ROWS], labels[start : start + _ROWS]
        for c in np.unique(of):
            total[c] += part[of == c].sum(axis=0, dtype=np.float64)
    images = np.bincount(labels, minlength=n_classes)
    result: NDArray[np.float64] = total / np.maximum(images, 1)[:, None]
    return result


def assign_labels(
    counts: NDArray[np.uint16], labels: NDArray[np.int64], n_classes: int
) -> NDArray[np.int64]:
    """The class each neuron answers most: argmax_c of its mean count over class c; -1 if silent.

    Args:
        counts: training spike counts [S, N].
        labels: classes [S] in 0..n_classes-1.

    Source: Diehl & Cook (2015), section 2.5.
    """
    mean = _class_means(counts, labels, n_classes)
    return np.where(mean.max(axis=0) > 0, mean.argmax(axis=0), -1)


def vote(
    counts: NDArray[np.uint16], neuron_labels: NDArray[np.int64], n_classes: int
) -> NDArray[np.int64]:
    """Predicted class [S]: the class whose neurons fired most on average; -1 if none fired."""
    score = np.zeros((counts.shape[0], n_classes))
    for c in range(n_classes):
        members = neuron_labels == c
        if members.any():
            score[:, c] = counts[:, members].mean(axis=1, dtype=np.float64)
    return np.where(score.max(axis=1) > 0, score.argmax(axis=1), -1)


def class_profiles(
    counts: NDArray[np.uint16], labels: NDArray[np.int64], n_classes: int
) -> NDArray[np.float32]:
    """What each neuron's spike says about the class: float32 [N, C], rows sum to 1 or 0 (silent).

    profile[j, c] = m_jc / Σ_c m_jc with m_jc the mean count of neuron j over training images of
    class c; classes without images have 0. So a class with more images weighs no more.

    Args:
        counts: training spike counts [S, N].
        labels: classes [S] in 0..n_classes-1.
    """
    mean = _class_means(counts, labels, n_classes).T
    total = mean.sum(axis=1, keepdims=True)
    return np.divide(mean, total, out=np.zeros_like(mean), where=total > 0).astype(np.float32)


def weighted_vote(counts: NDArray[np.uint16], profiles: NDArray[np.float32]) -> NDArray[np.int64]:
    """Predicted class [S]: argmax_c Σ_j count_j · profile_jc; -1 if no labelled neuron fired."""
    score = np.zeros((len(counts), profiles.shape[1]), np.float32)
    for start in range(0, len(counts), _ROWS):  # no float copy of all counts
        score[start : start + _ROWS] = counts[start : start + _ROWS].astype(np.float32) @ profiles
    return np.where(score.max(axis=1) > 0, score.argmax(axis=1), -1)
