"""The numbers beside a reconstruction: how good it is, and what it cost in spikes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import metrics
from snncore.transmission.activity import Activity, activity, together
from snncore.transmission.channel import Channel, Sent


class Scores(NamedTuple):
    """Quality and cost of one transmission. A perfect copy has infinite PSNR and SNR.

    Errors are in units of the values. NaN stands for what is not defined: see each field.
    """

    rmse: float
    psnr_db: float  # for a peak of 1
    ssim: float  # mean over pictures; NaN for signals and pictures below 7×7 pixels
    snr_db: float  # of the signal about its mean; NaN for a constant input
    r2: float  # NaN for a constant input
    max_error: float
    bound: float  # largest error that theory allows; NaN where none is known
    bound_holds: bool  # whether the input keeps the condition of the bound; False without one
    spikes: int
    spikes_per_value: float
    sparsity: float  # share of the cells T·M without a spike
    silent: float  # share of the neurons that never fire
    cv: float  # of the intervals, see `activity`; NaN if no neuron fires 20 times; low by ~1/n in
    # trains of n spikes
    fano: float
    law_cv: float  # the same of the code's law; NaN where it has none
    law_fano: float
    measured: int  # neurons of 20 spikes or more; each of these four is the mean of their own


def scores(sent: Sent, channel: Channel) -> Scores:
    """Quality and cost of what was sent through `channel`."""
    return scores_of([sent], channel)


def scores_of(batches: Iterable[Sent], channel: Channel) -> Scores:
    """The scores of several batches of pictures together; they may come one at a time."""
    values, decoded, acts = [], [], []
    for sent in batches:
        values.append(sent.values)
        decoded.append(sent.decoded)
        acts.append(activity(sent, channel))
    return combined(np.concatenate(values), np.concatenate(decoded), together(acts), channel)


def combined(
    values: NDArray[np.float32], decoded: NDArray[np.float32], act: Activity, channel: Channel
) -> Scores:
    """Scores from values and what was read back, [S, N], and the activity that carried them."""
    return Scores(
        rmse=metrics.rmse(values, decoded),
        psnr_db=metrics.psnr(values, decoded),
        ssim=_ssim(values, decoded, channel),
        snr_db=metrics.snr(values, decoded),
        r2=metrics.r2(values, decoded),
        max_error=metrics.max_error(values, decoded),
        bound=bound(channel),
        bound_holds=bound_holds(channel, values),
        spikes=act.spikes,
        spikes_per_value=act.spikes / act.values,
        sparsity=1.0 - act.filled / act.cells,
        silent=act.silent / act.neurons,
        cv=_mean(act.cv, act.with_cv),
        fano=_mean(act.fano, act.with_fano),
        law_cv=_mean(act.law_cv, act.with_law),
        law_fano=_mean(act.law_fano, act.with_law),
        measured=act.measured,
    )


def bound(channel: Channel) -> float:
    """The largest error that theory allows the channel; NaN where none is known.

    It is a bound of the code's own values: not of the samples within a window whose mean is sent,
    nor of a picture between two moments of a line camera.
    """
    code = channel.kind
    native = (code.kind == "signal") == (channel.shape is None)
    if code.bound is None or not native:
        return math.nan
    return float(code.bound(channel.params, channel.n_steps))


def bound_holds(channel: Channel, values: NDArray[np.float32]) -> bool:
    """Whether `values` [S, N] keep the condition under which `bound` is promised."""
    if math.isnan(bound(channel)):
        return False
    keeps = channel.kind.bound_if
    return keeps is None or keeps(torch.tensor(values).T, channel.params)


def _mean(total: float, count: int) -> float:
    return total / count if count else math.nan


def _ssim(values: NDArray[np.float32], decoded: NDArray[np.float32], channel: Channel) -> float:
    if channel.shape is None:
        return math.nan
    pairs = zip(values, decoded, strict=True)
    each = [metrics.ssim(a.reshape(channel.shape), b.reshape(channel.shape)) for a, b in pairs]
    return float(np.mean(each))
