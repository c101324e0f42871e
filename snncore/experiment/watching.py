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
from snncore.stdp import Snapshot, TrainParams, train

_PROBES = 8  # so often in a run


def frozen(params: TrainParams) -> TrainParams:
    """The untrained control: the same run, but the weights stay; only thresholds adapt."""
    return replace(params, rate_first=0.0, rate_last=0.0)


class Watcher:
    """Follows the snapshots of a run and keeps `Live` figures; never touches learning."""

    def __init__(self, data: Data, params: TrainParams, device: torch.device | None) -> None:
        self._data, self._params, self._device = data, params, device
        self._vote = self._new_vote()
        self._probe: Probe | None = None
        self._next_probe = 0.0
        self._accuracy, self._change = Curve(), Curve()
        self._untrained = Curve()
        self._pixels = math.nan
        counted = np.bincount(data.train_labels)
        self._chance = float(counted.max() / len(data.train_labels))

    def _new_vote(self) -> RunningVote:
        n_classes = len(self._data.class_names)
        return RunningVote(self._data.train_labels, n_classes, self._params.neurons)

    def prepare(self) -> Iterator[float]:
        """Show the untrained control some images; fractions of that work.

        A dense layer's control votes over the first presentations (four a neuron, between 2,000
        and 10,000), a convolutional layer's thresholds adapt to 1,000 and a probe follows.
        """
        dense = self._params.layer == "dense"
        wanted = min(max(4 * self._params.neurons, 2000), 10_000) if dense else 1000
        vote = self._new_vote()
        # A report after every batch: where it ends must not depend on the clock.
        snapshots = train(
            self._data.train_images, frozen(self._params), device=self._device, every_s=0.0
        )
        last = None
        for last in snapshots:
            vote.see(last.samples, last.winners)
            if dense and not math.isnan(vote.accuracy):
                self._untrained.add(last.seen, vote.accuracy)
            if last.seen >= wanted:
                break
            yield last.seen / wanted
        if not dense and last is not None:
            self._probe = Probe(self._data, self._params, self._device)
            self._pixels = self._probe.pixels()
            self._untrained.add(0, self._probe.score(last.layers))

    def see(self, snapshot: Snapshot) -> Live:
        """The figures after one more snapshot."""
        if self._probe is None:
            self._vote.see(snapshot.samples, snapshot.winners)
            if not math.isnan(self._vote.accuracy):
                self._accuracy.add(snapshot.seen, self._vote.accuracy)
        elif snapshot.seen >= self._next_probe:
            self._accuracy.add(snapshot.seen, self._probe.score(snapshot.layers))
            self._next_probe = min(snapshot.seen + snapshot.total / _PROBES, snapshot.total)
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
        )
