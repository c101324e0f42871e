"""What a stimulus is: the sum of parts, each described by a few numbers.

Deterministic parts are taken at the middle of each step (`waveforms`), random parts are one value
per step (`noise`, which says what each of their numbers means).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from snncore.neurons.model import check_dt
from snncore.params import Params, flag, number
from snncore.stimuli import waveforms
from snncore.stimuli.noise import Membrane, synaptic_mean, synaptic_std, voltage_std
from snncore.stimuli.recording import Recording
from snncore.stimuli.waveforms import Waveform


@dataclass(frozen=True)
class StimulusParams(Params):
    """The sum of its parts; a part whose first field is 0 is off (see `PARTS`)."""

    current: float = number(
        2.5, -10, 10, "The constant part of the drive.", unit="nA", step=0.02, label="Constant"
    )
    step_current: float = number(
        0, -10, 10, "Added between the two times below.", unit="nA", step=0.02, label="Step"
    )
    step_on: float = number(
        100, 0, 100_000, "When the step begins.", unit="ms", step=10, label="Step on"
    )
    step_off: float = number(
        300, 0, 100_000, "When the step ends.", unit="ms", step=10, label="Step off"
    )
    ramp_current: float = number(
        0, -10, 10, "What the ramp reaches at its end, and then keeps.",
        unit="nA", step=0.02, label="Ramp to",
    )  # fmt: skip
    ramp_on: float = number(
        50, 0, 100_000, "When the ramp leaves 0.", unit="ms", step=10, label="Ramp on"
    )
    ramp_off: float = number(
        450, 0, 100_000, "When the ramp is complete.", unit="ms", step=10, label="Ramp off"
    )
    pulse_current: float = number(
        0, -10, 10, "Height of each pulse.", unit="nA", step=0.02, label="Pulses"
    )
    pulse_on: float = number(
        50, 0, 100_000, "When the first pulse begins.", unit="ms", step=10, label="First pulse"
    )
    pulse_width: float = number(
        5, 0, 100_000, "How long each pulse lasts.", unit="ms", step=1, lo_open=True,
        label="Pulse width",
    )  # fmt: skip
    pulse_period: float = number(
        50, 0, 100_000, "From the beginning of one pulse to the next.",
        unit="ms", step=5, lo_open=True, label="Pulse period",
    )  # fmt: skip
    amplitude: float = number(
        0, 0, 10, "Half of the sine's swing from its lowest to its highest current.",
        unit="nA", step=0.02, label="Sine",
    )  # fmt: skip
    frequency_hz: float = number(
        10, 0, 500, "Cycles of the sine per second.", unit="Hz", step=0.5, label="Frequency"
    )
    phase: float = number(
        0, -180, 180, "Where in its cycle the sine begins.", unit="°", step=5, label="Phase"
    )
    sine_offset: float = number(
        0, -10, 10, "Added to the sine from its onset.", unit="nA", step=0.02, label="Sine offset"
    )
    sine_on: float = number(
        0, 0, 100_000, "When the sine begins; nothing of it before.",
        unit="ms", step=10, label="Sine on",
    )  # fmt: skip
    chirp_current: float = number(
        0, 0, 10, "Amplitude of a sine whose frequency moves evenly through the run.",
        unit="nA", step=0.02, label="Chirp",
    )  # fmt: skip
    chirp_from_hz: float = number(
        0, 0, 500, "The chirp's frequency at the start of the run.",
        unit="Hz", step=0.5, label="Chirp from",
    )  # fmt: skip
    chirp_to_hz: float = number(
        50, 0, 500, "The chirp's frequency at the end of the run.",
        unit="Hz", step=0.5, label="Chirp to",
    )  # fmt: skip
    sigma_v: float = number(
        0, 0, 20, "How far white noise moves the voltage (standard deviation, without threshold): "
        "Var V = σ_V² for every time step. A synapse filters the current and leaves less of it.",
        unit="mV", step=0.1, label="Noise σ",
    )  # fmt: skip
    noise_intensity: float = number(
        0, 0, 50, "White noise by its strength D: ∫I dt = D·W(t), so Var V → (R·D)²/(2τ). "
        "Both noises add in variance.",
        unit="nA·√ms", step=0.05, label="Noise intensity",
    )  # fmt: skip
    ou_std: float = number(
        0, 0, 10, "Standard deviation of a current that forgets its value slowly "
        "(Ornstein–Uhlenbeck).",
        unit="nA", step=0.02, label="OU noise",
    )  # fmt: skip
    ou_tau: float = number(
        10, 0, 1000, "After this time 37 % of a deviation of the OU current is left.",
        unit="ms", step=1, lo_open=True, label="OU τ",
    )  # fmt: skip
    syn_current: float = number(
        0, -10, 10, "Peak of the current that each random arrival adds; negative is inhibition.",
        unit="nA", step=0.02, label="Synaptic input",
    )  # fmt: skip
    syn_rate_hz: float = number(
        1000, 0, 20_000, "Arrivals per second, all synapses together (Poisson).",
        unit="Hz", step=20, label="Arrivals",
    )  # fmt: skip
    syn_tau: float = number(
        5, 0, 200, "How fast the current of an arrival decays.",
        unit="ms", step=0.5, lo_open=True, label="Synapse τ",
    )  # fmt: skip
    frozen: bool = flag(
        False, "The same noise in every trial and every neuron.", label="Frozen noise"
    )
    csv_gain: float = number(
        1, -10, 10, "Multiplies the current of your own file.", step=0.1, label="File × gain"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        # Only of parts that are on: what is hidden on the page must not stand in the way.
        if self.step_current != 0 and not self.step_off >= self.step_on:
            raise ValueError(
                f"step_off must be >= step_on ({self.step_on:g} ms), got {self.step_off:g}"
            )
        if self.ramp_current != 0 and not self.ramp_off > self.ramp_on:
            raise ValueError(
                f"ramp_off must be > ramp_on ({self.ramp_on:g} ms), got {self.ramp_off:g}"
            )
        if self.pulse_current != 0 and not self.pulse_width <= self.pulse_period:
            raise ValueError(
                f"pulse_width must be <= pulse_period ({self.pulse_period:g} ms), got "
                f"{self.pulse_width:g}"
            )

    @property
    def is_steady(self) -> bool:
        """Whether the deterministic part is the same at all times (without a recording)."""
        return (
            self.step_current == 0
            and self.ramp_current == 0
            and self.pulse_current == 0
            and self.amplitude == 0
            and self.chirp_current == 0
        )

    @property
    def is_white(self) -> bool:
        """Whether there is white noise."""
        return self.sigma_v > 0 or self.noise_intensity > 0

    @property
    def is_coloured(self) -> bool:
        """Whether there is noise with a memory: OU, or synaptic input that does arrive."""
        return self.ou_std > 0 or self.synaptic_std > 0

    @property
    def is_noisy(self) -> bool:
        """Whether there is noise of any kind."""
        return self.is_white or self.is_coloured

    @property
    def is_constant(self) -> bool:
        """Whether the current is the same at all times: steady, no noise (and no recording)."""
        return self.is_steady and not self.is_noisy

    @property
    def mean_current(self) -> float:
        """nA: the constant part and the mean of the synaptic input; the mean of a steady drive."""
        return self.current + self.synaptic_mean

    @property
    def synaptic_mean(self) -> float:
        """Mean (nA) of the Poisson synaptic input, J·ν·τ."""
        return synaptic_mean(self.syn_current, self.syn_rate_hz, self.syn_tau)

    @property
    def synaptic_std(self) -> float:
        """Standard deviation (nA) of the Poisson synaptic input, |J|·√(ν·τ/2)."""
        return synaptic_std(self.syn_current, self.syn_rate_hz, self.syn_tau)

    def white_std(self, membrane: Membrane | None, dt: float) -> float:
        """Standard deviation (nA) of the white noise current held for `dt` ms, of both kinds.

        Raises:
            ValueError: `sigma_v` > 0 for a model without a passive membrane.
        """
        by_intensity = self.noise_intensity / math.sqrt(check_dt(dt))
        if self.sigma_v == 0:
            return by_intensity
        if membrane is None:
            raise ValueError(
                f"sigma_v must be 0 mV for a model without a passive membrane, got "
                f"{self.sigma_v:g}; give noise_intensity instead"
            )
        return math.hypot(self.sigma_v / voltage_std(1.0, membrane, dt), by_intensity)

    def sigma_v_total(self, membrane: Membrane, dt: float) -> float:
        """σ_V (mV) of all white noise on a grid of `dt` ms, which Siegert's formula needs.

        Coloured noise is not in it: see `sigma_v_ou` and `sigma_v_synaptic` of this package.
        """
        return voltage_std(self.white_std(membrane, dt), membrane, dt)

    def waveform(
        self,
        n_steps: int,
        dt: float,
        recording: Recording | None = None,
        *,
        duration: float | None = None,
    ) -> Waveform:
        """The deterministic part in nA, float64 [T], with `csv_gain` times the recording.

        A chirp goes through its frequencies within `duration` ms, and on at the same pace after
        that; None: within these `n_steps`. Whoever looks at a part of a run gives the run's.
        """
        t = waveforms.step_times(n_steps, dt)
        total = waveforms.constant(t, self.current)
        if self.step_current != 0:
            total += waveforms.step(t, self.step_current, self.step_on, self.step_off)
        if self.ramp_current != 0:
            total += waveforms.ramp(t, self.ramp_current, self.ramp_on, self.ramp_off)
        if self.pulse_current != 0:
            total += waveforms.pulses(
                t, self.pulse_current, self.pulse_on, self.pulse_width, self.pulse_period
            )
        if self.amplitude != 0:
            total += waveforms.sine(
                t, self.amplitude, self.frequency_hz,
                offset=self.sine_offset, phase=self.phase, on=self.sine_on,
            )  # fmt: skip
        if self.chirp_current != 0:
            total += waveforms.chirp(
                t, self.chirp_current, self.chirp_from_hz, self.chirp_to_hz,
                n_steps * dt if duration is None else duration,
            )  # fmt: skip
        if recording is not None:
            total += self.csv_gain * recording.at(t)
        return total
