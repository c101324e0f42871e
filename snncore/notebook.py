"""For notebooks and scripts: one function for each thing the dashboard does, with results that show
themselves.

    import snncore

    run = snncore.lif(current=2.0, duration=200)       # a neuron; run.summary, run.v, run.spikes
    sent = snncore.encode(picture, "poisson")          # spikes [T, M] and what is read back
    answer = snncore.recall("icons", rule="modern")    # a damaged picture restored
    net = snncore.train("digits", neurons=100)         # a layer that learns by STDP, read out

In Jupyter a result as the last line of a cell is a picture with its numbers; in a terminal it is
one line. `result.png()` has the picture's bytes. Everything that a function takes by name is the
parameter of that name on the page and on the command line.
"""

from __future__ import annotations

import base64
import dataclasses
import html
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snncore import encoding, experiment, metrics, playground, recall_lab, trained, transmission
from snncore.device import choose_device
from snncore.hopfield import AttractorParams, NoiseParams, PatternParams, SpikingParams
from snncore.params import Params
from snncore.recall_lab import RecallParams
from snncore.stdp import TrainParams, presets


class Shown:
    """A result: one line as text, a picture and a table in a notebook."""

    def rows(self) -> dict[str, Any]:
        """Names and numbers of the table."""
        raise NotImplementedError

    def png(self) -> bytes:
        """The picture, PNG."""
        raise NotImplementedError

    def save(self, path: str | Path) -> None:
        """Write the picture to a file."""
        Path(path).write_bytes(self.png())

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={_text(value)}" for name, value in self.rows().items())
        return f"{type(self).__name__}({told})"

    def _repr_png_(self) -> bytes:
        return self.png()

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td>{html.escape(_text(value))}</td></tr>"
            for name, value in self.rows().items()
        )
        picture = base64.b64encode(self.png()).decode()
        image = f"<img alt='{type(self).__name__}' style='max-width:640px' "
        return f"<div>{image}src='data:image/png;base64,{picture}'><table>{cells}</table></div>"


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Neuron(Shown):
    """A neuron's run: what was asked for, and what it did."""

    setup: playground.Setup
    run: playground.Run

    @property
    def summary(self) -> playground.Summary:
        """Rates, intervals, and what theory expects of them."""
        return self.run.summary

    @property
    def t(self) -> NDArray[np.float64]:
        """Time at the end of each step [ms]."""
        return self.run.t

    @property
    def v(self) -> NDArray[np.float64]:
        """Potential at the end of each step [mV]."""
        return self.run.v

    @property
    def spikes(self) -> NDArray[np.float64]:
        """Times of the spikes [ms]."""
        return self.run.spike_times

    def rows(self) -> dict[str, Any]:
        """See `Shown`."""
        s = self.summary
        return {
            "model": self.setup.model, "spikes": s.count, "rate_hz": s.count_rate_hz,
            "theory_rate_hz": s.theory_rate_hz, "first_spike_ms": s.first_spike_ms, "cv": s.cv,
        }  # fmt: skip

    def png(self) -> bytes:
        """Voltage and current over time."""
        from snncore.plots.neuron_figure import figure

        return figure(self.setup, self.run, "png")


