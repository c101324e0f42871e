"""A run in small, before the first of its kind in a process: it compiles the kernels.

On a new machine that takes half a minute, which no estimate of a phase should have to hold.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np
import torch

from snncore import distributed
from snncore.experiment.data import Data
from snncore.stdp import TrainParams

COMPILING = "Preparing; the first run on a machine compiles its kernels, for up to a minute"
_IMAGES, _UNITS = 40, 16
_LOOK_S = 0.2
_ended: dict[tuple[str, bool, str, str], threading.Event] = {}


def rehearse(
    data: Data,
    params: TrainParams,
    device: torch.device | None,
    phases: Callable[[Data, TrainParams], Iterator[object]],
) -> Iterator[None]:
    """Drive `phases` of a small run, yielding all the while; nothing where that was done before.

    Who comes while another thread is at it waits for its end. Each of several processes rehearses
    by itself: one may find compiled what another does not.
    """
    kind = (params.layer, params.filters_2 > 0, params.readout, str(device))
    mine = threading.Event()
    ended = _ended.setdefault(kind, mine)
    if ended is not mine:
        while not ended.wait(_LOOK_S):
            yield
        return
    try:
        yield
        with suppress(ValueError):  # so little may teach a layer nothing, or no readout
            steps = phases(*in_small(data, params))
            while _step(steps):
                yield
    finally:
        ended.set()


def _step(steps: Iterator[object]) -> bool:
    """One step further, by this process alone; whether there was one."""
    with distributed.alone():
        return next(steps, steps) is not steps


def in_small(data: Data, params: TrainParams) -> tuple[Data, TrainParams]:
    """Some training images (in place of the test images, too) and a layer of few units."""
    labels = data.train_labels
    each = np.unique(labels, return_index=True)[1]  # one of each class, and the first
    some = np.unique(np.r_[each, : min(_IMAGES, len(labels))])
    images, labels = data.train_images[some], labels[some]
    # To the compiler an array that must not be written is of another type.
    images.flags.writeable = data.train_images.flags.writeable
    few = {name: min(getattr(params, name), _UNITS) for name in ("neurons", "filters", "filters_2")}
    small = replace(params, **few, epochs=1, learn_images=0, batch=min(params.batch, 10))
    return Data("rehearsal", images, labels, images[:8], labels[:8], data.class_names), small
