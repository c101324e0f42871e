"""The leaky integrate-and-fire neuron in physical units, integrated exactly.

    τ_m dV/dt = −(V − V_rest) + R·I(t),    V ≥ V_th: spike, reset, silent for t_ref

While I is constant over a step of dt, the solution is known, so there is no integration error
(Rotter & Diesmann 1999, Biol. Cybern. 81:381, doi 10.1007/s004220050570):

    V∞ = V_rest + R·I,    V(t + dt) = V∞ + (V(t) − V∞)·β,    β = e^(−dt/τ_m)

Time runs on a grid: threshold and reset are judged at the end of each step, and the refractory
period is a whole number of steps, so float errors in t never decide anything.

snnTorch's `Leaky(beta, threshold)` is the same neuron with V_rest = V_reset = 0, V_th = threshold
and t_ref = 0, where `beta` = β and its input X is what one step adds, X = (1 − β)·R·I. Its
`reset_mechanism` "subtract", "zero" and "none" are our "subtract", "value" and "none". We reset
at once, at the end of the step of the spike: that is its `reset_delay=False`. With its default
`reset_delay=True` the voltage that it returns for a spike step is the one before the reset; the
next step is the same for "zero" and "none", while "subtract" then takes the whole threshold off
the already decayed voltage, θ instead of our β·θ. And it fires above the threshold, we at it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch

from snncore.neurons.model import Membrane, Model, Step, Variable
from snncore.params import Params, choice, number

Tensor = torch.Tensor
RESETS = ("value", "subtract", "none")


@dataclass(frozen=True)
class LIFParams(Params):
    """A neuron in ms, mV and MΩ (so that currents are in nA).

    The defaults are a cortical neuron that is silent below 2 nA and fires at 34 Hz at 2.5 nA.
    """

    tau_m: float = number(
        20, 0, 200, "How slowly the voltage leaks: after τ, 37 % of it is left.",
        unit="ms", step=0.5, lo_open=True, label="Membrane τ",
    )  # fmt: skip
    r_m: float = number(
        10, 0, 200, "How far one nA lifts the voltage in the long run.",
        unit="MΩ", step=1, lo_open=True, label="Resistance",
    )  # fmt: skip
    v_rest: float = number(
        -70, -100, 100, "Where the voltage settles without a current; every run starts here.",
        unit="mV", step=0.5, label="Rest",
    )  # fmt: skip
    v_reset: float = number(
        -65, -100, 100, "Where the voltage restarts after a spike.",
        unit="mV", step=0.5, label="Reset to",
    )  # fmt: skip
    v_th: float = number(
        -50, -100, 100, "The neuron fires when its voltage reaches this.",
        unit="mV", step=0.5, label="Threshold",
    )  # fmt: skip
    t_ref: float = number(
        2, 0, 50, "For this long after a spike the neuron does nothing (in whole steps).",
        unit="ms", step=0.1, label="Refractory",
    )  # fmt: skip
    reset: str = choice(
        "value", RESETS,
        "value: restart at V_reset. subtract: drop by V_th − V_reset, which keeps an overshoot. "
        "none: count spikes, leave the voltage alone.",
        label="Reset mode",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.v_reset < self.v_th:
            raise ValueError(
                f"v_reset must be < v_th ({self.v_th:g} mV), got {self.v_reset:g}; "
                "otherwise the neuron would fire again at once, for ever"
            )


class LIFState(NamedTuple):
    """What the neurons remember between steps; both [B, N]."""

    v: Tensor  # mV
    refractory: Tensor  # int32: steps still to be silent


class LIFStep(NamedTuple):
    """One step: who fired (bool [B, N]) and the state after it."""

    spikes: Tensor
    state: LIFState


def check_dt(dt: float) -> float:
    """`dt` in ms if it is a usable step, else ValueError."""
    if not (math.isfinite(dt) and dt > 0):
        raise ValueError(f"dt must be > 0 ms and finite, got {dt}")
    return float(dt)


def decay(params: LIFParams, dt: float) -> float:
    """β = e^(−dt/τ_m): the part of a deviation that is left after a step of `dt` ms."""
    return math.exp(-check_dt(dt) / params.tau_m)


def refractory_steps(params: LIFParams, dt: float) -> int:
    """The refractory period as a whole number of steps, the nearest one to t_ref/dt."""
    return math.floor(params.t_ref / check_dt(dt) + 0.5)


def lif_init(
    shape: tuple[int, int],
    params: LIFParams,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> LIFState:
    """`shape` = (B, N) neurons at rest, ready to fire."""
    return LIFState(
        v=torch.full(shape, params.v_rest, device=device, dtype=dtype),
        refractory=torch.zeros(shape, device=device, dtype=torch.int32),
    )


def lif_step(current: Tensor, state: LIFState, params: LIFParams, dt: float) -> LIFStep:
    """Advance by one step of `dt` ms under `current` nA, which is constant during the step.

    While refractory, a neuron cannot fire, and its voltage stays where the reset left it (with
    reset "none" nothing was reset, so it goes on following the current).

    Args:
        current: floating [B, N], on the device and in the precision of the state.
        state: from `lif_init` or the step before; not changed.

    Raises:
        ValueError: the shapes differ, or dt is not > 0.
    """
    if current.shape != state.v.shape:
        raise ValueError(
            f"current must have the state's shape {tuple(state.v.shape)}, got "
            f"{tuple(current.shape)}"
        )
    v_inf = params.v_rest + params.r_m * current
    v = v_inf + (state.v - v_inf) * decay(params, dt)
    ready = state.refractory == 0
    if params.reset != "none":
        v = torch.where(ready, v, state.v)
    spikes = ready & (v >= params.v_th)
    if params.reset == "value":
        v = v.masked_fill(spikes, params.v_reset)
    elif params.reset == "subtract":
        v = torch.where(spikes, v - (params.v_th - params.v_reset), v)
    waiting = (state.refractory - 1).clamp(min=0)
    refractory = waiting.masked_fill(spikes, refractory_steps(params, dt))
    return LIFStep(spikes, LIFState(v, refractory))


def _model_step(current: Tensor, state: LIFState, params: LIFParams, dt: float) -> Step:
    fired, after = lif_step(current, state, params, dt)
    return Step(fired, torch.zeros_like(after.v), after)


LIF = Model(
    name="lif",
    title="Leaky integrate-and-fire",
    params=LIFParams,
    variables=(Variable("v", "Voltage", "mV"),),
    init=lif_init,
    step=_model_step,
    method="exact",
    source="Lapicque 1907; Gerstner, Kistler, Naud & Paninski 2014, eq. 1.5",
    membrane=lambda p: Membrane(p.tau_m, p.r_m),
    level=lambda p: float(p.v_th),
)
