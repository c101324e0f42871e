"""What a visitor of the LIF Playground should know of a setting, in words."""

from __future__ import annotations

import math
from typing import Any

from snncore.playground import Run, Setup
from snncore.stimuli import Recording

_FAST_HZ = 1000.0  # no neuron keeps up such a rate


def concerns(setup: Setup, recording: Recording | None, result: Run) -> list[str]:
    """What a visitor should know of this setting: why it is silent, too coarse or not of nature."""
    s, n, dt, end = setup.stimulus, result.summary, setup.run.dt, setup.run.duration
    words = []
    membrane = setup.membrane
    if membrane is not None and dt > membrane.tau_m:
        words.append(
            f"The time step ({dt:g} ms) is longer than the membrane time constant "
            f"({membrane.tau_m:g} ms): the voltage does all its moving within one step, and the "
            "drive is too coarse. Choose a step of at most a tenth of it."
        )
    shaped = not hasattr(setup.neuron, "v_peak") and membrane is None  # no reset: real upstrokes
    if shaped:
        longest = getattr(setup.neuron, "tau_ms", 0.5)
        if dt > longest:
            words.append(
                f"The shape of a spike is lost between time steps of {dt:g} ms: choose at most "
                f"{longest:g} ms."
            )
    if n.count >= 2 and n.isi_ms > 0 and n.count_rate_hz > _FAST_HZ:
        words.append(
            f"{n.count_rate_hz:,.0f} spikes per second: neurons reach a few hundred. Lower the "
            "current, or lengthen the refractory period."
        )
    elif n.count >= 2 and n.isi_ms < 10 * dt and getattr(setup.neuron, "timing", "") == "grid":
        words.append(
            f"An interval is only {n.isi_ms / dt:.1f} time steps long, and on the grid a spike "
            "waits for the end of its step: shorten the time step, or take exact timing."
        )
    elif setup.model != "lif" and not shaped and n.count >= 2 and n.isi_ms < 1.001 * dt:
        words.append(
            f"A spike in every time step, and this model can show no more: a step of {dt:g} ms "
            "holds one spike at most. Shorten the time step."
        )
    if s.amplitude and s.frequency_hz * dt > 100:
        words.append(
            f"A cycle of the sine ({1000 / s.frequency_hz:g} ms) has fewer than ten time steps of "
            f"{dt:g} ms: its shape is lost."
        )
    for title, level, on in (
        ("step", s.step_current, s.step_on),
        ("ramp", s.ramp_current, s.ramp_on),
        ("first pulse", s.pulse_current, s.pulse_on),
        ("sine", s.amplitude, s.sine_on),
    ):
        if level and on >= end:
            words.append(
                f"The {title} begins at {on:g} ms, after the end of the run ({end:g} ms): lengthen "
                "the run or let it begin earlier."
            )
    if recording is not None and recording.t[0] >= end:
        words.append(
            f"Your file begins at {recording.t[0]:g} ms, after the end of the run ({end:g} ms)."
        )
    if recording is not None and recording.t[-1] - recording.t[0] < 0.1 * end:
        words.append(
            f"Your file lasts {recording.t[-1] - recording.t[0]:g} ms of a run of {end:g} ms: if "
            "its times are in seconds, say so beside the file."
        )
    if s.pulse_current and s.pulse_width < dt:
        words.append(
            f"A pulse of {s.pulse_width:g} ms is shorter than the time step ({dt:g} ms): a step "
            "has all of it or nothing. Shorten the step, or widen the pulse."
        )
    neuron: Any = setup.neuron
    if hasattr(neuron, "v_rest") and hasattr(neuron, "v_th") and neuron.v_rest >= neuron.v_th:
        words.append(
            "The resting voltage lies at or above the threshold: this neuron fires without any "
            "current."
        )
    steady = recording is None and s.is_constant
    if shaped and n.count == 1 and steady and s.current > n.rheobase_na:
        words.append(
            "One spike and no more: a current that is too strong holds the voltage up "
            "(depolarisation block). Or the run is too short for a second spike."
        )
    if n.count == 0:
        words.append(silence(setup, result))
    return words


def silence(setup: Setup, result: Run) -> str:
    """Why there is no spike, and what to do about it."""
    rheobase = result.summary.rheobase_na
    peak = float(result.wave.max())
    if not math.isfinite(rheobase):
        return "No spike. Raise the current, add noise or lengthen the run."
    if result.summary.onset != "rheobase":
        return (
            f"No spike: the drive reaches {peak:.4g} nA; under a constant current the resting "
            f"state gives way to firing at {rheobase:.4g} nA. Raise the current or add noise."
        )
    if peak <= rheobase:
        return (
            f"No spike: the drive reaches {peak:.4g} nA, and this neuron needs more than its "
            f"rheobase, {rheobase:.4g} nA. Raise the current or add noise."
        )
    return (
        f"No spike although the drive reaches {peak:.4g} nA, above the rheobase of "
        f"{rheobase:.4g} nA: it does not last long enough. Lengthen it or the run."
    )
