"""What is known of each model under a constant current, by the model's name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snncore.neurons import MODELS
from snncore.theory import integrate_and_fire as iaf
from snncore.theory import lif, onset
from snncore.theory.onset import Onset
from snncore.theory.stability import numerical_onset

Array = NDArray[np.float64]
Kind = Literal["exact", "quadrature", "none"]


@dataclass(frozen=True)
class ConstantTheory:
    """Rate, first spike and onset of one model; the functions take its parameter set first.

    `kind` says how the rate is known: in closed form, as a root or an integral, or not at all
    (then rate and first spike are NaN).
    """

    kind: Kind
    rate_hz: Callable[[Any, ArrayLike], Array]  # stationary, of constant currents in nA
    grid_rate_hz: Callable[[Any, ArrayLike, float], Array]  # in simulations with steps of dt ms
    first_spike: Callable[[Any, float], float]  # ms from rest; infinite where none comes
    onset: Callable[[Any], Onset]


def _exact(rate_hz: Callable[[Any, ArrayLike], Array]) -> Callable[[Any, ArrayLike, float], Array]:
    """For models whose spikes have exact times, the simulation has the rate of the theory."""
    return lambda params, current, dt: _one_per_step(rate_hz(params, current), dt)


def _one_per_step(rate_hz: Array, dt: float) -> Array:
    """All models but the LIF fire once in a step at most, a second spike waits for the next."""
    return np.minimum(rate_hz, 1000.0 / dt)


def _unknown_rate(params: Any, current: ArrayLike) -> Array:
    return np.full(np.shape(current), math.nan)


def _none(find_onset: Callable[[Any], Onset]) -> ConstantTheory:
    return ConstantTheory(
        "none", _unknown_rate, _exact(_unknown_rate), lambda p, i: math.nan, find_onset
    )


def _behind_a_synapse(stages: int) -> ConstantTheory:
    return ConstantTheory(
        "exact",
        lambda p, i: lif.rate_hz(iaf.as_lif(p), i),
        lambda p, i, dt: _one_per_step(lif.grid_rate_hz(iaf.as_lif(p), i, dt), dt),
        lambda p, i: iaf.filtered_first_spike(p, i, stages),
        onset.threshold_onset,
    )


def _eif_rate_hz(params: Any, current: ArrayLike) -> Array:
    return _rate(params.t_ref + iaf.eif_time(params, current, params.v_reset))


def _qif_rate_hz(params: Any, current: ArrayLike) -> Array:
    return _rate(params.t_ref + iaf.qif_time(params, current, params.v_reset))


def _rate(interval: Array) -> Array:
    return 1000.0 / interval


def _adaptive_grid_rate_hz(params: Any, current: ArrayLike, dt: float) -> Array:
    """Intervals of whole steps need not repeat while the threshold moves: not known."""
    if params.timing == "grid":
        return _unknown_rate(params, current)
    return _one_per_step(iaf.adaptive_rate_hz(params, current), dt)


def _hodgkin_huxley_onset(params: Any) -> Onset:
    model = MODELS["hodgkin_huxley"]
    rest = float(model.rest(params)[0])
    return numerical_onset(model, params, rest, rest + 60.0)


CONSTANT: dict[str, ConstantTheory] = {
    "lif": ConstantTheory(
        "exact",
        lif.rate_hz,
        lif.grid_rate_hz,
        lambda p, i: float(lif.first_spike(p, i)),
        onset.threshold_onset,
    ),
    "adaptive": ConstantTheory(
        "quadrature",
        iaf.adaptive_rate_hz,
        _adaptive_grid_rate_hz,
        lambda p, i: float(lif.first_spike(iaf.as_lif(p), i)),
        onset.threshold_onset,
    ),
    "synaptic": _behind_a_synapse(1),
    "alpha": _behind_a_synapse(2),
    "eif": ConstantTheory(
        "quadrature",
        _eif_rate_hz,
        _exact(_eif_rate_hz),
        lambda p, i: float(iaf.eif_time(p, i, p.v_rest)),
        onset.eif_onset,
    ),
    "qif": ConstantTheory(
        "exact",
        _qif_rate_hz,
        _exact(_qif_rate_hz),
        lambda p, i: float(iaf.qif_time(p, i, p.v_rest)),
        onset.qif_onset,
    ),
    "adex": _none(onset.adex_onset),
    "izhikevich": _none(onset.izhikevich_onset),
    "fitzhugh_nagumo": _none(onset.fitzhugh_nagumo_onset),
    "hodgkin_huxley": _none(_hodgkin_huxley_onset),
}
