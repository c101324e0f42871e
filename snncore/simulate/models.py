"""Every neuron model over time, one call for all: `run` keeps voltages, `many_models` statistics.

The torch loop over a model's `step` is the definition and runs on every device; on a CPU a fused
kernel with the same arithmetic, in float64, takes its place (see `snncore.kernels.models`). The
LIF neuron has a runner and kernels of its own in `lif` and `many`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.neurons import MODELS, LIFParams, Model, eif, izhikevich
from snncore.neurons.model import MAX_SUBSTEPS, check_dt
from snncore.params import Params
from snncore.simulate.lif import run_lif
from snncore.simulate.many import Many, summarise
from snncore.simulate.trace import SpikeEvents, Trace

Tensor = torch.Tensor
Floats = NDArray[np.float64]


class _Result(NamedTuple):
    values: Tensor  # [V, T, B, N] of the variables; [0, T, B, N] if not kept
    spikes: Tensor  # bool [T, B, N]
    offset: Tensor  # [T, B, N] ms; 0 where nobody fired
    state: Any


def run(
    model_name: str,
    current: Tensor,
    params: Params,
    dt: float,
    state: Any | None = None,
    *,
    record_v: bool = True,
) -> Trace:
    """Simulate T steps of `dt` ms of any model.

    Args:
        model_name: one of `snncore.neurons.MODELS`.
        current: nA, floating [T, B, N], constant during a step; its device and precision are
            those of the computation.
        params: the parameters, of the model's own class.
        dt: length of a step in ms, > 0.
        state: where to go on from (`Trace.state`); None starts at rest. It is not changed.
        record_v: False keeps neither voltages nor other variables: `Trace.v` is [0, B, N] and
            `Trace.others` empty.

    Raises:
        ValueError: an unknown model, parameters of another model, a current that is not a finite
            floating tensor [T, B, N] with T ≥ 1, a state of another shape, a step that is too
            long, or a voltage that grew beyond all bounds or too fast to follow.
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
        return run_lif(current, params, dt, state, record_v=record_v)
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
    precisions = (torch.float32, torch.float64)  # CPU: chosen by the caller's current only
    kernel = current.device.type == "cpu" and current.dtype in precisions
    advance = _run_kernel if kernel else _run_torch
    result = advance(current, state, params, dt, model, record_v)
    if not bool(torch.isfinite(result.state.v).all()):
        raise ValueError(
            "dt must be shorter or the current weaker: the voltage moves too fast to follow, got "
            f"dt {dt:g} ms and up to {float(current.abs().max()):g} nA"
        )
    # Whole multiples of dt, rounded once: never a sum of many dt.
    t = np.arange(1, current.shape[0] + 1) * float(dt)
    if current.dtype != torch.float64:  # CPU: float64 goes nowhere else
        t = t.astype(np.float32)

    def events() -> SpikeEvents:
        step, sample, neuron = result.spikes.nonzero(as_tuple=True)
        return SpikeEvents(step, sample, neuron, result.offset[step, sample, neuron])

    names = [variable.name for variable in model.variables] if record_v else []
    return Trace(
        t=torch.from_numpy(t).to(current.dtype).to(current.device),
        v=result.values[0] if record_v else current.new_empty((0, *current.shape[1:])),
        spikes=result.spikes,
        counts=result.spikes.sum(dim=0),
        events=events,
        state=result.state,
        dt=float(dt),
        others=dict(zip(names[1:], result.values[1:], strict=True)),
    )


def _run_torch(
    current: Tensor, state: Any, params: Params, dt: float, model: Model, record_v: bool = True
) -> _Result:
    count = len(model.variables) if record_v else 0
    values = current.new_empty((count, *current.shape))
    spikes = torch.empty(current.shape, dtype=torch.bool, device=current.device)
    offset = current.new_empty(current.shape)
    for t in range(current.shape[0]):
        spikes[t], offset[t], state = model.step(current[t], state, params, dt)
        for k in range(count):
            values[k, t] = state[k]
    return _Result(values, spikes, offset, state)


def _run_kernel(
    current: Tensor, state: Any, params: Params, dt: float, model: Model, record_v: bool = True
) -> _Result:
    from snncore.kernels.models import Records, run_models

    n_steps, shape = current.shape[0], state.v.shape
    neurons = shape.numel()
    kept = len(model.variables) if record_v else 0
    slots = _slots(model)
    memory = np.zeros((neurons, 4))
    for field, slot in zip(state, slots, strict=True):
        memory[:, slot] = field.detach().reshape(-1).numpy()
    records = Records(
        values=np.empty((kept, n_steps, neurons)),
        spikes=np.zeros((n_steps, neurons), dtype=np.bool_),
        offset=np.zeros((n_steps, neurons)),
    )
    drive = current.detach().reshape(n_steps, neurons).numpy().astype(np.float64)
    run_models(_columns(model, params, {}, neurons, dt), drive, None, memory, dt, records)

    def tensor(values: Floats, *size: int) -> Tensor:
        # Rounded before it becomes a tensor: no float64 where the caller has none.
        kind = np.float64 if current.dtype == torch.float64 else np.float32  # CPU: kernel's side
        return torch.from_numpy(values.astype(kind, copy=False).reshape(size))

    return _Result(
        values=tensor(records.values, kept, *current.shape),
        spikes=torch.from_numpy(records.spikes).view(current.shape),
        offset=tensor(records.offset, *current.shape),
        state=type(state)(*(tensor(memory[:, slot].copy(), *shape) for slot in slots)),
    )


