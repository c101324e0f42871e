"""A map over two parameters: what the neuron does at each of n × n settings.

Any two numbers of the neuron or the stimulus may be the axes. All cells see the same random
numbers (the noise of the single run, scaled as each cell asks for), so neighbours differ by their
parameters only. A setting that the neuron or the stimulus refuses (a reset above the threshold) is
a cell without value.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore import theory
from snncore.params import Params, Spec, choice, integer
from snncore.playground.budget import map_seconds
from snncore.playground.many_cells import Cells, count_cells
from snncore.playground.setup import Setup
from snncore.stimuli import StimulusParams

if TYPE_CHECKING:
    from snncore.stimuli import Recording

Array = NDArray[np.float64]

MEASURES = {
    "rate": ("Firing rate", "Hz"),  # 1 / mean interval, 0 below two spikes
    "count": ("Spikes", ""),
    "cv": ("CV of the intervals", ""),  # none below three spikes
    "first": ("First spike", "ms"),  # none without a spike
}
_NOT_AXES = ("csv_gain",)  # without a recording
MOST_SECONDS = 60.0  # of one core for a visitor's map: others wait for it


@dataclass(frozen=True)
class HeatmapParams(Params):
    """Which two parameters, over which ranges, and what is looked at."""

    x: str = "current"
    x_from: float = 1.0
    x_to: float = 4.0
    y: str = "tau_m"
    y_from: float = 5.0
    y_to: float = 40.0
    n: int = integer(
        100, 2, 200, "Cells along each side.", step=10, label="Resolution"
    )  # fmt: skip
    measure: str = choice(
        "rate", tuple(MEASURES), "What the colour shows.", label="Measure"
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.x == self.y:
            raise ValueError(f"y must be another parameter than x, got {self.y!r} for both")
        for name in ("x", "y"):
            low, high = getattr(self, f"{name}_from"), getattr(self, f"{name}_to")
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise ValueError(f"{name}_from must be < {name}_to ({high:g}), got {low:g}")


class Heatmap(NamedTuple):
    """A map, as far as it is done."""

    x: Array  # [n] values of the parameter along x
    y: Array  # [n]
    values: Array  # [n, n], row = y; NaN where not done, invalid, or too few spikes
    done: int  # rows
    valid: NDArray[np.bool_]  # [n, n] False where the setting is refused, as far as that is known
    onset: Array | None  # [P, 2] points (x, y) where theory lets firing set in; None without


def fields(setup: Setup, recording: Recording | None = None) -> dict[str, Spec]:
    """The parameters that can be axes, by name: numbers of the neuron, then of the stimulus."""
    specs = {**setup.neuron.specs(), **StimulusParams.specs()}
    hidden = _NOT_AXES if recording is None else ()
    return {
        name: spec
        for name, spec in specs.items()
        if spec.kind in ("float", "int") and name not in hidden
    }


def value_of(setup: Setup, name: str) -> float:
    """The present value of an axis."""
    part = setup.neuron if name in setup.neuron.specs() else setup.stimulus
    return float(getattr(part, name))


def axis_range(setup: Setup, name: str) -> tuple[float, float]:
    """A range around the present value: half of it to both sides, within what the field takes."""
    spec, value = fields(setup)[name], value_of(setup, name)
    reach = 0.5 * abs(value) or 10.0 * (spec.step or 0.1)
    if spec.unit == "mV":
        reach = 10.0
    low, high = max(value - reach, spec.lo), min(value + reach, spec.hi)
    if spec.lo_open and low == spec.lo:
        low = spec.lo + 0.05 * (high - spec.lo)
    return low, high


def heatmap(
    setup: Setup, params: HeatmapParams, recording: Recording | None = None
) -> Iterator[Heatmap]:
    """The map in pieces: each result is the whole map, with more rows done.

    Raises:
        ValueError: an axis that the model does not have, or a range outside its field.
    """
    x, y = _axis(setup, params, "x", recording), _axis(setup, params, "y", recording)
    values = np.full((params.n, params.n), np.nan)
    valid = _valid(setup, params.x, x, params.y, y)
    onset = _onset(setup, params, recording, x, y)
    done = 0
    cells = Cells(params.x, x, params.y, y, valid.copy())
    for first, found in count_cells(setup, cells, recording):
        done = first + found.counts.shape[0]
        rate = np.where(found.mean_isi_ms > 0, 1000.0 / found.mean_isi_ms, 0.0)
        measured = {
            "rate": np.where(np.isnan(found.counts), np.nan, rate),
            "count": found.counts,
            "cv": found.cv,
            "first": found.first_ms,
        }
        values[first:done] = measured[params.measure]
        valid[first:done] &= np.isfinite(found.counts)  # the model may refuse a step as too long
        yield Heatmap(x, y, values.copy(), done, valid.copy(), onset)


def check_time(setup: Setup, params: HeatmapParams) -> None:
    """Refuse a map that would hold up other visitors for more than `MOST_SECONDS`.

    Raises:
        ValueError: with the cure.
    """
    takes = map_seconds(_corners(setup, params), params.n**2)
    if takes <= MOST_SECONDS:
        return
    most = MOST_SECONDS / takes * setup.run.duration
    fewer = "take 50 cells per side, " if params.n > 50 else ""
    raise ValueError(
        f"duration must be <= {most:.3g} ms for a map of {params.n} × {params.n} of these neurons, "
        f"got {setup.run.duration:g} (some {takes / 60:.2g} min of computing); shorten it, {fewer}"
        "or enlarge dt"
    )


def _corners(setup: Setup, params: HeatmapParams) -> list[Setup]:
    """The possible ones of a map's four corners; the setup itself where none is."""
    found = []
    for x in (params.x_from, params.x_to):
        for y in (params.y_from, params.y_to):
            values = {**setup.to_dict(), params.x: x, params.y: y}
            try:
                found.append(Setup.from_dict(values))
            except ValueError:  # a cell without value
                continue
    return found or [setup]


