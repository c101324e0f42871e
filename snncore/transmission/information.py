"""Bits between a value and what is read back from its spikes: mutual information, bias corrected.

    I(X; X̂) = Σ p(x, x̂) log₂ p(x, x̂) / (p(x) p(x̂))

X and X̂ are sorted into classes that hold about equally many values each, so that the result does
not change under a monotone map of either. The plug-in estimate from N pairs is too large by
(R_xx̂ − R_x − R_x̂ + 1)/(2N ln 2) bits to first order, with R the occupied cells of the table and
of its margins (Miller 1955; Panzeri & Treves 1996, Network 7:87, write it with R per stimulus).
That is subtracted, but no more than what keeps I ≤ min(H(X), H(X̂)), the plug-in entropies of the
classes: on a perfect copy R_xx̂ = R_x = R_x̂, and the correction alone would make I larger than H.

Shuffled pairs carry nothing: what the estimate gives for them shows the bias that is left. It is
above 0 where many cells of the table hold few pairs or none, since a cell that happens to be empty
is not counted in R: some 0.01 bits for 16 equal classes and N = 1024, 0.04 to 0.08 where the
classes are unequally full. It is shown, not subtracted: it belongs to independent pairs, and a
code that carries much fills other cells.

The decoder and the classes can only lose information, so I(X; X̂) is a lower bound of what the
spikes carry (data processing inequality; Cover & Thomas 2006, §2.8). It treats the values as
independent draws from their histogram: it tells nothing of what neighbours say about each other.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from snncore import rng
from snncore.transmission.activity import spike_counts
from snncore.transmission.channel import Channel, Sent

ESTIMATOR = "plug-in, Miller–Madow corrected, at most the entropy"
LEVELS = 16
_PER_CELL = 4  # values for each cell of the table, at least, on average
_SHUFFLES = 8


class Information(NamedTuple):
    """Mutual information of values and reconstruction; NaN below 16 values."""

    bits_per_value: float
    error: float  # standard error of bits_per_value, see `mutual_information`
    bits_per_spike: float  # NaN without a spike
    uncorrected: float  # the plug-in estimate, bits per value
    shuffled: float  # bits per value of shuffled pairs, corrected: the bias left, see above
    shuffled_error: float  # standard deviation of one shuffle
    entropy_bits: float  # of the classes of the value: no code can carry more
    levels: int  # classes, at most
    estimator: str


class Capacity(NamedTuple):
    """Most bits that n neurons can carry in t steps of which each may hold a spike of each."""

    how_many: float  # the count of those that fired: log₂(n + 1)
    which: float  # n
    order: float  # log₂ n!
    times: float  # the step of each: n·log₂ t


def information(sent: Sent, channel: Channel, levels: int = LEVELS) -> Information:
    """Bits per value and per spike of what was sent through `channel`, see `information_of`."""
    spikes = int(spike_counts(sent.spikes).sum())
    return information_of(sent.values, sent.decoded, spikes, channel, levels)


def information_of(
    values: NDArray[np.float32],
    decoded: NDArray[np.float32],
    spikes: int,
    channel: Channel,
    levels: int = LEVELS,
) -> Information:
    """Bits between values and what is read back, [S, N] each, that took `spikes` spikes in all.

    Where an intensity code carries a signal, a value is the mean of a window: only those are sent.

    Args:
        levels: classes of the value and of what is read back, 2..256; fewer where there are not
            enough values, so that a cell of the table has 4 of them on average.

    Raises:
        ValueError: levels outside 2..256.
    """
    if isinstance(levels, bool) or not isinstance(levels, int) or not 2 <= levels <= 256:
        raise ValueError(f"levels must be a whole number in 2..256, got {levels!r}")
    if channel.shape is None and channel.kind.kind == "intensity":
        values, decoded = channel.window_means(values), channel.window_means(decoded)
    x, y = values.reshape(-1), decoded.reshape(-1)
    used = min(levels, math.isqrt(x.size // _PER_CELL))
    if used < 2:
        nan = math.nan
        return Information(nan, nan, nan, nan, nan, nan, nan, used, ESTIMATOR)
    a, b = classes(x, used), classes(y, used)
    found = mutual_information(a, b)
    shuffled = [mutual_information(a, b[_order(k, b.size)]).bits for k in range(_SHUFFLES)]
    return Information(
        bits_per_value=found.bits,
        error=found.error,
        bits_per_spike=found.bits * x.size / spikes if spikes else math.nan,
        uncorrected=found.uncorrected,
        shuffled=float(np.mean(shuffled)),
        shuffled_error=float(np.std(shuffled, ddof=1)),
        entropy_bits=found.entropy,
        levels=used,
        estimator=ESTIMATOR,
    )


class Estimate(NamedTuple):
    """Mutual information of two rows of classes, in bits."""

    bits: float
    error: float
    uncorrected: float
    entropy: float  # of the first row


def mutual_information(x: NDArray[np.int64], y: NDArray[np.int64]) -> Estimate:
    """Bits between classes x and y [N], both counted from 0.

    The standard error is that of a mean of N independent log₂ p(x, y)/(p(x)p(y)) (Moddemeijer
    1989, Signal Processing 16:233), right to first order in 1/√N. Where all pairs that occur tell
    equally much (a perfect copy, a ring of equally likely neighbours) that order vanishes, and what
    is given is 1.3 to 1.6 times too large.
    """
    table = np.bincount(
        x * (int(y.max()) + 1) + y, minlength=(int(x.max()) + 1) * (int(y.max()) + 1)
    )
    p = table.reshape(int(x.max()) + 1, -1) / x.size
    px, py = p.sum(axis=1), p.sum(axis=0)
    i, j = np.nonzero(p)
    cell = p[i, j]
    gain = np.log2(cell / (px[i] * py[j]))
    plain = float((cell * gain).sum())
    occupied = [int(np.count_nonzero(part)) for part in (p, px, py)]
    bias = (occupied[0] - occupied[1] - occupied[2] + 1) / (2 * x.size * math.log(2))
    spread = max(0.0, float((cell * gain**2).sum()) - plain**2)
    entropies = [-float((part[part > 0] * np.log2(part[part > 0])).sum()) for part in (px, py)]
    bits = min(plain - bias, *entropies)
    return Estimate(bits, math.sqrt(spread / x.size), plain, entropies[0])


def classes(values: NDArray[np.float32], levels: int) -> NDArray[np.int64]:
    """Class 0..levels−1 of each value: about equally many in each; equal values stay together.

    Up to `levels` different values keep a class each.
    """
    different, place, amount = np.unique(values, return_inverse=True, return_counts=True)
    if different.size <= levels:
        return place.astype(np.int64)
    middle = (np.cumsum(amount) - 0.5 * amount) / values.size  # of each value's place in the order
    return np.minimum((middle * levels).astype(np.int64), levels - 1)[place]


def capacity(n_neurons: int, n_steps: int) -> Capacity:
    """Bits of a volley in which each neuron fires at most once (compared by Thorpe et al. 2001).

    Raises:
        ValueError: n_neurons or n_steps < 1.
    """
    if n_neurons < 1 or n_steps < 1:
        raise ValueError(f"n_neurons and n_steps must be >= 1, got {n_neurons} and {n_steps}")
    return Capacity(
        how_many=math.log2(n_neurons + 1),
        which=float(n_neurons),
        order=math.lgamma(n_neurons + 1) / math.log(2),
        times=n_neurons * math.log2(n_steps),
    )


def _order(number: int, n: int) -> NDArray[np.int64]:
    return rng.permutation(number, rng.stream("shuffle"), n).numpy()
