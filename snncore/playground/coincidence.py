"""How alike two spike trains are: the coincidence factor Γ.

    Γ = (N_coinc − ⟨N_coinc⟩) / (½(N_reference + N_model)) / (1 − 2νΔ)

where ⟨N_coinc⟩ = 2νΔ·N_reference is how many spikes of the reference a Poisson train of the
model's rate ν would meet within ±Δ by chance, and the last factor gives equal trains 1 (Kistler,
Gerstner & van Hemmen 1997, Neural Comput. 9:1015). 0 is chance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

PRECISION_MS = 2.0  # Δ of Kistler et al.


def coincidence(
    reference: ArrayLike, model: ArrayLike, duration: float, precision: float = PRECISION_MS
) -> float:
    """The coincidence factor Γ of two spike trains.

    Args:
        reference, model: ascending spike times in ms.
        duration: length of the recording in ms.
        precision: Δ in ms: spikes at most this far apart coincide, each with one other.

    Returns:
        At most 1. Two silent trains are equal: 1. One silent train, or a model that fires so fast
        (2νΔ ≥ 1) that every spike coincides with something: 0.
    """
    if not duration > 0 or not precision > 0:
        raise ValueError(f"duration and precision must be > 0 ms, got {duration}, {precision}")
    a, b = np.asarray(reference, dtype=np.float64), np.asarray(model, dtype=np.float64)
    if a.size == 0 and b.size == 0:
        return 1.0
    by_chance = 2.0 * precision * b.size / duration  # 2νΔ
    if by_chance >= 1.0:
        return 0.0
    coincident = _pairs(a.tolist(), b.tolist(), precision)
    return (coincident - by_chance * a.size) / (0.5 * (a.size + b.size)) / (1.0 - by_chance)


def _pairs(a: Sequence[float], b: Sequence[float], precision: float) -> int:
    """Largest number of disjoint pairs of one spike each that are at most `precision` apart."""
    i = j = pairs = 0
    while i < len(a) and j < len(b):
        if abs(a[i] - b[j]) <= precision:
            pairs, i, j = pairs + 1, i + 1, j + 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    return pairs
