"""`bench train`: unsupervised learning of a dense layer beside BindsNET, or its own definition.

A step is a step: with competition "lateral" every one of the `steps` of every presentation is
simulated, as BindsNET does, and that is the figure compared. With "winner" a presentation ends at
its first spike, because nothing that comes later would change the weights; that speed stands
beside the other, without a ratio, because it did not simulate as much.

Both are timed from pixels to weights, Poisson input spikes included: ours are drawn as they are
needed. What BindsNET takes without its encoding, from spike trains that are there, stands beside.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import datasets, experiment, rng
from snncore.cli import bindsnet_worker, progress
from snncore.cli.timing import flop_per_s, interleaved
from snncore.stdp import TrainParams, drive, presets, train
from snncore.stdp.state import Draw

# BindsNET's step; a rate at which an MNIST image gives as many input spikes as its 128 Hz for white
# do; lateral inhibition that a single spike settles, as its 120 mV do. Spikes are reported.
SETTINGS: dict[str, Any] = {"dt": 1.0, "max_rate_hz": 128.0, "lateral_inhibition": 20.0}
PEER_BATCH, PEER_BATCHES = 32, 3  # BindsNET's batch in the issue, and batches in one of its turns


def train_bench(
    repeats: int, neurons: int = 400, steps: int = 100, peer: str | None = None
) -> dict[str, Any]:
    """Images learnt a second by `neurons` neurons, `steps` steps each."""
    info = {found.name: found.present for found in datasets.catalogue()}
    data = experiment.load_data("mnist" if info["mnist"] else "digits")
    images = data.train_images
    advice = presets.recommended("dense", neurons)
    full = replace(advice, steps=steps, competition="lateral", epochs=1, learn_images=0, **SETTINGS)
    first = replace(full, competition="winner")
    learn(images[: full.batch], full)  # compiles, or loads, the kernels
    learn(images[: full.batch], first)
    if peer is None:
        found = _beside_torch(images, full, repeats)
    else:
        if images.shape[1:] != (28, 28):
            raise ValueError("--peer learns MNIST: run `python -m snncore download mnist` first")
        found = _beside_bindsnet(images, full, repeats, peer)
    early = learn(images, first)
    events = _input_spikes(images, full)
    return {
        "work": (
            f"STDP, {neurons} neurons x {images[0].size} inputs x {steps} steps, every step "
            f"simulated, {data.name}, batch {full.batch}, images learnt"
        ),
        **found,
        "limit": lambda: flop_per_s(repeats) / (2 * events * neurons),
        "input_spikes_per_image": events,
        "epoch_images": len(images),
        "until_first_spike_per_s": len(images) / early.seconds,
        "until_first_spike_epoch_seconds": early.seconds,
    }


class Pass(NamedTuple):
    """One pass over all images."""

    seconds: float
    spikes: float  # output spikes an image


def learn(images: NDArray[np.uint8], params: TrainParams) -> Pass:
    """Learn from `images` once, from untrained weights on."""
    spikes, began = 0, time.perf_counter()
    for snapshot in train(images, params, every_s=1e9):
        spikes += int(snapshot.wins.sum())
    return Pass(time.perf_counter() - began, spikes / len(images))


def _input_spikes(images: NDArray[np.uint8], params: TrainParams) -> float:
    """Mean number of input spikes of an image in `steps` steps."""
    limit = drive.inputs(drive.cells(images[:1000], params), params, params.steps)
    return float(limit.sum(axis=1, dtype=np.float64).mean() / 2**32 * params.steps)


def _beside_torch(images: NDArray[np.uint8], params: TrainParams, repeats: int) -> dict[str, Any]:
    """One batch after the other by the kernel and by the torch definition; winners compared."""
    from snncore.stdp import dense
    from snncore.stdp.train import first_layer

    layer = first_layer(images, params)
    part = images[: params.batch]
    values = drive.inputs(drive.cells(part, params), params, params.steps)
    draw = Draw(params.seed, rng.stream("train_spikes", 0), torch.arange(len(part)))

    def mine() -> Any:
        return dense.learn_batch(layer, values, draw, 0.1, 0.02, params)[1].counts

    def theirs() -> Any:
        return dense.learn_batch_torch(layer, values, draw, 0.1, 0.02, params)[1].counts

    ours_s, peer_s = interleaved((mine, theirs), repeats)
    spikes, other = mine(), theirs()
    return {
        "ours_per_s": len(part) / ours_s,
        "peer": "the same layer's torch definition on this device",
        "peer_per_s": len(part) / peer_s,
        # Sums in another order: a tie within rounding may let another neuron spike first.
        "equal": bool(spikes.any() and (spikes - other).abs().sum() <= 0.001 * spikes.sum()),
        "epoch_seconds": learn(images, params).seconds,
    }


class _Turn(NamedTuple):
    """BindsNET's answer to one request."""

    run_s: float
    encode_s: float
    input_spikes: float
    mean_theta: float


