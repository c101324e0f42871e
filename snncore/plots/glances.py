"""The home page's examples: each a small computation of the engine, drawn and described.

One function per page of the dashboard; each takes from milliseconds to a second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from snncore import datasets
from snncore.encoding import LatencyParams, latency_encode
from snncore.hopfield import NoiseParams, PatternParams
from snncore.neurons import LIFParams
from snncore.plots import vignettes
from snncore.recall_lab import Ask, experiment
from snncore.simulate import run_lif
from snncore.stdp import TrainParams, train


class Vignette(NamedTuple):
    """A picture for the light and for the dark theme, what it shows, and the numbers in it."""

    light: bytes
    dark: bytes
    alt: str
    caption: str


def _both(draw: Callable[..., bytes], alt: str, caption: str) -> Vignette:
    return Vignette(draw(dark=False), draw(dark=True), alt, caption)


def lif() -> Vignette:
    """A current step into one neuron."""
    params, dt, nano_ampere = LIFParams(), 0.1, 2.6
    current = torch.zeros(2000, 1, 1)
    current[200:1700] = nano_ampere
    run = run_lif(current, params, dt)
    v, spikes = run.v[:, 0, 0].numpy(), run.spikes[:, 0, 0].numpy()
    return _both(
        lambda dark: vignettes.trace(v, spikes, params.v_th, dark=dark),
        "Voltage of a neuron that charges to its threshold and fires several times.",
        f"{nano_ampere} nA for 150 ms: {int(spikes.sum())} spikes.",
    )


def encoding() -> Vignette:
    """A digit in the latency code."""
    image = datasets.load("digits").images[0]
    values = torch.from_numpy(image.astype(np.float32) / 255).reshape(1, -1)
    spikes = latency_encode(values, LatencyParams(), n_steps=60)[:, 0].numpy()
    return _both(
        lambda dark: vignettes.code(image, spikes, dark=dark),
        "A handwritten digit, and the spike of each of its pixels: bright ones fire first.",
        f"{image.size} pixels, {int(spikes.sum())} spikes: the brighter, the earlier.",
    )


def hopfield() -> Vignette:
    """A photograph, damaged and recalled."""
    ask = Ask(patterns=PatternParams(count=4), noise=NoiseParams(kind="flip", strength=0.3))
    patterns, probes, answer, *_ = experiment(ask)
    which = 1

    def grey(states: torch.Tensor) -> NDArray[np.uint8]:
        return ((states[which].reshape(patterns.shape) > 0).numpy() * 255).astype(np.uint8)

    images = [grey(patterns.states), grey(probes.values), grey(answer.recalled)]
    right = float(answer.pixels[which])
    return _both(
        lambda dark: vignettes.stages(images, dark=dark),
        "A photograph in black and white, the same with flipped pixels, and the recalled one.",
        f"30 % of the pixels flipped; spiking neurons recall {100 * right:.4g} % of them right.",
    )


def stdp() -> Vignette:
    """Receptive fields after a short training."""
    images = datasets.load("digits").images[:1000]
    *_, last = train(images, TrainParams(neurons=30), every_s=60.0)
    weights = last.layer.weights.cpu().numpy()
    height, width = images.shape[1:]
    peak = weights.max(axis=1, keepdims=True)
    tiles = (np.clip(weights / peak, 0, 1) * 255).astype(np.uint8).reshape(-1, height, width)
    return _both(
        lambda dark: vignettes.fields(tiles, 10, dark=dark),
        "What each of 30 neurons has learned to look for: most resemble a digit.",
        f"30 neurons after {len(images)} small digits, {last.seconds:.2g} s, no labels.",
    )


MAKERS: dict[str, Callable[[], Vignette]] = {
    "lif": lif,
    "encoding": encoding,
    "hopfield": hopfield,
    "stdp": stdp,
}
