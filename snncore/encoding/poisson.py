"""Poisson codes: spikes at random moments, independent of each other.

The intervals are exponential, −ln(U)/r with r = max_rate·x spikes per step, at exact times within
the steps: CV = 1 and Fano = 1 at every rate, which the Bernoulli code (1 − p) reaches only for
small p. A step holds as many spikes as fall into it, so the spikes are counts, and the count of
T steps over T·max_rate is unbiased (Dayan & Abbott 2001, Theoretical Neuroscience, ch. 1).

Where the rate changes in time, the same exponential marks are met by the phase Λ(t) = ∫r (time
rescaling: Brown et al. 2002, Neural Computation 14:325; the same process as by thinning, Lewis &
Shedler 1979, Naval Research Logistics 26:403). The signal is taken as constant within a step.

The signed code tells by the sign on which side of its centre the signal is, and by the rate how
far. It is a Poisson process read off the grid, which leaves one spike per step at most: a
Bernoulli draw with p = gain·|s − c|/max(c, 1 − c) ≤ 1, so that no rate is ever cut off.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from snncore.encoding import clocks, laws
from snncore.encoding.bernoulli import draw_signed
from snncore.encoding.code import (
    Code,
    Law,
    check_intensities,
    check_spikes,
    sample_numbers,
)
from snncore.encoding.rate import WindowParams, check_unit_signal, moving_average
from snncore.params import Params, number

Tensor = torch.Tensor


@dataclass(frozen=True)
class PoissonParams(Params):
    """How often a white pixel fires."""

    max_rate: float = number(
        1.0,
        1e-6,
        5.0,
        "Mean spikes per step at the value 1.",
        unit="spikes/step",
        step=0.05,
        label="Rate of white r",
    )


@dataclass(frozen=True)
class InhomogeneousPoissonParams(WindowParams, PoissonParams):
    """Time-varying rate and the window that reads it back."""


@dataclass(frozen=True)
class SignedRateParams(Params):
    """Where the silence is, and how often the far end fires."""

    centre: float = number(
        0.5, 0.0, 1.0, "The value that is silent.", step=0.05, label="Silent value c"
    )
    gain: float = number(
        1.0,
        1e-6,
        1.0,
        "Probability of a spike per step at the value farthest from the centre.",
        step=0.05,
        label="Gain g",
    )

    @property
    def scale(self) -> float:
        """Probability of a spike per step and unit of distance from the centre."""
        return self.gain / max(self.centre, 1.0 - self.centre)


@dataclass(frozen=True)
class SignedPoissonParams(WindowParams, SignedRateParams):
    """The same with the window that reads it back."""


def poisson_marks(values: Tensor) -> clocks.Marks:
    """Every event is a spike."""
    return clocks.Marks(1, torch.zeros_like(values, dtype=torch.int64))


def poisson_encode(
    values: Tensor,
    params: PoissonParams | None = None,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Counts of a Poisson process of max_rate·x spikes per step: uint8 [T, B, N].

    Args:
        values: [B, N] in 0..1; 0 never fires.
        params: rate of white.
        n_steps: T.
        seed: 0..2**63-1.
        samples: int64 [B], the number of each row in its data set (default 0..B-1).

    Raises:
        ValueError: values outside 0..1 or NaN, a bad shape, seed or n_steps.
    """
    params = params or PoissonParams()
    values = check_intensities(values, n_steps)
    numbers = sample_numbers(samples, values.shape[0], values.device)
    rates = clocks.cycles(values * params.max_rate)
    return clocks.dense(rates, poisson_marks(values), n_steps, seed, numbers)


def poisson_decode(spikes: Tensor, params: PoissonParams | None = None) -> Tensor:
    """Spikes per step over the rate of white: unbiased, float32 [B, N].

    Its standard deviation is √(x/(T·max_rate)); it can exceed 1.
    """
    params = params or PoissonParams()
    counts = check_spikes(spikes).sum(dim=0, dtype=torch.int32)
    return counts.to(torch.float32) / (spikes.shape[0] * params.max_rate)


def poisson_law(params: PoissonParams, value: float, longest: int) -> Law:
    """Exponential intervals: CV = Fano = 1."""
    return laws.gamma(params.max_rate * laws.check_value(value), 1, longest)


