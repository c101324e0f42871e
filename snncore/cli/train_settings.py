"""Which parameters a training run gets: what was asked for, over a preset, a file or the advice."""

from __future__ import annotations

from typing import Any, NamedTuple

import click

from snncore import trained
from snncore.stdp import Snapshot, TrainParams, presets
from snncore.trained import files


class Settled(NamedTuple):
    """What a training run is of, and where it begins."""

    params: TrainParams
    dataset: str
    limit: int
    start: Snapshot | None = None
    images_sha256: str = ""  # of the images it has begun with; "" if that is not known


def settled(
    context: click.Context,
    values: dict[str, Any],
    preset: str | None,
    dataset: str,
    limit: int,
    saved: trained.SavedRun | None,
    *,
    same: bool = False,
) -> Settled:
    """A run from what the user wrote, or (`saved`) one that goes on.

    Args:
        same: the command is the one that has begun it (`--continue`): it must say the same as the
            file, and may say all of it.

    Raises:
        ValueError: what the user wrote and the file do not go together.
    """
    wanted = asked(context, values)
    if saved is None or same:
        params = advised(wanted, dataset)
        if preset is not None:
            chosen = found_preset(preset)
            params = over(chosen.params, wanted)
            dataset = dataset if given(context, "dataset") else chosen.dataset
            limit = limit if given(context, "limit") else chosen.limit
        if saved is None:
            return Settled(params, dataset, limit)
        params = resumed(saved, params.to_dict(), "--continue")
        if saved.dataset != dataset:
            raise ValueError(f"--out was trained on {saved.dataset!r}, got --dataset {dataset}")
        if limit not in (0, saved.n_images):
            raise ValueError(f"--out was trained on {saved.n_images} images, got --limit {limit}")
        return Settled(params, dataset, limit, saved.snapshot, saved.images_sha256)
    if preset is not None:
        raise ValueError("--resume has its parameters from the file: leave --preset out")
    params = resumed(saved, wanted)
    if given(context, "dataset") and dataset != saved.dataset:
        raise ValueError(f"--resume was trained on {saved.dataset!r}, got --dataset {dataset}")
    if given(context, "limit"):
        raise ValueError("--limit cannot be changed with --resume")
    return Settled(params, saved.dataset, saved.n_images, saved.snapshot, saved.images_sha256)


def given(context: click.Context, name: str) -> bool:
    """Whether the user wrote this option."""
    return context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE


def asked(context: click.Context, values: dict[str, Any]) -> dict[str, Any]:
    """The parameters that the user wrote; the others are open."""
    return {name: value for name, value in values.items() if given(context, name)}


def advised(wanted: dict[str, Any], dataset: str = "") -> TrainParams:
    """`wanted`, and for everything else what is recommended for such a layer and data set."""
    layer = wanted.get("layer", TrainParams().layer)
    units = wanted.get("neurons" if layer == "dense" else "filters", 0)
    return over(presets.recommended(layer, units, dataset), wanted)


def over(base: TrainParams, wanted: dict[str, Any]) -> TrainParams:
    """`base` with what was asked for."""
    return TrainParams.from_dict({**base.to_dict(), **wanted})


def resumed(
    saved: trained.SavedRun, wanted: dict[str, Any], option: str = "--resume"
) -> TrainParams:
    """The saved parameters; only `epochs` may be changed, anything else asked for must agree."""
    if saved.rounded:
        raise ValueError(
            f"{option} needs a checkpoint with whole weights: those of this file are rounded to "
            "16 bits, so the run would not go on as it was; use it with predict, or train again"
        )
    for name, value in wanted.items():
        known = getattr(saved.params, name)
        if name != "epochs" and value != known:
            raise ValueError(
                f"--{name.replace('_', '-')} is {known} in the checkpoint "
                f"and cannot be changed with {option}, got {value}"
            )
    each = saved.snapshot.total // files.passes(saved.params)
    done = min(-(-saved.snapshot.seen // each), saved.params.epochs)  # of the first layer
    if wanted.get("epochs", done) < done:
        raise ValueError(
            f"--epochs must be >= {done}, which the checkpoint has reached, got {wanted['epochs']}"
        )
    return over(saved.params, wanted)


def found_preset(name: str) -> presets.Preset:
    """The preset of this name, or the only one with these words in its name.

    Raises:
        ValueError: there is none, or more than one; the message names those that there are.
    """
    word = name.strip().lower()
    exact = [preset for preset in presets.PRESETS if preset.name.lower() == word]
    near = [preset for preset in presets.PRESETS if word and word in preset.name.lower()]
    found = exact or near
    if len(found) != 1:
        names = ", ".join(f"{preset.name!r}" for preset in presets.PRESETS)
        raise ValueError(f"--preset must be one of {names}, got {name!r}")
    return found[0]
