"""Currents that drive a neuron, which may be added."""

from __future__ import annotations

from snncore.stimuli.params import (
    StimulusParams,
    Waveform,
    constant,
    drive,
    noise_current_std,
    sine,
    step,
    step_times,
    white_noise,
)

__all__ = [
    "StimulusParams",
    "Waveform",
    "constant",
    "drive",
    "noise_current_std",
    "sine",
    "step",
    "step_times",
    "white_noise",
]
