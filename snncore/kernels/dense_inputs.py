"""Input spikes of a sample, four steps at a time, for the kernels of the dense layer.

Random words are made and compared for all inputs of a sample at once, four steps at a time: a
plain loop over one array, with the rounds inlined, is what the compiler vectorises.
"""

from __future__ import annotations

import numba
import numpy as np

from snncore.kernels.philox import philox4

_rounds = numba.njit(nogil=True, inline="always")(philox4.py_func)

_0, _1, _2, _3, _4 = (np.uint32(k) for k in range(5))


@numba.njit(nogil=True, cache=True)
def active_inputs(values, active, kept):  # type: ignore[no-untyped-def]
    """Numbers of the inputs that can spike at all, and their values; how many there are."""
    n = 0
    for i in range(values.shape[0]):
        if values[i] > _0:
            active[n] = i
            kept[n] = values[i]
            n += 1
    return n


@numba.njit(nogil=True, cache=True)
def _random_block(active, limits, packed, block, sample, stream, k0, k1):  # type: ignore[no-untyped-def]
    for a in range(active.shape[0]):
        w0, w1, w2, w3 = _rounds(block, active[a], sample, stream, k0, k1)
        top = limits[a]
        packed[a] = (
            np.uint32(w0 < top)
            | np.uint32(w1 < top) << _1
            | np.uint32(w2 < top) << _2
            | np.uint32(w3 < top) << _3
        )


@numba.njit(nogil=True, cache=True)
def _timed_block(steps, packed, block):  # type: ignore[no-untyped-def]
    for a in range(steps.shape[0]):
        later = np.uint32(steps[a] - _1 - _4 * block)  # wraps round if it was before
        packed[a] = _1 << later if later < _4 else _0


@numba.njit(nogil=True, cache=True)
def block_of_spikes(  # type: ignore[no-untyped-def]
    active, values, latency, block, sample, stream, k0, k1, packed, spiking, n_spiking
):
    """Which active inputs spike in the four steps from 4·block on.

    Args:
        active: uint32 [A], numbers of the inputs.
        values: uint32 [A], limits of the random words, or (latency) one more than the step.
        latency: which of the two.
        block, sample, stream, k0, k1: uint32, counter and key of the words.
        packed: uint32 [A], workspace.
        spiking: int64 [4, >= A]; written: for each step the places in `active` that spike.
        n_spiking: int64 [4]; written: how many.
    """
    if latency:
        _timed_block(values, packed, block)
    else:
        _random_block(active, values, packed, block, sample, stream, k0, k1)
    n0 = n1 = n2 = n3 = 0
    for a in range(active.shape[0]):  # no branch: a place is overwritten unless it counts
        bits = packed[a]
        spiking[0, n0] = a
        spiking[1, n1] = a
        spiking[2, n2] = a
        spiking[3, n3] = a
        n0 += bits & _1
        n1 += (bits >> _1) & _1
        n2 += (bits >> _2) & _1
        n3 += bits >> _3
    n_spiking[0], n_spiking[1], n_spiking[2], n_spiking[3] = n0, n1, n2, n3


@numba.njit(nogil=True, cache=True)
def uniforms(stream, k0, k1, out):  # type: ignore[no-untyped-def]
    """out float32 [n_out, n_in] in (0, 1): the first word of sample j and neuron i, as `rng`."""
    for j in range(out.shape[0]):
        for i in range(out.shape[1]):
            w0, _, _, _ = _rounds(_0, np.uint32(i), np.uint32(j), stream, k0, k1)
            out[j, i] = (np.float32(w0 >> np.uint32(9)) + np.float32(0.5)) * np.float32(2.0**-23)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def limits(cells, gain, cap, scale, out):  # type: ignore[no-untyped-def]
    """out uint32 [B, n_in] = ⌊min(cap, gain · c / ‖c‖₂) · scale⌋, at most 2³² − 1; float64.

    cells uint8 [B, n_in]. Each operation is rounded once, so every machine gives the same.
    """
    for b in range(cells.shape[0]):
        total = np.int64(0)
        for i in range(cells.shape[1]):
            total += np.int64(cells[b, i]) * np.int64(cells[b, i])
        norm = max(np.sqrt(np.float64(total)), 1.0)
        for i in range(cells.shape[1]):
            out[b, i] = 0
            if cells[b, i] > 0:
                drive = min(cap, gain * np.float64(cells[b, i]) / norm)
                out[b, i] = np.uint32(min(np.floor(drive * scale), 4294967295.0))
