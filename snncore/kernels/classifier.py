"""The spiking classifier over all steps in one call: responses, and the surrogate gradient.

Both repeat the torch paths in `snncore.classifier.network`, which are the definition, up to the
order of sums (float32). Points do not depend on each other and are summed in their order; serial,
so no lock is needed and a page's call never waits for a training. Weights come transposed,
[inputs, neurons]: the inner loops go over neurons and are vectorised; inputs that are silent cost
nothing.
"""

from __future__ import annotations

import math

import numba
import numpy as np


@numba.njit(nogil=True, cache=True, inline="always")
def _drive(row, weights, bias, drive):  # type: ignore[no-untyped-def]
    """drive = bias + Σ_m row[m]·weights[m]."""
    n = bias.shape[0]
    for k in range(n):
        drive[k] = bias[k]
    for m in range(row.shape[0]):
        a = np.float32(row[m])
        if a != np.float32(0.0):
            for k in range(n):
                drive[k] += a * weights[m, k]


@numba.njit(nogil=True, cache=True, inline="always")
def _step(before, drive, beta, threshold, v, fired):  # type: ignore[no-untyped-def]
    """v = beta·before·(1 − fired) + drive; fired = v >= threshold."""
    for k in range(v.shape[0]):
        kept = before[k] * (np.float32(1.0) - fired[k])
        v[k] = beta * kept + drive[k]
        fired[k] = np.float32(v[k] >= threshold)


@numba.njit(nogil=True, cache=True)
def respond(  # type: ignore[no-untyped-def]
    activity, w1, b1, w2, b2, beta, threshold, n_steps, counts, first, at_first, final, hidden,
    v1_trace, s1_trace, v2_trace,
):  # fmt: skip
    """Counts, steps of the first spike (−1: none), potentials there and at the end.

    activity [T, S, M], or [1, S, M] for all steps alike, bool or float32; w1 float32 [M, H] and b1
    [H] of the hidden layer (H = 0: none); w2 [H or M, K], b2 [K] of the class neurons; counts and
    first int32 [S, K], at_first and final float32 [S, K], and the hidden counts int32 [S, H] are
    written. A final potential is the one after the last step's reset. The traces, float32
    [T, S, H], [T, S, H] and [T, S, K] (or [0, S, …]: not wanted) take the hidden potentials and
    spikes and the class neurons' potentials, each before its reset.
    """
    keep = v2_trace.shape[0] > 0
    last = activity.shape[0] - 1
    n_hidden, n_out = b1.shape[0], b2.shape[0]
    d1, v1, s1 = (
        np.empty(n_hidden, np.float32),
        np.empty(n_hidden, np.float32),
        np.empty(n_hidden, np.float32),
    )
    d2, v2, s2 = (
        np.empty(n_out, np.float32),
        np.empty(n_out, np.float32),
        np.empty(n_out, np.float32),
    )
    for s in range(activity.shape[1]):
        v1[:] = 0.0
        s1[:] = 0.0
        v2[:] = 0.0
        s2[:] = 0.0
        for k in range(n_out):
            counts[s, k] = 0
            first[s, k] = -1
            at_first[s, k] = 0.0
        hidden[s] = 0
        for t in range(n_steps):
            if t <= last:
                if n_hidden > 0:
                    _drive(activity[t, s], w1, b1, d1)
                else:
                    _drive(activity[t, s], w2, b2, d2)
            if n_hidden > 0:
                _step(v1, d1, beta, threshold, v1, s1)
                for h in range(n_hidden):
                    hidden[s, h] += np.int32(s1[h])
                _drive(s1, w2, b2, d2)
            _step(v2, d2, beta, threshold, v2, s2)
            for k in range(n_out):
                if s2[k] > 0.0:
                    counts[s, k] += 1
                    if first[s, k] < 0:
                        first[s, k] = t
                        at_first[s, k] = v2[k]
            if keep:
                v1_trace[t, s] = v1
                s1_trace[t, s] = s1
                v2_trace[t, s] = v2
        for k in range(n_out):
            final[s, k] = v2[k] * (np.float32(1.0) - s2[k])


@numba.njit(nogil=True, cache=True, inline="always")
def _back(error, v, fired, beta, threshold, slope, change):  # type: ignore[no-untyped-def]
    """change = dL/dv of this step, from that of the next (in `change`) and dL/dspike (`error`)."""
    for k in range(v.shape[0]):
        steep = np.float32(1.0) + slope * abs(v[k] - threshold)
        kept = np.float32(1.0) - fired[k]
        change[k] = error[k] / (steep * steep) + beta * kept * change[k]


