"""The current of a stimulus: all of its parts added, [T, B, N]."""

from __future__ import annotations

import numpy as np
import torch

from snncore.stimuli import noise
from snncore.stimuli.noise import Membrane
from snncore.stimuli.params import StimulusParams
from snncore.stimuli.recording import Recording

Tensor = torch.Tensor


def drive(
    stimulus: StimulusParams,
    membrane: Membrane | None,
    n_steps: int,
    dt: float,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
    n_neurons: int = 1,
    trial: int = 0,
    recording: Recording | None = None,
    duration: float | None = None,
) -> Tensor:
    """The current in nA, [T, B, N]: float64 on a CPU, float32 elsewhere.

    Args:
        stimulus: the parts to add; all samples and neurons get the same deterministic current,
            each has noise of its own unless `stimulus.frozen`: then all have the noise of
            sample 0, neuron 0, trial 0.
        membrane: turns σ_V into a current; None for a model without one.
        n_steps, dt: T steps of `dt` ms.
        seed, trial: of the noise.
        samples: int64 [B], numbers of the samples; their device is where the current is made
            (default: the one sample 0 on the CPU).
        n_neurons: N.
        recording: the user's own current, times `stimulus.csv_gain`.
        duration: ms within which a chirp goes through its frequencies (default: these steps).

    Without noise of its own for each, the result is one [T] in memory, expanded.

    Raises:
        ValueError: `sigma_v` > 0 without a membrane, or a number out of range.
    """
    where = torch.zeros(1, dtype=torch.int64) if samples is None else samples
    # Rounded in numpy: a float64 tensor is made only where it stays, on the CPU.
    precise = np.float64 if where.device.type == "cpu" else np.float32
    numbers = stimulus.waveform(n_steps, dt, recording, duration=duration)
    wave = torch.from_numpy(numbers.astype(precise))
    total = wave.to(where.device).view(-1, 1, 1)
    shape = (n_steps, len(where), n_neurons)
    white = stimulus.white_std(membrane, dt)
    if not stimulus.is_noisy:
        return total.expand(shape)
    if stimulus.frozen:
        where, n_neurons, trial = torch.zeros_like(where[:1]), 1, 0
    if white > 0:
        z = noise.white_noise(n_steps, n_neurons, seed=seed, samples=where, trial=trial)
        total = total + white * z.to(total.dtype)
    if stimulus.ou_std > 0:
        z = noise.white_noise(
            n_steps, n_neurons, seed=seed, samples=where, trial=trial, stream="coloured"
        )
        total = total + stimulus.ou_std * noise.ou_noise(z.to(total.dtype), stimulus.ou_tau, dt)
    if stimulus.syn_current != 0:
        mean = stimulus.syn_rate_hz / 1000.0 * dt
        counts = noise.arrivals(n_steps, n_neurons, mean, seed=seed, samples=where, trial=trial).to(
            total.dtype
        )
        total = total + stimulus.syn_current * noise.synaptic_input(counts, stimulus.syn_tau, dt)
    return total.expand(shape)
