"""Convolutional STDP: filters that slide over the picture, learnt from random patches.

Learning needs no whole pictures: a patch at a random location is a small picture, and the filters
are a dense layer that sees it (`snncore.stdp.dense`): the first to cross its threshold inhibits
the others and moves its weights towards what it saw, by the same rules, merged over the batch in
the same way. That is one winner per location with weights shared over locations, as Falez et al.
(2019) train theirs. Thresholds move apart but their sum stays, θ_j ← θ_j + η_θ θ₀ (e_j − ē) with
e_j = min(n_j / max(n̄, 1), E) for n_j wins of a filter in the batch, n̄ on average and E = `EXCESS`:
only patches that made a filter spike count, because most patches of a digit are black and must not
lower the thresholds. The bounds keep one batch from silencing a filter for hundreds. Where a whole
batch that had input spikes leaves all filters silent, all thresholds fall by η_θ θ₀.

Then every location of a picture is looked at (`snncore.stdp.conv_features`), and the features are
each filter's spikes, summed over grid × grid fields.

A second layer sees, as spike times, when each filter of the first has spiked first in each field
of 2×2 locations. It learns after the first, in the same way and without labels; the features of
both are put side by side.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import distributed, rng
from snncore.stdp import conv_features, drive, homeostasis
from snncore.stdp.conv_counts import ConvPresentation as ConvPresentation
from snncore.stdp.conv_counts import counts as counts
from snncore.stdp.conv_counts import filter_images as filter_images
from snncore.stdp.conv_counts import present as present
from snncore.stdp.conv_counts import win_features as win_features
from snncore.stdp.conv_shape import PATCHES, POOL, Shape, for_depth, shapes
from snncore.stdp.conv_shape import feature_count as feature_count
from snncore.stdp.conv_shape import memory_bytes as memory_bytes
from snncore.stdp.dense import learn_batch
from snncore.stdp.events import shown_here
from snncore.stdp.params import TrainParams
from snncore.stdp.state import Draw, Layer, Snapshot, rates

EXCESS = 4.0  # times its share that a filter's wins in a batch count at most
MATCH_2 = 0.5  # first threshold of the second layer, as a part of a perfect match's potential
_CONTROL_IMAGES = 1000  # images that the thresholds of untrained filters adapt to
_CONTROL_STEPS = (0.3, 0.1, 0.03, 0.01)  # of the thresholds in each pass, parts of theta_rate


def _raw_layer(n_filters: int, taps: int, theta: float, seed: int, depth: int) -> Layer:
    """Filters of uniform noise at unit norm."""
    numbers = torch.arange(n_filters)
    words = rng.draws(seed, rng.stream("weights", depth), numbers, taps, 1).squeeze(0)
    raw = rng.uniform(words)
    # Stored transposed, [taps, filters], which is the order that a spike reads.
    weights = (raw / raw.norm(dim=1, keepdim=True)).t().contiguous().t()
    return Layer(weights, torch.full((n_filters,), theta))


def _seen_by(
    layers: tuple[Layer, ...],
    images: NDArray[np.uint8],
    draw: Draw,
    params: TrainParams,
    depth: int,
) -> NDArray[np.uint32]:
    """What decides the input spikes of layer `depth`: uint32 [B, C·H·W]."""
    maps = drive.maps(images, params)
    n_steps = params.steps if depth == 0 else params.feature_steps
    n_cells = int(np.prod(maps.shape[1:]))  # there may be no images: this process has no part
    values = drive.inputs(maps.reshape(len(images), n_cells), params, n_steps)
    if depth == 0:
        return values
    look = shapes(params, *images.shape[1:])[0]
    wins = conv_features.find_wins(layers[0], values, look, draw, params)
    return conv_features.earliest(wins, params.filters, look, POOL)


def _patches(
    values: NDArray[np.uint32], look: Shape, stream: int, samples: NDArray[np.int64], seed: int
) -> NDArray[np.uint32]:
    """Values of random patches, uint32 [B·PATCHES, taps]; a place depends on (seed, sample)."""
    words = rng.draws(seed, stream, torch.from_numpy(samples), 1, PATCHES)[:, :, 0].t().numpy()
    place = words % (look.rows * look.columns)
    corner = place // look.columns * look.width + place % look.columns
    channel, row, column = np.unravel_index(
        np.arange(look.taps), (look.channels, look.side, look.side)
    )
    offset = (channel * look.height + row) * look.width + column
    at = corner[:, :, None] + offset
    found = np.take_along_axis(values, at.reshape(len(values), PATCHES * look.taps), axis=1)
    return np.ascontiguousarray(found.reshape(-1, look.taps))


class _Batch(NamedTuple):
    """What happened while a batch was learnt, on the layer's device."""

    wins: torch.Tensor  # [n_filters]
    shown: int
    heard: torch.Tensor  # patches that made a filter spike
    able: bool  # whether any patch had input spikes
    steps: torch.Tensor  # sum of the steps of their first spikes


