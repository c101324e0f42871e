"""A model near a resting point: where it rests, how it returns, what it does with a weak current.

With x the model's variables and dx/dt = f(x, I) its equations between spikes, a resting point has
f(x*, I) = 0. Near it dx/dt = J·(x − x*) + b·δI with J = ∂f/∂x and b = ∂f/∂I, so the eigenvalues of
J say whether and how x returns, and a weak current of frequency ω moves the voltage by
Z(ω)·δI with the impedance

    Z(ω) = e_v·(iω − J)⁻¹·b

(Gerstner, Kistler, Naud & Paninski 2014, ch. 4.3; Richardson, Brunel & Hakim 2003). J and b are
central differences, right to about 1e-9 of their size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import simulate
from snncore.neurons import LIFParams
from snncore.playground.setup import Setup
from snncore.simulate import Trace

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Slopes = Callable[[Array, float], Array]

_NEWTON = 60
_PATH = 40  # steps in current from nothing to the holding current
_SETTLED = 1e-10  # of the size of the variables


class RestingPoint(NamedTuple):
    """Where the model rests under a constant current."""

    values: Array  # the model's variables, the voltage first
    jacobian: Array  # [K, K] per ms
    drive: Array  # [K] ∂f/∂I, per ms and nA
    eigenvalues: Complex  # [K] per ms

    @property
    def stable(self) -> bool:
        """Whether small deviations fade."""
        return bool((self.eigenvalues.real < 0).all())

    def answer(self, frequency_hz: Array) -> Complex:
        """[..., K] change of every variable per nA of a weak current of each frequency."""
        omega = 2.0 * math.pi * np.asarray(frequency_hz, dtype=np.float64) / 1000.0
        systems = 1j * omega[..., None, None] * np.eye(self.values.size) - self.jacobian
        drive = np.broadcast_to(self.drive.astype(np.complex128), (*omega.shape, self.values.size))
        solved = np.linalg.solve(systems, drive[..., None])[..., 0]
        return np.asarray(solved, dtype=np.complex128)

    def impedance(self, frequency_hz: Array) -> Complex:
        """Z in units of the voltage per nA, at each frequency."""
        return self.answer(frequency_hz)[..., 0]


def slopes_of(setup: Setup) -> Slopes:
    """f(x, I): the time derivatives (per ms) of the model's variables x [K] between spikes."""
    derivatives, neuron = setup.kind.derivatives, setup.neuron

    def slopes(x: Array, current: float) -> Array:
        return np.array(derivatives(tuple(x), current, neuron), dtype=np.float64)

    return slopes


def start_of(setup: Setup) -> Array:
    """The values of the variables [K] where every run starts."""
    return np.array(setup.kind.rest(setup.neuron), dtype=np.float64)


def jacobian(slopes: Slopes, x: Array, current: float) -> tuple[Array, Array]:
    """∂f/∂x [K, K] and ∂f/∂I [K] by central differences."""
    columns = []
    for k in range(x.size):
        h = 1e-5 * max(1.0, abs(x[k]))
        step = np.zeros_like(x)
        step[k] = h
        columns.append((slopes(x + step, current) - slopes(x - step, current)) / (2.0 * h))
    h = 1e-4
    drive = (slopes(x, current + h) - slopes(x, current - h)) / (2.0 * h)
    return np.stack(columns, axis=1), drive


def newton(slopes: Slopes, x: Array, current: float) -> Array | None:
    """A resting point near `x`, or None if Newton's method finds none."""
    x = x.copy()
    for _ in range(_NEWTON):
        f = slopes(x, current)
        matrix, _ = jacobian(slopes, x, current)
        if not (np.isfinite(f).all() and np.isfinite(matrix).all()):
            return None
        try:
            step = np.linalg.solve(matrix, f)
        except np.linalg.LinAlgError:
            return None
        x = x - step
        if np.abs(step).max() <= _SETTLED * max(1.0, float(np.abs(x).max())):
            return x
    return None


def describe(setup: Setup, x: Array, current: float) -> RestingPoint:
    """The linear model at the resting point `x`."""
    matrix, drive = jacobian(slopes_of(setup), x, current)
    return RestingPoint(x, matrix, drive, np.linalg.eigvals(matrix).astype(np.complex128))


def resting_point(setup: Setup, current: float) -> RestingPoint:
    """The resting point reached by raising (or lowering) a current slowly from 0 to `current` nA.

    Raises:
        ValueError: the neuron does not stay at rest on this way (it fires or oscillates).
    """
    slopes, x = slopes_of(setup), start_of(setup)
    found = newton(slopes, x, 0.0)
    reach = 0.1 * max(1.0, abs(float(x[0])))
    for level in np.linspace(0.0, current, _PATH + 1)[1:] if current else ():
        if found is None:
            break
        before, found = found, newton(slopes, found, float(level))
        # A fold: Newton's method jumped to another branch.
        if found is not None and abs(found[0] - before[0]) > max(reach, 5.0):
            found = None
    level_mv = setup.kind.level(setup.neuron)
    free = isinstance(setup.neuron, LIFParams) and setup.neuron.reset == "none"
    if found is not None and (found[0] < level_mv or free):
        point = describe(setup, found, current)
        if point.stable:
            return point
    raise ValueError(
        f"holding must leave the neuron at rest, got {current:g} nA, at which it fires or has no "
        "resting state; take a current below the rheobase"
    )


def run_from(setup: Setup, values: Array, current: Array, dt: float) -> Trace:
    """One neuron of the setup's kind under `current` nA [T], its variables starting at `values`."""
    drive = torch.from_numpy(np.ascontiguousarray(current, dtype=np.float64)).view(-1, 1, 1)
    state = setup.kind.init((1, 1), setup.neuron, device="cpu", dtype=drive.dtype)
    names = [variable.name for variable in setup.kind.variables]
    start = {
        name: torch.full_like(getattr(state, name), float(value))
        for name, value in zip(names, values, strict=True)
    }
    return simulate.run(setup.model, drive, setup.neuron, dt, state._replace(**start))
