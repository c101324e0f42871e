"""Clocks for `bench`: medians, taking turns, and the machine's memory and its bandwidth."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch


def seconds(work: Callable[[], Any], repeats: int) -> float:
    """Median wall-clock seconds of `work`, after one warm-up run."""
    work()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def interleaved(works: tuple[Callable[[], Any], ...], repeats: int) -> list[float]:
    """Median wall-clock seconds of each, after a warm-up, taking turns.

    So what else the machine does meanwhile meets all of them alike, and the ratios stand.
    """
    for work in works:
        work()
    times: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for work, took in zip(works, times, strict=True):
            began = time.perf_counter()
            work()
            took.append(time.perf_counter() - began)
    return [statistics.median(took) for took in times]


def copy() -> tuple[Callable[[], Any], int]:
    """A 64 MB copy on all cores, and the bytes that it reads plus those that it writes."""
    source = torch.ones(1 << 23, dtype=torch.float64)  # CPU: memory to copy
    target = torch.empty_like(source)
    return lambda: target.copy_(source), 2 * source.nbytes


def copy_bytes_per_s(repeats: int) -> float:
    """Measured memory bandwidth: bytes read plus bytes written a second."""
    work, size = copy()
    return size / seconds(work, repeats)


def peak_mb() -> float | None:
    """Largest resident memory of this process so far, in MB; None where no one counts it."""
    try:
        import resource
    except ImportError:  # Windows has no such module
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def flop_per_s(repeats: int) -> float:
    """Measured float32 matrix-product rate, in FLOP a second."""
    a, b = torch.ones(1024, 1024), torch.ones(1024, 1024)
    return float(2 * 1024**3 / seconds(lambda: a @ b, repeats))
