"""The asynchronous sweep of a low-rank Hopfield network: one pixel after the other, on the CPU.

Each visit needs the field of one pixel only, O(K) from the K overlaps that are kept, and hangs on
all visits before it: a loop that array operations cannot shorten. Probes do not touch each other,
so each is swept in one go while its overlaps stay in cache. The random words of a step are those of
`snncore.rng.draws`, made in one pass.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from snncore.kernels.philox import philox4

_F0, _F1 = np.float32(0.0), np.float32(1.0)


@numba.njit(nogil=True, cache=True, fastmath={"reassoc"})
def sweep_(  # type: ignore[no-untyped-def]
    orders, columns, weights, own, bias, noise, states, overlaps, flips
):
    """Visit all pixels of each probe once; s_i ← sgn(U_i·M - own_i s_i + bias_i + noise_i).

    orders int32 [B, N], columns = Uᵀ float32 [N, K], weights float32 [K], own (what of the
    diagonal is taken off) and bias float32 [N], noise float32 [B, N] or [0, N] for none. The sum
    over k may run in any order: with Hebb's whole numbers it is exact all the same.
    Changes states float32 [B, N], overlaps M = w∘(U s) float32 [B, K] and flips int64 [B], the
    number of changed pixels. A field of 0 leaves a pixel alone.
    """
    n_columns = columns.shape[1]
    shaken = noise.shape[0] > 0
    for b in range(states.shape[0]):
        for i in orders[b]:
            h = _F0
            for k in range(n_columns):
                h += columns[i, k] * overlaps[b, k]
            h += bias[i] - own[i] * states[b, i]
            if shaken:
                h += noise[b, i]
            if h == _F0:
                continue
            new = _F1 if h > _F0 else -_F1
            change = new - states[b, i]
            if change != _F0:
                flips[b] += 1
                states[b, i] = new
                for k in range(n_columns):
                    overlaps[b, k] += weights[k] * columns[i, k] * change


@numba.njit(nogil=True, cache=True)
def _words(out, samples, stream, k0, k1, which):  # type: ignore[no-untyped-def]
    for b in range(out.shape[0]):
        for i in range(out.shape[1]):
            four = philox4(np.uint32(0), np.uint32(i), np.uint32(samples[b]), stream, k0, k1)
            out[b, i] = four[which]


def words(
    seed_words: tuple[int, int], stream: int, samples: NDArray[np.int64], n: int, which: int
) -> NDArray[np.int64]:
    """int64 [B, N]: draw number `which` (0..3) of `snncore.rng.draws(seed, …, samples, n, 4)`."""
    out = np.empty((len(samples), n), dtype=np.int64)
    k0, k1 = (np.uint32(word) for word in seed_words)
    _words(out, samples, np.uint32(stream), k0, k1, which)
    return out


@numba.njit(nogil=True, cache=True)
def _shuffle(out, samples, stream, k0, k1):  # type: ignore[no-untyped-def]
    for b in range(out.shape[0]):
        for i in range(out.shape[1]):
            word = philox4(np.uint32(0), np.uint32(i), np.uint32(samples[b]), stream, k0, k1)[0]
            j = np.int64((np.uint64(word) * np.uint64(i + 1)) >> np.uint64(32))
            out[b, i] = out[b, j]
            out[b, j] = i


def orders(
    seed_words: tuple[int, int], stream: int, samples: NDArray[np.int64], n: int
) -> NDArray[np.int32]:
    """int32 [B, N]: for each sample a random order of 0..n-1, by draw 0 of each of its pixels.

    The shuffle of Fisher and Yates from the inside out (Knuth 1969, algorithm P): pixel i takes a
    random place among the first i + 1, and who was there moves to the end.
    """
    out = np.zeros((len(samples), n), dtype=np.int32)
    k0, k1 = (np.uint32(word) for word in seed_words)
    _shuffle(out, samples, np.uint32(stream), k0, k1)
    return out
