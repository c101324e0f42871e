"""Phase codes: what a spike is worth, or what it means, depends on its phase in a rhythm.

Weighted phase (Kim et al. 2018, Neurocomputing 311:373): the K steps of a cycle weigh
2^{−1} … 2^{−K}, and a neuron fires at those that make up its value, its binary digits. The cycle
is repeated for the whole window. The value is rounded to the nearest of K digits; what would round
up to 1 is given by all digits, 1 − 2^{−K}, so nothing is off by more than 2^{−K}.

Oscillation phase (O'Keefe & Recce 1993, Hippocampus 3:317; Montemurro et al. 2008, Curr. Biol.
18:375): one spike in each cycle of a background oscillation of P steps, the earlier the larger
the value:

    k = round(P x),   spike at the phase φ = 2π (1 − k/P),   k = 0 is silent

Black is silent because the phase 2π, at which it would fire, is the next cycle's 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from snncore.encoding.code import Code, check_intensities, check_spikes
from snncore.encoding.one_spike import first_spike, train, weighted_sum
from snncore.params import Params, integer

Tensor = torch.Tensor


@dataclass(frozen=True)
class WeightedPhaseParams(Params):
    """Length of the cycle."""

    bits: int = integer(
        8, 1, 16, "Steps of a cycle; step k weighs 2^−k.", unit="steps", label="Bits K"
    )


@dataclass(frozen=True)
class OscillationPhaseParams(Params):
    """The background oscillation."""

    period: int = integer(
        20, 2, 400, "Steps of a cycle; each is a level.", unit="steps", label="Period P"
    )


def _cycles(cycle: Tensor, n_steps: int) -> Tensor:
    """[K, B, N] repeated to [T, B, N]; the last cycle may be cut."""
    count = -(-n_steps // cycle.shape[0])
    return cycle.repeat(count, 1, 1)[:n_steps]


def _check_cycle(name: str, length: int, n_steps: int) -> None:
    if n_steps < length:
        raise ValueError(
            f"n_steps must be >= {name} = {length} for a whole cycle, got {n_steps}; "
            f"use more steps or a smaller {name}"
        )


def weighted_phase_encode(
    values: Tensor,
    params: WeightedPhaseParams | None = None,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Binary digits in each cycle, the first the heaviest: bool [T, B, N] from values [B, N].

    Deterministic: `seed` and `samples` are ignored.

    Raises:
        ValueError: values outside 0..1 or NaN, a bad shape, fewer steps than a cycle.
    """
    del seed, samples
    params = params or WeightedPhaseParams()
    values = check_intensities(values, n_steps)
    _check_cycle("bits", params.bits, n_steps)
    levels = 1 << params.bits
    whole = (values * float(levels)).round().clamp_max(levels - 1).to(torch.int32)
    cycle = torch.empty((params.bits, *whole.shape), dtype=torch.bool, device=whole.device)
    for k in range(params.bits):
        cycle[k] = (whole & (levels >> (k + 1))) != 0
    return _cycles(cycle, n_steps)


def weighted_phase_decode(spikes: Tensor, params: WeightedPhaseParams | None = None) -> Tensor:
    """Σ 2^{−k} · (share of the cycles with a spike at k), float32 [B, N].

    A part of a cycle counts too; digits that have not come yet are 0.
    """
    params = params or WeightedPhaseParams()
    steps, bits = check_spikes(spikes).shape[0], params.bits
    cycles = [len(range(k, steps, bits)) for k in range(bits)]
    return weighted_sum(spikes, [2.0 ** -(1 + t % bits) / cycles[t % bits] for t in range(steps)])


def weighted_phase_bound(params: WeightedPhaseParams, n_steps: int) -> float:
    """2^{−K}, reached at 1; half of it below 1 − 2^{−K}."""
    del n_steps
    return 2.0**-params.bits


def oscillation_phase_encode(
    values: Tensor,
    params: OscillationPhaseParams | None = None,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """One spike per cycle at step P − round(P x): bool [T, B, N] from values [B, N] in 0..1.

    White fires at phase 0; values that round to 0 are silent. Deterministic: `seed` and `samples`
    are ignored.

    Raises:
        ValueError: values outside 0..1 or NaN, a bad shape, fewer steps than a cycle.
    """
    del seed, samples
    params = params or OscillationPhaseParams()
    values = check_intensities(values, n_steps)
    _check_cycle("period", params.period, n_steps)
    level = (values * float(params.period)).round().to(torch.int64)
    steps = torch.where(level > 0, params.period - level, torch.full_like(level, -1))
    return _cycles(train(steps, params.period), n_steps)


def oscillation_phase_decode(
    spikes: Tensor, params: OscillationPhaseParams | None = None
) -> Tensor:
    """1 − φ̄/2π of the circular mean phase φ̄ of all spikes, 0 for silence: float32 [B, N].

    The circular mean is the likeliest phase where spikes are displaced by von Mises noise. The
    circle is cut half a step before phase 0, between white and the darkest level.
    """
    params = params or OscillationPhaseParams()
    angles = [2 * math.pi * (t % params.period) / params.period for t in range(len(spikes))]
    east = weighted_sum(spikes, [math.cos(angle) for angle in angles])
    north = weighted_sum(spikes, [math.sin(angle) for angle in angles])
    _, fired = first_spike(spikes)
    turn = torch.atan2(north, east) / (2 * math.pi)
    turn = torch.where(turn < -0.5 / params.period, turn + 1.0, turn)
    values = (1.0 - turn).clamp_max(1.0)
    return torch.where(fired, values, torch.zeros_like(values))


def oscillation_phase_bound(params: OscillationPhaseParams, n_steps: int) -> float:
    """Half a step of phase, 1/(2P)."""
    del n_steps
    return 0.5 / params.period


WEIGHTED_PHASE = Code(
    name="weighted_phase",
    title="Weighted phase",
    family="phase",
    equation=r"x \approx \sum_{k=1}^{K} 2^{-k}\,b_k,\; s_t = b_{1 + t \bmod K}, \qquad "
    r"\hat x = \sum_{k=1}^{K} 2^{-k}\,\langle s_t\rangle_{t \bmod K = k-1}",
    kind="intensity",
    silent_at_zero=True,
    stochastic=False,
    invertible=True,
    params=WeightedPhaseParams,
    encode=weighted_phase_encode,
    decode=weighted_phase_decode,
    reference="Kim et al. 2018",
    idea="A spike is worth 1/2, 1/4, 1/8 …, by its place in the cycle: the value in binary.",
    partial="cut",
    knob="bits",
    bound=weighted_phase_bound,
    bound_holds="for every value",
)

OSCILLATION_PHASE = Code(
    name="oscillation_phase",
    title="Phase of an oscillation",
    family="phase",
    equation=r"\varphi = 2\pi\left(1-\frac{\mathrm{round}(P x)}{P}\right), \qquad "
    r"\hat x = 1-\frac{\bar\varphi}{2\pi}",
    kind="intensity",
    silent_at_zero=True,
    stochastic=False,
    invertible=True,
    params=OscillationPhaseParams,
    encode=oscillation_phase_encode,
    decode=oscillation_phase_decode,
    reference="O'Keefe & Recce 1993; Montemurro et al. 2008",
    idea="One spike per cycle of a rhythm: the brighter, the earlier in the cycle.",
    knob="period",
    bound=oscillation_phase_bound,
    bound_holds="for every value",
)

CODES = (WEIGHTED_PHASE, OSCILLATION_PHASE)
