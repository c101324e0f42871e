"""The leaky integrate-and-fire neuron behind an alpha-function synapse.

    τ_syn dx/dt = −x + I(t),    τ_syn dI_syn/dt = −I_syn + x,    τ_m dV/dt = −(V − V_rest) + R·I_syn
    V ≥ V_th: spike, V ← V_reset, silent for t_ref (the synapse goes on)

Two equal low-pass filters in a row: a brief pulse of charge Q becomes the alpha function
I_syn(t) = Q·t/τ_syn²·e^(−t/τ_syn), which rises before it falls; a constant current passes
unchanged. The solution over a step of constant drive is closed (Rotter & Diesmann 1999, Biol.
Cybern. 81:381, doi 10.1007/s004220050570; NEST's iaf_psc_alpha is this model), also at τ_syn = τ_m.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from snncore.neurons.linear import (
    TIMING_HELP,
    TIMINGS,
    Dynamics,
    Values,
    advance,
    filtered,
    filtered_twice,
)
from snncore.neurons.model import Membrane, Model, Step, Variable, check_current, check_dt
from snncore.params import Params, choice, number

Tensor = torch.Tensor


@dataclass(frozen=True)
class AlphaParams(Params):
    """The plain neuron behind a synapse whose current peaks 5 ms after a pulse."""

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
        5, 0, 200, "When the synaptic current peaks after a brief pulse.",
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


class AlphaState(NamedTuple):
    """What the neurons remember between steps; all [B, N]."""

    v: Tensor  # mV
    i_syn: Tensor  # nA: the current that reaches the membrane
    rise: Tensor  # nA: the drive after the first of the two filters
    refractory: Tensor  # ms still to be silent


def alpha_init(
    shape: tuple[int, int],
    params: AlphaParams,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> AlphaState:
    """`shape` = (B, N) neurons at rest, ready to fire."""
    v, i_syn, rise = (torch.full(shape, x, device=device, dtype=dtype) for x in _rest(params))
    return AlphaState(v, i_syn, rise, torch.zeros_like(v))


def alpha_step(current: Tensor, state: AlphaState, params: AlphaParams, dt: float) -> Step:
    """Advance by one step of `dt` ms under `current` nA [B, N], which is constant during the step.

    Raises:
        ValueError: the shapes differ, or dt is not > 0.
    """
    check_current(current, state)
    p, v_inf = params, params.v_rest + params.r_m * current

    def synapse(x: Values, s: Any) -> Values:
        time = torch.as_tensor(s, dtype=v_inf.dtype, device=v_inf.device)
        left = torch.exp(-time / p.tau_syn)
        i_syn = current + (x[1] - current + (x[2] - current) * time / p.tau_syn) * left
        return i_syn, current + (x[2] - current) * left

    def evolve(x: Values, s: Any) -> Values:
        time = torch.as_tensor(s, dtype=v_inf.dtype, device=v_inf.device)
        leaked = (x[0] - v_inf) * torch.exp(-time / p.tau_m)
        once = (x[1] - current) * filtered(time, p.tau_m, p.tau_syn, v_inf)
        twice = (x[2] - current) * filtered_twice(time, p.tau_m, p.tau_syn, v_inf)
        return (v_inf + leaked + p.r_m * (once + twice), *synapse(x, s))

    model = Dynamics(
        evolve=evolve,
        hold=lambda x, s: (x[0], *synapse(x, s)),
        distance=lambda x: x[0] - p.v_th,
        slope=lambda x: (p.v_rest + p.r_m * x[1] - x[0]) / p.tau_m,
        jump=lambda x: (torch.full_like(x[0], p.v_reset), x[1], x[2]),
    )
    done = advance(state[:3], state.refractory, params, check_dt(dt), model)
    v, i_syn, rise = done.values
    return Step(done.spikes, done.offset, AlphaState(v, i_syn, rise, done.refractory))


def _rest(params: Any) -> tuple[Any, Any, Any]:
    return params.v_rest, params.v_rest - params.v_rest, params.v_rest - params.v_rest


def _derivatives(values: tuple[Any, ...], current: Any, params: Any) -> tuple[Any, ...]:
    v, i_syn, rise = values
    dv = (params.v_rest + params.r_m * i_syn - v) / params.tau_m
    return dv, (rise - i_syn) / params.tau_syn, (current - rise) / params.tau_syn


ALPHA = Model(
    name="alpha",
    title="LIF with alpha synapse",
    params=AlphaParams,
    variables=(
        Variable("v", "Voltage", "mV"),
        Variable("i_syn", "Synaptic current", "nA"),
        Variable("rise", "Rising current", "nA"),
    ),
    init=alpha_init,
    step=alpha_step,
    method="exact",
    source="Rotter & Diesmann 1999, Biol. Cybern. 81:381",
    membrane=lambda p: Membrane(p.tau_m, p.r_m),
    level=lambda p: float(p.v_th),
    rest=_rest,
    derivatives=_derivatives,
)
