"""Checkpoints of a running experiment: every epoch, every half minute, on demand, at the end.

A file is replaced in one step (`.part`, then renamed), so a crash, `kill -9` or a full disk leaves
the last good one whole. A checkpoint that cannot be written does not end the run.
"""

from __future__ import annotations

import time
from pathlib import Path

from snncore import trained
from snncore.experiment.data import Data, images_sha256
from snncore.experiment.result import Progress, figures
from snncore.stdp import TrainParams


class Autosave:
    """Writes what `see` is shown when it is time.

    Attributes:
        saved: presentations of the last snapshot that is in the file; -1 before there is one.
        failure: why the last attempt did not succeed; "" if it did.
    """

    def __init__(
        self,
        path: Path,
        dataset: str,
        data: Data,
        params: TrainParams,
        every_s: float = 30.0,
    ) -> None:
        if not every_s > 0:
            raise ValueError(f"checkpoint interval must be > 0 s, got {every_s}")
        self._path, self._dataset, self._params = path, dataset, params
        self._n_images, self._sha = len(data.train_images), images_sha256(data)
        self._every_s, self._last = every_s, time.monotonic()
        self.saved, self.failure = -1, ""

    def see(self, report: Progress) -> str:
        """Save if an epoch ended, the interval is over, or the run is finished.

        Returns:
            One sentence for the user if saving failed just now or works again, else "".
        """
        snapshot = report.snapshot
        if snapshot is None or (report.result is None and snapshot.seen == self.saved):
            return ""
        params = self._params
        depth = 2 if params.layer == "conv" and params.filters_2 else 1  # learnt in turn
        each = max(1, snapshot.total // (params.epochs * depth))
        new_epoch = snapshot.seen // each > max(self.saved, 0) // each
        due = time.monotonic() - self._last >= self._every_s
        return self.save(report) if report.result is not None or new_epoch or due else ""

    def save(self, report: Progress) -> str:
        """Save now; returns as `see`."""
        snapshot, result = report.snapshot, report.result
        if snapshot is None:
            return ""
        self._last = time.monotonic()
        before = self.failure
        try:
            trained.save(
                self._path,
                self._dataset,
                self._n_images,
                self._params,
                snapshot,
                None if result is None else result.trained,
                images_sha256=self._sha,
                figures=None if result is None else figures(result),
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            self.failure = (
                f"The checkpoint {self._path} could not be written ({reason}); the run goes on, "
                "and the last good file stays as it was."
            )
            return self.failure if self.failure != before else ""
        self.saved, self.failure = snapshot.seen, ""
        return f"The checkpoint {self._path} is written again." if before else ""
