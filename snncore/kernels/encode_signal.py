"""Signal codes in one pass over time, all neurons of a step side by side.

Each repeats the loop of its torch definition in `snncore.encoding`, operation by operation in
float32, so the spikes are the same; only where a sum of many terms decides (`bens_spiker`,
`hough_spiker`) may the order of adding turn a tie within rounding the other way. Serial, so they
need no lock; the innermost loops go over neurons, which do not depend on each other.

All take signal float32 [T, M] and write spikes [T, M]; numbers are float32.
"""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(nogil=True, cache=True)
def delta(signal, before, rise, fall, ahead, spikes):  # type: ignore[no-untyped-def]
    """+1 where a step is above or at `rise` [M], −1 at or below `fall` [M]; int8.

    before float32 [M] precedes the first sample; with `ahead` the step to the next sample counts
    (and nothing follows the last one), and both limits are exclusive.
    """
    n_steps, n = signal.shape
    for t in range(n_steps):
        e = spikes[t]
        if ahead and t == n_steps - 1:
            e[:] = 0
            break
        new = signal[t + 1] if ahead else signal[t]
        old = signal[t] if ahead else (signal[t - 1] if t else before)
        for i in range(n):
            step = new[i] - old[i]
            if ahead:
                e[i] = np.int8(step > rise[i]) - np.int8(step < fall[i])
            else:
                e[i] = np.int8(step >= rise[i]) - np.int8(step <= fall[i])


@numba.njit(nogil=True, cache=True)
def send_on_delta(signal, theta, spikes):  # type: ignore[no-untyped-def]
    """int8 spikes where the signal leaves the band ±θ around start + level·θ."""
    n_steps, n = signal.shape
    one = np.float32(1.0)
    start = signal[0]
    level = np.zeros(n, np.float32)  # whole numbers
    spikes[0, :] = 0
    for t in range(1, n_steps):
        s, e = signal[t], spikes[t]
        for i in range(n):
            up = s[i] > start[i] + (level[i] + one) * theta
            down = s[i] < start[i] + (level[i] - one) * theta
            event = np.int8(up) - np.int8(down)
            e[i] = event
            level[i] += np.float32(event)


@numba.njit(nogil=True, cache=True)
def fade_in(values, clock, theta, spikes):  # type: ignore[no-untyped-def]
    """bool spikes of light clock[t]·values[i] that only grows, from darkness; values [M]."""
    n_steps, n = spikes.shape
    one = np.float32(1.0)
    level = np.zeros(n, np.float32)
    for t in range(n_steps):
        e, now = spikes[t], clock[t]
        for i in range(n):
            up = now * values[i] > (level[i] + one) * theta
            e[i] = up
            level[i] += np.float32(up)


@numba.njit(nogil=True, cache=True)
def moving_window(signal, window, theta, spikes):  # type: ignore[no-untyped-def]
    """int8 spikes where the signal is more than θ off the mean of the `window` samples before."""
    n_steps, n = signal.shape
    base = np.empty(n, np.float32)
    spikes[0, :] = 0
    for t in range(1, n_steps):
        count = min(t, window)
        base[:] = 0
        for k in range(1, count + 1):
            old = signal[t - k]
            for i in range(n):
                base[i] += old[i]
        length = np.float32(count)
        s, e = signal[t], spikes[t]
        for i in range(n):
            mean = base[i] / length
            e[i] = np.int8(s[i] > mean + theta) - np.int8(s[i] < mean - theta)


@numba.njit(nogil=True, cache=True)
def sigma_delta(signal, centre, unit, half, spikes):  # type: ignore[no-untyped-def]
    """int8 spikes of ±unit that keep the sum of signal − centre − spikes within ±half."""
    n_steps, n = signal.shape
    sums = np.zeros(n, np.float32)
    for t in range(n_steps):
        s, e = signal[t], spikes[t]
        for i in range(n):
            total = sums[i] + (s[i] - centre)
            event = np.int8(total >= half) - np.int8(total < -half)
            e[i] = event
            sums[i] = total - unit * np.float32(event)


@numba.njit(nogil=True, cache=True)
def bens_spiker(rest, fir, least, spikes):  # type: ignore[no-untyped-def]
    """bool spikes where subtracting `fir` [L] lowers Σ|rest| by `least` or more; eats `rest`."""
    n_steps, n = rest.shape
    length = len(fir)
    gain = np.empty(n, np.float32)
    spikes[:] = False
    for t in range(n_steps - length + 1):
        e = spikes[t]
        gain[:] = 0
        for k in range(length):
            h, r = fir[k], rest[t + k]
            for i in range(n):
                gain[i] += abs(r[i]) - abs(r[i] - h)
        for i in range(n):
            e[i] = gain[i] >= least
        _subtract(rest, fir, t, e)


@numba.njit(nogil=True, cache=True)
def hough_spiker(rest, fir, most, spikes):  # type: ignore[no-untyped-def]
    """bool spikes where `rest` falls short of `fir` [L] by `most` or less in all; eats `rest`."""
    n_steps, n = rest.shape
    length = len(fir)
    short = np.empty(n, np.float32)
    spikes[:] = False
    for t in range(n_steps - length + 1):
        e = spikes[t]
        short[:] = 0
        for k in range(length):
            h, r = fir[k], rest[t + k]
            for i in range(n):
                short[i] += max(h - r[i], np.float32(0.0))
        for i in range(n):
            e[i] = short[i] <= most
        _subtract(rest, fir, t, e)


@numba.njit(nogil=True, cache=True)
def _subtract(rest, fir, t, fired):  # type: ignore[no-untyped-def]
    """rest[t + k] −= fir[k] where a neuron fired."""
    for k in range(len(fir)):
        h, r = fir[k], rest[t + k]
        for i in range(len(fired)):
            r[i] -= h * np.float32(fired[i])


@numba.njit(nogil=True, cache=True)
def pulse_width(signal, carrier, spikes):  # type: ignore[no-untyped-def]
    """bool spikes where the signal first reaches the carrier [P] in each of its periods."""
    n_steps, n = signal.shape
    open_ = np.ones(n, np.bool_)
    for t in range(n_steps):
        phase = t % len(carrier)
        if phase == 0:
            open_[:] = True
        s, e, c = signal[t], spikes[t], carrier[phase]
        for i in range(n):
            fires = open_[i] & (s[i] >= c)
            e[i] = fires
            open_[i] &= not fires


@numba.njit(nogil=True, cache=True)
def time_encoding(signal, bias, delta, spikes):  # type: ignore[no-untyped-def]
    """uint8 counts of how often the integral of signal + bias passed another `delta`."""
    n_steps, n = signal.shape
    half, zero = np.float32(0.5), np.float32(0.0)
    integral = np.zeros(n, np.float32)
    spikes[0, :] = 0
    for t in range(1, n_steps):
        old, new, e = signal[t - 1], signal[t], spikes[t]
        for i in range(n):
            total = integral[i] + ((old[i] + new[i]) * half + bias)
            count = max(np.floor(total / delta), zero)
            e[i] = np.uint8(count)
            integral[i] = max(total - count * delta, zero)  # the quotient may round up
