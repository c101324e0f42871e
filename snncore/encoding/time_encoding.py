"""Integrate-and-fire time encoding: the exact times of the spikes hold the whole signal.

    ∫ (s + b) du from t_k to t_{k+1} = δ,   t_0 = 0

An integrator without leak fires each time it has gathered δ (Lazar & Tóth 2003, IEEE ICASSP; 2004,
IEEE Trans. Circuits Syst. I 51:2060; κ = 1). Each interval is one measured mean of the signal,
(δ − b·Δt)/Δt, at an uneven distance. If s is bandlimited to f cycles per step and no interval is
longer than 1/(2f) steps, the signal comes back exactly from the times (`recover`): denser than
Nyquist's rate is dense enough. δ ≤ (s + b)/(2f) everywhere is sufficient.

On the grid of steps (the registry's code) a spike is known to a step only, so the mean over n
steps is known to about 1/n of s + b, and the decoder averages. `spike_times` gives the exact times:
between two samples the signal is a straight line, and the crossing is solved for inside the step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from snncore.encoding import fused
from snncore.encoding.code import Code, check_signal, check_spikes
from snncore.kernels import encode_signal, read_signal
from snncore.params import Params, integer, number

Tensor = torch.Tensor
Times = NDArray[np.float64]

MAX_SPIKES = 4000  # of one neuron in `recover`: a matrix of 128 MB


@dataclass(frozen=True)
class TimeEncodingParams(Params):
    """What one spike is worth, and what keeps the neuron going at 0."""

    threshold: float = number(
        4.0,
        1e-6,
        1000.0,
        "Integral per spike: a value of 1 fires every δ/(1 + b) steps.",
        step=0.5,
        label="Threshold δ",
    )
    bias: float = number(
        0.5,
        0.0,
        100.0,
        "Added to the signal; the sum must not be negative.",
        step=0.1,
        label="Bias b",
    )
    window: int = integer(
        15, 1, 999, "Steps over which the means of the intervals are averaged.", unit="steps",
        step=2, label="Window W",
    )  # fmt: skip

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.window % 2 == 0:
            raise ValueError(f"window must be odd, so that it has a centre, got {self.window}")


def _check(signal: Tensor, params: TimeEncodingParams) -> Tensor:
    signal = check_signal(signal)
    if not signal.numel():  # no rows, or no neurons
        return signal
    least, most = (float(x) + params.bias for x in torch.aminmax(signal.detach()))
    if least < 0:
        raise ValueError(
            f"bias must be >= {params.bias - least:g}, so that signal + bias is never negative, "
            f"got {params.bias:g}"
        )
    # what the step before has left over is worth a spike more
    if most > 254 * params.threshold:
        raise ValueError(
            f"threshold must be >= {most / 254:g}, at most 255 spikes in a step, got "
            f"{params.threshold:g}"
        )
    return signal


def time_encoding_encode(
    signal: Tensor,
    params: TimeEncodingParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """How often the integral of signal + b has passed another δ in each step.

    Args:
        signal: [T, B, N], finite, nowhere below −b; sample t is at time t.
        params: δ and b.
        seed, samples: ignored, the code is deterministic.

    Returns:
        uint8 [T, B, N]; 0 or 1 as long as signal + b ≤ δ. Time begins at the first sample, whose
        step is silent.

    Raises:
        ValueError: NaN or infinite values, a bad shape, signal + b below 0 or above 254 δ.
    """
    del seed, samples
    params = params or TimeEncodingParams()
    signal = _check(signal, params)
    if signal.device.type == "cpu":
        return fused.run(
            encode_signal.time_encoding, signal, params.bias, params.threshold, dtype=np.uint8
        )
    return _time_encoding_torch(signal, params)


def _time_encoding_torch(signal: Tensor, params: TimeEncodingParams) -> Tensor:
    """The definition, on any device."""
    integral = torch.zeros_like(signal[0])
    spikes = torch.zeros(signal.shape, dtype=torch.uint8, device=signal.device)
    for t in range(1, len(signal)):
        total = integral + ((signal[t - 1] + signal[t]) * 0.5 + params.bias)
        count = (total / params.threshold).floor().clamp_min(0.0)
        spikes[t] = count.to(torch.uint8)
        # The quotient may round up to a whole number: then nothing is left, not less.
        integral = (total - count * params.threshold).clamp_min(0.0)
    return spikes


def time_encoding_decode(
    spikes: Tensor, params: TimeEncodingParams | None = None, header: Tensor | None = None
) -> Tensor:
    """The mean of each interval, averaged over W steps around each step: float32 [T, B, N].

    n spikes at step j after the last ones at step i mean n·δ/(j − i) − b between them, and after
    the last spike this goes on; a neuron without any spike reads as 0. What the grid adds to one
    interval it takes from the next, so the average over W steps is off by about (s + b)/W only.
    At the ends the average is over the steps that exist. `header` is not needed and ignored.
    """
    del header
    params = params or TimeEncodingParams()
    spikes = check_spikes(spikes)
    if spikes.device.type == "cpu":
        return fused.run(
            read_signal.time_encoding, spikes, params.threshold, params.bias,
            params.window, dtype=np.float32,
        )  # fmt: skip
    return _time_encoding_decode_torch(spikes, params)


def _time_encoding_decode_torch(spikes: Tensor, params: TimeEncodingParams) -> Tensor:
    """The definition, on any device."""
    counts = spikes.to(torch.float32).clamp_min(0.0)
    steps = len(counts)
    now = torch.arange(steps, device=counts.device).view(-1, 1, 1).expand(counts.shape)
    fired = counts > 0
    # The last spikes before each step (time 0 is the first beginning), the next at or after it.
    last = torch.where(fired, now, 0).cummax(dim=0).values
    before = torch.cat((torch.zeros_like(last[:1]), last[:-1]))
    coming = torch.where(fired, now, steps).flip(0).cummin(dim=0).values.flip(0)
    end = coming.clamp_max(steps - 1)
    # A spike of step j came half a step before, on average; time 0 is exact.
    width = (end - before).to(torch.float32) - 0.5 * (before == 0)
    mean = counts.gather(0, end) * params.threshold / width.clamp_min(0.5)
    mean = torch.where(coming < steps, mean, mean.gather(0, before))
    # Sample t lies in the interval of step t + 1: between the two the integral grows.
    held = torch.cat((mean[1:], mean[-1:]))
    # window by window: the differences of a running float32 sum lose digits in long signals
    average = torch.nn.functional.avg_pool1d(
        held.flatten(1).T[:, None],
        params.window,
        stride=1,
        padding=params.window // 2,
        count_include_pad=False,
    )[:, 0]
    return torch.where(fired.any(dim=0), average.T.reshape(held.shape) - params.bias, 0.0)


def spike_times(
    signal: ArrayLike | Tensor, params: TimeEncodingParams | None = None
) -> list[Times]:
    """The exact times of the spikes, in steps: float64 [K], rising, one array per neuron.

    Args:
        signal: [T] or [T, B, N] (then B·N arrays, row by row), as for `time_encoding_encode`;
            between its samples it is a straight line.
        params: δ and b.

    Raises:
        ValueError: as `time_encoding_encode`.
    """
    params = params or TimeEncodingParams()
    given = signal.detach().cpu().numpy() if isinstance(signal, Tensor) else np.asarray(signal)
    columns = given[:, None, None] if given.ndim == 1 else given
    _check(torch.from_numpy(np.ascontiguousarray(columns, dtype=np.float32)), params)
    rates = columns.reshape(len(columns), -1).astype(np.float64) + params.bias  # CPU: exact times
    return [_crossings(rates[:, k], params.threshold) for k in range(rates.shape[1])]


def _crossings(rate: NDArray[np.float64], delta: float) -> Times:
    """Where the integral of the polygon `rate` reaches δ, 2δ, …"""
    integral = np.concatenate(([0.0], np.cumsum((rate[1:] + rate[:-1]) / 2)))
    goals = delta * np.arange(1, int(integral[-1] / delta) + 1)
    step = np.clip(np.searchsorted(integral, goals) - 1, 0, len(rate) - 2)
    missing = goals - integral[step]
    start, slope = rate[step], rate[step + 1] - rate[step]
    # start·u + slope·u²/2 = missing, in the form that does not cancel
    root = np.sqrt(np.maximum(start * start + 2 * slope * missing, 0.0))
    return step + 2 * missing / (start + root)


def recover(
    times: Sequence[float] | Times, params: TimeEncodingParams, bandwidth: float, n_steps: int
) -> NDArray[np.float64]:
    """The bandlimited signal that makes these spikes (Lazar & Tóth 2004, eq. 15 to 17).

    ŝ(t) = Σ_k c_k g(t − m_k) with g(t) = sin(2πft)/(πt) at the middles m_k of the intervals; the c
    are those for which ŝ has every interval's integral q_k = δ − b·Δt_k. It is exact if the signal
    is bandlimited to f, no interval is longer than 1/(2f), and outside the record the signal is 0;
    a signal that does not end near 0 is off at both ends.

    Args:
        times: rising, in steps, from `spike_times`; or the steps of grid spikes less ½.
        params: δ and b that encoded.
        bandwidth: f, highest frequency of the signal in cycles per step, in (0, ½].
        n_steps: T, how many samples to give back.

    Returns:
        float64 [T].

    Raises:
        ValueError: fewer than 2 spikes or more than `MAX_SPIKES`, times that do not rise, a
            bandwidth outside (0, ½], or an interval longer than 1/(2f).
    """
    from scipy import special  # half a second of loading, for this function alone

    at = np.concatenate(([0.0], np.asarray(times, dtype=np.float64)))
    if not 0 < bandwidth <= 0.5:
        raise ValueError(f"bandwidth must be in (0, 0.5] cycles per step, got {bandwidth:g}")
    if not 3 <= len(at) <= MAX_SPIKES + 1:
        raise ValueError(f"times must be 2 to {MAX_SPIKES} spikes, got {len(at) - 1}")
    gaps = np.diff(at)
    if not (gaps > 0).all():
        raise ValueError("times must rise and be > 0, got equal or falling ones")
    if gaps.max() > 0.5 / bandwidth:
        raise ValueError(
            f"intervals must be <= 1/(2·bandwidth) = {0.5 / bandwidth:.4g} steps, got "
            f"{gaps.max():.4g}; use a smaller threshold, a larger bias or a smaller bandwidth"
        )
    middles, omega = (at[1:] + at[:-1]) / 2, 2 * np.pi * bandwidth
    sine_integral = special.sici(omega * (at[:, None] - middles))[0] / np.pi
    measured = params.threshold - params.bias * gaps
    # Neighbouring intervals say nearly the same when the spikes are dense: least squares.
    weights = np.linalg.lstsq(np.diff(sine_integral, axis=0), measured, rcond=1e-12)[0]
    samples = np.arange(n_steps)[:, None] - middles
    return 2 * bandwidth * np.sinc(2 * bandwidth * samples) @ weights


TIME_ENCODING = Code(
    name="time_encoding",
    title="Time encoding (integrate and fire)",
    family="integrate",
    equation=r"\int_{t_k}^{t_{k+1}} (s + b)\,du = \delta, \qquad "
    r"\hat s\left(\tfrac{t_k + t_{k+1}}{2}\right) = \frac{\delta}{t_{k+1}-t_k} - b",
    kind="signal",
    silent_at_zero=False,
    stochastic=False,
    invertible=True,
    params=TimeEncodingParams,
    encode=time_encoding_encode,
    decode=time_encoding_decode,
    reference="Lazar & Tóth 2003, 2004",
    idea="Each interval between two spikes is the mean of the signal in it.",
    knob="threshold",
)

CODES = (TIME_ENCODING,)
