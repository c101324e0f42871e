"""Izhikevich's neuron of 2003.

    dV/dt = 0.04·V² + 5·V + 140 − u + I/C,    du/dt = a·(b·V − u)
    V ≥ V_peak: spike, V ← c, u ← u + d

(Izhikevich 2003, IEEE Trans. Neural Netw. 14:1569.) Time is in ms and V in mV; his current is in
mV/ms, which is nA over a capacity: with C = 0.1 nF, 1 nA is 10 of his units.

With z = V + 62.5 (the bottom of the parabola) dV/dt = 0.04·z² + q, q = I/C − u − 16.25. The
voltage is integrated as the angle x of z = κ·tan(x/2), κ = 25 mV, in which the spike passes through
infinity at finite speed (Ermentrout & Kopell 1986, SIAM J. Appl. Math. 46:233):

    dx/dt = 0.04·κ·(1 − cos x) + (q/κ)·(1 + cos x)

Under a strong current or inhibition x turns fast; a step is then cut into more pieces (see
`snncore.neurons.rk4`): none turns x, or its slope, by more than 0.3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from snncore.neurons.model import Membrane, Model, Step, Variable, check_current, pieces
from snncore.neurons.rk4 import Resetting, advance
from snncore.params import Params, number

Tensor = torch.Tensor
BOTTOM = -62.5  # mV: where 0.04·V² + 5·V + 140 is lowest, −16.25 mV/ms
LOWEST = -16.25
KAPPA = 25.0  # mV: 0.04·κ = 1 per ms, so that the angle turns by about 1 per ms
# A stage of RK4 may turn beyond the angle of V = ∞; for u the voltage ends here, near 940 mV.
FURTHEST = 2 * math.atan(40.0)
REACH = 0.3  # how far one piece turns x


@dataclass(frozen=True)
class IzhikevichParams(Params):
    """A regularly spiking cortical neuron; a, b, c and d make all the other kinds."""

    a: float = number(
        0.02, 0, 1, "How fast the recovery u follows the voltage, per ms.",
        step=0.01, label="Recovery rate a (1/ms)",
    )  # fmt: skip
    b: float = number(
        0.2, -1, 2, "How strongly u follows the voltage, per ms; more makes the neuron resonate.",
        step=0.01, label="Coupling b (1/ms)",
    )  # fmt: skip
    c: float = number(
        -65, -100, 20, "Where the voltage restarts after a spike.",
        unit="mV", step=1, label="Reset to c",
    )  # fmt: skip
    d: float = number(
        8, -50, 50, "What each spike adds to u.",
        unit="mV/ms", step=0.05, label="Jump d",
    )  # fmt: skip
    v_peak: float = number(
        30, 0, 100, "Where the upstroke is cut and the spike is counted.",
        unit="mV", step=1, label="Peak",
    )  # fmt: skip
    c_m: float = number(
        0.1, 0, 10, "Turns nA into Izhikevich's units of current: 0.1 nF makes 1 nA 10 of them.",
        unit="nF", step=0.01, lo_open=True, label="Capacity",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.c < self.v_peak:
            raise ValueError(
                f"c must be < v_peak ({self.v_peak:g} mV), got {self.c:g}; "
                "otherwise the neuron would fire again at once, for ever"
            )


class IzhikevichState(NamedTuple):
    """What the neurons remember between steps; both [B, N]."""

    v: Tensor  # mV
    u: Tensor  # mV/ms: the recovery, taken off the current


def izhikevich_init(
    shape: tuple[int, int],
    params: IzhikevichParams,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> IzhikevichState:
    """`shape` = (B, N) neurons at rest, or where they are slowest if they have no rest."""
    v, u = (torch.full(shape, float(x), device=device, dtype=dtype) for x in _rest(params))
    return IzhikevichState(v, u)


def izhikevich_step(
    current: Tensor, state: IzhikevichState, params: IzhikevichParams, dt: float
) -> Step:
    """Advance by one step of `dt` ms under `current` nA [B, N], which is constant during the step.

    Raises:
        ValueError: the shapes differ, or dt is not > 0 or above 125 ms.
    """
    check_current(current, state)
    p, drive = params, current / params.c_m + LOWEST
    level = float(angle(p.v_peak, p))

    def slopes(x: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        cosine = torch.cos(x)
        v = BOTTOM + KAPPA * torch.tan(0.5 * x.clamp(max=FURTHEST))
        turn = 0.04 * KAPPA * (1 - cosine) + (drive - u) / KAPPA * (1 + cosine)
        return turn, p.a * (p.b * v - u)

    def pace(x: Tensor, u: Tensor, turn: Tensor) -> Tensor:
        push = (drive - u) / KAPPA
        # Square of d(dx/dt)/dx; 4·|push| is what it gets to where x turns slowest.
        bend = 2 * turn * (1 + push) - 4 * push - turn * turn
        fastest = torch.maximum(torch.maximum(turn * turn, bend), 4 * push.abs())
        return torch.sqrt(fastest) / REACH

    model = Resetting(
        slopes=slopes,
        pace=pace,
        level=level,
        x_reset=float(angle(p.c, p)),
        jump=lambda u: u + p.d,
        hold=lambda u, s: u,
    )
    # At the peak x is the level itself, whatever rounding.
    x = torch.where(state.v >= p.v_peak, level, 2 * torch.atan((state.v - BOTTOM) / KAPPA))
    n = pieces(dt, _longest_step(p))
    done = advance(x, state.u, torch.zeros_like(x), 0.0, dt, n, model)
    v = torch.where(done.x >= level, p.v_peak, BOTTOM + KAPPA * torch.tan(0.5 * done.x))
    return Step(done.spikes, done.offset, IzhikevichState(v, done.w))


def angle(v: Any, params: Any) -> Any:
    """The coordinate x of a voltage, a number or a numpy array."""
    return 2 * np.arctan((v - BOTTOM) / KAPPA)


def _longest_step(params: Any) -> Any:
    return 0.125 + 0 * params.a


def _rest(params: Any) -> tuple[Any, Any]:
    """The lower fixed point without current, 0.04·V² + (5 − b)·V + 140 = 0, if there is one."""
    slope = 5 - params.b
    v = np.where(
        slope * slope >= 22.4,
        (-slope - np.sqrt(np.maximum(slope * slope - 22.4, 0.0))) / 0.08,
        -slope / 0.08,
    )
    return v, params.b * v


def _derivatives(values: tuple[Any, ...], current: Any, params: Any) -> tuple[Any, Any]:
    v, u = values
    dv = 0.04 * v * v + 5 * v + 140 - u + current / params.c_m
    return dv, params.a * (params.b * v - u)


def _no_membrane(params: Any) -> Membrane | None:
    return None


IZHIKEVICH = Model(
    name="izhikevich",
    title="Izhikevich",
    params=IzhikevichParams,
    variables=(Variable("v", "Voltage", "mV"), Variable("u", "Recovery u", "mV/ms")),
    init=izhikevich_init,
    step=izhikevich_step,
    method="RK4",
    source="Izhikevich 2003, IEEE Trans. Neural Netw. 14:1569, eqs 1–3",
    membrane=_no_membrane,
    level=lambda p: float(p.v_peak),
    rest=_rest,
    derivatives=_derivatives,
    longest_step=_longest_step,
)
