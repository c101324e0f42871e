"""The LIF neuron over time: a current [T, B, N] in, voltages, spikes and exact spike times out.

The torch loop over `lif_step` is the definition and runs on every device; on a CPU a fused kernel
with the same arithmetic takes its place (see `snncore.kernels.lif`). Callers never choose.
"""

from __future__ import annotations

import numpy as np
import torch

from snncore.neurons.lif import (
    RESETS,
    LIFParams,
    LIFState,
    decay,
    lif_init,
    lif_step,
    refractory_steps,
)
from snncore.simulate.trace import SpikeEvents, Trace

Tensor = torch.Tensor


def run_lif(current: Tensor, params: LIFParams, dt: float, state: LIFState | None = None) -> Trace:
    """Simulate T steps of `dt` ms.

    Because the current is constant during a step, the moment of a spike inside its step is known
    in closed form, s = τ_m·ln((V∞ − V)/(V∞ − V_th)) with V at the step's beginning. The reset
    itself waits for the end of the step, so a grid always fires a little slower than continuous
    time (by less than one dt per interval).

    Args:
        current: nA, floating [T, B, N]; its device and precision are those of the computation.
        params: the neuron.
        dt: length of a step in ms, > 0.
        state: where to go on from (`Trace.state`); None starts at rest. It is not changed.

    Raises:
        ValueError: `current` is not a finite floating tensor [T, B, N], T ≥ 1, or dt is not > 0.
    """
    if current.dim() != 3 or current.shape[0] < 1 or not current.dtype.is_floating_point:
        raise ValueError(
            f"current must be floating [T, B, N] with T >= 1, got {current.dtype} "
            f"{tuple(current.shape)}"
        )
    if not bool(torch.isfinite(current).all()):
        raise ValueError("current must be finite everywhere, got NaN or infinite values")
    shape = (current.shape[1], current.shape[2])
    if state is None:
        state = lif_init(shape, params, device=current.device, dtype=current.dtype)
    elif state.v.shape != shape:
        raise ValueError(f"state must have shape {shape}, got {tuple(state.v.shape)}")
    precisions = (torch.float32, torch.float64)  # CPU: chosen by the caller's current only
    kernel = current.device.type == "cpu" and current.dtype in precisions
    advance = _run_kernel if kernel else _run_torch
    v, spikes, after = advance(current, state, params, dt)
    # Whole multiples of dt, rounded once: never a sum of many dt.
    t = np.arange(1, current.shape[0] + 1) * float(dt)
    if current.dtype != torch.float64:  # CPU: float64 goes nowhere else
        t = t.astype(np.float32)
    return Trace(
        t=torch.from_numpy(t).to(current.dtype).to(current.device),
        v=v,
        spikes=spikes,
        counts=spikes.sum(dim=0),
        events=_events(current, v, spikes, state, params, dt),
        state=after,
        dt=float(dt),
    )


def _run_torch(
    current: Tensor, state: LIFState, params: LIFParams, dt: float
) -> tuple[Tensor, Tensor, LIFState]:
    v = torch.empty_like(current, memory_format=torch.contiguous_format)
    spikes = torch.empty(current.shape, dtype=torch.bool, device=current.device)
    for t in range(current.shape[0]):
        fired, state = lif_step(current[t], state, params, dt)
        v[t], spikes[t] = state.v, fired
    return v, spikes, state


def _run_kernel(
    current: Tensor, state: LIFState, params: LIFParams, dt: float
) -> tuple[Tensor, Tensor, LIFState]:
    from snncore.kernels.lif import run_columns

    drive = current.detach().reshape(current.shape[0], -1).contiguous().numpy()
    v = state.v.detach().to(current.dtype).reshape(-1).clone()
    waiting = state.refractory.reshape(-1).to(torch.int32).clone()
    v_out = torch.empty(drive.shape, dtype=current.dtype)
    spikes = torch.empty(drive.shape, dtype=torch.bool)
    constants = (
        decay(params, dt),
        params.v_rest,
        params.r_m,
        params.v_th,
        params.v_reset,
        params.v_th - params.v_reset,
    )
    run_columns(
        drive,
        v.numpy(),
        waiting.numpy(),
        v_out.numpy(),
        spikes.numpy(),
        constants,
        RESETS.index(params.reset),
        refractory_steps(params, dt),
    )
    shape = state.v.shape
    after = LIFState(v.view(shape), waiting.view(shape))
    return v_out.view(current.shape), spikes.view(current.shape), after


def _events(
    current: Tensor, v: Tensor, spikes: Tensor, first: LIFState, params: LIFParams, dt: float
) -> SpikeEvents:
    step, sample, neuron = spikes.nonzero(as_tuple=True)
    before = torch.where(
        step > 0, v[(step - 1).clamp(min=0), sample, neuron], first.v[sample, neuron].to(v.dtype)
    )
    v_inf = params.v_rest + params.r_m * current[step, sample, neuron]
    # A neuron above threshold already (after an overshoot) spikes at the beginning of its step.
    ratio = (v_inf - before) / (v_inf - params.v_th)
    offset = params.tau_m * torch.log(ratio.clamp(min=1.0))
    offset = torch.where(before >= params.v_th, torch.zeros_like(offset), offset)
    return SpikeEvents(step, sample, neuron, offset.clamp(0.0, dt))
