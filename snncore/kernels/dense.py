"""Event-driven kernels of the dense STDP layer (see `snncore.stdp.competition` for the equations).

A spike of input i adds row i of Wᵀ [n_in, n_out] to the potentials, so the cost follows the
spikes. The leak is folded into a growing scale, leak**-t, on what is added, instead of multiplying
every potential at every step. The samples of a batch run in parallel with frozen weights; their
traces are summed per neuron in sample order, so nothing depends on the number of threads.

Random words are made and compared for all inputs of a sample at once, four steps at a time: a
plain loop over one array, with the rounds inlined, is what the compiler vectorises.
"""

from __future__ import annotations

import numba
import numpy as np

from snncore.kernels.philox import philox4

_rounds = numba.njit(nogil=True, inline="always")(philox4.py_func)

_F0, _F1 = np.float32(0.0), np.float32(1.0)
_0, _1, _2, _3, _4 = (np.uint32(k) for k in range(5))
_SCALE_LIMIT = np.float32(1e12)  # the growing scale starts anew long before float32 runs out
FIRST, LATERAL, ALL = 0, 1, 2  # competition: the first k; all who overcome inhibition; all


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
def _add(potential, row, scale):  # type: ignore[no-untyped-def]
    for j in range(potential.shape[0]):
        potential[j] += scale * row[j]


@numba.njit(nogil=True, cache=True)
def _add_four(potential, r0, r1, r2, r3, scale):  # type: ignore[no-untyped-def]
    for j in range(potential.shape[0]):
        potential[j] += scale * ((r0[j] + r1[j]) + (r2[j] + r3[j]))


@numba.njit(nogil=True, cache=True)
def add_rows(potential, w_t, active, places, n, scale):  # type: ignore[no-untyped-def]
    """potential += scale · the rows active[places[:n]] of w_t, in a fixed order."""
    whole = n - n % 4
    for s in range(0, whole, 4):
        _add_four(
            potential,
            w_t[active[places[s]]],
            w_t[active[places[s + 1]]],
            w_t[active[places[s + 2]]],
            w_t[active[places[s + 3]]],
            scale,
        )
    for s in range(whole, n):
        _add(potential, w_t[active[places[s]]], scale)


@numba.njit(nogil=True, cache=True)
def any_above(potential, theta, inverse):  # type: ignore[no-untyped-def]
    """Whether any potential, times `inverse`, has reached its threshold."""
    hit = 0
    for j in range(potential.shape[0]):
        hit |= potential[j] * inverse >= theta[j]
    return hit != 0


@numba.njit(nogil=True, cache=True)
def furthest(potential, theta, inverse):  # type: ignore[no-untyped-def]
    """The neuron furthest above its threshold; the first of equals."""
    best, best_j = np.float32(-1.0), -1
    for j in range(potential.shape[0]):
        margin = potential[j] * inverse - theta[j]
        if margin >= _F0 and margin > best:
            best, best_j = margin, j
    return best_j


