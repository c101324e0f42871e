"""Parameters that were chosen by validation inside the training set, by layer and size.

The best step, threshold or batch of a layer depends on how many neurons it has; `recommended`
gives them, and everything that is not asked for elsewhere starts from them. `PRESETS` are whole
runs worth seeing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from snncore.stdp.params import TrainParams
from snncore.stdp.presets_conv import recommended_conv


class Preset(NamedTuple):
    """A whole run, and a true sentence about what to notice in it."""

    name: str
    dataset: str
    limit: int  # training images, 0: all
    params: TrainParams
    notice: str


def recommended(layer: str = "dense", units: int = 0, dataset: str = "") -> TrainParams:
    """Parameters for a layer of `units` neurons or filters (0: the default number).

    Raises:
        ValueError: no such layer, or a number of units outside its range.
    """
    if layer == "conv":
        return recommended_conv(units, dataset)
    if layer != "dense":
        raise ValueError(f"layer must be dense or conv, got {layer!r}")
    neurons = units or TrainParams().neurons
    batch = 50 if neurons < 400 else 100 if neurons < 6400 else 400
    epochs = 3 if neurons < 800 else 6 if neurons < 6400 else 8
    return replace(
        TrainParams(),
        neurons=neurons,
        batch=batch,
        epochs=epochs,
        readout="hinge",  # validation, 400 and 1,600 neurons: 95.1 and 96.7 %; ridge 94.2 and 96.0
        feature_theta=0.7,
        feature_reset=0.3,
        inhibition=0.0,
    )


PRESETS: tuple[Preset, ...] = (
    Preset(
        "30 seconds",
        "digits",
        0,
        replace(recommended("dense", 100), epochs=30, retina="on_off"),
        "noise turns into strokes and digits without a single label.",
    ),
    Preset(
        "best dense",
        "mnist",
        0,
        recommended("dense", 1600),
        "each neuron comes to stand for one way of writing one digit, and the vote of their "
        "spikes names it.",
    ),
    Preset(
        "best conv",
        "mnist",
        0,
        recommended("conv"),
        "filters become edges and strokes; where each of them wins is read out best of all.",
    ),
    Preset(
        "the seed's rule – watch it fail",
        "digits",
        0,
        replace(
            recommended("dense", 100),
            epochs=3,
            rule="seed",
            competition="none",
            theta_rate=0.0,
            retina="on_off",
        ),
        "nothing makes a weight weaker: all fields become the same, full of the largest weights, "
        "and the vote falls to chance.",
    ),
)
