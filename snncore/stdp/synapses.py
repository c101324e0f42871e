"""The synapses of a dense layer: its weights, rounded to 16-bit whole multiples of a unit.

A layer learns in float32, and its neurons integrate

    w̃_ji = q · round(w_ji / q),   q = the smallest 2⁻ᵏ with which no sum leaves 16 bits,

so fine that neither learning nor readouts notice. Sums of the weights of inputs that spike
together are then exact in any order, on every device, and cost half as much to read and to add.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import kernels

Tensor = torch.Tensor
_MOST = 32760  # of a 16-bit number; sums of floating-point weights are not exact to the last
_UNREACHED = 3e38  # threshold of a neuron that only fills a block
MOST_INPUTS = 32767  # more, and rounding alone would fill half of the 16 bits of a sum
_SMALLEST = 1e-3  # sum of weights below which the unit gets no finer
_UNITS = (2.0 ** np.arange(-30, 31)).astype(np.float32)


def check_inputs(n_in: int) -> None:
    """Raises ValueError for more inputs than can be added up in 16 bits."""
    if n_in > MOST_INPUTS:
        raise ValueError(
            f"a dense layer takes at most {MOST_INPUTS:,} inputs, got {n_in:,}: take smaller "
            'pictures, retina "raw" instead of "on_off", or a convolutional layer'
        )


def synapses(weights: Tensor) -> Tensor:
    """w̃ float32 [n_out, n_in] of weights [n_out, n_in]; nothing waits for their device."""
    n_in = weights.shape[1]
    most = weights.abs().sum(dim=1).max()
    units = torch.from_numpy(_UNITS).to(weights.device)
    place = (units < most.clamp(min=_SMALLEST) / _room(n_in)).sum()
    unit = units[place.clamp(max=len(units) - 1)]
    return torch.round(weights / unit) * unit


def _room(n_in: int) -> float:
    """Units that all inputs together may have, if rounding adds half a unit to each."""
    check_inputs(n_in)
    return _MOST - n_in / 2


class Whole(NamedTuple):
    """A layer as the kernels take it: M neurons, a whole number of blocks."""

    weights_t: NDArray[np.int16]  # [n_in, M], in multiples of `unit`
    theta: NDArray[np.float32]  # [M]
    unit: np.float32


def whole_room(n_in: int, n_out: int) -> Whole:
    """Room for `whole`: weights of 0, and thresholds that nothing reaches."""
    from snncore.kernels.dense_neurons import BLOCK

    padded = -(-n_out // BLOCK) * BLOCK
    return Whole(
        np.zeros((n_in, padded), np.int16),
        np.full(padded, _UNREACHED, np.float32),
        np.float32(1.0),
    )


def whole(weights: Tensor, theta: Tensor) -> Whole:
    """The synapses of weights [n_out, n_in] and the thresholds [n_out], both on the CPU.

    Raises:
        ValueError: too many inputs, or numbers that are not finite or far too large.
    """
    from snncore.kernels.dense_neurons import freeze

    n_out, n_in = weights.shape
    w_t = weights.t().contiguous().numpy()
    units, least, most = scale(n_in)
    room = whole_room(n_in, n_out)
    with kernels.kernel_threads(2.0 * w_t.size):
        place = freeze(w_t, theta.numpy(), least, most, units, room.weights_t, room.theta)
    check_place(place, n_in)
    return room._replace(unit=units[place])


def scale(n_in: int) -> tuple[NDArray[np.float32], np.float32, np.float32]:
    """Units to choose from, and the two limits that the choice depends on, for `freeze`."""
    return _UNITS, np.float32(_SMALLEST), np.float32(_room(n_in))


def check_place(place: int, n_in: int) -> None:
    """Raises ValueError for what `freeze` could not do."""
    if place == -1:
        raise ValueError("weights must be finite")
    if place == -2:
        raise ValueError("thresholds must be finite")
    if place == len(_UNITS):
        raise ValueError(f"weights must add up to less than {_UNITS[-1] * _room(n_in):.3g}")
