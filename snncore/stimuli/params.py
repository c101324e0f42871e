"""Currents that drive a neuron: constant, step, sine and white noise, which may be added.

A current is constant during each step of dt: the waveforms are taken at the middle of the step,
and the noise is one Gaussian number per step. Deterministic waveforms are float64 arrays [T] in
nA, so `constant(t, 1) + sine(t, 0.5, 10)` is a stimulus too; noise is [T, B, N].

White noise has no amplitude of its own: what a step's number does depends on how long the step
is. It is therefore given by its effect, σ_V, the standard deviation (mV) of the voltage that it
causes when the threshold is out of reach. A current of standard deviation s held for dt causes

    σ_V = s·R·√((1 − β)/(1 + β)),  β = e^(−dt/τ_m)    (convention: Var V = σ_V²)

and we solve this for s: the voltage then has the same variance and the same correlation
e^(−|Δt|/τ_m) on every grid. In the σ of Brunel (2000) and NEST, Var V = σ²/2: σ = √2·σ_V.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import rng
from snncore.neurons.lif import LIFParams, check_dt, decay
from snncore.params import Params, number

Tensor = torch.Tensor
Waveform = NDArray[np.float64]


@dataclass(frozen=True)
class StimulusParams(Params):
    """The sum of a constant, a step, a sine and white noise; a part at 0 is switched off."""

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
    sigma_v: float = number(
        0, 0, 20, "How far white noise moves the voltage (standard deviation, without threshold). "
        "It means the same for every time step.",
        unit="mV", step=0.1, label="Noise σ",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.step_off >= self.step_on:
            raise ValueError(
                f"step_off must be >= step_on ({self.step_on:g} ms), got {self.step_off:g}"
            )

    @property
    def is_constant(self) -> bool:
        """Whether the current is the same at all times."""
        return self.step_current == 0 and self.amplitude == 0 and self.sigma_v == 0

    def waveform(self, n_steps: int, dt: float) -> Waveform:
        """The deterministic part in nA, float64 [T]."""
        t = step_times(n_steps, dt)
        return (
            constant(t, self.current)
            + step(t, self.step_current, self.step_on, self.step_off)
            + sine(t, self.amplitude, self.frequency_hz, phase=self.phase)
        )


def step_times(n_steps: int, dt: float) -> Waveform:
    """The middle of each step in ms, float64 [T]: (k + ½)·dt."""
    if n_steps < 1:
        raise ValueError(f"n_steps must be >= 1, got {n_steps}")
    return (np.arange(n_steps, dtype=np.float64) + 0.5) * np.float64(check_dt(dt))


def constant(t: Waveform, level: float) -> Waveform:
    """`level` nA at all times."""
    return np.full(t.shape, float(level))


def step(t: Waveform, level: float, on: float, off: float) -> Waveform:
    """`level` nA from `on` to `off` ms, otherwise 0."""
    return np.where((t >= on) & (t < off), float(level), 0.0)


def sine(
    t: Waveform,
    amplitude: float,
    frequency_hz: float,
    *,
    offset: float = 0.0,
    phase: float = 0.0,
) -> Waveform:
    """offset + amplitude·sin(2π·f·t + phase), in nA; `phase` in degrees."""
    angle = (2.0 * math.pi * frequency_hz / 1000.0) * t + math.radians(phase)
    return offset + amplitude * np.sin(angle)


def noise_current_std(sigma_v: float, neuron: LIFParams, dt: float) -> float:
    """Standard deviation s (nA) of a current held for `dt` ms that causes σ_V (mV)."""
    if not sigma_v >= 0:
        raise ValueError(f"sigma_v must be >= 0 mV, got {sigma_v}")
    beta = decay(neuron, dt)
    return sigma_v / neuron.r_m * math.sqrt((1.0 + beta) / (1.0 - beta))


def white_noise(
    n_steps: int, n_neurons: int, *, seed: int, samples: Tensor, trial: int = 0
) -> Tensor:
    """Standard normal numbers, float32 [T, B, N]: one per step, sample and neuron.

    They depend only on (seed, trial, sample number, neuron, step), on the device of `samples`
    (int64 [B]); devices agree up to the rounding of the quantile function.
    """
    stream = rng.stream("current", trial)
    rng.check_samples(samples)
    if samples.device.type == "cpu":
        from snncore.kernels.lif import normals

        numbers = samples.to(torch.int64).numpy()
        return torch.from_numpy(normals(rng.split_seed(seed), stream, numbers, n_neurons, n_steps))
    return rng.normal(rng.draws(seed, stream, samples, n_neurons, n_steps))


def drive(
    stimulus: StimulusParams,
    neuron: LIFParams,
    n_steps: int,
    dt: float,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
    n_neurons: int = 1,
    trial: int = 0,
) -> Tensor:
    """The current in nA for `run_lif`, [T, B, N]: float64 on a CPU, float32 elsewhere.

    Args:
        stimulus: the parts to add; all samples and neurons get the same deterministic current,
            each has noise of its own.
        neuron: turns σ_V into a current.
        n_steps, dt: T steps of `dt` ms.
        seed, trial: of the noise.
        samples: int64 [B], numbers of the samples; their device is where the current is made
            (default: the one sample 0 on the CPU).
        n_neurons: N.

    Without noise, the result is one [T] in memory, expanded.
    """
    where = torch.zeros(1, dtype=torch.int64) if samples is None else samples
    # Rounded in numpy: a float64 tensor is made only where it stays, on the CPU.
    precise = np.float64 if where.device.type == "cpu" else np.float32
    wave = torch.from_numpy(stimulus.waveform(n_steps, dt).astype(precise)).to(where.device)
    wave = wave.view(-1, 1, 1)
    if stimulus.sigma_v == 0:
        return wave.expand(n_steps, len(where), n_neurons)
    scale = noise_current_std(stimulus.sigma_v, neuron, dt)
    noise = white_noise(n_steps, n_neurons, seed=seed, samples=where, trial=trial)
    return wave + scale * noise.to(wave.dtype)
