"""What a visitor is told of a fault that is not theirs: what happened, and what to do."""

from __future__ import annotations

import errno
import gc

from snncore.device import empty_cache

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# torch has no MemoryError: a RuntimeError of the CPU's, CUDA's or MPS's allocator says it in words.
_NO_MEMORY = ("can't allocate memory", "out of memory", "not enough memory")


def words_of(failure: BaseException) -> str:
    """For the page; of an unknown fault the class only, since its text may hold anything."""
    if of_memory(failure):
        return (
            "The computation failed: the server has not enough memory for it. What it had taken is "
            "free again and your settings are kept: choose smaller values, or try again when fewer "
            "visitors compute."
        )
    if isinstance(failure, OSError) and failure.errno in _NO_ROOM:
        return (
            "The computation failed: the disk of the server is full. Your settings are kept; try "
            "again once whoever runs this server has made room."
        )
    return (
        f"The computation failed ({type(failure).__name__}). The server has a record, and your "
        "settings are kept: change a value, or try again."
    )


def of_memory(failure: BaseException) -> bool:
    """Whether memory ran out, on whatever device."""
    if isinstance(failure, MemoryError):
        return True
    said = str(failure).lower()
    return isinstance(failure, RuntimeError) and any(words in said for words in _NO_MEMORY)


def clear_up() -> None:
    """After memory ran out: what hangs in cycles, and what an allocator keeps for later."""
    gc.collect()
    empty_cache()
