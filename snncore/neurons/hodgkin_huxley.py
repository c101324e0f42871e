"""Hodgkin and Huxley's squid axon.

    C dV/dt = −g_Na·m³h·(V − E_Na) − g_K·n⁴·(V − E_K) − g_L·(V − E_L) + I/area
    dx/dt = φ·(α_x(V)·(1 − x) − β_x(V)·x)  for x = m, h, n,    φ = 3^((T − 6.3 °C)/10 °C)

(Hodgkin & Huxley 1952, J. Physiol. 117:500.) Today's sign: depolarisation is up, and the resting
voltage is −65 mV, so every rate is their formula at V + 65. There is no reset: a spike is an upward
crossing of `v_th`.

While V is held the gates relax exponentially, and while the gates are held so does V, so both are
advanced by exponentials (Rush & Larsen 1978, IEEE Trans. Biomed. Eng. 25:389): half a piece of the
gates, a piece of the voltage, half a piece of the gates (Strang 1968, order 2). That is symmetric
in time, so a whole piece and two half ones combine to order 4: (4·fine − coarse)/3. However long
the step and large the current, nothing grows without bounds; RK4 would, as a strongly
hyperpolarised gate moves a thousand times faster than at rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from snncore.neurons.linear import mean_decay
from snncore.neurons.model import Membrane, Model, Step, Variable, check_current, pieces
from snncore.neurons.rk4 import hermite_root
from snncore.params import Params, number

Tensor = torch.Tensor
Gates = tuple[Tensor, ...]  # m, h, n
# mV: the rates are taken as constant beyond this, or a huge current would overflow them.
FURTHEST = 300.0
WILDEST = 1e3  # of a gate outside this model's own steps, see `_derivatives`
STEP = 0.05  # ms at 6.3 °C, of one piece: spike times are then right to 0.002 ms after 200 ms


@dataclass(frozen=True)
class HodgkinHuxleyParams(Params):
    """The squid axon at 6.3 °C; the area makes 1 nA 10 µA/cm²."""

    c_m: float = number(
        1, 0.01, 100, "Membrane capacity per area.",
        unit="µF/cm²", step=0.1, label="Capacity",
    )  # fmt: skip
    g_na: float = number(
        120, 0, 1000, "Highest sodium conductance: the upstroke.",
        unit="mS/cm²", step=1, label="Sodium g",
    )  # fmt: skip
    g_k: float = number(
        36, 0, 1000, "Highest potassium conductance: the way back down.",
        unit="mS/cm²", step=1, label="Potassium g",
    )  # fmt: skip
    g_l: float = number(
        0.3, 0, 100, "Leak conductance.",
        unit="mS/cm²", step=0.05, label="Leak g",
    )  # fmt: skip
    e_na: float = number(
        50, -150, 150, "Where sodium pulls the voltage.", unit="mV", step=1, label="Sodium E",
    )  # fmt: skip
    e_k: float = number(
        -77, -150, 150, "Where potassium pulls the voltage.", unit="mV", step=1,
        label="Potassium E",
    )  # fmt: skip
    e_l: float = number(
        -54.387, -150, 150, "Where the leak pulls the voltage; this value makes −65 mV the rest.",
        unit="mV", step=0.1, label="Leak E",
    )  # fmt: skip
    area: float = number(
        10_000, 1, 1e8, "Membrane area: the current is spread over it.",
        unit="µm²", step=100, label="Area",
    )  # fmt: skip
    celsius: float = number(
        6.3, 0, 40, "Temperature: 10 °C more make the gates three times as fast.",
        unit="°C", step=0.1, label="Temperature",
    )  # fmt: skip
    v_th: float = number(
        0, -60, 60, "A spike is counted when the voltage rises through this.",
        unit="mV", step=1, label="Spike level",
    )  # fmt: skip


class HodgkinHuxleyState(NamedTuple):
    """What the neurons remember between steps; all [B, N]."""

    v: Tensor  # mV
    m: Tensor  # sodium activation, 0..1
    h: Tensor  # sodium inactivation, 0..1 (1: none)
    n: Tensor  # potassium activation, 0..1


def hodgkin_huxley_init(
    shape: tuple[int, int],
    params: HodgkinHuxleyParams,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> HodgkinHuxleyState:
    """`shape` = (B, N) neurons at rest, with the gates where they settle there."""
    values = (torch.full(shape, float(x), device=device, dtype=dtype) for x in _rest(params))
    return HodgkinHuxleyState(*values)


def rates(v: Any, xp: Any) -> tuple[tuple[Any, Any], ...]:
    """(α, β) per ms of m, h and n at 6.3 °C; `xp` is torch or numpy."""
    v = xp.clip(v, -FURTHEST, FURTHEST)
    return (
        (_ramp((v + 40) / 10, xp), 4 * xp.exp(-(v + 65) / 18)),
        (0.07 * xp.exp(-(v + 65) / 20), 1 / (1 + xp.exp(-(v + 35) / 10))),
        (0.1 * _ramp((v + 55) / 10, xp), 0.125 * xp.exp(-(v + 65) / 80)),
    )


def _ramp(x: Any, xp: Any) -> Any:
    """x/(1 − e^(−x)), with its series 1 + x/2 + x²/12 where that would be 0/0."""
    near = xp.abs(x) < 1e-3
    safe = xp.where(near, xp.ones_like(x), x)
    return xp.where(near, 1 + x / 2 + x * x / 12, safe / -xp.expm1(-safe))


def hodgkin_huxley_step(
    current: Tensor, state: HodgkinHuxleyState, params: HodgkinHuxleyParams, dt: float
) -> Step:
    """Advance by one step of `dt` ms under `current` nA [B, N], which is constant during the step.

    Raises:
        ValueError: the shapes differ, or dt is not > 0 or too long (50 ms at 6.3 °C).
    """
    check_current(current, state)
    p = params
    count = pieces(dt, _longest_step(p))
    step, phi = dt / count, 3 ** ((p.celsius - 6.3) / 10)
    density = current * (1e5 / p.area)  # µA/cm²

    def relax(gates: Gates, v: Tensor, time: float) -> Gates:
        out = []
        for x, (alpha, beta) in zip(gates, rates(v, torch), strict=True):
            settled = alpha / (alpha + beta)
            out.append(settled + (x - settled) * torch.exp(-phi * time * (alpha + beta)))
        return tuple(out)

    def membrane(gates: Gates) -> tuple[Tensor, Tensor]:
        """Conductance (mS/cm²) and pull (µA/cm²): C dV/dt = pull − conductance·V."""
        m, h, n = gates
        sodium, potassium = p.g_na * m**3 * h, p.g_k * n**4
        pull = sodium * p.e_na + potassium * p.e_k + p.g_l * p.e_l + density
        return sodium + potassium + p.g_l, pull

    def strang(v: Tensor, gates: Gates, time: float) -> tuple[Tensor, Gates]:
        gates = relax(gates, v, time / 2)
        conductance, pull = membrane(gates)
        x = conductance * (time / p.c_m)
        # ∫ of the pull: time/C·(1 − e^(−x))/x, which exists without conductance too.
        v = v * torch.exp(-x) + pull * (time / p.c_m) * mean_decay(x)
        return v, relax(gates, v, time / 2)

    v, *rest = state
    gates: Gates = tuple(rest)
    fired = torch.zeros_like(v, dtype=torch.bool)
    offset = torch.zeros_like(v)
    for k in range(count):
        coarse_v, coarse = strang(v, gates, step)
        fine_v, fine = strang(*strang(v, gates, step / 2), step / 2)
        v1 = (4 * fine_v - coarse_v) / 3
        after = tuple(((4 * f - c) / 3).clamp(0, 1) for f, c in zip(fine, coarse, strict=True))
        crosses = ~fired & (v < p.v_th) & (v1 >= p.v_th)
        if bool(crosses.any()):
            conductance, pull = membrane(gates)
            start = (pull - conductance * v) * (step / p.c_m)
            conductance, pull = membrane(after)
            end = (pull - conductance * v1) * (step / p.c_m)
            r = hermite_root(v - p.v_th, start, v1 - p.v_th, end)
            offset = torch.where(crosses, (k + r) * step, offset)
            fired = fired | crosses
        v, gates = v1, after
    return Step(fired, offset, HodgkinHuxleyState(v, *gates))


def _longest_step(params: Any) -> Any:
    return STEP * 3 ** ((6.3 - params.celsius) / 10)


def _rest(params: Any) -> tuple[Any, ...]:
    """The lowest voltage without net current, the gates settled: what rises first from −150 mV.

    A scan by 1 mV finds the first change of sign, bisection the root; without one (no
    conductance at all) it is −65 mV.
    """
    p = params
    conductances = (p.g_na, p.g_k, p.g_l, p.e_na, p.e_k, p.e_l)
    shape = np.broadcast(*conductances).shape

    def inward(v: Any) -> Any:
        return -_ionic(v, _settled(v), p)

    grid = np.arange(-151.0, 152.0).reshape(-1, *(1 for _ in shape))
    rising = inward(grid + np.zeros(shape)) > 0
    turns = rising[:-1] & ~rising[1:]
    first = turns.argmax(axis=0)
    low = np.where(turns.any(axis=0), grid.reshape(-1)[first], -65.0)
    high = np.where(turns.any(axis=0), low + 1.0, low)
    for _ in range(50):
        middle = 0.5 * (low + high)
        up = inward(middle) > 0
        low, high = np.where(up, middle, low), np.where(up, high, middle)
    v = 0.5 * (low + high)
    return (v, *_settled(v))


def _settled(v: Any) -> tuple[Any, ...]:
    return tuple(alpha / (alpha + beta) for alpha, beta in rates(v, np))


def _ionic(v: Any, gates: Sequence[Any], p: Any) -> Any:
    """The current out of the cell through all channels, µA/cm²."""
    m, h, n = gates
    sodium, potassium = p.g_na * m**3 * h * (v - p.e_na), p.g_k * n**4 * (v - p.e_k)
    return sodium + potassium + p.g_l * (v - p.e_l)


def _derivatives(values: tuple[Any, ...], current: Any, params: Any) -> tuple[Any, ...]:
    v, *rest = values
    p = params
    # A gate lies between 0 and 1; forward Euler, to which others compare, may throw it anywhere.
    gates = [np.clip(x, -WILDEST, WILDEST) for x in rest]
    phi = 3 ** ((p.celsius - 6.3) / 10)
    dv = (current * (1e5 / p.area) - _ionic(v, gates, p)) / p.c_m
    slopes = (
        phi * (alpha * (1 - x) - beta * x)
        for x, (alpha, beta) in zip(gates, rates(np.asarray(v), np), strict=True)
    )
    return dv, *slopes


def _no_membrane(params: Any) -> Membrane | None:
    return None


HODGKIN_HUXLEY = Model(
    name="hodgkin_huxley",
    title="Hodgkin–Huxley",
    params=HodgkinHuxleyParams,
    variables=(
        Variable("v", "Voltage", "mV"),
        Variable("m", "Sodium activation m", ""),
        Variable("h", "Sodium inactivation h", ""),
        Variable("n", "Potassium activation n", ""),
    ),
    init=hodgkin_huxley_init,
    step=hodgkin_huxley_step,
    method="exponential splitting",
    source="Hodgkin & Huxley 1952, J. Physiol. 117:500, eqs 26, 7, 12–24",
    membrane=_no_membrane,
    level=lambda p: float(p.v_th),
    rest=_rest,
    derivatives=_derivatives,
    longest_step=_longest_step,
)
