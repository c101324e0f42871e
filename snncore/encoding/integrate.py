"""The LIF code: the value is a constant current into a leaky integrate-and-fire neuron.

From rest at 0 the potential rises towards u = gain·x, in units of the threshold. It gets there
only if u > 1, so small values are silent. With the closed form of its charging (Lapicque 1907;
Gerstner & Kistler 2002, Spiking Neuron Models, eq. 4.13) the spikes are at

    t_n = n·P − t_ref,   P = t_ref + τ·ln(u/(u − 1))

exact times, of which the grid sees the step. The decoder reads the period off the last spike,
(t + ½ + t_ref)/n, and inverts the f–I curve: u = 1/(1 − e^(−(P − t_ref)/τ)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from snncore.encoding import clocks, laws
from snncore.encoding.code import Code, Law, check_intensities, check_spikes, sample_numbers
from snncore.encoding.one_spike import last_spike
from snncore.kernels.exponential import UNIT
from snncore.params import Params, number

Tensor = torch.Tensor


@dataclass(frozen=True)
class LIFCodeParams(Params):
    """The neuron that encodes."""

    gain: float = number(
        10.0,
        1.01,
        100.0,
        "Where white would drive the potential, in thresholds; values up to 1/u are silent.",
        step=0.5,
        label="Drive of white u",
    )
    tau: float = number(
        20.0,
        0.01,
        1000.0,
        "Time constant of the membrane.",
        unit="steps",
        step=1.0,
        label="Time constant τ",
    )
    t_ref: float = number(
        1.0,
        1.0,
        100.0,
        "Dead time after each spike.",
        unit="steps",
        step=0.5,
        label="Refractory period",
    )

    @property
    def shortest(self) -> float:
        """Period of white, steps."""
        return self.t_ref - self.tau * math.log1p(-1.0 / self.gain)

    def value(self, period: float) -> float:
        """The value whose period it is."""
        return -1.0 / (self.gain * math.expm1(-(period - self.t_ref) / self.tau))


def lif_periods(values: Tensor, params: LIFCodeParams) -> Tensor:
    """P in steps for values of any shape, not rounded; infinite for gain·x ≤ 1."""
    drive = values * params.gain
    safe = torch.where(drive > 1.0, drive, torch.full_like(drive, 2.0))
    periods = params.t_ref - params.tau * torch.log1p(-1.0 / safe)
    return torch.where(drive > 1.0, periods, torch.full_like(drive, math.inf))


def lif_marks(values: Tensor, params: LIFCodeParams) -> tuple[Tensor, clocks.Marks]:
    """Cycles per step, int64 [B, N], and the phase of the first spike: it has no dead time."""
    rates = 1.0 / lif_periods(values, params)
    begin = (1.0 - params.t_ref * rates) * float(UNIT)
    return clocks.cycles(rates), clocks.Marks(0, begin.round().to(torch.int64))


def lif_encode(
    values: Tensor,
    params: LIFCodeParams | None = None,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Spikes of a LIF neuron under the constant current gain·x: bool [T, B, N].

    Deterministic: `seed` and `samples` are ignored. Values up to 1/gain never fire.

    Raises:
        ValueError: values outside 0..1 or NaN, a bad shape or n_steps.
    """
    del seed
    params = params or LIFCodeParams()
    values = check_intensities(values, n_steps)
    numbers = sample_numbers(samples, values.shape[0], values.device)
    rates, marks = lif_marks(values, params)
    return clocks.dense(rates, marks, n_steps, 0, numbers).view(torch.bool)  # t_ref ≥ 1 step


def lif_decode(spikes: Tensor, params: LIFCodeParams | None = None) -> Tensor:
    """The value whose f–I curve gives this train, at most 1; 0 for silence: float32 [B, N]."""
    params = params or LIFCodeParams()
    counts = check_spikes(spikes).ne(0).sum(dim=0, dtype=torch.int32)
    periods = (last_spike(spikes).to(torch.float32) + 0.5 + params.t_ref) / counts.clamp_min(1)
    charging = periods.clamp_min(params.shortest) - params.t_ref
    values = -1.0 / (params.gain * torch.expm1(-charging / params.tau))
    return torch.where(counts > 0, values.clamp_max(1.0), torch.zeros_like(values))


def lif_bound(params: LIFCodeParams, n_steps: int) -> float:
    """The largest value that stays silent, or what half a step in the last spike makes of one.

    The n-th spike is the last one for periods from (T + t_ref)/(n + 1) on; a shorter period
    makes a larger error, because the f–I curve gets steeper.
    """
    worst = min(1.0, params.value(n_steps + params.t_ref))  # its first spike comes at T
    for n in range(1, int((n_steps + params.t_ref) / params.shortest) + 1):
        period = max(params.shortest, (n_steps + params.t_ref) / (n + 1))
        low = max(params.shortest, period - 0.5 / n)
        worst = max(worst, params.value(low) - params.value(low + 0.5 / n))
    return worst


def lif_law(params: LIFCodeParams, value: float, longest: int) -> Law:
    """A clock of the period P."""
    drive = params.gain * laws.check_value(value)
    if drive <= 1.0:
        return laws.silent("regular", longest)
    return laws.clock(1.0 / (params.t_ref - params.tau * math.log1p(-1.0 / drive)), longest)


LIF = Code(
    name="lif",
    title="LIF under constant current",
    family="rate",
    equation=r"t_n = nP - t_{ref},\; P = t_{ref} + \tau\ln\frac{u x}{u x-1}, \qquad "
    r"\hat x = \frac{1}{u\,(1-e^{-(P-t_{ref})/\tau})}",
    kind="intensity",
    silent_at_zero=True,
    stochastic=False,
    invertible=True,
    params=LIFCodeParams,
    encode=lif_encode,
    decode=lif_decode,
    reference="Lapicque 1907; Gerstner & Kistler 2002, ch. 4",
    idea="A pixel's light is a current; the neuron that it charges fires the faster, the more.",
    partial="mask",
    knob="gain",
    law=lif_law,
    bound=lif_bound,
    bound_holds="for every value",
)

CODES = (LIF,)
