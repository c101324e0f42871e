"""Answers that were computed lately, of all visitors, within a budget of bytes.

Not a Streamlit cache: those cannot be filled from a worker's thread, and copy what they give.
An answer is a pure function of its question, whose digest covers a visitor's own pictures too:
who does not have the same pictures cannot ask for it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from snncore.recall_lab import Answer

BUDGET = 192 << 20  # bytes of all answers together
MOST = 64


class Kept:
    """The last answers by the digest of their question; one that is larger than all is not kept."""

    def __init__(self, budget: int = BUDGET, most: int = MOST) -> None:
        self._budget, self._most = budget, most
        self._lock = threading.Lock()
        self._found: OrderedDict[str, tuple[Answer, int]] = OrderedDict()

    def get(self, identity: str) -> Answer | None:
        """The answer, if it is still there."""
        with self._lock:
            if identity not in self._found:
                return None
            self._found.move_to_end(identity)
            return self._found[identity][0]

    def put(self, identity: str, answer: Answer) -> None:
        """Keep an answer; those unseen for longest make room."""
        size = size_of(answer)
        with self._lock:
            self._found.pop(identity, None)
            if size > self._budget:
                return
            self._found[identity] = (answer, size)
            while len(self._found) > self._most or self._held() > self._budget:
                self._found.popitem(last=False)

    def held(self) -> int:
        """Bytes in use."""
        with self._lock:
            return self._held()

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._found.clear()

    def _held(self) -> int:
        return sum(size for _, size in self._found.values())


def size_of(value: Any) -> int:
    """Bytes of the tensors and arrays in a record and in the records within it."""
    if isinstance(value, tuple):
        return sum(size_of(item) for item in value)
    return int(getattr(value, "nbytes", 0))


kept = Kept()
