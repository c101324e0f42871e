"""The networks of the last runs, of all visitors, within a budget of bytes.

A run's identity covers the visitor's own file too: who does not have it cannot ask for it. An
unfinished run is kept where it was stopped, so that it can go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from pages.components.hopfield_kept import Kept
from pages.components.trainer.payload import Run
from snncore import trained
from snncore.experiment import Live
from snncore.stdp import Snapshot
from snncore.trained import SavedRun, Trained

BUDGET = 96 << 20  # bytes of all networks together
FILES_BUDGET = 96 << 20  # of those in visitors' files


class Finished(NamedTuple):
    """Where a run stands: the layers, and the readouts once it is done."""

    run: Run
    data_name: str
    n_images: int
    images_sha256: str  # of the training images
    snapshot: Snapshot
    trained: Trained | None  # None: stopped before the end
    live: Live | None = None  # its running figures, which a continued run goes on with
    turn: str = ""  # name of the job that computed it

    @property
    def weights_bytes(self) -> int:
        """Of the layers; a finished network's readouts are smaller."""
        return sum(layer.weights.nbytes + layer.theta.nbytes for layer in self.snapshot.layers)


@dataclass(frozen=True)
class _Read:
    """What was read from a file."""

    saved: SavedRun
    nbytes: int


_kept = Kept(budget=BUDGET, most=16)
_files = Kept(budget=FILES_BUDGET, most=8)


def get(identity: str) -> Finished | None:
    """The run with this identity as far as it came, if it is still there."""
    found: Any = _kept.get(identity)
    return found if isinstance(found, Finished) else None


def put(entry: Finished) -> None:
    """Keep a run; those unseen for longest make room. A larger one than all room is not kept.

    A run that somebody began anew does not take the place of the same run stopped further on, nor
    one without readouts that of one with them.
    """
    before = get(entry.run.identity)
    further = before is not None and (
        before.trained is not None or entry.snapshot.seen < before.snapshot.seen
    )
    if further and entry.trained is None:
        return
    if 2 * entry.weights_bytes < BUDGET:
        _kept.put(entry.run.identity, entry)


def from_file(digest: str, data: Callable[[], bytes]) -> SavedRun:
    """The run in a visitor's file of this digest, which is read where it is not kept (any more).

    A session holds the digest only: its file is with the server anyway, and networks of visitors
    that went away would fill the memory.

    Raises:
        ValueError: it is no checkpoint.
    """
    found: Any = _files.get(digest)
    if isinstance(found, _Read):
        return found.saved
    content = data()
    saved = trained.load(content)
    size = 2 * len(content)  # weights of 16 bits take twice as much in memory
    if 2 * size < FILES_BUDGET:  # a larger one is read each time
        _files.put(digest, _Read(saved, size))  # type: ignore[arg-type]
    return saved


def clear() -> None:
    """Forget all."""
    _kept.clear()
    _files.clear()
