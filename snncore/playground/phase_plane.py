"""The flow of a model: nullclines, arrows and resting points, under one constant current.

For a model with two variables the plane (V, second variable): along a nullcline one of the two
stands still, and where the nullclines meet is a resting point. Its kind follows from the
eigenvalues of the Jacobian there: node or focus (does it turn?), stable or not, or a saddle. For a
model with the voltage alone, the line: dV/dt against V (Gerstner et al. 2014, ch. 4; Izhikevich
2007, ch. 3, 4).

In all the two-variable models both equations are linear in the second variable, so a nullcline is a
function of V (or a vertical line, where V does not feel the second variable).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore.params import Params, choice, number
from snncore.playground.linear import RestingPoint, Slopes, describe, newton, slopes_of
from snncore.playground.setup import Setup

if TYPE_CHECKING:
    from snncore.stimuli import Recording

Array = NDArray[np.float64]

_ARROWS = 20  # along each side
_FINE = 801
_TRAJECTORY = 4000
_NO_SLOPE = 1e-12  # per ms and unit: less is rounding
_SEARCH = 4.0  # how far beyond the picture resting points are looked for, in its widths


@dataclass(frozen=True)
class PhasePlaneParams(Params):
    """Under which current the flow is drawn."""

    level: str = choice(
        "mean", ("mean", "time"),
        "mean: the mean current of the run. time: the current at the time below, without noise.",
        label="Current",
    )  # fmt: skip
    at: float = number(
        0, 0, 100_000, "The moment whose current is taken.", unit="ms", step=10, label="At"
    )  # fmt: skip


class Rest(NamedTuple):
    """A resting point."""

    v: float
    second: float  # NaN for a model with the voltage alone
    kind: str  # "stable node", "unstable focus", "saddle", ...; on a line "stable", "unstable"
    eigenvalues: tuple[complex, ...]  # per ms
    beyond: bool  # above the threshold: the neuron heads for it and fires instead


class PhasePlane(NamedTuple):
    """The flow of a model with one or two variables; what belongs to a second is None for one."""

    current: float  # nA
    second: str | None  # name of the second variable
    v: Array  # [A] where arrows stand (one variable: a fine line)
    w: Array | None  # [B]
    dv: Array  # [B, A] per ms (one variable: [A])
    dw: Array | None  # [B, A] per ms
    v_nullcline: tuple[Array, Array] | None  # v [K], w [K]: dV/dt = 0
    w_nullcline: tuple[Array, Array] | None
    t: Array  # [P] ms of the trajectory
    trajectory_v: Array  # [P]
    trajectory_w: Array | None  # [P]
    rests: tuple[Rest, ...]
    threshold: float  # where a spike is judged
    reset: float  # NaN without a reset


def phase_plane(
    setup: Setup, params: PhasePlaneParams, recording: Recording | None = None
) -> PhasePlane:
    """The flow under the chosen current, over the range of the run's own trajectory.

    Raises:
        ValueError: a model with more than two variables, or a time after the end of the run.
    """
    variables = setup.kind.variables
    if len(variables) > 2:
        raise ValueError(
            f"model must have one or two variables for a phase plane, got {setup.model} with "
            f"{len(variables)}"
        )
    current = _current(setup, params, recording)
    trace = setup.simulate(setup.drive(recording))
    every = max(1, trace.v.shape[0] // _TRAJECTORY)
    columns = [trace.v, *trace.others.values()]
    path = [c[::every, 0, 0].cpu().numpy().astype(np.float64) for c in columns]
    slopes, level = slopes_of(setup), float(setup.kind.level(setup.neuron))
    reset = float(getattr(setup.neuron, "v_reset", getattr(setup.neuron, "c", np.nan)))
    v_range = _range(np.append(path[0], level))
    rests = _rests(setup, slopes, current, v_range, level)
    t = np.arange(1, trace.v.shape[0] + 1, dtype=np.float64)[::every] * np.float64(trace.dt)
    if len(variables) == 1:
        v = np.linspace(*v_range, _FINE)
        return PhasePlane(
            current=current,
            second=None,
            v=v,
            w=None,
            dv=slopes(v[None], current)[0],
            dw=None,
            v_nullcline=None,
            w_nullcline=None,
            t=t,
            trajectory_v=path[0],
            trajectory_w=None,
            rests=rests,
            threshold=level,
            reset=reset,
        )
    fine = np.linspace(*v_range, _FINE)
    w_range = _second_range(slopes, current, path[1], rests, fine)
    v, w = np.linspace(*v_range, _ARROWS), np.linspace(*w_range, _ARROWS)
    field = slopes(np.stack(np.meshgrid(v, w)), current)
    return PhasePlane(
        current=current,
        second=variables[1].name,
        v=v,
        w=w,
        dv=field[0],
        dw=field[1],
        v_nullcline=_nullcline(slopes, current, 0, fine, w_range),
        w_nullcline=_nullcline(slopes, current, 1, fine, w_range),
        t=t,
        trajectory_v=path[0],
        trajectory_w=path[1],
        rests=rests,
        threshold=level,
        reset=reset,
    )


def _current(setup: Setup, params: PhasePlaneParams, recording: Recording | None) -> float:
    wave = setup.waveform(recording)
    if params.level == "mean":
        return float(wave.mean()) + setup.stimulus.synaptic_mean
    k = int(params.at / setup.run.dt)
    if k >= wave.size:
        raise ValueError(f"at must be < {wave.size * setup.run.dt:g} ms, got {params.at:g}")
    return float(wave[k]) + setup.stimulus.synaptic_mean


def _range(values: Array) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = 0.15 * (high - low) or 0.1 * max(1.0, abs(low)) * 0.1
    return low - room, high + room


def _second_range(
    slopes: Slopes, current: float, path: Array, rests: tuple[Rest, ...], v: Array
) -> tuple[float, float]:
    """Room for the trajectory and the resting points; if these are close, for the nullcline too."""
    seen = np.append(path, [r.second for r in rests if v[0] <= r.v <= v[-1]])
    nullcline, _ = _as_function_of_v(slopes, current, v)
    if np.ptp(seen) < 0.25 * np.ptp(nullcline):
        seen = np.append(seen, nullcline)
    return _range(seen)


def _line(slopes: Slopes, current: float, which: int, v: Array) -> tuple[Array, Array]:
    """Equation `which` at each V as value + slope·w."""
    at = [slopes(np.stack([v, np.full_like(v, w)]), current)[which] for w in (0.0, 1.0)]
    return at[0], at[1] - at[0]


def _as_function_of_v(slopes: Slopes, current: float, v: Array) -> tuple[Array, int]:
    """The second variable along a nullcline that is a function of V, and which equation that is."""
    for which in (1, 0):
        value, slope = _line(slopes, current, which, v)
        if np.abs(slope).min() > _NO_SLOPE:
            return -value / slope, which
    raise ValueError("model must feel its second variable, got one where neither equation does")


def _nullcline(
    slopes: Slopes, current: float, which: int, v: Array, w_range: tuple[float, float]
) -> tuple[Array, Array]:
    value, slope = _line(slopes, current, which, v)
    feels = np.abs(slope) > _NO_SLOPE
    if feels.any():
        w = np.where(feels, -value / np.where(feels, slope, 1.0), np.nan)
        # The rest of it lies outside of the picture.
        inside = (w >= w_range[0]) & (w <= w_range[1])
        return v, np.where(inside, w, np.nan)
    crossing = np.flatnonzero((value[:-1] < 0) != (value[1:] < 0))
    if crossing.size == 0:
        return np.zeros(0), np.zeros(0)
    k = int(crossing[0])
    at = v[k] + value[k] / (value[k] - value[k + 1]) * (v[k + 1] - v[k])
    return np.array([at, at]), np.array(w_range)


def _rests(
    setup: Setup,
    slopes: Slopes,
    current: float,
    v_range: tuple[float, float],
    level: float,
) -> tuple[Rest, ...]:
    """Resting points in and around the picture: where the flow along a nullcline changes sign."""
    wide = _SEARCH * (v_range[1] - v_range[0])
    v = np.linspace(v_range[0] - wide, v_range[1] + wide, 8 * _FINE)
    if len(setup.kind.variables) == 1:
        along, seconds = slopes(v[None], current)[0], np.zeros((v.size, 0))
    else:
        second, which = _as_function_of_v(slopes, current, v)
        along, seconds = slopes(np.stack([v, second]), current)[1 - which], second[:, None]
    found: list[Rest] = []
    for k in np.flatnonzero((along[:-1] < 0) != (along[1:] < 0)):
        point = newton(slopes, np.array([v[k], *seconds[k]]), current)
        if point is None or any(abs(point[0] - r.v) < 1e-6 * wide for r in found):
            continue
        found.append(_named(describe(setup, point, current), level))
    return tuple(found)


def _named(point: RestingPoint, level: float) -> Rest:
    values, real = point.eigenvalues, point.eigenvalues.real
    word = "stable" if point.stable else "unstable"
    if values.size == 1:
        kind = word
    elif real.min() < 0 < real.max() and np.abs(values.imag).max() == 0:
        kind = "saddle"
    else:
        kind = f"{word} {'focus' if np.abs(values.imag).max() > 0 else 'node'}"
    second = float(point.values[1]) if point.values.size > 1 else float("nan")
    v = float(point.values[0])
    return Rest(v, second, kind, tuple(complex(x) for x in values), bool(v >= level))
