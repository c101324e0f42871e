"""What a training run is, and what it shows of itself while it runs and when it is done.

A payload lives in the job, in every visitor's session that watches it, and crosses threads: it is
never changed, and small (pictures, curves, figures). Images, spike counts and weights are not in
it; the weights of the last runs are in `kept`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore import experiment
from snncore.params import digest
from snncore.stdp import TrainParams

OWN = "own"  # the data set of a visitor's file


class Run(NamedTuple):
    """Everything that determines a result: equal runs are computed once, for all visitors."""

    dataset: str  # digits, mnist, fashion, gtsrb or `OWN`
    limit: int  # training images, 0: all
    params: TrainParams
    upload_sha: str = ""  # of the visitor's file
    resumed: str = ""  # digest of where it began, "" from the untrained layer

    @property
    def identity(self) -> str:
        """Digest of all of it."""
        return digest("stdp", self.dataset, self.limit, self.upload_sha, self.resumed, self.params)

    @property
    def words(self) -> str:
        """For people: what tells this run from others at a glance."""
        p = self.params
        units = f"{p.neurons} neurons" if p.layer == "dense" else f"{p.filters} filters"
        if p.layer == "conv" and p.filters_2:
            units += f" + {p.filters_2}"
        passes = "1 pass" if p.epochs == 1 else f"{p.epochs} passes"
        data = "your file" if self.dataset == OWN else self.dataset
        some = f" ({self.limit:,} images)" if self.limit else ""
        goes_on = ", continued" if self.resumed else ""
        return (
            f"{data}{some}, {units}, {passes}, {p.rule} rule, {p.retina} input, seed {p.seed}"
            f"{goes_on}"
        )


def presentations(n_train: int, params: TrainParams) -> int:
    """How many images are shown in all while learning; a second layer learns after the first."""
    layers = 2 if params.layer == "conv" and params.filters_2 else 1
    return min(n_train, params.learn_images or n_train) * params.epochs * layers


class Pictures(NamedTuple):
    """One training image on its way through the layer, and the layer, as PNG.

    Rasters are pairs: on a light and on a dark page.
    """

    fields: bytes
    shown: int  # fields in the mosaic
    image: bytes
    label: str
    inputs: tuple[bytes, bytes]
    shown_cells: int
    outputs: tuple[bytes, bytes]
    shown_units: int
    spikes: int
    active: int  # neurons or filters that spiked
    places: bytes | None  # where the busiest filters won (convolutional layers)


class Frame(NamedTuple):
    """The receptive fields at one moment of learning."""

    seen: int
    fields: bytes  # PNG


class Payload(NamedTuple):
    """One moment of a run, ready to show."""

    run: Run
    phase: str  # learning, counting, readout, controls, done
    seen: int
    total: int
    images_per_s: float
    pictures: Pictures | None
    film: tuple[Frame, ...]  # few moments from the untrained layer to now
    wins: NDArray[np.int64]
    theta: NDArray[np.float32]
    silent: float
    first_spike_ms: float
    live: experiment.Live | None
    class_names: tuple[str, ...]
    n_train: int
    n_test: int
    image_shape: tuple[int, int]
    result: experiment.Result | None = None  # without its network: that is in `kept`
    problem: str = ""  # what the visitor should know while it runs
