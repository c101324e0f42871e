"""FitzHugh and Nagumo's two-variable caricature of a nerve.

    dv/dt = (v − v³/3 − w + g·I)/T,    dw/dt = ε·(v + a − b·w)/T

(FitzHugh 1961, Biophys. J. 1:445; Nagumo, Arimoto & Yoshizawa 1962, Proc. IRE 50:2061.) v and w
are numbers without unit; T (`tau_ms`) is how many ms their unit of time lasts and g (`gain`) turns
nA into their unit of current. There is no reset: a spike is an upward crossing of `v_th`.
Integrated by RK4; the moment of the crossing is read from the cubic through both ends of the step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from snncore.neurons.model import Membrane, Model, Step, Variable, check_current, pieces
from snncore.neurons.rk4 import hermite_root, rk4
from snncore.params import Params, number

Tensor = torch.Tensor


@dataclass(frozen=True)
class FitzHughNagumoParams(Params):
    """FitzHugh's own constants: at rest without current, firing between 0.33 and 1.42 nA."""

    a: float = number(
        0.7, -2, 2, "Where the line dw/dt = 0 stands; a number without unit.",
        step=0.05, label="Offset a",
    )  # fmt: skip
    b: float = number(
        0.8, 0, 2, "How steep that line is; a number without unit.",
        step=0.05, label="Slope b",
    )  # fmt: skip
    epsilon: float = number(
        0.08, 0, 1, "How much slower w is than v; a number without unit.",
        step=0.01, lo_open=True, label="Slowness ε",
    )  # fmt: skip
    tau_ms: float = number(
        1, 0, 100, "How many ms the model's unit of time lasts.",
        unit="ms", step=0.1, lo_open=True, label="Time scale T",
    )  # fmt: skip
    gain: float = number(
        1, 0, 100, "How much of the model's unit of current one nA is, per nA.",
        step=0.1, lo_open=True, label="Gain g (1/nA)",
    )  # fmt: skip
    v_th: float = number(
        1, -3, 3, "A spike is counted when v rises through this; a number without unit.",
        step=0.1, label="Spike level",
    )  # fmt: skip


class FitzHughNagumoState(NamedTuple):
    """What the neurons remember between steps; both [B, N], without unit."""

    v: Tensor
    w: Tensor


def fitzhugh_nagumo_init(
    shape: tuple[int, int],
    params: FitzHughNagumoParams,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> FitzHughNagumoState:
    """`shape` = (B, N) neurons at rest, the lowest fixed point without current."""
    v, w = (torch.full(shape, float(x), device=device, dtype=dtype) for x in _rest(params))
    return FitzHughNagumoState(v, w)


def fitzhugh_nagumo_step(
    current: Tensor, state: FitzHughNagumoState, params: FitzHughNagumoParams, dt: float
) -> Step:
    """Advance by one step of `dt` ms under `current` nA [B, N], which is constant during the step.

    Raises:
        ValueError: the shapes differ, or dt is not > 0 or above 100 `tau_ms`.
    """
    check_current(current, state)
    p = params
    n = pieces(dt, _longest_step(p))
    h = torch.full_like(state.v, dt / n)

    def slopes(v: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        dv = (v - v * v * v / 3 - w + p.gain * current) / p.tau_ms
        return dv, p.epsilon * (v + p.a - p.b * w) / p.tau_ms

    v, w = state
    fired = torch.zeros_like(v, dtype=torch.bool)
    offset = torch.zeros_like(v)
    first = slopes(v, w)
    for k in range(n):
        v1, w1 = rk4(slopes, v, w, h, first)
        last = slopes(v1, w1)
        crosses = ~fired & (v < p.v_th) & (v1 >= p.v_th)
        if bool(crosses.any()):
            r = hermite_root(v - p.v_th, h * first[0], v1 - p.v_th, h * last[0])
            offset = torch.where(crosses, (k + r) * h, offset)
            fired = fired | crosses
        v, w, first = v1, w1, last
    return Step(fired, offset, FitzHughNagumoState(v, w))


def _longest_step(params: Any) -> Any:
    return 0.1 * params.tau_ms


def _rest(params: Any) -> tuple[Any, Any]:
    """The lowest solution of v − v³/3 = (v + a)/b without current; at b = 0 it is v = −a.

    Bisection: below −3 − |a|·… the cubic is above the line, and it meets it first at the lowest.
    """
    a, b = np.asarray(params.a, dtype=np.float64), np.asarray(params.b, dtype=np.float64)
    # Roots of v³/3 + (1/b − 1)·v + a/b = 0, times b to keep b = 0: b·v³/3 + (1 − b)·v + a = 0.
    # The fold of this cubic, where there is one, separates the roots: look below it.
    fold = np.sqrt(np.maximum((b - 1) / np.where(b > 0, b, 1.0), 0.0))
    cubic_at_fold = b * (-fold) ** 3 / 3 - (1 - b) * fold + a
    low = np.full(np.broadcast(a, b).shape, -10.0)
    high = np.where(cubic_at_fold >= 0, -fold, 10.0)
    for _ in range(80):
        middle = 0.5 * (low + high)
        above = b * middle**3 / 3 + (1 - b) * middle + a > 0
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    v = 0.5 * (low + high)
    w = v - v**3 / 3
    return v, w


def _derivatives(values: tuple[Any, ...], current: Any, params: Any) -> tuple[Any, Any]:
    v, w = values
    p = params
    dv = (v - v * v * v / 3 - w + p.gain * current) / p.tau_ms
    return dv, p.epsilon * (v + p.a - p.b * w) / p.tau_ms


def _no_membrane(params: Any) -> Membrane | None:
    return None


FITZHUGH_NAGUMO = Model(
    name="fitzhugh_nagumo",
    title="FitzHugh–Nagumo",
    params=FitzHughNagumoParams,
    variables=(Variable("v", "Voltage v", ""), Variable("w", "Recovery w", "")),
    init=fitzhugh_nagumo_init,
    step=fitzhugh_nagumo_step,
    method="RK4",
    source="FitzHugh 1961, Biophys. J. 1:445, eqs 1, 2",
    membrane=_no_membrane,
    level=lambda p: float(p.v_th),
    rest=_rest,
    derivatives=_derivatives,
    longest_step=_longest_step,
)
