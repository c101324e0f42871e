"""The exponential integrate-and-fire neuron.

    τ_m dV/dt = −(V − V_rest) + Δ_T·e^((V − V_th)/Δ_T) + R·I
    V ≥ V_peak: spike, V ← V_reset, silent for t_ref

(Fourcaud-Trocmé, Hansel, van Vreeswijk & Brunel 2003, J. Neurosci. 23:11628). The spike has an
upstroke of its own: V_th is where it begins to pull, and V_peak only says where it is cut.

With u = (V − V_th)/Δ_T the equation is integrated in x = −ln(1 + e^(−u)), which is u far below
the threshold and −e^(−u) above it, where it moves with the finite speed 1/τ_m towards x = 0, the
image of V = ∞ (see `snncore.neurons.rk4`):

    dx/dt = (1/τ_m)·[ E·(R·I − (V − V_rest))/Δ_T + (1 − E) ],    E = 1 − e^x = 1/(1 + e^u)

`adex` adds an adaptation current to the same equation, and its functions serve both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from snncore.neurons.model import Membrane, Model, Step, Variable, check_current, pieces
from snncore.neurons.rk4 import Resetting, advance
from snncore.params import Params, number

Tensor = torch.Tensor
# Below this distance from x = 0 the voltage is taken as constant: V_th + 69 Δ_T, far above any
# peak. A stage of RK4 may step over V = ∞, and its logarithm must still exist (in float32 too).
NEAREST = 1e-30
REACH = 0.3  # how far one piece goes, see `exponential_pace`


@dataclass(frozen=True)
class EIFParams(Params):
    """The neuron that Fourcaud-Trocmé et al. fitted to the Wang–Buzsáki model.

    Silent below 0.16 nA.
    """

    tau_m: float = number(
        10, 0.1, 200, "How slowly the voltage leaks: after τ, 37 % of it is left.",
        unit="ms", step=0.5, label="Membrane τ",
    )  # fmt: skip
    r_m: float = number(
        10, 0, 1000, "How far one nA lifts the voltage in the long run, far below threshold.",
        unit="MΩ", step=1, lo_open=True, label="Resistance",
    )  # fmt: skip
    v_rest: float = number(
        -65, -100, 100, "Where the leak pulls the voltage; every run starts there.",
        unit="mV", step=0.5, label="Leak potential",
    )  # fmt: skip
    v_th: float = number(
        -59.9, -100, 100, "Where the upstroke begins: the highest voltage that a steady current "
        "can hold.",
        unit="mV", step=0.1, label="Soft threshold V_T",
    )  # fmt: skip
    delta_t: float = number(
        3.48, 0.1, 20, "Sharpness of the upstroke: small is a sudden spike, as in the plain model.",
        unit="mV", step=0.1, label="Sharpness Δ_T",
    )  # fmt: skip
    v_peak: float = number(
        0, -100, 200, "Where the upstroke is cut and the spike is counted.",
        unit="mV", step=1, label="Peak",
    )  # fmt: skip
    v_reset: float = number(
        -68, -150, 100, "Where the voltage restarts after a spike.",
        unit="mV", step=0.5, label="Reset to",
    )  # fmt: skip
    t_ref: float = number(
        1.7, 0, 50, "For this long after a spike the voltage is held at the reset.",
        unit="ms", step=0.1, label="Refractory",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        check_peak(self)


def check_peak(params: Any) -> None:
    """ValueError unless the reset lies below the peak and the peak above the soft threshold."""
    if not params.v_reset < params.v_peak:
        raise ValueError(
            f"v_reset must be < v_peak ({params.v_peak:g} mV), got {params.v_reset:g}; "
            "otherwise the neuron would fire again at once, for ever"
        )
    if not params.v_th < params.v_peak:
        raise ValueError(
            f"v_peak must be > v_th ({params.v_th:g} mV), got {params.v_peak:g}; "
            "the upstroke begins at v_th"
        )


class EIFState(NamedTuple):
    """What the neurons remember between steps; both [B, N]."""

    v: Tensor  # mV
    refractory: Tensor  # ms still to be silent


def to_x(v: Tensor, params: Any) -> Tensor:
    """The coordinate x of a voltage; from the peak on it is the peak's, whatever rounding."""
    x = -torch.nn.functional.softplus((params.v_th - v) / params.delta_t)
    return torch.where(v >= params.v_peak, float(x_of(params.v_peak, params)), x)


