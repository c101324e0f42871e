"""Noise on a CPU: whole random numbers by inversion, and the memory of coloured noise.

`places` gives the numbers of `torch.searchsorted(edges, snncore.rng.draws(...), right=True)`, but
makes the words where they are compared; `decaying_rows` is the recursion that
`snncore.stimuli.noise.decaying_sum` takes by doubling. Serial, so they need no lock.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from snncore.kernels.philox import philox4


@numba.njit(nogil=True, cache=True)
def _place(out, edges, samples, stream, k0, k1):  # type: ignore[no-untyped-def]
    steps, n_batch, n_neurons = out.shape
    count = edges.shape[0]
    for block in range((steps + 3) // 4):
        for b in range(n_batch):
            for i in range(n_neurons):
                words = philox4(
                    np.uint32(block), np.uint32(i), np.uint32(samples[b]), stream, k0, k1
                )
                for w in range(4):
                    t = 4 * block + w
                    if t < steps:
                        word = np.int64(words[w])
                        low, high = 0, count  # edges below `low` are <= word, from `high` on >
                        while low < high:
                            middle = (low + high) // 2
                            if edges[middle] <= word:
                                low = middle + 1
                            else:
                                high = middle
                        out[t, b, i] = low


def places(
    seed_words: tuple[int, int],
    stream: int,
    samples: NDArray[np.int64],
    n_neurons: int,
    n_steps: int,
    edges: NDArray[np.int64],
) -> NDArray[np.int64]:
    """int64 [T, B, N]: how many of the rising `edges` are at most the word of each place."""
    out = np.empty((n_steps, len(samples), n_neurons), dtype=np.int64)
    k0, k1 = (np.uint32(word) for word in seed_words)
    _place(out, edges, samples, np.uint32(stream), k0, k1)
    return out


@numba.njit(nogil=True, cache=True)
def decaying_rows(rows, factor):  # type: ignore[no-untyped-def]
    """rows[t] += factor·rows[t − 1], from the first to the last; floating [T, M], changed."""
    for t in range(1, rows.shape[0]):
        for m in range(rows.shape[1]):
            rows[t, m] += factor * rows[t - 1, m]