def inhomogeneous_poisson_encode(
    signal: Tensor,
    params: InhomogeneousPoissonParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Counts of a Poisson process of max_rate·s(t) spikes per step: uint8 [T, B, N].

    A constant signal gives exactly the spikes of `poisson_encode`.

    Raises:
        ValueError: values of the signal [T, B, N] outside 0..1 or NaN, a bad shape or seed.
    """
    params = params or InhomogeneousPoissonParams()
    signal = check_unit_signal(signal)
    numbers = sample_numbers(samples, signal.shape[1], signal.device)
    return clocks.dense_moving(signal, params.max_rate, seed, numbers)


def inhomogeneous_poisson_decode(
    spikes: Tensor, params: InhomogeneousPoissonParams | None = None, header: Tensor | None = None
) -> Tensor:
    """Centred moving average of the counts over the rate of white; `header` is not needed."""
    del header
    params = params or InhomogeneousPoissonParams()
    return moving_average(spikes, params.window) / params.max_rate


def signed_poisson_encode(
    signal: Tensor,
    params: SignedPoissonParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Spikes with the sign of s − c and probability gain·|s − c|/max(c, 1 − c): int8 [T, B, N].

    Raises:
        ValueError: values of the signal [T, B, N] outside 0..1 or NaN, a bad shape or seed.
    """
    params = params or SignedPoissonParams()
    signal = check_unit_signal(signal)
    numbers = sample_numbers(samples, signal.shape[1], signal.device)
    return draw_signed(signal, params.centre, params.scale, params.gain, seed, numbers)


def signed_poisson_decode(
    spikes: Tensor, params: SignedPoissonParams | None = None, header: Tensor | None = None
) -> Tensor:
    """The centre plus the moving average of the signed spikes; `header` is not needed."""
    del header
    params = params or SignedPoissonParams()
    return params.centre + moving_average(spikes, params.window) / params.scale


def signed_poisson_law(params: SignedPoissonParams, value: float, longest: int) -> Law:
    """Geometric intervals, whatever the sign."""
    distance = abs(laws.check_value(value) - params.centre)
    return laws.bernoulli(min(params.gain, params.scale * distance), longest)


POISSON = Code(
    name="poisson",
    title="Poisson",
    family="rate",
    equation=r"t_{k+1} = t_k - \frac{\ln U_k}{r\,x}, \qquad "
    r"\hat x = \frac{1}{rT}\sum_{t=1}^{T} n_t",
    kind="intensity",
    silent_at_zero=True,
    stochastic=True,
    invertible=True,
    params=PoissonParams,
    encode=poisson_encode,
    decode=poisson_decode,
    reference="Dayan & Abbott 2001, ch. 1",
    idea="How often a neuron fires says how bright its pixel is; when it fires is pure chance.",
    partial="cut",
    knob="max_rate",
    law=poisson_law,
)

INHOMOGENEOUS_POISSON = Code(
    name="inhomogeneous_poisson",
    title="Poisson of a signal",
    family="rate",
    equation=r"\int_{t_k}^{t_{k+1}} r\,s\,dt = -\ln U_k, \qquad "
    r"\hat s_t = \frac{1}{rW}\sum_{|u-t|\le W/2} n_u",
    kind="signal",
    silent_at_zero=True,
    stochastic=True,
    invertible=True,
    params=InhomogeneousPoissonParams,
    encode=inhomogeneous_poisson_encode,
    decode=inhomogeneous_poisson_decode,
    reference="Lewis & Shedler 1979; Brown et al. 2002",
    idea="Random spikes, denser where the signal is larger.",
    partial="cut",
    knob="max_rate",
    law=poisson_law,
)

SIGNED_POISSON = Code(
    name="signed_poisson",
    title="Signed Poisson",
    family="rate",
    equation=r"P(e_t = \operatorname{sgn}(s_t - c)) = \frac{g\,|s_t-c|}{m},\; m = \max(c, 1-c), "
    r"\qquad \hat s_t = c + \frac{m}{gW}\sum_{|u-t|\le W/2} e_u",
    kind="signal",
    silent_at_zero=False,
    stochastic=True,
    invertible=True,
    params=SignedPoissonParams,
    encode=signed_poisson_encode,
    decode=signed_poisson_decode,
    reference="Dayan & Abbott 2001, ch. 1; signed as in Norse (Pehle & Pedersen 2021)",
    idea="The sign of a spike says above or below the middle, the density how far.",
    partial="cut",
    knob="gain",
    law=signed_poisson_law,
)

CODES = (POISSON, INHOMOGENEOUS_POISSON, SIGNED_POISSON)