def _slots(model: Model) -> list[int]:
    """Which column of the kernel's state holds which field of the model's state."""
    variables = list(range(len(model.variables)))
    return [*variables, 3] if _has_refractory(model) else variables


def _has_refractory(model: Model) -> bool:
    return "t_ref" in model.params.specs()


def _columns(
    model: Model, params: Params, table: Mapping[str, Floats], count: int, dt: float
) -> Any:
    """The kernel's parameters of `count` neurons, each [M].

    Raises:
        ValueError: dt is too long for one of them.
    """
    from snncore.kernels import hodgkin_huxley, linear, odes, qif

    kinds: dict[str, type[Any]] = {
        "adaptive": linear.Adaptive,
        "synaptic": linear.Synaptic,
        "alpha": linear.Alpha,
        "eif": odes.AdEx,
        "adex": odes.AdEx,
        "qif": qif.QIF,
        "izhikevich": odes.Izhikevich,
        "fitzhugh_nagumo": odes.FitzHughNagumo,
        "hodgkin_huxley": hodgkin_huxley.HodgkinHuxley,
    }
    values: dict[str, Any] = {**params.to_dict(), **table}
    values["on_grid"] = float(values.get("timing") == "grid")
    if model.name == "eif":  # the kernel of the adaptive one, without adaptation
        values |= {"a": 0.0, "b": 0.0, "tau_w": 1.0}
    if model.name in ("eif", "adex", "izhikevich"):
        coordinate = izhikevich.angle if model.name == "izhikevich" else eif.x_of
        values["x_peak"] = coordinate(values["v_peak"], SimpleNamespace(**values))
    if model.longest_step is not None:
        longest = model.longest_step(SimpleNamespace(**values))
        if np.any(dt > MAX_SUBSTEPS * longest):
            raise ValueError(
                f"dt must be <= {MAX_SUBSTEPS * np.min(longest):g} ms for these time constants, "
                f"got {dt:g}; take a shorter step or longer time constants"
            )
        values["pieces"] = np.maximum(1.0, np.ceil(dt / longest * (1 - 1e-12)))
    kind = kinds[model.name]
    return kind(
        *(np.array(np.broadcast_to(values[name], count), dtype=np.float64) for name in kind._fields)
    )


def many_models(
    model_name: str,
    params: Params,
    table: Mapping[str, Floats],
    current: Floats,
    dt: float,
    noise: tuple[NDArray[np.float32], Floats] | None,
    record: bool,
) -> Many:
    """`simulate.many` for every model but the LIF; its arguments have been checked there.

    Raises:
        ValueError: parameters that do not fit together, dt too long, or a voltage that grew
            beyond all bounds or too fast to follow.
    """
    from snncore.kernels.models import Records, run_models

    model = MODELS[model_name]
    sizes = [current.shape[1], *(len(values) for values in table.values())]
    count = max(sizes + ([len(noise[1])] if noise else []))
    _check_relations(params, table, count)
    together = SimpleNamespace(**{**params.to_dict(), **table})
    memory = np.zeros((count, 4))
    for slot, values in enumerate(model.rest(together)):
        memory[:, slot] = values
    n_steps = current.shape[0]
    records = Records(
        values=np.empty((0, 0, 0)),
        spikes=np.zeros((n_steps if record else 0, count), dtype=np.bool_),
        offset=np.empty((0, count)),
    )
    columns = _columns(model, params, table, count, dt)
    sums = run_models(columns, current, noise, memory, dt, records)
    wild = ~np.isfinite(memory[:, 0])
    if wild.any():
        raise ValueError(
            "dt must be shorter or the current weaker: the voltage moves too fast to follow in "
            f"neuron {int(wild.argmax())}, with dt {dt:g} ms"
        )
    return summarise(sums, records.spikes if record else None)


def _check_relations(params: Params, table: Mapping[str, Floats], count: int) -> None:
    """ValueError where a neuron's fields are each in range but do not fit together.

    The parameter set itself knows the rules: it is built once for each distinct neuron of those
    fields of the table that the rules are about, voltages.
    """
    voltages = [name for name in table if params.specs()[name].unit == "mV"]
    if not voltages:
        return
    rows = np.stack([table[name] for name in voltages], axis=1)
    base = params.to_dict()
    for row in np.unique(rows, axis=0):
        type(params)(**{**base, **dict(zip(voltages, row.tolist(), strict=True))})
