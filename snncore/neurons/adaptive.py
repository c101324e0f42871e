"""The leaky integrate-and-fire neuron with an adaptive threshold.

    τ_m dV/dt = −(V − V_rest) + R·I,    τ_θ dθ/dt = −(θ − V_th)
    V ≥ θ: spike, V ← V_reset, θ ← θ + θ_jump, silent for t_ref (the threshold goes on decaying)

Each spike makes the next one harder, and the neuron adapts (Liu & Wang 2001, J. Comput. Neurosci.
10:25; Chacron, Longtin & Maler 2001; the form with one exponential is that of Brian2's example and
of Bellec et al. 2018, NeurIPS, "LSNN"). Both equations are exponentials: a step has no error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from snncore.neurons.linear import TIMING_HELP, TIMINGS, Dynamics, Values, advance
from snncore.neurons.model import Membrane, Model, Step, Variable, check_current, check_dt
from snncore.params import Params, choice, number

Tensor = torch.Tensor


@dataclass(frozen=True)
class AdaptiveParams(Params):
    """A neuron whose threshold rises by 5 mV with every spike and falls back within 0.3 s.

    The other defaults are those of the plain model.
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
        -50, -100, 100, "Where the threshold settles without spikes.",
        unit="mV", step=0.5, label="Threshold",
    )  # fmt: skip
    theta_jump: float = number(
        5, 0, 50, "How far each spike lifts the threshold.",
        unit="mV", step=0.5, label="Threshold jump",
    )  # fmt: skip
    tau_theta: float = number(
        100, 0, 2000, "How slowly the threshold falls back.",
        unit="ms", step=5, lo_open=True, label="Threshold τ",
    )  # fmt: skip
    t_ref: float = number(
        2, 0, 50, "For this long after a spike the voltage is held.",
        unit="ms", step=0.1, label="Refractory",
    )  # fmt: skip
    timing: str = choice("exact", TIMINGS, TIMING_HELP, label="Spike timing")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.v_reset < self.v_th:
            raise ValueError(
                f"v_reset must be < v_th ({self.v_th:g} mV), got {self.v_reset:g}; "
                "otherwise the neuron would fire again at once, for ever"
            )


class AdaptiveState(NamedTuple):
    """What the neurons remember between steps; all [B, N]."""

    v: Tensor  # mV
    theta: Tensor  # mV: the threshold now
    refractory: Tensor  # ms still to be silent


def adaptive_init(
    shape: tuple[int, int],
    params: AdaptiveParams,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> AdaptiveState:
    """`shape` = (B, N) neurons at rest, ready to fire."""
    v, theta = (torch.full(shape, x, device=device, dtype=dtype) for x in _rest(params))
    return AdaptiveState(v, theta, torch.zeros_like(v))


def adaptive_step(current: Tensor, state: AdaptiveState, params: AdaptiveParams, dt: float) -> Step:
    """Advance by one step of `dt` ms under `current` nA [B, N], which is constant during the step.

    Raises:
        ValueError: the shapes differ, or dt is not > 0.
    """
    check_current(current, state)
    p, v_inf = params, params.v_rest + params.r_m * current

    def threshold(theta: Tensor, s: Any) -> Tensor:
        time = torch.as_tensor(s, dtype=theta.dtype, device=theta.device)
        return p.v_th + (theta - p.v_th) * torch.exp(-time / p.tau_theta)

    def evolve(x: Values, s: Any) -> Values:
        time = torch.as_tensor(s, dtype=v_inf.dtype, device=v_inf.device)
        return v_inf + (x[0] - v_inf) * torch.exp(-time / p.tau_m), threshold(x[1], s)

    model = Dynamics(
        evolve=evolve,
        hold=lambda x, s: (x[0], threshold(x[1], s)),
        distance=lambda x: x[0] - x[1],
        slope=lambda x: (v_inf - x[0]) / p.tau_m + (x[1] - p.v_th) / p.tau_theta,
        jump=lambda x: (torch.full_like(x[0], p.v_reset), x[1] + p.theta_jump),
    )
    done = advance(state[:2], state.refractory, params, check_dt(dt), model)
    after = AdaptiveState(done.values[0], done.values[1], done.refractory)
    return Step(done.spikes, done.offset, after)


def _rest(params: Any) -> tuple[Any, Any]:
    return params.v_rest, params.v_th


def _derivatives(values: tuple[Any, ...], current: Any, params: Any) -> tuple[Any, Any]:
    v, theta = values
    dv = (params.v_rest + params.r_m * current - v) / params.tau_m
    return dv, (params.v_th - theta) / params.tau_theta


ADAPTIVE = Model(
    name="adaptive",
    title="LIF with adaptive threshold",
    params=AdaptiveParams,
    variables=(Variable("v", "Voltage", "mV"), Variable("theta", "Threshold θ", "mV")),
    init=adaptive_init,
    step=adaptive_step,
    method="exact",
    source="Liu & Wang 2001, J. Comput. Neurosci. 10:25; Bellec et al. 2018, NeurIPS",
    membrane=lambda p: Membrane(p.tau_m, p.r_m),
    level=lambda p: float(p.v_th),
    rest=_rest,
    derivatives=_derivatives,
)
