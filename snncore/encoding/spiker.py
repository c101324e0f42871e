"""Codes that read spikes back through a filter: ŝ = e ∗ h, for signals that are never negative.

Both go through the signal once and subtract the filter h (L taps, Σh = A) wherever it fits:

    Ben's spiker:    Σ_k |r_{t+k}| − Σ_k |r_{t+k} − h_k| ≥ θ·Σ|h| → e_t = 1, r_{t+k} −= h_k
    Hough spiker:    Σ_k max(0, h_k − r_{t+k}) ≤ κ·Σ max(0, h)    → e_t = 1, r_{t+k} −= h_k

with r = s at first. The first fires where the error falls by enough: e₁ ≤ e₂ − θ (Schrauwen & Van
Campenhout 2003, "BSA, a fast and accurate spike train encoding scheme", IJCNN; both sums over the
same samples, which a well-known program has one apart). The second fires where the filter fits
under the signal, everywhere for κ = 0 (Hough, de Garis, Korkin et al. 1999), up to a shortfall in
the modified form. θ and κ are shares of the filter here, so that they do not depend on A.

h is a low-pass filter: an ideal one cut off by a Hann window, h_k ∝ sinc(f(k − m))·w_k, m the
middle, f the cutoff as a share of the Nyquist frequency. A spike in every step reads back as A, so
A is the largest signal that can be followed, and the larger A, the fewer and coarser the spikes.
Only whole filters are placed: the first and the last L samples fade in and out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from snncore.encoding import fused
from snncore.encoding.code import Code, check_signal, check_spikes
from snncore.kernels import encode_signal
from snncore.params import Params, integer, number

Tensor = torch.Tensor


@dataclass(frozen=True)
class FilterParams(Params):
    """The filter whose sum with itself, shifted, makes the signal."""

    length: int = integer(15, 3, 255, "Taps of the filter.", unit="steps", label="Length L")
    cutoff: float = number(
        0.05,
        1e-4,
        0.99,
        "Highest frequency of the filter, as a share of the Nyquist frequency.",
        step=0.01,
        label="Cutoff f",
    )
    area: float = number(
        1.0,
        1e-6,
        100.0,
        "Sum of the taps: what a spike in every step reads back as.",
        step=0.1,
        label="Area A",
    )


@dataclass(frozen=True)
class BensSpikerParams(FilterParams):
    """The filter, and how much of it the error must fall by."""

    threshold: float = number(
        0.85,
        0.0,
        1.0,
        "Share of the filter by which a spike must lower the error.",
        step=0.05,
        label="Threshold θ",
    )


@dataclass(frozen=True)
class HoughSpikerParams(FilterParams):
    """The filter, and how much of it may stick out of the signal."""

    tolerance: float = number(
        0.0,
        0.0,
        0.9,
        "Share of the filter that may stick out above the signal; 0: none (Hough).",
        step=0.05,
        label="Tolerance κ",
    )


def fir(params: FilterParams) -> NDArray[np.float32]:
    """The taps h, float32 [L]: windowed sinc with sum A."""
    place = np.arange(params.length) - (params.length - 1) / 2
    window = 0.5 - 0.5 * np.cos(2 * math.pi * np.arange(params.length) / (params.length - 1))
    taps = np.sinc(params.cutoff * place) * window
    return (params.area * taps / taps.sum()).astype(np.float32)


def bens_spiker_encode(
    signal: Tensor,
    params: BensSpikerParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Spikes where placing the filter lowers the error that is left.

    Args:
        signal: [T, B, N], finite; what is negative is not followed.
        params: the filter and the threshold.
        seed, samples: ignored, the code is deterministic.

    Returns:
        bool [T, B, N]; the last L − 1 steps are silent, and all of a signal shorter than L.

    Raises:
        ValueError: NaN or infinite values, a bad shape.
    """
    del seed, samples
    params = params or BensSpikerParams()
    signal, taps = check_signal(signal), fir(params)
    least = params.threshold * float(np.abs(taps).sum())
    if signal.device.type == "cpu":
        kernel = encode_signal.bens_spiker
        return fused.run(kernel, signal, taps, least, dtype=np.bool_, eats=True)
    return _bens_spiker_torch(signal, taps, least)


