"""Decoders of signal codes in one pass over time, all neurons of a step side by side.

Each repeats its torch definition in `snncore.encoding`; where a mean is taken over a window, the
sum runs along in float64, which loses nothing however long the signal is. Serial, so they need no
lock. All take spikes or pushes [T, M] and write signal float32 [T, M]; numbers are float32.
"""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(nogil=True, cache=True)
def moving_window(pushes, start, window, signal):  # type: ignore[no-untyped-def]
    """signal[t] = mean of the `window` values before t, or of those there are, + pushes[t]."""
    n_steps, n = pushes.shape
    recent = np.empty(n, np.float32)
    for i in range(n):
        signal[0, i] = pushes[0, i] + start[i]
        recent[i] = signal[0, i]
    for t in range(1, n_steps):
        length = np.float32(min(t, window))
        for i in range(n):
            signal[t, i] = recent[i] / length + pushes[t, i]
            recent[i] += signal[t, i]
        if t >= window:
            for i in range(n):
                recent[i] -= signal[t - window, i]


@numba.njit(nogil=True, cache=True)
def pulse_width(spikes, period, signal):  # type: ignore[no-untyped-def]
    """Straight lines through the first spike of each period, or 0 at the end of a silent one."""
    n_steps, n = spikes.shape
    count = (n_steps + period - 1) // period
    one, zero, length = np.float32(1.0), np.float32(0.0), np.float32(period)
    at, value = np.empty((count, n), np.float32), np.empty((count, n), np.float32)
    for k in range(count):
        begin, place, level = k * period, at[k], value[k]
        place[:] = np.float32(begin + period - 1)
        unfinished = k == count - 1 and k > 0 and begin + period > n_steps
        for i in range(n):
            level[i] = value[k - 1, i] if unfinished else zero
        for t in range(min(begin + period, n_steps) - 1, begin - 1, -1):
            e, here, now = spikes[t], one - np.float32(t - begin) / length, np.float32(t)
            for i in range(n):
                place[i] = now if e[i] > 0 else place[i]
                level[i] = here if e[i] > 0 else level[i]
    for t in range(n_steps):
        own, now, out = t // period, np.float32(t), signal[t]
        before, after = max(own - 1, 0), min(own + 1, count - 1)
        for i in range(n):
            early = now < at[own, i]  # the point of its own period is still to come
            left, right = (before, own) if early else (own, after)
            t0, t1 = at[left, i], at[right, i]
            part = min(max((now - t0) / max(t1 - t0, one), zero), one)
            out[i] = value[left, i] * (one - part) + value[right, i] * part


@numba.njit(nogil=True, cache=True)
def time_encoding(counts, delta, bias, window, signal):  # type: ignore[no-untyped-def]
    """The mean of the interval that each step lies in, averaged over `window` (odd) steps."""
    n_steps, n = counts.shape
    half, zero = np.float32(0.5), np.float32(0.0)
    means = np.empty((n_steps, n), np.float32)
    last, mean, fired = np.zeros(n, np.int32), np.zeros(n, np.float32), np.zeros(n, np.bool_)
    for t in range(n_steps):  # where a step has spikes: the mean of the interval that they end
        e, row = counts[t], means[t]
        for i in range(n):
            if e[i] > 0:
                width = np.float32(t - last[i]) - (half if last[i] == 0 else zero)
                mean[i] = np.float32(e[i]) * delta / max(width, half)
                row[i], last[i], fired[i] = mean[i], t, True
    for t in range(n_steps - 1, -1, -1):  # and everywhere else: of the spikes to come
        e, row = counts[t], means[t]
        for i in range(n):
            if e[i] > 0:
                mean[i] = row[i]
            row[i] = mean[i]
    # Sample t lies in the interval of step t + 1: between the two the integral grows.
    total, reach = np.zeros(n), window // 2
    for t in range(min(reach, n_steps)):
        row = means[min(t + 1, n_steps - 1)]
        for i in range(n):
            total[i] += row[i]
    for t in range(n_steps):
        if t + reach < n_steps:
            row = means[min(t + reach + 1, n_steps - 1)]
            for i in range(n):
                total[i] += row[i]
        if t - reach > 0:
            row = means[t - reach]
            for i in range(n):
                total[i] -= row[i]
        steps, out = min(t + reach + 1, n_steps) - max(t - reach, 0), signal[t]
        for i in range(n):
            out[i] = np.float32(total[i] / steps) - bias if fired[i] else zero
