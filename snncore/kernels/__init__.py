"""Fused CPU loops (Numba): the time loop inside, spikes as events, state in cache.

Each kernel repeats a torch path, which is the definition, and is tested against it. Callers never
choose: the public function looks at the tensor's device. Parallel kernels share one thread pool
that is not safe to enter twice, so they run behind `kernel_threads`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.Lock()


def thread_count() -> int:
    """Threads for a parallel kernel: `SNNCORE_THREADS`, else the cores this process may use.

    Raises:
        ValueError: `SNNCORE_THREADS` is not a whole number >= 1.
    """
    from snncore.device import cpu_count

    text = os.environ.get("SNNCORE_THREADS", "")
    if not text:
        return cpu_count()
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"SNNCORE_THREADS must be a whole number >= 1, got {text!r}")
    return int(text)


@contextmanager
def kernel_threads() -> Iterator[int]:
    """Hold the process-wide lock of parallel kernels, with the thread count set."""
    import numba

    with _LOCK:
        count = min(thread_count(), numba.config.NUMBA_NUM_THREADS)
        numba.set_num_threads(count)
        yield count