def _bens_spiker_torch(signal: Tensor, taps: NDArray[np.float32], least: float) -> Tensor:
    """The definition, on any device."""
    h = torch.from_numpy(taps).to(signal.device).view(-1, 1, 1)
    rest = signal.clone()
    spikes = torch.zeros(signal.shape, dtype=torch.bool, device=signal.device)
    for t in range(len(signal) - len(h) + 1):
        piece = rest[t : t + len(h)]
        spikes[t] = (piece.abs() - (piece - h).abs()).sum(dim=0) >= least
        piece -= h * spikes[t]
    return spikes


def hough_spiker_encode(
    signal: Tensor,
    params: HoughSpikerParams | None = None,
    *,
    seed: int = 0,
    samples: Tensor | None = None,
) -> Tensor:
    """Spikes where the filter fits under the signal that is left.

    Arguments, result and errors as `bens_spiker_encode`, with the tolerance in `params`. With a
    tolerance of 0 the reading never exceeds the signal, if no tap is negative.
    """
    del seed, samples
    params = params or HoughSpikerParams()
    signal, taps = check_signal(signal), fir(params)
    most = params.tolerance * float(taps.clip(min=0).sum())
    if signal.device.type == "cpu":
        kernel = encode_signal.hough_spiker
        return fused.run(kernel, signal, taps, most, dtype=np.bool_, eats=True)
    return _hough_spiker_torch(signal, taps, most)


def _hough_spiker_torch(signal: Tensor, taps: NDArray[np.float32], most: float) -> Tensor:
    """The definition, on any device."""
    h = torch.from_numpy(taps).to(signal.device).view(-1, 1, 1)
    rest = signal.clone()
    spikes = torch.zeros(signal.shape, dtype=torch.bool, device=signal.device)
    for t in range(len(signal) - len(h) + 1):
        piece = rest[t : t + len(h)]
        spikes[t] = (h - piece).clamp_min(0.0).sum(dim=0) <= most
        piece -= h * spikes[t]
    return spikes


def filter_decode(
    spikes: Tensor, params: FilterParams | None = None, header: Tensor | None = None
) -> Tensor:
    """ŝ = e ∗ h, float32 [T, B, N]: the decoder of both codes; `header` is ignored."""
    del header
    train = check_spikes(spikes).to(torch.float32)
    taps, signal = fir(params or BensSpikerParams()), torch.zeros_like(train)
    for k in range(min(len(taps), len(train))):
        signal[k:] += float(taps[k]) * train[: len(train) - k]
    return signal


BENS_SPIKER = Code(
    name="bens_spiker",
    title="Ben's spiker (BSA)",
    family="filter",
    equation=r"\sum_k|r_{t+k}| - \sum_k|r_{t+k}-h_k| \ge \theta\sum_k|h_k| \Rightarrow "
    r"e_t = 1,\ r_{t+k} \mathrel{-}= h_k, \qquad \hat s = e * h",
    kind="signal",
    silent_at_zero=True,
    stochastic=False,
    invertible=True,
    params=BensSpikerParams,
    encode=bens_spiker_encode,
    decode=filter_decode,
    reference="Schrauwen & Van Campenhout 2003",
    idea="A spike stands for a smooth bump; it is sent where it lowers the error.",
    knob="area",
)

HOUGH_SPIKER = Code(
    name="hough_spiker",
    title="Hough spiker (HSA)",
    family="filter",
    equation=r"\sum_k \max(0, h_k - r_{t+k}) \le \kappa\sum_k \max(0, h_k) \Rightarrow "
    r"e_t = 1,\ r_{t+k} \mathrel{-}= h_k, \qquad \hat s = e * h",
    kind="signal",
    silent_at_zero=True,
    stochastic=False,
    invertible=True,
    params=HoughSpikerParams,
    encode=hough_spiker_encode,
    decode=filter_decode,
    reference="Hough, de Garis, Korkin et al. 1999; Schrauwen & Van Campenhout 2003 (modified)",
    idea="A spike stands for a smooth bump; it is sent where the bump fits under the signal.",
    knob="area",
)

CODES = (BENS_SPIKER, HOUGH_SPIKER)
