"""What every neuron model tells of itself, so that one runner, one page and one test serve all.

A model lives in a file of its own: a parameter set (every field with its unit), a state (NamedTuple
of tensors [B, N], the voltage `v` first), `init` and `step`, pure. All models take a current in nA
and time in ms; what else they need (a capacity, an area) is one of their parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch

from snncore.params import Params

Tensor = torch.Tensor
Method = Literal["exact", "RK4", "exponential splitting"]
MAX_SUBSTEPS = 1000  # pieces of one step: beyond that a step is refused, it would take too long


class Step(NamedTuple):
    """One step: who fired, when inside the step, and the state after it."""

    spikes: Tensor  # bool [B, N]
    offset: Tensor  # ms since the beginning of the step, in [0, dt]; 0 where nobody fired
    state: Any  # the model's own NamedTuple


class Variable(NamedTuple):
    """One variable of a model: a field of its state that can be recorded and drawn."""

    name: str  # the field of the state; the first is always "v"
    label: str  # e.g. "Adaptation current w"
    unit: str  # "mV", "nA", or "" for a number without unit


class Membrane(NamedTuple):
    """The passive membrane in terms of which noise is specified (σ_V) and sine gain is known."""

    tau_m: float  # ms
    r_m: float  # MΩ


@dataclass(frozen=True)
class Model:
    """A neuron model.

    `init(shape, params, *, device, dtype)` gives the resting state of [B, N] neurons and
    `step(current, state, params, dt)` a `Step`. The functions below take a parameter set, or
    anything with the same attributes (numpy arrays too, where many neurons differ).
    """

    name: str  # of the registry, the URL and the command line
    title: str  # for people
    params: type[Params]
    variables: tuple[Variable, ...]
    init: Callable[..., Any]
    step: Callable[..., Any]
    method: Method
    source: str  # paper, year, equation
    membrane: Callable[[Any], Membrane | None]  # None: no passive membrane (σ_V has no meaning)
    level: Callable[[Any], float]  # mV (or the unit of v): where a spike is judged
    # params -> the variables' values where every run starts: the resting state, if there is one.
    rest: Callable[[Any], tuple[Any, ...]]
    # (variables' values, current, params) -> their time derivatives per ms, between spikes; floats
    # and numpy arrays.
    derivatives: Callable[..., tuple[Any, ...]]
    # params -> ms: a step longer than this is computed in pieces no longer than this.
    longest_step: Callable[[Any], Any] | None = None


def check_dt(dt: float) -> float:
    """`dt` in ms if it is a usable step, else ValueError."""
    if not (math.isfinite(dt) and dt > 0):
        raise ValueError(f"dt must be > 0 ms and finite, got {dt}")
    return float(dt)


def pieces(dt: float, longest: float) -> int:
    """Into how many equal pieces a step of `dt` ms is cut, so that none is above `longest` ms.

    Raises:
        ValueError: more than `MAX_SUBSTEPS` of them.
    """
    check_dt(dt)
    if dt > MAX_SUBSTEPS * longest:
        raise ValueError(
            f"dt must be <= {MAX_SUBSTEPS * longest:g} ms for these time constants, got {dt:g}; "
            "take a shorter step or longer time constants"
        )
    return max(1, math.ceil(dt / longest * (1 - 1e-12)))  # 0.1 / 0.0125 is 8, whatever rounding


def check_current(current: Tensor, state: Any) -> None:
    """ValueError unless the current of a step has the shape of the state."""
    if current.shape != state.v.shape:
        raise ValueError(
            f"current must have the state's shape {tuple(state.v.shape)}, got "
            f"{tuple(current.shape)}"
        )
