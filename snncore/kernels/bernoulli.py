"""Bernoulli spikes in one pass: random words made and compared in registers, never stored.

The same spikes as `snncore.rng.draws(...) < limits`, which is the definition (and the path of all
other devices); serial, so it needs no lock. A counter gives the words of four steps. Their four
answers are packed into one word, because a loop that writes into one array is vectorised (sixteen
counters at a time on a machine that can), and one that writes into four is not: with pointers that
might overlap the compiler gives up. It does so too if the ten rounds come as a function that was
optimised before, for one counter; hence `inline`. Together that is four times faster.
"""

from __future__ import annotations

import numba
import numpy as np

from snncore.kernels.exponential import exponential, exponentials, minus_log
from snncore.kernels.philox import philox4

_rounds = numba.njit(nogil=True, inline="always")(philox4.py_func)

_8, _16, _24, _1 = np.uint32(8), np.uint32(16), np.uint32(24), np.uint32(1)
_ALL = np.uint32(0x01010101)
_WORDS = np.float64(1 << 32)
NEVER_LATER = 1 << 62  # −ln(1 − p) of p = 1: each interval is one step


@numba.njit(nogil=True, cache=True)
def _pack(a, b, c, d):  # type: ignore[no-untyped-def]
    return np.uint32(a) | np.uint32(b) << _8 | np.uint32(c) << _16 | np.uint32(d) << _24


@numba.njit(nogil=True, cache=True)
def _four(highest, fires, c0, sample, stream, k0, k1, packed):  # type: ignore[no-untyped-def]
    """Four steps of one row: word <= highest, where it can fire."""
    for i in range(highest.shape[0]):
        w0, w1, w2, w3 = _rounds(c0, np.uint32(i), sample, stream, k0, k1)
        top = highest[i]
        packed[i] = _pack(w0 <= top, w1 <= top, w2 <= top, w3 <= top) & fires[i]


@numba.njit(nogil=True, cache=True)
def _unpack(packed, place, out):  # type: ignore[no-untyped-def]
    for i in range(packed.shape[0]):
        out[i] = (packed[i] >> place) & _1


@numba.njit(nogil=True, cache=True)
def _limit(value, centre, scale, most):  # type: ignore[no-untyped-def]
    """The limit of its probability min(scale·|value − centre|, most), as `rng.threshold`."""
    p = min(np.float32(abs(np.float32(value - centre)) * scale), most)
    return np.int64(np.rint(np.float64(p) * _WORDS))


