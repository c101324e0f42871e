"""The learning loop: a generator of immutable snapshots that the caller drives.

Stopping is not asking for the next snapshot; a stopped run continues from any snapshot as if it
had never stopped, because every draw is a function of (seed, epoch, image), not of history.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import rng
from snncore.stdp import drive
from snncore.stdp.dense import (
    Draw,
    FirstSpikes,
    Layer,
    count_spikes,
    init_layer,
    input_spikes,
    layer_spikes,
    learn_batch,
)
from snncore.stdp.params import TrainParams

_INIT_IMAGES = 1000  # how many training images make the mean input of the first weights
_COUNT_CELLS = 100_000  # neurons × images of one call while counting: it holds the kernels' lock


class Snapshot(NamedTuple):
    """Where learning stands: presentations so far and in all, the layer, the recent behaviour."""

    seen: int
    total: int
    layer: Layer
    wins: NDArray[np.int64]  # [n_out] first spikes of each neuron since the last snapshot
    silent: float  # fraction of presentations since then in which no neuron spiked
    first_spike_ms: float  # mean time of the first spike since then; NaN if there was none
    seconds: float  # spent in learning in this run, without what the caller did in between


def first_layer(images: NDArray[np.uint8], params: TrainParams) -> Layer:
    """The untrained layer for grey images uint8 [S, H, W]; the control of every result."""
    some = np.linspace(0, len(images) - 1, min(len(images), _INIT_IMAGES)).round().astype(np.int64)
    values = drive.cells(images[some], params).astype(np.float64)
    return init_layer(values.mean(axis=0) / 255.0, params)


def train(
    images: NDArray[np.uint8],
    params: TrainParams,
    *,
    device: torch.device | None = None,
    resume: Snapshot | None = None,
    every_s: float = 0.3,
) -> Iterator[Snapshot]:
    """Learn from images without labels.

    Args:
        images: grey, uint8 [S, H, W], S >= 1.
        params: with `images`, they determine the result.
        device: where to compute; the CPU by default.
        resume: continue after this snapshot (of a run with the same images and parameters, but
            for `epochs`).
        every_s: time between snapshots; the last one is always yielded.

    Raises:
        ValueError: images of a wrong type or shape, none at all, or a snapshot of another run.
    """
    if len(images) == 0:
        raise ValueError("images must hold at least one image, got none")
    n_images, total = len(images), len(images) * params.epochs
    layer = first_layer(images, params) if resume is None else resume.layer
    seen = 0 if resume is None else resume.seen
    expected = (params.neurons, drive.input_size(images.shape[1], images.shape[2], params))
    if tuple(layer.weights.shape) != expected or seen > total:
        raise ValueError(
            f"resume must come from a run with the same parameters: weights {expected} and at most "
            f"{total} presentations, got {tuple(layer.weights.shape)} and {seen}"
        )
    layer = layer.to(device or torch.device("cpu"))
    order_epoch, order = -1, np.empty(0, np.int64)
    clock = last = time.perf_counter()
    spent = 0.0
    recent: list[FirstSpikes] = []  # fetched from the device at snapshots only
    while seen < total:
        epoch, start = divmod(seen, n_images)
        if epoch != order_epoch:
            order = rng.permutation(params.seed, rng.stream("order", epoch), n_images).numpy()
            order_epoch = epoch
        samples = order[start : start + params.batch]
        limit = drive.limits(drive.cells(images[samples], params), params)
        rate, theta_rate = _schedule(seen / total, params)
        draw = Draw(params.seed, rng.stream("train_spikes", epoch), torch.from_numpy(samples))
        layer, spikes = learn_batch(layer, limit, draw, rate, theta_rate, params)
        recent.append(FirstSpikes(spikes.winner, spikes.when, spikes.trace[:0]))
        seen += len(samples)
        now = time.perf_counter()
        if now - last >= every_s or seen >= total:
            winner = torch.cat([s.winner for s in recent]).cpu().numpy()
            when = torch.cat([s.when for s in recent]).cpu().numpy()
            spent += time.perf_counter() - clock
            heard = winner >= 0
            yield Snapshot(
                seen,
                total,
                layer,
                np.bincount(winner[heard], minlength=params.neurons),
                float(1.0 - heard.mean()),
                float((when[heard].mean() + 1) * params.dt) if heard.any() else float("nan"),
                spent,
            )
            recent = []
            clock = last = time.perf_counter()


def _schedule(progress: float, params: TrainParams) -> tuple[float, float]:
    """Learning rate η (geometric from first to last) and η_θ (down to a tenth) at 0..1."""
    theta_rate = params.theta_rate * (1.0 - 0.9 * progress)
    if params.rate_last == 0.0:  # geometric descent has no way to 0; a frozen layer stays frozen
        return params.rate_first * (1.0 - progress), theta_rate
    return params.rate_first * (params.rate_last / params.rate_first) ** progress, theta_rate


class Presentation(NamedTuple):
    """One image on its way through the layer, weights frozen."""

    cells: NDArray[np.uint8]  # [n_in], what the input cells see
    inputs: NDArray[np.bool_]  # [T, n_in] Poisson spikes
    outputs: NDArray[np.bool_]  # [T, n_out] spikes of the layer, competition on


def present(
    layer: Layer, image: NDArray[np.uint8], params: TrainParams, *, sample: int = 0
) -> Presentation:
    """Show one grey image uint8 [H, W] for `feature_steps`; `sample` numbers its random draws."""
    values = drive.cells(image[None], params)
    limit = torch.from_numpy(drive.limits(values, params).astype(np.int64))
    draw = Draw(params.seed, rng.stream("feature_spikes"), torch.tensor([sample]))
    inputs = input_spikes(limit, draw, params.feature_steps)
    outputs = layer_spikes(layer.to(torch.device("cpu")), inputs, params)
    return Presentation(values[0], inputs[:, 0].numpy(), outputs[:, 0].numpy())


def counts(
    layer: Layer, images: NDArray[np.uint8], params: TrainParams, *, first_sample: int = 0
) -> Iterator[tuple[int, NDArray[np.uint16]]]:
    """Spike counts of `images` in pieces: (images done, counts uint16 [b, n_out]).

    `first_sample` numbers the images for their random draws, so that training and test images,
    or two parts of one set, draw different spikes.
    """
    stream = rng.stream("feature_spikes")
    at_once = max(16, _COUNT_CELLS // params.neurons)  # bounds time and memory, not the result
    for start in range(0, len(images), at_once):
        part = images[start : start + at_once]
        limit = drive.limits(drive.cells(part, params), params)
        samples = torch.arange(first_sample + start, first_sample + start + len(part))
        done = start + len(part)
        yield done, count_spikes(layer, limit, Draw(params.seed, stream, samples), params)
