"""Rows shared among threads: for serial kernels that work on rows begin..end-1 of a batch.

The same rows come out whatever the number of threads. Compiling such a kernel takes a fraction of
the time that Numba needs for a parallel one.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

from snncore.device import cpu_count
from snncore.kernels import kernel_threads


@functools.cache
def _pool() -> ThreadPoolExecutor:
    """One for the process: starting threads for each call took longer than most of the work."""
    return ThreadPoolExecutor(cpu_count(), thread_name_prefix="rows")


def share_rows(
    work: Callable[[int, int], None], count: int, *, operations: float = math.inf
) -> None:
    """Call work(begin, end) for parts of 0..count-1, on all threads of the kernels.

    Args:
        operations: about how many elementary operations it is in all; one thread does few.
    """
    with kernel_threads(operations) as threads:
        parts = min(threads, count)
        if parts <= 1:
            work(0, count)
            return
        edges = [count * k // parts for k in range(parts + 1)]
        others = [_pool().submit(work, *edges[k : k + 2]) for k in range(1, parts)]
        try:
            work(0, edges[1])
        finally:  # they write into the caller's arrays
            wait(others)
        for other in others:
            other.result()