def _axis(setup: Setup, params: HeatmapParams, side: str, recording: Recording | None) -> Array:
    name = getattr(params, side)
    low, high = getattr(params, f"{side}_from"), getattr(params, f"{side}_to")
    known = fields(setup, recording)
    if name not in known:
        raise ValueError(f"{side} must be one of {', '.join(known)}, got {name!r}")
    spec = known[name]
    if low < spec.lo or high > spec.hi or (spec.lo_open and low == spec.lo):
        sign = ">" if spec.lo_open else ">="
        raise ValueError(
            f"{side}_from and {side}_to must be {sign} {spec.lo:g} and <= {spec.hi:g} for {name}, "
            f"got {low:g} and {high:g}"
        )
    return np.linspace(low, high, params.n)


def _valid(setup: Setup, x_name: str, x: Array, y_name: str, y: Array) -> NDArray[np.bool_]:
    """Which settings the neuron and the stimulus take, bool [n, n]; row = y."""

    def taken(part: Params, values: dict[str, Any]) -> bool:
        try:
            dataclasses.replace(part, **values)
        except ValueError:
            return False
        return True

    answer = np.ones((y.size, x.size), dtype=np.bool_)
    for part in (setup.neuron, setup.stimulus):
        mine = [name for name in (x_name, y_name) if name in part.specs()]
        if mine == [x_name, y_name]:
            answer &= [[taken(part, {x_name: a, y_name: b}) for a in x] for b in y]
        elif mine == [x_name]:
            answer &= np.array([taken(part, {x_name: a}) for a in x])
        elif mine == [y_name]:
            answer &= np.array([taken(part, {y_name: b}) for b in y])[:, None]
    return answer


_MOVING = ("step_current", "ramp_current", "pulse_current", "amplitude", "chirp_current")


def _onset(
    setup: Setup, params: HeatmapParams, recording: Recording | None, x: Array, y: Array
) -> Array | None:
    """Points where the mean of a steady current passes the onset of firing of theory."""
    axes = {params.x: x[None, :], params.y: y[:, None]}
    unsteady = not setup.stimulus.is_steady or any(name in axes for name in _MOVING)
    if unsteady or recording is not None:
        return None
    needed = _onset_current(setup, params, x, y)
    if needed is None:
        return None

    def value(name: str) -> Any:
        return axes[name] if name in axes else value_of(setup, name)

    synaptic = value("syn_current") * value("syn_rate_hz") / 1000.0 * value("syn_tau")
    excess = np.broadcast_to(value("current") + synaptic - needed, (y.size, x.size))
    points = [*_crossings(excess, x, y), *((a, b) for b, a in _crossings(excess.T, y, x))]
    return np.array(sorted(set(points)), dtype=np.float64).reshape(-1, 2)


def _onset_current(setup: Setup, params: HeatmapParams, x: Array, y: Array) -> Array | None:
    """The current (nA) at which firing sets in, broadcastable to [n, n]; None if not known."""
    find, neuron = theory.CONSTANT[setup.model].onset, setup.neuron.to_dict()
    along_x, along_y = params.x in neuron, params.y in neuron
    if setup.model == "hodgkin_huxley" and (along_x or along_y):
        return None  # its onset is a search, too slow for so many neurons

    def current(**changes: float) -> float:
        return float(find(SimpleNamespace(**{**neuron, **changes})).current_na)

    if along_x and along_y:
        return np.array([[current(**{params.x: a, params.y: b}) for a in x] for b in y])
    if along_x:
        return np.array([current(**{params.x: a}) for a in x])[None, :]
    if along_y:
        return np.array([current(**{params.y: b}) for b in y])[:, None]
    return np.array(theory.CONSTANT[setup.model].onset(setup.neuron).current_na)


def _crossings(excess: Array, x: Array, y: Array) -> list[tuple[float, float]]:
    """(x, y) where `excess` [y, x] changes its sign along a row, by linear interpolation."""
    left, right = excess[:, :-1], excess[:, 1:]
    known = np.isfinite(left) & np.isfinite(right)
    row, column = np.nonzero(known & ((left < 0) != (right < 0)))
    part = left[row, column] / (left[row, column] - right[row, column])
    at = x[column] + part * (x[column + 1] - x[column])
    return list(zip(at.tolist(), y[row].tolist(), strict=True))