@numba.njit(nogil=True, cache=True)
def _present(  # type: ignore[no-untyped-def]
    values, latency, sample, key, w_t, theta, powers, leak, n_steps, how, want_late, out
):
    """One sample; returns how many rows (moments with a spike) and events (spikes) it wrote."""
    stream, k0, k1 = key
    mode, aim, inhibition = how
    ev_neuron, ev_row, when, unit, trace, late = out
    n_in, n_out = values.shape[0], theta.shape[0]
    places = np.empty(n_in, dtype=np.uint32)
    kept = np.empty(n_in, dtype=np.uint32)
    n_active = active_inputs(values, places, kept)
    active, kept = places[:n_active], kept[:n_active]
    packed = np.empty(n_active, dtype=np.uint32)
    spiking = np.empty((4, n_active + 1), dtype=np.int64)
    n_spiking = np.zeros(4, dtype=np.int64)
    potential = np.zeros(n_out, dtype=np.float32)
    x = np.zeros(n_active, dtype=np.float32)
    n_rows = n_events = 0
    scale, listening = _F1, True
    for t in range(n_steps):
        q = t % 4
        if q == 0:
            block_of_spikes(
                active, kept, latency, np.uint32(t // 4), sample, stream, k0, k1,
                packed, spiking, n_spiking,
            )  # fmt: skip
        now = spiking[q, : n_spiking[q]]
        if want_late:
            for r in range(n_rows):
                weight = powers[t - when[r]]
                for a in now:
                    late[r, active[a]] += weight
        if not listening:
            continue
        if t > 0:
            scale = np.float32(scale / leak)
        if scale > _SCALE_LIMIT:
            for j in range(n_out):
                potential[j] /= scale
            for a in range(n_active):
                x[a] /= scale
            scale = _F1
        for a in now:
            x[a] += scale
        add_rows(potential, w_t, active, now, now.shape[0], scale)
        inverse = np.float32(_F1 / scale)
        if not any_above(potential, theta, inverse):
            continue
        best = furthest(potential, theta, inverse)
        when[n_rows] = t
        trace[n_rows] = _F0
        length = _F0
        for a in range(n_active):
            value = np.float32(x[a] * inverse)
            trace[n_rows, active[a]] = value
            length += value * value
        unit[n_rows] = _F1 / np.sqrt(length)
        if want_late:
            late[n_rows] = _F0
        ev_neuron[n_events], ev_row[n_events] = best, n_rows
        n_events += 1
        if mode == ALL:
            for j in range(n_out):
                if potential[j] * inverse >= theta[j]:
                    potential[j] = _F0
                    if j != best:
                        ev_neuron[n_events], ev_row[n_events] = j, n_rows
                        n_events += 1
        elif mode == LATERAL:
            taken = np.float32(inhibition * scale)
            for j in range(n_out):
                potential[j] -= taken
            potential[best] = _F0
        else:
            potential[best] = -np.inf
        n_rows += 1
        if mode == FIRST and n_rows == aim:
            if not want_late:
                break
            listening = False
    return n_rows, n_events


@numba.njit(nogil=True, cache=True, parallel=True)
def present(  # type: ignore[no-untyped-def]
    values, latency, samples, key, w_t, theta, powers, leak, n_steps, how, want_late, out, sizes
):
    """Show a batch: who spikes when, with the input traces at those moments.

    Args:
        values: uint32 [B, n_in] from `drive.inputs`; `latency` says which code.
        samples: uint32 [B], numbers of the samples for their random words.
        key: (stream, k0, k1), uint32.
        w_t, theta: float32 [n_in, n_out] and [n_out].
        powers: float32 [>= n_steps], leak**k.
        how: (mode, k, inhibition), float32 the last.
        want_late: whether the presentation goes on for the spikes of inputs after an event.
        out: written: events' neuron and row int32 [B, E]; of each row the step int32 [B, R],
            1 / ‖x‖ float32 [B, R], traces x and late traces float32 [B, R, n_in].
        sizes: int64 [B, 2], written: rows and events of each sample.
    """
    ev_neuron, ev_row, when, unit, trace, late = out
    for b in numba.prange(values.shape[0]):
        mine = (ev_neuron[b], ev_row[b], when[b], unit[b], trace[b], late[b])
        rows, events = _present(
            values[b], latency, samples[b], key, w_t, theta, powers, leak, n_steps, how,
            want_late, mine,
        )  # fmt: skip
        sizes[b, 0], sizes[b, 1] = rows, events


@numba.njit(nogil=True, cache=True)
def by_neuron(ev_neuron, ev_row, sizes, spikes, sample_of, row_of):  # type: ignore[no-untyped-def]
    """Events in the order of neuron, sample, time: a counting sort.

    spikes int64 [n_out] is written: events of each neuron; sample_of, row_of int32 [events].
    """
    spikes[:] = 0
    for b in range(sizes.shape[0]):
        for e in range(sizes[b, 1]):
            spikes[ev_neuron[b, e]] += 1
    place = np.cumsum(spikes) - spikes
    for b in range(sizes.shape[0]):
        for e in range(sizes[b, 1]):
            j = ev_neuron[b, e]
            sample_of[place[j]], row_of[place[j]] = b, ev_row[b, e]
            place[j] += 1


@numba.njit(nogil=True, cache=True, parallel=True)
def sums(  # type: ignore[no-untyped-def]
    who, first, sample_of, row_of, unit, trace, late, recent, want_late, pre, after
):
    """Σ over a neuron's events of x / ‖x‖ (or of x > recent, if that is > 0) and of z / ‖x‖.

    who int64 [M]; first int64 [n_out + 1], where a neuron's sorted events begin; writes pre and,
    if wanted, after float32 [M, n_in]. One thread owns a neuron and sums in order.
    """
    n_in = trace.shape[2]
    for m in numba.prange(who.shape[0]):
        pre[m] = _F0
        if want_late:
            after[m] = _F0
        for e in range(first[who[m]], first[who[m] + 1]):
            b, r = sample_of[e], row_of[e]
            factor, x = unit[b, r], trace[b, r]
            if recent > _F0:
                for i in range(n_in):
                    pre[m, i] += np.float32(x[i] > recent)
            else:
                for i in range(n_in):
                    pre[m, i] += x[i] * factor
            if want_late:
                z = late[b, r]
                for i in range(n_in):
                    after[m, i] += z[i] * factor
