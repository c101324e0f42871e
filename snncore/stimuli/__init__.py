"""Currents that drive a neuron, which may be added."""

from __future__ import annotations

from snncore.stimuli.current import drive
from snncore.stimuli.noise import (
    Membrane,
    arrivals,
    decaying_sum,
    noise_current_std,
    ou_noise,
    sigma_v_ou,
    sigma_v_synaptic,
    synaptic_input,
    synaptic_mean,
    synaptic_std,
    voltage_std,
    white_noise,
)
from snncore.stimuli.params import StimulusParams
from snncore.stimuli.parts import NOISES, PARTS, Part
from snncore.stimuli.recording import Recording
from snncore.stimuli.waveforms import (
    Waveform,
    chirp,
    constant,
    pulses,
    ramp,
    sine,
    step,
    step_times,
)

__all__ = [
    "NOISES",
    "PARTS",
    "Membrane",
    "Part",
    "Recording",
    "StimulusParams",
    "Waveform",
    "arrivals",
    "chirp",
    "constant",
    "decaying_sum",
    "drive",
    "noise_current_std",
    "ou_noise",
    "pulses",
    "ramp",
    "sigma_v_ou",
    "sigma_v_synaptic",
    "sine",
    "step",
    "step_times",
    "synaptic_input",
    "synaptic_mean",
    "synaptic_std",
    "voltage_std",
    "white_noise",
]
