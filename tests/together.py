"""What each process of `test_distributed.py` runs, started by torchrun."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import replace

import numpy as np
import torch

from snncore import distributed, experiment, rng
from snncore.cli import main
from snncore.readout import fit_last
from snncore.readout.passes import KINDS
from snncore.stdp import TrainParams, drive, presets
from snncore.stdp.dense import first_layers, learn_batch_torch
from snncore.stdp.state import Draw
from snncore.stdp.train import train

DENSE = replace(presets.recommended("dense", 24), epochs=1, batch=37)
FILTERS = replace(
    presets.recommended("conv", 6),
    **{"filter_size": 5, "grid": 2, "steps": 12, "feature_steps": 12, "winners": 3},
    **{"theta": 1.5, "feature_theta": 1.0, "batch": 13, "learn_images": 0, "epochs": 1},
)
LAYERS: dict[str, TrainParams] = {
    "winner": replace(DENSE, retina="on_off"),
    "k_winners": replace(DENSE, competition="k_winners", winners=3),
    "lateral": replace(DENSE, competition="lateral"),
    "none, traces after": replace(
        DENSE, competition="none", theta_rate=0.0, rule="pair_additive", steps=40, epochs=2
    ),
    "one image at a time": replace(DENSE, batch=1, learn_images=20),
    "filters": FILTERS,
    "two layers of filters": replace(FILTERS, filters_2=4, filter_size=3, epochs=2),
}


def layers() -> dict[str, str]:
    """Digest of the weights of every kind of layer."""
    data = experiment.load_data("digits", 201)
    found = {}
    for name, params in LAYERS.items():
        images = data.train_images
        if params.filters_2:  # a second layer needs more room
            images = np.kron(images, np.ones((1, 2, 2), np.uint8))
        *_, last = train(images, params, every_s=1e9)
        found[name] = experiment.weights_sha256(last.layers)
    return found


def readouts() -> dict[str, str]:
    """Digest of the readout of each kind, fitted to counts of all kinds."""
    counts = np.random.default_rng(0).poisson(np.arange(300) / 40, (2300, 300)).astype(np.uint8)
    labels = counts[:, -10:].argmax(axis=1).astype(np.int64)
    found = {}
    for kind in KINDS:
        model = fit_last(counts, labels, 10, kind).model
        assert model is not None
        found[kind] = hashlib.sha256(model.coef.tobytes()).hexdigest()
    return found


def device() -> list[float]:
    """Some weights learnt by the path for accelerators, on the CPU."""
    images = experiment.load_data("digits", 61).train_images
    params = replace(LAYERS["none, traces after"], batch=61)
    layer = first_layers(images, params)[0]
    group = distributed.current()
    draw = Draw(params.seed, rng.stream("train_spikes"), torch.arange(61))
    values = drive.inputs(drive.cells(images[group.part(61)], params), params, params.steps)
    layer, heard = learn_batch_torch(layer, values, draw, 0.1, 0.1, params)
    return [*layer.weights.flatten()[::7].tolist(), *heard.winner.tolist()]


def talk() -> list[object]:
    """What the group's own words do."""
    group = distributed.current()
    found: list[object] = []
    for n in (1, 7, 8):
        rows, flags = np.zeros((n, 3), np.float32), np.zeros(n + 2, np.bool_)
        mine = group.part(n)
        rows[mine], flags[mine] = np.arange(n)[mine, None] + [0.0, 0.25, 0.5], True
        group.fill_([rows, flags], n)
        found += [rows.tolist(), flags.tolist()]
    found.append([text.decode() for text in group.gather(b"r" * group.rank)])
    found.append(group.broadcast(b"from %d" % group.rank).decode())
    found += [group.any(group.rank == 1), group.any(False)]
    with distributed.alone():
        found.append(distributed.current().size)
    return found


if __name__ == "__main__":
    if len(sys.argv) > 1:  # the command line, with other data in each process
        os.environ["SNNCORE_DATA"] = sys.argv.pop(1).format(rank=os.environ["RANK"])
        main(prog_name="python -m snncore")
    with distributed.joined() as here:
        answers = {each.__name__: each() for each in (layers, readouts, device, talk)}
        if here.rank == 0:
            print(json.dumps(answers))
