"""A dense layer of LIF neurons that learns by STDP: its first weights, a batch, the whole run.

A batch shows B images to the same weights (`snncore.stdp.competition` says who spikes, and with
which input traces). Then each neuron that spiked takes as many steps of the learning rule as it
had spikes (`snncore.stdp.rules`), and thresholds adapt (`snncore.stdp.homeostasis`). With the
default rule and competition that is

    w_j* ← w_j* + η (x[t*]/‖x[t*]‖ - w_j*),  then ‖w_j*‖ = 1,

potentiation by the presynaptic trace and depression where there is none, each with a soft bound,
η [x (1 - w) - (1 - x) w] = η (x - w): its fixed point is the mean normalised trace of a neuron's
wins, as in the spiking expectation maximisation of Nessler et al. (2013).

`learn_batch_torch` defines the meaning on any device; on the CPU the kernels of
`snncore.kernels.dense` compute the same from the same draws.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import distributed, rng
from snncore.stdp import competition, drive, homeostasis, rules
from snncore.stdp.drive import input_spikes as input_spikes
from snncore.stdp.events import Heard, Learner, joined, shown_here
from snncore.stdp.params import TrainParams
from snncore.stdp.state import Draw as Draw
from snncore.stdp.state import Layer as Layer
from snncore.stdp.state import Snapshot, rates

Tensor = torch.Tensor
_INIT_IMAGES = 1000  # how many training images make the mean input of the first weights
_AHEAD = 1000  # images whose inputs are made at once
_PIECE_BYTES = 1 << 30  # memory of one piece of a batch on a device
_WORKSPACE_BYTES = 128 << 20  # chunks of images and counts in floating point, and code


def init_layer(mean_cells: NDArray[np.float64], params: TrainParams) -> Layer:
    """A layer whose rows are the mean input times uniform noise, at unit norm; all θ = θ₀."""
    from snncore.kernels.dense_inputs import uniforms

    n_in = mean_cells.shape[0]
    raw = torch.empty(params.neurons, n_in)
    k0, k1 = (np.uint32(word) for word in rng.split_seed(params.seed))
    uniforms(np.uint32(rng.stream("weights")), k0, k1, raw.numpy())
    raw *= torch.from_numpy((mean_cells + 1e-3).astype(np.float32))
    # Stored transposed, [n_in, n_out], which is the order that a spike reads.
    weights = (raw / raw.norm(dim=1, keepdim=True)).t().contiguous().t()
    return Layer(weights, torch.full((params.neurons,), params.theta))


def first_layers(images: NDArray[np.uint8], params: TrainParams) -> tuple[Layer, ...]:
    """The untrained layer for grey images uint8 [S, H, W]."""
    some = np.linspace(0, len(images) - 1, min(len(images), _INIT_IMAGES)).round().astype(np.int64)
    values = drive.cells(images[some], params).astype(np.float64)
    return (init_layer(values.mean(axis=0) / 255.0, params),)


def learn_batch(
    layer: Layer,
    values: NDArray[np.uint32],
    draw: Draw,
    rate: float,
    theta_rate: float,
    params: TrainParams,
) -> tuple[Layer, Heard]:
    """Show a batch, learn from it; returns the new layer and who spiked.

    Args:
        layer: unchanged. Its size counts, not that of `params`.
        values: uint32 [B, n_in] from `drive.inputs` for `params.steps`; of the samples
            `events.shown_here`, where several processes learn together.
        draw: where the random words of all B samples come from.
        rate: η of this batch, 0..1; 0 leaves the weights as they are.
        theta_rate: η_θ of this batch.
        params: everything else.
    """
    if layer.weights.device.type != "cpu":
        return learn_batch_torch(layer, values, draw, rate, theta_rate, params)
    learnt = _own(layer)
    heard = Learner(learnt.weights.t(), learnt.theta, params, len(draw.samples)).learn_(
        values, draw, rate, theta_rate
    )
    return learnt, heard


def learn_batch_torch(
    layer: Layer,
    values: NDArray[np.uint32],
    draw: Draw,
    rate: float,
    theta_rate: float,
    params: TrainParams,
) -> tuple[Layer, Heard]:
    """The definition of `learn_batch`, on the layer's device, without waiting for it.

    Processes that learn together exchange the means of each neuron's traces; their sums depend on
    how many processes there are, in the last bit.
    """
    rule = rules.RULES[params.rule]
    n_out, n_in = layer.weights.shape
    size, group = competition.at_a_time(params, n_in, n_out), distributed.current()
    weights, told, used = layer.weights, [], 0
    for start in range(0, len(draw.samples), size):
        samples = draw.samples[start : start + size]
        mine = samples[group.part(len(samples))]
        found = [
            competition.present_torch(layer, some, some_draw, params)
            for some, some_draw in _on_device(
                layer,
                values[used : used + len(mine)],
                Draw(draw.seed, draw.stream, mine),
                params.steps,
            )
        ]
        used += len(mine)
        spikes = competition.joined(found) if found else competition.nothing(layer, params)
        spikes = competition.shared(spikes, len(samples), group)
        told.append(Heard(spikes.winner, spikes.when, spikes.counts))
        if rate > 0:
            counts = spikes.counts.view(-1, 1)
            n = counts.clamp(min=1).to(torch.float32)
            moved = rules.apply(rule, weights, spikes.pre, spikes.after, n, rate)
            weights = torch.where(counts > 0, moved, weights)
    heard = joined(told)
    theta = _adapted(layer.theta, heard.counts, len(draw.samples), theta_rate, params)
    return Layer(weights, theta), heard


def _own(layer: Layer) -> Layer:
    """A copy that nothing else holds, its weights [n_in, n_out] in memory."""
    weights = layer.weights.t().clone(memory_format=torch.contiguous_format).t()
    return Layer(weights, layer.theta.clone())


def _adapted(
    theta: Tensor, counts: Tensor, batch: int, theta_rate: float, params: TrainParams
) -> Tensor:
    if not rules.RULES[params.rule].homeostasis:
        return theta
    if theta_rate > 0:
        theta = homeostasis.woken(theta, counts, batch)
    return homeostasis.adapt(
        theta, counts, batch, theta_rate, params.theta, competition.aim(params)
    )


def _on_device(
    layer: Layer, values: NDArray[np.uint32], draw: Draw, n_steps: int
) -> Iterator[tuple[Tensor, Draw]]:
    """The batch on the layer's device in pieces that bound the memory, not the result."""
    n_out, n_in = layer.weights.shape
    each = n_steps * (n_in * 64 + n_out * 12)  # bytes of an image: random words, traces, potentials
    size = max(1, _PIECE_BYTES // each)
    for start in range(0, len(values), size):
        part = torch.from_numpy(values[start : start + size].astype(np.int64))
        samples = draw.samples[start : start + size]
        yield part.to(layer.weights.device), Draw(draw.seed, draw.stream, samples)


def memory_bytes(params: TrainParams, n_images: int, height: int, width: int) -> int:
    """Estimate of the peak memory of learning, counting and reading out, in bytes.

    Counts are kept once, in 8 bits where no neuron can spike more often. The readout's system of
    equations has one unknown a neuron, and a few copies while it is solved.
    """
    n_in, neurons = drive.input_size(height, width, params), params.neurons
    weights = 5 * 4 * neurons * n_in
    rows, per_row = competition.moments(params, neurons)
    late = rows if rules.RULES[params.rule].after else 0
    size = min(params.batch, competition.at_a_time(params, n_in, neurons))
    events = size * (4 * n_in * (rows + late) + 8 * rows * per_row)
    ahead = 8 * max(_AHEAD, params.batch) * n_in
    counts = (1 if params.feature_steps <= 255 else 2) * n_images * neurons
    return weights + events + ahead + counts + 12 * neurons**2 + _WORKSPACE_BYTES


def train(
    images: NDArray[np.uint8],
    params: TrainParams,
    *,
    device: torch.device | None = None,
    resume: Snapshot | None = None,
    every_s: float = 0.3,
) -> Iterator[Snapshot]:
    """See `snncore.stdp.train.train`."""
    if len(images) == 0:
        raise ValueError("images must hold at least one image, got none")
    n_images = min(len(images), params.learn_images or len(images))
    total = n_images * params.epochs
    layer = first_layers(images, params)[0] if resume is None else resume.layer
    seen = 0 if resume is None else resume.seen
    expected = (params.neurons, drive.input_size(images.shape[1], images.shape[2], params))
    if tuple(layer.weights.shape) != expected or seen > total:
        raise ValueError(
            f"resume must come from a run with the same parameters: weights {expected} and at most "
            f"{total} presentations, got {tuple(layer.weights.shape)} and {seen}"
        )
    layer = layer.to(device or torch.device("cpu"))
    learner = None
    if layer.weights.device.type == "cpu":
        layer = _own(layer)
        learner = Learner(layer.weights.t(), layer.theta, params, min(params.batch, n_images))
    former = layer.weights.clone()
    clock = last = time.perf_counter()
    spent = 0.0
    recent: list[Heard] = []  # fetched from the device at snapshots only
    shown: list[NDArray[np.int64]] = []
    for samples, values, epoch in _batches(images, params, seen, n_images, layer):
        rate, theta_rate = rates(seen / total, params)
        draw = Draw(params.seed, rng.stream("train_spikes", epoch), torch.from_numpy(samples))
        if learner:
            heard = learner.learn_(values, draw, rate, theta_rate)
        else:
            layer, heard = learn_batch_torch(layer, values, draw, rate, theta_rate, params)
        recent.append(heard)
        shown.append(samples)
        seen += len(samples)
        now = time.perf_counter()
        if now - last >= every_s or seen >= total:
            spent += now - clock
            here = _own(layer)
            change = float((here.weights - former).abs().mean()) / sum(map(len, shown))
            yield _snapshot(seen, total, here, recent, shown, change, spent, params.dt)
            recent, shown, former = [], [], here.weights
            clock = last = time.perf_counter()


def _batches(
    images: NDArray[np.uint8], params: TrainParams, seen: int, n_images: int, layer: Layer
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint32], int]]:
    """Sample numbers [b], inputs [b, n_in] and epoch of the batches after `seen` presentations.

    Inputs are those of the samples that this process shows: all, if it is alone.
    """
    n_out, n_in = layer.weights.shape
    while seen < n_images * params.epochs:
        epoch, start = divmod(seen, n_images)
        order = rng.permutation(params.seed, rng.stream("order", epoch), len(images)).numpy()
        while start < n_images:
            ahead = order[start : min(start + max(_AHEAD, params.batch), n_images)]
            ahead = ahead[: max(len(ahead) // params.batch, 1) * params.batch]
            batches = [ahead[k : k + params.batch] for k in range(0, len(ahead), params.batch)]
            mine = [batch[shown_here(len(batch), params, n_in, n_out)] for batch in batches]
            cells = drive.cells(images[np.concatenate(mine)], params)
            values = np.split(
                drive.inputs(cells, params, params.steps), np.cumsum([len(own) for own in mine])
            )
            for batch, some in zip(batches, values[:-1], strict=True):
                yield batch, some, epoch
            start += len(ahead)
            seen += len(ahead)


def _snapshot(
    seen: int,
    total: int,
    layer: Layer,
    recent: list[Heard],
    shown: list[NDArray[np.int64]],
    change: float,
    spent: float,
    dt: float,
) -> Snapshot:
    """What happened since the last one, fetched from the device."""
    winner = torch.cat([heard.winner for heard in recent]).cpu().numpy()
    when = torch.cat([heard.when for heard in recent]).cpu().numpy()
    counts = torch.stack([heard.counts for heard in recent]).sum(dim=0).cpu().numpy()
    spiked = winner >= 0
    return Snapshot(
        seen,
        total,
        (layer,),
        counts,
        float(1.0 - spiked.mean()),
        float((when[spiked].mean() + 1) * dt) if spiked.any() else float("nan"),
        spent,
        np.concatenate(shown),
        winner,
        change,
    )
