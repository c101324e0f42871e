"""Neuron models: one module per model, each a parameter set, a state, `init` and `step`."""

from __future__ import annotations

from snncore.neurons.lif import (
    LIF,
    LIFParams,
    LIFState,
    LIFStep,
    decay,
    lif_init,
    lif_step,
    refractory_steps,
)
from snncore.neurons.model import Membrane, Model, Step, Variable

MODELS: dict[str, Model] = {model.name: model for model in (LIF,)}

__all__ = [
    "LIF",
    "MODELS",
    "LIFParams",
    "LIFState",
    "LIFStep",
    "Membrane",
    "Model",
    "Step",
    "Variable",
    "decay",
    "lif_init",
    "lif_step",
    "refractory_steps",
]
