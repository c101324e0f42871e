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

# Neurons per piece of work, at most: their voltages (16 kB in float32) stay in the first-level
# cache, and each row of currents is long enough for the hardware to read ahead.
_BLOCK = 4096
# Below these, starting threads costs more than it saves, above all on a busy machine.
_SERIAL = 1 << 16  # normal numbers
SERIAL_STEPS = 1 << 21  # neuron-steps, 2 to 6 ms of work

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
    if out.size < _SERIAL:
        _normal_rows(out, samples, n_neurons, np.uint32(stream), k0, k1, 0, blocks)
    else:
        with kernel_threads() as threads:
            pieces = min(blocks, 4 * threads)
            _normal_parallel(out, samples, n_neurons, np.uint32(stream), k0, k1, pieces)
    return out.reshape(n_steps, len(samples), n_neurons)


@numba.njit(nogil=True, cache=True)
def largest(bits, most):  # type: ignore[no-untyped-def]
    """The largest of `most` and the magnitudes of a row of floats, given and compared as integers.

    IEEE floats without their sign are ordered like their bit patterns, infinity and NaN last, and
    a maximum of integers is vectorised, while one of floats is not.
    """
    mask = (1 << (8 * bits.itemsize - 1)) - 1  # all but the sign
    for j in range(bits.shape[0]):
        most = max(most, bits[j] & mask)
    return most


@numba.njit(nogil=True, cache=True)
def _step(row, v, spikes, part, v_rest, r_m, v_th, v_reset, drop, to_reset):  # type: ignore[no-untyped-def]
    """One step of a row of neurons that are never refractory; without a branch."""
    for j in range(row.shape[0]):
        old = v[j]
        new = old + ((v_rest + r_m * row[j]) - old) * part
        fires = new >= v_th
        after = v_reset if to_reset else new - drop
        v[j] = after if fires else new
        spikes[j] = fires


@numba.njit(nogil=True, cache=True)
def _step_refractory(  # type: ignore[no-untyped-def]
    row, v, spikes, waiting, n_ref, part, v_rest, r_m, v_th, v_reset, drop, to_reset, held
):
    """One step of a row of neurons; `held`: a refractory neuron keeps its voltage."""
    none, one = n_ref - n_ref, n_ref - n_ref + np.int32(1)
    for j in range(row.shape[0]):
        old, wait = v[j], waiting[j]
        new = old + ((v_rest + r_m * row[j]) - old) * part
        ready = wait == none
        new = old if held and not ready else new
        fires = ready & (new >= v_th)
        after = v_reset if to_reset else new - drop
        v[j] = after if fires else new
        less = none if ready else wait - one
        waiting[j] = n_ref if fires else less
        spikes[j] = fires


@numba.njit(nogil=True, cache=True)
def _columns(  # type: ignore[no-untyped-def]
    current, bits, v, waiting, v_out, spikes, counts, first, last, constants, mode, n_ref
):
    """The time loop of neurons first..last-1; the largest |current| in bits."""
    part, v_rest, r_m, v_th, v_reset, drop = constants
    to_reset, held, record = mode == 0, mode != 2, v_out.shape[0] > 0
    most, n_steps = bits[0, 0] - bits[0, 0], current.shape[0]
    # One loop over a row of bytes is vectorised best, so spikes are counted in bytes for as long
    # as a byte can hold them.
    few = np.zeros(last - first, np.uint8)
    mine, silent, total = v[first:last], waiting[first:last], counts[first:last]
    for begin in range(0, n_steps, 255):
        for t in range(begin, min(begin + 255, n_steps)):
            row, fired = current[t, first:last], spikes[t, first:last]
            if n_ref == 0:
                _step(row, mine, fired, part, v_rest, r_m, v_th, v_reset, drop, to_reset)
            else:
                _step_refractory(
                    row, mine, fired, silent, n_ref,
                    part, v_rest, r_m, v_th, v_reset, drop, to_reset, held,
                )  # fmt: skip
            for j in range(few.shape[0]):
                few[j] += fired[j]
            most = largest(bits[t, first:last], most)
            if record:
                v_out[t, first:last] = mine
        total += few
        few[:] = 0
    return most


@numba.njit(nogil=True, cache=True, parallel=True)
def _parallel(  # type: ignore[no-untyped-def]
    current, bits, v, waiting, v_out, spikes, counts, width, constants, mode, n_ref
):
    count = v.shape[0]
    pieces = (count + width - 1) // width
    most = np.zeros(pieces, bits.dtype)
    for p in numba.prange(pieces):
        first, last = p * width, min((p + 1) * width, count)
        most[p] = _columns(
            current, bits, v, waiting, v_out, spikes, counts, first, last, constants, mode, n_ref
        )
    return most.max()


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
) -> bool:
    """Simulate [T, M], all C-contiguous: reads `current`; writes `v_out` (unless it is [0, M]),
    `spikes`, `counts` (zeros before) and the state (`v`, `waiting`).

    `constants` are 1 - beta, v_rest, r_m, v_th, v_reset, drop (0 for mode 2); mode 0 value,
    1 subtract, 2 none; all floating arrays have one precision. Returns whether every current was
    finite; if not, what was written means nothing.
    """
    bits = as_bits(current)
    fixed = tuple(np.array(constants, dtype=current.dtype))
    n_steps, count = current.shape
    state = (v, waiting, v_out, spikes.view(np.uint8), counts)
    if n_steps * count < SERIAL_STEPS or count == 1:
        most = _columns(current, bits, *state, 0, count, fixed, mode, np.int32(n_ref))
    else:
        with kernel_threads() as threads:
            width = piece_width(count, threads)
            most = _parallel(current, bits, *state, width, fixed, mode, np.int32(n_ref))
    return all_finite(most, current.dtype)


def as_bits(values: NDArray[np.floating]) -> NDArray[np.signedinteger]:
    """The same memory as integers."""
    return values.view(np.int32 if values.dtype == np.float32 else np.int64)


def all_finite(most: int, dtype: np.dtype[np.floating]) -> bool:
    """Whether the largest magnitude in bits, from `largest`, is below that of infinity."""
    return bool(most < as_bits(np.array([np.inf], dtype=dtype))[0])


def piece_width(count: int, threads: int) -> int:
    """Neurons per piece of work: the same share for every thread, at most `_BLOCK`.

    A piece is a multiple of 64, so that no two threads write to one cache line of spikes.
    """
    rounds = -(-count // (_BLOCK * threads))
    return -(-count // (rounds * threads * 64)) * 64
