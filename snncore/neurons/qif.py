"""The quadratic integrate-and-fire neuron.

    τ_m dV/dt = a_0·(V − V_rest)·(V − V_c) + R·I
    V ≥ V_peak: spike, V ← V_reset, silent for t_ref

(Gerstner, Kistler, Naud & Paninski 2014, Neuronal Dynamics, eq. 5.16; Latham et al. 2000, J.
Neurophysiol. 83:808.) It is the normal form of every neuron that begins to fire at an arbitrarily
low rate (Ermentrout & Kopell 1986).

Under a constant current this is a Riccati equation with a closed form, so there is no integration
error, and the spike comes at its exact time. With z = V − (V_rest + V_c)/2, k = a_0/τ_m and
dz/dt = k·z² + q, D = k·q:

    z(s) = (z·C + q·S)/(C − k·z·S),    C = cos(√D·s), S = sin(√D·s)/√D  (cosh, sinh where D < 0)

and z reaches z_p when tan(√D·s)/√D = (z_p − z)/(q + k·z·z_p), or never.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from snncore.neurons.model import Membrane, Model, Step, Variable, check_current, check_dt
from snncore.params import Params, number

Tensor = torch.Tensor
_TINY = 1e-12  # 1/ms: slower turns are as good as none within any run


@dataclass(frozen=True)
class QIFParams(Params):
    """A neuron that rests at −65 mV and is silent below 0.225 nA."""

    tau_m: float = number(
        10, 0, 200, "The time scale; the leak at rest has τ_m/(a_0·(V_c − V_rest)).",
        unit="ms", step=0.5, lo_open=True, label="Time scale τ",
    )  # fmt: skip
    r_m: float = number(
        10, 0, 1000, "How strongly one nA pushes.",
        unit="MΩ", step=1, lo_open=True, label="Resistance",
    )  # fmt: skip
    v_rest: float = number(
        -65, -100, 100, "Where the voltage settles without a current; every run starts here.",
        unit="mV", step=0.5, label="Rest",
    )  # fmt: skip
    v_c: float = number(
        -50, -100, 100, "Above this the voltage runs away by itself.",
        unit="mV", step=0.5, label="Critical voltage",
    )  # fmt: skip
    a_0: float = number(
        0.04, 0, 10, "Curvature of the parabola, per mV.",
        step=0.01, lo_open=True, label="Curvature a₀ (1/mV)",
    )  # fmt: skip
    v_peak: float = number(
        30, -100, 200, "Where the upstroke is cut and the spike is counted.",
        unit="mV", step=1, label="Peak",
    )  # fmt: skip
    v_reset: float = number(
        -70, -150, 100, "Where the voltage restarts after a spike.",
        unit="mV", step=0.5, label="Reset to",
    )  # fmt: skip
    t_ref: float = number(
        2, 0, 50, "For this long after a spike the voltage is held at the reset.",
        unit="ms", step=0.1, label="Refractory",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.v_rest < self.v_c < self.v_peak:
            raise ValueError(
                f"v_c must be between v_rest ({self.v_rest:g} mV) and v_peak "
                f"({self.v_peak:g} mV), got {self.v_c:g}"
            )
        if not self.v_reset < self.v_peak:
            raise ValueError(
                f"v_reset must be < v_peak ({self.v_peak:g} mV), got {self.v_reset:g}; "
                "otherwise the neuron would fire again at once, for ever"
            )


class QIFState(NamedTuple):
    """What the neurons remember between steps; both [B, N]."""

    v: Tensor  # mV
    refractory: Tensor  # ms still to be silent


def qif_init(
    shape: tuple[int, int],
    params: QIFParams,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> QIFState:
    """`shape` = (B, N) neurons at rest, ready to fire."""
    v = torch.full(shape, params.v_rest, device=device, dtype=dtype)
    return QIFState(v, torch.zeros_like(v))


def qif_step(current: Tensor, state: QIFState, params: QIFParams, dt: float) -> Step:
    """Advance by one step of `dt` ms under `current` nA [B, N], which is constant during the step.

    A step holds at most one spike; a second one comes at the beginning of the next step.

    Raises:
        ValueError: the shapes differ, or dt is not > 0.
    """
    check_current(current, state)
    check_dt(dt)
    p = params
    middle = 0.5 * (p.v_rest + p.v_c)
    k = p.a_0 / p.tau_m
    q = p.r_m * current / p.tau_m - k * (0.5 * (p.v_c - p.v_rest)) ** 2
    z_peak = p.v_peak - middle
    z = state.v - middle
    wait = state.refractory.clamp(max=dt)
    length = dt - wait
    meets = _time_to(z, z_peak, k, q)
    fired = (length > 0) & (meets <= length)
    zero = torch.zeros_like(z)
    meets = torch.where(fired, meets, zero)
    rest = length - meets
    pause = rest.clamp(max=p.t_ref)
    again = torch.full_like(z, p.v_reset - middle)
    left = torch.where(fired, rest - pause, length)
    # A second run-away within the step waits at the peak and fires when the next step begins.
    back = _time_to(again, z_peak, k, q) <= rest - pause
    after = torch.where(
        fired & back, torch.full_like(z, z_peak), _flow(torch.where(fired, again, z), left, k, q)
    )
    return Step(
        spikes=fired,
        offset=torch.where(fired, wait + meets, zero),
        state=QIFState(
            after + middle, torch.where(fired, p.t_ref - pause, state.refractory - wait)
        ),
    )


def _flow(z: Tensor, s: Tensor, k: float, q: Tensor) -> Tensor:
    """z after s ms; z must not reach infinity within them."""
    speed = (k * q).abs().sqrt()
    turn = speed * s
    still = speed < _TINY
    safe = torch.where(still, torch.ones_like(speed), speed)
    rising = q > 0
    # Where D < 0, cosine and sine become hyperbolic; their ratio alone cannot overflow.
    c = torch.where(rising, torch.cos(turn), torch.ones_like(z))
    sine = torch.where(rising, torch.sin(turn), torch.tanh(turn))
    sine = torch.where(still, s, sine / safe)
    return (z * c + q * sine) / (c - k * z * sine)


def _time_to(z: Tensor, z_peak: float, k: float, q: Tensor) -> Tensor:
    """ms until z reaches z_peak, infinite if never, 0 if it is there."""
    never = torch.full_like(z, torch.inf)
    speed = (k * q).abs().sqrt()
    still = speed < _TINY
    safe = torch.where(still, torch.ones_like(speed), speed)
    far, pace = z_peak - z, q + k * z * z_peak
    turning = torch.atan2(safe * far, pace) / safe
    escapes = k * z > speed  # where D < 0: above the unstable fixed point
    ratio = safe * far / torch.where(escapes, pace, torch.ones_like(pace))
    fleeing = torch.atanh(torch.where(escapes, ratio, torch.zeros_like(ratio)).clamp(max=1)) / safe
    ahead = pace > 0
    straight = torch.where(ahead, far / torch.where(ahead, pace, torch.ones_like(pace)), never)
    time = torch.where(q > 0, turning, torch.where(escapes, fleeing, never))
    time = torch.where(still, straight, time)
    return torch.where(far <= 0, torch.zeros_like(z), time)


def _membrane(params: QIFParams) -> Membrane:
    """The leak at rest, to first order."""
    slope = params.a_0 * (params.v_c - params.v_rest)
    return Membrane(params.tau_m / slope, params.r_m / slope)


def _derivatives(values: tuple[Any, ...], current: Any, params: Any) -> tuple[Any]:
    (v,) = values
    p = params
    return ((p.a_0 * (v - p.v_rest) * (v - p.v_c) + p.r_m * current) / p.tau_m,)


QIF = Model(
    name="qif",
    title="Quadratic integrate-and-fire",
    params=QIFParams,
    variables=(Variable("v", "Voltage", "mV"),),
    init=qif_init,
    step=qif_step,
    method="exact",
    source="Gerstner, Kistler, Naud & Paninski 2014, eq. 5.16",
    membrane=_membrane,
    level=lambda p: float(p.v_peak),
    rest=lambda p: (p.v_rest,),
    derivatives=_derivatives,
)