def _learn(
    layers: tuple[Layer, ...],
    images: NDArray[np.uint8],
    samples: NDArray[np.int64],
    epoch: int,
    rate: float,
    theta_rate: float,
    params: TrainParams,
) -> tuple[Layer, _Batch]:
    """Show random patches of a batch of images to the last of the layers; the layer after it."""
    depth = len(layers) - 1
    layer, own = layers[-1], for_depth(params, depth)
    look = shapes(params, *images.shape[1:])[depth]
    stream = rng.stream("train_spikes", epoch)
    numbers = (samples[:, None] * PATCHES + np.arange(PATCHES)).ravel()
    mine = shown_here(len(numbers), own, look.taps, len(layer.theta))
    some, place = np.unique(mine // PATCHES, return_inverse=True)  # the images they lie in
    draw = Draw(params.seed, stream, torch.from_numpy(samples[some]))
    values = _seen_by(layers, images[some], draw, params, depth)
    patches = _patches(values, look, rng.stream("points", epoch), samples[some], params.seed)
    patches = patches[place * PATCHES + mine % PATCHES]
    patch_draw = Draw(params.seed, stream, torch.from_numpy(numbers))
    moved, spikes = learn_batch(layer, patches, patch_draw, rate, 0.0, own)
    heard = spikes.winner >= 0
    wins = spikes.counts
    able = bool(patches.any())
    if (group := distributed.current()).size > 1:
        able = bool(heard.any()) or group.any(able)
    # The second layer's thresholds are in parts of their mean, which stays on the device.
    start = params.theta if depth == 0 else 1.0
    unit = torch.ones_like(layer.theta[0]) if depth == 0 else moved.theta.mean()
    excess = _excess(wins, able)
    theta = homeostasis.adapt(moved.theta / unit, excess, 0, theta_rate, start, 1) * unit
    steps = torch.where(heard, spikes.when, 0).sum()
    return Layer(moved.weights, theta), _Batch(wins, len(numbers), heard.sum(), able, steps)


def _excess(wins: torch.Tensor, able: bool) -> torch.Tensor:
    """How far each filter [F] is above its share of a batch's wins; −1 for all if none spiked."""
    share = (wins.sum() / len(wins)).clamp(min=1.0)
    parts = (wins / share).clamp(max=EXCESS)
    return torch.where(wins.any(), parts - parts.mean(), -1.0 if able else 0.0)


def _second_layer(layer: Layer, images: NDArray[np.uint8], params: TrainParams) -> Layer:
    """The untrained second layer; its thresholds are a part of what a perfect match would reach."""
    look = shapes(params, *images.shape[1:])[1]
    samples = np.arange(min(len(images), 200))
    draw = Draw(params.seed, rng.stream("train_spikes"), torch.from_numpy(samples))
    values = _seen_by((layer,), images[samples], draw, params, 1)
    patches = _patches(values, look, rng.stream("points"), samples, params.seed)
    active = (patches > 0).sum(axis=1)
    typical = float(np.sqrt(active[active > 0].mean())) if active.any() else 1.0
    raw = _raw_layer(params.filters_2, look.taps, MATCH_2 * typical, params.seed, 1)
    return raw.to(layer.theta.device)


def first_layers(images: NDArray[np.uint8], params: TrainParams) -> tuple[Layer, ...]:
    """The untrained control: random filters of unit norm whose thresholds have adapted.

    Random filters are so alike that small differences between thresholds decide who spikes. So
    thresholds see up to 1,000 images several times, as in training but with the learning rate 0
    and ever smaller steps, until all filters win about equally often.
    """
    if len(images) == 0:
        raise ValueError("images must hold at least one image, got none")
    looks = shapes(params, *images.shape[1:])
    order = rng.permutation(params.seed, rng.stream("order"), len(images)).numpy()
    order = order[:_CONTROL_IMAGES]
    layers: tuple[Layer, ...] = (
        _raw_layer(params.filters, looks[0].taps, params.theta, params.seed, 0),
    )
    for depth in range(len(looks)):
        if depth:
            layers = (*layers, _second_layer(layers[0], images, params))
        for turn, part in enumerate(_CONTROL_STEPS):
            for start in range(0, len(order), params.batch):
                samples = order[start : start + params.batch]
                theta_rate = part * params.theta_rate
                layer, _ = _learn(layers, images[samples], samples, turn, 0.0, theta_rate, params)
                layers = (*layers[:-1], layer)
    return layers


def train(
    images: NDArray[np.uint8],
    params: TrainParams,
    *,
    device: torch.device | None = None,
    resume: Snapshot | None = None,
    every_s: float = 0.3,
) -> Iterator[Snapshot]:
    """See `snncore.stdp.train.train`; `seen` counts images, first for one layer, then the other."""
    if len(images) == 0:
        raise ValueError("images must hold at least one image, got none")
    looks = shapes(params, *images.shape[1:])
    n_images = min(len(images), params.learn_images or len(images))
    each = n_images * params.epochs  # images shown to each layer
    total = each * len(looks)
    seen = 0
    layers: tuple[Layer, ...] = (
        _raw_layer(params.filters, looks[0].taps, params.theta, params.seed, 0),
    )
    if resume is not None:
        seen, layers = resume.seen, resume.layers
        _check_resume(resume, looks, params, each)
    layers = tuple(layer.to(device or torch.device("cpu")) for layer in layers)
    clock = last = time.perf_counter()
    spent = 0.0
    recent: list[_Batch] = []  # fetched from the device at snapshots only
    former = layers[-1].weights
    heard = resume is not None and resume.silent < 1.0
    order_epoch, order = -1, np.empty(0, np.int64)
    while seen < total:
        depth, shown = divmod(seen, each)
        epoch, start = divmod(shown, n_images)
        if depth == len(layers):
            layers = (*layers, _second_layer(layers[0], images, params))
            former, recent, heard = layers[-1].weights, [], False
        if epoch != order_epoch:
            order = rng.permutation(params.seed, rng.stream("order", epoch), len(images)).numpy()
            order_epoch = epoch
        samples = order[start : min(start + params.batch, n_images)]
        rate, theta_rate = rates(shown / each, params)
        layer, batch = _learn(layers, images[samples], samples, epoch, rate, theta_rate, params)
        layers = (*layers[:-1], layer)
        recent.append(batch)
        seen += len(samples)
        now = time.perf_counter()
        if now - last >= every_s or seen % each == 0:
            spent += time.perf_counter() - clock
            snapshot = _snapshot(seen, total, layers, recent, former, spent, params)
            heard = heard or snapshot.silent < 1.0
            if seen % each == 0 and not heard and any(batch.able for batch in recent):
                raise ValueError(
                    f"no filter of layer {depth + 1} ever spiked, so nothing was learnt: lower "
                    f"theta ({params.theta:g}), or raise theta_rate, gain or steps"
                )
            yield snapshot
            recent, former = [], layers[-1].weights
            clock = last = time.perf_counter()


def _check_resume(
    resume: Snapshot, looks: tuple[Shape, ...], params: TrainParams, each: int
) -> None:
    sizes = (params.filters, params.filters_2)
    expected = [(size, look.taps) for size, look in zip(sizes, looks, strict=False)]
    got = [tuple(layer.weights.shape) for layer in resume.layers]
    most = each * len(got)
    if got != expected[: len(got)] or resume.seen > most:
        raise ValueError(
            f"resume must come from a run with the same parameters: weights {expected} and at "
            f"most {most} presentations, got {got} and {resume.seen}"
        )
    if len(got) == 2 and resume.total != 2 * each:
        raise ValueError(
            f"epochs cannot be changed once the second layer learns, as it has learnt from the "
            f"first as it is: {resume.total} presentations in all, got {2 * each}"
        )


def _snapshot(
    seen: int,
    total: int,
    layers: tuple[Layer, ...],
    recent: list[_Batch],
    former: torch.Tensor,
    seconds: float,
    params: TrainParams,
) -> Snapshot:
    wins = torch.stack([batch.wins for batch in recent]).sum(dim=0).cpu().numpy()
    heard = int(torch.stack([batch.heard for batch in recent]).sum())
    steps = int(torch.stack([batch.steps for batch in recent]).sum())
    patches = sum(batch.shown for batch in recent)
    change = float((layers[-1].weights - former).abs().mean()) * PATCHES / patches
    return Snapshot(
        seen,
        total,
        layers,
        wins,
        1.0 - heard / patches,
        (steps / heard + 1.0) * params.dt if heard else float("nan"),
        seconds,
        change=change,
    )
