"""Unsupervised STDP: images become random spikes, one LIF layer competes and learns.

The input is Poisson-like: each step of a cell is a Bernoulli trial, which tends to a Poisson
process as the step gets short.

`params` the parameters, `drive` images to spike probabilities, `dense` the layer in its torch and
kernel form, `train` the learning loop as a generator of snapshots.
"""

from snncore.stdp.dense import Layer as Layer
from snncore.stdp.params import TrainParams as TrainParams
from snncore.stdp.train import Snapshot as Snapshot
from snncore.stdp.train import train as train
