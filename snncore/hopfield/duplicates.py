"""Stored pictures that are nearly or wholly alike, which no network can keep apart.

The distance of two pictures counts pixels: their Hamming distance in binary; in grey the sum of
squared differences and in rgb a third of it, which is the same for pictures of black and white.
"""

from __future__ import annotations

import numpy as np
import torch

from snncore.hopfield.patterns import Patterns, check_patterns

Tensor = torch.Tensor
_AT_A_TIME = 1 << 23  # distances in a temporary tensor, 32 MB


def near_duplicates(patterns: Patterns, within: float = 0.0) -> Tensor:
    """Pairs (i, j), i < j, of pictures at a distance of at most `within` pixels; int64 [K, 2].

    Pictures are kept in their order, and j is paired with the first kept picture i that it is
    near: at most one pair for each j. Without all the j no two pictures are that near. The cost
    is P²N products, the memory P numbers for each of a few pictures at a time.
    """
    check_patterns(patterns)
    if not within >= 0.0:
        raise ValueError(f"within must be >= 0 pixels, got {within}")
    states = patterns.states.to(torch.float32)
    binary = patterns.mode == "binary"
    scale = 4.0 if binary else float(patterns.channels)
    squares = (states * states).sum(dim=1)
    count = len(states)
    kept = np.ones(count, dtype=bool)
    pairs: list[tuple[int, int]] = []
    step = max(1, _AT_A_TIME // count)
    for start in range(0, count, step):
        some = states[start : start + step]
        end = start + len(some)
        rough = squares[start:end, None] + squares[:end] - 2.0 * some @ states[:end].T
        # sums of ±1 are exact; of what others may round off, the differences themselves decide
        slack = 0.0 if binary else 1e-5 * (squares[start:end, None] + squares[:end])
        near = (rough <= scale * within + slack).cpu().numpy()
        near &= np.arange(end) < np.arange(start, end)[:, None]
        for later in start + np.flatnonzero(near.any(axis=1)):
            maybe = np.flatnonzero(near[later - start] & kept[:end])
            if len(maybe) and not binary:
                exact = ((states[maybe] - states[later]) ** 2).sum(dim=1).cpu().numpy() / scale
                maybe = maybe[exact <= within * (1.0 + 1e-6)]
            if len(maybe):
                kept[later] = False
                pairs.append((int(maybe[0]), int(later)))
    return torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)


def deduplicate(patterns: Patterns, within: float = 0.0) -> Patterns:
    """The patterns without those that are within `within` pixels of an earlier kept one."""
    gone = near_duplicates(patterns, within)[:, 1]
    if not len(gone):
        return patterns
    stays = torch.ones(len(patterns.states), dtype=torch.bool)
    stays[gone] = False
    names = tuple(name for name, keep in zip(patterns.names, stays.tolist(), strict=True) if keep)
    return patterns._replace(states=patterns.states[stays.to(patterns.states.device)], names=names)
