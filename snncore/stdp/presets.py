"""Parameters that were chosen by validation inside the training set, by layer and size.

The best step, threshold or batch of a layer depends on how many neurons it has; `recommended`
gives them, and everything that is not asked for elsewhere starts from them.
"""

from __future__ import annotations

from dataclasses import replace

from snncore.stdp.params import TrainParams


def recommended(layer: str = "dense", units: int = 0) -> TrainParams:
    """Parameters for a layer of `units` neurons or filters (0: the default number).

    Raises:
        ValueError: no such layer, or a number of units outside its range.
    """
    if layer == "conv":
        return replace(
            TrainParams(),
            layer="conv",
            filters=units or TrainParams().filters,
            retina="on_off",
            steps=15,
            feature_steps=15,
            max_rate_hz=300.0,
            theta=4.0,
            rate_first=0.3,
            rate_last=0.01,
            batch=100,
            learn_images=12_000,
            readout="hinge",
        )
    if layer != "dense":
        raise ValueError(f"layer must be dense or conv, got {layer!r}")
    neurons = units or TrainParams().neurons
    batch = 50 if neurons < 400 else 100 if neurons < 6400 else 400
    epochs = 1 if neurons < 1600 else 3 if neurons < 6400 else 4
    return replace(TrainParams(), neurons=neurons, batch=batch, epochs=epochs)
