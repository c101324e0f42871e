"""`bench encode`: the rate code and its event list beside snnTorch's, statistics compared."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from snncore import rng
from snncore.cli.timing import copy_bytes_per_s, interleaved

Tensor = torch.Tensor

IMAGES, PIXELS, STEPS = 256, 784, 100
CLASSES = 16  # of intensity, equally wide
LARGEST_Z = 5.0  # standard errors; 96 numbers together exceed it once in 20,000 runs
SPARSE = (0.02, 0.08)  # gains at which the lists are timed


class Statistics(NamedTuple):
    """How many standard errors the spikes are from the Bernoulli law, by class of intensity.

    mean: of the counts; variance: of the counts (Fano factor); pairs: spikes in two steps in a
    row, which have no memory exactly if the intervals are geometric. All [CLASSES].
    """

    mean: Tensor
    variance: Tensor
    pairs: Tensor

    def within(self, errors: float) -> bool:
        """Whether all are within so many standard errors."""
        return all(bool((z.abs() < errors).all()) for z in self)


def statistics(spikes: Tensor, values: Tensor) -> Statistics:
    """Spikes bool [T, B, N] of probabilities `values` [B, N], against the law."""
    steps = len(spikes)
    p = values.double().flatten()
    place = (p * CLASSES).long().clamp_max(CLASSES - 1)

    def by_class(x: Tensor) -> Tensor:
        return torch.zeros(CLASSES, dtype=torch.float64).index_add_(0, place, x)

    counts = spikes.sum(dim=0, dtype=torch.int32).double().flatten()
    pairs = (spikes[1:] & spikes[:-1]).sum(dim=0, dtype=torch.int32).double().flatten()
    mean, var = steps * p, steps * p * (1 - p)
    # E[(c − Tp)⁴] = v + 3v² − 6vp(1 − p), so this is the variance of the square
    of_square = var + 2 * var**2 - 6 * var * p * (1 - p)
    both = p**2
    of_pairs = (steps - 1) * both * (1 - both) + 2 * (steps - 2) * (p**3 - both**2)
    return Statistics(
        by_class(counts - mean) / by_class(var).sqrt(),
        by_class((counts - mean) ** 2 - var) / by_class(of_square).sqrt(),
        by_class(pairs - (steps - 1) * both) / by_class(of_pairs).sqrt(),
    )


def encode(repeats: int) -> dict[str, Any]:
    """256 × 784 intensities, 100 steps of the rate code, against snntorch.spikegen.rate.

    The event list is timed beside the dense form of the same rates: twice, so that its cost per
    spike stands apart from that of looking at every value.
    """
    from importlib.metadata import version

    from snntorch import spikegen

    from snncore.encoding.events import encode_events
    from snncore.encoding.rate import RateParams, rate_encode

    words = rng.draws(1, rng.stream("points"), torch.arange(IMAGES), PIXELS, 1)[0]
    values = rng.uniform(words)
    low, high = (RateParams(gain) for gain in SPARSE)
    ours, theirs, low_s, high_s, dense_s = interleaved(
        (
            lambda: rate_encode(values, n_steps=STEPS),
            lambda: spikegen.rate(values, num_steps=STEPS),
            lambda: encode_events("rate", values, low, n_steps=STEPS),
            lambda: encode_events("rate", values, high, n_steps=STEPS),
            lambda: rate_encode(values, low, n_steps=STEPS),
        ),
        repeats,
    )
    mine = rate_encode(values, n_steps=STEPS)
    other = spikegen.rate(values, num_steps=STEPS).bool()
    few, many = (
        len(encode_events("rate", values, params, n_steps=STEPS).step) for params in (low, high)
    )
    work = IMAGES * PIXELS * STEPS
    return {
        "work": f"rate code, {IMAGES} x {PIXELS} intensities x {STEPS} steps, cells "
        "(ours written as bool, snnTorch's as float32)",
        "seconds": ours,
        "ours_per_s": work / ours,
        "peer": f"snntorch {version('snntorch')} spikegen.rate",
        "peer_per_s": work / theirs,
        "limit": lambda: copy_bytes_per_s(repeats),  # one byte written a cell
        # Other random numbers, the same law: means, variances and intervals of both.
        "equal": all(statistics(s, values).within(LARGEST_Z) for s in (mine, other)),
        "events_gain": SPARSE[0],
        "events": few,
        "events_seconds": low_s,
        "events_per_s": few / low_s,
        "events_dense_seconds": dense_s,  # the dense form at that gain
        "events_ratio": many / few,  # how many more spikes at the second gain,
        "events_seconds_ratio": high_s / low_s,  # and how much longer they take
        "events_ns_per_spike": 1e9 * (high_s - low_s) / (many - few),
    }
