"""The adaptive exponential integrate-and-fire neuron (AdEx).

    τ_m dV/dt = −(V − V_rest) + Δ_T·e^((V − V_th)/Δ_T) + R·(I − w)
    τ_w dw/dt = a·(V − V_rest) − w
    V ≥ V_peak: spike, V ← V_reset, w ← w + b

(Brette & Gerstner 2005, J. Neurophysiol. 94:3637; the firing patterns and their parameters are in
Naud, Marcille, Clopath & Gerstner 2008, Biol. Cybern. 99:335.) Their capacity and leak are here
τ_m = C/g_L and R = 1/g_L. The voltage is integrated in the coordinate of `eif`, so the upstroke
needs no small steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from snncore.neurons.eif import (
    check_peak,
    exponential_pace,
    exponential_slopes,
    pull_of,
    to_v,
    to_x,
    x_of,
)
from snncore.neurons.model import Membrane, Model, Step, Variable, check_current, pieces
from snncore.neurons.rk4 import Resetting, advance
from snncore.params import Params, number

Tensor = torch.Tensor


@dataclass(frozen=True)
class AdExParams(Params):
    """The regularly spiking pyramidal cell of Brette & Gerstner 2005: C = 281 pF, g_L = 30 nS."""

    tau_m: float = number(
        9.367, 0.1, 200, "Capacity over leak conductance: how slowly the voltage leaks.",
        unit="ms", step=0.1, label="Membrane τ",
    )  # fmt: skip
    r_m: float = number(
        33.33, 0, 1000, "One over the leak conductance: how far one nA lifts the voltage.",
        unit="MΩ", step=1, lo_open=True, label="Resistance",
    )  # fmt: skip
    v_rest: float = number(
        -70.6, -100, 100, "Where the leak pulls the voltage; every run starts there.",
        unit="mV", step=0.1, label="Leak potential",
    )  # fmt: skip
    v_th: float = number(
        -50.4, -100, 100, "Where the upstroke of the spike begins.",
        unit="mV", step=0.1, label="Soft threshold V_T",
    )  # fmt: skip
    delta_t: float = number(
        2, 0.1, 20, "Sharpness of the upstroke: small is a sudden spike.",
        unit="mV", step=0.1, label="Sharpness Δ_T",
    )  # fmt: skip
    v_peak: float = number(
        20, -100, 200, "Where the upstroke is cut and the spike is counted.",
        unit="mV", step=1, label="Peak",
    )  # fmt: skip
    v_reset: float = number(
        -70.6, -150, 100, "Where the voltage restarts after a spike; above V_T it makes bursts.",
        unit="mV", step=0.1, label="Reset to",
    )  # fmt: skip
    tau_w: float = number(
        144, 0.1, 2000, "How slowly the adaptation current fades.",
        unit="ms", step=1, label="Adaptation τ",
    )  # fmt: skip
    a: float = number(
        0.004, -1, 1, "Adaptation by the voltage: how strongly w follows V.",
        unit="µS", step=0.001, label="Coupling a",
    )  # fmt: skip
    b: float = number(
        0.0805, 0, 10, "Adaptation by spikes: what each spike adds to w.",
        unit="nA", step=0.005, label="Jump b",
    )  # fmt: skip
    t_ref: float = number(
        0, 0, 50, "For this long after a spike the voltage is held at the reset; w goes on.",
        unit="ms", step=0.1, label="Refractory",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        check_peak(self)


class AdExState(NamedTuple):
    """What the neurons remember between steps; all [B, N]."""

    v: Tensor  # mV
    w: Tensor  # nA
    refractory: Tensor  # ms still to be silent


def adex_init(
    shape: tuple[int, int],
    params: AdExParams,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> AdExState:
    """`shape` = (B, N) neurons at the leak potential without adaptation, ready to fire."""
    v = torch.full(shape, params.v_rest, device=device, dtype=dtype)
    return AdExState(v, torch.zeros_like(v), torch.zeros_like(v))


def adex_step(current: Tensor, state: AdExState, params: AdExParams, dt: float) -> Step:
    """Advance by one step of `dt` ms under `current` nA [B, N], which is constant during the step.

    Raises:
        ValueError: the shapes differ, or dt is not > 0 or far above the time constants.
    """
    check_current(current, state)
    p = params

    def slopes(x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        rate, v = exponential_slopes(x, p.r_m * (current - w), p)
        return rate, (p.a * (v - p.v_rest) - w) / p.tau_w

    held = p.a * (p.v_reset - p.v_rest)
    model = Resetting(
        slopes=slopes,
        pace=lambda x, w, rate: exponential_pace(x, rate, p),
        level=float(x_of(p.v_peak, p)),
        x_reset=float(x_of(p.v_reset, p)),
        jump=lambda w: w + p.b,
        hold=lambda w, s: held + (w - held) * torch.exp(-s / p.tau_w),
    )
    n = pieces(dt, _longest_step(p))
    done = advance(to_x(state.v, p), state.w, state.refractory, p.t_ref, dt, n, model)
    return Step(done.spikes, done.offset, AdExState(to_v(done.x, p), done.w, done.refractory))


def _longest_step(params: Any) -> Any:
    p = params
    # Where w pulls back what lifts it, both turn about each other in √(τ_m·τ_w/(R·|a|)).
    turn = np.sqrt(p.tau_m * p.tau_w / np.maximum(p.r_m * np.abs(p.a), 1e-12))
    return np.minimum(np.minimum(p.tau_m, p.tau_w), turn) / 8


def _derivatives(values: tuple[Any, ...], current: Any, params: Any) -> tuple[Any, Any]:
    v, w = values
    p = params
    dv = (p.v_rest - v + pull_of(v, p) + p.r_m * (current - w)) / p.tau_m
    return dv, (p.a * (v - p.v_rest) - w) / p.tau_w


ADEX = Model(
    name="adex",
    title="Adaptive exponential integrate-and-fire",
    params=AdExParams,
    variables=(Variable("v", "Voltage", "mV"), Variable("w", "Adaptation current w", "nA")),
    init=adex_init,
    step=adex_step,
    method="RK4",
    source="Brette & Gerstner 2005, J. Neurophysiol. 94:3637, eqs 2, 3",
    membrane=lambda p: Membrane(p.tau_m, p.r_m),
    level=lambda p: float(p.v_peak),
    rest=lambda p: (p.v_rest, p.v_rest - p.v_rest),
    derivatives=_derivatives,
    longest_step=_longest_step,
)
