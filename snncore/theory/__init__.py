"""What mathematics says of neurons, to be drawn beside what the simulation does."""

from __future__ import annotations

from snncore.theory.lif import (
    GRID_SHIFT,
    SineResponse,
    cutoff_hz,
    first_spike,
    grid_rate_hz,
    noisy_cv,
    noisy_rate_hz,
    rate_hz,
    rheobase,
    sine_response,
    target_voltage,
    voltage_std,
)

__all__ = [
    "GRID_SHIFT",
    "SineResponse",
    "cutoff_hz",
    "first_spike",
    "grid_rate_hz",
    "noisy_cv",
    "noisy_rate_hz",
    "rate_hz",
    "rheobase",
    "sine_response",
    "target_voltage",
    "voltage_std",
]
