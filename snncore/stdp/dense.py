"""A dense layer of LIF neurons with winner-take-all competition and trace STDP.

With a = exp(-dt/tau_m), input spikes s_i[t], weights w_ji (unit L2 norm per neuron):

    trace        x_i[t] = a x_i[t-1] + s_i[t]
    potential    u_j[t] = a u_j[t-1] + Σ_i w_ji s_i[t]  =  Σ_i w_ji x_i[t]   (weights are frozen)
    first spike  t* = min {t : max_j (u_j[t] - θ_j) >= 0},  j* = argmax_j (u_j[t*] - θ_j)
    STDP         w_j* ← w_j* + η (x[t*]/‖x[t*]‖ - w_j*),  then ‖w_j*‖ = 1
    homeostasis  θ_j ← θ_j + η_θ θ_0 (N n_j/B - 1) B/N

The first spike inhibits the layer until the next image, as in one-spike winner-take-all layers
(Kheradpisheh et al. 2018). The weight change at the spike is potentiation by the presynaptic
trace and depression where there is none, each with a soft bound, η [x (1 - w) - (1 - x) w] =
η (x - w), on the normalised trace: its fixed point is the mean normalised trace of a neuron's
wins, as in the spiking expectation maximisation of Nessler et al. (2013). It is a relative of the
trace rule of Diehl & Cook (2015), not the same: theirs compares the trace with a constant and
bounds potentiation only. A batch shows B images to the same weights and merges: n wins of
one neuron count as n steps towards their mean, η → 1 - (1 - η)ⁿ. The rule needs no N_in × N_out
× B tensor, and because the trace is the membrane filter of the input, learning needs no time loop.

`first_spikes_torch`, `merge_torch` and `counts_torch` define the meaning on any device; on the CPU
the kernels of `snncore.kernels.dense` compute the same from the same draws.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import kernels, rng
from snncore.stdp import drive
from snncore.stdp.params import TrainParams
from snncore.stdp.state import Draw as Draw
from snncore.stdp.state import Layer as Layer
from snncore.stdp.state import Snapshot, rates

Tensor = torch.Tensor
_INIT_IMAGES = 1000  # how many training images make the mean input of the first weights
_PIECE_BYTES = 1 << 30  # memory of one piece of a batch on a device


class FirstSpikes(NamedTuple):
    """winner int64 [B] (-1: nobody), when int64 [B] (step, or -1), trace float32 [B, n_in]."""

    winner: Tensor
    when: Tensor
    trace: Tensor


def init_layer(mean_cells: NDArray[np.float64], params: TrainParams) -> Layer:
    """A layer whose rows are the mean input times uniform noise, at unit norm; all θ = θ₀."""
    n_in = mean_cells.shape[0]
    words = rng.draws(
        params.seed, rng.stream("weights"), torch.arange(params.neurons), n_in, 1
    ).squeeze(0)
    raw = rng.uniform(words) * torch.from_numpy((mean_cells + 1e-3).astype(np.float32))
    # Stored transposed, [n_in, n_out], which is the order that a spike reads.
    weights = (raw / raw.norm(dim=1, keepdim=True)).t().contiguous().t()
    return Layer(weights, torch.full((params.neurons,), params.theta))


def first_layers(images: NDArray[np.uint8], params: TrainParams) -> tuple[Layer, ...]:
    """The untrained layer for grey images uint8 [S, H, W]."""
    some = np.linspace(0, len(images) - 1, min(len(images), _INIT_IMAGES)).round().astype(np.int64)
    values = drive.cells(images[some], params).astype(np.float64)
    return (init_layer(values.mean(axis=0) / 255.0, params),)


def input_spikes(limit: Tensor, draw: Draw, n_steps: int) -> Tensor:
    """bool [T, B, n_in]: input i of sample b spikes at t where its word is below its limit."""
    words = rng.draws(
        draw.seed, draw.stream, draw.samples.to(limit.device), limit.shape[1], n_steps
    )
    return words < limit.to(torch.int64)


def _filtered(spikes: Tensor, leak: float) -> Tensor:
    """Traces x[t] = leak·x[t-1] + s[t], float32 [T, B, n_in], as one triangular product."""
    steps = spikes.shape[0]
    age = torch.arange(steps, device=spikes.device)
    age = age.view(-1, 1) - age.view(1, -1)
    kernel = torch.where(age >= 0, leak ** age.clamp(min=0).to(torch.float32), 0.0)
    return (kernel @ spikes.reshape(steps, -1).to(torch.float32)).view(spikes.shape)


def first_spikes_torch(layer: Layer, limit: Tensor, draw: Draw, params: TrainParams) -> FirstSpikes:
    """The definition, on any device, without a time loop and without waiting for the device."""
    traces = _filtered(input_spikes(limit, draw, params.steps), params.leak)
    margin = traces @ layer.weights.t() - layer.theta  # [T, B, n_out]
    best, arg = margin.max(dim=2)
    crossed = best >= 0  # [T, B]
    any_crossed = crossed.any(dim=0)
    first = crossed.to(torch.uint8).argmax(dim=0)
    columns = torch.arange(limit.shape[0], device=limit.device)
    minus_one = torch.full_like(first, -1)
    trace = torch.where(any_crossed.view(-1, 1), traces[first, columns], 0.0)
    return FirstSpikes(
        torch.where(any_crossed, arg[first, columns], minus_one),
        torch.where(any_crossed, first, minus_one),
        trace,
    )


def merge_torch(layer: Layer, spikes: FirstSpikes, rate: float) -> tuple[Layer, Tensor]:
    """The layer after the batch's STDP, and the wins int64 [n_out] of each neuron."""
    n_out = layer.theta.shape[0]
    neurons = torch.arange(n_out, device=layer.theta.device)
    won = (neurons.view(-1, 1) == spikes.winner.view(1, -1)).to(torch.float32)  # [n_out, B]
    wins = won.sum(dim=1)
    length = spikes.trace.norm(dim=1, keepdim=True).clamp(min=1e-12)
    target = won @ (spikes.trace / length)
    target = target / target.norm(dim=1, keepdim=True).clamp(min=1e-12)
    gain = (1.0 - (1.0 - rate) ** wins).view(-1, 1)
    moved = layer.weights + gain * (target - layer.weights)
    moved = moved / moved.norm(dim=1, keepdim=True)
    weights = torch.where(wins.view(-1, 1) > 0, moved, layer.weights)
    return Layer(weights, layer.theta), wins.to(torch.int64)


