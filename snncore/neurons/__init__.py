"""Neuron models: one module per model, each a parameter set, a state, `init` and `step`."""

from __future__ import annotations

from snncore.neurons.lif import (
    LIFParams,
    LIFState,
    LIFStep,
    decay,
    lif_init,
    lif_step,
    refractory_steps,
)

__all__ = [
    "LIFParams",
    "LIFState",
    "LIFStep",
    "decay",
    "lif_init",
    "lif_step",
    "refractory_steps",
]
