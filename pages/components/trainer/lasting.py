"""A training outlives its server: how far it came is on disk, under the secret of its link.

Trainings on a visitor's own images are not written. The file is an ordinary checkpoint, which is
checked like an upload when it is read.
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from typing import BinaryIO

from pages.components.trainer import source
from pages.components.trainer.kept import Finished
from pages.components.trainer.payload import OWN, Run
from snncore import state, trained

_log = logging.getLogger(__name__)
EVERY_S = 5.0  # between two files of a run, and
_SHARE = 50  # at least so many times as long as writing took: 2 % of a training at most
_RESTORED = "restored"  # in place of the name of the job that computed it
_own: deque[str] = deque(maxlen=1000)  # links whose files this process wrote


class Saver:
    """Writes what `see` is shown when it is time.

    Attributes:
        problem: one sentence for the page while it cannot be written, "" otherwise.
    """

    def __init__(self, watch: str) -> None:
        self._watch, self._seen, self._due = watch, -1, time.monotonic() + EVERY_S
        self.problem = ""

    def see(self, entry: Finished) -> None:
        """Write it if some seconds have passed, or if all was learnt."""
        seen, total = entry.snapshot.seen, entry.snapshot.total
        if not self._watch or seen == self._seen or entry.run.dataset == OWN:
            return
        # The last one does not wait, but on a disk that cannot be written it is tried now and then:
        # reports go on until the results are there.
        if (seen < total or self.problem) and time.monotonic() < self._due:
            return
        shelf = state.shelf()
        if shelf is None:
            return
        began = time.monotonic()
        try:
            shelf.put(self._watch, lambda file: _write(file, entry), done=seen >= total)
        except (OSError, ValueError, MemoryError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            if not self.problem:
                _log.warning("a training cannot be kept on disk: %s", error)
            self.problem = (
                f"The server cannot keep this training on its disk ({reason}). It goes on, but a "
                "restart of the server would lose it: *Download checkpoint so far* keeps it with "
                "you."
            )
        else:
            self._seen, self.problem = seen, ""
            if self._watch not in _own:
                _own.append(self._watch)
        now = time.monotonic()
        self._due = now + max(EVERY_S, _SHARE * (now - began))


def _write(file: BinaryIO, entry: Finished) -> None:
    run = entry.run
    trained.save(
        file, run.dataset, entry.n_images, run.params, entry.snapshot,
        images_sha256=entry.images_sha256, note=f"{run.limit}:{run.resumed}",
    )  # fmt: skip


def mark(watch: str) -> tuple[str, int, int] | None:
    """What changes when the file of this link does, None when there is none; reads nothing."""
    shelf = state.shelf()
    path = None if shelf is None else shelf.find(watch)
    try:
        found = None if path is None else path.stat()
    except OSError:  # removed at this moment
        return None
    return None if path is None or found is None else (path.name, found.st_mtime_ns, found.st_size)


def find(watch: str) -> Finished | None:
    """How far the training of this link came, if that is on disk."""
    shelf = state.shelf()
    path = None if shelf is None else shelf.find(watch)
    if path is None:
        return None
    try:
        saved = trained.load(path)
        limit, _, resumed = saved.note.partition(":")
        if saved.dataset not in source.SIZES:
            raise ValueError(f"no data set {saved.dataset!r}")
        run = Run(saved.dataset, int(limit), saved.params, "", resumed)
    except (OSError, ValueError) as error:  # removed at this moment, or of another version
        _log.warning("a kept training cannot be read: %s", error)
        return None
    return Finished(
        run, saved.dataset, saved.n_images, saved.images_sha256, saved.snapshot, None, None,
        _RESTORED,
    )  # fmt: skip


def words(watch: str, entry: Finished) -> str:
    """For who follows the link: what happened, and where it stands."""
    why = "the server was started again"
    if watch in _own:
        why = "it was stopped, or nobody looked at it for ten minutes"
    seen, total = entry.snapshot.seen, entry.snapshot.total
    share = math.floor(100 * seen / total)
    stood = f"It stood at {share} % ({seen:,} of {total:,} presentations)"
    does = "goes on from there; the result is the same as without the interruption"
    if seen >= total:
        stood, does = "It had learnt all its images", "computes its results again"
    what = f"This training ({entry.run.words}) is not running any more"
    return f"{what}: {why}. {stood}. *Continue* {does}."
