"""What a run will need, before it is started: seconds and bytes; too much is refused in words."""

from __future__ import annotations

from pages.components.job_panel import duration
from pages.components.trainer.payload import presentations
from pages.components.trainer.source import Size
from snncore import experiment
from snncore.device import cpu_count, memory_bytes
from snncore.stdp import TrainParams

LONGEST_S = 1500.0  # the server ends a computation after thirty minutes

# Microseconds on one of two cores, measured: python -m snncore train with --dataset mnist at 400,
# 1600 and 6400 neurons, and with --layer conv at 64 and 128 filters. For an image learnt: fixed,
# and for each neuron; for an image counted: for each neuron and step.
_LEARN_US, _LEARN_UNIT_US = 46.0, 0.034
_COUNT_US, _COUNT_UNIT_US = 20.0, 0.0025
_FULL_US = 0.03  # lateral or no competition: for each neuron and step
# Convolution: for each filter, place and step.
_CONV_US = 1.2e-3
_READOUT_US = {"ridge": 0.00010, "hinge": 0.0011, "logistic": 0.0022}  # for a count and class


def seconds(params: TrainParams, size: Size) -> float:
    """About how long a run takes with its controls on this machine's cores."""
    cores = max(1, cpu_count())
    shown = presentations(size.n_train, params)
    both = size.n_train + size.n_test
    if params.layer == "conv":
        places = max(1, size.height - params.filter_size + 1) * max(
            1, size.width - params.filter_size + 1
        )
        unit = _CONV_US * params.filters * places
        learning = shown * unit * params.steps * 0.1
        counting = both * unit * params.feature_steps
        features = params.filters * params.grid**2
    else:
        unit = _LEARN_UNIT_US if params.competition == "winner" else _FULL_US * params.steps
        learning = shown * (_LEARN_US + unit * params.neurons)
        counting = both * (_COUNT_US + _COUNT_UNIT_US * params.feature_steps * params.neurons)
        features = params.neurons
    reading = size.n_train * features * size.classes * _READOUT_US[params.readout]
    # The control with untrained weights adapts its thresholds, counts and reads out once more.
    return 2.0 + 2.0 * (learning + counting + reading) * 1e-6 / cores


def n_bytes(params: TrainParams, size: Size) -> int:
    """The peak of memory of a run: images, layers, counts, readout."""
    return experiment.needed_bytes(params, size.n_train, size.n_test, size.height, size.width)


def refusal(params: TrainParams, size: Size) -> str:
    """Why such a run is not started here, with the number; "" if it is."""
    try:
        need, lent = n_bytes(params, size), memory_bytes() // 2
    except ValueError as error:  # a filter larger than the pictures, say
        return f"{str(error)[:1].upper()}{str(error)[1:]}."
    if need > lent:
        return (
            f"This run needs about {need / 2**30:.1f} GB of memory, this server lends "
            f"{lent / 2**30:.1f} GB. Choose fewer neurons or filters, or fewer training images."
        )
    took = seconds(params, size)
    if took > LONGEST_S:
        return (
            f"This run takes about {duration(took)}, this server stops after "
            f"{LONGEST_S / 60:.0f} minutes. Choose fewer passes, images or neurons, shorter "
            "presentations, or run it in a terminal (*Command* above)."
        )
    return ""


def words(params: TrainParams, size: Size) -> str:
    """The estimate for people."""
    return (
        f"{size.n_train:,} training and {size.n_test:,} test images · about "
        f"{duration(seconds(params, size))} with its controls and "
        f"{n_bytes(params, size) / 2**20:,.0f} MB of memory"
    )
