"""Learning by a local rule: the delta rule on spike counts (Widrow & Hoff 1960).

After each batch of points every synapse m → k of a class neuron changes by the mean of

    Δw_km = η·(n*_k − n_k)·ā_m

where n_k is how often the neuron fired, n*_k how often it should have (0.4 T for its own class,
0.1 T else) and ā_m the mean activity that the synapse has seen. Each term is known where the
synapse is; nothing is sent back through time or through other neurons. So a hidden layer stays as
it was drawn: the rule has no way to tell it what to do.
"""

from __future__ import annotations

import torch

from snncore.classifier.network import Tensors, run
from snncore.classifier.params import ClassifierParams
from snncore.classifier.surrogate import Gradient, n_right

Tensor = torch.Tensor

HIGH, LOW = 0.4, 0.1  # spikes per step wanted of the right and of the wrong neurons


def delta(drive: Tensor, labels: Tensor, tensors: Tensors, params: ClassifierParams) -> Gradient:
    """The change −Δw/η for inputs [T, S, M] or [1, S, M]; its loss is the mean square error."""
    activity = run(drive, tensors, params)
    wanted = torch.full_like(tensors.b2, LOW).repeat(len(labels), 1)
    wanted.scatter_(1, labels[:, None], HIGH)
    error = wanted * params.n_steps - activity.counts
    if params.hidden:
        seen = activity.hidden_counts / params.n_steps
    else:
        seen = drive.to(torch.float32).mean(dim=0)
    change = Tensors(
        torch.zeros_like(tensors.w1), torch.zeros_like(tensors.b1),
        -(seen.T @ error) / len(labels), -error.mean(dim=0),
    )  # fmt: skip
    loss = float((error / params.n_steps).square().sum())
    return Gradient(loss, n_right(activity, labels, params), change)
