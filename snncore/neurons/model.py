"""What every neuron model tells of itself, so that one runner, one page and one test serve all.

A model lives in a file of its own: a parameter set (every field with its unit), a state (NamedTuple
of tensors [B, N], the voltage `v` first), `init` and `step`, pure. All models take a current in nA
and time in ms; what else they need (a capacity, an area) is one of their parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch

from snncore.params import Params

Tensor = torch.Tensor
Method = Literal["exact", "RK4", "exponential Euler"]


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
    `step(current, state, params, dt)` a `Step`.
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
    # (v, second, current, params) -> (dv/dt, d second/dt), for floats and arrays: the phase plane.
    flow: Callable[..., Any] | None = None