def lif(model: str = "lif", **settings: Any) -> Neuron:
    """Drive one neuron; τ_m dv/dt = −(v − v_rest) + R_m I, or another model's equations.

    Args:
        model: a name of `snncore.neurons.MODELS`: lif, eif, adex, izhikevich, hh, …
        settings: fields of the model's parameters, of `stimuli.StimulusParams` (shape, current,
            noise_sd, …) and of `simulate.RunParams` (duration, dt, seed, …); ms, mV, nA, MΩ.

    Raises:
        ValueError: a name that the model does not have, or a value out of its range.
    """
    setup = playground.Setup.of(model, **settings)
    return Neuron(setup, playground.play(setup))


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Encoded(Shown):
    """A picture or a signal as spikes, and what is read back of them."""

    channel: transmission.Channel
    sent: transmission.Sent

    @property
    def spikes(self) -> NDArray[Any]:
        """[T, M]: bool, counts, or signs of M neurons."""
        return self.sent.spikes[:, 0]

    @property
    def decoded(self) -> NDArray[np.float32]:
        """What is read back, of the input's shape, [H, W] or [T]."""
        shape = self.channel.shape or (self.channel.n_steps,)
        return self.sent.decoded[0].reshape(shape)

    def rows(self) -> dict[str, Any]:
        """See `Shown`."""
        scores = transmission.scores(self.sent, self.channel)
        return {
            "code": self.channel.code, "steps": self.channel.n_steps,
            "neurons": self.channel.n_neurons,
            "spikes": int(np.abs(self.spikes.astype(np.int64)).sum()),
            "rmse": scores.rmse, "snr_db": scores.snr_db,
        }  # fmt: skip

    def png(self) -> bytes:
        """A picture beside what is read back; a signal with its spikes below."""
        values = self.sent.values[0]
        if self.channel.shape is None:
            from snncore.plots.encoding_figures import lanes_figure
            from snncore.plots.encoding_signal import Lane

            spikes = self.spikes.astype(np.int8)
            lane = Lane(self.channel.code, values, self.sent.decoded[0], spikes, float("nan"))
            return lanes_figure([lane], "png")
        from snncore.plots.base import png

        both = (values.reshape(self.channel.shape), np.clip(self.decoded, 0.0, 1.0))
        pixels = [np.round(255 * one).astype(np.uint8) for one in both]
        gap = np.full((len(pixels[0]), 2), 255, np.uint8)
        return png(np.hstack([pixels[0], gap, pixels[1]]), scale=max(1, 240 // len(gap)))


def encode(
    values: ArrayLike, code: str = "poisson", *, steps: int = 100, seed: int = 0, **settings: Any
) -> Encoded:
    """Turn a picture [H, W] or a signal [T] into spikes, and read them back.

    Args:
        values: between 0 and 1; a picture of bytes is divided by 255.
        code: a name of `snncore.encoding.CODES`.
        steps: time steps of a picture; a signal has as many as samples.
        seed: of all random draws.
        settings: the code's parameters.

    Raises:
        ValueError: no such code, setting or shape, or values out of range.
    """
    x = np.asarray(values)
    x = x.astype(np.float32) / 255.0 if x.dtype == np.uint8 else x.astype(np.float32)
    if x.ndim not in (1, 2):
        raise ValueError(f"values must be a picture [H, W] or a signal [T], got shape {x.shape}")
    params = encoding.get_code(code).params.from_dict(settings)
    if x.ndim == 1:
        channel = transmission.Channel(code, params, len(x))
    else:
        channel = transmission.Channel(code, params, steps, (x.shape[0], x.shape[1]))
    return Encoded(channel, channel.send(x, seed=seed))


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Recalled(Shown):
    """Damaged pictures, and what an associative memory made of them."""

    ask: recall_lab.Ask
    answer: recall_lab.Answer

    def rows(self) -> dict[str, Any]:
        """See `Shown`."""
        r = self.answer.result
        return {
            "rule": self.ask.rule, "pictures": len(self.answer.patterns.states),
            "noise": self.ask.noise.to_text(), "pixel_accuracy": r.pixel_accuracy,
            "bound_pixel_accuracy": r.bound_pixel_accuracy, "exact_fraction": r.exact_fraction,
            "steps": r.steps,
        }  # fmt: skip

    def png(self) -> bytes:
        """The first pictures: as they are, damaged, and recalled."""
        from snncore.plots.recall import sheet, tile

        stored, probes, result = self.answer.patterns, self.answer.probes, self.answer.result
        few = range(min(6, len(result.targets)))
        targets = [int(result.targets[b]) for b in few]

        def row(states: Any, numbers: Any, known: Any = None) -> list[NDArray[np.uint8]]:
            return [
                tile(
                    states[k].numpy(), stored.shape, mode=self.ask.mode, side=96,
                    known=None if known is None else known[k].numpy(),
                )
                for k in numbers
            ]  # fmt: skip

        rows = [row(stored.states, targets), row(probes.values, few, probes.known)]
        rows.append(row(result.recalled, few))
        return sheet(rows, [stored.names[k] for k in targets], [""] * len(targets))


def recall(
    dataset: str = "icons", rule: str = "hebb", *, noise: str = "flip:0.2", seed: int = 0,
    draws: int = 1, **settings: Any,
) -> Recalled:  # fmt: skip
    """Store pictures in an associative memory, damage them, and let it restore them.

    Args:
        dataset: icons, skimage, digits, mnist, fashion, gtsrb, random, or FILE.npz.
        rule: a name of `snncore.recall_lab.RULES`.
        noise: KIND:STRENGTH, as on the command line.
        seed: of all random draws.
        draws: damaged copies of each picture.
        settings: fields of `hopfield.PatternParams` (count, size, mode, …) and of the memory.

    Raises:
        ValueError: what cannot be done, and why.
    """
    source = recall_lab.default_source(dataset)
    spiking = AttractorParams if recall_lab.RULES[rule].own == "attractor" else SpikingParams
    kinds: Mapping[str, type[Params]] = {
        "patterns": PatternParams, "recall": RecallParams,
        "attractor" if spiking is AttractorParams else "spiking": spiking,
    }  # fmt: skip
    known = {name for kind in kinds.values() for name in kind.specs()}
    if unknown := sorted(set(settings) - known):
        raise ValueError(f"recall has no setting {', '.join(unknown)}; it has {sorted(known)}")
    base = {"patterns": {"pick": source.pick}, "recall": {"rule": rule}}
    parts: dict[str, Any] = {
        name: kind.from_dict(
            {**base.get(name, {}), **{k: v for k, v in settings.items() if k in kind.specs()}}
        )
        for name, kind in kinds.items()
    }
    ask = recall_lab.Ask(
        dataset=dataset, split=source.split, noise=NoiseParams.from_text(noise), seed=seed,
        draws=draws, **parts,
    )  # fmt: skip
    return Recalled(ask, recall_lab.experiment(ask))


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Network(Shown):
    """A layer that has learnt, its readout, and how well both do beside the controls."""

    params: TrainParams
    result: experiment.Result

    def predict(self, images: ArrayLike) -> NDArray[np.int64]:
        """Classes of grey pictures uint8 [S, H, W] of the size it has learnt from."""
        return trained.predict(self.result.trained, np.asarray(images)).classes

    def rows(self) -> dict[str, Any]:
        """See `Shown`."""
        r = self.result
        return {
            "layer": self.params.layer, "units": len(r.trained.layers[0].theta),
            "test_accuracy": r.test_accuracy, "vote_accuracy": r.vote_accuracy,
            "untrained": r.control_untrained_accuracy, "raw_pixels": r.control_pixels_accuracy,
            "seconds": r.times.total, "weights": r.weights_sha256[:12],
        }  # fmt: skip

    def png(self) -> bytes:
        """What the neurons or filters look for."""
        from snncore.plots.training_fields import field_png

        layer, shape = self.result.trained.layers[0], self.result.trained.image_shape
        if self.params.layer == "conv":
            shape = (self.params.filter_size, self.params.filter_size)
        return field_png(layer.weights.cpu().numpy(), shape, count=100)

    def confusion_png(self) -> bytes:
        """True against predicted classes of the test images."""
        from snncore.plots.training_figure import confusion_figure

        names = self.result.trained.class_names
        return confusion_figure(self.result.confusion, names, file_format="png")

    @property
    def confused(self) -> list[metrics.ConfusedPair]:
        """The classes most often taken for one another."""
        return metrics.confused_pairs(self.result.confusion, 5)


def train(
    dataset: str = "digits", *, limit: int = 0, controls: bool = True, device: str | None = None,
    progress: Callable[[float, str], None] | None = None, **settings: Any,
) -> Network:  # fmt: skip
    """Learn a data set by STDP without labels, then read the spike counts out.

    Args:
        dataset: digits, mnist, fashion, gtsrb, or FILE.npz.
        limit: training images; 0: all.
        controls: the same with untrained weights, and the readout on raw pixels.
        device: auto, cuda, mps or cpu.
        progress: called with the share that is done and a sentence.
        settings: fields of `stdp.TrainParams`; the others are the recommended ones.

    Raises:
        ValueError: what cannot be done, and why.
    """
    layer = settings.get("layer", TrainParams().layer)
    units = settings.get("neurons" if layer == "dense" else "filters", 0)
    base = presets.recommended(layer, units, dataset)
    params = TrainParams.from_dict({**base.to_dict(), **settings})
    data, chosen = experiment.load_data(dataset, limit), choose_device(device)
    for report in experiment.run(data, params, device=chosen.device, controls=controls, live=False):
        if progress is not None:
            progress(report.fraction, report.text)
        if report.result is not None:
            return Network(params, report.result)
    raise RuntimeError("the experiment ended without a result")
