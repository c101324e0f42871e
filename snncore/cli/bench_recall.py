"""`bench recall`: low-rank couplings beside the dense N×N matrix of the example program."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import datasets, rng
from snncore.cli.timing import copy_bytes_per_s, interleaved
from snncore.hopfield import (
    DynamicsParams,
    NoiseParams,
    PatternParams,
    Patterns,
    RuleParams,
    damage,
    make_memory,
    make_patterns,
    random_patterns,
    settle,
)

SIDE, PICTURES = 100, 3  # as in the example program: N = 10,000
DIGITS, PROBES = 10_000, 200
ROW = 200  # of our steps timed at once: one is over sooner than a clock can tell


def recall(repeats: int, side: int = SIDE) -> dict[str, Any]:
    """A synchronous Hebb step of three probes at N = side², and recall among 10,000 digits."""
    patterns = random_patterns(PICTURES, (side, side), seed=0)
    probes = damage(patterns, NoiseParams("flip", 0.3), seed=1)
    x = patterns.states.numpy().astype(np.float64)
    states = probes.values.numpy().astype(np.float64)
    n = x.shape[1]

    began = time.perf_counter()
    w = np.zeros((n, n))
    for row in x:
        w += np.outer(row, row)
    np.fill_diagonal(w, 0.0)
    theirs_stored = time.perf_counter() - began
    began = time.perf_counter()
    memory = make_memory(patterns, RuleParams(rule="hebb"))
    ours_stored = time.perf_counter() - began

    def theirs() -> NDArray[np.float64]:
        return np.stack([w @ state for state in states])  # one matrix-vector product a picture

    def ours() -> None:
        for _ in range(ROW):
            memory.field(probes.values)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # 30,000 numbers: a second core would wait longer than it works
    try:
        ours_s, theirs_s = interleaved((ours, theirs), repeats)
    finally:
        torch.set_num_threads(threads)
    mine, other = memory.field(probes.values).numpy(), theirs()
    digits, seconds, right = _digits(repeats)
    return {
        "work": f"a synchronous Hebb step, {PICTURES} pictures, {PICTURES} probes, "
        f"N = {n:,}, steps",
        "ours_per_s": ROW / ours_s,
        "peer": f"numpy {np.__version__} float64, dense N x N matrix",
        "peer_per_s": 1 / theirs_s,
        # Each number of the pictures is read, for the overlaps and for the field.
        "limit": lambda: copy_bytes_per_s(repeats) / (2 * memory.memory_bytes),
        "equal": bool((np.sign(mine) == np.sign(other)).all() and np.sign(mine).any()),
        "weight_memory_ratio": w.nbytes / memory.memory_bytes,
        "weight_bytes": memory.memory_bytes,
        "peer_weight_bytes": w.nbytes,
        "store_ratio": theirs_stored / ours_stored,
        "digits": digits,
        "digits_seconds": seconds,
        "digits_exact": right,
    }


def _digits(repeats: int) -> tuple[str, float, float]:
    """What was stored, the seconds that 200 probes take, and the share recalled exactly."""
    patterns, source = _many()
    noise = NoiseParams("flip", 0.3)
    goals = rng.permutation(0, rng.stream("order"), len(patterns.states))[:PROBES]
    probes = damage(patterns, noise, targets=goals, seed=0, samples=torch.arange(PROBES))
    memory = make_memory(patterns, RuleParams(rule="modern"), noise)

    def answers() -> Any:
        *_, last = settle(memory, probes, DynamicsParams(steps=1))
        return last.states > 0

    (seconds,) = interleaved((answers,), repeats)
    exact = (answers() == (patterns.states[goals] > 0)).all(dim=1)
    return source, seconds, float(exact.float().mean())


def _many() -> tuple[Patterns, str]:
    """10,000 stored pictures of 28×28: MNIST's test digits, or random ones where it is not here."""
    try:
        pictures = datasets.load("mnist", "test")
    except datasets.DatasetMissing:
        source = f"{DIGITS:,} random patterns (MNIST is not here), {PROBES} probes"
        return random_patterns(DIGITS, (28, 28), seed=0), source
    params = PatternParams(count=DIGITS, pick="first")
    stored = make_patterns(pictures.images, pictures.labels, pictures.class_names, params)
    return stored, f"{len(stored.states):,} MNIST digits, {PROBES} probes"
