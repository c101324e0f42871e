"""How many neuron-steps an analysis may take, so that a visitor waits less than 0.3 s."""

from __future__ import annotations

from snncore import theory
from snncore.neurons import LIFParams
from snncore.playground.setup import Setup

# What a step costs beside one of the LIF neuron with its noise (measured: 15 ns and 40 ns there;
# 0.4 to 1 µs for a model whose equations are integrated, 1.3 µs for Hodgkin-Huxley).
_COST = {"lif": 1.0, "hodgkin_huxley": 12.0}
_OTHERS = 8.0
_SPIKE = 4.0  # what finding and listing a spike costs beside a step


def neuron_steps(setup: Setup, of_lif: int) -> int:
    """As much work with the setup's neuron as `of_lif` steps are with an ordinary LIF neuron."""
    cost = _COST.get(setup.model, _OTHERS)
    longest = setup.kind.longest_step
    if longest is not None:  # longer steps are computed in pieces
        cost *= max(1.0, setup.run.dt / float(longest(setup.neuron)))
    if isinstance(setup.neuron, LIFParams) and setup.neuron.reset != "none":
        rate_hz = float(theory.rate_hz(setup.neuron, setup.stimulus.mean_current))
        per_step = min(rate_hz / 1000.0 * setup.run.dt, 1e6)  # many, where the rate has no limit
        cost *= max(1.0, _SPIKE * per_step)
    return max(1, int(of_lif / cost))