@numba.njit(nogil=True, cache=True, inline="always")
def _outer(row, change, total):  # type: ignore[no-untyped-def]
    """total[m] += row[m]·change."""
    for m in range(row.shape[0]):
        a = np.float32(row[m])
        if a != np.float32(0.0):
            for k in range(change.shape[0]):
                total[m, k] += a * change[k]


@numba.njit(nogil=True, cache=True)
def gradient(  # type: ignore[no-untyped-def]
    activity, labels, w1, b1, w2, b2, beta, threshold, slope, credit, n_steps,
    g1, h1, g2, h2, counts, first, at_first, final,
):  # fmt: skip
    """Summed cross entropy of softmax(Σ_t credit[t − t₀]·spike[t]), and its gradient.

    t₀ is the step of the earliest spike of all class neurons; before it credit[0] holds.

    activity and weights as in `respond`; labels int64 [S]; credit float32 [T]; g1, h1, g2, h2 like
    w1, b1, w2, b2 are added to; counts, first, at_first and final are written as by `respond`.
    """
    last = activity.shape[0] - 1
    n_hidden, n_out = b1.shape[0], b2.shape[0]
    d1, d2 = np.empty(n_hidden, np.float32), np.empty(n_out, np.float32)
    v1, s1 = (
        np.zeros((n_steps + 1, n_hidden), np.float32),
        np.zeros((n_steps + 1, n_hidden), np.float32),
    )
    v2, s2 = np.zeros((n_steps + 1, n_out), np.float32), np.zeros((n_steps + 1, n_out), np.float32)
    e1, e2 = np.empty(n_hidden, np.float32), np.empty(n_out, np.float32)
    c1, c2 = np.empty(n_hidden, np.float32), np.empty(n_out, np.float32)
    sum1, sum2 = np.empty(n_hidden, np.float32), np.empty(n_out, np.float32)
    pull, logits = np.empty(n_out, np.float32), np.empty(n_out, np.float32)
    loss = 0.0
    for s in range(activity.shape[1]):
        logits[:] = 0.0
        counts[s] = 0
        first[s] = -1
        at_first[s] = 0.0
        earliest = n_steps
        for t in range(n_steps):  # row t + 1 of the traces is step t; row 0 is before the first
            if t <= last:
                if n_hidden > 0:
                    _drive(activity[t, s], w1, b1, d1)
                else:
                    _drive(activity[t, s], w2, b2, d2)
            if n_hidden > 0:
                s1[t + 1] = s1[t]
                _step(v1[t], d1, beta, threshold, v1[t + 1], s1[t + 1])
                _drive(s1[t + 1], w2, b2, d2)
            s2[t + 1] = s2[t]
            _step(v2[t], d2, beta, threshold, v2[t + 1], s2[t + 1])
            for k in range(n_out):
                if s2[t + 1, k] > 0.0:
                    earliest = min(earliest, t)
                    logits[k] += credit[t - earliest]
                    counts[s, k] += 1
                    if first[s, k] < 0:
                        first[s, k] = t
                        at_first[s, k] = v2[t + 1, k]
        for k in range(n_out):
            final[s, k] = v2[n_steps, k] * (np.float32(1.0) - s2[n_steps, k])
        top = logits.max()
        total = 0.0
        for k in range(n_out):
            total += math.exp(logits[k] - top)
        loss += math.log(total) + top - logits[labels[s]]
        for k in range(n_out):
            pull[k] = np.float32(math.exp(logits[k] - top) / total)
        pull[labels[s]] -= np.float32(1.0)
        c1[:] = 0.0
        c2[:] = 0.0
        sum1[:] = 0.0
        sum2[:] = 0.0
        for t in range(n_steps - 1, -1, -1):
            for k in range(n_out):
                e2[k] = pull[k] * credit[max(0, t - earliest)]
            _back(e2, v2[t + 1], s2[t + 1], beta, threshold, slope, c2)
            for k in range(n_out):
                sum2[k] += c2[k]
            if n_hidden > 0:
                _outer(s1[t + 1], c2, g2)
                for h in range(n_hidden):
                    error = np.float32(0.0)
                    for k in range(n_out):
                        error += w2[h, k] * c2[k]
                    e1[h] = error
                _back(e1, v1[t + 1], s1[t + 1], beta, threshold, slope, c1)
                for h in range(n_hidden):
                    sum1[h] += c1[h]
                if last > 0:
                    _outer(activity[t, s], c1, g1)
            elif last > 0:
                _outer(activity[t, s], c2, g2)
        if last == 0:
            if n_hidden > 0:
                _outer(activity[0, s], sum1, g1)
            else:
                _outer(activity[0, s], sum2, g2)
        for h in range(n_hidden):
            h1[h] += sum1[h]
        for k in range(n_out):
            h2[k] += sum2[k]
    return loss
