"""A run in small, before the first of its kind in a process: it compiles the kernels.

On a new machine that takes half a minute, which no estimate of a phase should have to hold.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from snncore.experiment.data import Data
from snncore.stdp import TrainParams

COMPILING = "Preparing; the first run on a machine compiles its kernels, for up to a minute"
_IMAGES, _UNITS = 40, 16
_rehearsed: set[tuple[str, bool, str, str]] = set()


def first_of_its_kind(params: TrainParams, device: torch.device | None) -> bool:
    """Whether no such run was asked for before; from now on one was."""
    kind = (params.layer, params.filters_2 > 0, params.readout, str(device))
    known = kind in _rehearsed
    _rehearsed.add(kind)
    return not known


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