def _beside_bindsnet(
    images: NDArray[np.uint8], params: TrainParams, repeats: int, python: str
) -> dict[str, Any]:
    """Our turn, BindsNET's turn, ours again …: whatever else the machine does meets both."""
    ours: list[Pass] = []
    turns: list[_Turn] = []
    with _bindsnet(images, params, python) as (versions, ask):
        turns.append(ask(1))  # warm-up
        for turn in range(repeats):
            ours.append(learn(images, params))
            turns.append(ask(PEER_BATCHES))
            progress(f"turn {turn + 1} of {repeats}".ljust(40))
    timed = turns[1:]
    n_theirs = PEER_BATCH * PEER_BATCHES
    epoch_s = statistics.median(mine.seconds for mine in ours)
    run_s = statistics.median(turn.run_s for turn in timed)
    both_s = statistics.median(turn.run_s + turn.encode_s for turn in timed)
    each = [
        (len(images) / mine.seconds) / (n_theirs / (turn.run_s + turn.encode_s))
        for mine, turn in zip(ours, timed, strict=True)
    ]
    # Its thresholds rise by θ₊ a spike and hardly fall: so many spikes were there in our turns.
    rise = (turns[-1].mean_theta - turns[0].mean_theta) / bindsnet_worker.THETA_PLUS
    return {
        "ours_per_s": len(images) / epoch_s,
        "peer": f"BindsNET {versions['bindsnet']} DiehlAndCook2015, PostPre, batch {PEER_BATCH}",
        "peer_per_s": n_theirs / both_s,
        "ratio_lowest": min(each),
        "ratio_highest": max(each),
        "peer_without_encoding_per_s": n_theirs / run_s,
        "ratio_without_its_encoding": (len(images) / epoch_s) / (n_theirs / run_s),
        "epoch_seconds": epoch_s,
        "output_spikes_per_image": ours[-1].spikes,
        "peer_input_spikes_per_image": turns[-1].input_spikes,
        "peer_output_spikes_per_image": rise * params.neurons / (n_theirs * repeats),
        "peer_versions": versions,
        "equal": None,
        "equal_reason": "other neurons, another rule: no spike of one has a partner in the other",
    }


@contextmanager
def _bindsnet(images: NDArray[np.uint8], params: TrainParams, python: str) -> Iterator[Any]:
    """A process of BindsNET: its versions, and a function that asks it to learn batches."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as errors:
        file = Path(folder) / "images.npy"
        np.save(file, images[:2000])
        words = [str(file), str(params.neurons), str(params.steps), str(PEER_BATCH)]
        try:
            process = subprocess.Popen(
                [python, bindsnet_worker.__file__, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        except OSError as error:
            raise ValueError(f"--peer: {python} cannot be run: {error.strerror}") from None

        def read() -> dict[str, Any]:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                process.wait()
                errors.seek(0)
                said = errors.read().strip().splitlines() or ["without a word"]
                raise ValueError(f"--peer: BindsNET in {python} stopped: {said[-1]}")
            answer: dict[str, Any] = json.loads(line)
            return answer

        def ask(batches: int) -> _Turn:
            assert process.stdin is not None
            process.stdin.write(f"{batches}\n")
            process.stdin.flush()
            return _Turn(**read())

        try:
            yield read()["versions"], ask
        finally:
            process.kill()
            process.communicate()
