"""The LIF neuron over time: a current [T, B, N] in, voltages, spikes and exact spike times out.

The torch loop over `exact_step` or, for timing "grid", `lif_step` is the definition and runs on
every device; on a CPU a fused kernel with the same arithmetic takes its place (see
`snncore.kernels.lif`). Callers never choose.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from snncore.neurons.lif import (
    RESETS,
    LIFParams,
    LIFState,
    approach,
    check_state,
    exact_step,
    grid_offset,
    interval_ms,
    lif_init,
    lif_step,
    refractory_steps,
    spikes_after,
)
from snncore.simulate.trace import SpikeEvents, Trace

Tensor = torch.Tensor
MAX_EVENTS = 20_000_000
_NOT_FINITE = "current must be finite everywhere, got NaN or infinite values"


class _Result(NamedTuple):
    v: Tensor  # [T, B, N] or [0, B, N]
    spikes: Tensor  # bool [T, B, N]
    offset: Tensor  # [T, B, N] ms of the first spike in the step; on the grid [0, B, N]
    counts: Tensor  # int64 [B, N]
    state: LIFState


def run_lif(
    current: Tensor,
    params: LIFParams,
    dt: float,
    state: LIFState | None = None,
    *,
    record_v: bool = True,
) -> Trace:
    """Simulate T steps of `dt` ms.

    Because the current is constant during a step, the moment of a spike inside its step is known
    in closed form. With timing "exact" the neuron goes on from that moment, so that its spike
    times do not depend on dt; with "grid" the reset waits for the end of the step, so a grid
    always fires a little slower than continuous time (by less than one dt per interval).

    Args:
        current: nA, floating [T, B, N]; its device and precision are those of the computation. Not
            to be changed before `Trace.events` has been asked for.
        params: the neuron.
        dt: length of a step in ms, > 0.
        state: where to go on from (`Trace.state`); None starts at rest. It is not changed.
        record_v: False keeps no voltages (`Trace.v` is then [0, B, N]); on the grid, asking for
            `Trace.events` then runs the simulation again.

    Raises:
        ValueError: `current` is not a finite floating tensor [T, B, N], T ≥ 1, the state is of
            another shape or timing, or dt is not > 0.
    """
    if current.dim() != 3 or current.shape[0] < 1 or not current.dtype.is_floating_point:
        raise ValueError(
            f"current must be floating [T, B, N] with T >= 1, got {current.dtype} "
            f"{tuple(current.shape)}"
        )
    shape = (current.shape[1], current.shape[2])
    if state is None:
        state = lif_init(shape, params, device=current.device, dtype=current.dtype)
    elif state.v.shape != shape:
        raise ValueError(f"state must have shape {shape}, got {tuple(state.v.shape)}")
    check_state(state, params)
    precisions = (torch.float32, torch.float64)  # CPU: chosen by the caller's current only
    kernel = current.device.type == "cpu" and current.dtype in precisions
    advance = _run_kernel if kernel else _run_torch
    result, first = advance(current, state, params, dt, record_v), state

    def events() -> SpikeEvents:
        total = int(result.counts.sum())
        if total > MAX_EVENTS:
            raise ValueError(
                f"spikes must be at most {MAX_EVENTS:,} to be listed, got {total:,}; lower the "
                "current, set t_ref > 0 or take a shorter run"
            )
        if not params.on_grid:
            return _exact_events(current, result, params, dt)
        v = result.v if record_v else advance(current, first, params, dt, True).v
        return _grid_events(current, v, result.spikes, first, params, dt)

    # Whole multiples of dt, rounded once: never a sum of many dt.
    t = np.arange(1, current.shape[0] + 1) * float(dt)
    if current.dtype != torch.float64:  # CPU: float64 goes nowhere else
        t = t.astype(np.float32)
    return Trace(
        t=torch.from_numpy(t).to(current.dtype).to(current.device),
        v=result.v,
        spikes=result.spikes,
        counts=result.counts,
        events=events,
        state=result.state,
        dt=float(dt),
    )


def _run_torch(
    current: Tensor, state: LIFState, params: LIFParams, dt: float, record_v: bool = True
) -> _Result:
    none = current.new_empty((0, *current.shape[1:]))
    if not bool(torch.isfinite(current).all()):
        raise ValueError(_NOT_FINITE)
    v = torch.empty_like(current, memory_format=torch.contiguous_format) if record_v else none
    offset = none if params.on_grid else torch.empty(current.shape).to(current)
    spikes = torch.empty(current.shape, dtype=torch.bool, device=current.device)
    counts = torch.zeros(current.shape[1:], dtype=torch.int64, device=current.device)
    for t in range(current.shape[0]):
        if params.on_grid:
            spikes[t], state = lif_step(current[t], state, params, dt)
            counts += spikes[t]
        else:
            count, offset[t], state = exact_step(current[t], state, params, dt)
            spikes[t] = count > 0
            counts += count
        if record_v:
            v[t] = state.v
    return _Result(v, spikes, offset, counts, state)


def _run_kernel(
    current: Tensor, state: LIFState, params: LIFParams, dt: float, record_v: bool = True
) -> _Result:
    from snncore.kernels.lif import run_columns
    from snncore.kernels.lif_exact import run_exact

    drive = current.detach().reshape(current.shape[0], -1).contiguous().numpy()
    shape, none = current.shape, current.new_empty((0, *current.shape[1:]))
    v = state.v.detach().to(current.dtype).reshape(-1).clone()
    spikes = _empty(shape, torch.bool)
    counts = torch.zeros(v.shape, dtype=torch.int64)
    v_out = _empty(shape, current.dtype) if record_v else none
    waiting = state.refractory.reshape(-1).clone()
    offset = none
    if params.on_grid:
        constants = (
            approach(params, dt),
            params.v_rest,
            params.r_m,
            params.v_th,
            params.v_reset,
            0.0 if params.reset == "none" else params.v_th - params.v_reset,
        )
        finite = run_columns(
            drive,
            v.numpy(),
            waiting.numpy(),
            v_out.view(-1, v.numel()).numpy(),
            spikes.view(-1, v.numel()).numpy(),
            counts.numpy(),
            constants,
            RESETS.index(params.reset),
            refractory_steps(params, dt),
        )
    else:
        waiting = waiting.to(current.dtype)
        offset = _empty(shape, current.dtype)
        finite = run_exact(
            drive,
            v.numpy(),
            waiting.numpy(),
            v_out.view(-1, v.numel()).numpy(),
            spikes.view(-1, v.numel()).numpy(),
            offset.view(-1, v.numel()).numpy(),
            counts.numpy(),
            (
                dt,
                approach(params, dt),
                params.tau_m,
                params.v_rest,
                params.r_m,
                params.v_th,
                params.v_reset,
                params.t_ref,
            ),
        )
    if not finite:
        raise ValueError(_NOT_FINITE)
    after = LIFState(v.view(state.v.shape), waiting.view(state.v.shape))
    return _Result(v_out, spikes, offset, counts.view(state.v.shape), after)


def _empty(shape: torch.Size, dtype: torch.dtype) -> Tensor:
    """Memory to write to, from numpy: it asks for huge pages, torch does not.

    A fresh 10 MB costs 2,500 page faults otherwise, as long as a third of a run.
    """
    kinds = {torch.bool: np.bool_, torch.float32: np.float32, torch.float64: np.float64}  # CPU:
    return torch.from_numpy(np.empty(shape, dtype=kinds[dtype]))


def _grid_events(
    current: Tensor, v: Tensor, spikes: Tensor, first: LIFState, params: LIFParams, dt: float
) -> SpikeEvents:
    step, sample, neuron = spikes.nonzero(as_tuple=True)
    before = torch.where(
        step > 0, v[(step - 1).clamp(min=0), sample, neuron], first.v[sample, neuron].to(v.dtype)
    )
    v_inf = params.v_rest + params.r_m * current[step, sample, neuron]
    return SpikeEvents(step, sample, neuron, grid_offset(before, v_inf, params, dt))


def _exact_events(current: Tensor, result: _Result, params: LIFParams, dt: float) -> SpikeEvents:
    step, sample, neuron = result.spikes.nonzero(as_tuple=True)
    v_inf = params.v_rest + params.r_m * current[step, sample, neuron]
    offset = result.offset[step, sample, neuron]
    count, _ = spikes_after(offset, v_inf, params, dt)
    which = torch.arange(len(step), device=step.device).repeat_interleave(count)
    # 0, 1, 2, … within each step: the running number less that of the step's first spike.
    number = torch.arange(len(which), device=step.device) - (count.cumsum(0) - count)[which]
    later = number * interval_ms(v_inf, params)[which]
    return SpikeEvents(
        step[which], sample[which], neuron[which], (offset[which] + later).clamp(max=dt)
    )
