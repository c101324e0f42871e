"""Every neuron model over time, one call for all: `run` keeps voltages, `many_models` statistics.

The torch loop over a model's `step` is the definition and runs on every device; on a CPU a fused
kernel with the same arithmetic, in float64, takes its place (see `snncore.kernels.models`). The
LIF neuron has a runner and kernels of its own in `lif` and `many`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from snncore.neurons import MODELS, LIFParams, Model
from snncore.neurons.model import check_dt
from snncore.params import Params
from snncore.simulate.lif import run_lif
from snncore.simulate.trace import SpikeEvents, Trace

Tensor = torch.Tensor


def run(
    model_name: str, current: Tensor, params: Params, dt: float, state: Any | None = None
) -> Trace:
    """Simulate T steps of `dt` ms of any model.

    Args:
        model_name: one of `snncore.neurons.MODELS`.
        current: nA, floating [T, B, N], constant during a step; its device and precision are
            those of the computation.
        params: the parameters, of the model's own class.
        dt: length of a step in ms, > 0.
        state: where to go on from (`Trace.state`); None starts at rest. It is not changed.

    Raises:
        ValueError: an unknown model, parameters of another model, a current that is not a finite
            floating tensor [T, B, N] with T ≥ 1, a state of another shape, a step that is too
            long, or a voltage that grew beyond all bounds.
    """
    if model_name not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}, got {model_name!r}")
    model = MODELS[model_name]
    if type(params) is not model.params:
        raise ValueError(
            f"params must be {model.params.__name__} for model {model_name}, got "
            f"{type(params).__name__}"
        )
    if isinstance(params, LIFParams):
        return run_lif(current, params, dt, state)
    check_dt(dt)
    if current.dim() != 3 or current.shape[0] < 1 or not current.dtype.is_floating_point:
        raise ValueError(
            f"current must be floating [T, B, N] with T >= 1, got {current.dtype} "
            f"{tuple(current.shape)}"
        )
    if not bool(torch.isfinite(current).all()):
        raise ValueError("current must be finite everywhere, got NaN or infinite values")
    shape = (current.shape[1], current.shape[2])
    if state is None:
        state = model.init(shape, params, device=current.device, dtype=current.dtype)
    elif state.v.shape != shape:
        raise ValueError(f"state must have shape {shape}, got {tuple(state.v.shape)}")
    recorded, spikes, offset, state = _run_torch(current, state, params, dt, model)
    if not bool(torch.isfinite(recorded[0]).all()):
        raise ValueError(
            "current must be weaker or dt shorter: the voltage grew beyond all bounds, got "
            f"{float(current.abs().max()):g} nA with dt {dt:g} ms"
        )
    names = [variable.name for variable in model.variables]
    # Whole multiples of dt, rounded once: never a sum of many dt.
    t = np.arange(1, current.shape[0] + 1) * float(dt)
    if current.dtype != torch.float64:  # CPU: float64 goes nowhere else
        t = t.astype(np.float32)

    def events() -> SpikeEvents:
        step, sample, neuron = spikes.nonzero(as_tuple=True)
        return SpikeEvents(step, sample, neuron, offset[step, sample, neuron])

    return Trace(
        t=torch.from_numpy(t).to(current.dtype).to(current.device),
        v=recorded[0],
        spikes=spikes,
        counts=spikes.sum(dim=0),
        events=events,
        state=state,
        dt=float(dt),
        others=dict(zip(names[1:], recorded[1:], strict=True)),
    )


def _run_torch(
    current: Tensor, state: Any, params: Params, dt: float, model: Model
) -> tuple[Tensor, Tensor, Tensor, Any]:
    """Recorded variables [V, T, B, N], spikes and offsets [T, B, N], and the state after all."""
    count = len(model.variables)
    recorded = current.new_empty((count, *current.shape))
    spikes = torch.empty(current.shape, dtype=torch.bool, device=current.device)
    offset = current.new_empty(current.shape)
    for t in range(current.shape[0]):
        spikes[t], offset[t], state = model.step(current[t], state, params, dt)
        for k in range(count):
            recorded[k, t] = state[k]
    return recorded, spikes, offset, state
