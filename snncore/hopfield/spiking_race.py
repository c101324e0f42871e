"""How long the spiking memory should take: the drift of the leading unit, and when it arrives.

Before any memory unit fires, unit μ rises by its evidence, which on average is constant, and by the
urgency, which is the same for all: U_μ(t) ≈ d_μ t + u t(t+1)/2. The largest drift d reaches the
threshold 1 first, at the root of that parabola: the reaction time, with no free parameter.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from snncore.hopfield.patterns import Patterns
from snncore.hopfield.probes import Probes
from snncore.hopfield.spiking_network import as_patterns, as_probes, make_input, network
from snncore.hopfield.spiking_params import SpikingParams

Tensor = torch.Tensor


class Race(NamedTuple):
    """What to expect of B probes."""

    drift: Tensor  # float32 [B], thresholds per step, of the leading unit
    leader: Tensor  # int64 [B]
    urgency: float  # u, thresholds per step²

    def step(self, drift: Tensor) -> Tensor:
        """When a unit of this drift passes the threshold, in steps (not rounded)."""
        half = 0.5 * self.urgency
        slope = drift + half
        return 2.0 / (slope + (slope * slope + 4.0 * half).sqrt())


def race(
    patterns: Patterns | Tensor, probes: Probes | Tensor, params: SpikingParams | None = None
) -> Race:
    """The leading unit of each probe and its drift, from what the network is given.

    Args as `spiking_recall`. The mean input current stands for the spikes it makes: exact for the
    regular drive of ±1 pixels over an even number of steps.
    """
    stored = as_patterns(patterns)
    asked = as_probes(probes, stored.states.shape[1]).to(stored.states.device)
    p = (params or SpikingParams()).by_mode(stored.mode)
    net = network(stored)
    drive = make_input(net, asked, p)
    x = net.rows.to(torch.float32) / net.levels
    rate = drive.cue
    if stored.mode == "binary":
        rate = drive.cue.sign() * (drive.rate.to(torch.float32) * 2.0**-32)
    mean = net.mean.to(torch.float32) / 256.0
    evidence = (rate @ x.T - (rate @ mean)[:, None]) / x.shape[1] - drive.bias
    best = evidence.max(dim=1)
    urgency = 2.0 / math.pow(p.urgency * p.time_steps, 2)
    return Race(best.values * drive.gain, best.indices, urgency)
