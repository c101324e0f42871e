"""Parameters of convolutional layers, chosen by validation inside the training set."""

from __future__ import annotations

from dataclasses import replace

from snncore.stdp.params import TrainParams


def recommended_conv(filters: int = 0, dataset: str = "") -> TrainParams:
    """Parameters for `filters` filters (0: the default number).

    Raises:
        ValueError: a number of filters outside its range.
    """
    del dataset
    return replace(
        TrainParams(),
        layer="conv",
        filters=filters or TrainParams().filters,
        retina="on_off",
        code="latency",
        steps=15,
        feature_steps=15,
        dt=1.0,
        tau_m=200.0,
        theta=2.5,
        theta_rate=0.1,
        rate_first=0.3,
        rate_last=0.01,
        batch=50,
        learn_images=6_000,
        winners=6,
        feature_theta=1.0,
        inhibition=0.0,
        readout="hinge",
    )
