"""Gain and phase of the voltage against the frequency of a weak sine current (a Bode plot).

One run per frequency, around a holding current that leaves the neuron at rest. It starts where the
linear equations expect it to be at that moment of the cycle, which saves most of the waiting; what
was wrong with that start then fades for three of the slowest time constants (or 20,000 steps).
Whole cycles are fitted with a sine and a cosine of the drive's frequency (least squares, which over
whole cycles are two sums), so

    V(t) ≈ V_0 + gain·I_0·sin(ωt + phase)

Theory: a passive membrane is a filter of first order, R/√(1 + (ωτ)²) and −arctan(ωτ); a synaptic
filter in front of it multiplies it by 1/√(1 + (ωτ_s)²) and turns it by another −arctan(ωτ_s), the
alpha synapse twice. Other models have the impedance of their linear equations at rest (`linear`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore.neurons import LIFParams
from snncore.params import Params, integer, number
from snncore.playground.linear import Complex, RestingPoint, resting_point, run_from
from snncore.playground.setup import Setup

Array = NDArray[np.float64]

_PER_CYCLE = 400  # steps, each with the mean of the sine: what this leaves is of order 1/400²
_FINEST = 20_000  # steps per cycle, for a model with errors in dt
_CYCLES = 2  # that are fitted
_FADE = 3.0  # slowest time constants to wait, from a start that is already close to the answer
_LONGEST = 20_000  # steps to wait at most
_SWING = {"mV": 0.1}  # how far the voltage may move where it is not linear
_SMALL_SWING = 0.002  # for a voltage without unit
_LINE = 200


@dataclass(frozen=True)
class ResponseParams(Params):
    """The frequency response."""

    holding: float = number(
        0, -10, 10, "The constant current around which the sine swings. The neuron must rest.",
        unit="nA", step=0.05, label="Holding current",
    )  # fmt: skip
    low_hz: float = number(
        1, 0.2, 1000, "The lowest frequency.", unit="Hz", step=1, label="From"
    )  # fmt: skip
    high_hz: float = number(
        500, 0.2, 2000, "The highest frequency.", unit="Hz", step=10, label="To"
    )  # fmt: skip
    points: int = integer(25, 3, 60, "How many frequencies are simulated.", label="Points")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.low_hz < self.high_hz:
            raise ValueError(f"low_hz must be < high_hz ({self.high_hz:g} Hz), got {self.low_hz:g}")


class Response(NamedTuple):
    """Simulated points and the line of theory."""

    frequency_hz: Array  # [P]
    gain: Array  # [P] mV per nA (or the unit of the voltage); NaN where the neuron fired
    phase_deg: Array  # [P] unwrapped; negative: the voltage lags
    theory_gain: Array  # [P] at the same frequencies
    theory_phase_deg: Array  # [P]
    line_hz: Array  # [L]
    line_gain: Array  # [L]
    line_phase_deg: Array  # [L]
    theory: str  # "RC", "RC and synapse" or "linearised"
    amplitude: float  # nA of the sine
    rest: float  # voltage at the holding current
    resonance_hz: float  # where the line is highest; 0 if it falls from the lowest frequency on
    cutoff_hz: float  # −3 dB below the line's lowest frequency; NaN if not on the line


def response(setup: Setup, params: ResponseParams) -> Response:
    """Measure and compute the frequency response.

    Only the neuron of the setup counts, and for models with errors in dt also dt: its steps or
    shorter ones, but at most 20,000 per cycle.

    Raises:
        ValueError: the neuron does not rest at the holding current.
    """
    point = resting_point(setup, params.holding)
    frequencies = np.geomspace(params.low_hz, params.high_hz, params.points)
    line_hz = np.geomspace(params.low_hz, params.high_hz, _LINE)
    # From far below on, so that the turns of the phase are counted from 0.
    low_hz = np.append(np.geomspace(params.low_hz / 1000, params.low_hz, _LINE)[:-1], line_hz)
    kind, all_of_it = _theory(setup, point, low_hz)
    line, phase = all_of_it[-_LINE:], np.degrees(np.unwrap(np.angle(all_of_it)))
    _, expected = _theory(setup, point, frequencies)
    turned = _nearest(expected, np.interp(frequencies, low_hz, phase))
    swing = _SWING.get(setup.kind.variables[0].unit, _SMALL_SWING)
    amplitude = swing / float(np.abs(line).max())
    answers = np.array([_fit(setup, point, params.holding, amplitude, f) for f in frequencies])
    line_gain, peak = np.abs(line), int(np.abs(line).argmax())
    below = np.flatnonzero(line_gain < line_gain[0] / math.sqrt(2.0))
    return Response(
        frequency_hz=frequencies,
        gain=np.abs(answers),
        phase_deg=_nearest(answers, turned),
        theory_gain=np.abs(expected),
        theory_phase_deg=turned,
        line_hz=line_hz,
        line_gain=line_gain,
        line_phase_deg=phase[-_LINE:],
        theory=kind,
        amplitude=amplitude,
        rest=float(point.values[0]),
        resonance_hz=float(line_hz[peak]) if 0 < peak < _LINE - 1 else 0.0,
        cutoff_hz=float(line_hz[below[0]]) if below.size else math.nan,
    )


def _theory(setup: Setup, point: RestingPoint, frequency_hz: Array) -> tuple[str, Complex]:
    membrane = setup.membrane
    linear = isinstance(setup.neuron, LIFParams) or setup.model in _POLES
    if membrane is None or not linear:
        return "linearised", point.impedance(frequency_hz)
    omega = 2.0 * math.pi * frequency_hz / 1000.0
    rc: Complex = np.asarray(membrane.r_m / (1.0 + 1j * omega * membrane.tau_m), np.complex128)
    poles = _POLES.get(setup.model, 0)
    if poles == 0:
        return "RC", rc
    tau = float(getattr(setup.neuron, "tau_syn"))  # noqa: B009  only some models have it
    synapse = (1.0 + 1j * omega * tau) ** poles
    return "RC and synapse", np.asarray(rc / synapse, dtype=np.complex128)


# Models whose voltage is linear below threshold: how many synaptic filters precede the membrane.
_POLES = {"lif": 0, "adaptive": 0, "synaptic": 1, "alpha": 2}


def _nearest(z: Complex, degrees: Array) -> Array:
    """The phases of `z`, each by whole turns as near to `degrees` as possible."""
    angle = np.degrees(np.angle(z))
    return angle + 360.0 * np.round((degrees - angle) / 360.0)


def _fit(
    setup: Setup, point: RestingPoint, holding: float, amplitude: float, frequency_hz: float
) -> complex:
    """Voltage per nA at one frequency, as amplitude and phase of a complex number."""
    period = 1000.0 / frequency_hz
    per_cycle = _PER_CYCLE
    if setup.kind.method != "exact":
        per_cycle = max(per_cycle, min(math.ceil(period / setup.run.dt), _FINEST))
    dt = period / per_cycle
    slowest = 1.0 / max(float(np.min(-point.eigenvalues.real)), 1e-9)
    # Whole cycles of waiting too: the sine begins at phase 0 of a cycle.
    waiting = math.ceil(min(_FADE * slowest, _LONGEST * dt) / period) * per_cycle
    steps = waiting + _CYCLES * per_cycle
    angle = 2.0 * math.pi / per_cycle * (np.arange(steps) + 0.5)
    start = point.values + amplitude * point.answer(np.array(frequency_hz)).imag
    # The mean of the sine over each step, so that a step brings the charge of the sine itself.
    half = math.pi / per_cycle
    wave = amplitude * math.sin(half) / half * np.sin(angle)
    trace = run_from(setup, start, holding + wave, dt)
    if int(trace.counts.sum()):
        return complex(math.nan, math.nan)
    v = trace.v[waiting:, 0, 0].numpy() - point.values[0]
    ends = 2.0 * math.pi / per_cycle * (np.arange(waiting, steps) + 1.0)
    in_phase, ahead = 2.0 * np.mean(v * np.sin(ends)), 2.0 * np.mean(v * np.cos(ends))
    return complex(in_phase, ahead) / amplitude
