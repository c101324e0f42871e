"""How many neuron-steps an analysis may take, so that a visitor waits less than 0.3 s."""

from __future__ import annotations

from snncore.playground.setup import Setup

# What a step costs beside one of the LIF neuron with its noise (measured: 15 ns and 40 ns there;
# 0.4 to 1 µs for a model whose equations are integrated, 1.3 µs for Hodgkin-Huxley).
_COST = {"lif": 1.0, "hodgkin_huxley": 12.0}
_OTHERS = 8.0


def neuron_steps(setup: Setup, of_lif: int) -> int:
    """As much work with the setup's model as `of_lif` neuron-steps are with the LIF neuron."""
    return int(of_lif / _COST.get(setup.model, _OTHERS))
