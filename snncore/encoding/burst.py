"""Burst code: how many spikes, and how close together.

Park, Kim, Choe & Yoon 2019 (DAC, "Fast and efficient information transmission with burst spikes in
deep spiking neural networks"); the form is that of Guo, Fouda, Eltawil & Salama 2021 (Front.
Neurosci. 15:638474): a value x makes a burst from step 0 on of

    N_s = ⌈x N_max⌉ spikes,   ISI = ⌈t_max − x (t_max − t_min)⌉ steps apart

The decoder takes the middle of the values that make this count at this interval. A black pixel is
silent. Where noise has changed a burst so that no value makes it, the middle of the two nearest
edges is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from snncore.encoding.code import Code, check_intensities, check_spikes
from snncore.encoding.one_spike import first_spike, last_spike, spike_counts, train
from snncore.params import Params, integer

Tensor = torch.Tensor


@dataclass(frozen=True)
class BurstParams(Params):
    """Longest burst, shortest and longest interval."""

    n_max: int = integer(5, 1, 50, "Spikes of a white pixel.", unit="spikes", label="Spikes N_max")
    t_min: int = integer(
        2, 1, 100, "Interval of a white pixel.", unit="steps", label="Shortest interval t_min"
    )
    t_max: int = integer(
        10, 1, 200, "Interval of a black pixel.", unit="steps", label="Longest interval t_max"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.t_min > self.t_max:
            raise ValueError(f"t_min must be <= t_max = {self.t_max} steps, got {self.t_min}")

    @property
    def longest(self) -> int:
        """Steps that the longest burst takes, from its first to its last spike and both.

        Of all values with n spikes those just above (n − 1)/N_max have the longest interval.
        """
        span, n_max = self.t_max - self.t_min, self.n_max
        return 1 + max(k * -((k * span) // n_max - self.t_max) for k in range(n_max))


def burst_encode(
    values: Tensor,
    params: BurstParams | None = None,
    *,
    n_steps: int,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """A burst from step 0 on: bool [T, B, N] from values [B, N] in 0..1.

    Deterministic: `seed` and `samples` are ignored.

    Raises:
        ValueError: values outside 0..1 or NaN, a bad shape, fewer steps than the longest burst.
    """
    del seed, samples
    params = params or BurstParams()
    values = check_intensities(values, n_steps)
    if n_steps < params.longest:
        raise ValueError(
            f"n_steps must be >= {params.longest} for the longest burst, got {n_steps}; "
            "use more steps, fewer spikes or shorter intervals"
        )
    count = (values * float(params.n_max)).ceil()
    interval = (params.t_max - values * float(params.t_max - params.t_min)).ceil().to(torch.int64)
    spikes = train(torch.where(values > 0, 0, -1), n_steps).view(torch.uint8)
    for k in range(1, params.n_max):
        fires = count > k  # the others write a 1 where they have one: into step 0
        step = torch.where(fires, k * interval, torch.zeros_like(interval))
        spikes.scatter_(0, step[None], (values > 0).to(torch.uint8)[None])
    return spikes.view(torch.bool)


def burst_decode(spikes: Tensor, params: BurstParams | None = None) -> Tensor:
    """Middle of the values that make this count and this mean interval: float32 [B, N]."""
    params = params or BurstParams()
    fired = check_spikes(spikes) != 0
    count = spike_counts(fired)
    first, last = first_spike(fired)[0], last_spike(fired)
    known = count.clamp_max(params.n_max)
    low, high = (known - 1.0) / params.n_max, known / params.n_max
    span = params.t_max - params.t_min
    if span > 0:
        interval = (last - first).to(torch.float32) / (count - 1.0).clamp_min(1.0)
        edge = ((params.t_max - interval) / span).clamp(0.0, 1.0)
        edge_high = ((params.t_max - interval + 1.0) / span).clamp(0.0, 1.0)
        low = torch.where(count > 1, torch.maximum(low, edge), low)
        high = torch.where(count > 1, torch.minimum(high, edge_high), high)
    middle = 0.5 * (low + high)
    return torch.where(count > 0, middle, torch.zeros_like(middle))


def burst_bound(params: BurstParams, n_steps: int) -> float:
    """Half a step of the count, 1/(2 N_max): reached by single spikes, which have no interval."""
    del n_steps
    return 0.5 / params.n_max


BURST = Code(
    name="burst",
    title="Burst",
    family="burst",
    equation=r"N_s = \lceil x N_{max}\rceil,\; "
    r"\mathrm{ISI} = \lceil t_{max} - x\,(t_{max}-t_{min})\rceil, \qquad "
    r"\hat x = \mathrm{mid}\{x : N_s, \mathrm{ISI}\}",
    kind="intensity",
    silent_at_zero=True,
    stochastic=False,
    invertible=True,
    params=BurstParams,
    encode=burst_encode,
    decode=burst_decode,
    reference="Park et al. 2019; Guo et al. 2021",
    idea="The brighter, the more spikes in a burst and the closer together.",
    knob="n_max",
    bound=burst_bound,
    bound_holds="for every value",
)

CODES = (BURST,)
