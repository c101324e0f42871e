"""What a running experiment reports and what a finished one found out."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore.stdp import Layer, Snapshot
from snncore.trained import Trained

if TYPE_CHECKING:
    from snncore.experiment.running import RunningVote
    from snncore.metrics import ClassReport

UNCONVERGED = "the linear readout took all its steps and could still be better"
PHASES = ("learning", "counting", "readout", "controls", "done")


class FitPoint(NamedTuple):
    """One pass of the linear readout over the counts: what its loss and accuracy were."""

    penalty: float
    epoch: int
    loss: float
    accuracy: float  # of the counts that were fitted
    validation_accuracy: float  # of those held out; NaN in the last fit, which holds none out


class Live(NamedTuple):
    """Running figures. Labels are looked at here, never handed to learning.

    "vote": the winner of a presentation votes with the label of its own past wins, and the next
    label judges it. "probe": a small readout on the counts of a few hundred training images.
    Test images are never used.
    """

    kind: str  # "vote" or "probe"
    seen: int
    total: int
    accuracy: NDArray[np.float32]  # [k, 2]: presentations so far, fraction right
    untrained: NDArray[np.float32]  # [k, 2]: the same with untrained weights, at the start
    pixels: float  # "probe": the same small readout on the raw pixels; else NaN
    chance: float  # share of the largest class
    confusion: NDArray[np.int64] | None  # "vote": row = true, of the recent presentations
    change: NDArray[np.float32]  # [k, 2]: presentations so far, mean |Δw| per presentation
    fit: tuple[FitPoint, ...] = ()  # the readout's history, once it fits
    vote: RunningVote | None = None  # "vote": the names so far, for a continued run


class Times(NamedTuple):
    """Seconds of work in each phase, without what the caller did in between."""

    learning: float
    counting: float
    readout: float
    controls: float
    total: float  # of all, running figures included


class Controls(NamedTuple):
    """Accuracies on the test images; NaN where a control was left out."""

    untrained: float
    untrained_vote: float
    untrained_weighted_vote: float
    pixels: float


class Result(NamedTuple):
    """What a finished experiment found out; accuracies are fractions of the test images."""

    trained: Trained
    test_accuracy: float  # linear readout of the spike counts
    vote_accuracy: float  # unsupervised vote
    weighted_vote_accuracy: float  # each neuron votes with its class profile
    has_controls: bool  # without, the five control figures are NaN
    control_untrained_accuracy: float
    control_untrained_vote_accuracy: float
    control_untrained_weighted_vote_accuracy: float
    control_pixels_accuracy: float
    chance: float  # share of the largest class among the test images
    confusion: NDArray[np.int64]  # of the linear readout, row = true
    vote_confusion: NDArray[np.int64]
    report: ClassReport  # of the linear readout
    vote_report: ClassReport
    predictions: NDArray[np.int16]  # [n_test], of the linear readout
    votes: NDArray[np.int16]  # [n_test], -1: no labelled neuron fired
    mean_spikes: float  # output spikes per test image
    readout: str  # kind of the linear readout
    readout_converged: bool  # False: it took all its steps and could still be better
    penalty: float  # that its validation part chose
    penalty_path: tuple[tuple[float, float], ...]  # (penalty, validation accuracy)
    history: tuple[FitPoint, ...]
    times: Times
    train_images_per_s: float
    count_images_per_s: float
    peak_mb: float  # largest memory of this process so far; NaN where nobody counts it
    device: str
    weights_sha256: str
    votes_sha256: str

    @property
    def train_seconds(self) -> float:
        """Seconds of learning."""
        return self.times.learning

    @property
    def total_seconds(self) -> float:
        """Seconds of everything."""
        return self.times.total


class Progress(NamedTuple):
    """A report from a running experiment; `result` is set in the last one only."""

    fraction: float  # 0..1 of the whole work, an estimate that never falls
    phase: str  # one of PHASES
    text: str
    snapshot: Snapshot | None = None
    result: Result | None = None
    live: Live | None = None
    images_per_s: float = math.nan  # of what runs now; NaN where no images pass
    eta_s: float = math.nan  # seconds to the end of all, estimated


def figures(result: Result) -> dict[str, float]:
    """Every plain number of a result by its name, for tables, files and means over seeds."""
    named = {
        name: float(value)
        for name, value in result._asdict().items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    times = {f"{name}_seconds": value for name, value in result.times._asdict().items()}
    return {**named, **times}


def weights_sha256(layers: Layer | Iterable[Layer]) -> str:
    """Digest of the weights and thresholds of all layers, byte for byte."""
    digest = hashlib.sha256()
    for layer in [layers] if isinstance(layers, Layer) else layers:
        digest.update(layer.weights.contiguous().cpu().numpy().tobytes())
        digest.update(layer.theta.cpu().numpy().tobytes())
    return digest.hexdigest()


def peak_mb() -> float:
    """Largest resident memory of this process so far, in MB; NaN where no one counts it."""
    try:
        import resource
    except ImportError:  # Windows has no such module
        return math.nan
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1024