def to_v(x: Tensor, params: Any) -> Tensor:
    """The voltage of a coordinate x; from that of the peak on it is the peak."""
    near = x.clamp(max=-NEAREST)
    v = params.v_th + params.delta_t * (near - torch.log(-torch.expm1(near)))
    return torch.where(x >= float(x_of(params.v_peak, params)), params.v_peak, v)


def x_of(v: Any, params: Any) -> Any:
    """`to_x` for a number or a numpy array."""
    return -np.logaddexp(0.0, (params.v_th - v) / params.delta_t)


def exponential_slopes(x: Tensor, drive: Tensor, params: Any) -> tuple[Tensor, Tensor]:
    """dx/dt and V, where `drive` is R·(I − w) in mV."""
    x = x.clamp(max=-NEAREST)
    e = -torch.expm1(x)
    v = params.v_th + params.delta_t * (x - torch.log(e))
    rate = e * (drive - (v - params.v_rest)) / params.delta_t + torch.exp(x)
    return rate / params.tau_m, v


def exponential_pace(x: Tensor, rate: Tensor, params: Any) -> Tensor:
    """Pieces per ms: none moves x by more than 0.3·(1 + |x|), nor its slope by a factor of 1.3.

    d(dx/dt)/dx is −(e^x·p + E)/τ_m with p = (R·I − (V − V_rest))/Δ_T, read off the rate. The pull
    changes over a few units of x about the threshold, further below nothing bends.
    """
    rise = torch.exp(x)
    e = 1 - rise
    # E is kept from 0, where p would be rounding alone: the last 1e-8 of the way matters to none.
    bend = rise * (rate * params.tau_m - rise) / e.clamp(min=1e-8) + e
    return torch.maximum(rate.abs() / (1 - x), bend.abs() / params.tau_m) / REACH


def eif_init(
    shape: tuple[int, int],
    params: EIFParams,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> EIFState:
    """`shape` = (B, N) neurons at the leak potential, ready to fire."""
    v = torch.full(shape, params.v_rest, device=device, dtype=dtype)
    return EIFState(v, torch.zeros_like(v))


def eif_step(current: Tensor, state: EIFState, params: EIFParams, dt: float) -> Step:
    """Advance by one step of `dt` ms under `current` nA [B, N], which is constant during the step.

    Raises:
        ValueError: the shapes differ, or dt is not > 0 or far above τ_m.
    """
    check_current(current, state)
    drive = params.r_m * current

    def slopes(x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        return exponential_slopes(x, drive, params)[0], torch.zeros_like(w)

    model = Resetting(
        slopes=slopes,
        pace=lambda x, w, rate: exponential_pace(x, rate, params),
        level=float(x_of(params.v_peak, params)),
        x_reset=float(x_of(params.v_reset, params)),
        jump=lambda w: w,
        hold=lambda w, s: w,
    )
    n = pieces(dt, _longest_step(params))
    start = to_x(state.v, params), torch.zeros_like(state.v), state.refractory
    done = advance(*start, params.t_ref, dt, n, model)
    return Step(done.spikes, done.offset, EIFState(to_v(done.x, params), done.refractory))


def _longest_step(params: Any) -> Any:
    return params.tau_m / 8


def pull_of(v: Any, params: Any) -> Any:
    """Δ_T·e^((V − V_th)/Δ_T) in mV, of the peak for all voltages above it.

    Above the peak nothing is integrated: the limits only keep a picture of the flow finite.
    """
    above = (np.minimum(v, params.v_peak) - params.v_th) / params.delta_t
    return params.delta_t * np.exp(np.minimum(above, 300.0))


def _derivatives(values: tuple[Any, ...], current: Any, params: Any) -> tuple[Any]:
    (v,) = values
    return ((params.v_rest - v + pull_of(v, params) + params.r_m * current) / params.tau_m,)


EIF = Model(
    name="eif",
    title="Exponential integrate-and-fire",
    params=EIFParams,
    variables=(Variable("v", "Voltage", "mV"),),
    init=eif_init,
    step=eif_step,
    method="RK4",
    source="Fourcaud-Trocmé, Hansel, van Vreeswijk & Brunel 2003, J. Neurosci. 23:11628, eq. 10",
    membrane=lambda p: Membrane(p.tau_m, p.r_m),
    level=lambda p: float(p.v_peak),
    rest=lambda p: (p.v_rest,),
    derivatives=_derivatives,
    longest_step=_longest_step,
)
