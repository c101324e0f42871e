"""Event-driven kernels of the dense STDP layer (see `snncore.stdp.competition` for the equations).

The samples of a batch run in parallel with frozen synapses (`dense_neurons`); their traces are
summed per neuron in sample order, so nothing depends on the number of threads. The leak of the
traces is folded into a growing scale, leak**-t, on what is added to them.
"""

from __future__ import annotations

import numba
import numpy as np

from snncore.kernels.dense_inputs import active_inputs as active_inputs
from snncore.kernels.dense_inputs import block_of_spikes as block_of_spikes
from snncore.kernels.dense_neurons import BLOCK as BLOCK
from snncore.kernels.dense_neurons import add_rows, advance, furthest
from snncore.kernels.dense_neurons import freeze as freeze
from snncore.kernels.dense_rules import step

_F0, _F1 = np.float32(0.0), np.float32(1.0)
_SCALE_LIMIT = np.float32(1e12)  # the growing scale starts anew long before float32 runs out
FIRST, LATERAL, ALL = 0, 1, 2  # competition: the first k; all who overcome inhibition; all


@numba.njit(nogil=True, cache=True)
def _present(  # type: ignore[no-untyped-def]
    values, latency, sample, key, synapses, theta, powers, n_steps, how, want_late, out
):
    """One sample; returns how many rows (moments with a spike) and events (spikes) it wrote."""
    stream, k0, k1 = key
    mode, aim, inhibition = how
    whole, quantum = synapses
    ev_neuron, ev_row, when, unit, trace, late = out
    leak = powers[1]
    n_in, n_out = values.shape[0], theta.shape[0]
    places = np.empty(n_in, dtype=np.uint32)
    kept = np.empty(n_in, dtype=np.uint32)
    n_active = active_inputs(values, places, kept)
    active, kept = places[:n_active], kept[:n_active]
    packed = np.empty(n_active, dtype=np.uint32)
    spiking = np.empty((4, n_active + 1), dtype=np.int64)
    n_spiking = np.zeros(4, dtype=np.int64)
    potential = np.zeros(n_out, dtype=np.float32)
    gets = np.zeros(n_out, dtype=np.int16)
    margins = np.empty(BLOCK, dtype=np.float32)
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
            for a in range(n_active):
                x[a] /= scale
            scale = _F1
        for a in now:
            x[a] += scale
        add_rows(gets, whole, active, now, now.shape[0])
        advance(potential, gets, quantum, leak, theta, margins)
        first = furthest(potential, theta, margins)
        if first < 0:
            continue
        inverse = np.float32(_F1 / scale)
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
        ev_neuron[n_events], ev_row[n_events] = first, n_rows
        n_events += 1
        if mode == ALL:
            for j in range(n_out):
                if potential[j] >= theta[j]:
                    potential[j] = _F0
                    if j != first:
                        ev_neuron[n_events], ev_row[n_events] = j, n_rows
                        n_events += 1
        elif mode == LATERAL:
            for j in range(n_out):
                potential[j] -= inhibition
            potential[first] = _F0
        else:
            potential[first] = -np.inf
        n_rows += 1
        if mode == FIRST and n_rows == aim:
            if not want_late:
                break
            listening = False
    return n_rows, n_events


