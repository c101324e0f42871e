"""Neuron models: one module per model, each a parameter set, a state, `init` and `step`."""

from __future__ import annotations

from snncore.neurons.adaptive import ADAPTIVE, AdaptiveParams
from snncore.neurons.adex import ADEX, AdExParams
from snncore.neurons.alpha import ALPHA, AlphaParams
from snncore.neurons.eif import EIF, EIFParams
from snncore.neurons.fitzhugh_nagumo import FITZHUGH_NAGUMO, FitzHughNagumoParams
from snncore.neurons.hodgkin_huxley import HODGKIN_HUXLEY, HodgkinHuxleyParams
from snncore.neurons.izhikevich import IZHIKEVICH, IzhikevichParams
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
from snncore.neurons.qif import QIF, QIFParams
from snncore.neurons.synaptic import SYNAPTIC, SynapticParams

MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        LIF,
        ADAPTIVE,
        SYNAPTIC,
        ALPHA,
        EIF,
        ADEX,
        QIF,
        IZHIKEVICH,
        FITZHUGH_NAGUMO,
        HODGKIN_HUXLEY,
    )
}

__all__ = [
    "ADAPTIVE",
    "ADEX",
    "ALPHA",
    "EIF",
    "FITZHUGH_NAGUMO",
    "HODGKIN_HUXLEY",
    "IZHIKEVICH",
    "LIF",
    "MODELS",
    "QIF",
    "SYNAPTIC",
    "AdExParams",
    "AdaptiveParams",
    "AlphaParams",
    "EIFParams",
    "FitzHughNagumoParams",
    "HodgkinHuxleyParams",
    "IzhikevichParams",
    "LIFParams",
    "LIFState",
    "LIFStep",
    "Membrane",
    "Model",
    "QIFParams",
    "Step",
    "SynapticParams",
    "Variable",
    "decay",
    "lif_init",
    "lif_step",
    "refractory_steps",
]
