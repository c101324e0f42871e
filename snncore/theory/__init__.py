"""What mathematics says of neurons, to be drawn beside what the simulation does."""

from __future__ import annotations

from snncore.theory.coloured import LONG, coloured_rate_hz, slow_rate_hz
from snncore.theory.constant import CONSTANT, ConstantTheory
from snncore.theory.lif import (
    SineResponse,
    cutoff_hz,
    first_spike,
    grid_rate_hz,
    rate_hz,
    rheobase,
    sine_response,
    target_voltage,
)
from snncore.theory.noise import GRID_SHIFT, noisy_cv, noisy_rate_hz, voltage_std
from snncore.theory.onset import Onset
from snncore.theory.renewal import (
    bernoulli_cv,
    bernoulli_fano,
    gamma_cv,
    poisson_dead_time_cv,
    poisson_dead_time_rate_hz,
    poisson_silence,
)

__all__ = [
    "CONSTANT",
    "GRID_SHIFT",
    "LONG",
    "ConstantTheory",
    "Onset",
    "SineResponse",
    "bernoulli_cv",
    "bernoulli_fano",
    "coloured_rate_hz",
    "cutoff_hz",
    "first_spike",
    "gamma_cv",
    "grid_rate_hz",
    "noisy_cv",
    "noisy_rate_hz",
    "poisson_dead_time_cv",
    "poisson_dead_time_rate_hz",
    "poisson_silence",
    "rate_hz",
    "rheobase",
    "sine_response",
    "slow_rate_hz",
    "target_voltage",
    "voltage_std",
]
