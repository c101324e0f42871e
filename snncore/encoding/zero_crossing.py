"""Zero-crossing step-forward: a spike in each step in which the half-wave exceeds a level.

    max(0, s_t − c) > θ → 1,     read back as the middle of what such a step may hold

There is no memory and no minus: one bit per step, the sign of s − c − θ (Forno et al. 2022, Front.
Neurosci. 16:999029; the half-wave of Kedem 1986, Proc. IEEE 74:1477). The sources take c = 0, for
signals around zero; signals in 0..1 need a centre within.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from snncore.encoding.code import Code, check_signal, check_spikes
from snncore.params import Params, number

Tensor = torch.Tensor


@dataclass(frozen=True)
class ZeroCrossingParams(Params):
    """The level that a half-wave must exceed."""

    threshold: float = number(
        0.1,
        0.0,
        10.0,
        "Height above the centre beyond which every step fires.",
        step=0.01,
        label="Threshold θ",
    )
    centre: float = number(
        0.5,
        -10.0,
        10.0,
        "Taken as zero; what lies below is cut off.",
        step=0.05,
        label="Centre c",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.centre + self.threshold < 0:
            raise ValueError(
                f"centre + threshold must be >= 0, got {self.centre + self.threshold:g}; "
                "a signal of 0 would fire at every step"
            )


def zero_crossing_encode(
    signal: Tensor,
    params: ZeroCrossingParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """A spike in every step whose half-wave max(0, s − c) exceeds θ: bool [T, B, N].

    Arguments and errors as `delta_encode`.
    """
    del seed, samples
    params = params or ZeroCrossingParams()
    half_wave = (check_signal(signal) - params.centre).clamp_min_(0.0)
    return half_wave > params.threshold


def zero_crossing_decode(
    spikes: Tensor, params: ZeroCrossingParams | None = None, header: Tensor | None = None
) -> Tensor:
    """The middle of what a step may have been, float32 [T, B, N], for a signal in 0..1.

    A spike means a value between c + θ and 1, silence one between 0 and c + θ. `header` is ignored.
    """
    del header
    params = params or ZeroCrossingParams()
    level = min(1.0, params.centre + params.threshold)
    fired = check_spikes(spikes) > 0
    return fired.to(torch.float32) * 0.5 + level / 2


def zero_crossing_bound(params: ZeroCrossingParams, n_steps: int) -> float:
    """Half of the wider of the two ranges that a step can tell apart in 0..1."""
    del n_steps
    level = min(1.0, params.centre + params.threshold)
    return max(level, 1.0 - level) / 2


def in_unit_range(signal: Tensor, params: ZeroCrossingParams) -> bool:
    """Whether the signal stays in 0..1."""
    del params
    return bool((signal >= 0).all() & (signal <= 1).all())


ZERO_CROSSING = Code(
    name="zero_crossing",
    title="Zero-crossing step-forward",
    family="delta",
    equation=r"\max(0,\, s_t - c) > \theta \Rightarrow +1, \qquad "
    r"\hat s_t = \tfrac12(c+\theta) + \tfrac12 e_t",
    kind="signal",
    silent_at_zero=True,
    stochastic=False,
    invertible=False,
    params=ZeroCrossingParams,
    encode=zero_crossing_encode,
    decode=zero_crossing_decode,
    reference="Forno et al. 2022; Kedem 1986",
    idea="Fires as long as the signal is above a level: one bit per step, and no memory.",
    knob="threshold",
    bound=zero_crossing_bound,
    bound_holds="the signal stays in 0..1",
    bound_if=in_unit_range,
)

CODES = (ZERO_CROSSING,)
