"""Parameters of the STDP layer, its input and its training."""

from __future__ import annotations

import math
from dataclasses import dataclass

from snncore.params import Params, choice, integer, number


@dataclass(frozen=True)
class TrainParams(Params):
    """Everything that, with a data set, determines a training run.

    Potentials are in units of one input spike through one whole synapse: a spike of input i adds
    w_ij, each neuron's weights have unit L2 norm. One step is `dt` ms.
    """

    layer: str = choice(
        "dense",
        ("dense", "conv"),
        "Every neuron sees the whole picture, or filters slide over it.",
        label="Layer",
    )
    neurons: int = integer(100, 2, 6400, "LIF neurons of a dense layer.", step=10)
    filters: int = integer(128, 2, 512, "Filters of a convolutional layer.", step=2)
    filter_size: int = integer(7, 3, 15, "Side of a filter.", unit="px")
    grid: int = integer(5, 1, 10, "Wins are summed over grid × grid fields of the picture.")
    filters_2: int = integer(
        0,
        0,
        512,
        "Filters of a second convolutional layer; 0 leaves it out.",
        label="Filters of a 2nd layer",
    )
    epochs: int = integer(1, 1, 50, "Passes over the training images.", label="Passes")
    learn_images: int = integer(
        0,
        0,
        10**6,
        "Images a pass that STDP learns from; 0 takes all.",
        label="Images a pass (0: all)",
    )
    seed: int = integer(0, 0, 2**31 - 1, "Seed of every random draw.")
    retina: str = choice(
        "raw",
        ("raw", "on_off"),
        "Input cells: the raw intensities, or difference-of-Gaussians ON and OFF cells.",
    )
    sigma_centre: float = number(
        1.0, 0.1, 20.0, "Width of the retina's centre.", unit="px", step=0.1, label="Centre σ"
    )
    sigma_surround: float = number(
        2.0, 0.1, 40.0, "Width of the retina's surround.", unit="px", step=0.1, label="Surround σ"
    )
    code: str = choice(
        "poisson",
        ("poisson", "latency"),
        "Random spikes at a rate, or one spike a cell, the earlier the stronger.",
        label="Spike code",
    )
    rule: str = choice(
        "trace",
        ("trace", "pair_additive", "pair_multiplicative", "diehl_cook", "exponential", "seed"),
        "Learning rule.",
        label="STDP rule",
    )
    competition: str = choice(
        "winner",
        ("winner", "k_winners", "lateral", "none"),
        "Who may spike while learning: the first, the first k, all who overcome inhibition, all.",
        label="Competition",
    )
    winners: int = integer(
        3,
        1,
        50,
        "k of `k_winners` while learning. With filters also how many spikes of a location count.",
        label="Winners k",
    )
    lateral_inhibition: float = number(
        3.0,
        0.0,
        50.0,
        "With `lateral`: what a spike takes from all others' potentials while learning.",
        label="Inhibition, learning",
    )
    readout: str = choice(
        "ridge",
        ("ridge", "hinge", "logistic"),
        "Linear classifier of the spike counts.",
        label="Linear readout",
    )
    steps: int = integer(
        50,
        4,
        400,
        "Longest presentation while learning.",
        unit="steps",
        label="Presentation, learning",
    )
    dt: float = number(2.0, 0.1, 10.0, "Length of a step.", unit="ms", label="Time step")
    tau_m: float = number(
        20.0,
        1.0,
        200.0,
        "Time constant of the membrane and of the STDP trace.",
        unit="ms",
        label="Membrane τ",
    )
    max_rate_hz: float = number(
        100.0,
        1.0,
        500.0,
        "Rate of an input with normalised drive 1.",
        unit="Hz",
        label="Rate at full drive",
    )
    gain: float = number(9.0, 0.5, 40.0, "Drive = gain · pixel / image's L2 norm, capped at 1.5.")
    theta: float = number(
        10.0, 0.1, 200.0, "Threshold at the start.", label="Threshold at the start"
    )
    theta_rate: float = number(
        0.02, 0.0, 1.0, "Step of the homeostatic thresholds.", label="Threshold rate"
    )
    rate_first: float = number(
        0.1, 0.0, 1.0, "STDP learning rate at the start.", label="Learning rate, first"
    )
    rate_last: float = number(
        0.005, 0.0, 1.0, "STDP learning rate at the end (geometric).", label="Learning rate, last"
    )
    batch: int = integer(
        50, 1, 2000, "Images learnt from frozen weights, then merged.", label="Batch of images"
    )
    feature_steps: int = integer(
        100,
        4,
        1000,
        "Presentation while counting spikes.",
        unit="steps",
        label="Presentation, counting",
    )
    feature_theta: float = number(
        0.35,
        0.05,
        2.0,
        "Thresholds while counting, as a fraction.",
        label="Threshold factor, counting",
    )
    feature_reset: float = number(
        0.0,
        0.0,
        50.0,
        "What a spike takes from its own potential while counting; 0: all of it.",
        label="Reset, counting",
    )
    inhibition: float = number(
        3.0,
        0.0,
        50.0,
        "What a spike takes from all others while counting.",
        label="Inhibition, counting",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_rate_hz * self.dt * DRIVE_CAP > 1000.0:
            raise ValueError(
                f"max_rate_hz·dt must be <= {1000.0 / DRIVE_CAP:.0f} (a spike probability of 1 per "
                f"step at drive {DRIVE_CAP}), got {self.max_rate_hz} Hz · {self.dt} ms"
            )
        if self.rate_last > self.rate_first:
            raise ValueError(
                f"rate_last must be <= rate_first, got {self.rate_last} > {self.rate_first}"
            )
        if self.sigma_centre >= self.sigma_surround:
            raise ValueError(
                "sigma_centre must be < sigma_surround, "
                f"got {self.sigma_centre} and {self.sigma_surround} px"
            )

    @property
    def leak(self) -> float:
        """What is left of a potential or trace after one step, exp(-dt/tau_m)."""
        return math.exp(-self.dt / self.tau_m)

    @property
    def probability(self) -> float:
        """Spike probability per step at drive 1."""
        return self.max_rate_hz * self.dt / 1000.0


DRIVE_CAP = 1.5
