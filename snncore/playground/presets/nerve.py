"""Presets of the nerve models: FitzHugh–Nagumo and Hodgkin–Huxley."""

from __future__ import annotations

from typing import Any

from snncore.playground.presets.preset import Preset, preset


def _nerve(model: str, notice: str, group: str = "Nerve", **values: Any) -> Preset:
    return preset(model, group, notice, **values)


PRESETS: dict[str, Preset] = {
    "FitzHugh–Nagumo: relaxation": _nerve(
        "fitzhugh_nagumo",
        "Slow along the two outer branches of the nullcline, fast between them.",
        current=0.5, duration=300,
    ),
    "FitzHugh–Nagumo: excitable": _nerve(
        "fitzhugh_nagumo",
        "Two equal pulses: the first makes a full spike, the second falls into recovery.",
        current=0, pulse_current=1.5, pulse_on=20, pulse_width=1, pulse_period=14, duration=46,
    ),
    "Hodgkin–Huxley: tonic": _nerve(
        "hodgkin_huxley",
        "A train of 68 Hz at 10 µA/cm²; below 6 there is none, so there are no low rates.",
        current=1.0, duration=120,
    ),
    "Hodgkin–Huxley: anode break": _nerve(
        "hodgkin_huxley",
        "When the inhibition ends the axon fires: it has removed inactivation (h) meanwhile.",
        current=0, step_current=-0.5, step_on=20, step_off=50, duration=100,
    ),
    "Hodgkin–Huxley: every other pulse": _nerve(
        "hodgkin_huxley",
        "It answers every other pulse only: after a spike h is low and n is high for a while.",
        current=0, pulse_current=2.5, pulse_on=10, pulse_width=1, pulse_period=7, duration=60,
    ),
    "Hodgkin–Huxley: depolarisation block": _nerve(
        "hodgkin_huxley",
        "Too much current: sodium stays inactivated, and after a first spike the rest only rings.",
        area=5000, current=8.5, duration=60,
    ),
    "Hodgkin–Huxley under a chirp": _nerve(
        "hodgkin_huxley",
        "The axon answers only while the frequency passes its own, near 70 Hz.",
        "Resonance", current=0, chirp_current=0.2, chirp_from_hz=0, chirp_to_hz=200, duration=800,
    ),
}  # fmt: skip
