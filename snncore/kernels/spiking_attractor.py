"""The spiking attractor's time loop, probe by probe: all cells of a probe stay in cache.

Repeats `snncore.hopfield.attractor_steps.advance_torch`, operation by operation; sums over pixels
and over factors are whole numbers, so their order does not matter and the spikes are the same.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

from snncore.kernels.shares import share_rows
from snncore.kernels.spiking_memory import random_input, regular_input, zero_reset

Array = Any
_0, _1 = np.float32(0.0), np.float32(1.0)


class Cells(NamedTuple):
    """The arrays of `attractor_steps.State`, in its order."""

    v: Array
    phase: Array
    trace: Array
    overlaps: Array
    total: Array
    active: Array


class Kept(NamedTuple):
    """The arrays of `attractor_steps.Record`, in its order."""

    pixels: Array
    overlaps: Array
    visible: Array
    membrane: Array


@numba.njit(nogil=True, cache=True)
def _gather(u, v, keep, gain, overlaps, levels, whole):  # type: ignore[no-untyped-def]
    """m ← keep·m + gain·Σ u v, and whole = m in steps of 1/levels."""
    for k in range(u.shape[0]):
        total = np.int32(0)
        for i in range(v.shape[0]):
            total += np.int32(u[k, i]) * np.int32(v[i])
        overlaps[k] = keep * overlaps[k] + gain * np.float32(total)
        whole[k] = np.int32(np.rint(overlaps[k] * levels))


@numba.njit(nogil=True, cache=True)
def _spread(u, whole, sums):  # type: ignore[no-untyped-def]
    """sums = Uᵀ whole."""
    sums[:] = 0
    for k in range(u.shape[0]):
        if whole[k] != 0:
            level = whole[k]
            for i in range(sums.shape[0]):
                sums[i] += level * np.int32(u[k, i])


@numba.njit(nogil=True, cache=True)
def _probe(b, u, own, cue, rate, how, cells, kept, first, last, samples, stream, k0, k1):  # type: ignore[no-untyped-def]
    n = cue.shape[1]
    beta, keep = np.float32(how.beta), np.float32(how.keep)
    fresh, gain = np.float32(how.fresh), np.float32(how.gain)
    levels, scale = np.float32(how.levels), np.float32(how.scale)
    current, v = np.empty(n, np.float32), np.zeros(n, np.int8)
    sums = np.zeros(n, np.int32)
    whole = np.empty(u.shape[0], np.int32)
    on, off, trace, overlaps = cells.v[0, b], cells.v[1, b], cells.trace[b], cells.overlaps[b]
    total = cells.total[b]
    for k in range(u.shape[0]):
        whole[k] = np.int32(np.rint(overlaps[k] * levels))
    for t in range(first, last):
        if t >= how.cue_steps:
            current[:] = _0
        elif how.random:
            random_input(cue[b], rate[b], t, samples[b], stream, k0, k1, current)
        else:
            regular_input(cue[b], rate[b], cells.phase[b], current)
        _spread(u, whole, sums)
        for i in range(n):
            current[i] += scale * np.float32(sums[i]) - own[i] * trace[i]
        cells.active[b] += zero_reset(on, off, beta, -_1, current, v)
        weight = np.int32(1) if t < how.read_from else np.int32(how.n_steps + 1)
        for i in range(n):
            trace[i] = keep * trace[i] + fresh * np.float32(v[i])
            total[i] += weight * np.int32(v[i])
        _gather(u, v, keep, gain, overlaps, levels, whole)
        for k in range(u.shape[0]):
            kept.overlaps[t, b, k] = overlaps[k]
        for k in range(kept.pixels.shape[0]):
            i = kept.pixels[k]
            kept.visible[t, b, k] = v[i]
            kept.membrane[t, b, k] = on[i]


@numba.njit(nogil=True, cache=True)
def _probes(  # type: ignore[no-untyped-def]
    begin, end, u, own, cue, rate, how, cells, kept, first, last, samples, stream, k0, k1,
):  # fmt: skip
    for b in range(begin, end):
        _probe(b, u, own, cue, rate, how, cells, kept, first, last, samples, stream, k0, k1)


def advance(
    net: tuple[Array, Array],
    drive: tuple[Array, Array],
    how: Any,
    cells: Cells,
    kept: Kept,
    span: tuple[int, int],
    words: tuple[Any, Any, Any, Any],
) -> None:
    """Steps span[0]..span[1]-1 of all probes; changes `cells`, writes `kept`.

    Args:
        net: u int16 [K, N] and the self-coupling's weight float32 [N].
        drive: current of an input spike float32 [B, N], input spikes per step int64 [B, N].
        how: `attractor_steps.Scalars`.
        words: samples uint32 [B], stream, and the two key words, uint32.
    """

    def work(begin: int, end: int) -> None:
        _probes(begin, end, *net, *drive, how, cells, kept, *span, *words)

    steps, (planes, pixels) = span[1] - span[0], net[0].shape
    share_rows(work, len(drive[0]), operations=steps * len(drive[0]) * pixels * (2 * planes + 8))
