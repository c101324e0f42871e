"""From spikes to a class and how sure it is: most spikes, or the first spike.

- "count": the neuron with most spikes; equal counts: the higher final potential. Confidence:
  (n₁ − n₂)/n₁ of the two highest counts; 0 where none fired.
- "first": the neuron that fires first; in the same step: the one that went further above the
  threshold; where none fires, the higher final potential. Confidence: (t₂ − t₁)/T, where a silent
  neuron counts as t = T.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Decision(NamedTuple):
    """Of points [S]."""

    winners: NDArray[np.int64]  # class
    confidence: NDArray[np.float32]  # 0..1
    steps: NDArray[np.float32]  # time until it is made, 1..T


def _highest(best: NDArray[np.bool_], tie: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.where(best, tie, -np.inf).argmax(axis=1)


def decide(
    decision: str,
    n_steps: int,
    counts: NDArray[np.integer],
    first: NDArray[np.integer],
    at_first: NDArray[np.float32],
    potentials: NDArray[np.float32],
) -> Decision:
    """Classes of points from what their K class neurons did; arrays [S, K], K ≥ 2.

    Args:
        decision: "count" or "first".
        n_steps: T.
        counts: spikes.
        first: step of the first spike, −1 where there is none.
        at_first: potential there, before the reset.
        potentials: after the last step.
    """
    if counts.ndim != 2 or counts.shape[1] < 2:
        raise ValueError(f"counts must be [S, K] with K >= 2, got shape {counts.shape}")
    if decision == "count":
        winners = _highest(counts == counts.max(axis=1, keepdims=True), potentials)
        ordered = np.sort(counts, axis=1)
        lead = (ordered[:, -1] - ordered[:, -2]) / np.maximum(ordered[:, -1], 1)
        steps = np.full(len(counts), n_steps, np.float32)
        return Decision(winners, lead.astype(np.float32), steps)
    if decision != "first":
        raise ValueError(f"decision must be one of count, first, got {decision!r}")
    times = np.where(first < 0, n_steps, first)
    earliest = times.min(axis=1, keepdims=True)
    tie = np.where(earliest < n_steps, at_first, potentials)
    winners = _highest(times == earliest, tie)
    ordered = np.sort(times, axis=1)
    lead = (ordered[:, 1] - ordered[:, 0]) / n_steps
    steps = np.minimum(earliest[:, 0] + 1, n_steps).astype(np.float32)
    return Decision(winners, lead.astype(np.float32), steps)
