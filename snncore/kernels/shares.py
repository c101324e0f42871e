"""Rows shared among threads: for serial kernels that work on rows begin..end-1 of a batch.

The same rows come out whatever the number of threads. Compiling such a kernel takes a fraction of
the time that Numba needs for a parallel one.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from snncore.kernels import kernel_threads


def share_rows(work: Callable[[int, int], None], count: int) -> None:
    """Call work(begin, end) for parts of 0..count-1, on all threads of the kernels."""
    with kernel_threads() as threads:
        parts = min(threads, count)
        if parts <= 1:
            work(0, count)
            return
        edges = [count * k // parts for k in range(parts + 1)]
        with ThreadPoolExecutor(parts) as pool:
            list(pool.map(work, edges[:-1], edges[1:]))
