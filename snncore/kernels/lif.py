"""CPU kernels of the LIF simulation: the time loop, and Gaussian noise from Philox words.

`run_columns` repeats `snncore.neurons.lif.lif_step` operation by operation in the precision of
its arrays, so its spikes and voltages equal the torch path's bit for bit. The neurons are
independent: a block of them is one piece of work, whatever the number of threads.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from snncore.kernels import kernel_threads
from snncore.kernels.philox import philox4

_BLOCK = 256  # neurons per piece of work: their state stays in the first-level cache
_SERIAL = 1 << 19  # neuron-steps below which starting threads costs more than it saves

# Wichura 1988, algorithm AS 241 (PPND16), doi 10.2307/2347330: numerators and denominators of the
# rational approximations near the middle, in the tails and far out, highest power first.
_MID_P = (
    2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
    13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
)  # fmt: skip
_MID_Q = (
    5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
    5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0,
)  # fmt: skip
_TAIL_P = (
    7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
    1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959,
    1.42343711074968357734,
)  # fmt: skip
_TAIL_Q = (
    1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
    0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187,
    1.0,
)  # fmt: skip
_FAR_P = (
    2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
    0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358,
    5.4637849111641143699, 6.6579046435011037772,
)  # fmt: skip
_FAR_Q = (
    2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
    7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
    0.59983220655588793769, 1.0,
)  # fmt: skip


@numba.njit(nogil=True, cache=True)
def _ratio(p, q, r):  # type: ignore[no-untyped-def]
    top, bottom = 0.0, 0.0
    for k in range(8):
        top = top * r + p[k]
        bottom = bottom * r + q[k]
    return top, bottom


@numba.njit(nogil=True, cache=True)
def normal_quantile(u):  # type: ignore[no-untyped-def]
    """The standard normal quantile of u in (0, 1), to 16 digits."""
    q = u - 0.5
    if abs(q) <= 0.425:
        top, bottom = _ratio(_MID_P, _MID_Q, 0.180625 - q * q)
        return top * q / bottom
    r = math.sqrt(-math.log(u if q <= 0.0 else 1.0 - u))
    if r <= 5.0:
        top, bottom = _ratio(_TAIL_P, _TAIL_Q, r - 1.6)
    else:
        top, bottom = _ratio(_FAR_P, _FAR_Q, r - 5.0)
    x = top / bottom
    return -x if q < 0.0 else x


@numba.njit(nogil=True, cache=True)
def _normal_rows(out, samples, n_neurons, stream, k0, k1, first, last):  # type: ignore[no-untyped-def]
    """Fill the draws of Philox blocks first..last-1 into out float32 [T, B·N]."""
    steps = out.shape[0]
    for block in range(first, last):
        for b in range(samples.shape[0]):
            for i in range(n_neurons):
                words = philox4(
                    np.uint32(block), np.uint32(i), np.uint32(samples[b]), stream, k0, k1
                )
                for w in range(4):
                    t = 4 * block + w
                    if t < steps:
                        # The 23-bit uniform of snncore.rng.uniform, exact in double precision.
                        u = (np.float64(words[w] >> np.uint32(9)) + 0.5) * (1.0 / 8388608.0)
                        out[t, b * n_neurons + i] = np.float32(normal_quantile(u))


@numba.njit(nogil=True, cache=True, parallel=True)
def _normal_parallel(out, samples, n_neurons, stream, k0, k1, pieces):  # type: ignore[no-untyped-def]
    blocks = (out.shape[0] + 3) // 4
    for p in numba.prange(pieces):
        first, last = blocks * p // pieces, blocks * (p + 1) // pieces
        _normal_rows(out, samples, n_neurons, stream, k0, k1, first, last)


def normals(
    seed_words: tuple[int, int],
    stream: int,
    samples: NDArray[np.int64],
    n_neurons: int,
    n_steps: int,
) -> NDArray[np.float32]:
    """float32 [T, B, N]: `snncore.rng.normal` of `snncore.rng.draws`, rounded from 16 digits."""
    out = np.empty((n_steps, len(samples) * n_neurons), dtype=np.float32)
    k0, k1 = (np.uint32(word) for word in seed_words)
    blocks = (n_steps + 3) // 4
    if out.size < _SERIAL // 8:
        _normal_rows(out, samples, n_neurons, np.uint32(stream), k0, k1, 0, blocks)
    else:
        with kernel_threads() as threads:
            pieces = min(blocks, 4 * threads)
            _normal_parallel(out, samples, n_neurons, np.uint32(stream), k0, k1, pieces)
    return out.reshape(n_steps, len(samples), n_neurons)


@numba.njit(nogil=True, cache=True)
def _columns(  # type: ignore[no-untyped-def]
    current,
    v,
    waiting,
    v_out,
    spikes,
    counts,
    first,
    last,
    part,
    v_rest,
    r_m,
    v_th,
    v_reset,
    drop,
    mode,
    n_ref,
):
    """The time loop of neurons first..last-1; mode 0 value, 1 subtract, 2 none."""
    record = v_out.shape[0] > 0
    for t in range(current.shape[0]):
        for m in range(first, last):
            v_inf = v_rest + r_m * current[t, m]
            new = v[m] + (v_inf - v[m]) * part
            ready = waiting[m] == 0
            if not ready and mode != 2:
                new = v[m]
            fires = ready and new >= v_th
            if fires and mode == 0:
                new = v_reset
            elif fires and mode == 1:
                new = new - drop
            v[m] = new
            waiting[m] = n_ref if fires else max(waiting[m] - 1, 0)
            if record:
                v_out[t, m] = new
            spikes[t, m] = fires
            counts[m] += fires


@numba.njit(nogil=True, cache=True, parallel=True)
def _parallel(  # type: ignore[no-untyped-def]
    current, v, waiting, v_out, spikes, counts, part, v_rest, r_m, v_th, v_reset, drop, mode, n_ref
):
    count = v.shape[0]
    for p in numba.prange((count + _BLOCK - 1) // _BLOCK):
        first, last = p * _BLOCK, min((p + 1) * _BLOCK, count)
        _columns(
            current, v, waiting, v_out, spikes, counts, first, last,
            part, v_rest, r_m, v_th, v_reset, drop, mode, n_ref,
        )  # fmt: skip


def run_columns(
    current: NDArray[np.floating],
    v: NDArray[np.floating],
    waiting: NDArray[np.int32],
    v_out: NDArray[np.floating],
    spikes: NDArray[np.bool_],
    counts: NDArray[np.int64],
    constants: tuple[float, float, float, float, float, float],
    mode: int,
    n_ref: int,
) -> None:
    """Simulate [T, M]: reads `current`; writes `v_out`, `spikes` and the state (`v`, `waiting`).

    `constants` are part, v_rest, r_m, v_th, v_reset, drop; all floating arrays have one precision.
    """
    kind = current.dtype.type
    rounded = [kind(value) for value in constants]
    n_steps, count = current.shape
    state = (v, waiting, v_out, spikes, counts)
    if n_steps * count < _SERIAL or count <= _BLOCK:
        _columns(current, *state, 0, count, *rounded, mode, np.int32(n_ref))
        return
    with kernel_threads():
        _parallel(current, *state, *rounded, mode, np.int32(n_ref))


@numba.njit(nogil=True, cache=True)
def _exact_columns(  # type: ignore[no-untyped-def]
    current, v, silent, v_out, spikes, offsets, counts, first, last, constants
):
    """`snncore.neurons.lif.exact_step` over time; logarithms only where a spike needs them."""
    dt, part, tau_m, v_rest, r_m, v_th, v_reset, t_ref = constants
    zero, limit = dt - dt, dt - dt + 2**40  # of the arrays' precision
    record = v_out.shape[0] > 0
    for t in range(current.shape[0]):
        for m in range(first, last):
            v_inf = v_rest + r_m * current[t, m]
            wait = min(silent[m], dt)
            left = dt - wait
            before = v[m]
            new = before
            if wait == zero:
                new = before + (v_inf - before) * part
            elif left > zero:
                new = before - (v_inf - before) * math.expm1(left / -tau_m)
            rest = silent[m] - wait
            offset = zero
            fires = left > zero and (new >= v_th or before >= v_th)
            if fires:
                counts[m] += 1
                gap = v_inf - v_th
                offset = wait
                if before < v_th:
                    offset = min(wait + tau_m * math.log1p((v_th - before) / gap), dt)
                since = dt - offset
                if gap > zero:
                    interval = t_ref + tau_m * math.log1p((v_th - v_reset) / gap)
                    if since >= interval:
                        more = min(np.floor(since / interval), limit)
                        counts[m] += np.int64(more)
                        since = max(since - more * interval, zero)
                rest = max(t_ref - since, zero)
                new = v_reset
                if since > t_ref:
                    new = v_reset - (v_inf - v_reset) * math.expm1((since - t_ref) / -tau_m)
            v[m] = new
            silent[m] = rest
            if record:
                v_out[t, m] = new
            spikes[t, m] = fires
            offsets[t, m] = offset


@numba.njit(nogil=True, cache=True, parallel=True)
def _exact_parallel(  # type: ignore[no-untyped-def]
    current, v, silent, v_out, spikes, offsets, counts, constants
):
    count = v.shape[0]
    for p in numba.prange((count + _BLOCK - 1) // _BLOCK):
        first, last = p * _BLOCK, min((p + 1) * _BLOCK, count)
        _exact_columns(
            current, v, silent, v_out, spikes, offsets, counts, first, last, constants
        )  # fmt: skip


def run_exact(
    current: NDArray[np.floating],
    v: NDArray[np.floating],
    silent: NDArray[np.floating],
    v_out: NDArray[np.floating],
    spikes: NDArray[np.bool_],
    offsets: NDArray[np.floating],
    counts: NDArray[np.int64],
    constants: tuple[float, float, float, float, float, float, float, float],
) -> None:
    """Simulate [T, M] in continuous time; `offsets` is the first spike of a step, ms into it.

    `constants` are dt, part, tau_m, v_rest, r_m, v_th, v_reset, t_ref; `silent` is in ms.
    """
    rounded = np.array(constants, dtype=current.dtype)
    fixed = tuple(rounded)
    n_steps, count = current.shape
    state = (v, silent, v_out, spikes, offsets, counts)
    if n_steps * count < _SERIAL // 4 or count <= _BLOCK:
        _exact_columns(current, *state, 0, count, fixed)
        return
    with kernel_threads():
        _exact_parallel(current, *state, fixed)
