"""The features of Izhikevich's neuron (2004), with the parameters and currents of his figure 1.

Izhikevich 2004, IEEE Trans. Neural Netw. 15:1063, doi 10.1109/TNN.2004.832719. His unit of current
is 0.1 nA with our capacity of 0.1 nF. What differs from the figure:

- (G) class 1 and (L) integrator have 0.04·V² + 4.1·V + 108 there. That is this model 11.25 mV
  lower with 20.3125 of his units more current: the same equation in other coordinates.
- (R) accommodation lets u integrate without its own decay there. Here it is shown with the
  coefficients of a resonator, which accommodates too.
- (K), (L): a train of pulses with one extra pulse, instead of two pairs.
- (I) and (Q): the strength 6.69 instead of 7.04, and d = −18 instead of −21. His Euler steps of
  0.2 and 0.1 ms shift both; integrated accurately, his values fire at once and for ever.
- (S) and (T), inhibition-induced spiking and bursting, have a < 0: they start from a state that is
  no rest without the current, and a start is not among our parameters. They are left out.
"""

from __future__ import annotations

from typing import Any

from snncore.playground.presets.preset import Preset, preset

_FEATURES = "Izhikevich's features"
_SHIFT = 11.25  # mV: from (0.04, 4.1, 108) to (0.04, 5, 140)
_MORE = 2.03125  # nA


def _feature(
    notice: str, a: float, b: float, c: float, d: float, group: str = _FEATURES, **values: Any
) -> Preset:
    return preset(
        "izhikevich", group, notice, **{"a": a, "b": b, "c": c, "d": d, "current": 0} | values
    )


def _shifted(notice: str, **values: Any) -> Preset:
    """(a, b, c, d) = (0.02, −0.1, −55, 6) with the other parabola."""
    return _feature(
        notice, 0.02, -0.1, -55 - _SHIFT, 6, v_peak=30 - _SHIFT, current=_MORE, **values
    )


def _step(current: float, on: float, duration: float, **more: Any) -> dict[str, Any]:
    return {
        "step_current": current,
        "step_on": on,
        "step_off": duration,
        "duration": duration,
    } | more


PRESETS: dict[str, Preset] = {
    "(A) Tonic spiking": _feature(
        "It fires for as long as the current lasts.", 0.02, 0.2, -65, 6, **_step(1.4, 20, 200)
    ),
    "(B) Phasic spiking": _feature(
        "One spike tells of the beginning of the step, and nothing of how long it lasts.",
        0.02, 0.25, -65, 6, **_step(0.05, 20, 200),
    ),
    "(C) Tonic bursting": _feature(
        "The reset of −50 mV lies above the threshold, so spikes come in groups until u ends them.",
        0.02, 0.2, -50, 2, "Bursting", **_step(1.5, 22, 220),
    ),
    "(D) Phasic bursting": _feature(
        "One burst tells of the beginning of the step, then the neuron is silent.",
        0.02, 0.25, -55, 0.05, "Bursting", **_step(0.06, 20, 200),
    ),
    "(E) Mixed mode": _feature(
        "A burst at the beginning, single spikes after it.",
        0.02, 0.2, -55, 4, "Bursting", **_step(1.0, 16, 160),
    ),
    "(F) Spike frequency adaptation": _feature(
        "The first interval is the shortest: u has not yet grown.",
        0.01, 0.2, -65, 8, "Adaptation", **_step(3.0, 8.5, 85),
    ),
    "(G) Class 1": _shifted(
        "As the current grows, firing begins at a low rate and gets faster: it tells the strength.",
        ramp_current=2.0, ramp_on=100, ramp_off=400, duration=400,
    ),
    "(H) Class 2": _feature(
        "As the current grows, firing begins at once at 50 Hz: there is no lower rate.",
        0.2, 0.26, -65, 0, current=-0.05,
        ramp_current=0.405, ramp_on=30, ramp_off=300, duration=300,
    ),
    "(I) Spike latency": _feature(
        "A pulse just strong enough is answered by a spike long after it is over.",
        0.02, 0.2, -65, 6, **_step(0.669, 10, 100, step_off=13),
    ),
    "(J) Subthreshold oscillations": _feature(
        "After the spike the voltage rings before it rests: the neuron has a frequency of its own.",
        0.05, 0.26, -60, 0, **_step(0.2, 20, 200, step_off=25),
    ),
    "(K) Resonator": _feature(
        "Pulses 70 ms apart do nothing; the one that comes 42 ms after another, its period, fires.",
        0.1, 0.26, -60, -1, "Resonance", pulse_current=0.06, pulse_on=40, pulse_width=4,
        pulse_period=70, step_current=0.06, step_on=222, step_off=226, duration=380,
    ),
    "(L) Integrator": _shifted(
        "Pulses far apart do nothing; the one that comes 5 ms after another adds to it and fires.",
        pulse_current=0.9, pulse_on=100, pulse_width=2, pulse_period=60,
        step_current=0.9, step_on=225, step_off=227, duration=400,
    ),
    "(M) Rebound spike": _feature(
        "Inhibition ends, and the release alone makes it fire.",
        0.03, 0.25, -60, 4, **_step(-1.5, 20, 200, step_off=25),
    ),
    "(N) Rebound burst": _feature(
        "Inhibition ends, and the release alone makes it burst.",
        0.03, 0.25, -52, 0, "Bursting", **_step(-1.5, 20, 200, step_off=25),
    ),
    "(O) Threshold variability": _feature(
        "The same pulse fires the second time only, because inhibition came just before.",
        0.03, 0.25, -60, 4, pulse_current=0.1, pulse_on=10, pulse_width=5, pulse_period=70,
        step_current=-0.6, step_on=70, step_off=75, duration=130,
    ),
    "(P) Bistability": _feature(
        "One pulse switches firing on, a later one in the right moment switches it off.",
        0.1, 0.26, -60, 0, ramp_current=0.024, ramp_on=0, ramp_off=100,
        pulse_current=0.1, pulse_on=120, pulse_width=5, pulse_period=170, duration=430,
    ),
    "(Q) Depolarizing after-potential": _feature(
        "After the spike the voltage stays above rest for a while: now it would fire more easily.",
        1.0, 0.2, -60, -18, **_step(2.0, 5, 50, step_off=7),
    ),
    "(R) Accommodation": _feature(
        "A slow rise of the current is not answered, a sudden one to the same level is.",
        0.1, 0.26, -65, 4, ramp_current=0.024, ramp_on=50, ramp_off=350,
        step_current=-0.024, step_on=450, step_off=500, duration=600,
    ),
    "Resonator under a chirp": _feature(
        "The frequency rises all the time, and the neuron fires only while it passes its own.",
        0.1, 0.26, -60, -1, "Resonance", chirp_current=0.03, chirp_from_hz=0, chirp_to_hz=120,
        duration=1500,
    ),
}  # fmt: skip