@numba.njit(nogil=True, cache=True)
def bernoulli(values, gain, samples, stream, k0, k1, spikes):  # type: ignore[no-untyped-def]
    """spikes[t, b, i] = word(stream, samples[b], i, t) < limit of the probability gain·value[b, i].

    values float32 [B, N] in 0..1; gain float32; samples uint32 [B]; stream, k0, k1 uint32; spikes
    uint8 [T', B, N] with T' = T rounded up to a multiple of 4 is written; what it holds from T on
    means nothing.
    """
    n_batch, n_in = values.shape
    highest = np.empty(n_in, dtype=np.uint32)  # the largest word that fires: 2**32 is no uint32
    fires, packed = np.empty_like(highest), np.empty_like(highest)
    for b in range(n_batch):
        for i in range(n_in):
            limit = _limit(values[b, i], np.float32(0), gain, np.float32(1))
            highest[i] = limit - 1
            fires[i] = _ALL if limit > 0 else 0
        for block in range(spikes.shape[0] // 4):
            _four(highest, fires, np.uint32(block), samples[b], stream, k0, k1, packed)
            for j in range(4):
                _unpack(packed, np.uint32(8 * j), spikes[4 * block + j, b])


@numba.njit(nogil=True, cache=True)
def _four_moving(r0, r1, r2, r3, law, c0, sample, stream, k0, k1, packed):  # type: ignore[no-untyped-def]
    centre, scale, most = law
    for i in range(r0.shape[0]):
        w0, w1, w2, w3 = _rounds(c0, np.uint32(i), sample, stream, k0, k1)
        packed[i] = _pack(
            np.int64(w0) < _limit(r0[i], centre, scale, most),
            np.int64(w1) < _limit(r1[i], centre, scale, most),
            np.int64(w2) < _limit(r2[i], centre, scale, most),
            np.int64(w3) < _limit(r3[i], centre, scale, most),
        )


@numba.njit(nogil=True, cache=True)
def _unpack_signed(packed, place, row, centre, out):  # type: ignore[no-untyped-def]
    for i in range(packed.shape[0]):
        spike = np.int8((packed[i] >> place) & _1)
        out[i] = spike if row[i] >= centre else -spike


@numba.njit(nogil=True, cache=True)
def bernoulli_moving(signal, centre, scale, most, samples, stream, k0, k1, spikes):  # type: ignore[no-untyped-def]
    """Spikes of either side of a centre, with probability min(scale·|s − centre|, most).

    signal float32 [T, B, N]; centre, scale, most float32; samples uint32 [B]; stream, k0, k1
    uint32; spikes int8 [T, B, N]: the sign of s − centre where the word is below the limit, else 0.
    """
    n_steps, n_batch, n_in = signal.shape
    law, last = (centre, scale, most), n_steps - 1
    packed = np.empty(n_in, dtype=np.uint32)
    for b in range(n_batch):
        for block in range((n_steps + 3) // 4):
            t = 4 * block
            _four_moving(
                signal[t, b],
                signal[min(t + 1, last), b],
                signal[min(t + 2, last), b],
                signal[min(t + 3, last), b],
                law,
                np.uint32(block),
                samples[b],
                stream,
                k0,
                k1,
                packed,
            )
            for j in range(min(4, n_steps - t)):
                _unpack_signed(packed, np.uint32(8 * j), signal[t + j, b], centre, spikes[t + j, b])


@numba.njit(nogil=True, cache=True, error_model="numpy")
def jumps(  # type: ignore[no-untyped-def]
    values, gain, samples, stream, k0, k1, n_steps, step, row, neuron, first
):
    """Bernoulli spikes as a list: from spike to spike in one draw, 1 + ⌊ln U/ln(1 − p)⌋ steps.

    Args:
        values: float32 [M] in 0..1, M = B·N; p = gain·value, gain float32.
        samples: uint32 [B].
        stream, k0, k1: uint32.
        n_steps: T.
        step, row, neuron: int32 [K], written in the order of the neurons until full; row and
            neuron are b and i.
        first: number b·N + i of the first neuron.

    Returns:
        The neuron to go on with (M when all are done), how many of the list are filled, and how
        many blocks of four random words were made.
    """
    n_in = values.shape[0] // max(1, samples.shape[0])
    everyone = np.arange(n_in).astype(np.uint32)
    words = np.empty(4 * n_in, dtype=np.uint32)
    early = np.empty(4 * n_in, dtype=np.int64)  # the first four draws of a row: most need no more
    room, filled, blocks, row_drawn = step.shape[0], 0, 0, -1
    b, i = first // n_in, first % n_in - 1
    for m in range(first, values.shape[0]):
        i += 1
        if i == n_in:
            b, i = b + 1, 0
        if b > row_drawn:
            exponentials(np.uint32(0), everyone, samples[b], stream, k0, k1, words, early)
            row_drawn = b
        limit = _limit(values[m], np.float32(0), gain, np.float32(1))
        if limit == 0:
            continue
        scale = NEVER_LATER if limit == 1 << 32 else minus_log((1 << 33) - 2 * limit)
        w0, w1, w2, w3 = np.uint32(0), np.uint32(0), np.uint32(0), np.uint32(0)
        before, t, k = filled, -1, 0
        while True:
            if k & 3 == 0:
                blocks += 1
                if k > 0:
                    w0, w1, w2, w3 = philox4(
                        np.uint32(k >> 2), np.uint32(i), samples[b], stream, k0, k1
                    )
            drawn = early[4 * i + k] if k < 4 else exponential(w0)
            if k >= 4:
                w0, w1, w2 = w1, w2, w3
            k += 1
            t += 1 + drawn // scale
            if t >= n_steps:
                break
            if filled == room:  # the list is full: this neuron once more with a longer one
                return m, before, blocks
            step[filled], row[filled], neuron[filled] = t, b, i
            filled += 1
    return values.shape[0], filled, blocks
