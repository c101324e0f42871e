"""What a run will need, before it is started: seconds and bytes; too much is refused in words."""

from __future__ import annotations

from pages.components.job_panel import duration
from pages.components.trainer.payload import presentations
from pages.components.trainer.source import Size
from snncore import experiment
from snncore.device import cpu_count, memory_bytes
from snncore.stdp import TrainParams
from snncore.stdp.drive import input_size
from snncore.stdp.train import feature_count

LONGEST_S = 1500.0  # the server ends a computation after thirty minutes

# CPU seconds of one thread, measured on the project's machine for MNIST and digits: recommended
# layers of 100, 400 and 1,600 neurons, raw and ON/OFF, both codes, all competitions; of 32 and 128
# filters. A run is within a factor of three of the estimate on an idle machine.
_US = 1e-6
# An image learnt: always, for each input, for each neuron; where the presentation goes on after
# the first spikes, for each neuron and step; where everybody may spike and learn, for each weight
# and step.
_LEARN, _LEARN_INPUT, _LEARN_NEURON = 8.0 * _US, 0.03 * _US, 0.035 * _US
_LATERAL, _NONE = 1.5e-3 * _US, 1.5e-4 * _US
# An image counted: always, for each input and step, for each neuron and step.
_COUNT, _COUNT_INPUT, _COUNT_NEURON = 5.0 * _US, 5e-4 * _US, 8e-4 * _US
# Convolution, an image learnt: always, for each input of a filter, for each filter; an image
# counted: always, for each cell and input of a filter, for each filter and place (Poisson: at each
# of 15 steps).
_PATCHES, _PATCH_INPUT, _PATCH_FILTER = 80.0 * _US, 0.4 * _US, 0.3 * _US
_CONV, _CONV_INPUT, _CONV_PLACE = 20.0 * _US, 1.4e-3 * _US, 6.5e-3 * _US
_STEPS = 15
# A readout: for samples × features² and features³ (second moments, their factors), and for each
# count and class of those that are fitted step by step.
_MOMENTS, _FACTORS, _SAMPLED = 4e-11, 5e-11, 12_288
_STEPWISE = {"ridge": 0.0, "hinge": 0.03 * _US, "logistic": 0.03 * _US}


def seconds(params: TrainParams, size: Size) -> float:
    """About how long a run takes with its controls on this machine's cores."""
    learn, count, features = _conv(params, size) if params.layer == "conv" else _dense(params, size)
    learning = presentations(size.n_train, params) * learn
    counting = (size.n_train + size.n_test) * count
    pixels = size.height * size.width
    # The control with untrained weights adapts its thresholds, counts and reads out once more.
    reading = 2.0 * _reading(params, size, features) + _reading(params, size, pixels)
    return 1.0 + (2.0 * (learning + counting) + reading) / max(1, cpu_count())


def _dense(params: TrainParams, size: Size) -> tuple[float, float, int]:
    """Seconds for an image learnt, for one counted; features."""
    n_in, n = input_size(size.height, size.width, params), params.neurons
    learn = _LEARN + _LEARN_INPUT * n_in + _LEARN_NEURON * n
    if params.competition == "lateral":
        learn += _LATERAL * n * params.steps
    elif params.competition == "none":
        learn += _NONE * n * n_in * params.steps
    count = _COUNT + (_COUNT_INPUT * n_in + _COUNT_NEURON * n) * params.feature_steps
    return learn, count, n


def _conv(params: TrainParams, size: Size) -> tuple[float, float, int]:
    """The same of a convolutional layer; a second one sees the wins of the first."""
    size_px, filters = params.filter_size, params.filters
    n_in = input_size(size.height, size.width, params)
    taps = 2 * size_px**2
    places = max(1, size.height - size_px + 1) * max(1, size.width - size_px + 1)
    count = _CONV + _CONV_INPUT * n_in * taps + _CONV_PLACE * filters * places
    if params.code == "poisson":
        count *= max(1.0, params.feature_steps / _STEPS)
    learn = _PATCHES + _PATCH_INPUT * taps + _PATCH_FILTER * filters
    if params.filters_2:
        learn += 2.0 * count
        count *= 1.0 + params.filters_2 / filters
    return learn, count, feature_count(params, size.height, size.width)


def _reading(params: TrainParams, size: Size, features: int) -> float:
    """Seconds of fitting a readout: the penalty by validation, then all samples."""
    steps = size.n_train * features * size.classes * _STEPWISE[params.readout]
    rows = size.n_train if params.readout == "ridge" else min(size.n_train, _SAMPLED)
    return steps + _MOMENTS * rows * features**2 + _FACTORS * features**3


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
