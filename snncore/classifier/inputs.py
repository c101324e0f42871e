"""From points to what drives the network: receptive fields, their spikes, or plain currents.

- "rate": m Gaussian fields along each axis (`encoding.population`); each fires in each step
  with the probability of its value y = exp(−(x − μ)²/2σ²).
- "constant": the same values as currents that stay on. The network is then without noise.
- "raw": two currents 2x − 1 and 2y − 1, as in demonstrations that feed a neuron with coordinates.
"""

from __future__ import annotations

import torch

from snncore import encoding
from snncore.classifier.params import ClassifierParams
from snncore.encoding import population

Tensor = torch.Tensor

CLICK = 1 << 30  # sample number of a point that is none of the data
MAP = 1 << 31  # of the first point of a map


def n_channels(params: ClassifierParams) -> int:
    """M, how many inputs a point drives."""
    return 2 if params.code == "raw" else 2 * params.fields


def channels(points: Tensor, params: ClassifierParams) -> Tensor:
    """What the inputs carry: float32 [S, M] of points [S, 2], the fields of x, then those of y.

    Raises:
        ValueError: not [S, 2], or outside the unit square.
    """
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"points must be [S, 2], got shape {tuple(points.shape)}")
    if not bool(((points >= 0) & (points <= 1)).all()):
        raise ValueError("points must be in 0..1 everywhere, got values outside or NaN")
    points = points.to(torch.float32)
    if params.code == "raw":
        return 2 * points - 1
    where = population.centres(params.fields, points.device)
    values = population.fields(points, where, population.width(params.fields))
    return values.reshape(len(points), -1)


def drive(points: Tensor, params: ClassifierParams, samples: Tensor) -> Tensor:
    """Input per step: bool spikes [T, S, M] of the "rate" code, else float32 [1, S, M].

    The spikes of a point depend on its number in `samples` (int64 [S]), not on the batch.
    """
    return drive_of(channels(points, params), params, samples)


def drive_of(values: Tensor, params: ClassifierParams, samples: Tensor) -> Tensor:
    """As `drive`, from what the inputs carry, [S, M]."""
    if params.code != "rate":
        return values[None]
    return encoding.rate_encode(values, n_steps=params.n_steps, seed=params.seed, samples=samples)
