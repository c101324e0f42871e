"""Settings worth seeing, each with one sentence of what to notice."""

from __future__ import annotations

from typing import Any, NamedTuple

from snncore.playground.setup import Setup


class Preset(NamedTuple):
    """A setup, what to notice in it, and the group under which it is listed."""

    setup: Setup
    notice: str
    group: str


def _lif(notice: str, **values: Any) -> Preset:
    return Preset(Setup.of("lif", **values), notice, "LIF")


PRESETS: dict[str, Preset] = {
    "Tonic": _lif(
        "A constant current gives equal intervals, as long as the equation says they are."
    ),
    "Rheobase": _lif(
        "1 % above the rheobase the voltage creeps along the threshold before it fires.",
        current=2.02, duration=1000,
    ),
    "Step": _lif(
        "The constant part alone is too weak: the neuron fires only while the step is on.",
        current=1.0, step_current=1.8, step_on=100, step_off=400,
    ),
    "Sine": _lif(
        "Spikes come only near the crests, and stop soon after the current falls.",
        current=1.8, amplitude=1.2, frequency_hz=4, duration=1000,
    ),
    "Noise-induced firing": _lif(
        "The mean current is far below the rheobase; every spike here is caused by noise.",
        current=1.4, sigma_v=4, duration=2000,
    ),
    # 1.5·(1 + sin) nA into 100 MΩ with noise: a demo often met on the web. It drives the neuron
    # a hundred times over its rheobase, hence the unphysiological 0.7 kHz.
    "Seed demo": _lif(
        "The drive reaches twenty times the rheobase, so the neuron fires at 0.7 kHz and more.",
        tau_m=10, r_m=100, v_rest=-65, v_reset=-70, v_th=-50, t_ref=0,
        current=1.5, amplitude=1.5, frequency_hz=10, sigma_v=1.4, duration=100,
    ),
}  # fmt: skip
