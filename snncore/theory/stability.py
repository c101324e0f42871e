"""Where a model rests under a constant current, and where rest stops being stable, numerically.

In every model here the equations of the further variables are linear in them while v is held (gates
relax, adaptation follows), so that their resting values come from one linear system; and dv/dt is
affine in the current, so that one current makes a given v a resting point. Walking up along v from
rest, the first v at which an eigenvalue of the Jacobian gets a positive real part is the onset:

    a real eigenvalue: saddle-node (rest meets the threshold, and both vanish);
    a complex pair: Hopf (rest starts to oscillate).

(Izhikevich 2007, Dynamical Systems in Neuroscience, ch. 4 and 6.) The closed forms of `onset` are
tested against this; the Hodgkin–Huxley model has no other. Rinzel & Miller (1980, Math. Biosci.
49:27) found its two Hopf points, 9.78 and 154.5 µA/cm² at 6.3 °C.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore.neurons.model import Model
from snncore.params import Params
from snncore.theory.onset import UNKNOWN, Onset

Array = NDArray[np.float64]
_POINTS = 240  # of the first search
_ZOOM = 24  # of each refinement
_ACCURACY = 1e-9  # of v, relative to the range searched


class Resting(NamedTuple):
    """Resting points, one per voltage."""

    values: Array  # [n variables, K], v first
    current: Array  # [K] nA: the constant current that makes each a resting point
    eigenvalues: NDArray[np.complex128]  # [K, n] of the Jacobian, per ms, largest real part first


def resting_points(model: Model, params: Params, v: Array) -> Resting:
    """The resting point at each voltage `v` [K], the current it takes, and its stability."""
    values = np.stack([v, *_others(model, params, v)])
    zero, one = np.zeros_like(v), np.ones_like(v)
    drift = _derivatives(model, values, zero, params)[0]
    current = -drift / (_derivatives(model, values, one, params)[0] - drift)
    matrix = jacobian(model, params, values, current)
    found = np.linalg.eigvals(matrix).astype(np.complex128)
    order = np.argsort(-found.real, axis=-1, kind="stable")
    return Resting(values, current, np.take_along_axis(found, order, axis=-1))


def jacobian(model: Model, params: Params, values: Array, current: Array) -> Array:
    """∂(derivative i)/∂(variable j) by central differences: values [n, K] → [K, n, n]."""
    columns = []
    for j in range(len(values)):
        h = 1e-5 * np.maximum(1.0, np.abs(values[j]))
        up, down = values.copy(), values.copy()
        up[j] += h
        down[j] -= h
        rise = _derivatives(model, up, current, params) - _derivatives(model, down, current, params)
        columns.append(rise / (2.0 * h))
    return np.stack(columns, axis=1).transpose(2, 0, 1)


@lru_cache(maxsize=256)
def numerical_onset(model: Model, params: Params, low: float, high: float) -> Onset:
    """The first loss of stability on the way up from v = `low`, a stable resting point.

    Unknown where the model stays stable up to v = `high`, or is not stable at `low`.
    """
    grid = np.linspace(low, high, _POINTS + 1)
    growth = _growth(model, params, grid)
    lost = np.flatnonzero(growth > 0)
    if growth[0] > 0 or lost.size == 0:
        return UNKNOWN
    first = int(lost[0])
    v = _crossing(model, params, grid[first - 1], grid[first], rising=True)
    there = resting_points(model, params, np.array([v]))
    kind = "Hopf" if abs(there.eigenvalues[0, 0].imag) > 1e-6 else "rheobase"
    end = math.nan
    regained = np.flatnonzero(growth[first:] < 0)
    if kind == "Hopf" and regained.size:
        k = first + int(regained[0])
        last = _crossing(model, params, grid[k - 1], grid[k], rising=False)
        end = float(resting_points(model, params, np.array([last])).current[0])
    return Onset(float(there.current[0]), kind, end)


def _growth(model: Model, params: Params, v: Array) -> Array:
    return resting_points(model, params, v).eigenvalues[:, 0].real


def _crossing(model: Model, params: Params, low: float, high: float, *, rising: bool) -> float:
    """Where the growth rate changes its sign between two voltages."""
    width = high - low
    while high - low > _ACCURACY * width:
        grid = np.linspace(low, high, _ZOOM + 1)
        growth = _growth(model, params, grid)
        k = max(1, int(np.flatnonzero((growth > 0) == rising)[0]))
        low, high = float(grid[k - 1]), float(grid[k])
    return 0.5 * (low + high)


def _others(model: Model, params: Params, v: Array) -> list[Array]:
    """Where the further variables rest while v is held: a linear system, read off its columns."""
    count = len(model.variables) - 1
    if count == 0:
        return []
    zero = np.zeros_like(v)

    def slope(which: int | None) -> Array:
        values = np.stack([v, *(zero + (j == which) for j in range(count))])
        return _derivatives(model, values, zero, params)[1:]

    offset = slope(None)
    matrix = np.stack([slope(j) - offset for j in range(count)], axis=1)  # [count, count, K]
    solved = np.linalg.solve(matrix.transpose(2, 0, 1), -offset.T[..., None])
    return list(solved[..., 0].T)


def _derivatives(model: Model, values: Array, current: Array, params: Params) -> Array:
    slopes = model.derivatives(tuple(values), current, params)
    return np.stack([np.broadcast_to(slope, values[0].shape) for slope in slopes])
