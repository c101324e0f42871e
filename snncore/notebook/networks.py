"""A memory's answers and a layer that has learnt, for notebooks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from snncore import experiment, metrics, recall_lab, trained
from snncore.device import choose_device
from snncore.hopfield import AttractorParams, NoiseParams, PatternParams, SpikingParams
from snncore.notebook.shown import Shown
from snncore.params import Params, check
from snncore.recall_lab import RecallParams
from snncore.stdp import TrainParams, presets


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
    if rule not in recall_lab.RULES:
        raise ValueError(f"rule must be one of {', '.join(recall_lab.RULES)}, got {rule!r}")
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
        return field_png(layer.weights.cpu().numpy(), shape, count=100, width=480)

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
    for name, spec in TrainParams.specs().items():
        if name in settings:
            check(name, settings[name], spec)
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
