"""The running figures of a run: trained beside untrained from the first second on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from snncore.experiment.data import Data
from snncore.experiment.probe import Probe
from snncore.experiment.result import Live
from snncore.experiment.running import Curve, RunningVote
from snncore.stdp import Layer, Snapshot, TrainParams, train
from snncore.stdp.drive import input_size

_PROBES = 8  # so often in a run
_EVERY_S, _OFTEN_S = 0.3, 0.02  # seconds between snapshots
NAMED = 1000  # presentations after which most neurons have a name
_SMALL = 100_000  # weights that are copied in no time


def frozen(params: TrainParams) -> TrainParams:
    """The untrained control: the same run, but the weights stay; only thresholds adapt."""
    return replace(params, rate_first=0.0, rate_last=0.0)


def seconds_between(params: TrainParams, height: int, width: int) -> float:
    """Time between two snapshots: short for a small layer, which learns in about a second."""
    if params.layer != "dense":  # probes of filters cost more than copies of them
        return _EVERY_S
    small = params.neurons * input_size(height, width, params) <= _SMALL
    return _OFTEN_S if small else _EVERY_S


class Watcher:
    """Follows the snapshots of a run and keeps `Live` figures; never touches learning."""

    def __init__(
        self,
        data: Data,
        params: TrainParams,
        device: torch.device | None,
        *,
        before: Live | None = None,
        continued: bool = False,
    ) -> None:
        """`before`: the figures of the run that is continued; without them the vote must first
        name its neurons anew, and its curve begins when it has."""
        self._data, self._params, self._device = data, params, device
        self._vote = self._new_vote()
        self._unnamed = continued
        self._probe: Probe | None = None
        self._first: tuple[Layer, ...] = ()
        self.adapted: Snapshot | None = None  # how far the dense control has come
        self._depth, self._next_probe = 0, 0.0
        self._accuracy, self._change = Curve(), Curve()
        self._untrained = Curve()
        self._pixels = math.nan
        if before is not None:
            self._accuracy.extend(before.accuracy)
            self._change.extend(before.change)
            if before.vote is not None:
                self._vote, self._unnamed = before.vote.copy(), False
        counted = np.bincount(data.train_labels)
        self._chance = float(counted.max() / len(data.train_labels))

    def _new_vote(self) -> RunningVote:
        n_classes = len(self._data.class_names)
        return RunningVote(self._data.train_labels, n_classes, self._params.neurons)

    def prepare(self, first: tuple[Layer, ...]) -> Iterator[float]:
        """Judge the untrained layers `first`; fractions of that work.

        A dense layer's control votes over its first presentations, four a neuron, between 2,000
        and 10,000; a convolutional layer's is probed.
        """
        if self._params.layer != "dense":
            self._first = first
            self._probe = Probe(self._data, self._params, self._device)
            self._pixels = self._probe.pixels()
            return
        wanted = min(max(4 * self._params.neurons, 2000), 10_000)
        vote = self._new_vote()
        # A report after every batch: where it ends must not depend on the clock.
        for snapshot in train(
            self._data.train_images, frozen(self._params), device=self._device, every_s=0.0
        ):
            self.adapted = snapshot
            vote.see(snapshot.samples, snapshot.winners)
            if not math.isnan(vote.accuracy):
                self._untrained.add(snapshot.seen, vote.accuracy)
            if snapshot.seen >= wanted:
                return
            yield snapshot.seen / min(wanted, snapshot.total)

    def _see_probe(self, probe: Probe, snapshot: Snapshot) -> None:
        """Trained and untrained layers of one depth, now and then."""
        depth = len(snapshot.layers)
        if depth != self._depth:
            self._depth = depth
            self._untrained.add(snapshot.seen, probe.score(self._first[:depth]))
        elif snapshot.seen < self._next_probe:
            return
        self._accuracy.add(snapshot.seen, probe.score(snapshot.layers))
        self._next_probe = min(snapshot.seen + snapshot.total / _PROBES, snapshot.total)

    def see(self, snapshot: Snapshot) -> Live:
        """The figures after one more snapshot."""
        if self._probe is None:
            self._vote.see(snapshot.samples, snapshot.winners)
            if self._unnamed:
                self._unnamed = self._vote.judged < min(NAMED, 4 * self._params.neurons)
            elif not math.isnan(self._vote.accuracy):
                self._accuracy.add(snapshot.seen, self._vote.accuracy)
        else:
            self._see_probe(self._probe, snapshot)
        if not math.isnan(snapshot.change):
            self._change.add(snapshot.seen, snapshot.change)
        return Live(
            "vote" if self._probe is None else "probe",
            snapshot.seen,
            snapshot.total,
            self._accuracy.array(),
            self._untrained.array(),
            self._pixels,
            self._chance,
            self._vote.confusion() if self._probe is None else None,
            self._change.array(),
            vote=self._vote.copy() if self._probe is None else None,
        )
