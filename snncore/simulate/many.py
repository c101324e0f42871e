"""Many neurons with parameters of their own, for maps and populations: statistics, no voltages.

Always numpy on the CPU in float64. The LIF neuron runs in a fused kernel of its own; what the
other models do is in `snncore.simulate.models`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snncore.neurons import MODELS
from snncore.neurons.lif import RESETS, LIFParams
from snncore.neurons.model import check_dt
from snncore.params import Params

Floats = NDArray[np.float64]
Noise = tuple[NDArray[np.float32], NDArray[np.float64]]


@dataclass(frozen=True)
class Many:
    """Spike statistics of M neurons; NaN where there are not enough spikes."""

    count: NDArray[np.int64]  # [M]
    first_ms: Floats  # [M] time of the first spike
    mean_isi_ms: Floats  # [M] mean interval; needs two spikes
    cv: Floats  # [M] standard deviation of the intervals / their mean; needs three
    spikes: NDArray[np.bool_] | None  # [T, M]: at least one spike in the step


def many(
    model_name: str,
    params: Params,
    table: Mapping[str, ArrayLike],
    current: ArrayLike,
    dt: float,
    *,
    noise: tuple[ArrayLike, ArrayLike] | None = None,
    record: bool = False,
) -> Many:
    """Simulate M neurons for T steps of `dt` ms from rest.

    Args:
        model_name: one of `snncore.neurons.MODELS`.
        params: what the neurons have in common.
        table: numeric fields of `params` that differ from neuron to neuron, each [M].
        current: nA, constant during a step; [T, 1] shared by all or [T, M].
        dt: ms, > 0.
        noise: (z [T], scale [M] or [1] in nA): adds scale·z to the current, the same z for all
            neurons ("common random numbers": neighbours in a map differ by their parameters only).
        record: also return the spikes of each step.

    Raises:
        ValueError: an unknown model or field, a value out of its field's range, shapes that do not
            agree, or a current that is not finite.
    """
    if model_name not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}, got {model_name!r}")
    if type(params) is not MODELS[model_name].params:
        raise ValueError(
            f"params must be {MODELS[model_name].params.__name__} for model {model_name}, got "
            f"{type(params).__name__}"
        )
    check_dt(dt)
    drive = np.require(current, np.float64, ["C", "W"])  # kernels are compiled for writable ones
    if drive.ndim != 2 or 0 in drive.shape:
        raise ValueError(f"current must be [T, 1] or [T, M] with T, M >= 1, got {drive.shape}")
    if not np.isfinite(drive).all():
        raise ValueError("current must be finite everywhere, got NaN or infinite values")
    given = {name: np.asarray(values, dtype=np.float64) for name, values in table.items()}
    hiss = None
    if noise is not None:
        hiss = (
            np.require(noise[0], np.float32, ["C", "W"]),
            np.require(noise[1], np.float64, ["C", "W"]),
        )
        if hiss[0].shape != drive.shape[:1] or hiss[1].ndim != 1:
            raise ValueError(
                f"noise must be z [T = {drive.shape[0]}] and scale [M], got "
                f"{hiss[0].shape} and {hiss[1].shape}"
            )
        if not (np.isfinite(hiss[0]).all() and np.isfinite(hiss[1]).all()):
            raise ValueError("noise must be finite everywhere, got NaN or infinite values")
    sizes = {"current": drive.shape[1]} | {name: values.size for name, values in given.items()}
    if hiss is not None:
        sizes["noise scale"] = hiss[1].size
    count = max(sizes.values())
    for name, size in sizes.items():
        if size != count and (size != 1 or name in given):
            raise ValueError(f"{name} must have {count} neurons like the rest, got {size}")
    for name, values in given.items():
        _check_field(params, name, values)
    if hiss is not None:
        hiss = (hiss[0], np.array(np.broadcast_to(hiss[1], count)))
    if isinstance(params, LIFParams):
        return _many_lif(params, given, drive, count, dt, hiss, record)
    from snncore.simulate.models import many_models

    return many_models(model_name, params, given, drive, dt, hiss, record)


def _check_field(params: Params, name: str, values: Floats) -> None:
    """ValueError unless every value of `name` is one that the field itself would take."""
    spec = params.specs().get(name)
    if spec is None or spec.kind not in ("float", "int"):
        numeric = (n for n, s in params.specs().items() if s.kind in ("float", "int"))
        raise ValueError(f"table must name some of {', '.join(numeric)}, got {name!r}")
    if values.ndim != 1:
        raise ValueError(f"{name} must be an array [M], got shape {values.shape}")
    unit = f" {spec.unit}" if spec.unit else ""
    low = values <= spec.lo if spec.lo_open else values < spec.lo
    bad = ~np.isfinite(values) | low | (values > spec.hi)
    if bad.any():
        where = int(bad.argmax())
        raise ValueError(
            f"{name} must be {'>' if spec.lo_open else '>='} {spec.lo:g} and <= {spec.hi:g}{unit}, "
            f"got {values[where]:g} for neuron {where}"
        )


def summarise(sums: Any, spikes: NDArray[np.bool_] | None) -> Many:
    """`Many` from the running sums of `snncore.kernels.many.Sums`."""
    two, three = sums.n >= 2, sums.n >= 3
    gaps = np.maximum(sums.n - 1, 1)
    mean = np.where(two, (sums.last - sums.first) / gaps, np.nan)
    variance = np.maximum(sums.s2 / gaps - (sums.s1 / gaps) ** 2, 0.0)
    usable = three & (mean > 0)
    return Many(
        count=sums.n,
        first_ms=np.where(sums.n >= 1, sums.first, np.nan),
        mean_isi_ms=mean,
        cv=np.where(usable, np.sqrt(variance) / np.where(usable, mean, 1.0), np.nan),
        spikes=spikes,
    )


def _many_lif(
    params: LIFParams,
    table: Mapping[str, Floats],
    current: Floats,
    count: int,
    dt: float,
    noise: Noise | None,
    record: bool,
) -> Many:
    from snncore.kernels.many import Columns, run_many

    def column(name: str) -> Floats:
        values = table.get(name, getattr(params, name))
        return np.array(np.broadcast_to(values, count), dtype=np.float64)

    v_reset, v_th, t_ref, tau_m = (column(n) for n in ("v_reset", "v_th", "t_ref", "tau_m"))
    wrong = ~(v_reset < v_th)
    if wrong.any():
        m = int(wrong.argmax())
        raise ValueError(
            f"v_reset must be < v_th ({v_th[m]:g} mV), got {v_reset[m]:g} for neuron {m}; "
            "otherwise the neuron would fire again at once, for ever"
        )
    spikes = np.zeros((current.shape[0] if record else 0, count), dtype=np.bool_)
    z, scale = noise or (np.empty(0, dtype=np.float32), np.zeros(count))
    columns = Columns(
        tau_m=tau_m,
        part=-np.expm1(-dt / np.maximum(tau_m, dt / 1000.0)),  # e^−1000 is 0 already
        v_rest=column("v_rest"),
        r_m=column("r_m"),
        v_th=v_th,
        v_reset=v_reset,
        t_ref=t_ref,
        n_ref=np.floor(t_ref / dt + 0.5).astype(np.int64),
        current=current,
        z=z,
        scale=scale,
    )
    sums = run_many(columns, float(dt), RESETS.index(params.reset), not params.on_grid, spikes)
    return summarise(sums, spikes if record else None)