@numba.njit(nogil=True, cache=True, parallel=True)
def present_all(  # type: ignore[no-untyped-def]
    values, latency, samples, key, synapses, theta, powers, n_steps, how, want_late, out, sizes
):
    """Show a batch: who spikes when, with the input traces at those moments.

    Args:
        values: uint32 [B, n_in] from `drive.inputs`; `latency` says which code.
        samples: uint32 [B], numbers of the samples for their random words.
        key: (stream, k0, k1), uint32.
        synapses: (int16 [n_in, M], float32 the unit of its whole numbers); M in whole blocks.
        theta: float32 [M], beyond any potential for the neurons that only fill a block.
        powers: float32 [>= n_steps, at least 2], leak**k.
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
            values[b], latency, samples[b], key, synapses, theta, powers, n_steps, how,
            want_late, mine,
        )  # fmt: skip
        sizes[b, 0], sizes[b, 1] = rows, events


@numba.njit(nogil=True, cache=True)
def _by_neuron(ev_neuron, ev_row, sizes, spikes, sample_of, row_of):  # type: ignore[no-untyped-def]
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
def _learn_(  # type: ignore[no-untyped-def]
    w_t, who, first, sample_of, row_of, buffers, recent, want_late, budget, code, rate, constants
):
    """Weights of the neurons that spiked, in place: the means of their traces, the rule, the norm.

    w_t float32 [n_in, n_out]; who int64 [M]; first int64 [n_out + 1], where a neuron's sorted
    events begin; buffers as `out` of `present`. The rule sees x / ‖x‖, or x > recent where that
    is > 0, and z / ‖x‖. One thread owns a neuron and sums in order.
    """
    unit, trace, late = buffers
    n_in = w_t.shape[0]
    for m in numba.prange(who.shape[0]):
        j = who[m]
        pre = np.zeros(n_in, dtype=np.float32)
        after = np.zeros(n_in if want_late else 0, dtype=np.float32)
        for e in range(first[j], first[j + 1]):
            b, r = sample_of[e], row_of[e]
            factor, x = unit[b, r], trace[b, r]
            if recent > _F0:
                for i in range(n_in):
                    pre[i] += np.float32(x[i] > recent)
            else:
                for i in range(n_in):
                    pre[i] += x[i] * factor
            if want_late:
                z = late[b, r]
                for i in range(n_in):
                    after[i] += z[i] * factor
        n = np.float32(first[j + 1] - first[j])
        for i in range(n_in):
            pre[i] /= n
        for i in range(after.shape[0]):
            after[i] /= n
        w = np.empty(n_in, dtype=np.float32)
        for i in range(n_in):
            w[i] = w_t[i, j]
        step(code, rate, n, w, pre, after, constants)
        scale = _F1
        if budget:
            length = _F0
            for i in range(n_in):
                length += w[i] * w[i]
            if length == _F0:
                continue  # nothing would be left of it: it stays as it was
            scale = np.float32(_F1 / np.sqrt(length))
        for i in range(n_in):
            w_t[i, j] = w[i] * scale


@numba.njit(nogil=True, cache=True)
def adapt_(theta, spikes, batch, law):  # type: ignore[no-untyped-def]
    """Thresholds after a batch, in place: `snncore.stdp.homeostasis`, in its order of operations.

    law: float32 (η_θ θ₀, k, what a silent batch leaves, lowest, highest).
    """
    step, aim, left, low, high = law
    n = theta.shape[0]
    share = np.float32(batch / n)
    silent = not spikes.any()
    for j in range(n):
        before = np.float32(theta[j] * left) if silent else theta[j]
        moved = np.float32(step * np.float32(np.float32(np.float32(spikes[j]) / aim) - share))
        theta[j] = min(max(np.float32(before + moved), low), high)


@numba.njit(nogil=True, cache=True)
def learn_shown_(w_t, buffers, sizes, rule, rate, told):  # type: ignore[no-untyped-def]
    """Learn from samples that were shown: weights in place.

    Args:
        w_t: float32 [n_in, n_out].
        buffers, sizes: `out` and `sizes` of `present_all`.
        rule, rate: see `learn_batch_`.
        told: written: int64 winner [b] and its step [b], -1 where nobody spiked; spikes [n_out].
    """
    code, want_late, recent, budget, constants = rule
    neuron, row, when, unit, trace, late = buffers
    winner, first_step, spikes = told
    for b in range(sizes.shape[0]):
        spiked = sizes[b, 0] > 0
        winner[b] = neuron[b, 0] if spiked else -1
        first_step[b] = when[b, 0] if spiked else -1
    sample_of = np.empty(sizes[:, 1].sum(), dtype=np.int32)
    row_of = np.empty_like(sample_of)
    _by_neuron(neuron, row, sizes, spikes, sample_of, row_of)
    if rate > _F0:
        first = np.zeros(spikes.shape[0] + 1, dtype=np.int64)
        first[1:] = np.cumsum(spikes)
        _learn_(
            w_t, np.flatnonzero(spikes), first, sample_of, row_of, (unit, trace, late), recent,
            want_late, budget, code, rate, constants,
        )  # fmt: skip


@numba.njit(nogil=True, cache=True)
def learn_batch_(  # type: ignore[no-untyped-def]
    layer, shown, frozen, powers, n_steps, how, rule, rate, homeostasis, buffers, told
):
    """Show a batch to the frozen synapses and learn from it; the layer is changed in place.

    One call, because Python between the parts would take a quarter of the time of a small layer.

    Args:
        layer: float32 (w_t [n_in, n_out], theta [n_out]).
        shown: (values uint32 [B, n_in], whether they are latencies, samples uint32 [B], key).
        frozen: (units, least, most, whole, limits) for `dense_neurons.freeze`.
        powers, n_steps, how: see `present_all`.
        rule: (code, `want_late`, recent, budget, constants), see `_learn_`.
        rate: float32, η; 0 leaves the weights as they are.
        homeostasis: (whether, law), see `adapt_`.
        buffers: `out` of `present_all` with as many samples as are learnt at a time.
        told: written: int64 winner [B] and its step [B], -1 where nobody spiked; spikes [n_out].

    Returns:
        What `freeze` returns; unless that is a unit, nothing was learnt.
    """
    w_t, theta = layer
    values, latency, samples, key = shown
    units, least, most, whole, limits = frozen
    winner, first_step, spikes = told
    place = freeze(w_t, theta, least, most, units, whole, limits)
    if place < 0 or place == units.shape[0]:
        return place
    n_batch, size = values.shape[0], buffers[2].shape[0]
    spikes[:] = 0
    some = np.empty_like(spikes)
    for start in range(0, n_batch, size):
        end = min(start + size, n_batch)
        sizes = np.empty((end - start, 2), dtype=np.int64)
        present_all(
            values[start:end], latency, samples[start:end], key, (whole, units[place]), limits,
            powers, n_steps, how, rule[1], buffers, sizes,
        )  # fmt: skip
        told_now = (winner[start:end], first_step[start:end], some)
        learn_shown_(w_t, buffers, sizes, rule, rate, told_now)
        spikes += some
    if homeostasis[0]:
        adapt_(theta, spikes, n_batch, homeostasis[1])
    return place
