"""The dense layer as a graph of NIR, the Neuromorphic Intermediate Representation.

NIR (Pedersen et al. 2024, Nature Communications 15:8122) describes a neuron by its differential
equation, τ dv/dt = (v_leak − v) + R I. Simulators take steps of Euler's method,
v ← (1 − dt/τ) v + (R dt/τ) I; ours multiplies by a = exp(−dt/τ_m) and adds w for a spike. Both are
the same numbers with

    τ = dt / (1 − a),   R = τ / dt = 1 / (1 − a),   v_leak = 0.

The layer's own τ_m is −dt / ln a; τ is longer by about dt/2 (21.0 for 20 ms at 2 ms). Each neuron
is written in units of its threshold while counting, w_ji / (φ θ_j), so all thresholds are 1, which
snnTorch's import asks for; the graph says the float32 below 1, because NIR spikes above a
threshold and our neurons at it.

Reset: a neuron that falls to 0 is NIR's LIF with v_reset = 0. One that loses r (`feature_reset`)
is a leaky integrator LI, a Threshold, and a connection Scale from the spike back to the integrator.
A spike of NIR arrives a step later, when a·r is left of what ours took at once: its weight is
−a r / (φ θ_j), and the potentials of the next step agree. Inhibition g of all others is a
recurrent Linear of −a g / (φ θ_k) off the diagonal, likewise.

Left out, because NIR has no node for it: of several neurons at their thresholds in one step only
the furthest above spikes here, while in NIR all of them do. That is a competition of its own, the
only one if g = 0: a simulator must add this rule to the graph for the counts that the readouts
were fitted to. Left out too: drawing spikes from a picture, and the readouts of the counts.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from snncore.stdp.synapses import synapses
from snncore.trained.network import Trained

if TYPE_CHECKING:
    import nir

MOST_RECURRENT = 1600  # neurons: inhibition has N² weights, 10 MB at 1600
_BELOW_ONE = np.nextafter(np.float32(1.0), np.float32(0.0))
_LEFT_OUT = (
    "one spike at most in a step, that of the neuron furthest above its threshold; the input's "
    "spikes; the readouts"
)


def nir_graph(
    trained: Trained, *, step_s: float | None = None, inhibition: bool = True
) -> nir.NIRGraph:
    """Input → weights → membrane (→ neurons) → Output, with what a spike takes back.

    Args:
        trained: a network with a dense layer.
        step_s: seconds of a simulator's step; the layer's own `dt` by default. snnTorch imports
            every graph at 0.0001 s, whatever it means: give that for it.
        inhibition: False leaves the inhibition of other neurons out.

    Raises:
        ValueError: a convolutional network, or more than 1,600 neurons with inhibition.
    """
    params = trained.params
    if params.layer != "dense":
        raise ValueError(
            f"NIR export needs a dense layer, got {params.layer}: which filter may spike at a "
            "place is a competition that NIR has no node for"
        )
    inhibition = inhibition and params.inhibition > 0
    if inhibition and params.neurons > MOST_RECURRENT:
        raise ValueError(
            f"inhibition of {params.neurons} neurons would take {params.neurons}² weights; "
            f"export at most {MOST_RECURRENT}, or without inhibition"
        )
    import nir

    step = params.dt / 1000.0 if step_s is None else step_s
    layer = trained.layer
    n_out, n_in = layer.weights.shape
    threshold = (layer.theta * params.feature_theta).cpu().numpy()
    ones = np.ones(n_out, np.float32)
    tau = step / (1.0 - params.leak)
    membrane = {
        "tau": np.float32(tau) * ones,
        "r": np.float32(tau / step) * ones,
        "v_leak": 0.0 * ones,
    }
    nodes: dict[str, Any] = {
        "input": nir.Input({"input": np.array([n_in])}),
        "weights": nir.Linear(synapses(layer.weights).cpu().numpy() / threshold[:, None]),
        "output": nir.Output({"output": np.array([n_out])}),
    }
    edges = [("input", "weights")]
    if params.feature_reset > 0:
        nodes["membrane"] = nir.LI(**membrane)
        nodes["neurons"] = nir.Threshold(_BELOW_ONE * ones)
        taken = np.float32(-params.leak * params.feature_reset) / threshold
        nodes["reset"] = nir.Scale(taken)
        edges += [("membrane", "neurons"), ("neurons", "reset"), ("reset", "membrane")]
    else:
        nodes["neurons"] = nir.LIF(**membrane, v_threshold=_BELOW_ONE * ones, v_reset=0.0 * ones)
    entry = "membrane" if "membrane" in nodes else "neurons"
    edges += [("weights", entry), ("neurons", "output")]
    if inhibition:
        taken = np.float32(-params.leak * params.inhibition) / threshold
        recurrent = np.repeat(taken[:, None], n_out, axis=1)
        np.fill_diagonal(recurrent, 0.0)
        nodes["inhibition"] = nir.Linear(recurrent)
        edges += [("neurons", "inhibition"), ("inhibition", entry)]
    lost = params.inhibition > 0 and not inhibition
    about = {
        "step_s": step,
        "tau_m_s": params.tau_m / 1000.0,
        "left_out": _LEFT_OUT + ("; the inhibition of the others by a spike" if lost else ""),
    }
    return nir.NIRGraph(nodes=nodes, edges=edges, metadata=about)


def export_nir(
    trained: Trained,
    target: Path | BinaryIO,
    *,
    step_s: float | None = None,
    inhibition: bool = True,
) -> None:
    """Write `nir_graph` as an .nir file (HDF5) to a path or a binary file object.

    Raises:
        ValueError: as `nir_graph`.
    """
    import nir

    nir.write(target, nir_graph(trained, step_s=step_s, inhibition=inhibition))