def homeostasis(
    theta: Tensor, wins: Tensor, batch: int, rate: float, params: TrainParams
) -> Tensor:
    """Thresholds after a batch; neurons that win more than their share get higher ones.

    `rate` is η_θ. Thresholds stay within θ₀/20 and 20·θ₀.
    """
    n_out = theta.shape[0]
    step = rate * params.theta * (wins.to(torch.float32) - batch / n_out)
    return (theta + step).clamp(params.theta / 20.0, params.theta * 20.0)


def learn_batch(
    layer: Layer,
    limit: NDArray[np.uint32],
    draw: Draw,
    rate: float,
    theta_rate: float,
    params: TrainParams,
) -> tuple[Layer, FirstSpikes]:
    """Show a batch, learn from it; returns the new layer and who spiked first.

    Args:
        layer: unchanged.
        limit: uint32 [B, n_in] from `drive.limits`.
        draw: where the random words come from.
        rate: η of this batch, 0..1; 0 leaves the weights as they are.
        theta_rate: η_θ of this batch.
        params: everything else.
    """
    if layer.weights.device.type == "cpu":
        spikes = _first_spikes_kernel(layer, limit, draw, params)
        weights = layer.weights.t().contiguous().clone()
        wins = _merge_kernel_(weights, spikes, rate)
        moved = Layer(weights.t(), layer.theta)
    else:
        found = [
            first_spikes_torch(layer, part, part_draw, params)
            for part, part_draw in _on_device(layer, limit, draw, params.steps)
        ]
        spikes = FirstSpikes(*(torch.cat(column) for column in zip(*found, strict=True)))
        moved, wins = merge_torch(layer, spikes, rate)
    theta = homeostasis(layer.theta, wins, limit.shape[0], theta_rate, params)
    return Layer(moved.weights, theta), spikes


