"""Which device computes, and why: CUDA, then MPS, then CPU, unless told otherwise.

torch is imported where it is needed: it takes seconds, and a page shows its frame before.
"""

from __future__ import annotations

import os
import platform
import sys
import threading
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

CHOICES = ("auto", "cuda", "mps", "cpu")
_mine = threading.local()


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """The chosen device, its name, and the reason for the choice in one sentence."""

    device: torch.device
    name: str
    reason: str


def _available(kind: str) -> bool:
    import torch

    if kind == "cuda":
        return torch.cuda.is_available()
    if kind == "mps":
        return torch.backends.mps.is_available()
    return kind == "cpu"


@cache
def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            for line in info:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass  # not Linux: the platform module knows less, but something
    return platform.processor() or platform.machine()


def _name(kind: str) -> str:
    if kind == "cuda":
        import torch

        return torch.cuda.get_device_name(0)
    if kind == "mps":
        return "Apple GPU"
    return f"{_cpu_name()}, {cpu_count()} cores"


@cache
def cpu_count() -> int:
    """Cores that this process may use (containers and affinity counted), at least 1."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity
        cores = os.cpu_count() or 1
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as limits:
            quota, period = limits.read().split()
        if quota != "max":
            cores = min(cores, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):
        pass  # no cgroup v2 limit to read
    return max(1, cores)


def torch_threads(count: int) -> None:
    """How many threads torch's own loops take in this thread.

    A page's short work takes one: each of fifty visitors' threads would start a team of its own,
    whose members wait for one another, spinning, while others want the cores.
    """
    if "torch" not in sys.modules:
        return
    import torch  # another thread may be in the middle of this: then wait for its end

    if torch.get_num_threads() != count:
        torch.set_num_threads(count)


def limit_threads(count: int) -> None:
    """Parallel kernels that this thread calls take at most `count` threads from now on.

    Where others compute beside it, their cores are taken already. Kept here, so that a page's
    thread need not look at modules that another is about to load.
    """
    _mine.most = count


def most_threads() -> int | None:
    """What this thread was limited to; None: to nothing."""
    return getattr(_mine, "most", None)


def memory_bytes() -> int:
    """Memory that this process may use: the machine's, or its container's if that is less."""
    limit = 4 << 30  # where nothing can be read: a small laptop
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        limit = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        with open("/sys/fs/cgroup/memory.max", encoding="ascii") as file:
            text = file.read().strip()
        if text != "max":
            limit = min(limit, int(text))
    except (OSError, ValueError):
        pass  # no cgroup v2 limit to read
    return limit


def choose_device(prefer: str | None = None) -> DeviceChoice:
    """The device for a computation.

    Args:
        prefer: "auto", "cuda", "mps" or "cpu"; None reads `SNNCORE_DEVICE` and, when that is
            unset too, means "auto" (CUDA, else MPS, else CPU).

    Raises:
        ValueError: the word is unknown, or names a device that this machine does not have.
    """
    source = "asked for"
    import torch

    if prefer is None:
        prefer = os.environ.get("SNNCORE_DEVICE", "") or "auto"
        source = f"SNNCORE_DEVICE={prefer}"
    prefer = prefer.lower()
    if prefer not in CHOICES:
        raise ValueError(f"device must be one of {', '.join(CHOICES)}, got {prefer!r}")
    if prefer != "auto":
        if not _available(prefer):
            raise ValueError(
                f"device {prefer!r} ({source}) is not available here; use 'auto' or 'cpu'"
            )
        return DeviceChoice(torch.device(prefer), _name(prefer), source)
    for kind, reason in (
        ("cuda", "auto: CUDA is available"),
        ("mps", "auto: Apple's MPS is available, CUDA is not"),
        ("cpu", "auto: neither CUDA nor MPS is available"),
    ):
        if _available(kind):
            return DeviceChoice(torch.device(kind), _name(kind), reason)
    raise AssertionError("unreachable: the CPU is always available")


def synchronise(device: torch.device) -> None:
    """Wait until `device` has finished, so that a clock read afterwards is honest."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def empty_cache() -> None:
    """Let the allocators of accelerators give back what they keep for later."""
    if "torch" not in sys.modules:
        return
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()  # of no effect before CUDA was used
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
