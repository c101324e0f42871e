"""Presets of the plain neuron, its noise and its relatives."""

from __future__ import annotations

from typing import Any

from snncore.playground.presets.preset import Preset, preset


def _lif(notice: str, **values: Any) -> Preset:
    return preset("lif", "LIF", notice, **values)


def _noise(notice: str, **values: Any) -> Preset:
    return preset("lif", "Noise", notice, **values)


PRESETS: dict[str, Preset] = {
    "Tonic": _lif(
        "A constant current gives equal intervals; the equation below says how long they are."
    ),
    "Rheobase": _lif(
        "1 % above the rheobase the voltage creeps along the threshold before it fires.",
        current=2.02, duration=1000,
    ),
    "Step": _lif(
        "The constant part alone is too weak: the neuron fires only while the step is on.",
        current=1.0, step_current=1.8, step_on=100, step_off=400,
    ),
    "Ramp": _lif(
        "Nothing happens until the current passes the rheobase, then the intervals shrink.",
        current=0, ramp_current=4, ramp_on=100, ramp_off=900, duration=1000,
    ),
    "Pulses": _lif(
        "Each pulse alone is too weak, but what the leak leaves of three adds up to a spike.",
        current=0, pulse_current=8, pulse_on=20, pulse_width=3, pulse_period=12, duration=300,
    ),
    "Sine": _lif(
        "Spikes come only near the crests, and stop soon after the current falls.",
        current=1.8, amplitude=1.2, frequency_hz=4, duration=1000,
    ),
    "Phase locking": _lif(
        "The neuron fires once per cycle, and always at the same phase of the sine.",
        current=2.3, amplitude=1.0, frequency_hz=29, duration=600,
    ),
    "Refractory limit": _lif(
        "However strong the current, two spikes are at least the refractory period apart.",
        current=10, r_m=100, t_ref=5, duration=100,
    ),
    # 1.5·(1 + sin) nA into 100 MΩ with noise: a demo often met on the web. It drives the neuron
    # twenty times over its rheobase, hence the unphysiological 0.7 kHz.
    "Seed demo": _lif(
        "At the crest the drive is twenty times the rheobase, and the neuron fires at 1 kHz.",
        tau_m=10, r_m=100, v_rest=-65, v_reset=-70, v_th=-50, t_ref=0,
        current=1.5, amplitude=1.5, frequency_hz=10, sigma_v=1.4, duration=100,
    ),
    "Noise-induced firing": _noise(
        "The mean current is far below the rheobase; every spike here is caused by noise.",
        current=1.4, sigma_v=4, duration=2000,
    ),
    "Noise against drift": _noise(
        "Well above the rheobase the same noise only jitters the spikes, and the CV stays low.",
        current=3.5, sigma_v=4, duration=1000,
    ),
    "Coloured noise": _noise(
        "Noise that remembers 50 ms comes as waves: the spikes gather while a wave is high.",
        current=1.7, ou_std=0.6, ou_tau=50, duration=2000,
    ),
    "Poisson input": _noise(
        "Random arrivals alone drive the neuron: their mean lifts it, their jumps make it fire.",
        current=0, syn_current=0.25, syn_rate_hz=1600, syn_tau=5, duration=2000,
    ),
    "Frozen noise": _noise(
        "Every trial gets the same noise and fires the same spikes: open the trials to see it.",
        current=1.6, sigma_v=4, frozen=True, duration=1000,
    ),
    "Synaptic current": preset(
        "synaptic", "Synapses",
        "The drive jumps, the synaptic current follows in 20 ms, and so the first spike is late.",
        current=0, step_current=2.6, step_on=50, step_off=350, tau_syn=20, duration=500,
    ),
    "Alpha synapse": preset(
        "alpha", "Synapses",
        "Each short pulse becomes a current that rises and falls, long after the pulse is over.",
        current=0, pulse_current=10, pulse_on=30, pulse_width=10, pulse_period=100, tau_syn=6,
        duration=400,
    ),
    "Adaptive threshold": preset(
        "adaptive", "Adaptation",
        "Each spike lifts the threshold, so that the intervals grow until rise and decay balance.",
        current=4, theta_jump=3, tau_theta=200, duration=800,
    ),
    "Exponential upstroke": preset(
        "eif", "Spike initiation",
        "The voltage passes V_T slowly: the spike is decided where the upstroke takes off.",
        current=0.3, duration=200,
    ),
    "Quadratic creep": preset(
        "qif", "Spike initiation",
        "Just above the rheobase the voltage lingers in a bottleneck, so any low rate exists.",
        current=0.24, duration=1200,
    ),
}  # fmt: skip