def _on_device(
    layer: Layer, limit: NDArray[np.uint32], draw: Draw, n_steps: int
) -> Iterator[tuple[Tensor, Draw]]:
    """The batch on the layer's device in pieces that bound the memory, not the result."""
    n_out, n_in = layer.weights.shape
    each = n_steps * (n_in * 64 + n_out * 12)  # bytes of an image: random words, traces, potentials
    size = max(1, _PIECE_BYTES // each)
    for start in range(0, len(limit), size):
        part = torch.from_numpy(limit[start : start + size].astype(np.int64))
        samples = draw.samples[start : start + size]
        yield part.to(layer.weights.device), Draw(draw.seed, draw.stream, samples)


def _first_spikes_kernel(
    layer: Layer, limit: NDArray[np.uint32], draw: Draw, params: TrainParams
) -> FirstSpikes:
    from snncore.kernels import dense as kernel

    batch, n_in = limit.shape
    winner, when = np.empty(batch, np.int64), np.empty(batch, np.int64)
    trace = np.empty((batch, n_in), np.float32)
    k0, k1 = rng.split_seed(draw.seed)
    with kernels.kernel_threads():
        kernel.present_until_first_spike(
            limit,
            draw.samples.numpy(),
            draw.stream,
            np.uint32(k0),
            np.uint32(k1),
            layer.weights.t().contiguous().numpy(),
            layer.theta.numpy(),
            np.float32(params.leak),
            params.steps,
            winner,
            when,
            trace,
        )
    return FirstSpikes(*map(torch.from_numpy, (winner, when, trace)))


def _merge_kernel_(weights_t: Tensor, spikes: FirstSpikes, rate: float) -> Tensor:
    from snncore.kernels import dense as kernel

    wins = np.empty(weights_t.shape[1], np.int64)
    with kernels.kernel_threads():
        kernel.merge_wins_(
            weights_t.numpy(), spikes.winner.numpy(), spikes.trace.numpy(), rate, wins
        )
    return torch.from_numpy(wins)


def counts_torch(layer: Layer, limit: Tensor, draw: Draw, params: TrainParams) -> Tensor:
    """Definition of `count_spikes`: int64 [B, n_out] on the layer's device."""
    spikes = layer_spikes(layer, input_spikes(limit, draw, params.feature_steps), params)
    return spikes.sum(dim=0)


def layer_spikes(layer: Layer, inputs: Tensor, params: TrainParams) -> Tensor:
    """Output spikes bool [T, B, n_out] for input spikes bool [T, B, n_in], competition on.

    At each step the neuron furthest above `feature_theta`·θ, if any, spikes: it is reset to 0 and
    takes `inhibition` from every other potential. Weights and thresholds do not change.
    """
    steps, batch, _ = inputs.shape
    theta = layer.theta * params.feature_theta
    potential = torch.zeros(batch, theta.shape[0], device=theta.device)
    drive = inputs.to(torch.float32) @ layer.weights.t()
    out = torch.zeros(steps, batch, theta.shape[0], dtype=torch.bool, device=theta.device)
    neurons = torch.arange(theta.shape[0], device=theta.device).view(1, -1)
    for t in range(steps):
        potential = potential * params.leak + drive[t]
        best, arg = (potential - theta).max(dim=1, keepdim=True)
        spiked = (best >= 0) & (neurons == arg)
        inhibited = potential - params.inhibition
        potential = torch.where(best >= 0, torch.where(spiked, 0.0, inhibited), potential)
        out[t] = spiked
    return out


def count_spikes(
    layer: Layer, limit: NDArray[np.uint32], draw: Draw, params: TrainParams
) -> NDArray[np.uint16]:
    """Spike counts uint16 [B, n_out] of images with limits uint32 [B, n_in], weights frozen."""
    if layer.weights.device.type != "cpu":
        found = [
            counts_torch(layer, part, part_draw, params)
            for part, part_draw in _on_device(layer, limit, draw, params.feature_steps)
        ]
        return torch.cat(found).cpu().numpy().astype(np.uint16)
    from snncore.kernels import dense as kernel

    counts = np.empty((limit.shape[0], layer.theta.shape[0]), np.uint16)
    k0, k1 = rng.split_seed(draw.seed)
    with kernels.kernel_threads():
        kernel.count_competing_spikes(
            limit,
            draw.samples.numpy(),
            draw.stream,
            np.uint32(k0),
            np.uint32(k1),
            layer.weights.t().contiguous().numpy(),
            (layer.theta * params.feature_theta).numpy(),
            np.float32(params.leak),
            params.feature_steps,
            np.float32(params.inhibition),
            counts,
        )
    return counts


def memory_bytes(params: TrainParams, n_images: int, height: int, width: int) -> int:
    """Estimate of the peak memory of learning, counting and reading out, in bytes."""
    n_in = drive.input_size(height, width, params)
    weights = 4 * params.neurons * n_in
    batch = params.batch * n_in * 8
    counts = 2 * n_images * params.neurons
    return 5 * weights + batch + 3 * counts + 8 * params.neurons**2


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
    order_epoch, order = -1, np.empty(0, np.int64)
    clock = last = time.perf_counter()
    spent = 0.0
    recent: list[FirstSpikes] = []  # fetched from the device at snapshots only
    shown: list[NDArray[np.int64]] = []
    former = layer.weights
    while seen < total:
        epoch, start = divmod(seen, n_images)
        if epoch != order_epoch:
            order = rng.permutation(params.seed, rng.stream("order", epoch), len(images)).numpy()
            order_epoch = epoch
        samples = order[start : min(start + params.batch, n_images)]
        limit = drive.limits(drive.cells(images[samples], params), params)
        rate, theta_rate = rates(seen / total, params)
        draw = Draw(params.seed, rng.stream("train_spikes", epoch), torch.from_numpy(samples))
        layer, spikes = learn_batch(layer, limit, draw, rate, theta_rate, params)
        recent.append(FirstSpikes(spikes.winner, spikes.when, spikes.trace[:0]))
        shown.append(samples)
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
                (layer,),
                np.bincount(winner[heard], minlength=params.neurons),
                float(1.0 - heard.mean()),
                float((when[heard].mean() + 1) * params.dt) if heard.any() else float("nan"),
                spent,
                np.concatenate(shown),
                winner,
                float((layer.weights - former).abs().mean()) / len(winner),
            )
            recent, shown, former = [], [], layer.weights
            clock = last = time.perf_counter()
