"""The leaky integrate-and-fire neuron behind an exponential synapse.

    τ_syn dI_syn/dt = −I_syn + I(t),    τ_m dV/dt = −(V − V_rest) + R·I_syn
    V ≥ V_th: spike, V ← V_reset, silent for t_ref (the synaptic current goes on)

The drive is low-pass filtered before it reaches the membrane; a constant current passes
unchanged. While the drive is constant over a step the solution is closed (Rotter & Diesmann 1999,
Biol. Cybern. 81:381, doi 10.1007/s004220050570), also where τ_syn = τ_m. With α = e^(−dt/τ_syn),
β = e^(−dt/τ_m) and s the synaptic current at the beginning of the step,

    V' − V_rest = β(V − V_rest) + A·s + B·I,    s' = αs + (1 − α)I
    A = R·G(dt),    B = R·(1 − β − G(dt)),    G from `linear.filtered`.

snnTorch's `Synaptic(alpha, beta)` is syn' = α·syn + X, mem' = β·mem + syn'. For a drive I_k it
gives our voltages when its input is X_k = B·I_k + (A(1 − α) − αB)·I_(k−1), timing is "grid",
t_ref = 0 and V_reset = V_rest; `propagator` gives A and B.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from snncore.neurons.linear import TIMING_HELP, TIMINGS, Dynamics, Values, advance, filtered
from snncore.neurons.model import Membrane, Model, Step, Variable, check_current, check_dt
from snncore.params import Params, choice, number

Tensor = torch.Tensor


@dataclass(frozen=True)
class SynapticParams(Params):
    """The plain neuron behind a synapse that takes 5 ms to follow the drive."""

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
    tau_syn: float = number(
        5, 0, 200, "How slowly the synaptic current follows the drive.",
        unit="ms", step=0.5, lo_open=True, label="Synaptic τ",
    )  # fmt: skip
    t_ref: float = number(
        2, 0, 50, "For this long after a spike the voltage is held; the synapse goes on.",
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


class SynapticState(NamedTuple):
    """What the neurons remember between steps; all [B, N]."""

    v: Tensor  # mV
    i_syn: Tensor  # nA: the current that reaches the membrane
    refractory: Tensor  # ms still to be silent


class Propagator(NamedTuple):
    """One step of `dt`: V' − V_rest = beta·(V − V_rest) + a·I_syn + b·I."""

    alpha: float
    beta: float
    a: float  # MΩ
    b: float  # MΩ


def propagator(params: SynapticParams, dt: float) -> Propagator:
    """The numbers of a whole step (see the top of this file)."""
    x = abs(1 / params.tau_m - 1 / params.tau_syn) * check_dt(dt)
    mean = -math.expm1(-x) / x if x > 0 else 1.0
    slower = min(1 / params.tau_m, 1 / params.tau_syn)
    gain = dt / params.tau_m * math.exp(-dt * slower) * mean  # `linear.filtered` of a whole step
    lost = -math.expm1(-dt / params.tau_m)
    return Propagator(
        math.exp(-dt / params.tau_syn),
        math.exp(-dt / params.tau_m),
        params.r_m * gain,
        params.r_m * (lost - gain),
    )


def synaptic_init(
    shape: tuple[int, int],
    params: SynapticParams,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> SynapticState:
    """`shape` = (B, N) neurons at rest, ready to fire."""
    v, i_syn = (torch.full(shape, x, device=device, dtype=dtype) for x in _rest(params))
    return SynapticState(v, i_syn, torch.zeros_like(v))


def synaptic_step(current: Tensor, state: SynapticState, params: SynapticParams, dt: float) -> Step:
    """Advance by one step of `dt` ms under `current` nA [B, N], which is constant during the step.

    Raises:
        ValueError: the shapes differ, or dt is not > 0.
    """
    check_current(current, state)
    p, v_inf = params, params.v_rest + params.r_m * current

    def synapse(i_syn: Tensor, s: Any) -> Tensor:
        time = torch.as_tensor(s, dtype=i_syn.dtype, device=i_syn.device)
        return current + (i_syn - current) * torch.exp(-time / p.tau_syn)

    def evolve(x: Values, s: Any) -> Values:
        time = torch.as_tensor(s, dtype=v_inf.dtype, device=v_inf.device)
        leaked = (x[0] - v_inf) * torch.exp(-time / p.tau_m)
        arriving = p.r_m * (x[1] - current) * filtered(time, p.tau_m, p.tau_syn, v_inf)
        return v_inf + leaked + arriving, synapse(x[1], s)

    model = Dynamics(
        evolve=evolve,
        hold=lambda x, s: (x[0], synapse(x[1], s)),
        distance=lambda x: x[0] - p.v_th,
        slope=lambda x: (p.v_rest + p.r_m * x[1] - x[0]) / p.tau_m,
        jump=lambda x: (torch.full_like(x[0], p.v_reset), x[1]),
    )
    done = advance(state[:2], state.refractory, params, check_dt(dt), model)
    after = SynapticState(done.values[0], done.values[1], done.refractory)
    return Step(done.spikes, done.offset, after)


def _rest(params: Any) -> tuple[Any, Any]:
    return params.v_rest, params.v_rest - params.v_rest


def _derivatives(values: tuple[Any, ...], current: Any, params: Any) -> tuple[Any, Any]:
    v, i_syn = values
    dv = (params.v_rest + params.r_m * i_syn - v) / params.tau_m
    return dv, (current - i_syn) / params.tau_syn


SYNAPTIC = Model(
    name="synaptic",
    title="LIF with synaptic current",
    params=SynapticParams,
    variables=(Variable("v", "Voltage", "mV"), Variable("i_syn", "Synaptic current", "nA")),
    init=synaptic_init,
    step=synaptic_step,
    method="exact",
    source="Rotter & Diesmann 1999, Biol. Cybern. 81:381",
    membrane=lambda p: Membrane(p.tau_m, p.r_m),
    level=lambda p: float(p.v_th),
    rest=_rest,
    derivatives=_derivatives,
)
