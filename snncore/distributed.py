"""Processes that compute one result together (data parallel), joined by torch.distributed.

    torchrun --standalone --nproc-per-node 2 -m snncore train --dataset mnist --out run.npz

starts the same program K times. All do the same steps in the same order; where a step is dear,
each does its part of the samples, and `Group.fill_` hands every part to everybody, before the next
step begins from complete data in the order of the samples. Nothing is summed on the way, so what
is learnt does not depend on K, bit for bit (on equal machines). A readout is bit-equal where
processes have as many threads: the factors of a matrix differ in their last bits with the threads
that make them. A program that nobody joined is a group of one, whose parts are everything, and
torch.distributed is not even imported.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from snncore.device import cpu_count

if TYPE_CHECKING:
    import torch

TIMEOUT_S = 600.0  # how long one process waits for the others, by default
_LOOK_S = 0.02
_TIMEOUT = "SNNCORE_TIMEOUT_S"


class Lost(RuntimeError):
    """The others cannot be heard any more."""


@contextmanager
def _hearing() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # of torch.distributed, with a trace of C++ frames
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise Lost(f"another process has ended or does not answer: {first}") from error


class Group:
    """Who computes together: this process is number `rank` of `size`, `local` of them here."""

    def __init__(self, rank: int = 0, size: int = 1, local: int = 1) -> None:
        self.rank, self.size, self.local = rank, size, local

    def part(self, n: int) -> slice:
        """Which of n rows this process computes; parts are in the order of ranks, some empty."""
        return self._part_of(self.rank, n)

    def _part_of(self, rank: int, n: int) -> slice:
        each = -(-n // self.size)
        return slice(min(rank * each, n), min((rank + 1) * each, n))

    def fill_(self, arrays: Sequence[NDArray[Any]], n: int) -> None:
        """Complete the first n rows of arrays whose `part(n)` every process has written.

        One message for all arrays. Its cost: see `docs/scaling.md`.
        """
        if self.size == 1 or n == 0:
            return
        mine, each = self.part(n), -(-n // self.size)
        widths = [array[:1].nbytes for array in arrays]
        sent = np.zeros(each * sum(widths), np.uint8)
        start = 0
        for array in arrays:
            own = np.ascontiguousarray(array[mine]).reshape(-1).view(np.uint8)
            sent[start : start + len(own)] = own
            start += each * array[:1].nbytes
        got = self._gathered(sent)
        for rank in range(self.size):
            rows, start = self._part_of(rank, n), 0
            for array, width in zip(arrays, widths, strict=True):
                if rank != self.rank and rows.stop > rows.start:
                    some = got[rank, start : start + (rows.stop - rows.start) * width]
                    array[rows] = some.view(array.dtype).reshape(array[rows].shape)
                start += each * width

    def _gathered(self, mine: NDArray[np.uint8]) -> NDArray[np.uint8]:
        import torch
        from torch import distributed

        got = torch.empty(self.size * len(mine), dtype=torch.uint8)
        with _hearing():
            distributed.all_gather_into_tensor(got, torch.from_numpy(mine))
        return got.numpy().reshape(self.size, len(mine))

    def stacked(self, mine: torch.Tensor) -> torch.Tensor:
        """The tensors of all processes, all of one shape, [size, …] in the order of ranks."""
        from torch import distributed

        if self.size == 1:
            return mine.unsqueeze(0)
        got = mine.new_empty((self.size * mine.numel(),))
        with _hearing():
            distributed.all_gather_into_tensor(got, mine.contiguous().view(-1))
        return got.view(self.size, *mine.shape)

    def copy_(self, tensor: torch.Tensor, rank: int) -> None:
        """Overwrite the tensor with that of process `rank`."""
        from torch import distributed

        told = tensor.contiguous()
        with _hearing():
            distributed.broadcast(told, rank)
        if told is not tensor:
            tensor.copy_(told)

    def any(self, mine: bool) -> bool:
        """Whether it is so for any of the processes."""
        found = np.zeros(self.size, np.bool_)
        found[self.rank] = mine
        self.fill_([found], self.size)
        return bool(found.any())

    def broadcast(self, data: bytes) -> bytes:
        """What process 0 has."""
        return self.gather(data if self.rank == 0 else b"")[0]

    def gather(self, mine: bytes) -> list[bytes]:
        """What each process has, in the order of ranks."""
        sizes = np.zeros(self.size, np.int64)
        sizes[self.rank] = len(mine)
        self.fill_([sizes], self.size)
        room = np.zeros((self.size, max(1, int(sizes.max()))), np.uint8)
        room[self.rank, : len(mine)] = np.frombuffer(mine, np.uint8)
        self.fill_([room], self.size)
        return [row[:size].tobytes() for row, size in zip(room, sizes, strict=True)]

    def agree(self, facts: Mapping[str, str]) -> None:
        """All processes must have the same facts (versions, data, parameters).

        Raises:
            ValueError: in all of them, which facts differ, and who has what.
        """
        told = [json.loads(text) for text in self.gather(json.dumps(dict(facts)).encode())]
        differ = []
        for name in sorted({name for each in told for name in each}):
            values = [each.get(name, "nothing") for each in told]
            if len(set(values)) > 1:
                who = ", ".join(f"rank {rank}: {value}" for rank, value in enumerate(values))
                differ.append(f"{name}, got {who}")
        if differ:
            raise ValueError(f"all processes must have the same {'; '.join(differ)}")


_alone = Group()
_current = _alone


def current() -> Group:
    """The group that this process belongs to."""
    return _current


@contextmanager
def alone() -> Iterator[None]:
    """What is done within is not shared: each process does all of it, for itself."""
    global _current
    before, _current = _current, _alone
    try:
        yield
    finally:
        _current = before


@contextmanager
def joined(device: torch.device | None = None) -> Iterator[Group]:
    """Join the processes that torchrun started with this one; alone where it did not.

    Cores are shared out among the processes of a machine. What CUDA devices exchange goes by NCCL,
    all else by Gloo. Who waits longer than `SNNCORE_TIMEOUT_S` (600) for the others gives up.

    Raises:
        ValueError: `SNNCORE_TIMEOUT_S` is not a number > 0.
        Lost: the others cannot be reached.
    """
    global _current
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        yield _current
        return
    import torch
    from torch import distributed
    from torch.distributed.distributed_c10d import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    size = int(os.environ["WORLD_SIZE"])
    local = int(os.environ.get("LOCAL_WORLD_SIZE", size))
    if not os.environ.get("SNNCORE_THREADS", "").isdecimal():
        os.environ["SNNCORE_THREADS"] = str(max(1, cpu_count() // local))
    torch.set_num_threads(max(1, int(os.environ["SNNCORE_THREADS"])))
    if size == 1:
        yield _current
        return
    backend = "gloo"
    if device is not None and device.type == "cuda":
        backend = "cpu:gloo,cuda:nccl"
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    wait = timedelta(seconds=_timeout_s())
    with _hearing():
        store, rank, size = next(rendezvous("env://", timeout=wait))
        store = PrefixStore(_round_of(store, rank, size, wait.total_seconds()), store)
        distributed.init_process_group(
            backend, store=store, rank=rank, world_size=size, timeout=wait
        )
    before, _current = _current, Group(rank, size, local)
    try:
        yield _current
    finally:
        _current = before
        distributed.destroy_process_group()


def _round_of(store: Any, rank: int, size: int, timeout_s: float) -> str:
    """A name for this start of all processes, in a store that may remember former ones.

    After a restart by torchrun (2.15) the store still has the addresses of the processes that are
    gone; whoever reads those cannot connect, and all wait in vain. So each process leaves a new
    word, and process 0 names a round of those words that are there, until all have found theirs.
    It looks again and again, as no store tells when a value is replaced.

    Raises:
        RuntimeError: not all came in time.
    """
    mine, end = secrets.token_hex(8), time.monotonic() + timeout_s
    store.set(f"here/{rank}", mine)
    name = secrets.token_hex(8)
    while time.monotonic() < end:
        if rank == 0:
            words = [store.get(f"here/{other}").decode() for other in range(size)]
            store.set("round", " ".join([name, *words]))
        told, *words = store.get("round").decode().split()
        if len(words) == size and words[rank] == mine:
            store.set(f"{told}/{rank}", "")
            if rank or store.check([f"{told}/{other}" for other in range(size)]):
                return told
        time.sleep(_LOOK_S)
    raise RuntimeError(f"not all of {size} processes have come within {timeout_s:g} s")


def _timeout_s() -> float:
    text = os.environ.get(_TIMEOUT, "")
    try:
        seconds = float(text) if text else TIMEOUT_S
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 1e6:
        raise ValueError(f"{_TIMEOUT} must be a number of seconds > 0, got {text!r}")
    return seconds
