"""What theory expects of a run, and which theory applies.

Which one depends on the model and its drive. For a constant current the rate is known in closed
form ("exact") or as a number from a root or an integral ("quadrature"). For the LIF neuron under a
steady current with noise it is Siegert's ("Siegert"); for a drive that changes in time, the mean
of those rates at each moment ("quasi-static": right as long as the drive changes little within an
interval, an approximation otherwise).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore import theory
from snncore.neurons import LIFParams
from snncore.playground.setup import Setup

Array = NDArray[np.float64]
_QUASI_STATIC_POINTS = 2000


class Expected(NamedTuple):
    """Expected numbers; NaN where there is no theory."""

    kind: str  # "exact", "quadrature", "Siegert", "quasi-static" or "none"
    rate_hz: float  # in continuous time
    grid_rate_hz: float  # of the simulation, which may look for spikes only every dt
    first_spike_ms: float  # infinite where there is none
    cv: float
    rheobase_na: float


_NOTHING = Expected("none", math.nan, math.nan, math.nan, math.nan, math.nan)


def expected(setup: Setup, wave: Array) -> Expected:
    """The theory of one run whose deterministic current is `wave` nA [T]."""
    if not isinstance(setup.neuron, LIFParams):
        return _NOTHING
    neuron, stimulus, dt = setup.neuron, setup.stimulus, setup.run.dt
    none = _NOTHING._replace(rheobase_na=theory.rheobase(neuron))
    if neuron.reset == "none":
        return none
    level = float(wave[0])
    if stimulus.is_constant:
        rate = float(theory.rate_hz(neuron, level))
        return Expected(
            "exact",
            rate,
            float(theory.grid_rate_hz(neuron, level, dt)),
            float(theory.first_spike(neuron, level)),
            0.0 if rate > 0 else math.nan,
            none.rheobase_na,
        )
    sigma_v = stimulus.sigma_v
    steady = bool(np.all(wave == level))
    levels = wave[:1] if steady else wave[:: max(1, wave.size // _QUASI_STATIC_POINTS)]
    return none._replace(
        kind="Siegert" if steady else "quasi-static",
        rate_hz=float(theory.noisy_rate_hz(neuron, levels, sigma_v).mean()),
        grid_rate_hz=float(theory.noisy_rate_hz(neuron, levels, sigma_v, dt).mean()),
        cv=theory.noisy_cv(neuron, level, sigma_v) if steady else math.nan,
    )
