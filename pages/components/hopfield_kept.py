"""Answers that were computed lately, of all visitors, within a budget of bytes.

Not a Streamlit cache: those cannot be filled from a worker's thread, and copy what they give.
An answer is a pure function of its question, whose digest covers a visitor's own pictures too:
who does not have the same pictures cannot ask for it. None is held for longer than `TTL_S` after
the last look.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from snncore.recall_lab import Answer

BUDGET = 192 << 20  # bytes of all answers together
LARGEST = BUDGET // 2  # of one answer, so that it leaves room for those of other visitors
MOST = 64
TTL_S = 1800.0  # after the last look


class _Entry(NamedTuple):
    answer: Answer
    size: int
    looked_at: float


class Kept:
    """The last answers by the digest of their question, those unseen for longest first."""

    def __init__(
        self,
        budget: int = BUDGET,
        most: int = MOST,
        *,
        ttl_s: float = TTL_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget, self._most, self._ttl_s, self._clock = budget, most, ttl_s, clock
        self._lock = threading.Lock()
        self._found: OrderedDict[str, _Entry] = OrderedDict()
        self._timer: threading.Timer | None = None

    def get(self, identity: str) -> Answer | None:
        """The answer, if it is still there."""
        with self._lock:
            self._drop_old()
            found = self._found.pop(identity, None)
            if found is None:
                return None
            self._found[identity] = found._replace(looked_at=self._clock())
            return found.answer

    def put(self, identity: str, answer: Answer) -> None:
        """Keep an answer; those unseen for longest make room.

        Raises:
            ValueError: it is larger than all room there is.
        """
        size = size_of(answer)
        if size > self._budget:
            raise ValueError(
                f"an answer must take at most {self._budget / 2**20:.0f} MB here, this one takes "
                f"{size / 2**20:.0f}; choose fewer pictures or a smaller size"
            )
        with self._lock:
            self._drop_old()
            self._found.pop(identity, None)
            self._found[identity] = _Entry(answer, size, self._clock())
            self._look_later()
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
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def drop_old(self) -> None:
        """Forget what nobody looked at for `TTL_S`; a timer does it where nobody asks for more."""
        with self._lock:
            self._timer = None
            self._drop_old()
            self._look_later()

    def _drop_old(self) -> None:
        now = self._clock()
        while self._found and now - next(iter(self._found.values())).looked_at > self._ttl_s:
            self._found.popitem(last=False)

    def _look_later(self) -> None:
        if self._found and self._timer is None:
            oldest = next(iter(self._found.values())).looked_at
            wait = max(1.0, oldest + self._ttl_s - self._clock() + 1.0)
            self._timer = threading.Timer(wait, self.drop_old)
            self._timer.daemon = True
            self._timer.start()

    def _held(self) -> int:
        return sum(entry.size for entry in self._found.values())


def size_of(value: Any) -> int:
    """Bytes of the tensors and arrays in a record and in the records within it."""
    if isinstance(value, tuple):
        return sum(size_of(item) for item in value)
    return int(getattr(value, "nbytes", 0))


kept = Kept()
