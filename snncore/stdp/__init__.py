"""Unsupervised STDP: images become random spikes, one LIF layer competes and learns.

The input is Poisson-like: each step of a cell is a Bernoulli trial, which tends to a Poisson
process as the step gets short.

`params` the parameters, `drive` images to spike probabilities, `dense` the layer in its torch and
kernel form, `state` what learning carries and shows, `train` the door to every kind of layer.
"""

from snncore.stdp.params import TrainParams as TrainParams
from snncore.stdp.state import Layer as Layer
from snncore.stdp.state import Snapshot as Snapshot
from snncore.stdp.train import counts as counts
from snncore.stdp.train import feature_count as feature_count
from snncore.stdp.train import first_layers as first_layers
from snncore.stdp.train import memory_bytes as memory_bytes
from snncore.stdp.train import present as present
from snncore.stdp.train import train as train
