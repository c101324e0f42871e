"""Every spike that classifies one picture, step by step: what the trainer's player shows.

Input spikes enter, one neuron of a dense layer (or one filter at a place of a convolutional one)
reaches its threshold and spikes, and both readouts listen. After t steps the spikes so far make
up counts n[t]. The vote is the mean count of the neurons of each class (Diehl & Cook 2015), and
the linear readout's scores are those of the counts so far. It was fitted to whole presentations,
so only its last scores are its answer; the earlier ones show on the way which class leads.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore.plots.training_tiles import field_tiles
from snncore.stdp.conv import win_features
from snncore.stdp.conv_shape import shapes
from snncore.stdp.features import theta_feature
from snncore.stdp.train import counts, present
from snncore.trained import TEST_SAMPLES, Trained

MAX_TILES = 400  # of the layer's neurons; the busiest of a larger layer
RACERS = 6  # neurons whose potentials are drawn

Bool = NDArray[np.bool_]
Float = NDArray[np.float32]


class Reel(NamedTuple):
    """One presentation of T steps of `dt` ms; C classes, k shown neurons or filters."""

    image: NDArray[np.uint8]  # [H, W], what the network was shown
    dt: float
    conv: bool
    units: int  # neurons or filters of the layer; `shown` may be fewer
    inputs: Bool  # [T, maps, H, W]: one map of cells, or two (ON and OFF)
    shown: NDArray[np.int64]  # [k] their numbers in the layer
    tiles: NDArray[np.uint8]  # [k, h, w, 3] receptive fields
    labels: NDArray[np.int64]  # [k] the class it stands for, -1 for none
    weights: Float  # [k, C] what one feature of it adds to each class's score, standardised
    spikes: NDArray[np.int32]  # [n, 5]: step, place in `shown` or -1, row, column, class or -1
    racers: NDArray[np.int64]  # [m] places in `shown`
    levels: Float  # [T, m] their potentials in units of their thresholds
    votes: Float  # [T, C] mean spikes so far of the neurons of each class
    scores: Float  # [T, C] of the linear readout, for the counts so far
    class_names: tuple[str, ...]
    answer: int  # of the linear readout
    vote: int  # -1 where no labelled neuron has spiked
    settled: int  # first step from which the readout leads with its answer to the end


def reel(trained: Trained, image: NDArray[np.uint8], *, sample: int = TEST_SAMPLES) -> Reel:
    """Show one image uint8 [H, W] to a network and keep everything that happens.

    Args:
        sample: number of the image for its random draws; `TEST_SAMPLES` + s gives exactly the
            spikes of test image s in the experiment.

    Raises:
        ValueError: the image is not of the size that the network was trained on.
    """
    if image.shape != trained.image_shape:
        height, width = trained.image_shape
        raise ValueError(f"image must be [{height}, {width}] for this network, got {image.shape}")
    if trained.params.layer == "conv":
        return _conv(trained, image, sample)
    return _dense(trained, image, sample)


def _dense(trained: Trained, image: NDArray[np.uint8], sample: int) -> Reel:
    params, layer = trained.params, trained.layer
    happened = present(trained.layers, image, params, sample=sample)
    outputs = happened.outputs
    spiked = outputs.sum(axis=0)
    weights = layer.weights.cpu().numpy()
    n_out = len(weights)
    shown = np.arange(n_out)
    if n_out > MAX_TILES:
        shown = np.sort(np.argsort(-spiked, kind="stable")[:MAX_TILES])
    place = np.full(n_out, -1)
    place[shown] = np.arange(len(shown))
    steps, who = np.nonzero(outputs)
    level = happened.potentials[:, shown] / theta_feature(layer, params).cpu().numpy()[shown]
    # Those who spiked most, then those who came closest.
    order = np.lexsort((-level.max(axis=0), -spiked[shown]))
    racers = order[:RACERS]
    nothing = np.zeros(n_out, np.uint16)
    votes, scores = _listening(trained, steps, who, len(outputs), nothing)
    nowhere = np.zeros_like(who)  # a dense neuron has no place in the picture
    spikes = np.stack([steps, place[who], nowhere, nowhere, trained.neuron_labels[who]], axis=1)
    return Reel(
        image=image,
        dt=params.dt,
        conv=False,
        units=n_out,
        inputs=happened.inputs.reshape(len(outputs), -1, *image.shape),
        shown=shown,
        tiles=field_tiles(weights[shown], (image.shape[0], image.shape[1])),
        labels=trained.neuron_labels[shown],
        weights=trained.linear.coef.T[shown],
        spikes=spikes.astype(np.int32),
        racers=racers,
        levels=level[:, racers].astype(np.float32),
        votes=votes,
        scores=scores,
        class_names=trained.class_names,
        **_decision(votes, scores)._asdict(),
    )


def _conv(trained: Trained, image: NDArray[np.uint8], sample: int) -> Reel:
    params = trained.params
    happened = present(trained.layers, image, params, sample=sample)
    look = shapes(params, *image.shape)[0]
    steps, filters, rows, columns = happened.wins.astype(np.int64).T
    n_filters, n_features = len(trained.layer.theta), len(trained.neuron_labels)
    features = win_features(happened.wins, params, *image.shape)
    n_steps = len(happened.inputs)
    extra = np.zeros(n_features, np.uint16)
    if params.filters_2:  # the second layer looks at what the first has done
        (_, total), *_ = counts(trained.layers, image[None], params, first_sample=sample)
        extra[n_filters * params.grid**2 :] = total[0, n_filters * params.grid**2 :]
    votes, scores = _listening(trained, steps, features, n_steps, extra)
    middle = look.side // 2  # a location is where the filter's corner is; show its centre
    labels = trained.neuron_labels[features]
    weights = trained.linear.coef.T[: n_filters * params.grid**2]
    return Reel(
        image=image,
        dt=params.dt,
        conv=True,
        units=n_filters,
        inputs=happened.inputs,
        shown=np.arange(n_filters),
        tiles=field_tiles(trained.layer.weights.cpu().numpy(), (look.side, look.side)),
        labels=np.full(n_filters, -1),  # a filter votes for another class in each field
        weights=weights.reshape(-1, n_filters, weights.shape[1]).mean(axis=0),
        spikes=np.stack([steps, filters, rows + middle, columns + middle, labels], axis=1).astype(
            np.int32
        ),
        racers=np.empty(0, np.int64),
        levels=np.empty((n_steps, 0), np.float32),
        votes=votes,
        scores=scores,
        class_names=trained.class_names,
        **_decision(votes, scores)._asdict(),
    )


def _listening(
    trained: Trained,
    steps: NDArray[np.int64],
    features: NDArray[np.int64],
    n_steps: int,
    at_last: NDArray[np.uint16],
) -> tuple[Float, Float]:
    """Votes and scores [T, C] after each step, of spikes (step, feature) and what comes last."""
    so_far = np.zeros((n_steps, len(at_last)), np.uint16)
    np.add.at(so_far, (steps, features), 1)
    so_far[-1] += at_last
    so_far = so_far.cumsum(axis=0, dtype=np.uint16)
    n_classes = len(trained.class_names)
    votes = np.zeros((n_steps, n_classes), np.float32)
    for c in range(n_classes):
        members = trained.neuron_labels == c
        if members.any():
            votes[:, c] = so_far[:, members].mean(axis=1, dtype=np.float64)
    return votes, trained.linear.scores(trained.scaler.transform(so_far))


class _Decision(NamedTuple):
    answer: int
    vote: int
    settled: int


def _decision(votes: Float, scores: Float) -> _Decision:
    """What both readouts say at the end, and from when on the linear one has said so."""
    leader = scores.argmax(axis=1)
    others = np.flatnonzero(leader != leader[-1])
    vote = int(votes[-1].argmax()) if votes[-1].max() > 0 else -1
    return _Decision(int(leader[-1]), vote, int(others[-1]) + 1 if len(others) else 0)
