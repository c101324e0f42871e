"""Random currents: one value per step, and what each does to a passive membrane.

**White noise** has no amplitude of its own: what a step's number does depends on how long the
step is. A current of standard deviation s, drawn anew every dt and held, moves the voltage by

    σ_V = s·R·√((1 − β)/(1 + β)) = s·R·√tanh(dt/(2τ_m)),  β = e^(−dt/τ_m)

(standard deviation without threshold, exact on the grid). Where a synapse filters the current
first, less of it arrives: √(τ_m/(τ_m + τ_s)) of σ_V behind an exponential one. It is given in two
ways:

- by σ_V itself, Var V = σ_V²: we solve the line above for s, so the voltage has the same variance
  and the same correlation e^(−|Δt|/τ_m) on every grid. In the σ of Brunel (2000) and NEST,
  Var V = σ²/2: σ = √2·σ_V.
- by its intensity D in nA·√ms, I(t)dt = D·dW: s = D/√dt, so Var V = (R·D)²·tanh(dt/(2τ_m))/dt,
  which is (R·D)²/(2τ_m) as dt → 0 and lower by the part (dt/τ_m)²/12 on a coarse grid.

**Ornstein–Uhlenbeck** current of standard deviation s and memory τ_s: x ← x·a + s√(1 − a²)·N,
a = e^(−dt/τ_s), exact for every dt (Gillespie 1996, doi 10.1103/PhysRevE.54.2084); it starts in
its stationary state. Var V → (R·s)²·τ_s/(τ_m + τ_s) as dt → 0.

**Poisson synaptic input**: arrivals of rate ν, each adding J·e^(−t/τ_s); none before t = 0. Their
number per step is Poisson, an arrival counts from the beginning of its step, and the value of a
step is the exact mean of the current over it, so the charge J·τ_s of an arrival is the same on
every grid. Campbell (1909): mean J·ν·τ_s, variance J²·ν·τ_s/2 of the current, and
Var V → (R·J)²·ν·τ_s²/(2(τ_m + τ_s)), as the same kernel filtered once more by the membrane.

All numbers depend only on (seed, trial, sample, neuron, step).
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import torch
from scipy import special

from snncore import rng
from snncore.neurons.model import check_dt

Tensor = torch.Tensor
_TINY = 1e-18  # a memory that has faded to this is nothing, in double precision too


class Membrane(Protocol):
    """Anything with a membrane time constant (ms) and a resistance (MΩ)."""

    @property
    def tau_m(self) -> float:
        """ms."""

    @property
    def r_m(self) -> float:
        """MΩ."""


def voltage_std(current_std: float, membrane: Membrane, dt: float) -> float:
    """σ_V (mV) that a current of standard deviation `current_std`, held for `dt` ms, causes."""
    return current_std * membrane.r_m * math.sqrt(math.tanh(check_dt(dt) / (2.0 * membrane.tau_m)))


def noise_current_std(sigma_v: float, membrane: Membrane, dt: float) -> float:
    """Standard deviation s (nA) of a current held for `dt` ms that causes σ_V (mV)."""
    if not sigma_v >= 0:
        raise ValueError(f"sigma_v must be >= 0 mV, got {sigma_v}")
    return sigma_v / voltage_std(1.0, membrane, dt)


def sigma_v_ou(std: float, tau: float, membrane: Membrane) -> float:
    """σ_V (mV) under an OU current: R·s·√(τ_s/(τ_m + τ_s)), in continuous time."""
    return membrane.r_m * std * math.sqrt(tau / (membrane.tau_m + tau))


def sigma_v_synaptic(peak: float, rate_hz: float, tau: float, membrane: Membrane) -> float:
    """σ_V (mV) under Poisson synaptic input, in continuous time (Campbell's theorem)."""
    return sigma_v_ou(synaptic_std(peak, rate_hz, tau), tau, membrane)


def synaptic_mean(peak: float, rate_hz: float, tau: float) -> float:
    """Mean (nA) of Poisson synaptic input, J·ν·τ."""
    return peak * rate_hz / 1000.0 * tau


def synaptic_std(peak: float, rate_hz: float, tau: float) -> float:
    """Standard deviation (nA) of Poisson synaptic input, |J|·√(ν·τ/2)."""
    return abs(peak) * math.sqrt(rate_hz / 1000.0 * tau / 2.0)


def white_noise(
    n_steps: int,
    n_neurons: int,
    *,
    seed: int,
    samples: Tensor,
    trial: int = 0,
    stream: str = "current",
) -> Tensor:
    """Standard normal numbers, float32 [T, B, N]: one per step, sample and neuron.

    They depend only on (seed, stream, trial, sample number, neuron, step), on the device of
    `samples` (int64 [B]); devices agree up to the rounding of the quantile function.
    """
    number = rng.stream(stream, trial)
    rng.check_samples(samples)
    if samples.device.type == "cpu":
        from snncore.kernels.lif import normals

        numbers = samples.to(torch.int64).numpy()
        return torch.from_numpy(normals(rng.split_seed(seed), number, numbers, n_neurons, n_steps))
    return rng.normal(rng.draws(seed, number, samples, n_neurons, n_steps))


def decaying_sum(x: Tensor, factor: float) -> Tensor:
    """y[t] = x[t] + factor·y[t − 1] along the first axis, 0 ≤ factor < 1; `x` is not changed.

    Off the CPU by doubling (Hillis & Steele 1986, doi 10.1145/7902.7903), so that a long run needs
    a few passes over the tensor instead of T small steps. How entries are rounded does not depend
    on T, B or N.
    """
    if x.device.type != "cpu":
        return doubling_sum(x, factor)
    from snncore.kernels.noise import decaying_rows

    y = x.clone(memory_format=torch.contiguous_format)
    rows = y.view(len(y), -1).numpy()
    decaying_rows(rows, rows.dtype.type(factor))
    return y


def doubling_sum(x: Tensor, factor: float) -> Tensor:
    """`decaying_sum` on any device: after pass p each entry holds the last 2^p terms."""
    y, shift = x.clone(), 1
    while shift < len(y) and factor > _TINY:
        y[shift:] = y[shift:] + factor * y[:-shift]
        factor, shift = factor * factor, 2 * shift
    return y


def ou_noise(normal: Tensor, tau: float, dt: float) -> Tensor:
    """A stationary OU process of standard deviation 1 from standard normal numbers [T, ...]."""
    keep = math.exp(-check_dt(dt) / tau)
    fresh = math.sqrt(-math.expm1(-2.0 * dt / tau))
    increments = fresh * normal
    increments[0] = normal[0]
    return decaying_sum(increments, keep)


def arrivals(
    n_steps: int,
    n_neurons: int,
    mean: float,
    *,
    seed: int,
    samples: Tensor,
    trial: int = 0,
) -> Tensor:
    """Poisson numbers of mean `mean`, int64 [T, B, N], by inversion of whole words.

    A word is compared with the distribution function in units of 2⁻³², so the numbers are equal
    on every device; what is rarer than 2⁻³² never happens.
    """
    if not 0 <= mean <= 1e6:
        raise ValueError(f"mean must be in 0..1e6 arrivals per step, got {mean:g}")
    stream = rng.stream("synapse", trial)
    # Outside mean ± 8 standard deviations, and 40 more, lies less than 2⁻³² of the distribution.
    reach = 8.0 * math.sqrt(mean) + 40.0
    low, high = max(0, math.floor(mean - reach)), math.ceil(mean + reach)
    below = special.pdtr(np.arange(low, high + 1), mean)
    edges = np.rint(below * 2.0**32).astype(np.int64)
    rng.check_samples(samples)
    if samples.device.type == "cpu":
        from snncore.kernels.noise import places

        numbers = samples.to(torch.int64).numpy()
        found = places(rng.split_seed(seed), stream, numbers, n_neurons, n_steps, edges)
        return torch.from_numpy(found) + low
    words = rng.draws(seed, stream, samples, n_neurons, n_steps).contiguous()
    return torch.searchsorted(torch.from_numpy(edges).to(words.device), words, right=True) + low


def synaptic_input(counts: Tensor, tau: float, dt: float) -> Tensor:
    """Mean current per step, for arrivals of peak 1, from their floating numbers [T, ...]."""
    keep = math.exp(-check_dt(dt) / tau)
    mean_of_fresh = -math.expm1(-dt / tau) * tau / dt
    return decaying_sum(mean_of_fresh * counts, keep)
