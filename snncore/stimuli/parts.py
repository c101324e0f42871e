"""The parts of a stimulus by name: what the page offers to add, and what one typically is."""

from __future__ import annotations

from typing import NamedTuple

from snncore.stimuli.params import StimulusParams


class Part(NamedTuple):
    """One part of the drive."""

    switch: str  # the field that is 0 when the part is off
    typical: float  # the switch when the part is added
    fields: tuple[str, ...]  # all of its fields, in the order of the page
    help: str  # one sentence
    also: str = ""  # a second field that alone switches the part on

    def is_on(self, stimulus: StimulusParams) -> bool:
        """Whether `stimulus` has this part."""
        also = self.also != "" and getattr(stimulus, self.also) != 0
        return also or getattr(stimulus, self.switch) != 0

    @property
    def off(self) -> dict[str, float]:
        """Values that switch the part off."""
        return {name: 0.0 for name in (self.switch, self.also) if name}


# `frozen` belongs to all noises and `csv_gain` to a recording: they are in no part.
PARTS: dict[str, Part] = {
    "Constant": Part("current", 2.5, ("current",), "The same current at all times."),
    "Step": Part(
        "step_current", 1.0, ("step_current", "step_on", "step_off"),
        "A second level between two times.",
    ),
    "Ramp": Part(
        "ramp_current", 3.0, ("ramp_current", "ramp_on", "ramp_off"),
        "Rises evenly from 0 and keeps its last value.",
    ),
    "Pulses": Part(
        "pulse_current", 3.0, ("pulse_current", "pulse_on", "pulse_width", "pulse_period"),
        "Short pulses in equal distances.",
    ),
    "Sine": Part(
        "amplitude", 1.0, ("amplitude", "frequency_hz", "phase", "sine_offset", "sine_on"),
        "A wave of one frequency, from its onset on.",
    ),
    "Chirp": Part(
        "chirp_current", 1.0, ("chirp_current", "chirp_from_hz", "chirp_to_hz"),
        "A wave that moves evenly from one frequency to another during the run.",
    ),
    "White noise": Part(
        "sigma_v", 2.0, ("sigma_v", "noise_intensity"),
        "Noise without memory, given by what it does to the voltage or by its strength.",
        also="noise_intensity",
    ),
    "Slow noise (OU)": Part(
        "ou_std", 0.5, ("ou_std", "ou_tau"),
        "Noise with a memory: an Ornstein–Uhlenbeck current.",
    ),
    "Synaptic input": Part(
        "syn_current", 0.2, ("syn_current", "syn_rate_hz", "syn_tau"),
        "Spikes of other neurons that arrive by chance, each adding a decaying current.",
    ),
}  # fmt: skip
NOISES = ("White noise", "Slow noise (OU)", "Synaptic input")
