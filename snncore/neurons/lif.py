"""The leaky integrate-and-fire neuron in physical units, integrated exactly.

    τ_m dV/dt = −(V − V_rest) + R·I(t),    V ≥ V_th: spike, reset, silent for t_ref

While I is constant over a step of dt, the solution is known, so there is no integration error
(Rotter & Diesmann 1999, Biol. Cybern. 81:381, doi 10.1007/s004220050570):

    V∞ = V_rest + R·I,    V(t + dt) = V(t) + (V∞ − V(t))·(1 − β),    β = e^(−dt/τ_m)

(1 − β is computed as −expm1(−dt/τ_m), so that the smallest steps keep all digits.)

V moves one way only during a step, so that it reaches V_th inside the step if and only if it is
there at the step's end. With timing "exact" the spike, the reset and the end of the refractory
period happen where continuous time has them: the first spike of a step comes after what is left of
the refractory period and the rise, each further one a full interval later, in closed form:

    rise  τ_m ln(1 + (V_th − V)/(V∞ − V_th)),    interval  t_ref + rise from V_reset

(Brette 2006, Neural Comput. 18:2004, doi 10.1162/neco.2006.18.8.2004, calls this event-driven;
Morrison et al. 2007, doi 10.1162/neco.2007.19.1.47, place such spikes between grid points.) A spike
then has no overshoot, so resets "value" and "subtract" are one.

With timing "grid" threshold and reset are judged at the end of each step, and the refractory
period is a whole number of steps, so float errors in t never decide anything. Reset "none" always
works like this, for without a reset there is no interval.

snnTorch's `Leaky(beta, threshold)` is the neuron on the grid with V_rest = V_reset = 0, V_th =
threshold and t_ref = 0, where `beta` = β and its input X is what one step adds, X = (1 − β)·R·I.
Its `reset_mechanism` "subtract", "zero" and "none" are our "subtract", "value" and "none". We reset
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

from snncore.neurons.model import Membrane, Model, Step, Variable, check_dt
from snncore.params import Params, choice, number

Tensor = torch.Tensor
RESETS = ("value", "subtract", "none")
TIMINGS = ("exact", "grid")
_NEVER = 1e30  # ms; not infinity, of which multiples by 0 are taken
_COUNT_LIMIT = 2.0**40  # spikes of one neuron in one step: beyond this a count means nothing


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
        2, 0, 50, "For this long after a spike the neuron does nothing (grid: in whole steps).",
        unit="ms", step=0.1, label="Refractory",
    )  # fmt: skip
    reset: str = choice(
        "value", RESETS,
        "value: restart at V_reset. subtract: drop by V_th − V_reset, which keeps an overshoot. "
        "none: count spikes, leave the voltage alone.",
        label="Reset mode",
    )  # fmt: skip
    timing: str = choice(
        "exact", TIMINGS,
        "exact: spikes, resets and refractory periods begin and end inside a step, as in "
        "continuous time. grid: they wait for the step's end, as in snnTorch; reset none always "
        "does.",
        label="Spike timing",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.v_reset < self.v_th:
            raise ValueError(
                f"v_reset must be < v_th ({self.v_th:g} mV), got {self.v_reset:g}; "
                "otherwise the neuron would fire again at once, for ever"
            )

    @property
    def on_grid(self) -> bool:
        """Whether spikes are judged at the end of a step only."""
        return self.timing == "grid" or self.reset == "none"


class LIFState(NamedTuple):
    """What the neurons remember between steps; both [B, N]."""

    v: Tensor  # mV
    refractory: Tensor  # still to be silent: ms, or on the grid a number of steps (int32)


class LIFStep(NamedTuple):
    """One step: who fired (bool [B, N]) and the state after it."""

    spikes: Tensor
    state: LIFState


def decay(params: LIFParams, dt: float) -> float:
    """β = e^(−dt/τ_m): the part of a deviation that is left after a step of `dt` ms."""
    return math.exp(-check_dt(dt) / params.tau_m)


def approach(params: LIFParams, dt: float) -> float:
    """1 − β to all digits: the part of the way to V∞ that a step of `dt` ms covers."""
    return -math.expm1(-check_dt(dt) / params.tau_m)


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
    kind = torch.int32 if params.on_grid else dtype
    return LIFState(
        v=torch.full(shape, params.v_rest, device=device, dtype=dtype),
        refractory=torch.zeros(shape, device=device, dtype=kind),
    )


def check_state(state: LIFState, params: LIFParams) -> None:
    """ValueError unless `state` comes from a neuron of the same timing."""
    if state.refractory.is_floating_point() == params.on_grid:
        want, got = ("steps", "ms") if params.on_grid else ("ms", "steps")
        raise ValueError(
            f"state must count its refractory period in {want} (timing {params.timing}, reset "
            f"{params.reset}), got {got}; start from lif_init with these parameters"
        )


def lif_step(current: Tensor, state: LIFState, params: LIFParams, dt: float) -> LIFStep:
    """Advance by one step of `dt` ms under `current` nA, which is constant during the step.

    While refractory, a neuron cannot fire, and its voltage stays where the reset left it (with
    reset "none" nothing was reset, so it goes on following the current).

    Args:
        current: floating [B, N], on the device and in the precision of the state.
        state: from `lif_init` or the step before; not changed.

    Raises:
        ValueError: the shapes differ, the state is of another timing, or dt is not > 0.
    """
    check_state(state, params)
    if not params.on_grid:
        exact = exact_step(current, state, params, dt)
        return LIFStep(exact.n_spikes > 0, exact.state)
    _check_shape(current, state)
    v_inf = params.v_rest + params.r_m * current
    v = state.v + (v_inf - state.v) * approach(params, dt)
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


def _check_shape(current: Tensor, state: LIFState) -> None:
    if current.shape != state.v.shape:
        raise ValueError(
            f"current must have the state's shape {tuple(state.v.shape)}, got "
            f"{tuple(current.shape)}"
        )


class ExactStep(NamedTuple):
    """One step with timing "exact"; all [B, N]."""

    n_spikes: Tensor  # int64
    offset: Tensor  # ms since the beginning of the step of the first one, in [0, dt]; else 0
    state: LIFState


def exact_step(current: Tensor, state: LIFState, params: LIFParams, dt: float) -> ExactStep:
    """`lif_step` for timing "exact", with the moment and the number of the spikes.

    A neuron that starts above the threshold, which only a state from outside or a resting voltage
    above the threshold brings about, spikes as soon as it is ready.
    """
    _check_shape(current, state)
    v_inf = params.v_rest + params.r_m * current
    silent = state.refractory.clamp(max=dt)
    left = dt - silent
    part = -torch.expm1(left / -params.tau_m)
    part = part.masked_fill(silent == 0, approach(params, dt))
    v = state.v + (v_inf - state.v) * part
    # At the rheobase itself V only tends to V_th, but a long step ends there by rounding: no spike.
    reaches = (v >= params.v_th) & (v_inf > params.v_th)
    fires = (left > 0) & (reaches | (state.v > params.v_th))
    v = torch.where(state.v > params.v_th, v, v.clamp(max=params.v_th))
    rise = rise_time(state.v, v_inf, params)
    offset = torch.where(fires, torch.clamp(silent + rise, max=dt), torch.zeros_like(rise))
    spikes, since = spikes_after(offset, v_inf, params, dt)
    again = (since - params.t_ref).clamp(min=0.0)  # ms of integration since the last spike
    restarted = params.v_reset - (v_inf - params.v_reset) * torch.expm1(again / -params.tau_m)
    return ExactStep(
        n_spikes=spikes.masked_fill(~fires, 0),
        offset=offset,
        state=LIFState(
            v=torch.where(fires, restarted, v),
            refractory=torch.where(
                fires, (params.t_ref - since).clamp(min=0.0), state.refractory - silent
            ),
        ),
    )


def rise_time(v: Tensor, v_inf: Tensor, params: LIFParams) -> Tensor:
    """ms from `v` to the threshold: 0 from above it, `_NEVER` from below it where V∞ ≤ V_th.

    The latter is asked on the grid of a neuron that fires, too: a step much longer than τ_m ends at
    V∞ itself, up to rounding, and V∞ may be V_th. Cut to the step, the spike is then at its end.
    """
    gap = v_inf - params.v_th
    below = (params.v_th - v).clamp(min=0.0)
    # log1p keeps the digits where V∞ is far above both voltages.
    rise = params.tau_m * torch.log1p(below / gap.masked_fill(gap <= 0, 1.0))
    return rise.masked_fill((gap <= 0) & (below > 0), _NEVER)


def spikes_after(
    offset: Tensor, v_inf: Tensor, params: LIFParams, dt: float
) -> tuple[Tensor, Tensor]:
    """Spikes (int64) in a step whose first one is at `offset` ms, and ms from the last to its end.

    They are an interval apart, for V∞ does not change within the step.
    """
    interval = interval_ms(v_inf, params)
    more = torch.floor((dt - offset) / interval).clamp(max=_COUNT_LIMIT)
    more = more.masked_fill(v_inf <= params.v_th, 0.0)
    since = (dt - offset) - more * interval
    return 1 + more.to(torch.int64), since.clamp(min=0.0)


def interval_ms(v_inf: Tensor, params: LIFParams) -> Tensor:
    """t_ref + rise from V_reset: ms from spike to spike, `_NEVER` where V∞ ≤ V_th."""
    return params.t_ref + rise_time(torch.full_like(v_inf, params.v_reset), v_inf, params)


def grid_offset(before: Tensor, v_inf: Tensor, params: LIFParams, dt: float) -> Tensor:
    """When a spike that the grid judged at a step's end reached the threshold, in [0, dt] ms.

    `before` is V at the step's beginning; above the threshold already (after an overshoot), the
    spike is at the beginning.
    """
    return rise_time(before, v_inf, params).clamp(max=dt)


def _model_step(current: Tensor, state: LIFState, params: LIFParams, dt: float) -> Step:
    if not params.on_grid:
        check_state(state, params)
        exact = exact_step(current, state, params, dt)
        return Step(exact.n_spikes > 0, exact.offset, exact.state)
    fired, after = lif_step(current, state, params, dt)
    v_inf = params.v_rest + params.r_m * current
    offset = grid_offset(state.v, v_inf, params, dt)
    return Step(fired, torch.where(fired, offset, torch.zeros_like(offset)), after)


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
    rest=lambda p: (p.v_rest,),
    derivatives=lambda x, current, p: ((p.v_rest + p.r_m * current - x[0]) / p.tau_m,),
)
