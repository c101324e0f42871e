"""CPU kernels of all neuron models but the LIF: the time loop, with parameters per neuron.

Each kernel repeats the torch path of its model (`snncore.neurons`) in float64, operation by
operation but for the order of a few products, so voltages agree to rounding and spikes but for
ties. What kind of neuron it is lies in the type of the parameters' NamedTuple, so one loop serves
all, and only the models that are used are compiled (a second or two each, then cached).

State: [M, 4], the model's variables first; the last column holds the refractory time left, but in
Hodgkin–Huxley's model, which has four variables and no refractory period.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.extending import overload
from numpy.typing import NDArray

from snncore.kernels import hodgkin_huxley, kernel_threads, linear, odes, qif
from snncore.kernels.many import Sums, note

Floats = NDArray[np.float64]
_BLOCK = 8  # neurons that advance together: a cache line of the current and of every record
_PIECE = 0.05  # s of work between two askings for the lock


class Records(NamedTuple):
    """Where the course of a run is written; first dimension(s) of size 0: not wanted."""

    values: Floats  # [V, T, M]
    spikes: NDArray[np.bool_]  # [T, M]
    offset: Floats  # [T, M] ms


STEPS: dict[type, Callable[..., Any]] = {
    **linear.STEPS,
    **odes.STEPS,
    **qif.STEPS,
    **hodgkin_huxley.STEPS,
}


def step(c: Any, current: float, s: Floats, m: int, dt: float) -> float:
    """Advance neuron `m` in place; the spike's offset in ms, −1 without one. See `STEPS`."""
    return STEPS[type(c)](c, current, s, m, dt)


@overload(step)
def _step(c, current, s, m, dt):  # type: ignore[no-untyped-def]
    return STEPS[c.instance_class]


@numba.njit(nogil=True, cache=True)
def _columns(c, current, z, scale, s, dt, first, last, records, sums):  # type: ignore[no-untyped-def]
    own = current.shape[1] > 1
    noisy = z.shape[0] > 0
    kept = records.values.shape[0]
    marks = records.spikes.shape[0] > 0
    times = records.offset.shape[0] > 0
    for begin in range(first, last, _BLOCK):
        end = min(begin + _BLOCK, last)
        for t in range(current.shape[0]):
            for m in range(begin, end):
                drive = current[t, m] if own else current[t, 0]
                if noisy:
                    drive = drive + scale[m] * np.float64(z[t])
                offset = step(c, drive, s, m, dt)
                for k in range(kept):
                    records.values[k, t, m] = s[m, k]
                if offset >= 0.0:
                    note(sums, m, t * dt + offset)
                    if marks:
                        records.spikes[t, m] = True
                    if times:
                        records.offset[t, m] = offset


def run_models(
    columns: Any,
    current: Floats,
    noise: tuple[NDArray[np.float32], Floats] | None,
    state: Floats,
    dt: float,
    records: Records,
) -> Sums:
    """Simulate [T, M]: writes `state` and `records` (spikes all False before), returns sums.

    `columns` is one of the NamedTuples of `STEPS`, all arrays [M]; `current` [T, 1] or
    [T, M] in nA. Threads work on blocks of neurons, under the lock of the parallel kernels, which
    is given back after some 50 ms so that others' short calls do not wait for a long sweep.
    """
    count = state.shape[0]
    z, scale = noise or (np.empty(0, dtype=np.float32), np.zeros(count))
    sums = Sums(np.zeros(count, dtype=np.int64), *(np.zeros(count) for _ in range(5)))

    def work(first: int, last: int) -> None:
        _columns(columns, current, z, scale, state, dt, first, last, records, sums)

    if count <= _BLOCK:
        work(0, count)
        return sums
    start, share = 0, _BLOCK
    while start < count:
        with kernel_threads() as threads, ThreadPoolExecutor(threads) as pool:
            began = time.perf_counter()
            edges = [min(start + share * k, count) for k in range(threads + 1)]
            list(pool.map(work, edges[:-1], edges[1:]))
            taken = time.perf_counter() - began
        start = edges[-1]
        growth = min(4.0, max(0.25, _PIECE / max(taken, 1e-6)))
        share = max(1, int(share * growth / _BLOCK)) * _BLOCK
    return sums
