"""Deterministic currents: float64 arrays [T] in nA, taken at the middle of each step.

They may be added: `constant(t, 1) + sine(t, 0.5, 10)` is a stimulus too. An edge that falls on the
time grid lies half a step away from every value taken, so rounding never moves it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from snncore.neurons.model import check_dt

Waveform = NDArray[np.float64]


def step_times(n_steps: int, dt: float) -> Waveform:
    """The middle of each step in ms, float64 [T]: (k + ½)·dt."""
    if n_steps < 1:
        raise ValueError(f"n_steps must be >= 1, got {n_steps}")
    return (np.arange(n_steps, dtype=np.float64) + 0.5) * np.float64(check_dt(dt))


def constant(t: Waveform, level: float) -> Waveform:
    """`level` nA at all times."""
    return np.full(t.shape, float(level))


def step(t: Waveform, level: float, on: float, off: float) -> Waveform:
    """`level` nA from `on` to `off` ms, otherwise 0."""
    return np.where((t >= on) & (t < off), float(level), 0.0)


def ramp(t: Waveform, level: float, on: float, off: float) -> Waveform:
    """0 until `on`, then linear up to `level` nA at `off` ms, which it keeps."""
    if not off > on:
        raise ValueError(f"off must be > on ({on:g} ms), got {off:g}")
    return float(level) * np.clip((t - on) / (off - on), 0.0, 1.0)


def pulses(t: Waveform, level: float, on: float, width: float, period: float) -> Waveform:
    """`level` nA for `width` ms at the beginning of every `period` ms, the first time at `on`."""
    if not 0 < width <= period:
        raise ValueError(f"width must be in (0, period = {period:g} ms], got {width:g}")
    since = t - on
    # Edges on the grid must not depend on how a long time divides by the period.
    inside = np.mod(since, period) < width
    return np.where((since >= 0) & inside, float(level), 0.0)


def sine(
    t: Waveform,
    amplitude: float,
    frequency_hz: float,
    *,
    offset: float = 0.0,
    phase: float = 0.0,
    on: float = 0.0,
) -> Waveform:
    """offset + amplitude·sin(2π·f·(t − on) + phase) from `on` ms, 0 before; `phase` in degrees."""
    angle = (2.0 * math.pi * frequency_hz / 1000.0) * (t - on) + math.radians(phase)
    return np.where(t >= on, offset + amplitude * np.sin(angle), 0.0)


def chirp(t: Waveform, amplitude: float, from_hz: float, to_hz: float, duration: float) -> Waveform:
    """amplitude·sin 2π(f₀t + (f₁ − f₀)t²/(2·duration)): the frequency moves linearly f₀ to f₁."""
    if not duration > 0:
        raise ValueError(f"duration must be > 0 ms, got {duration:g}")
    cycles = (from_hz * t + (to_hz - from_hz) * t * t / (2.0 * duration)) / 1000.0
    return amplitude * np.sin(2.0 * math.pi * cycles)
