"""A whole STDP experiment: learn without labels, count spikes, read out, and run the controls.

A generator of progress reports, driven by the command line and by the trainer page alike. Every
result stands beside its controls: the same pipeline with untrained weights (thresholds adapted
the same way), and the same readout on the raw pixels.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Generator, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import metrics
from snncore.experiment.clock import Clock, Pace, guess
from snncore.experiment.data import Data
from snncore.experiment.measure import Counts, Judged, into, judge, pixel_predictions
from snncore.experiment.memory import check_memory
from snncore.experiment.rehearsal import COMPILING, rehearse
from snncore.experiment.result import (
    UNCONVERGED,
    Controls,
    FitPoint,
    Live,
    Progress,
    Result,
    Times,
    peak_mb,
    weights_sha256,
)
from snncore.experiment.watching import Watcher, frozen, seconds_between
from snncore.stdp import Layer, Snapshot, TrainParams, train
from snncore.stdp.train import counts, first_layers
from snncore.trained import Trained

_TRIED = 32  # images counted before the start, to say how long counting will take


def run(
    data: Data,
    params: TrainParams,
    *,
    device: torch.device | None = None,
    resume: Snapshot | None = None,
    controls: bool = True,
    live: bool = True,
    before: Live | None = None,
    pixels_accuracy: float | None = None,
) -> Iterator[Progress]:
    """Learn, count, read out, compare; see the module's head.

    Args:
        data: what to learn and to test on.
        params: with `data`, they determine the result.
        device: where to compute; the CPU by default.
        resume: continue after this snapshot.
        controls: False leaves the untrained weights and the raw pixels out, for speed.
        live: False leaves the running figures out.
        before: the running figures of the run that is resumed; their curves go on.
        pixels_accuracy: of the raw pixels if it is known; it does not depend on the seed.

    Raises:
        ValueError: the run does not fit into memory, or `resume` is of another run.
    """
    height, width = data.train_images.shape[1:]
    check_memory(params, len(data.train_images), len(data.test_images), height, width)
    found = _Run(data, params, device, controls, live, pixels_accuracy)
    found.live = before
    return found.reports(resume)


class _Run:
    """One run: its clock, its running figures and what the phases hand on."""

    def __init__(
        self,
        data: Data,
        params: TrainParams,
        device: torch.device | None,
        controls: bool,
        live: bool,
        pixels_accuracy: float | None,
    ) -> None:
        self.data, self.params, self.device = data, params, device
        self.controls, self.watched = controls, live
        self.pixels_accuracy = pixels_accuracy
        self.snapshot: Snapshot | None = None
        self.live: Live | None = None
        self.clock = Clock(guess(data, params, controls))

    def reports(self, resume: Snapshot | None) -> Iterator[Progress]:
        """A rehearsal, then all phases in turn."""
        yield from self._rehearse()
        yield from self.phases(resume)

    def phases(self, resume: Snapshot | None) -> Iterator[Progress]:
        """All phases in turn."""
        began = time.perf_counter()
        yield from self._before(resume is not None)
        speed, layers = yield from self._learn(resume)
        counted = Counts(self.data, self.params, self.device)
        yield from self._count(counted, layers, "counting", "Counting output spikes")
        judged = yield from self._judge(counted, "readout", "Fitting the linear readout")
        mean_spikes = float(counted.test.sum(axis=1, dtype=np.int64).mean())
        found = Controls(math.nan, math.nan, math.nan, math.nan)
        if self.controls:
            found = yield from self._controls(counted)
        del counted
        result = self._result(layers, judged, found, speed, mean_spikes, began)
        text = "Done" if result.readout_converged else f"Done; {UNCONVERGED}"
        yield self._report("done", text)._replace(fraction=1.0, eta_s=0.0, result=result)

    def _report(self, phase: str, text: str, speed: float = math.nan) -> Progress:
        done, left = self.clock.fraction(), self.clock.left()
        return Progress(done, phase, text, self.snapshot, None, self.live, speed, left)

    def _steps(
        self, key: str, phase: str, text: str, steps: Iterator[float], images: int = 0
    ) -> Iterator[Progress]:
        """Drive a part of the work; each report says how far it is and how long it will take."""
        clock = self.clock
        for part in clock.timed(key, steps):
            if part > 0.02:
                clock.expected[key] = clock.spent[key] * (1.0 - part) / part
            done = round(part * images)
            words = f"{text}, {done:,} of {images:,} images" if images else text
            yield self._report(phase, words, done / max(clock.spent[key], 1e-9) or math.nan)
        clock.expected[key] = 0.0

    def _rehearse(self) -> Iterator[Progress]:
        """Compile what is not compiled yet, so that every phase takes as long as it says."""
        yield self._report("learning", "Preparing")
        for _ in rehearse(self.data, self.params, self.device, self._in_small):
            yield self._report("learning", COMPILING)  # a place to be cancelled

    def _in_small(self, data: Data, params: TrainParams) -> Iterator[object]:
        yield from _Run(data, params, self.device, False, False, None).phases(None)
        yield from pixel_predictions(data, params, self.device)

    def _before(self, continued: bool) -> Iterator[Progress]:
        """Running figures of the untrained control, and how long counting will take."""
        first = first_layers(self.data.train_images, self.params)
        for tried in (2, _TRIED):  # the first call compiles
            images = self.data.train_images[:tried]
            began = time.perf_counter()
            for _ in counts(first, images, self.params, device=self.device):
                pass
            took = (time.perf_counter() - began) / len(images)
        for key in ("counting", "c_counting"):
            if self.clock.expected[key] > 0:
                self.clock.expected[key] = took * self._n_images
        if self.watched:
            self.watcher = Watcher(
                self.data, self.params, self.device, before=self.live, continued=continued
            )
            text = "Untrained weights first, for comparison"
            yield from self._steps("watching", "learning", text, self.watcher.prepare(first))
        self.clock.expected["watching"] = 0.0

    @property
    def _n_images(self) -> int:
        return len(self.data.train_images) + len(self.data.test_images)

    def _learn(
        self, resume: Snapshot | None
    ) -> Generator[Progress, None, tuple[float, tuple[Layer, ...]]]:
        """Train, reporting; images a second and the layers that learnt."""
        clock, before, speed = self.clock, 0 if resume is None else resume.seen, math.nan
        snapshot, (height, width) = resume, self.data.train_images.shape[1:]
        snapshots = train(
            self.data.train_images,
            self.params,
            device=self.device,
            resume=resume,
            every_s=seconds_between(self.params, height, width),
        )
        start = self._started()
        adapted = 0 if start is None else start.seen
        pace = Pace(before)
        for snapshot in clock.timed("learning", snapshots):
            speed = (snapshot.seen - before) / max(snapshot.seconds, 1e-9)
            now = pace.now(snapshot.seen, snapshot.seconds)
            clock.expected["learning"] = (snapshot.total - snapshot.seen) / now
            if self.controls:
                clock.expected["c_learning"] = (snapshot.total - adapted) / now
            self.snapshot = snapshot
            if self.watched:
                self.live = self.watcher.see(snapshot)
            text = f"Learning, {snapshot.seen:,} of {snapshot.total:,} images, {now:,.0f} a second"
            yield self._report("learning", text, now)
        if snapshot is None:
            raise ValueError("there was nothing to learn: no images")
        self.snapshot = snapshot
        clock.expected["learning"] = 0.0
        return speed, snapshot.layers

    def _count(
        self, counted: Counts, layers: tuple[Layer, ...], key: str, text: str
    ) -> Iterator[Progress]:
        phase = "counting" if key == "counting" else "controls"
        yield from self._steps(key, phase, text, counted.fill(layers), self._n_images)
        if key == "counting" and self.controls:
            self.clock.expected["c_counting"] = self.clock.spent[key]

    def _judge(self, counted: Counts, key: str, text: str) -> Generator[Progress, None, Judged]:
        phase = "readout" if key == "readout" else "controls"

        def seen(history: tuple[FitPoint, ...]) -> None:
            if self.live is not None and key == "readout":
                self.live = self.live._replace(fit=history)

        made: list[Judged] = []
        steps = into(made, judge(counted, self.data, self.params, self.device, seen))
        yield from self._steps(key, phase, text, steps)
        if key == "readout" and self.controls:
            ratio = self.clock.expected["pixels"] / max(self.clock.expected["c_readout"], 1e-9)
            self.clock.expected["c_readout"] = self.clock.spent[key]
            self.clock.expected["pixels"] = self.clock.spent[key] * ratio
        return made[0]

    def _controls(self, counted: Counts) -> Generator[Progress, None, Controls]:
        """The same with untrained weights, in the memory of the first counts; raw pixels."""
        y = self.data.test_labels
        control: list[Snapshot] = []
        text = "Control: untrained weights, adapting thresholds only"
        yield from self._steps("c_learning", "controls", text, self._adapted(control))
        text = "Control: counting the spikes of untrained weights"
        yield from self._count(counted, control[0].layers, "c_counting", text)
        text = "Control: reading out untrained weights"
        judged = yield from self._judge(counted, "c_readout", text)
        right = self.pixels_accuracy
        if right is None:
            found: list[NDArray[np.int64]] = []
            steps = into(found, pixel_predictions(self.data, self.params, self.device))
            text = "Control: the same readout on raw pixels"
            yield from self._steps("pixels", "controls", text, steps)
            right = metrics.accuracy(found[0], y)
        self.clock.expected["pixels"] = 0.0
        return Controls(
            metrics.accuracy(judged.predictions, y),
            metrics.accuracy(judged.votes, y),
            metrics.accuracy(judged.weighted_votes, y),
            right,
        )

    def _started(self) -> Snapshot | None:
        """How far the running figures have taken the untrained control already."""
        return self.watcher.adapted if self.watched else None

    def _adapted(self, into: list[Snapshot]) -> Iterator[float]:
        """The untrained layers after their homeostasis; into `into[0]`."""
        images = self.data.train_images
        start = self._started()
        into[:] = [] if start is None else [start]
        own = frozen(self.params)
        for snapshot in train(images, own, device=self.device, resume=start):
            into[:] = [snapshot]
            before = 0 if start is None else start.seen
            yield (snapshot.seen - before) / (snapshot.total - before)

    def _result(
        self,
        layers: tuple[Layer, ...],
        judged: Judged,
        found: Controls,
        speed: float,
        mean_spikes: float,
        began: float,
    ) -> Result:
        data, spent = self.data, self.clock.spent
        y, n_classes = data.test_labels, len(data.class_names)
        confusion = metrics.confusion(judged.predictions, y, n_classes)
        vote_confusion = metrics.confusion(judged.votes, y, n_classes)
        shape = (data.train_images.shape[1], data.train_images.shape[2])
        fitted = judged.fitted
        return Result(
            trained=Trained(
                self.params,
                layers,
                judged.labels,
                fitted.scaler,
                fitted.model,
                data.class_names,
                shape,
            ),
            test_accuracy=metrics.accuracy(judged.predictions, y),
            vote_accuracy=metrics.accuracy(judged.votes, y),
            weighted_vote_accuracy=metrics.accuracy(judged.weighted_votes, y),
            has_controls=self.controls,
            control_untrained_accuracy=found.untrained,
            control_untrained_vote_accuracy=found.untrained_vote,
            control_untrained_weighted_vote_accuracy=found.untrained_weighted_vote,
            control_pixels_accuracy=found.pixels,
            chance=float(np.bincount(y, minlength=n_classes).max() / len(y)),
            confusion=confusion,
            vote_confusion=vote_confusion,
            report=metrics.class_report(confusion),
            vote_report=metrics.class_report(vote_confusion, np.bincount(y, minlength=n_classes)),
            predictions=judged.predictions.astype(np.int16),
            votes=judged.votes.astype(np.int16),
            mean_spikes=mean_spikes,
            readout=self.params.readout,
            readout_converged=fitted.converged,
            penalty=fitted.model.alpha,
            penalty_path=fitted.path,
            history=fitted.history,
            times=Times(
                spent["learning"],
                spent["counting"],
                spent["readout"],
                sum(spent[key] for key in ("c_learning", "c_counting", "c_readout", "pixels")),
                time.perf_counter() - began,
            ),
            train_images_per_s=speed,
            count_images_per_s=self._n_images / max(spent["counting"], 1e-9),
            peak_mb=peak_mb(),
            device=str(self.device or "cpu"),
            weights_sha256=weights_sha256(layers),
            votes_sha256=hashlib.sha256(judged.votes.astype(np.int64).tobytes()).hexdigest(),
        )
